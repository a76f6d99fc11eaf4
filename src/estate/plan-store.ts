/** Plans in SQL: their pictures, and the place of buildings, cameras and views on them. */
import { sql, type Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Polygon } from '../base/picture.ts';
import { recordAudit, recordEvents, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { CameraState, Database } from '../drivers/postgres/schema.ts';
import type { By } from './household-store.ts';

type Trx = Transaction<Database>;

export interface PlanRow {
  readonly id: number;
  readonly name: string;
  readonly position: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly sha256: string;
  readonly cameras: number;
}

export interface CameraPlace {
  readonly x: number;
  readonly y: number;
  readonly headingDeg: number;
  readonly spreadDeg: number;
  readonly reach: number;
}

export interface PlacedCamera extends CameraPlace {
  readonly cameraId: number;
  readonly name: string;
  readonly place: string;
  readonly kind: 'fixed' | 'ptz';
  readonly enabled: boolean;
  readonly state: CameraState;
  readonly lastLookAt: Date | null;
  readonly notJudged: boolean;
  readonly open: number;
  readonly safety: number;
  readonly high: number;
  readonly openSince: Date | null;
  readonly viewId: number | null;
}

export interface PlacedView {
  readonly viewId: number;
  readonly cameraId: number;
  readonly name: string;
  readonly polygon: Polygon;
  readonly open: number;
  readonly safety: number;
  readonly high: number;
}

export interface PlacedBuilding {
  readonly buildingId: number;
  readonly name: string;
  readonly polygon: Polygon;
}

/** Where something is put; null takes it away. */
export type Placing =
  | { readonly what: 'camera'; readonly id: number; readonly at: CameraPlace | null }
  | { readonly what: 'view' | 'building'; readonly id: number; readonly at: { readonly polygon: Polygon } | null };

export interface NewPlan {
  readonly name: string;
  readonly sha256: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

// --- plans -----------------------------------------------------------------------------------------------------------

/** @param cameras count only these as placed */
export async function listPlans(db: DbOrTrx, cameras?: readonly number[], id?: number): Promise<PlanRow[]> {
  const seen = cameras === undefined ? sql`` : sql`and p.camera_id = any(${[...cameras]}::int[])`;
  const found = await sql<PlanRow>`
    select plan.id, plan.name, plan.position, plan.width_px as "widthPx", plan.height_px as "heightPx",
      plan.picture_sha256 as sha256,
      (select count(*)::int from plan_camera p where p.plan_id = plan.id ${seen}) as cameras
    from plan ${id === undefined ? sql`` : sql`where plan.id = ${id}`}
    order by plan.position, plan.id limit ${LIMITS.plans}`.execute(db);
  return found.rows;
}

/** @throws SentinelError web.missing */
export async function readPlan(db: DbOrTrx, id: number, cameras?: readonly number[]): Promise<PlanRow> {
  const [plan] = await listPlans(db, cameras, id);
  if (!plan) throw new SentinelError('web.missing', { what: 'plan', id });
  return plan;
}

/** @throws SentinelError plan.too_many */
export function addPlan(db: Db, estateId: number, plan: NewPlan, by: By): Promise<PlanRow> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext('sentinel.plan'))`.execute(trx);
    const { n, last } = await trx
      .selectFrom('plan')
      .select((eb) => [
        eb.fn.countAll<number>().as('n'),
        eb.fn.coalesce(eb.fn.max('position'), sql<number>`-1`).as('last'),
      ])
      .executeTakeFirstOrThrow();
    if (n >= LIMITS.plans) throw new SentinelError('plan.too_many', { limit: LIMITS.plans });
    const { id } = await trx
      .insertInto('plan')
      .values({ estate_id: estateId, position: last + 1, changed_at: new Date(by.nowMs), ...rowOf(plan) })
      .returning('id')
      .executeTakeFirstOrThrow();
    await told(trx, id, 'plan.created', { name: plan.name, sha256: plan.sha256 }, by);
    return readPlan(trx, id);
  });
}

/** Another name, another order, or another picture, on which all keeps its place. @throws SentinelError web.missing */
export function changePlan(
  db: Db,
  id: number,
  change: Partial<NewPlan> & { readonly position?: number },
  by: By,
): Promise<PlanRow> {
  return db.transaction().execute(async (trx) => {
    const set = { ...rowOf(change), ...(change.position !== undefined && { position: change.position }) };
    const changed = await trx
      .updateTable('plan')
      .set({ ...set, changed_at: new Date(by.nowMs) })
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    if (!changed) throw new SentinelError('web.missing', { what: 'plan', id });
    await told(trx, id, 'plan.changed', set, by);
    return readPlan(trx, id);
  });
}

/** With all that is placed on it. The picture goes with the sweep of files. @throws SentinelError web.missing */
export async function removePlan(db: Db, id: number, by: By): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { name, cameras } = await readPlan(trx, id);
    await trx.deleteFrom('plan').where('id', '=', id).execute();
    await told(trx, id, 'plan.removed', { name, cameras }, by);
  });
}

function rowOf({ name, sha256, widthPx, heightPx }: Partial<NewPlan>) {
  return {
    ...(name !== undefined && { name: name.trim() }),
    ...(sha256 !== undefined && { picture_sha256: sha256 }),
    ...(widthPx !== undefined && { width_px: widthPx }),
    ...(heightPx !== undefined && { height_px: heightPx }),
  } as { name: string; picture_sha256: string; width_px: number; height_px: number };
}

// --- what is placed --------------------------------------------------------------------------------------------------

/** @param cameras only these, and views of these; absent: all */
export async function readPlaced(
  db: DbOrTrx,
  planId: number,
  cameras?: readonly number[],
): Promise<{ cameras: PlacedCamera[]; views: PlacedView[]; buildings: PlacedBuilding[] }> {
  const seen = (column: string) =>
    cameras === undefined ? sql`true` : sql`${sql.ref(column)} = any(${[...cameras]}::int[])`;
  const [placed, views, buildings] = await Promise.all([
    sql<PlacedCamera>`
      with opened as (
        select v.camera_id, count(*)::int as open, count(*) filter (where k.severity = 'safety')::int as safety,
          count(*) filter (where k.severity = 'high')::int as high,
          min(k.raised_at) as since
        from candidate k join view v on v.id = k.view_id where k.state = 'open' group by v.camera_id
      ), looked as (
        select camera_id, min(id) as view_id, max(last_look_at) as last_look_at,
          bool_or(state = 'watching' and not_judged_reason is not null) as not_judged
        from view group by camera_id
      )
      select p.camera_id as "cameraId", c.name, c.place, c.kind, c.enabled, coalesce(h.state, 'unknown') as state,
        p.x, p.y, p.heading_deg as "headingDeg", p.spread_deg as "spreadDeg", p.reach,
        l.view_id as "viewId", l.last_look_at as "lastLookAt", coalesce(l.not_judged, false) as "notJudged",
        coalesce(o.open, 0) as open, coalesce(o.safety, 0) as safety, coalesce(o.high, 0) as high, o.since as "openSince"
      from plan_camera p join camera c on c.id = p.camera_id
      left join camera_health h on h.camera_id = c.id
      left join looked l on l.camera_id = c.id left join opened o on o.camera_id = c.id
      where p.plan_id = ${planId} and ${seen('p.camera_id')} order by p.camera_id`.execute(db),
    sql<PlacedView>`
      select p.view_id as "viewId", v.camera_id as "cameraId", v.name, p.polygon,
        count(k.id)::int as open, count(k.id) filter (where k.severity = 'safety')::int as safety,
        count(k.id) filter (where k.severity = 'high')::int as high
      from plan_view p join view v on v.id = p.view_id
      left join candidate k on k.view_id = v.id and k.state = 'open'
      where p.plan_id = ${planId} and ${seen('v.camera_id')}
      group by p.view_id, v.camera_id, v.name, p.polygon order by p.view_id`.execute(db),
    sql<PlacedBuilding>`
      select p.building_id as "buildingId", b.name, p.polygon from plan_building p join building b on b.id = p.building_id
      where p.plan_id = ${planId} order by b.sort_key, b.id`.execute(db),
  ]);
  return { cameras: placed.rows, views: views.rows, buildings: buildings.rows };
}

/** The first plan that a camera is placed on, and where on it; undefined where it is on none. */
export async function firstPlaceOf(
  db: DbOrTrx,
  cameraId: number,
): Promise<({ planId: number; planName: string; pictureSha256: string } & CameraPlace) | undefined> {
  const row = await db
    .selectFrom('plan_camera')
    .innerJoin('plan', 'plan.id', 'plan_camera.plan_id')
    .select(['plan.id', 'plan.name', 'plan.picture_sha256', 'x', 'y', 'heading_deg', 'spread_deg', 'reach'])
    .where('plan_camera.camera_id', '=', cameraId)
    .orderBy('plan.position')
    .orderBy('plan.id')
    .limit(1)
    .executeTakeFirst();
  return (
    row && {
      ...{ planId: row.id, planName: row.name, pictureSha256: row.picture_sha256, x: row.x, y: row.y },
      ...{ headingDeg: row.heading_deg, spreadDeg: row.spread_deg, reach: row.reach },
    }
  );
}

/** Puts one thing on a plan, elsewhere on it, or takes it away. @throws SentinelError web.missing */
export async function place(db: Db, planId: number, placing: Placing, by: By): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await readPlan(trx, planId);
    const { what, id, at } = placing;
    const known = await trx.selectFrom(what).select('id').where('id', '=', id).executeTakeFirst();
    if (!known) throw new SentinelError('web.missing', { what, id });
    if (at === null) await takeAway(trx, planId, what, id);
    else if (placing.what === 'camera') await putCamera(trx, planId, id, placing.at as CameraPlace);
    else await putArea(trx, planId, placing.what, id, (at as { polygon: Polygon }).polygon);
    await told(trx, planId, at === null ? 'plan.taken_away' : 'plan.placed', { [what]: id, ...at }, by);
  });
}

async function putCamera(trx: Trx, planId: number, cameraId: number, at: CameraPlace): Promise<void> {
  const row = { x: at.x, y: at.y, heading_deg: at.headingDeg, spread_deg: at.spreadDeg, reach: at.reach };
  await trx
    .insertInto('plan_camera')
    .values({ plan_id: planId, camera_id: cameraId, ...row })
    .onConflict((conflict) => conflict.columns(['plan_id', 'camera_id']).doUpdateSet(row))
    .execute();
}

async function putArea(
  trx: Trx,
  planId: number,
  what: 'view' | 'building',
  id: number,
  polygon: Polygon,
): Promise<void> {
  const row = { polygon: JSON.stringify(polygon) };
  if (what === 'view') {
    await trx
      .insertInto('plan_view')
      .values({ plan_id: planId, view_id: id, ...row })
      .onConflict((conflict) => conflict.columns(['plan_id', 'view_id']).doUpdateSet(row))
      .execute();
  } else {
    await trx
      .insertInto('plan_building')
      .values({ plan_id: planId, building_id: id, ...row })
      .onConflict((conflict) => conflict.columns(['plan_id', 'building_id']).doUpdateSet(row))
      .execute();
  }
}

async function takeAway(trx: Trx, planId: number, what: Placing['what'], id: number): Promise<void> {
  if (what === 'camera')
    await trx.deleteFrom('plan_camera').where('plan_id', '=', planId).where('camera_id', '=', id).execute();
  if (what === 'view')
    await trx.deleteFrom('plan_view').where('plan_id', '=', planId).where('view_id', '=', id).execute();
  if (what === 'building') {
    await trx.deleteFrom('plan_building').where('plan_id', '=', planId).where('building_id', '=', id).execute();
  }
}

async function told(trx: Trx, planId: number, action: string, details: Record<string, unknown>, by: By): Promise<void> {
  await recordAudit(trx, { userId: by.userId, action, subject: `plan ${planId}`, details, atMs: by.nowMs });
  await recordEvents(trx, 'plan.changed', [{ planId, change: action }], by.nowMs);
}
