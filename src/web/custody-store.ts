/** The SQL behind the pages of holds and custody. */
import { sql, type RawBuilder } from 'kysely';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { CustodyEntry, EvidenceHold } from './contract.ts';

interface HoldRow {
  readonly id: number;
  readonly candidate_id: number | null;
  readonly snapshot_ids: string[];
  readonly reason: string;
  readonly purpose: string;
  readonly by: string;
  readonly placed_unit: string | null;
  readonly placed_at: Date;
  readonly released_at: Date | null;
  readonly released_by: string | null;
  readonly release_reason: string | null;
}

/**
 * Newest first.
 * @param filter.snapshotId holds on this snapshot, also through its item
 * @param filter.cameras holds on a snapshot or an item of these cameras; undefined: of any
 */
export async function listHolds(
  db: DbOrTrx,
  filter: {
    id?: number;
    snapshotId?: string;
    isReleased?: boolean | undefined;
    cameras?: readonly number[] | undefined;
    beforeId?: number | undefined;
  },
  rows: number,
): Promise<EvidenceHold[]> {
  const { snapshotId, isReleased, cameras, beforeId } = filter;
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (filter.id !== undefined) conditions.push(sql`h.id = ${filter.id}`);
  if (beforeId !== undefined) conditions.push(sql`h.id < ${beforeId}`);
  if (isReleased !== undefined) conditions.push(sql`(h.released_at is not null) = ${isReleased}`);
  const held = sql`(
    s.candidate_id = h.candidate_id
    or s.id in (select hs.snapshot_id from evidence_hold_snapshot hs where hs.hold_id = h.id))`;
  if (snapshotId !== undefined) {
    conditions.push(sql`exists (select from snapshot s where s.id = ${snapshotId}::uuid and ${held})`);
  }
  if (cameras) {
    conditions.push(sql`exists (select from snapshot s where s.camera_id = any(${[...cameras]}::int[]) and ${held})`);
  }
  const found = await sql<HoldRow>`
    select h.id, h.candidate_id, h.reason, h.purpose, h.placed_unit, h.placed_at, h.released_at, h.release_reason,
      array(select hs.snapshot_id::text from evidence_hold_snapshot hs where hs.hold_id = h.id order by 1) as snapshot_ids,
      coalesce(nullif(p.display_name, ''), p.name) as by, coalesce(nullif(r.display_name, ''), r.name) as released_by
    from evidence_hold h join app_user p on p.id = h.placed_by left join app_user r on r.id = h.released_by
    where ${sql.join(conditions, sql` and `)} order by h.id desc limit ${rows}`.execute(db);
  return found.rows.map((row) => ({
    ...{ id: row.id, snapshotIds: row.snapshot_ids, candidateId: row.candidate_id, reason: row.reason },
    ...{ purpose: row.purpose, by: row.by, unit: row.placed_unit, at: row.placed_at.toISOString() },
    released: row.released_at && {
      at: row.released_at.toISOString(),
      ...{ by: row.released_by ?? '', reason: row.release_reason ?? '' },
    },
  }));
}

/**
 * Entries of the log about a thing, the newest first.
 * @param subject as in the log: `snapshot:<uuid>`, `custody`, `user:<id>`
 */
export async function listCustody(
  db: DbOrTrx,
  subject: string,
  filter: { kind?: string | undefined; since?: string | undefined; until?: string | undefined },
  beforeEntry: number | undefined,
  rows: number,
): Promise<CustodyEntry[]> {
  const conditions: RawBuilder<unknown>[] = [sql`t.subject = ${subject}`];
  if (beforeEntry !== undefined) conditions.push(sql`t.entry < ${beforeEntry}::bigint`);
  if (filter.kind !== undefined) conditions.push(sql`l.kind = ${filter.kind}`);
  if (filter.since !== undefined) conditions.push(sql`l.at >= ${new Date(filter.since)}`);
  if (filter.until !== undefined) conditions.push(sql`l.at < ${new Date(filter.until)}`);
  const found = await sql<{ entry: number; kind: string; at: Date; body: string }>`
    select t.entry, l.kind, l.at, l.body from log_subject t join log_entry l on l.seq = t.entry
    where ${sql.join(conditions, sql` and `)} order by t.entry desc limit ${rows}`.execute(db);
  return found.rows.map(({ entry, kind, at, body }) => custodyEntryOf(entry, kind, at, body));
}

/** The same, each with what it was about: for whoever may see all cameras. */
export async function listLedger(...asked: Parameters<typeof listCustody>): Promise<CustodyEntry[]> {
  const [db] = asked;
  const entries = await listCustody(...asked);
  const told = entries.map(({ body }) => ({ snapshots: snapshotsIn(body), viewId: viewIn(body) }));
  const ids = told.flatMap(({ snapshots }) => snapshots.slice(0, SNAPSHOTS_LOOKED_UP));
  const viewIds = told.flatMap(({ viewId }) => viewId ?? []);
  const place = sql`coalesce(nullif(c.place, ''), c.name) as place`;
  const [ofSnapshots, ofViews] = await Promise.all([
    sql<{ id: string; place: string }>`
      select s.id::text as id, ${place} from snapshot s join camera c on c.id = s.camera_id
      where s.id = any(${ids}::uuid[])`.execute(db),
    sql<{ id: number; place: string }>`
      select v.id, ${place} from view v join camera c on c.id = v.camera_id
      where v.id = any(${viewIds}::int[])`.execute(db),
  ]);
  const placeOf = new Map<string | number, string>(
    [...ofSnapshots.rows, ...ofViews.rows].map((row) => [row.id, row.place]),
  );
  return entries.map((entry, index) => {
    const { snapshots = [], viewId } = told[index] ?? {};
    const places = [...snapshots, ...(viewId === undefined ? [] : [viewId])].flatMap((id) => placeOf.get(id) ?? []);
    const about = {
      places: [...new Set(places)].slice(0, PLACES_SHOWN),
      snapshots: snapshots.length,
      snapshotId: snapshots.length === 1 ? (snapshots[0] ?? null) : null,
    };
    return { ...entry, about };
  });
}

const PLACES_SHOWN = 4;
const SNAPSHOTS_LOOKED_UP = 100;

/** A sealed record is about itself; all others name them. */
function snapshotsIn({ format, id, snapshots }: Readonly<Record<string, unknown>>): string[] {
  if (format === 'sentinel-snapshot/1') return typeof id === 'string' ? [id] : [];
  return Array.isArray(snapshots) ? snapshots.filter((one): one is string => typeof one === 'string') : [];
}

function viewIn({ format, view }: Readonly<Record<string, unknown>>): number | undefined {
  const id = format === 'sentinel-custody/1' && isFields(view) ? view['id'] : undefined;
  return typeof id === 'number' ? id : undefined;
}

/** Entries differ in where they say who and why: a sealed record under its cause, all others at the top. */
function custodyEntryOf(entry: number, kind: string, at: Date, text: string): CustodyEntry {
  const body = JSON.parse(text) as Record<string, unknown>;
  const said = (isFields(body['cause']) ? body['cause'] : body) as Said;
  const stream = isFields(body['stream']) ? body['stream']['state'] : undefined;
  const by = isFields(said.by) ? said.by : undefined;
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    ...{ entry, kind, at: at.toISOString(), body },
    about: null,
    by: by ? { name: textOf(by['name']), displayName: textOf(by['displayName']), role: textOf(by['role']) } : null,
    unit: by && typeof by['unit'] === 'string' ? by['unit'] : null,
    ...{ reason: textOf(said.reason), purpose: textOf(said.purpose) },
    result: textOf(body['result'] ?? body['rule'] ?? stream),
  };
}

interface Said {
  readonly by?: unknown;
  readonly reason?: unknown;
  readonly purpose?: unknown;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
