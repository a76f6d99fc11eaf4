/**
 * What live pages are sent, laid out as `contract-live.ts` says. All pages are written to on one beat, so that those who
 * look at the same stream need the same bytes: they are put together once, however many look.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import { LIVE_HEADER_BYTES } from './contract.ts';

/** One access unit, or some bytes of a transport stream. */
export interface LivePiece {
  /** Of `contract-live.ts`. */
  readonly flags: number;
  /** When it arrived here, UTC ms. */
  readonly atMs: number;
  /** 90 kHz, wraps. */
  readonly mediaTime: number;
  /** The same object for everybody who looks. */
  readonly bytes: Uint8Array;
}

interface Made {
  readonly pieces: readonly LivePiece[];
  readonly message: Buffer;
}

export class LiveMessages {
  readonly #clock: Clock;
  /** By the bytes of the first piece, as long as anybody holds those. */
  readonly #made = new WeakMap<Uint8Array, Made>();
  readonly #writers = new Set<() => void>();
  #timer: Timer | undefined;
  #wroteAtMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `write` on the next beat, once however often it was asked for. */
  soon(write: () => void): void {
    this.#writers.add(write);
    const inMs = Math.max(0, this.#wroteAtMs + LIMITS.liveWriteBeatMs - this.#clock.monotonicMs());
    this.#timer ??= this.#clock.after(inMs, () => {
      this.#timer = undefined;
      this.#wroteAtMs = this.#clock.monotonicMs();
      const writers = [...this.#writers];
      this.#writers.clear();
      for (const writer of writers) writer();
    });
  }

  /**
   * @param pieces of one stream, in order; not changed afterwards
   * @throws RangeError without any
   */
  of(pieces: readonly LivePiece[]): Buffer {
    const [first] = pieces;
    if (!first) throw new RangeError('a live message of nothing');
    const made = this.#made.get(first.bytes);
    if (made?.pieces.length === pieces.length && made.pieces.every(({ bytes }, n) => bytes === pieces[n]?.bytes)) {
      return made.message;
    }
    const message = Buffer.concat(pieces.flatMap((piece) => [headerOf(piece), piece.bytes]));
    this.#made.set(first.bytes, { pieces, message });
    return message;
  }
}

function headerOf({ flags, atMs, mediaTime, bytes }: LivePiece): Buffer {
  const header = Buffer.alloc(LIVE_HEADER_BYTES);
  header[0] = flags;
  header.writeDoubleBE(atMs, 4);
  header.writeUInt32BE(mediaTime >>> 0, 12);
  header.writeUInt32BE(bytes.length, 16);
  return header;
}
