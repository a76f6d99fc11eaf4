/**
 * The camera's own bytes. A raised candidate wishes for the main stream's untouched group of pictures; whoever may reach
 * the camera fulfils the wish: the access units as they came, one after another in one blob, each with its SHA-256, RTP
 * timestamp and time of arrival. Where the main stream cannot be had, the sub-stream is kept and the row says so.
 *
 * A wish is taken for a minute at a time, so that a process that dies over it leaves it to the next.
 */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { CameraStore, CaptureCamera } from '../camera/camera.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { AccessUnit, RtspTarget } from '../drivers/rtsp/rtsp.ts';
export { Custody, type Sight, type Visit } from './custody.ts';
export { prune, pruneEvidence, type Pruned, type RetentionRules } from './retention.ts';
export { sweepBlobs, takeSweepTurn } from './sweep.ts';
import type { Aim } from '../frame/frame.ts';
import { keep, giveUp, takeWanted, type Wanted } from './evidence-store.ts';

export interface StreamKeeperParts {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly cameras: Pick<CameraStore, 'forCapture'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly aim: (camera: CaptureCamera, stream: 'look' | 'evidence') => Promise<Aim>;
  readonly record: (target: RtspTarget, signal: AbortSignal) => Promise<AccessUnit[]>;
}

const LOOK_EVERY_MS = 1_000;

export class StreamKeeper {
  readonly #parts: StreamKeeperParts;
  readonly #stopped = new AbortController();
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;

  constructor(parts: StreamKeeperParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.clock.every(LOOK_EVERY_MS, () => void this.work());
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#stopped.abort(new Error('closing'));
    await this.#working;
  }

  /** Fulfils what is wanted now, one wish after another. */
  work(): Promise<void> {
    this.#working ??= this.#work()
      .catch((thrown: unknown) => {
        this.#parts.log.error({ problem: problemOf(thrown) }, 'evidence streams could not be looked after');
      })
      .finally(() => (this.#working = undefined));
    return this.#working;
  }

  async #work(): Promise<void> {
    for (let wanted; !this.#stopped.signal.aborted && (wanted = await takeWanted(this.#parts.db));) {
      await this.#fulfil(wanted);
    }
  }

  async #fulfil(wanted: Wanted): Promise<void> {
    const { db } = this.#parts;
    const lastTry = wanted.attempts >= LIMITS.evidenceAttempts;
    try {
      await this.#pull(wanted, 'main');
    } catch (thrown) {
      if (this.#stopped.signal.aborted) return;
      const problem = problemOf(thrown);
      if (!lastTry) {
        await giveUp(db, wanted.id, { problem, finally: false });
        return;
      }
      await this.#pull(wanted, 'sub', problem).catch((subThrown: unknown) =>
        giveUp(db, wanted.id, { problem: `${problem}; ${problemOf(subThrown)}`, finally: true }),
      );
    }
  }

  async #pull(wanted: Wanted, stream: 'main' | 'sub', problem: string | null = null): Promise<void> {
    const { aim, blobs, cameras, clock, db, record } = this.#parts;
    const [camera] = await cameras.forCapture([wanted.cameraId]);
    if (!camera) throw new Error('the camera is no longer registered');
    const { target } = await aim(camera, stream === 'main' ? 'evidence' : 'look');
    const units = await record(target, this.#stopped.signal);
    const first = units[0];
    if (!first) throw new Error('the camera sent no group of pictures');
    const blobSha256 = await blobs.put(Buffer.concat(units.map((unit) => unit.bytes)));
    await keep(
      db,
      wanted,
      {
        stream,
        problem,
        codec: first.codec,
        blobSha256,
        capturedAtMs: first.arrivedAtMs,
        units: units.map((unit) => ({
          sha256: createHash('sha256').update(unit.bytes).digest('hex'),
          bytes: unit.bytes.length,
          rtpTimestamp: unit.rtpTimestamp,
          arrivedAtMs: unit.arrivedAtMs,
          isKey: unit.isKey,
        })),
      },
      clock.nowMs(),
    );
  }
}
