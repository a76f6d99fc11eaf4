/**
 * How hurriedly a socket is read. A camera sends a packet every few milliseconds, and being woken for each costs several
 * times more than walking through all of them at once. So while nobody waits for what comes, it may gather in the kernel
 * for {@link LIMITS.rtspReadBeatMs}; all connections read on the same beat, so that one waking serves them all. A stream
 * that brings more than {@link LIMITS.rtspReadBeatBytes} in that time is read as it comes, or it would fill the camera's
 * buffers.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { LIMITS } from '../../base/limits.ts';

export class ReadBeat {
  readonly #clock: Clock;
  readonly #resume: () => void;
  #timer: Timer | undefined;
  #bytes = 0;
  #bytesBefore = Infinity;

  /** @param resume takes up reading again where it was left; called also when it was not */
  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock;
    this.#resume = resume;
  }

  /** What is read now may have been waiting for a while. */
  get unhurried(): boolean {
    return this.#timer !== undefined;
  }

  set unhurried(unhurried: boolean) {
    if (unhurried === this.unhurried) return;
    // How much comes in a beat is measured before anything is left waiting.
    this.#bytes = 0;
    this.#bytesBefore = Infinity;
    if (unhurried) this.#wait();
    else this.end();
  }

  /**
   * @param length bytes that were just read
   * @param more the socket may hold more
   * @returns false to leave it alone until the next beat
   */
  readsOn(length: number, more: boolean): boolean {
    if (!this.unhurried) return true;
    this.#bytes += length;
    return more || this.#bytesBefore > LIMITS.rtspReadBeatBytes;
  }

  /** Reads as it comes from now on. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#resume();
  }

  #wait(): void {
    const beatMs = LIMITS.rtspReadBeatMs;
    this.#timer = this.#clock.after(beatMs - (this.#clock.monotonicMs() % beatMs), () => {
      this.#bytesBefore = this.#bytes;
      this.#bytes = 0;
      this.#resume();
      this.#wait();
    });
  }
}
