/**
 * The turret of a simulated dome: pan, tilt and zoom motors, and what goes wrong with them. Everything follows from the
 * commands given and the clock; nothing ticks. What the device reports is the motors' own count ({@link Turret.position});
 * where the lens truly looks differs by the gears' play and by what a reboot has moved ({@link Turret.pose}).
 */
import type { Clock } from '../base/clock.ts';
import { Axis, type AxisMake } from './axis.ts';

export interface TurretPosition {
  /** From the device's own north, clockwise, [-180, 180). */
  readonly panDeg: number;
  /** 0 is level, negative looks down. */
  readonly tiltDeg: number;
  /** Magnification; 1 is the widest. */
  readonly zoom: number;
}

export interface TurretVelocity {
  readonly panDegPerS: number;
  readonly tiltDegPerS: number;
  /** Magnification gained a second. */
  readonly zoomPerS: number;
}

export const TURRET_FAULTS = [
  /** Takes commands and turns nothing; its count stands still. */
  'stuck',
  /** The motors turn and count, but the gear does not take the lens along. */
  'slipping',
  /** Does not know where it stands: see {@link Turret.knowsPosition}. */
  'lost',
  /** Turns at a fifth of its speed. */
  'slow',
] as const;
export type TurretFault = (typeof TURRET_FAULTS)[number];

/** A dome of the middle price: a half turn in under three seconds. */
export const TURRET_MAKE = {
  pan: { range: undefined, topSpeedPerS: 90, accelerationPerS2: 160, backlash: 0.06 },
  tilt: { range: [-45, 10], topSpeedPerS: 60, accelerationPerS2: 120, backlash: 0.04 },
  zoom: { range: [1, 8], topSpeedPerS: 3, accelerationPerS2: 12, backlash: 0 },
} as const satisfies Record<string, AxisMake>;

export const HOME: TurretPosition = { panDeg: 0, tiltDeg: -10, zoom: 1 };

const SLOW = 0.2;

export class Turret {
  readonly #clock: Clock;
  #pan: Axis;
  #tilt: Axis;
  #zoom: Axis;
  #fault: TurretFault | undefined;
  /** Where the lens looks beyond what the motors count. */
  #drift = { panDeg: 0, tiltDeg: 0 };
  /** Where the lens was left when the gear began to slip. */
  #leftBehind: TurretPosition | undefined;

  constructor(clock: Clock, at: TurretPosition = HOME) {
    this.#clock = clock;
    const nowS = clock.monotonicMs() / 1000;
    this.#pan = new Axis(TURRET_MAKE.pan, at.panDeg, nowS);
    this.#tilt = new Axis(TURRET_MAKE.tilt, at.tiltDeg, nowS);
    this.#zoom = new Axis(TURRET_MAKE.zoom, at.zoom, nowS);
  }

  /** What the device says of itself. @param atMs monotonic time; now unless given */
  position(atMs = this.#clock.monotonicMs()): TurretPosition {
    const nowS = atMs / 1000;
    return {
      panDeg: turned(this.#pan.at(nowS)),
      tiltDeg: this.#tilt.at(nowS),
      zoom: this.#zoom.at(nowS),
    };
  }

  /** Where the lens looks. @param atMs monotonic time; now unless given */
  pose(atMs = this.#clock.monotonicMs()): TurretPosition {
    if (this.#leftBehind) return { ...this.#leftBehind, zoom: this.#zoom.shown(atMs / 1000) };
    const nowS = atMs / 1000;
    return {
      panDeg: turned(this.#pan.shown(nowS) + this.#drift.panDeg),
      tiltDeg: this.#tilt.shown(nowS) + this.#drift.tiltDeg,
      zoom: this.#zoom.shown(nowS),
    };
  }

  /** How fast the lens turns at a moment. */
  velocity(atMs = this.#clock.monotonicMs()): TurretVelocity {
    const nowS = atMs / 1000;
    const held = this.#leftBehind !== undefined;
    return {
      panDegPerS: held ? 0 : this.#pan.speed(nowS),
      tiltDegPerS: held ? 0 : this.#tilt.speed(nowS),
      zoomPerS: this.#zoom.speed(nowS),
    };
  }

  moving(atMs = this.#clock.monotonicMs()): boolean {
    const nowS = atMs / 1000;
    return this.#pan.moving(nowS) || this.#tilt.moving(nowS) || this.#zoom.moving(nowS);
  }

  /** false while the turret is `lost`: the device then reports no position. */
  get knowsPosition(): boolean {
    return this.#fault !== 'lost';
  }

  get fault(): TurretFault | undefined {
    return this.#fault;
  }

  /**
   * Sets out for a position, by the shorter way round; what is not named stays or goes on. Past a stop, it goes to the stop.
   * @param speed share of top speed, (0, 1]
   */
  goTo(target: Partial<TurretPosition>, speed = 1): void {
    if (this.#fault === 'stuck') return;
    const nowS = this.#clock.monotonicMs() / 1000;
    const share = this.#share(speed);
    if (target.panDeg !== undefined) {
      const from = this.#pan.at(nowS);
      this.#pan.goTo(from + turned(target.panDeg - from), TURRET_MAKE.pan.topSpeedPerS * share, nowS);
    }
    if (target.tiltDeg !== undefined) this.#tilt.goTo(target.tiltDeg, TURRET_MAKE.tilt.topSpeedPerS * share, nowS);
    if (target.zoom !== undefined) this.#zoom.goTo(target.zoom, TURRET_MAKE.zoom.topSpeedPerS * share, nowS);
  }

  /**
   * Turns at the speeds named, an axis at 0 stops, one not named goes on as it was; until `stop`, or for `forS` seconds.
   */
  moveContinuously(velocity: Partial<TurretVelocity>, forS = Infinity): void {
    if (this.#fault === 'stuck') return;
    const nowS = this.#clock.monotonicMs() / 1000;
    const slowed = this.#share(1);
    const { panDegPerS, tiltDegPerS, zoomPerS } = velocity;
    if (panDegPerS !== undefined) this.#pan.turn(panDegPerS * slowed, nowS, forS);
    if (tiltDegPerS !== undefined) this.#tilt.turn(tiltDegPerS * slowed, nowS, forS);
    if (zoomPerS !== undefined) this.#zoom.turn(zoomPerS * slowed, nowS, forS);
  }

  /** Slows down to a standstill. */
  stop(axes: { panTilt?: boolean; zoom?: boolean } = {}): void {
    const nowS = this.#clock.monotonicMs() / 1000;
    if (axes.panTilt ?? true) {
      this.#pan.stop(nowS);
      this.#tilt.stop(nowS);
    }
    if (axes.zoom ?? true) this.#zoom.stop(nowS);
  }

  /** Acts at once; undefined mends it. */
  setFault(fault: TurretFault | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    const pose = this.pose(nowMs);
    this.#leftBehind = fault === 'slipping' ? pose : undefined;
    // A gear that takes hold again leaves the lens off by what it slipped.
    if (this.#fault === 'slipping' && fault !== 'slipping') {
      const counted = this.pose(nowMs);
      this.#drift.panDeg += turned(pose.panDeg - counted.panDeg);
      this.#drift.tiltDeg += pose.tiltDeg - counted.tiltDeg;
    }
    if (fault === 'stuck') for (const axis of [this.#pan, this.#tilt, this.#zoom]) axis.freeze(nowMs / 1000);
    this.#fault = fault;
  }

  /**
   * The device starts anew: it finds its home and counts from there, off by `drift` as a worn end switch leaves it.
   * @param drift added to what earlier reboots left; home itself is right again with the negative of their sum
   */
  reboot(drift: { readonly panDeg: number; readonly tiltDeg: number } = { panDeg: 0, tiltDeg: 0 }): void {
    const nowS = this.#clock.monotonicMs() / 1000;
    this.#drift.panDeg += drift.panDeg;
    this.#drift.tiltDeg += drift.tiltDeg;
    this.#leftBehind = undefined;
    this.#fault = undefined;
    this.#pan = new Axis(TURRET_MAKE.pan, HOME.panDeg, nowS);
    this.#tilt = new Axis(TURRET_MAKE.tilt, HOME.tiltDeg, nowS);
    this.#zoom = new Axis(TURRET_MAKE.zoom, HOME.zoom, nowS);
  }

  #share(speed: number): number {
    return Math.min(1, Math.max(0, speed)) * (this.#fault === 'slow' ? SLOW : 1);
  }
}

/** An angle as [-180, 180). */
export function turned(deg: number): number {
  return ((((deg + 180) % 360) + 360) % 360) - 180;
}
