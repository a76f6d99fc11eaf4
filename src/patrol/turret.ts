/**
 * What patrol asks of whatever points a camera; ONVIF's driver is one such. Pan and tilt run -1 … 1 (right and up are
 * positive), zoom 0 … 1, speeds 0 … 1 of the fastest. A move is begun, not finished, when its call resolves.
 */

export interface TurretPosition {
  readonly pan: number;
  readonly tilt: number;
  /** Null where the device has no zoom or does not tell it. */
  readonly zoom: number | null;
}

/** A shift or a velocity, each part -1 … 1; a part left out is not moved. */
export interface TurretVector {
  readonly pan?: number;
  readonly tilt?: number;
  readonly zoom?: number;
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

export interface TurretOffer {
  readonly absolute: boolean;
  readonly relative: boolean;
  readonly continuous: boolean;
  /** Shifts counted in the picture. */
  readonly inPicture: boolean;
  readonly home: boolean;
  /** Null where the device does not tell. */
  readonly presetsMost: number | null;
}

/** Errors are `onvif.*`. Calls go to the device one at a time. */
export interface Turret {
  readonly offer: TurretOffer;
  status(): Promise<TurretStatus>;
  /** Read from the device each time. */
  presets(): Promise<readonly TurretPreset[]>;
  goToPreset(token: string, speed?: number): Promise<void>;
  goTo(position: TurretPosition, speed?: number): Promise<void>;
  /** A shift in parts of the whole range. */
  moveBy(shift: TurretVector, speed?: number): Promise<void>;
  /** A shift in halves of the picture: `pan` 1 brings what is at the right edge to the middle, `tilt` 1 the upper edge. */
  moveInPicture(shift: { readonly pan: number; readonly tilt: number }, speed?: number): Promise<void>;
  moveContinuously(velocity: TurretVector, timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
  goHome(speed?: number): Promise<void>;
  /** Keeps where it points as a preset: a new one, or in the place of `token`. @returns its token */
  setPreset(name: string, token?: string): Promise<string>;
  removePreset(token: string): Promise<void>;
}
