/**
 * One look at one view. Capture visits every leased camera at its views' cadence, spread in time, decodes just the key
 * frame it wants and hands the frame on; what becomes of it is not known here. While a frame is being handled the next
 * look of that view waits, so the newest frame always wins and nothing piles up.
 *
 * Two ways of looking: a camera looked at often is **held** (connected; the next key frame when due), one looked at
 * seldom is **visited** (connect, one key frame, TEARDOWN). Cost follows the cadence, not the frame rate.
 */
import type { Picture } from '../base/picture.ts';

export type { Aim } from './camera-session.ts';
export { Capture, type CaptureRules } from './capture.ts';
export { LookLog, type NewLook } from './frame-store.ts';

export interface Frame {
  readonly cameraId: number;
  readonly viewId: number;
  readonly capturedAtMs: number;
  /** Its bytes are another frame's as soon as this one has been handled, or released before. */
  readonly picture: Picture;
  /** The picture has served. At hundreds of cameras those that only wait for the database would be most of the memory. */
  readonly release?: () => void;
  /** The camera has sent this very picture for too long: it cannot be judged. */
  readonly frozen: boolean;
}

/** Seconds into its cadence at which a view is looked at first: the golden ratio spreads any number of them evenly. */
export function spreadS(viewId: number, cadenceS: number): number {
  return ((viewId * 0.618_033_988_75) % 1) * cadenceS;
}

/**
 * When the next look is due after one that was due at `dueMs`: on the same beat, with beats that have passed left out.
 */
export function nextDueMs(dueMs: number, nowMs: number, cadenceMs: number): number {
  const beats = Math.max(1, Math.floor((nowMs - dueMs) / cadenceMs) + 1);
  return dueMs + beats * cadenceMs;
}
