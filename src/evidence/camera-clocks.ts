/**
 * Reads a camera's clock on request, and sets it to the server's. Setting a clock changes what later pictures say of
 * their time, so it is told in the log with who, why, and how far off the clock was before and after; so is a try that
 * failed.
 */
import type { Clock } from '../base/clock.ts';
import { SentinelError } from '../base/errors.ts';
import { readClockAddresses, writeClocks, type ClockAddress, type ClockMeasurement } from '../camera/camera.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { Visit } from './custody.ts';
import { appendEntry } from './log.ts';
import type { SnapshotPerson } from './snapshot.ts';

/** What the log says of it: the body of `camera.clock_set`. */
export interface CameraClockSet {
  readonly format: 'sentinel-camera-clock/1';
  readonly by: SnapshotPerson;
  readonly reason: string;
  readonly from: string | null;
  readonly cameraId: number;
  readonly result: 'set' | 'failed';
  /** Code of the error it failed with. */
  readonly problem: string | null;
  /** Camera minus server; null where it did not tell. */
  readonly offsetBeforeMs: number | null;
  readonly offsetAfterMs: number | null;
}

/** A camera whose clock was just read. */
export interface OpenedClock {
  readonly measured: ClockMeasurement | undefined;
  /** @returns what it is off by after that */
  set(): Promise<ClockMeasurement | undefined>;
}

export interface CameraClockParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly limitMs: number;
  readonly open: (camera: ClockAddress) => Promise<OpenedClock>;
  readonly sm3?: ((text: string) => string) | undefined;
}

export class CameraClockDesk {
  readonly #parts: CameraClockParts;

  constructor(parts: CameraClockParts) {
    this.#parts = parts;
  }

  /** @throws SentinelError camera.no_onvif, camera.no_clock, and those of the driver */
  async measure(cameraId: number): Promise<void> {
    const { measured } = await this.#parts.open(await this.#addressOf(cameraId));
    if (!measured) throw new SentinelError('camera.no_clock', { cameraId });
    await this.#keep(cameraId, measured);
  }

  /** Sets the camera's clock to ours. @throws SentinelError as {@link measure} */
  async set(visit: Visit, cameraId: number): Promise<void> {
    const address = await this.#addressOf(cameraId);
    let before: ClockMeasurement | undefined;
    try {
      const opened = await this.#parts.open(address);
      before = opened.measured;
      const after = await opened.set();
      if (after) await this.#keep(cameraId, after);
      await this.#tell(visit, cameraId, before, after, null);
    } catch (thrown) {
      const problem = thrown instanceof SentinelError ? thrown.code : 'web.internal';
      await this.#tell(visit, cameraId, before, undefined, problem);
      throw thrown;
    }
  }

  async #addressOf(cameraId: number): Promise<ClockAddress> {
    const [address] = await readClockAddresses(this.#parts.db, [cameraId]);
    if (!address) throw new SentinelError('camera.no_onvif', { cameraId });
    return address;
  }

  async #keep(cameraId: number, measured: ClockMeasurement): Promise<void> {
    const { db, clock, limitMs } = this.#parts;
    await db.transaction().execute((trx) => writeClocks(trx, [{ cameraId, measured }], limitMs, clock.nowMs()));
  }

  async #tell(
    { person, reason, from }: Visit,
    cameraId: number,
    before: ClockMeasurement | undefined,
    after: ClockMeasurement | undefined,
    problem: string | null,
  ): Promise<void> {
    const { db, clock, sm3 } = this.#parts;
    const body: CameraClockSet = {
      ...{ format: 'sentinel-camera-clock/1', by: person, reason, from, cameraId },
      ...{ result: problem === null ? 'set' : 'failed', problem },
      offsetBeforeMs: before?.offsetMs ?? null,
      offsetAfterMs: after?.offsetMs ?? null,
    };
    const about = ['custody', `user:${person.userId}`, `camera:${cameraId}`];
    await db
      .transaction()
      .execute((trx) => appendEntry(trx, { kind: 'camera.clock_set', atMs: clock.nowMs(), body, about, sm3 }));
  }
}
