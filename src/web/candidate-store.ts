/** The SQL behind the candidate pages: one query a list, none per item. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { Severity, VerdictKind } from '../drivers/postgres/schema.ts';
import type { Candidate, CandidateDetail, CandidateOrder, Verdict } from './contract.ts';
import { pictureUrl } from './picture.ts';

export interface CandidateFilter {
  readonly state?: 'open' | 'decided';
  readonly verdict?: VerdictKind;
  readonly severity?: Severity;
  readonly viewId?: number;
  readonly cameraId?: number;
  readonly place?: string;
  readonly since?: string;
  readonly until?: string;
  /** By default the newest first. */
  readonly order?: CandidateOrder;
  /** Cameras that may be seen; absent: all. */
  readonly cameras?: readonly number[] | undefined;
}

/**
 * One page of items, in the filter's order.
 * @param userId whose seen-marks go along
 * @param afterId the last item of the page before
 * @throws SentinelError `web.bad_cursor` where there is no such item; `web.invalid` for decided items by place
 */
export async function listCandidates(
  db: Db,
  filter: CandidateFilter,
  userId: number,
  afterId: number | undefined,
  rows: number,
  nowMs: number,
): Promise<Candidate[]> {
  const { order = 'newest' } = filter;
  // Open items are few enough to be sorted by names of another table; what was ever decided is not.
  if (order === 'place' && filter.state !== 'open') {
    throw new SentinelError('web.invalid', { field: 'order', problem: 'place is for open items', part: 'querystring' });
  }
  // Ids rather than joins: the planner then sees how many views it is about, and an index serves.
  const [viewIds, after] = await Promise.all([findViews(db, filter), findSortKey(db, afterId)]);
  if (viewIds?.length === 0) return [];
  const found = await candidateQuery(db, userId)
    .$if(after !== undefined, (query) => query.where(isAfter(order, after ?? NOWHERE)))
    .$if(filter.state !== undefined, (query) => query.where('candidate.state', '=', filter.state ?? 'open'))
    .$if(filter.verdict !== undefined, (query) => query.where('candidate.verdict', '=', filter.verdict ?? null))
    .$if(filter.severity !== undefined, (query) =>
      query.where('candidate.severity_rank', '=', RANKS[filter.severity ?? 'normal']),
    )
    .$if(viewIds !== undefined, (query) => query.where('candidate.view_id', 'in', viewIds ?? []))
    .$if(filter.since !== undefined, (query) => query.where('candidate.raised_at', '>=', new Date(filter.since ?? 0)))
    .$if(filter.until !== undefined, (query) => query.where('candidate.raised_at', '<', new Date(filter.until ?? 0)))
    .$if(order === 'place', (query) =>
      query
        .orderBy(sql`camera.place collate "C"`)
        .orderBy('camera.id')
        .orderBy('view.id'),
    )
    .$if(order !== 'newest', (query) => query.orderBy('candidate.severity_rank', 'desc'))
    .orderBy('candidate.raised_at', 'desc')
    .orderBy('candidate.id', 'desc')
    .limit(rows)
    .execute();
  return found.map((row) => candidateOf(row, nowMs));
}

/** As `severity_rank` is generated. */
const RANKS: Readonly<Record<Severity, number>> = { safety: 2, high: 1, normal: 0 };

/** What an item is sorted by. */
interface SortKey {
  readonly id: number;
  /** As text, which keeps the microseconds. */
  readonly raised_at: string;
  readonly severity_rank: number;
  readonly place: string;
  readonly camera_id: number;
  readonly view_id: number;
}

const NOWHERE: SortKey = { id: 0, raised_at: '-infinity', severity_rank: 0, place: '', camera_id: 0, view_id: 0 };

function isAfter(order: CandidateOrder, key: SortKey) {
  const { id, raised_at: raisedAt, severity_rank: rank } = key;
  const newest = sql<boolean>`(candidate.raised_at, candidate.id) < (${raisedAt}::timestamptz, ${id}::int)`;
  if (order === 'newest') return newest;
  const gravest = sql<boolean>`(candidate.severity_rank, candidate.raised_at, candidate.id)
    < (${rank}::smallint, ${raisedAt}::timestamptz, ${id}::int)`;
  if (order === 'severity') return gravest;
  const here = sql`(camera.place collate "C", camera.id, view.id)`;
  const there = sql`(${key.place}::text collate "C", ${key.camera_id}::int, ${key.view_id}::int)`;
  return sql<boolean>`(${here} > ${there} or (${here} = ${there} and ${gravest}))`;
}

/** Ids of the views a filter is about; undefined where it is about all. */
async function findViews(db: Db, { viewId, cameraId, place, cameras }: CandidateFilter): Promise<number[] | undefined> {
  if (cameraId === undefined && cameras === undefined && (place === undefined || place === ''))
    return viewId === undefined ? undefined : [viewId];
  const part = `%${(place ?? '').replace(/[\\%_]/g, '\\$&')}%`;
  const views = await db
    .selectFrom('view')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .select('view.id')
    .$if(viewId !== undefined, (query) => query.where('view.id', '=', viewId ?? 0))
    .$if(cameraId !== undefined, (query) => query.where('camera.id', '=', cameraId ?? 0))
    .$if(cameras !== undefined, (query) => query.where('camera.id', 'in', cameras?.length ? [...cameras] : [0]))
    .$if(place !== undefined && place !== '', (query) =>
      query.where((eb) =>
        eb.or([eb('camera.place', 'ilike', part), eb('camera.name', 'ilike', part), eb('view.name', 'ilike', part)]),
      ),
    )
    .execute();
  return views.map((view) => view.id);
}

async function findSortKey(db: Db, id: number | undefined): Promise<SortKey | undefined> {
  if (id === undefined) return undefined;
  const row = await db
    .selectFrom('candidate')
    .innerJoin('view', 'view.id', 'candidate.view_id')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .select(['candidate.id', 'candidate.severity_rank', 'candidate.view_id', 'view.camera_id', 'camera.place'])
    .select(sql<string>`candidate.raised_at::text`.as('raised_at'))
    .where('candidate.id', '=', id)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.bad_cursor');
  return row;
}

/** @throws `web.missing` */
export async function readCandidate(
  db: Db,
  id: number,
  userId: number,
  undoS: number,
  nowMs: number,
): Promise<CandidateDetail> {
  const [row, verdicts, evidence] = await Promise.all([
    candidateQuery(db, userId).select('candidate.machine_result').where('candidate.id', '=', id).executeTakeFirst(),
    verdictQuery(db).where('verdict.candidate_id', '=', id).orderBy('verdict.id', 'desc').limit(200).execute(),
    db
      .selectFrom('evidence_stream')
      .select(['state', 'stream', 'codec', 'blob_sha256', 'captured_at', 'problem'])
      .select([
        sql<number>`coalesce(jsonb_array_length(units), 0)`.as('unit_count'),
        sql<number>`coalesce((select sum((unit ->> 'bytes')::bigint) from jsonb_array_elements(units) unit), 0)::bigint`.as(
          'byte_count',
        ),
      ])
      .where('candidate_id', '=', id)
      .orderBy('id')
      .execute(),
  ]);
  if (!row) throw new SentinelError('web.missing', { what: 'candidate', id });
  const candidate = candidateOf(row, nowMs);
  const undoUntilMs = row.decided_at ? row.decided_at.getTime() + undoS * 1000 : 0;
  return {
    ...candidate,
    machineResult: row.machine_result,
    verdicts: verdicts.map(verdictOf),
    undoUntil: undoUntilMs > nowMs ? new Date(undoUntilMs).toISOString() : null,
    evidence: evidence.map((one) => ({
      state: one.state,
      stream: one.stream,
      codec: one.codec,
      sha256: one.blob_sha256,
      units: one.unit_count,
      bytes: one.byte_count,
      capturedAt: one.captured_at?.toISOString() ?? null,
      problem: one.problem,
    })),
  };
}

/** One of an item's pictures, and the view it is of; throws `web.missing` where there is no such item or picture. */
export async function findCandidatePicture(
  db: Db,
  id: number,
  which: 'before' | 'after' | 'overlay',
): Promise<{ sha256: string; viewId: number }> {
  const row = await db
    .selectFrom('candidate')
    .select(['view_id', 'before_sha256', 'after_sha256', 'overlay_sha256'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'candidate', id });
  const sha256 = row[`${which}_sha256`];
  if (sha256 === null) throw new SentinelError('web.missing', { what: `${which} picture of candidate`, id });
  return { sha256, viewId: row.view_id };
}

function candidateQuery(db: Db, userId: number) {
  return db
    .selectFrom('candidate')
    .innerJoin('view', 'view.id', 'candidate.view_id')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .leftJoin('app_user as holder', 'holder.id', 'candidate.claimed_by')
    .leftJoin('verdict', 'verdict.id', 'candidate.verdict_id')
    .leftJoin('app_user as decider', 'decider.id', 'verdict.decided_by')
    .leftJoin('candidate_seen as seen', (join) =>
      join.onRef('seen.candidate_id', '=', 'candidate.id').on('seen.user_id', '=', userId),
    )
    .select([
      'candidate.id',
      'candidate.state',
      'candidate.severity',
      'candidate.box',
      'candidate.polygon',
      'candidate.score',
      'candidate.occurrences',
      'candidate.first_seen_at',
      'candidate.last_seen_at',
      'candidate.raised_at',
      'candidate.before_sha256',
      'candidate.after_sha256',
      'candidate.overlay_sha256',
      'candidate.claimed_by',
      'candidate.claimed_until',
      'candidate.version',
      'view.id as view_id',
      'view.name as view_name',
      'camera.id as camera_id',
      'camera.name as camera_name',
      'camera.place as camera_place',
      'holder.name as holder_name',
      'holder.display_name as holder_display_name',
      'verdict.id as verdict_id',
      'verdict.verdict',
      'verdict.reason',
      'verdict.duplicate_of',
      'verdict.decided_at',
      'decider.name as decider_name',
      'decider.display_name as decider_display_name',
      'seen.seen_at',
    ]);
}

type CandidateRow = Awaited<ReturnType<ReturnType<typeof candidateQuery>['executeTakeFirstOrThrow']>>;

function candidateOf(row: CandidateRow, nowMs: number): Candidate {
  const url = (which: 'before' | 'after' | 'overlay') => {
    const sha256 = row[`${which}_sha256`];
    return sha256 === null ? null : pictureUrl(`/api/v1/candidates/${row.id}/pictures/${which}.jpg`, sha256);
  };
  const held = row.claimed_by !== null && row.claimed_until !== null && row.claimed_until.getTime() > nowMs;
  return {
    id: row.id,
    view: { id: row.view_id, name: row.view_name },
    camera: { id: row.camera_id, name: row.camera_name, place: row.camera_place },
    state: row.state,
    severity: row.severity,
    box: [...row.box],
    polygon: row.polygon.map(([x, y]) => [x, y]),
    score: row.score,
    occurrences: row.occurrences,
    firstSeenAt: row.first_seen_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    raisedAt: row.raised_at.toISOString(),
    claim:
      held && row.claimed_by !== null && row.claimed_until !== null
        ? {
            by: row.holder_display_name || (row.holder_name ?? ''),
            userId: row.claimed_by,
            until: row.claimed_until.toISOString(),
          }
        : null,
    verdict:
      row.verdict_id !== null && row.verdict !== null && row.decided_at !== null
        ? {
            id: row.verdict_id,
            verdict: row.verdict,
            reason: row.reason ?? '',
            duplicateOf: row.duplicate_of,
            decidedBy: row.decider_display_name || (row.decider_name ?? ''),
            decidedAt: row.decided_at.toISOString(),
            undoneBy: null,
            undoneAt: null,
          }
        : null,
    pictures: { before: url('before'), after: url('after'), overlay: url('overlay') },
    seenAt: row.seen_at?.toISOString() ?? null,
    version: row.version,
  };
}

function verdictQuery(db: Db) {
  return db
    .selectFrom('verdict')
    .innerJoin('app_user as decider', 'decider.id', 'verdict.decided_by')
    .leftJoin('app_user as undoer', 'undoer.id', 'verdict.undone_by')
    .select([
      'verdict.id',
      'verdict.verdict',
      'verdict.reason',
      'verdict.duplicate_of',
      'verdict.decided_at',
      'verdict.undone_at',
      'decider.name as decider_name',
      'decider.display_name as decider_display_name',
      'undoer.name as undoer_name',
      'undoer.display_name as undoer_display_name',
    ]);
}

function verdictOf(row: Awaited<ReturnType<ReturnType<typeof verdictQuery>['executeTakeFirstOrThrow']>>): Verdict {
  return {
    id: row.id,
    verdict: row.verdict,
    reason: row.reason,
    duplicateOf: row.duplicate_of,
    decidedBy: row.decider_display_name || row.decider_name,
    decidedAt: row.decided_at.toISOString(),
    undoneBy: row.undoer_display_name || row.undoer_name,
    undoneAt: row.undone_at?.toISOString() ?? null,
  };
}
