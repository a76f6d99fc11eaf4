/**
 * Live pictures for browsers that cannot play what the camera sends: its small stream, made into MPEG-1 by ffmpeg once
 * for all who look at it. The camera is not connected to again: ffmpeg is fed from the connection that all share.
 *
 * ffmpeg that ends is started again, later each time it does so soon; the last to look away ends it.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { EncodedCodec, Mpeg1Ears } from '../drivers/ffmpeg/ffmpeg.ts';
import type { AccessUnit, RtspTarget } from '../drivers/rtsp/rtsp.ts';
import { Gathering, type LiveBeat } from './live-beat.ts';
import type { Hold, LiveState } from './live-relay.ts';

/** A piece of an MPEG transport stream. */
export interface Mpeg1Piece {
  readonly bytes: Uint8Array;
  /** When it was made, UTC ms. */
  readonly madeAtMs: number;
}

export interface Mpeg1Viewer {
  /** In order; one array, not changed afterwards, for all who get the same. */
  onPieces(pieces: readonly Mpeg1Piece[]): void;
  onState(state: LiveState): void;
}

/** One running ffmpeg. */
export interface Mpeg1Encoding {
  write(unit: Uint8Array, isKey: boolean): void;
  close(): void;
}
export type Encode = (codec: EncodedCodec, ears: Mpeg1Ears) => Mpeg1Encoding;

export interface MpegParts {
  readonly hold: Hold;
  readonly clock: Clock;
  readonly log: Logger;
  /** @returns what starts ffmpeg; throws SentinelError `live.no_ffmpeg` */
  readonly findEncoder: () => Promise<Encode>;
}

export class MpegRelay {
  readonly #parts: MpegParts;
  readonly #beat: LiveBeat;
  readonly #streams = new Map<number, MpegStream>();

  constructor(parts: MpegParts, beat: LiveBeat) {
    this.#parts = parts;
    this.#beat = beat;
  }

  /** Streams being made now. */
  get size(): number {
    return this.#streams.size;
  }

  /**
   * @returns ends it; calling it again does nothing
   * @throws SentinelError `live.no_ffmpeg`, `live.too_many_encoders`
   */
  async watch(cameraId: number, target: RtspTarget, viewer: Mpeg1Viewer): Promise<() => Promise<void>> {
    const encode = await this.#parts.findEncoder();
    let stream = this.#streams.get(cameraId);
    if (!stream) {
      if (this.#streams.size >= LIMITS.mpegStreams) {
        throw new SentinelError('live.too_many_encoders', { limit: LIMITS.mpegStreams });
      }
      stream = new MpegStream(target, encode, this.#parts, this.#beat);
      this.#streams.set(cameraId, stream);
    }
    const watched = stream;
    watched.add(viewer);
    return async () => {
      if (!watched.remove(viewer) || !watched.isUnwatched) return;
      this.#streams.delete(cameraId);
      await watched.close();
    };
  }
}

class MpegStream {
  readonly #encode: Encode;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #viewers = new Set<Mpeg1Viewer>();
  readonly #gathering: Gathering<Mpeg1Piece>;
  readonly #pull: ReturnType<Hold>;
  #encoder: Mpeg1Encoding | undefined;
  #codec: EncodedCodec | undefined;
  #startedAtMs = 0;
  #failures = 0;
  /** Until then no further one is started. */
  #rest: Timer | undefined;
  #hasFailed = false;

  constructor(target: RtspTarget, encode: Encode, { hold, clock, log }: MpegParts, beat: LiveBeat) {
    this.#encode = encode;
    this.#clock = clock;
    this.#log = log;
    this.#gathering = new Gathering(beat, (pieces) => {
      for (const viewer of [...this.#viewers]) viewer.onPieces(pieces);
    });
    this.#pull = hold(target, { onError() {}, onState: () => this.#onState() });
    this.#pull.subscribe((unit) => this.#onUnit(unit));
    this.#pull.start();
    this.#onState();
  }

  get isUnwatched(): boolean {
    return this.#viewers.size === 0;
  }

  add(viewer: Mpeg1Viewer): void {
    this.#viewers.add(viewer);
    viewer.onState(this.#state());
  }

  remove(viewer: Mpeg1Viewer): boolean {
    return this.#viewers.delete(viewer);
  }

  async close(): Promise<void> {
    this.#rest?.cancel();
    this.#endEncoder();
    await this.#pull.stop();
  }

  /** Started as soon as it is known what comes, it is ready by the first key unit. */
  #onState(): void {
    const { name, codec } = this.#pull.state;
    if (name === 'playing' && codec && !this.#encoder && !this.#rest) this.#start(codec);
    this.#tellAll();
  }

  #onUnit(unit: AccessUnit): void {
    if (this.#encoder && this.#codec !== unit.codec) this.#endEncoder();
    if (!this.#encoder && unit.isKey && !this.#rest) this.#start(unit.codec);
    // What follows a loss would smear until the next key unit.
    if (!unit.followsLoss) this.#encoder?.write(unit.bytes, unit.isKey);
  }

  #start(codec: EncodedCodec): void {
    this.#codec = codec;
    this.#startedAtMs = this.#clock.monotonicMs();
    const mine = this.#encode(codec, {
      onPiece: (piece) => {
        if (this.#hasFailed) {
          this.#hasFailed = false;
          this.#tellAll();
        }
        this.#gathering.add({ bytes: piece, madeAtMs: this.#clock.nowMs() });
      },
      onEnded: (problem) => {
        if (this.#encoder !== mine) return;
        this.#encoder = undefined;
        this.#failed(problem);
      },
    });
    this.#encoder = mine;
    this.#tellAll();
  }

  #failed(problem: string): void {
    if (this.#clock.monotonicMs() - this.#startedAtMs > LIMITS.mpegStableMs) this.#failures = 0;
    const waitMs = Math.min(LIMITS.mpegRestartLongestMs, LIMITS.mpegRestartFirstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#hasFailed = true;
    this.#log.warn({ problem, waitMs }, 'ffmpeg ended; it is started again');
    this.#rest = this.#clock.after(waitMs, () => (this.#rest = undefined));
    this.#tellAll();
  }

  #endEncoder(): void {
    const ending = this.#encoder;
    this.#encoder = undefined;
    ending?.close();
  }

  #tellAll(): void {
    const state = this.#state();
    for (const viewer of this.#viewers) viewer.onState(state);
  }

  #state(): LiveState {
    const { name, error } = this.#pull.state;
    if (this.#hasFailed) return { name: 'waiting', problem: 'live.encoder_ended' };
    if (name === 'playing') return this.#encoder ? { name: 'playing', codec: 'mpeg1' } : { name: 'connecting' };
    if (name === 'waiting') return { name: 'waiting', ...(error && { problem: error.code }) };
    return { name: 'connecting' };
  }
}
