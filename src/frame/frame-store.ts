/**
 * Looks on their way into the database. Hundreds a minute that found nothing are one statement a half second; a caller
 * that needs its look's id waits for that statement.
 */
import { sql } from 'kysely';
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import { recordEvents, type Db } from '../drivers/postgres/postgres.ts';
import type { LookResult, LookStage } from '../drivers/postgres/schema.ts';

export interface NewLook {
  readonly viewId: number;
  readonly capturedAtMs: number;
  readonly result: Extract<LookResult, 'pending' | 'learning' | 'unchanged' | 'not_judged'>;
  readonly stage: Extract<LookStage, 'capture' | 'gate'>;
  readonly reason: string | null;
  readonly gateScore: number | null;
  readonly lighting: string | null;
  readonly pictureSha256: string | null;
}

interface Waiting {
  readonly look: NewLook;
  readonly resolve: (id: number) => void;
  readonly reject: (thrown: unknown) => void;
}

const FLUSH_MS = 500;

export class LookLog {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(db: Db, clock: Clock, log: Logger) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
  }

  /** @returns the look's id, once it is written */
  add(look: NewLook): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ look, resolve, reject });
      if (this.#waiting.length >= LIMITS.looksPerWrite) this.#flush();
      else this.#timer ??= this.#clock.after(FLUSH_MS, () => this.#flush());
    });
  }

  /** Writes what waits and stops. */
  async close(): Promise<void> {
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    this.#writing = this.#writing.then(() => this.#write(batch));
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      const ids = await writeLooks(
        this.#db,
        batch.map(({ look }) => look),
        this.#clock.nowMs(),
      );
      batch.forEach(({ resolve }, index) => resolve(ids[index] as number));
    } catch (thrown) {
      this.#log.error({ looks: batch.length, problem: problemOf(thrown) }, 'looks could not be written');
      for (const { reject } of batch) reject(thrown);
    }
  }
}

/** Writes looks and, in the same transaction, what they say of their views. @returns the ids, in order */
async function writeLooks(db: Db, looks: readonly NewLook[], nowMs: number): Promise<number[]> {
  return db.transaction().execute(async (trx) => {
    const rows = await trx
      .insertInto('look')
      .values(
        looks.map((look) => ({
          view_id: look.viewId,
          captured_at: new Date(look.capturedAtMs),
          result: look.result,
          stage: look.stage,
          reason: look.reason,
          gate_score: look.gateScore,
          lighting: look.lighting,
          picture_sha256: look.pictureSha256,
          judged_at: look.result === 'unchanged' || look.result === 'not_judged' ? new Date(nowMs) : null,
        })),
      )
      .returning('id')
      .execute();
    const ids = rows.map((row) => row.id);
    // The newest look of each view speaks for it.
    const newest = new Map(looks.map((look, index) => [look.viewId, { look, id: ids[index] as number }]));
    const told = [...newest.values()].map(({ look, id }) => ({
      view_id: look.viewId,
      look_id: id,
      at: new Date(look.capturedAtMs).toISOString(),
      judged: look.result === 'unchanged',
      reason: look.reason,
      // A pending look leaves the question of judgement to its comparison.
      settles: look.result !== 'pending',
    }));
    const changed = await sql<{ id: number; reason: string | null }>`
      with told as (
        select * from jsonb_to_recordset(${JSON.stringify(told)}::jsonb)
          as t(view_id int, look_id bigint, at timestamptz, judged boolean, reason text, settles boolean)
      ), before as (
        select v.id, v.not_judged_reason from view v join told on told.view_id = v.id for no key update
      ), updated as (
        update view v set
          last_look_at = told.at,
          last_look_id = told.look_id,
          last_judged_at = case when told.judged then told.at else v.last_judged_at end,
          not_judged_reason = case when told.settles then told.reason else v.not_judged_reason end,
          not_judged_since = case
            when not told.settles then v.not_judged_since
            when told.reason is null then null
            when v.not_judged_reason = told.reason then v.not_judged_since
            else told.at end
        from told join before on before.id = told.view_id
        where v.id = told.view_id
        returning v.id, v.not_judged_reason as reason, before.not_judged_reason as reason_before
      )
      select id, reason from updated where reason is distinct from reason_before`.execute(trx);
    await recordEvents(
      trx,
      'view.changed',
      changed.rows.map(({ id, reason }) => ({ viewId: id, change: reason ?? 'judged' })),
      nowMs,
    );
    return ids;
  });
}
