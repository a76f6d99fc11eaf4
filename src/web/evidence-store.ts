/** The SQL behind the evidence pages. What an account may see is decided by its caller, as a list of cameras. */
import { sql, type RawBuilder } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { VerdictKind } from '../drivers/postgres/schema.ts';
import { heldSnapshots, isHeld, type SnapshotRecord } from '../evidence/evidence.ts';
import type { KeptPicture, Snapshot, SnapshotCause, SnapshotDetail, SnapshotFile } from './contract.ts';

export interface SnapshotFilter {
  readonly place?: string;
  readonly cameraId?: number;
  readonly viewId?: number;
  readonly candidateId?: number;
  readonly cause?: SnapshotCause;
  readonly stream?: Snapshot['stream'];
  readonly state?: 'open' | 'decided';
  readonly verdict?: VerdictKind;
  readonly isHeld?: boolean;
  readonly since?: string;
  readonly until?: string;
}

/** Of the pictures of a snapshot the one that shows it in a list: the first of these roles that there is. */
const FACES = ['still', 'overlay', 'after', 'look', 'before', 'baseline'] as const;

interface SnapshotRow {
  readonly id: string;
  readonly entry: number;
  readonly cause: SnapshotCause;
  readonly sealed_at: Date;
  readonly stream_state: Snapshot['stream'];
  readonly camera_id: number;
  readonly view_id: number;
  readonly camera: { name: string; place: string };
  readonly view: { name: string };
  readonly cause_by: { name: string; displayName: string } | null;
  readonly reason: string;
  readonly candidate_id: number | null;
  readonly candidate_state: 'open' | 'decided' | null;
  readonly verdict: VerdictKind | null;
  readonly is_held: boolean;
  readonly pruned_at: Date | null;
  readonly face_sha256: string | null;
}

/**
 * Newest first.
 * @param cameras those that may be seen; undefined: all
 * @param beforeEntry entries of the log below it; undefined: from the newest
 */
export async function listSnapshots(
  db: DbOrTrx,
  filter: SnapshotFilter,
  cameras: readonly number[] | undefined,
  beforeEntry: number | undefined,
  rows: number,
  accessId: number,
): Promise<Snapshot[]> {
  const views = await viewsOf(db, filter, cameras);
  if (views?.length === 0) return [];
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (views) conditions.push(sql`s.view_id = any(${views}::int[])`);
  if (cameras) conditions.push(sql`s.camera_id = any(${[...cameras]}::int[])`);
  if (beforeEntry !== undefined) conditions.push(sql`s.entry < ${beforeEntry}::bigint`);
  if (filter.candidateId !== undefined) conditions.push(sql`s.candidate_id = ${filter.candidateId}`);
  if (filter.cause !== undefined) conditions.push(sql`s.cause = ${filter.cause}`);
  if (filter.stream !== undefined) conditions.push(sql`s.stream_state = ${filter.stream}`);
  if (filter.state !== undefined) conditions.push(sql`c.state = ${filter.state}`);
  if (filter.verdict !== undefined) conditions.push(sql`c.verdict = ${filter.verdict}`);
  const time = timeOf(filter);
  if (time) {
    // The log is in the order of time but where a clock jumped; so the newest of a span are found from the span's end.
    // The sum keeps the planner from walking over the whole log for the one or the other.
    const span = await sql<{ first: number | null; last: number | null }>`
      select min(s.entry + 0) as first, max(s.entry + 0) as last from snapshot s where ${time}`.execute(db);
    const { first = null, last = null } = span.rows[0] ?? {};
    if (first === null || last === null) return [];
    conditions.push(time, sql`s.entry between ${first}::bigint and ${last}::bigint`);
  }
  if (filter.isHeld !== undefined) {
    conditions.push(filter.isHeld ? sql`s.id in (${heldSnapshots()})` : sql`not ${isHeld('s')}`);
  }
  const found = await snapshotRows(db, sql.join(conditions, sql` and `), sql`order by s.entry desc limit ${rows}`);
  return found.map((row) => snapshotOf(row, accessId));
}

function timeOf({ since, until }: SnapshotFilter): RawBuilder<unknown> | undefined {
  const bounds = [
    ...(since === undefined ? [] : [sql`s.sealed_at >= ${new Date(since)}`]),
    ...(until === undefined ? [] : [sql`s.sealed_at < ${new Date(until)}`]),
  ];
  return bounds.length === 0 ? undefined : sql.join(bounds, sql` and `);
}

/** Views a filter is about, by name or number; undefined where it is about all. */
async function viewsOf(
  db: DbOrTrx,
  { viewId, cameraId, place }: SnapshotFilter,
  cameras: readonly number[] | undefined,
): Promise<number[] | undefined> {
  const words = place?.trim() ?? '';
  if (cameraId === undefined && words === '') return viewId === undefined ? undefined : [viewId];
  const part = `%${words.replace(/[\\%_]/g, '\\$&')}%`;
  const found = await db
    .selectFrom('view')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .select('view.id')
    .$if(viewId !== undefined, (query) => query.where('view.id', '=', viewId ?? 0))
    .$if(cameraId !== undefined, (query) => query.where('camera.id', '=', cameraId ?? 0))
    .$if(cameras !== undefined, (query) => query.where('camera.id', 'in', cameras?.length ? [...cameras] : [0]))
    .$if(words !== '', (query) =>
      query.where((eb) =>
        eb.or([eb('camera.place', 'ilike', part), eb('camera.name', 'ilike', part), eb('view.name', 'ilike', part)]),
      ),
    )
    .execute();
  return found.map((view) => view.id);
}

async function snapshotRows(
  db: DbOrTrx,
  condition: RawBuilder<unknown>,
  tail: RawBuilder<unknown>,
): Promise<SnapshotRow[]> {
  // The record is read only of the rows that are shown; what stood in it then is what is said, whatever is so today.
  const found = await sql<SnapshotRow>`
    with shown as (
      select s.*, c.state as candidate_state, c.verdict from snapshot s left join candidate c on c.id = s.candidate_id
      where ${condition} ${tail}
    )
    select shown.id, shown.entry, shown.cause, shown.sealed_at, shown.stream_state, shown.camera_id, shown.view_id,
      shown.candidate_id, shown.candidate_state, shown.verdict,
      said.body -> 'camera' as camera, said.body -> 'view' as view,
      case when jsonb_typeof(said.body #> '{cause,by}') = 'object' then said.body #> '{cause,by}' end as cause_by,
      said.body #>> '{cause,reason}' as reason,
      ${isHeld('shown')} as is_held, p.pruned_at,
      (select f.sha256 from snapshot_file f where f.snapshot_id = shown.id and f.role = any(${[...FACES]}::text[])
        order by array_position(${[...FACES]}::text[], f.role), f.sha256 limit 1) as face_sha256
    from shown
    join lateral (select l.body::jsonb as body from log_entry l where l.seq = shown.entry) said on true
    left join snapshot_pruned p on p.snapshot_id = shown.id
    order by shown.entry desc`.execute(db);
  return found.rows;
}

function snapshotOf(row: SnapshotRow, accessId: number): Snapshot {
  const { id, entry, cause, candidate_id: candidateId, face_sha256: face, pruned_at: prunedAt } = row;
  return {
    ...{ id, entry, cause, sealedAt: row.sealed_at.toISOString() },
    camera: { id: row.camera_id, name: row.camera.name, place: row.camera.place },
    view: { id: row.view_id, name: row.view.name },
    candidate:
      candidateId !== null && row.candidate_state !== null
        ? { id: candidateId, state: row.candidate_state, verdict: row.verdict }
        : null,
    by: row.cause_by && (row.cause_by.displayName || row.cause_by.name),
    reason: row.reason,
    stream: row.stream_state,
    isHeld: row.is_held,
    prunedAt: prunedAt?.toISOString() ?? null,
    thumbnailUrl:
      face === null || prunedAt !== null
        ? null
        : `/api/v1/evidence/${id}/thumbnail.jpg?access=${accessId}&v=${face.slice(0, 12)}`,
  };
}

/** What must be known of a snapshot before it is shown. */
export interface StandingSnapshot {
  readonly cameraId: number;
  readonly viewId: number;
  readonly candidateId: number | null;
}

/** @throws SentinelError web.missing */
export async function findSnapshot(db: DbOrTrx, id: string): Promise<StandingSnapshot> {
  const row = await db
    .selectFrom('snapshot')
    .select(['camera_id as cameraId', 'view_id as viewId', 'candidate_id as candidateId'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'snapshot', id });
  return row;
}

/** @throws SentinelError web.missing */
export async function readSummary(db: DbOrTrx, id: string, accessId: number): Promise<Snapshot> {
  const [row] = await snapshotRows(db, sql`s.id = ${id}::uuid`, sql``);
  if (!row) throw new SentinelError('web.missing', { what: 'snapshot', id });
  return snapshotOf(row, accessId);
}

/** Everything of a snapshot but its holds. @throws SentinelError web.missing */
export async function readDetail(
  db: DbOrTrx,
  id: string,
  accessId: number,
): Promise<Omit<SnapshotDetail, 'holds' | 'keptUntil'>> {
  const summary = await readSummary(db, id, accessId);
  const record = await readRecord(db, summary.entry);
  const matter = await sql<{ id: string; cause: SnapshotCause; sealed_at: Date; stream_state: Snapshot['stream'] }>`
    with recursive chain as (
      select id, follows from snapshot where id = ${id}::uuid
      union
      select s.id, s.follows from snapshot s join chain on s.id = chain.follows or s.follows = chain.id
    )
    select s.id, s.cause, s.sealed_at, s.stream_state from snapshot s
    where s.id in (select id from chain) or s.candidate_id = ${summary.candidate?.id ?? null}
    order by s.entry limit 500`.execute(db);
  return {
    ...summary,
    record: record as unknown as Record<string, unknown>,
    files: filesOf(record, summary, accessId),
    matter: matter.rows.map((row) => ({
      ...{ id: row.id, cause: row.cause, sealedAt: row.sealed_at.toISOString(), stream: row.stream_state },
    })),
  };
}

async function readRecord(db: DbOrTrx, entry: number): Promise<SnapshotRecord> {
  const { body } = await db.selectFrom('log_entry').select('body').where('seq', '=', entry).executeTakeFirstOrThrow();
  return JSON.parse(body) as SnapshotRecord;
}

function filesOf(record: SnapshotRecord, { id, prunedAt }: Snapshot, accessId: number): SnapshotFile[] {
  const url = (sha256: string): string | null =>
    prunedAt === null ? `/api/v1/evidence/${id}/files/${sha256}?access=${accessId}` : null;
  const { stream, pictures } = record;
  return [
    ...(stream.file
      ? [
          {
            ...{ sha256: stream.file.sha256, role: 'stream' as const, mediaType: stream.file.mediaType },
            ...{ bytes: stream.file.bytes, takenAt: stream.units[0]?.arrivedAt ?? null, derivedFrom: null },
            url: url(stream.file.sha256),
          },
        ]
      : []),
    ...pictures.map(({ role, file, takenAt, derivedFrom }) => ({
      ...{ sha256: file.sha256, role, mediaType: file.mediaType, bytes: file.bytes, takenAt },
      ...{ derivedFrom: derivedFrom.sha256, url: url(file.sha256) },
    })),
  ];
}

/** A file of a snapshot that may be shown. @throws SentinelError web.missing, evidence.pruned */
export async function findFile(
  db: DbOrTrx,
  id: string,
  sha256: string,
): Promise<{ mediaType: string; name: string; isPicture: boolean }> {
  const row = await db
    .selectFrom('snapshot')
    .innerJoin('snapshot_file', 'snapshot_file.snapshot_id', 'snapshot.id')
    .leftJoin('snapshot_pruned', 'snapshot_pruned.snapshot_id', 'snapshot.id')
    .select(['snapshot.entry', 'snapshot_file.role', 'snapshot_pruned.pruned_at'])
    .where('snapshot.id', '=', id)
    .where('snapshot_file.sha256', '=', sha256)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'file of snapshot', id: sha256 });
  if (row.pruned_at !== null) throw new SentinelError('evidence.pruned', { snapshotId: id });
  const record = await readRecord(db, row.entry);
  const codec = record.stream.codec ?? 'bin';
  return row.role === 'stream'
    ? {
        mediaType: record.stream.file?.mediaType ?? 'application/octet-stream',
        name: `${id}.${codec}`,
        isPicture: false,
      }
    : { mediaType: 'image/jpeg', name: `${id}-${row.role}.jpg`, isPicture: true };
}

/** Digest of the picture that shows a snapshot in lists. @throws SentinelError web.missing */
export async function findFace(db: DbOrTrx, id: string): Promise<string> {
  const found = await sql<{ sha256: string }>`
    select f.sha256 from snapshot_file f where f.snapshot_id = ${id}::uuid and f.role = any(${[...FACES]}::text[])
      and not exists (select from snapshot_pruned p where p.snapshot_id = f.snapshot_id)
    order by array_position(${[...FACES]}::text[], f.role), f.sha256 limit 1`.execute(db);
  const face = found.rows[0]?.sha256;
  if (face === undefined) throw new SentinelError('web.missing', { what: 'picture of snapshot', id });
  return face;
}

// --- a view through time ---------------------------------------------------------------------------------------------

interface KeptRow {
  readonly kind: KeptPicture['kind'];
  readonly id: string;
  readonly at: Date;
  /** The same in microseconds, by which a page ends. */
  readonly at_us: number;
  readonly lighting: string | null;
  readonly result: string | null;
  readonly sha256: string;
}

/** Pictures of a view that are kept: of looks, lawful ones (which were looks once), and stills of sealed streams. */
function keptOf(viewId: number): RawBuilder<unknown> {
  return sql`
    select 'look' as kind, l.id::text as id, l.captured_at as at, l.lighting, l.result, l.picture_sha256 as sha256
    from look l where l.view_id = ${viewId} and l.picture_sha256 is not null
      and not exists (select from baseline b where b.look_id = l.id)
    union all
    select 'baseline', b.id::text, b.captured_at, b.lighting, null, b.picture_sha256
    from baseline b where b.view_id = ${viewId} and b.polygon is null
    union all
    select 'snapshot', s.id::text, s.sealed_at, null, null, f.sha256
    from snapshot s join snapshot_file f on f.snapshot_id = s.id and f.role = 'still'
    where s.view_id = ${viewId} and not exists (select from snapshot_pruned p where p.snapshot_id = s.id)`;
}

/** Newest first. @param beforeUs microseconds since 1970 */
export async function listKept(
  db: DbOrTrx,
  viewId: number,
  span: { since?: string; until?: string },
  beforeUs: number | undefined,
  rows: number,
): Promise<KeptRow[]> {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (span.since !== undefined) conditions.push(sql`at >= ${new Date(span.since)}`);
  if (span.until !== undefined) conditions.push(sql`at < ${new Date(span.until)}`);
  if (beforeUs !== undefined) conditions.push(sql`at < 'epoch'::timestamptz + ${beforeUs}::bigint * interval '1 us'`);
  const found = await sql<KeptRow>`
    select kind, id, at, (extract(epoch from at) * 1000000)::bigint as at_us, lighting, result, sha256
    from (${keptOf(viewId)}) kept where ${sql.join(conditions, sql` and `)}
    order by at desc, kind, id limit ${rows}`.execute(db);
  return found.rows;
}

/** The kept pictures nearest to two times. */
export async function findCompared(
  db: DbOrTrx,
  viewId: number,
  { first, second }: { first: string; second: string },
): Promise<{ first: KeptRow | undefined; second: KeptRow | undefined }> {
  const nearest = async (time: string): Promise<KeptRow | undefined> => {
    const at = new Date(time);
    const found = await sql<KeptRow>`
      with kept as (${keptOf(viewId)}), near as (
        (select * from kept where at <= ${at} order by at desc limit 1)
        union all (select * from kept where at > ${at} order by at limit 1))
      select kind, id, at, (extract(epoch from at) * 1000000)::bigint as at_us, lighting, result, sha256 from near
      order by abs(extract(epoch from at - ${at}::timestamptz)) limit 1`.execute(db);
    return found.rows[0];
  };
  const [one, other] = await Promise.all([nearest(first), nearest(second)]);
  return { first: one, second: other };
}

export function keptPictureOf(row: KeptRow, viewId: number, accessId: number): KeptPicture {
  const query = `access=${accessId}&v=${row.sha256.slice(0, 12)}`;
  return {
    ...{ kind: row.kind, id: row.id, takenAt: row.at.toISOString(), lighting: row.lighting, result: row.result },
    pictureUrl:
      row.kind === 'snapshot'
        ? `/api/v1/evidence/${row.id}/files/${row.sha256}?access=${accessId}`
        : `/api/v1/evidence/views/${viewId}/${row.kind}/${row.id}/picture.jpg?${query}`,
  };
}

/** Camera of a view. @throws SentinelError web.missing */
export async function findViewCamera(db: DbOrTrx, viewId: number): Promise<number> {
  const row = await db.selectFrom('view').select('camera_id').where('id', '=', viewId).executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'view', id: viewId });
  return row.camera_id;
}

/** @throws SentinelError web.missing */
export async function findKeptPicture(
  db: DbOrTrx,
  viewId: number,
  kind: 'look' | 'baseline',
  id: number,
): Promise<string> {
  const row = await db
    .selectFrom(kind)
    .select('picture_sha256')
    .where('id', '=', id)
    .where('view_id', '=', viewId)
    .executeTakeFirst();
  if (!row?.picture_sha256) throw new SentinelError('web.missing', { what: `picture of ${kind}`, id });
  return row.picture_sha256;
}

/** Camera of an item. @throws SentinelError web.missing */
export async function findCandidateCamera(db: DbOrTrx, candidateId: number): Promise<number> {
  const row = await db
    .selectFrom('candidate')
    .innerJoin('view', 'view.id', 'candidate.view_id')
    .select('view.camera_id')
    .where('candidate.id', '=', candidateId)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'candidate', id: candidateId });
  return row.camera_id;
}
