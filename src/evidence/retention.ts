/**
 * What no one holds goes after its time. First what was never evidence: pictures of looks, then the looks, events, the
 * audit log, accesses and sessions that ended. Then evidence, by rule and with an entry of its own in the log: the files
 * go, the records stay.
 *
 * Rules, each counted from the decision, or from the sealing where there is no item: `violation`, `dismissed` (any other
 * verdict), `pulled` (no item). Of an item that is open nothing goes; nor of one that a hold stands on.
 */
import { sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db, DbOrTrx } from '../drivers/postgres/postgres.ts';
import { unreferenced } from './blob-references.ts';
import { appendEntry } from './log.ts';

export interface RetentionRules {
  readonly looksDays: number;
  readonly picturesHours: number;
  readonly eventsDays: number;
  readonly auditDays: number;
  readonly violationDays: number;
  readonly dismissedDays: number;
  readonly pulledDays: number;
}

export interface Pruned {
  readonly pictures: number;
  readonly rows: number;
}

export const RETENTION_RULES = ['violation', 'dismissed', 'pulled'] as const;
export type RetentionRule = (typeof RETENTION_RULES)[number];

/** What the log says of it: the body of `snapshot.pruned`. */
export interface SnapshotsPruned {
  readonly format: 'sentinel-pruned/1';
  readonly rule: RetentionRule;
  readonly days: number;
  readonly snapshots: readonly string[];
  /** Files that nothing else needed, in the order of their digests. */
  readonly files: readonly string[];
}

const DAY_MS = 86_400_000;
/** Holds and pruning take turns, so that nothing is pruned that was held a moment before. */
export const HOLD_LOCK = 7_236_043;

/** Prunes one bounded batch of each kind; call it again while it says that it found a full one. */
export async function prune(
  db: Db,
  blobs: Pick<BlobStore, 'delete'>,
  rules: RetentionRules,
  clock: Clock,
): Promise<Pruned> {
  const before = (spanMs: number): Date => new Date(clock.nowMs() - spanMs);
  const picturesBefore = before(rules.picturesHours * 3_600_000);
  const released = await sql<{ sha256: string }>`
    with released as (
      update look set picture_sha256 = null where id in (
        select id from look where captured_at < ${picturesBefore} and picture_sha256 is not null and result <> 'pending'
        order by captured_at limit ${LIMITS.prunedAtOnce})
      returning (select old.picture_sha256 from look old where old.id = look.id) as sha256
    )
    select distinct sha256 from released`.execute(db);
  const loose = await unreferenced(
    db,
    released.rows.map(({ sha256 }) => sha256),
  );
  for (const sha256 of loose) await blobs.delete(sha256);

  let rows = 0;
  const count = async (deletion: ReturnType<typeof sql>): Promise<void> => {
    rows += Number((await deletion.execute(db)).numAffectedRows ?? 0n);
  };
  await count(sql`delete from look where id in (
    select id from look where captured_at < ${before(rules.looksDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from event where id in (
    select id from event where at < ${before(rules.eventsDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from turret_log where id in (
    select id from turret_log where at < ${before(rules.auditDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from operator_task where id in (select id from operator_task
    where state = 'closed' and closed_at < ${before(rules.auditDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from patrol_visit where id in (
    select id from patrol_visit where began_at < ${before(rules.looksDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from patrol_test_run where ended_at < ${before(rules.looksDays * DAY_MS)}`);
  await count(sql`delete from audit where id in (
    select id from audit where at < ${before(rules.auditDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from evidence_access where expires_at < ${before(rules.auditDays * DAY_MS)}`);
  await count(sql`delete from session where expires_at < ${before(0)}`);

  return { pictures: loose.length, rows };
}

/** Prunes one bounded batch of evidence by each rule. @returns how many snapshots lost their files */
export async function pruneEvidence(
  db: Db,
  blobs: Pick<BlobStore, 'delete'>,
  rules: RetentionRules,
  clock: Clock,
  sm3?: (text: string) => string,
): Promise<number> {
  let snapshots = 0;
  for (const rule of RETENTION_RULES) snapshots += await pruneBy(rule, { db, blobs, rules, nowMs: clock.nowMs(), sm3 });
  return snapshots;
}

function daysOf(rules: RetentionRules, rule: RetentionRule): number {
  return { violation: rules.violationDays, dismissed: rules.dismissedDays, pulled: rules.pulledDays }[rule];
}

async function pruneBy(
  rule: RetentionRule,
  parts: {
    db: Db;
    blobs: Pick<BlobStore, 'delete'>;
    rules: RetentionRules;
    nowMs: number;
    sm3: ((text: string) => string) | undefined;
  },
): Promise<number> {
  const { db, blobs, rules, nowMs, sm3 } = parts;
  const days = daysOf(rules, rule);
  const before = new Date(nowMs - days * DAY_MS);
  const { ids, files } = await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${HOLD_LOCK})`.execute(trx);
    const due = await dueSnapshots(trx, rule, before);
    if (due.length === 0) return { ids: [], files: [] };
    const named = await trx
      .selectFrom('snapshot_file')
      .select('sha256')
      .distinct()
      .where('snapshot_id', 'in', due)
      .execute();
    await trx
      .insertInto('snapshot_pruned')
      .values(due.map((id) => ({ snapshot_id: id, pruned_at: new Date(nowMs), rule })))
      .execute();
    await forgetFiles(trx, due);
    const loose = await unreferenced(
      trx,
      named.map(({ sha256 }) => sha256),
    );
    const body: SnapshotsPruned = {
      ...{ format: 'sentinel-pruned/1', rule, days },
      ...{ snapshots: due, files: loose.sort() },
    };
    const about = [...due.map((id) => `snapshot:${id}`), 'store'];
    await appendEntry(trx, { kind: 'snapshot.pruned', atMs: nowMs, body, about, sm3 });
    return { ids: due, files: loose };
  });
  // Only what is certain to have been forgotten goes; what a crash leaves here the sweep finds.
  for (const sha256 of files) await blobs.delete(sha256);
  return ids.length;
}

/** Snapshots whose time by this rule is over, none of them held, the oldest first. */
async function dueSnapshots(trx: DbOrTrx, rule: RetentionRule, before: Date): Promise<string[]> {
  const matter = {
    // One whose item is not there any more is kept as long as any.
    violation: sql`(c.verdict = 'violation' and v.decided_at < ${before} or s.candidate_id is not null and c.id is null)`,
    dismissed: sql`c.verdict <> 'violation' and v.decided_at < ${before}`,
    pulled: sql`s.candidate_id is null`,
  }[rule];
  const found = await sql<{ id: string }>`
    select s.id from snapshot s
    left join candidate c on c.id = s.candidate_id
    left join verdict v on v.id = c.verdict_id
    where ${matter} and s.sealed_at < ${before}
      and not exists (select from snapshot_pruned p where p.snapshot_id = s.id)
      and not exists (select from evidence_stream e where e.snapshot_id = s.id and e.state = 'wanted')
      and not ${isHeld('s')}
    order by s.entry limit ${LIMITS.snapshotsPrunedAtOnce}`.execute(trx);
  return found.rows.map(({ id }) => id);
}

/**
 * When the files of a snapshot go if nobody holds them; holds are not looked at.
 * @returns undefined while its item is open, or when they have gone
 */
export async function keptUntil(db: DbOrTrx, snapshotId: string, rules: RetentionRules): Promise<Date | undefined> {
  const row = await db
    .selectFrom('snapshot')
    .leftJoin('candidate', 'candidate.id', 'snapshot.candidate_id')
    .leftJoin('verdict', 'verdict.id', 'candidate.verdict_id')
    .leftJoin('snapshot_pruned', 'snapshot_pruned.snapshot_id', 'snapshot.id')
    .select(['snapshot.candidate_id', 'snapshot.sealed_at', 'candidate.id as found_id', 'candidate.verdict'])
    .select(['verdict.decided_at', 'snapshot_pruned.pruned_at'])
    .where('snapshot.id', '=', snapshotId)
    .executeTakeFirst();
  if (!row || row.pruned_at !== null) return undefined;
  const after = (from: Date, rule: RetentionRule): Date => new Date(from.getTime() + daysOf(rules, rule) * DAY_MS);
  if (row.candidate_id === null) return after(row.sealed_at, 'pulled');
  if (row.found_id === null) return after(row.sealed_at, 'violation');
  if (row.verdict === null || row.decided_at === null) return undefined;
  const from = row.decided_at > row.sealed_at ? row.decided_at : row.sealed_at;
  return after(from, row.verdict === 'violation' ? 'violation' : 'dismissed');
}

/** Whether a hold stands on the snapshot that the alias names. */
export function isHeld(alias: string) {
  const [id, candidateId] = [sql.ref(`${alias}.id`), sql.ref(`${alias}.candidate_id`)];
  return sql<boolean>`(
    exists (select from evidence_hold h where h.candidate_id = ${candidateId} and h.released_at is null)
    or exists (select from evidence_hold_snapshot hs join evidence_hold h on h.id = hs.hold_id
      where hs.snapshot_id = ${id} and h.released_at is null))`;
}

/** The snapshots on which a hold stands: the same from the side of the holds, which are few. */
export function heldSnapshots() {
  return sql`
    select s.id from snapshot s where s.candidate_id in (
      select h.candidate_id from evidence_hold h where h.released_at is null and h.candidate_id is not null)
    union
    select hs.snapshot_id from evidence_hold_snapshot hs join evidence_hold h on h.id = hs.hold_id
    where h.released_at is null`;
}

/** Streams and items whose every snapshot has gone name their files no longer. */
async function forgetFiles(trx: DbOrTrx, ids: readonly string[]): Promise<void> {
  await sql`
    update evidence_stream e set blob_sha256 = null
    where e.blob_sha256 is not null and e.blob_sha256 in (
        select f.sha256 from snapshot_file f where f.snapshot_id in (${sql.join([...ids])}))
      and not exists (
        select from snapshot_file f where f.sha256 = e.blob_sha256
          and not exists (select from snapshot_pruned p where p.snapshot_id = f.snapshot_id))`.execute(trx);
  await sql`
    update candidate c set before_sha256 = null, after_sha256 = null, overlay_sha256 = null
    where c.id in (select s.candidate_id from snapshot s where s.id in (${sql.join([...ids])}))
      and not exists (
        select from snapshot s where s.candidate_id = c.id
          and not exists (select from snapshot_pruned p where p.snapshot_id = s.id))`.execute(trx);
}
