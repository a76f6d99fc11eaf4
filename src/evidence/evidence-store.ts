/** SQL of the wishes for main streams. */
import { sql } from 'kysely';
import { recordEvents, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { StoredAccessUnit } from '../drivers/postgres/schema.ts';

export interface Wanted {
  readonly id: number;
  /** The record that wished for it; null for one raised before records were sealed. */
  readonly snapshotId: string | null;
  readonly candidateId: number | null;
  readonly viewId: number;
  readonly cameraId: number;
  /** This try included. */
  readonly attempts: number;
}

/**
 * Takes one wish that is due; it is nobody else's for a minute.
 * @param viewId the view at which a dome stands now; absent: of cameras that always look there
 */
export async function takeWanted(db: Db, viewId?: number): Promise<Wanted | undefined> {
  const reachable =
    viewId === undefined
      ? sql`w.view_id in (select f.id from view f join camera c on c.id = f.camera_id where c.kind = 'fixed')`
      : sql`w.view_id = ${viewId}`;
  const taken = await sql<Wanted>`
    update evidence_stream e set attempts = attempts + 1, not_before = now() + interval '1 minute'
    from view v
    where e.view_id = v.id and e.id = (
      select w.id from evidence_stream w where w.state = 'wanted' and w.not_before <= now() and ${reachable}
      order by w.id limit 1 for update of w skip locked)
    returning e.id, e.snapshot_id as "snapshotId", e.candidate_id as "candidateId", v.id as "viewId",
      v.camera_id as "cameraId", e.attempts`.execute(db);
  return taken.rows[0];
}

/** Views of a dome for which a person pulls evidence and waits, whoever asked first before the others. */
export async function pulledViews(db: Db, cameraId: number): Promise<number[]> {
  const rows = await sql<{ id: number }>`
    select e.view_id as id from evidence_stream e
    join view v on v.id = e.view_id join snapshot s on s.id = e.snapshot_id
    where e.state = 'wanted' and e.not_before <= now() and s.cause = 'pulled' and v.camera_id = ${cameraId}
    group by e.view_id order by min(e.id)`.execute(db);
  return rows.rows.map(({ id }) => id);
}

export interface KeptStream {
  readonly stream: 'main' | 'sub';
  readonly codec: string;
  readonly blobSha256: string;
  readonly capturedAtMs: number;
  readonly units: readonly StoredAccessUnit[];
  readonly problem: string | null;
}

/** @returns false where somebody else has settled the wish meanwhile */
export async function keep(trx: DbOrTrx, wanted: Wanted, kept: KeptStream, nowMs: number): Promise<boolean> {
  const settled = await trx
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
    .executeTakeFirst();
  if (settled.numUpdatedRows === 0n) return false;
  await tellOf(trx, wanted, nowMs);
  return true;
}

/** A try that came to nothing since the dome went on: it says nothing of the stream, and is due at the next visit. */
export async function letGo(db: Db, id: number, problem: string): Promise<void> {
  await db
    .updateTable('evidence_stream')
    .set((eb) => ({ problem, attempts: eb('attempts', '-', 1), not_before: sql<Date>`now()` }))
    .where('id', '=', id)
    .where('state', '=', 'wanted')
    .execute();
}

/** A try that failed; the next is later each time. */
export async function postpone(db: Db, id: number, problem: string): Promise<void> {
  await db
    .updateTable('evidence_stream')
    .set({ problem, not_before: sql<Date>`now() + make_interval(secs => 5 * power(2, attempts))` })
    .where('id', '=', id)
    .execute();
}

/** The last try failed. @returns false where somebody else has settled the wish meanwhile */
export async function giveUp(trx: DbOrTrx, wanted: Wanted, problem: string, nowMs: number): Promise<boolean> {
  const settled = await trx
    .updateTable('evidence_stream')
    .set({ problem, state: 'failed' })
    .where('id', '=', wanted.id)
    .where('state', '=', 'wanted')
    .executeTakeFirst();
  if (settled.numUpdatedRows === 0n) return false;
  await tellOf(trx, wanted, nowMs);
  return true;
}

async function tellOf(trx: DbOrTrx, { candidateId }: Wanted, nowMs: number): Promise<void> {
  if (candidateId === null) return;
  await recordEvents(trx, 'candidate.changed', [{ candidateId, change: 'evidence' }], nowMs);
}
