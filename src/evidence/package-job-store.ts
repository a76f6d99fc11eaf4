/** SQL of package jobs: ordering, taking, telling how far they are. */
import { sql } from 'kysely';
import type { Db, DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { BuiltPart, PackageStep, PackageWish } from './package-build.ts';

/** What somebody chooses: snapshots one by one, all of some items, all of some views or cameras, between two times. */
export interface PackageChoice {
  readonly snapshotIds?: readonly string[];
  readonly candidateIds?: readonly number[];
  readonly viewIds?: readonly number[];
  readonly cameraIds?: readonly number[];
  /** UTC ms. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

export interface ChosenSnapshot {
  readonly id: string;
  readonly cameraId: number;
}

/**
 * The snapshots of a choice, in the order they were sealed. With a snapshot goes the record that brought its main stream.
 * @param cameras those whose evidence may be had; undefined: all
 */
export async function chooseSnapshots(
  db: DbOrTrx,
  choice: PackageChoice,
  cameras: readonly number[] | undefined,
  most: number,
): Promise<ChosenSnapshot[]> {
  const { snapshotIds = [], candidateIds = [], viewIds = [], cameraIds = [], sinceMs, untilMs } = choice;
  const since = sinceMs === undefined ? null : new Date(sinceMs);
  const until = untilMs === undefined ? null : new Date(untilMs);
  const isSpan = since !== null || until !== null;
  const found = await sql<ChosenSnapshot>`
    select s.id, s.camera_id as "cameraId" from snapshot s
    where (s.id = any(${[...snapshotIds]}::uuid[])
        or (s.follows = any(${[...snapshotIds]}::uuid[]) and s.cause = 'stream')
        or s.candidate_id = any(${[...candidateIds]}::int[])
        or s.view_id = any(${[...viewIds]}::int[])
        or s.camera_id = any(${[...cameraIds]}::int[])
        or (${isSpan && viewIds.length + cameraIds.length + snapshotIds.length + candidateIds.length === 0}))
      and (${since}::timestamptz is null or s.sealed_at >= ${since})
      and (${until}::timestamptz is null or s.sealed_at < ${until})
      and (${cameras === undefined} or s.camera_id = any(${[...(cameras ?? [])]}::int[]))
      and not exists (select from snapshot_pruned p where p.snapshot_id = s.id)
    order by s.entry limit ${most}`.execute(db);
  return found.rows;
}

export interface PackageJob {
  readonly id: string;
  readonly state: 'waiting' | 'working' | 'ready' | 'failed' | 'removed';
  readonly wish: Omit<PackageWish, 'packageId'>;
  readonly snapshotCount: number;
  readonly createdBy: number;
  readonly createdAt: Date;
  readonly step: PackageStep;
  readonly progress: number;
  readonly attempts: number;
  readonly problem: string | null;
  readonly entry: number | null;
  readonly parts: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly finishedAt: Date | null;
  readonly expiresAt: Date | null;
}

function jobs(db: DbOrTrx) {
  return db
    .selectFrom('evidence_package')
    .select([
      ...(['id', 'state', 'step', 'progress', 'attempts', 'problem', 'entry'] as const),
      sql<PackageJob['wish']>`wish`.as('wish'),
      'snapshot_count as snapshotCount',
      'created_by as createdBy',
      'created_at as createdAt',
      sql<PackageJob['parts']>`coalesce(parts, '[]')`.as('parts'),
      'finished_at as finishedAt',
      'expires_at as expiresAt',
    ]);
}

export async function readJob(db: DbOrTrx, id: string): Promise<PackageJob | undefined> {
  return jobs(db).where('id', '=', id).executeTakeFirst();
}

/** Newest first. @param userId whose; undefined: everybody's. @param before the last one of the page before */
export async function listJobs(
  db: DbOrTrx,
  userId: number | undefined,
  before: string | undefined,
  rows: number,
): Promise<PackageJob[]> {
  return jobs(db)
    .$if(userId !== undefined, (query) => query.where('created_by', '=', userId ?? 0))
    .$if(before !== undefined, (query) =>
      query.where(
        sql<boolean>`(created_at, id) < (select created_at, id from evidence_package where id = ${before}::uuid)`,
      ),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(rows)
    .execute();
}

/** Packages of a person that are waiting, being made, or ready. Holds the person's row, so that two orders take turns. */
export async function countLiving(trx: DbOrTrx, userId: number): Promise<number> {
  await trx.selectFrom('app_user').select('id').where('id', '=', userId).forUpdate().execute();
  const row = await trx
    .selectFrom('evidence_package')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('created_by', '=', userId)
    .where('state', 'in', ['waiting', 'working', 'ready'])
    .executeTakeFirstOrThrow();
  return row.count;
}

export async function insertJob(trx: DbOrTrx, { packageId, ...wish }: PackageWish, nowMs: number): Promise<void> {
  await trx
    .insertInto('evidence_package')
    .values({
      ...{ id: packageId, wish: JSON.stringify(wish), snapshot_count: wish.snapshotIds.length },
      ...{ created_by: wish.by.userId, created_at: new Date(nowMs), not_before: new Date(nowMs) },
    })
    .execute();
}

/** Takes the oldest job that is due, for a while; it is nobody else's meanwhile. */
export async function takeJob(db: Db, nowMs: number, leaseMs: number): Promise<PackageJob | undefined> {
  const taken = await sql<{ id: string }>`
    update evidence_package set state = 'working', attempts = attempts + 1, not_before = ${new Date(nowMs + leaseMs)}
    where id = (
      select id from evidence_package where state in ('waiting', 'working') and not_before <= ${new Date(nowMs)}
      order by created_at limit 1 for update skip locked)
    returning id`.execute(db);
  const id = taken.rows[0]?.id;
  return id === undefined ? undefined : readJob(db, id);
}

/** @returns false where it is no longer to be made */
export async function tellProgress(
  db: DbOrTrx,
  id: string,
  told: { step: PackageStep; progress: number; leaseUntilMs: number },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('evidence_package')
    .set({ step: told.step, progress: told.progress, not_before: new Date(told.leaseUntilMs) })
    .where('id', '=', id)
    .where('state', '=', 'working')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function finishJob(
  db: DbOrTrx,
  id: string,
  result:
    { parts: readonly BuiltPart[]; entry: number; expiresAtMs: number } | { problem: string; retryAtMs: number | null },
  nowMs: number,
): Promise<void> {
  const isDone = 'parts' in result;
  await db
    .updateTable('evidence_package')
    .set(
      isDone
        ? {
            ...{ state: 'ready', progress: 1, problem: null, entry: result.entry },
            parts: JSON.stringify(result.parts),
            ...{ finished_at: new Date(nowMs), expires_at: new Date(result.expiresAtMs) },
          }
        : result.retryAtMs === null
          ? { state: 'failed', problem: result.problem, finished_at: new Date(nowMs) }
          : { state: 'waiting', problem: result.problem, not_before: new Date(result.retryAtMs) },
    )
    .where('id', '=', id)
    .where('state', '=', 'working')
    .execute();
}

export async function markRemoved(db: DbOrTrx, id: string, nowMs: number): Promise<void> {
  await db
    .updateTable('evidence_package')
    .set({ state: 'removed', finished_at: sql<Date>`coalesce(finished_at, ${new Date(nowMs)})` })
    .where('id', '=', id)
    .where('state', '!=', 'removed')
    .execute();
}

export async function expiredJobs(db: DbOrTrx, nowMs: number): Promise<string[]> {
  const rows = await db
    .selectFrom('evidence_package')
    .select('id')
    .where('state', '=', 'ready')
    .where('expires_at', '<', new Date(nowMs))
    .limit(100)
    .execute();
  return rows.map(({ id }) => id);
}
