/**
 * What no one holds goes after its time: pictures of looks first, then the looks, events, the audit log and ended
 * sessions. A picture that a candidate, a baseline or a younger look refers to stays whatever its age.
 */
import { sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db } from '../drivers/postgres/postgres.ts';

export interface RetentionRules {
  readonly looksDays: number;
  readonly picturesHours: number;
  readonly eventsDays: number;
  readonly auditDays: number;
}

export interface Pruned {
  readonly pictures: number;
  readonly rows: number;
}

const DAY_MS = 86_400_000;

/** Prunes one bounded batch of each kind; call it again while it says that it found a full one. */
export async function prune(
  db: Db,
  blobs: Pick<BlobStore, 'delete'>,
  rules: RetentionRules,
  clock: Clock,
): Promise<Pruned> {
  const before = (spanMs: number): Date => new Date(clock.nowMs() - spanMs);
  const picturesBefore = before(rules.picturesHours * 3_600_000);
  const loose = await sql<{ sha256: string }>`
    with released as (
      update look set picture_sha256 = null where id in (
        select id from look where captured_at < ${picturesBefore} and picture_sha256 is not null and result <> 'pending'
        order by captured_at limit ${LIMITS.prunedAtOnce})
      returning id, (select old.picture_sha256 from look old where old.id = look.id) as sha256
    )
    select distinct sha256 from released
    where not exists (select from baseline b where b.picture_sha256 = released.sha256)
      and not exists (select from candidate c where released.sha256 in (c.before_sha256, c.after_sha256, c.overlay_sha256))
      and not exists (select from look l where l.picture_sha256 = released.sha256
        and l.id not in (select id from released))`.execute(db);
  for (const { sha256 } of loose.rows) await blobs.delete(sha256);

  let rows = 0;
  const count = async (deletion: ReturnType<typeof sql>): Promise<void> => {
    rows += Number((await deletion.execute(db)).numAffectedRows ?? 0n);
  };
  await count(sql`delete from look where id in (
    select id from look where captured_at < ${before(rules.looksDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from event where id in (
    select id from event where at < ${before(rules.eventsDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from audit where id in (
    select id from audit where at < ${before(rules.auditDays * DAY_MS)} limit ${LIMITS.prunedAtOnce})`);
  await count(sql`delete from session where expires_at < ${before(0)}`);
  return { pictures: loose.rows.length, rows };
}
