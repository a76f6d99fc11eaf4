/** SQL of custody: accesses, holds, and what the log says of who touched what. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Db, DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { Visit } from './custody.ts';
import { HOLD_LOCK } from './retention.ts';

export interface Access {
  readonly id: number;
  readonly reason: string;
  readonly purpose: string;
  readonly at: Date;
  readonly expiresAt: Date;
}

const DAY_MS = 86_400_000;

export async function writeAccess(
  db: Db,
  userId: number,
  said: { reason: string; purpose: string },
  nowMs: number,
): Promise<Access> {
  return db.transaction().execute(async (trx) => {
    await trx.selectFrom('app_user').select('id').where('id', '=', userId).forNoKeyUpdate().execute();
    const { count } = await trx
      .selectFrom('evidence_access')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('user_id', '=', userId)
      .where('at', '>', new Date(nowMs - DAY_MS))
      .executeTakeFirstOrThrow();
    const limit = LIMITS.evidenceAccessesPerDay;
    if (count >= limit) throw new SentinelError('evidence.too_many_accesses', { limit });
    const { id } = await trx
      .insertInto('evidence_access')
      .values({
        ...{ user_id: userId, reason: said.reason, purpose: said.purpose, at: new Date(nowMs) },
        expires_at: new Date(nowMs + LIMITS.evidenceAccessHours * 3_600_000),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const access = await readAccess(trx, userId, id, nowMs);
    if (!access) throw new Error('an access was not written');
    return access;
  });
}

/** @param id one of this person's; absent: the newest. @returns undefined where there is none that still holds */
export async function readAccess(
  db: DbOrTrx,
  userId: number,
  id: number | undefined,
  nowMs: number,
): Promise<Access | undefined> {
  return db
    .selectFrom('evidence_access')
    .select(['id', 'reason', 'purpose', 'at', 'expires_at as expiresAt'])
    .where('user_id', '=', userId)
    .where('expires_at', '>', new Date(nowMs))
    .$if(id !== undefined, (query) => query.where('id', '=', id ?? 0))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Waits for a pruning under way; what it has taken can be held no more. */
export async function writeHold(
  trx: DbOrTrx,
  held: { snapshotIds: readonly string[]; candidateId: number | null },
  { person, reason, purpose }: Visit,
  nowMs: number,
): Promise<number> {
  await sql`select pg_advisory_xact_lock(${HOLD_LOCK})`.execute(trx);
  const { snapshotIds, candidateId } = held;
  if (candidateId !== null) {
    const found = await trx.selectFrom('candidate').select('id').where('id', '=', candidateId).executeTakeFirst();
    if (!found) throw new SentinelError('web.missing', { what: 'candidate', id: candidateId });
  }
  const { id } = await trx
    .insertInto('evidence_hold')
    .values({
      ...{ candidate_id: candidateId, reason, purpose, placed_by: person.userId, placed_unit: person.unit },
      placed_at: new Date(nowMs),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  if (snapshotIds.length > 0) {
    const rows = await trx
      .selectFrom('snapshot')
      .leftJoin('snapshot_pruned', 'snapshot_pruned.snapshot_id', 'snapshot.id')
      .select(['snapshot.id', 'snapshot_pruned.pruned_at'])
      .where('snapshot.id', 'in', [...snapshotIds])
      .execute();
    const missing = snapshotIds.find((one) => !rows.some((row) => row.id === one));
    if (missing !== undefined) throw new SentinelError('web.missing', { what: 'snapshot', id: missing });
    const pruned = rows.find((row) => row.pruned_at !== null);
    if (pruned) throw new SentinelError('evidence.pruned', { snapshotId: pruned.id });
    await trx
      .insertInto('evidence_hold_snapshot')
      .values(snapshotIds.map((snapshotId) => ({ hold_id: id, snapshot_id: snapshotId })))
      .execute();
  }
  return id;
}

/** Those named, and those of its item up to now. */
export async function snapshotsOfHold(trx: DbOrTrx, holdId: number): Promise<string[]> {
  const found = await sql<{ id: string }>`
    select s.id from snapshot s where s.id in (
        select snapshot_id from evidence_hold_snapshot where hold_id = ${holdId})
      or s.candidate_id = (select candidate_id from evidence_hold where id = ${holdId})
    order by s.entry limit ${LIMITS.snapshotsPerHold}`.execute(trx);
  return found.rows.map(({ id }) => id);
}

export interface LockedHold {
  readonly candidateId: number | null;
  readonly placedBy: number;
  readonly unit: string | null;
  readonly releasedAt: Date | null;
}

export async function lockHold(trx: DbOrTrx, id: number): Promise<LockedHold | undefined> {
  return trx
    .selectFrom('evidence_hold')
    .select([
      'candidate_id as candidateId',
      'placed_by as placedBy',
      'placed_unit as unit',
      'released_at as releasedAt',
    ])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

export async function writeRelease(
  trx: DbOrTrx,
  id: number,
  userId: number,
  reason: string,
  nowMs: number,
): Promise<void> {
  await trx
    .updateTable('evidence_hold')
    .set({ released_by: userId, released_at: new Date(nowMs), release_reason: reason })
    .where('id', '=', id)
    .execute();
}
