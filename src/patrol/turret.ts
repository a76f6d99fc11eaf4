/**
 * What patrol asks of whatever points a camera. Directions are in ONVIF's generic normalised spaces (PTZ Service
 * Specification, 4.9): pan -1 … 1 from left to right, tilt -1 … 1 from down to up, zoom 0 … 1; speeds are shares of the
 * fastest, 0 … 1. A move is begun, not finished, when its call resolves.
 */

export interface TurretPosition {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

export interface TurretStatus {
  /** Null where the device does not tell. */
  readonly position: TurretPosition | null;
  /** Null where the device does not tell. */
  readonly moving: boolean | null;
}

export interface TurretPreset {
  readonly token: string;
  readonly name: string;
  /** Null where the device does not tell. */
  readonly position: TurretPosition | null;
}

export interface TurretAbilities {
  readonly absolute: boolean;
  readonly relative: boolean;
  readonly continuous: boolean;
  /** Relative moves in shares of the picture (the translation space field of view). */
  readonly byPicture: boolean;
  readonly home: boolean;
  readonly setPreset: boolean;
}

/** Errors are `onvif.*`. Calls go to the device one at a time. */
export interface Turret {
  abilities(): Promise<TurretAbilities>;
  status(): Promise<TurretStatus>;
  /** Read from the device each time. */
  presets(): Promise<readonly TurretPreset[]>;
  goToPreset(token: string, speed?: number): Promise<void>;
  goTo(position: TurretPosition, speed?: number): Promise<void>;
  /** By a difference in the normalised spaces. */
  moveBy(shift: TurretPosition, speed?: number): Promise<void>;
  /** So that what stands `right` and `up` of the picture's middle, in shares of its width and height, comes to its middle. */
  moveByPicture(shift: { readonly right: number; readonly up: number }, speed?: number): Promise<void>;
  /** Velocities -1 … 1; the device stops by itself after `forS`. */
  moveContinuously(velocity: TurretPosition, forS: number): Promise<void>;
  stop(): Promise<void>;
  goHome(speed?: number): Promise<void>;
  /** Keeps where it points as a preset: a new one, or that of `token`. @returns its token */
  setPreset(preset: { readonly name: string; readonly token?: string }): Promise<string>;
  removePreset(token: string): Promise<void>;
  close(): Promise<void>;
}
