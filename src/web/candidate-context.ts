/** The SQL of what lies around one item, and of the marks of whoever has seen it. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Polygon } from '../base/picture.ts';
import { samePlace } from '../candidate/candidate.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { StoredRegion } from '../drivers/postgres/schema.ts';
import type { CandidateContext } from './contract.ts';
import { pictureUrl } from './picture.ts';

const SHOWN_NEIGHBOURS_MS = 30 * 60_000;
const SHOWN_NEIGHBOURS = 8;
/** Pictures of the strip: before it was first seen, while it was seen, and after it was last seen. */
const LOOKS_BEFORE = 4;
const LOOKS_DURING = 12;
const LOOKS_AFTER = 4;
/** Decided items of the view, the newest, among which those of the same place are looked for. */
const PAST_ITEMS = 200;
const PAST_SHOWN = 6;

interface Item {
  readonly id: number;
  readonly viewId: number;
  readonly polygon: Polygon;
  readonly raisedAt: Date;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

/**
 * @param cameras cameras that may be seen; absent: all
 * @throws SentinelError web.missing
 */
export async function readContext(
  db: Db,
  id: number,
  cameras: readonly number[] | undefined,
): Promise<CandidateContext> {
  const row = await db
    .selectFrom('candidate')
    .select(['view_id', 'polygon', 'raised_at', 'first_seen_at', 'last_seen_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'candidate', id });
  const item: Item = {
    id,
    viewId: row.view_id,
    polygon: row.polygon,
    raisedAt: row.raised_at,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
  };
  const [looks, neighbours, pastVerdicts] = await Promise.all([
    readLooks(db, item),
    readNeighbours(db, item, cameras),
    readPastVerdicts(db, item),
  ]);
  return { looks, neighbours, pastVerdicts };
}

/** While it was seen, the looks nearest to moments evenly apart; before and after, the nearest ones. */
async function readLooks(
  db: Db,
  { viewId, polygon, firstSeenAt, lastSeenAt }: Item,
): Promise<CandidateContext['looks']> {
  const stepMs = (lastSeenAt.getTime() - firstSeenAt.getTime()) / (LOOKS_DURING - 1);
  const found = await sql<{ id: number; captured_at: Date; regions: StoredRegion[] | null; picture_sha256: string }>`
    with pictured as (
      select id, captured_at, regions, picture_sha256 from look
      where view_id = ${viewId} and picture_sha256 is not null
    ), picked as (
      (select * from pictured where captured_at < ${firstSeenAt} order by captured_at desc limit ${LOOKS_BEFORE})
      union all
      select one.* from generate_series(0, ${LOOKS_DURING - 1}::int) n
      cross join lateral (
        select * from pictured
        where captured_at >= ${firstSeenAt}::timestamptz + n * ${stepMs}::float8 * interval '1 ms'
          and captured_at <= ${lastSeenAt}
        order by captured_at limit 1
      ) one
      union all
      (select * from pictured where captured_at > ${lastSeenAt} order by captured_at limit ${LOOKS_AFTER})
    )
    select distinct on (captured_at, id) * from picked order by captured_at, id`.execute(db);
  return found.rows.map((look) => ({
    id: look.id,
    capturedAt: look.captured_at.toISOString(),
    showsIt: (look.regions ?? []).some((region) => samePlace(region.polygon, polygon)),
    pictureUrl: pictureUrl(`/api/v1/views/${viewId}/looks/${look.id}/picture.jpg`, look.picture_sha256),
  }));
}

async function readNeighbours(
  db: Db,
  { viewId, raisedAt }: Item,
  cameras: readonly number[] | undefined,
): Promise<CandidateContext['neighbours']> {
  const raised = db
    .selectFrom('candidate')
    .innerJoin('view', 'view.id', 'candidate.view_id')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .select(['candidate.id', 'candidate.severity', 'candidate.verdict', 'candidate.raised_at', 'candidate.box'])
    .select(['candidate.after_sha256', 'camera.id as camera_id', 'camera.name', 'camera.place'])
    .where('candidate.view_id', '!=', viewId)
    .$if(cameras !== undefined, (query) => query.where('camera.id', 'in', cameras?.length ? [...cameras] : [0]))
    .limit(SHOWN_NEIGHBOURS);
  const [earlier, later] = await Promise.all([
    raised
      .where('candidate.raised_at', '<=', raisedAt)
      .where('candidate.raised_at', '>=', new Date(raisedAt.getTime() - SHOWN_NEIGHBOURS_MS))
      .orderBy('candidate.raised_at', 'desc')
      .orderBy('candidate.id', 'desc')
      .execute(),
    raised
      .where('candidate.raised_at', '>', raisedAt)
      .where('candidate.raised_at', '<=', new Date(raisedAt.getTime() + SHOWN_NEIGHBOURS_MS))
      .orderBy('candidate.raised_at')
      .orderBy('candidate.id')
      .execute(),
  ]);
  const away = (row: { raised_at: Date }): number => Math.abs(row.raised_at.getTime() - raisedAt.getTime());
  return [...earlier, ...later]
    .sort((a, b) => away(a) - away(b))
    .slice(0, SHOWN_NEIGHBOURS)
    .map((row) => ({
      id: row.id,
      camera: { id: row.camera_id, name: row.name, place: row.place },
      severity: row.severity,
      verdict: row.verdict,
      raisedAt: row.raised_at.toISOString(),
      box: [...row.box],
      pictureUrl:
        row.after_sha256 === null
          ? null
          : pictureUrl(`/api/v1/candidates/${row.id}/pictures/after.jpg`, row.after_sha256),
    }));
}

async function readPastVerdicts(db: Db, { id, viewId, polygon }: Item): Promise<CandidateContext['pastVerdicts']> {
  const decided = await db
    .selectFrom('candidate')
    .innerJoin('verdict', 'verdict.id', 'candidate.verdict_id')
    .select(['candidate.id', 'candidate.polygon', 'verdict.verdict', 'verdict.reason', 'verdict.decided_at'])
    .where('candidate.view_id', '=', viewId)
    .where('candidate.state', '=', 'decided')
    .where('candidate.id', '!=', id)
    .orderBy('candidate.raised_at', 'desc')
    .orderBy('candidate.id', 'desc')
    .limit(PAST_ITEMS)
    .execute();
  const said = new Map<string, CandidateContext['pastVerdicts'][number]>();
  for (const one of decided) {
    if (!samePlace(one.polygon, polygon)) continue;
    const key = `${one.verdict} ${one.reason}`;
    const before = said.get(key);
    if (before) before.times++;
    else {
      const lastAt = one.decided_at.toISOString();
      said.set(key, { verdict: one.verdict, reason: one.reason, times: 1, lastAt, lastCandidateId: one.id });
    }
  }
  return [...said.values()]
    .sort((a, b) => b.times - a.times || Date.parse(b.lastAt) - Date.parse(a.lastAt))
    .slice(0, PAST_SHOWN);
}

/** The first sight counts; a further one changes nothing. The oldest marks of one person give way. */
export async function markSeen(db: Db, userId: number, candidateId: number, nowMs: number): Promise<void> {
  const made = await db
    .insertInto('candidate_seen')
    .values({ user_id: userId, candidate_id: candidateId, seen_at: new Date(nowMs) })
    .onConflict((conflict) => conflict.columns(['user_id', 'candidate_id']).doNothing())
    .returning('candidate_id')
    .executeTakeFirst();
  if (made) {
    await sql`delete from candidate_seen where user_id = ${userId} and candidate_id in (
      select candidate_id from candidate_seen where user_id = ${userId}
      order by seen_at desc, candidate_id desc offset ${LIMITS.seenMarksPerUser})`.execute(db);
  }
}

export async function unmarkSeen(db: Db, userId: number, candidateId: number): Promise<void> {
  await db.deleteFrom('candidate_seen').where('user_id', '=', userId).where('candidate_id', '=', candidateId).execute();
}
