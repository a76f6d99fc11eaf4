/**
 * How hurriedly a socket is read. A camera sends a packet every few milliseconds, and being woken for each costs several
 * times more than walking through all of them at once. So what comes may gather in the kernel for a beat: a short one while
 * a key unit is waited for, which then arrives so much late at most, and a long one while nobody waits. All connections
 * read on the same beats, so that one waking serves them all. A stream that brought more than
 * {@link LIMITS.rtspReadBeatBytes} in a long beat, and does so on the average, is read on the short ones, and after a short
 * one that brought as much as it comes for one, or it would fill the camera's buffers.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { LIMITS } from '../../base/limits.ts';

export type Pace =
  /** As it comes: when is part of what is wanted. */
  'at_once' | 'soon' | 'unhurried';

const SHORT_MS = LIMITS.rtspReadSoonMs;
const LONG_MS = LIMITS.rtspReadBeatMs;
/** A timer may ring a moment early; that is no beat of its own. */
const EARLY_MS = 5;
/** What one long beat counts for on the average: a small stream's key unit, too much for its own beat, hurries nothing. */
const WEIGHT = 1 / 8;

/** When all that keeps to beats of this length is woken next; both on the monotonic clock, ms. */
export function nextBeatMs(nowMs: number, beatMs: number): number {
  return (Math.floor((nowMs + EARLY_MS) / beatMs) + 1) * beatMs;
}

export class ReadBeat {
  readonly #clock: Clock;
  readonly #resume: () => void;
  #pace: Pace = 'at_once';
  #timer: Timer | undefined;
  /** What came since a long beat began, and since a short one did; undefined where that was not seen. */
  #inLong: number | undefined;
  #inShort: number | undefined;
  /** Of the last long beat, and of long beats on the average. A stream is measured once before any of it is left waiting. */
  #bytesOfLong = Infinity;
  #meanOfLong = Infinity;
  /** Of the short beat before, once there was one. A key unit in it would tell of a long beat that is all key units. */
  #bytesOfShort: number | undefined;

  /** @param resume takes up reading again where it was left; called also when it was not */
  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock;
    this.#resume = resume;
  }

  /** Unless it is `at_once`, what is read now may have been waiting for a while. */
  get pace(): Pace {
    return this.#pace;
  }

  set pace(pace: Pace) {
    if (pace === this.#pace) return;
    this.end();
    this.#pace = pace;
    this.#inLong = undefined;
    this.#inShort = undefined;
    this.#bytesOfShort = undefined;
    if (pace !== 'at_once') this.#wait();
  }

  /**
   * @param length bytes that were just read
   * @param more the socket may hold more
   * @returns false to leave it alone until the next beat
   */
  readsOn(length: number, more: boolean): boolean {
    if (this.#pace === 'at_once') return true;
    if (this.#inLong !== undefined) this.#inLong += length;
    if (this.#inShort !== undefined) this.#inShort += length;
    return more || (this.#bytesOfShort ?? this.#expectedOfLong) > LIMITS.rtspReadBeatBytes;
  }

  /** Reads as it comes from now on. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#pace = 'at_once';
    this.#resume();
  }

  /** Between two key units even a large stream may bring little, and even a small one's key unit is much. */
  get #expectedOfLong(): number {
    return Math.min(this.#bytesOfLong, this.#meanOfLong);
  }

  #wait(): void {
    // Before it was measured a stream is read as it comes, whatever the beat.
    const isMuch = this.#expectedOfLong > LIMITS.rtspReadBeatBytes && this.#expectedOfLong < Infinity;
    const beatMs = this.#pace === 'soon' || isMuch ? SHORT_MS : LONG_MS;
    const nowMs = this.#clock.monotonicMs();
    const atMs = nextBeatMs(nowMs, beatMs);
    this.#timer = this.#clock.after(atMs - nowMs, () => {
      this.#bytesOfShort = beatMs === SHORT_MS ? this.#inShort : undefined;
      this.#inShort = 0;
      if (atMs % LONG_MS === 0) {
        this.#measure(this.#inLong);
        this.#inLong = 0;
      }
      this.#resume();
      this.#wait();
    });
  }

  #measure(bytes: number | undefined): void {
    if (bytes === undefined) return;
    this.#bytesOfLong = bytes;
    this.#meanOfLong = this.#meanOfLong === Infinity ? bytes : this.#meanOfLong + (bytes - this.#meanOfLong) * WEIGHT;
  }
}
