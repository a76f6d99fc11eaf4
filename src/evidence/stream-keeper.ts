/**
 * The camera's own bytes. A sealed record wishes for the main stream's untouched group of pictures; whoever may reach the
 * camera fulfils the wish: the access units as they came, one after another in one blob, each with its SHA-256, RTP
 * timestamp and time of arrival, and beside it a picture of the key unit. What came, or that nothing will, is sealed by a
 * further record in the same transaction. Where the main stream cannot be had, the sub-stream is kept and the record
 * says so.
 *
 * A wish is taken for a minute at a time, so that a process that dies over it leaves it to the next. A dome's is fulfilled
 * only while the dome stands at the view it is of.
 */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Polygon, Picture } from '../base/picture.ts';
import type { CameraStore, CaptureCamera } from '../camera/camera.ts';
import { writeJpeg, type KeyFrameDecoder } from '../drivers/codec/codec.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { AccessUnit, RtspTarget } from '../drivers/rtsp/rtsp.ts';
import type { Aim } from '../frame/frame.ts';
import { giveUp, keep, letGo, postpone, takeWanted, type KeptStream, type Wanted } from './evidence-store.ts';
import type { SnapshotDesk } from './snapshot-desk.ts';
import { isDeviceKnown, readPrivacyAreas, writeDevice, type DeviceFacts } from './snapshot-store.ts';

export interface StreamKeeperParts {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly cameras: Pick<CameraStore, 'forCapture'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly decoder: Pick<KeyFrameDecoder, 'decode'>;
  readonly snapshots: Pick<SnapshotDesk, 'sealStream'>;
  readonly aim: (camera: CaptureCamera, stream: 'look' | 'evidence') => Promise<Aim>;
  readonly record: (target: RtspTarget, signal: AbortSignal) => Promise<AccessUnit[]>;
  /** What the device says it is; null where it cannot be asked. */
  readonly identify: (camera: CaptureCamera) => Promise<DeviceFacts | null>;
  /** Blackens areas in a picture itself. */
  readonly blacken: (picture: Picture, areas: readonly Polygon[]) => void;
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

  /** Asked through a function, since it turns while the work waits. */
  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #work(): Promise<void> {
    for (let wanted; !this.#isStopped() && (wanted = await takeWanted(this.#parts.db));) {
      await this.#fulfil(wanted, this.#stopped.signal);
    }
  }

  /**
   * Fulfils what is wanted of a view while a dome stands there, also what is wished for meanwhile.
   * @param standing.over no further wish is begun
   * @param standing.moved the dome looks elsewhere: what is being pulled is of no use
   */
  async keepWhileStanding(
    viewId: number,
    standing: { readonly over: AbortSignal; readonly moved: AbortSignal },
  ): Promise<void> {
    const { clock, db } = this.#parts;
    const moved = AbortSignal.any([standing.moved, this.#stopped.signal]);
    const ended = AbortSignal.any([standing.over, moved]);
    for (;;) {
      const wanted = await takeWanted(db, viewId);
      if (wanted) await this.#fulfil(wanted, moved);
      if (ended.aborted) return;
      if (!wanted) await clock.sleep(LOOK_EVERY_MS, ended).catch(() => undefined);
    }
  }

  async #fulfil(wanted: Wanted, stopped: AbortSignal): Promise<void> {
    const { db } = this.#parts;
    // Asked through a function, since it turns while the work waits.
    const hasMoved = (): boolean => stopped.aborted;
    let pulled: PulledStream;
    try {
      pulled = await this.#pull(wanted, 'main', stopped);
    } catch (thrown) {
      if (this.#isStopped()) return;
      const problem = problemOf(thrown);
      if (hasMoved()) {
        await letGo(db, wanted.id, problem);
        return;
      }
      if (wanted.attempts < LIMITS.evidenceAttempts) {
        await postpone(db, wanted.id, problem);
        return;
      }
      try {
        pulled = await this.#pull(wanted, 'sub', stopped, problem);
      } catch (subThrown) {
        if (this.#isStopped()) return;
        if (hasMoved()) {
          await letGo(db, wanted.id, problem);
          return;
        }
        await this.#giveUp(wanted, `${problem}; ${problemOf(subThrown)}`);
        return;
      }
    }
    await this.#identify(wanted.cameraId);
    await this.#keep(wanted, pulled);
  }

  /** Asks the device what it is, unless that is known; evidence does not wait for a device that does not say. */
  async #identify(cameraId: number): Promise<void> {
    const { cameras, clock, db, identify } = this.#parts;
    try {
      if (await isDeviceKnown(db, cameraId, new Date(clock.nowMs() - LIMITS.deviceKnownMs))) return;
      const [camera] = await cameras.forCapture([cameraId]);
      const facts = camera && (await identify(camera));
      if (facts) await writeDevice(db, cameraId, facts, clock.nowMs());
    } catch (thrown) {
      this.#parts.log.debug({ camera: cameraId, problem: problemOf(thrown) }, 'a device did not say what it is');
    }
  }

  async #pull(
    wanted: Wanted,
    stream: 'main' | 'sub',
    stopped: AbortSignal,
    problem: string | null = null,
  ): Promise<PulledStream> {
    const { aim, blobs, cameras, record } = this.#parts;
    const [camera] = await cameras.forCapture([wanted.cameraId]);
    if (!camera) throw new Error('the camera is no longer registered');
    const { target } = await aim(camera, stream === 'main' ? 'evidence' : 'look');
    const units = await record(target, stopped);
    const first = units[0];
    if (!first) throw new Error('the camera sent no group of pictures');
    const blobSha256 = await blobs.put(Buffer.concat(units.map((unit) => unit.bytes)));
    const still = await this.#still(wanted, first);
    return {
      ...{ stream, codec: first.codec, blobSha256, capturedAtMs: first.arrivedAtMs },
      problem: [problem, still.problem].filter((one) => one !== null).join('; ') || null,
      stillSha256: still.sha256,
      units: units.map((unit) => ({
        sha256: createHash('sha256').update(unit.bytes).digest('hex'),
        bytes: unit.bytes.length,
        rtpTimestamp: unit.rtpTimestamp,
        arrivedAtMs: unit.arrivedAtMs,
        isKey: unit.isKey,
      })),
    };
  }

  /** The bytes are what counts: a key unit that cannot be decoded here is kept all the same. */
  async #still(wanted: Wanted, unit: AccessUnit): Promise<{ sha256: string | null; problem: string | null }> {
    const { blacken, blobs, db, decoder } = this.#parts;
    try {
      const { picture, release } = await decoder.decode(unit, LIMITS.stillWidthPx);
      try {
        blacken(picture, await readPrivacyAreas(db, wanted.viewId));
        return { sha256: await blobs.put(await writeJpeg(picture)), problem: null };
      } finally {
        release();
      }
    } catch (thrown) {
      return { sha256: null, problem: problemOf(thrown) };
    }
  }

  async #keep(wanted: Wanted, pulled: PulledStream): Promise<void> {
    const { clock, db, snapshots } = this.#parts;
    await db.transaction().execute(async (trx) => {
      if (await keep(trx, wanted, pulled, clock.nowMs())) await snapshots.sealStream(trx, wanted, pulled);
    });
  }

  async #giveUp(wanted: Wanted, problem: string): Promise<void> {
    const { clock, db, snapshots } = this.#parts;
    await db.transaction().execute(async (trx) => {
      if (!(await giveUp(trx, wanted, problem, clock.nowMs()))) return;
      const nothing = { stream: null, codec: null, blobSha256: null, stillSha256: null, units: [] };
      await snapshots.sealStream(trx, wanted, { ...nothing, problem });
    });
  }
}

interface PulledStream extends KeptStream {
  readonly stillSha256: string | null;
}
