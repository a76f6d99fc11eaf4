/** SQL of stills and tiles: the newest picture that may be shown of a view or a camera, and how the camera is. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { CameraState, ViewState } from '../drivers/postgres/schema.ts';
import type { Db } from '../drivers/postgres/postgres.ts';

/**
 * The newest picture of each view: its still, or a kept picture of a look where that is newer. A view with privacy masks
 * shows only a still with the very masks that hold now: an older picture may show what is hidden since.
 */
const newestPictures = sql`
  select v.id as view_id, v.camera_id,
    case when k.captured_at is not null and (s.captured_at is null or k.captured_at > s.captured_at)
      then k.captured_at else s.captured_at end as captured_at,
    case when k.captured_at is not null and (s.captured_at is null or k.captured_at > s.captured_at)
      then k.picture_sha256 end as sha256
  from view v
  cross join lateral (
    select exists (select from mask m where m.view_id = v.id and m.kind = 'privacy') as masked) p
  left join still s on s.view_id = v.id and (s.version = v.baseline_version or not p.masked)
  left join lateral (
    select l.captured_at, l.picture_sha256 from look l
    where l.view_id = v.id and l.picture_sha256 is not null order by l.id desc limit 1) k on not p.masked`;

export interface NewestPicture {
  readonly viewId: number;
  readonly capturedAt: Date;
  /** Of a kept picture of a look; null: the view's still. */
  readonly sha256: string | null;
}

/** @throws SentinelError web.missing where no picture may be shown */
export async function newestPicture(
  db: Db,
  of: { readonly viewId: number } | { readonly cameraId: number },
): Promise<NewestPicture> {
  const which = 'viewId' in of ? sql`n.view_id = ${of.viewId}` : sql`n.camera_id = ${of.cameraId}`;
  const found = await sql<{ view_id: number; captured_at: Date; sha256: string | null }>`
    select n.view_id, n.captured_at, n.sha256 from (${newestPictures}) n
    where ${which} and n.captured_at is not null order by n.captured_at desc limit 1`.execute(db);
  const row = found.rows[0];
  if (!row) {
    throw 'viewId' in of
      ? new SentinelError('web.missing', { what: 'still of view', id: of.viewId })
      : new SentinelError('web.missing', { what: 'still of camera', id: of.cameraId });
  }
  return { viewId: row.view_id, capturedAt: row.captured_at, sha256: row.sha256 };
}

/** The bytes of a view's still that may be shown. @throws SentinelError web.missing */
export async function readStill(db: Db, viewId: number): Promise<{ capturedAt: Date; jpeg: Buffer }> {
  const found = await sql<{ captured_at: Date; jpeg: Buffer }>`
    select s.captured_at, s.jpeg from still s join view v on v.id = s.view_id
    where s.view_id = ${viewId} and (s.version = v.baseline_version
      or not exists (select from mask m where m.view_id = v.id and m.kind = 'privacy'))`.execute(db);
  const row = found.rows[0];
  if (!row) throw new SentinelError('web.missing', { what: 'still of view', id: viewId });
  return { capturedAt: row.captured_at, jpeg: row.jpeg };
}

/** Wishes for every look's picture of these cameras' views, until `until`. */
export async function wishStills(db: Db, cameraIds: readonly number[], until: Date): Promise<void> {
  if (cameraIds.length === 0) return;
  await sql`
    insert into still_wish (view_id, until)
    select id, ${until}::timestamptz from view where camera_id = any(${[...cameraIds]}::int[]) order by id
    on conflict (view_id) do update set until = excluded.until`.execute(db);
}

export interface StoredTile {
  readonly camera_id: number;
  readonly name: string;
  readonly place: string;
  readonly kind: 'fixed' | 'ptz';
  readonly enabled: boolean;
  readonly state: CameraState | null;
  readonly since: Date | null;
  readonly reason: string | null;
  readonly created_at: Date;
  readonly view_id: number | null;
  readonly view_name: string | null;
  readonly view_state: ViewState | null;
  readonly cadence_s: number | null;
  readonly not_judged_reason: string | null;
  readonly not_judged_since: Date | null;
  readonly captured_at: Date | null;
  readonly masked: boolean;
  /** When the newest alert that nobody has acknowledged was raised. */
  readonly alert_at: Date | null;
}

/** Tiles in the order asked for; of a camera with several views the one whose picture is the newest. */
export async function readTiles(db: Db, cameraIds: readonly number[]): Promise<StoredTile[]> {
  if (cameraIds.length === 0) return [];
  const found = await sql<StoredTile>`
    select c.id as camera_id, c.name, c.place, c.kind, c.enabled, h.state, h.since, h.reason, c.created_at,
      w.id as view_id, w.name as view_name, w.state as view_state, w.cadence_s, w.not_judged_reason, w.not_judged_since,
      n.captured_at,
      exists (select from mask m join view mv on mv.id = m.view_id
        where mv.camera_id = c.id and m.kind = 'privacy') as masked,
      (select max(o.raised_at) from candidate o join view ov on ov.id = o.view_id
        where ov.camera_id = c.id and o.state = 'open' and not exists (
          select from acknowledgement a where a.candidate_id = o.id and a.undone_at is null)) as alert_at
    from unnest(${[...cameraIds]}::int[]) with ordinality as asked (id, place)
    join camera c on c.id = asked.id
    left join camera_health h on h.camera_id = c.id
    left join lateral (
      select p.view_id, p.captured_at from (${newestPictures}) p where p.camera_id = c.id
      order by p.captured_at desc nulls last, p.view_id limit 1) n on true
    left join view w on w.id = n.view_id
    order by asked.place`.execute(db);
  return found.rows;
}
