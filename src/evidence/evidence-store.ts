/** SQL of the streams kept with candidates. */
import { sql } from 'kysely';
import { recordEvents, type Db } from '../drivers/postgres/postgres.ts';
import type { StoredAccessUnit } from '../drivers/postgres/schema.ts';

export interface Wanted {
  readonly id: number;
  readonly candidateId: number;
  readonly cameraId: number;
  /** This try included. */
  readonly attempts: number;
}

/** Takes one wish that is due; it is nobody else's for a minute. */
export async function takeWanted(db: Db): Promise<Wanted | undefined> {
  const taken = await sql<Wanted>`
    update evidence_stream e set attempts = attempts + 1, not_before = now() + interval '1 minute'
    from candidate c, view v
    where e.candidate_id = c.id and c.view_id = v.id and e.id = (
      select id from evidence_stream where state = 'wanted' and not_before <= now()
      order by id limit 1 for update skip locked)
    returning e.id, e.candidate_id as "candidateId", v.camera_id as "cameraId", e.attempts`.execute(db);
  return taken.rows[0];
}

export async function keep(
  db: Db,
  wanted: Wanted,
  kept: {
    stream: 'main' | 'sub';
    codec: string;
    blobSha256: string;
    capturedAtMs: number;
    units: readonly StoredAccessUnit[];
    problem: string | null;
  },
  nowMs: number,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx
      .updateTable('evidence_stream')
      .set({
        state: 'kept',
        stream: kept.stream,
        codec: kept.codec,
        blob_sha256: kept.blobSha256,
        units: JSON.stringify(kept.units),
        captured_at: new Date(kept.capturedAtMs),
        problem: kept.problem,
      })
      .where('id', '=', wanted.id)
      .where('state', '=', 'wanted')
      .execute();
    await recordEvents(trx, 'candidate.changed', [{ candidateId: wanted.candidateId, change: 'evidence' }], nowMs);
  });
}

/** A try that failed: the next is later each time, or there is none. */
export async function giveUp(db: Db, id: number, tried: { problem: string; finally: boolean }): Promise<void> {
  await db
    .updateTable('evidence_stream')
    .set({
      problem: tried.problem,
      not_before: sql<Date>`now() + make_interval(secs => 5 * power(2, attempts))`,
      ...(tried.finally && { state: 'failed' as const }),
    })
    .where('id', '=', id)
    .execute();
}
