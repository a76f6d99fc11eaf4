/**
 * When live pictures are handed on: a few at a time, all streams' on the same beat, so that a page with many tiles is
 * written to once and what many pages look at is put together once. Being woken costs more than what is then done.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';

/**
 * What a beat may come too early or too late, as a share of it: cameras are read on a beat of the same length, whose timer
 * is late by turns, and what is read then is handed on in the same waking.
 */
const LEEWAY = 0.1;

export class LiveBeat {
  readonly #clock: Clock;
  readonly #beatMs: number;
  readonly #work = new Set<() => void>();
  #timer: Timer | undefined;
  #isDue = false;
  #beatAtMs = -Infinity;

  constructor(clock: Clock, beatMs: number) {
    this.#clock = clock;
    this.#beatMs = beatMs;
  }

  /** Does `work` on the next beat, once however often it was asked for. */
  soon(work: () => void): void {
    this.#work.add(work);
    if (this.#isDue) return;
    const inMs = this.#beatAtMs + this.#beatMs - this.#clock.monotonicMs();
    const leewayMs = LEEWAY * this.#beatMs;
    this.#isDue = inMs <= leewayMs;
    if (this.#isDue) this.#timer?.cancel();
    else if (this.#timer) return;
    this.#timer = this.#clock.after(this.#isDue ? 0 : inMs + leewayMs, this.#ring);
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    this.#isDue = false;
    this.#beatAtMs = this.#clock.monotonicMs();
    const due = [...this.#work];
    this.#work.clear();
    for (const work of due) work();
  };
}

/** What came of one stream since it was last handed on. */
export class Gathering<Piece extends { readonly bytes: Uint8Array }> {
  readonly #beat: LiveBeat;
  readonly #handOn: (pieces: readonly Piece[]) => void;
  #pieces: Piece[] = [];
  #bytes = 0;

  constructor(beat: LiveBeat, handOn: (pieces: readonly Piece[]) => void) {
    this.#beat = beat;
    this.#handOn = handOn;
  }

  add(piece: Piece): void {
    this.#pieces.push(piece);
    this.#bytes += piece.bytes.length;
    if (this.#bytes >= LIMITS.liveMessageBytes) this.flush();
    else this.#beat.soon(this.flush);
  }

  /** Hands on what there is, now. */
  readonly flush = (): void => {
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.#pieces = [];
    this.#bytes = 0;
    this.#handOn(pieces);
  };
}
