/**
 * Stills for screens, beside the cameras: of each view that somebody looks at, every look's picture is kept, the newest
 * only; of the others one a minute, so that a screen has something to show at once. What nobody looks at costs nothing
 * more than that. The pictures come with their privacy masks burned in.
 */
import { sql } from 'kysely';
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Picture } from '../base/picture.ts';
import { writeStill } from '../drivers/codec/codec.ts';
import type { Db } from '../drivers/postgres/postgres.ts';

export interface NewStill {
  readonly viewId: number;
  readonly capturedAtMs: number;
  /** `view.baseline_version` whose masks are burned in. */
  readonly version: number;
  /** Its bytes may be another's as soon as {@link StillKeeper.keep} has resolved. */
  readonly picture: Picture;
}

interface Waiting {
  readonly view_id: number;
  readonly captured_at: Date;
  readonly version: number;
  readonly jpeg: Buffer;
}

const WISHES_MS = 2_000;
const FLUSH_MS = 500;

export class StillKeeper {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #keptAtMs = new Map<number, number>();
  #wished: ReadonlySet<number> = new Set();
  #waiting = new Map<number, Waiting>();
  #wishes: Timer | undefined;
  #reading: Promise<void> | undefined;
  #flushing: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: { db: Db; clock: Clock; log: Logger }) {
    this.#db = parts.db;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  start(): void {
    this.#wishes = this.#clock.every(WISHES_MS, () => void this.#readWishes());
  }

  /** Keeps the picture if anybody wants it. Never fails: a still that cannot be kept is none, and the page says its age. */
  async keep({ viewId, capturedAtMs, version, picture }: NewStill): Promise<void> {
    const keptAtMs = this.#keptAtMs.get(viewId);
    const isDue = keptAtMs === undefined || Math.abs(capturedAtMs - keptAtMs) >= LIMITS.stillUnwatchedMs;
    if (!isDue && !this.#wished.has(viewId)) return;
    try {
      const jpeg = await writeStill(picture);
      this.#keptAtMs.delete(viewId);
      this.#keptAtMs.set(viewId, capturedAtMs);
      if (this.#keptAtMs.size > LIMITS.viewsRemembered) {
        this.#keptAtMs.delete(this.#keptAtMs.keys().next().value as number);
      }
      this.#waiting.set(viewId, { view_id: viewId, captured_at: new Date(capturedAtMs), version, jpeg });
      this.#flushing ??= this.#clock.after(FLUSH_MS, () => this.#flush());
    } catch (thrown) {
      this.#log.warn({ viewId, problem: problemOf(thrown) }, 'a still could not be made');
    }
  }

  /** Writes what waits and stops. */
  async close(): Promise<void> {
    this.#wishes?.cancel();
    this.#flush();
    await Promise.all([this.#writing, this.#reading]);
  }

  #flush(): void {
    this.#flushing?.cancel();
    this.#flushing = undefined;
    const batch = [...this.#waiting.values()];
    this.#waiting = new Map();
    if (batch.length === 0) return;
    this.#writing = this.#writing.then(async () => {
      try {
        for (let at = 0; at < batch.length; at += LIMITS.stillsPerWrite) {
          await writeStills(this.#db, batch.slice(at, at + LIMITS.stillsPerWrite), this.#clock.nowMs());
        }
      } catch (thrown) {
        this.#log.warn({ stills: batch.length, problem: problemOf(thrown) }, 'stills could not be written');
      }
    });
  }

  #readWishes(): Promise<void> {
    this.#reading ??= this.#db
      .selectFrom('still_wish')
      .select('view_id')
      .where('until', '>', new Date(this.#clock.nowMs()))
      .execute()
      .then(
        (rows) => void (this.#wished = new Set(rows.map(({ view_id: id }) => id))),
        (thrown: unknown) => this.#log.warn({ problem: problemOf(thrown) }, 'wishes for stills could not be read'),
      )
      .finally(() => (this.#reading = undefined));
    return this.#reading;
  }
}

/** A view that is gone meanwhile has no still; an older picture takes a newer one's place only where that is of the future. */
async function writeStills(db: Db, stills: readonly Waiting[], nowMs: number): Promise<void> {
  await sql`
    insert into still (view_id, captured_at, version, jpeg)
    select v.id, told.captured_at, told.version, told.jpeg
    from unnest(
      ${stills.map((one) => one.view_id)}::int[], ${stills.map((one) => one.captured_at)}::timestamptz[],
      ${stills.map((one) => one.version)}::int[], ${stills.map((one) => one.jpeg)}::bytea[]
    ) as told (view_id, captured_at, version, jpeg)
    join view v on v.id = told.view_id
    order by v.id
    on conflict (view_id) do update set
      captured_at = excluded.captured_at, version = excluded.version, jpeg = excluded.jpeg
    where still.captured_at < excluded.captured_at or still.captured_at > ${new Date(nowMs)}::timestamptz`.execute(db);
}
