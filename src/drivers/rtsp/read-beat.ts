/**
 * How hurriedly a socket is read. A camera sends a packet every few milliseconds, and being woken for each costs several
 * times more than walking through all of them at once. So what comes may gather in the kernel for a beat: a short one while
 * a key unit is waited for, which then arrives so much late at most, and a long one while nobody waits. All connections
 * read on the same beats, so that one waking serves them all. After a beat that brought more than
 * {@link LIMITS.rtspReadBeatBytes} a stream is read as it comes for one, or it would fill the camera's buffers.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { LIMITS } from '../../base/limits.ts';

export type Pace =
  /** As it comes: when is part of what is wanted. */
  'at_once' | 'soon' | 'unhurried';

const BEAT_MS = { soon: LIMITS.rtspReadSoonMs, unhurried: LIMITS.rtspReadBeatMs } as const;

export class ReadBeat {
  readonly #clock: Clock;
  readonly #resume: () => void;
  #pace: Pace = 'at_once';
  #timer: Timer | undefined;
  #bytes = 0;
  /** Of a long beat, as last measured. A stream is measured once before anything of it is left waiting. */
  #bytesOfLong = Infinity;
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
    this.#bytes = 0;
    this.#bytesOfShort = undefined;
    if (pace !== 'at_once') this.#wait(BEAT_MS[pace], false);
  }

  /**
   * @param length bytes that were just read
   * @param more the socket may hold more
   * @returns false to leave it alone until the next beat
   */
  readsOn(length: number, more: boolean): boolean {
    if (this.#pace === 'at_once') return true;
    this.#bytes += length;
    return more || (this.#bytesOfShort ?? this.#bytesOfLong) > LIMITS.rtspReadBeatBytes;
  }

  /** Reads as it comes from now on. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#pace = 'at_once';
    this.#resume();
  }

  /** @param whole this beat begins with one: at its end it is known how much comes in one */
  #wait(beatMs: number, whole: boolean): void {
    const inMs = beatMs - (this.#clock.monotonicMs() % beatMs);
    this.#timer = this.#clock.after(inMs, () => {
      if (whole && this.#pace === 'unhurried') this.#bytesOfLong = this.#bytes;
      if (whole && this.#pace === 'soon') this.#bytesOfShort = this.#bytes;
      this.#bytes = 0;
      this.#resume();
      this.#wait(beatMs, true);
    });
  }
}
