/**
 * Asks the cameras that have an ONVIF address for their clocks, each once in `everyS`, a few at a time. Of all processes
 * that do so one asks; a camera that does not answer is asked again in its turn. Reading a clock wants no login.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { takeDueClocks, writeClocks, type ClockAddress } from './camera-clock-store.ts';
import type { ClockMeasurement } from './camera-clock.ts';

export interface ClockRoundParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyS: number;
  readonly limitMs: number;
  /** Reads a camera's clock; undefined where it would not tell. */
  readonly measure: (camera: ClockAddress) => Promise<ClockMeasurement | undefined>;
}

const LOOK_EVERY_MS = 5_000;

export class ClockRound {
  readonly #parts: ClockRoundParts;
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(parts: ClockRoundParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.clock.every(LOOK_EVERY_MS, () => void this.work());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#working;
  }

  /** Asks all whose turn it is. */
  work(): Promise<void> {
    this.#working ??= this.#work()
      .catch((thrown: unknown) => {
        this.#parts.log.error({ problem: problemOf(thrown) }, 'the cameras’ clocks could not be looked after');
      })
      .finally(() => (this.#working = undefined));
    return this.#working;
  }

  async #work(): Promise<void> {
    const { db, clock, everyS } = this.#parts;
    for (let isMore = true; isMore && !this.#closed;) {
      const due = await takeDueClocks(db, everyS * 1000, LIMITS.clocksAskedAtOnce, clock.nowMs());
      isMore = due.length === LIMITS.clocksAskedAtOnce;
      await Promise.all(due.map((camera) => this.#measure(camera)));
    }
  }

  async #measure(camera: ClockAddress): Promise<void> {
    const { db, clock, limitMs, log, measure } = this.#parts;
    try {
      const measured = await measure(camera);
      if (measured) {
        await db
          .transaction()
          .execute((trx) => writeClocks(trx, [{ cameraId: camera.id, measured }], limitMs, clock.nowMs()));
      } else log.debug({ camera: camera.id }, 'a camera does not tell its clock');
    } catch (thrown) {
      log.debug({ camera: camera.id, problem: problemOf(thrown) }, 'a camera’s clock could not be read');
    }
  }
}
