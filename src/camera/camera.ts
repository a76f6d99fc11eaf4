/**
 * The registered cameras: which there are, who in this moment pulls each, and how each is. This file holds the rules of
 * health; `camera-store.ts` the SQL; `camera-lease.ts` the sharing between capture processes.
 *
 * A camera is **online** from a judgeable frame on; **offline** after a hold-off without one (a reconnect of seconds is
 * no news); **unauthorised** or **wrong codec** as soon as it says so; **frozen** when its very same picture comes for
 * longer than a lens and a sensor can make it. Errors are counted and reported, never logged one by one.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { CameraState, ClockSource } from '../drivers/postgres/schema.ts';
import { betterMeasurement, type ClockMeasurement } from './camera-clock.ts';

export { foundCameraFile } from './camera-found.ts';
export { importCameras, type ImportReport } from './camera-import.ts';
export { judgeClock, type ClockMeasurement, type ClockRules, type ClockVerdict } from './camera-clock.ts';
export { CameraLeases } from './camera-lease.ts';
export { readClockAddresses, writeClocks, type ClockAddress } from './camera-clock-store.ts';
export { ClockRound } from './clock-round.ts';
export { areCoordinatesWhole } from './camera-location.ts';
export { setCameras, setLocation, type CameraSettings } from './camera-settings-store.ts';
export { CameraStore, type CaptureCamera, type CaptureView } from './camera-store.ts';
export { ConnectionTester, type ConnectionReport } from './connection-test.ts';
export { HealthWriter } from './health-writer.ts';
export { openSealer, type Sealer } from './credentials.ts';

export interface CameraHealth {
  readonly state: CameraState;
  readonly sinceMs: number;
  /** Why: an error code, `no_picture` or `frozen`; null while online. */
  readonly reason: string | null;
  readonly lastFrameAtMs: number | null;
  readonly codec: string | null;
  readonly widthPx: number | null;
  readonly heightPx: number | null;
  readonly clockOffsetMs: number | null;
  readonly clockMeasuredAtMs: number | null;
  readonly clockSource: ClockSource | null;
  /** Counted since this tracker began. */
  readonly errors: number;
  readonly lastError: string | null;
  readonly lastErrorAtMs: number | null;
}

export interface HealthRules {
  /** Seconds without a frame after which a camera is offline. */
  readonly offlineAfterS: number;
  /** Seconds of the very same picture after which it is frozen. */
  readonly frozenAfterS: number;
}

/** States that an error names at once and that only a frame ends. */
const NAMED_AT_ONCE: Partial<Record<ErrorCode, CameraState>> = {
  'rtsp.unauthorised': 'unauthorised',
  'rtsp.unsupported_codec': 'wrong_codec',
};

/** Follows one camera. Feed it what happens, ask it now and then; it never looks at a clock itself. */
export class HealthTracker {
  readonly #rules: HealthRules;
  #health: CameraHealth;
  readonly #beganMs: number;
  #picture: { digest: string; sinceMs: number } | undefined;
  #lastErrorCode: ErrorCode | undefined;
  #clock: ClockMeasurement | undefined;

  constructor(rules: HealthRules, nowMs: number) {
    this.#rules = rules;
    this.#beganMs = nowMs;
    this.#health = {
      state: 'unknown',
      sinceMs: nowMs,
      reason: null,
      lastFrameAtMs: null,
      codec: null,
      widthPx: null,
      heightPx: null,
      clockOffsetMs: null,
      clockMeasuredAtMs: null,
      clockSource: null,
      errors: 0,
      lastError: null,
      lastErrorAtMs: null,
    };
  }

  get health(): CameraHealth {
    return this.#health;
  }

  /** @param frame.digest stands for the decoded picture: the same digest is the same picture, bit for bit */
  frame(nowMs: number, frame: { digest: string; codec: string; widthPx: number; heightPx: number }): void {
    if (this.#picture?.digest !== frame.digest) this.#picture = { digest: frame.digest, sinceMs: nowMs };
    this.#health = {
      ...this.#health,
      lastFrameAtMs: nowMs,
      codec: frame.codec,
      widthPx: frame.widthPx,
      heightPx: frame.heightPx,
    };
    const sameForMs = nowMs - this.#picture.sinceMs;
    if (sameForMs >= this.#rules.frozenAfterS * 1000) this.#become('frozen', 'frozen', nowMs);
    else {
      this.#lastErrorCode = undefined;
      this.#become('online', null, nowMs);
    }
  }

  error(nowMs: number, code: ErrorCode, message: string): void {
    this.#health = {
      ...this.#health,
      errors: this.#health.errors + 1,
      lastError: message,
      lastErrorAtMs: nowMs,
    };
    this.#lastErrorCode = code;
    const named = NAMED_AT_ONCE[code];
    if (named) this.#become(named, code, nowMs);
    this.tick(nowMs);
  }

  clock(measured: ClockMeasurement): void {
    this.#clock = betterMeasurement(this.#clock, measured);
    this.#health = {
      ...this.#health,
      clockOffsetMs: Math.round(this.#clock.offsetMs),
      clockMeasuredAtMs: this.#clock.measuredAtMs,
      clockSource: this.#clock.source,
    };
  }

  /** Time passed: what was heard last may now be too long ago. */
  tick(nowMs: number): void {
    const { state, lastFrameAtMs } = this.#health;
    if (state === 'unauthorised' || state === 'wrong_codec') return;
    const silentMs = nowMs - (lastFrameAtMs ?? this.#beganMs);
    if (silentMs >= this.#rules.offlineAfterS * 1000) {
      this.#become('offline', this.#lastErrorCode ?? 'no_picture', nowMs);
    }
  }

  #become(state: CameraState, reason: string | null, nowMs: number): void {
    const sinceMs = state === this.#health.state ? this.#health.sinceMs : nowMs;
    this.#health = { ...this.#health, state, reason, sinceMs };
  }
}
