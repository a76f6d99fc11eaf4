/**
 * When what changes by itself is drawn. A page full of pictures and ages that each change when they like is drawn all the
 * time; what waits for the beat is drawn in one frame. A beat gives way to what must be drawn at once, but only by a tick.
 */

export const TICK_MS = 1_000;
const TICKS_A_BEAT = 2;
/** From one beat to the next where that one was put off. */
export const BEAT_LONGEST_MS = (TICKS_A_BEAT + 1) * TICK_MS;
/** How long what must be drawn at once has the page to itself. */
const PUT_OFF_MS = 800;

export class Beat {
  #ticks = 0;
  #putOffUntilMs = Number.NEGATIVE_INFINITY;

  /** To be called each {@link TICK_MS}. @returns whether this is a beat */
  tick(nowMs: number): boolean {
    this.#ticks++;
    if (this.#ticks < TICKS_A_BEAT || (this.#ticks === TICKS_A_BEAT && nowMs < this.#putOffUntilMs)) return false;
    this.#ticks = 0;
    return true;
  }

  /** Something comes that must be drawn at once: a beat that would be due now waits for the next tick. */
  putOff(nowMs: number): void {
    this.#putOffUntilMs = nowMs + PUT_OFF_MS;
  }
}
