/** SQL of coverage: what was looked at, and the views that nothing looks at. */
import { sql } from 'kysely';
import type { Db } from '../drivers/postgres/postgres.ts';
import { coverageOf, type CoverageOfView, type SeenLook } from './coverage.ts';
import { readRoutes, roundsOf } from './route-store.ts';
import { spansInForce, type Route } from './route.ts';
import type { Span } from './timetable.ts';

export interface CoverageOfRoute {
  readonly route: Route;
  readonly views: readonly { readonly viewId: number; readonly stopId: number; readonly coverage: CoverageOfView }[];
}

/** Coverage of each route of a camera, or of one of them. @param period UTC ms */
export async function readCoverage(
  db: Db,
  cameraId: number,
  period: Span,
  routeId?: number,
): Promise<CoverageOfRoute[]> {
  const routes = await readRoutes(db, cameraId);
  const rounds = await roundsOf(db, routes, cameraId);
  const wanted = routes.filter(({ id }) => routeId === undefined || id === routeId);
  const viewIds = [...new Set(wanted.flatMap(({ stops }) => stops.map(({ viewId }) => viewId)))];
  const looks = await looksOf(db, viewIds, period);
  const madeAtMs = await madeAtMsOf(db, cameraId);
  return wanted.map((route) => {
    // Nothing was planned before the route was drawn.
    const fromMs = Math.min(period.toMs, Math.max(period.fromMs, madeAtMs.get(route.id) ?? 0));
    const active = spansInForce(route, routes, fromMs, period.toMs);
    const seen = new Set<number>();
    // A place that comes twice a round is planned twice a round.
    const perRound = (viewId: number): number => route.stops.filter((stop) => stop.viewId === viewId).length;
    const views = route.stops.flatMap((stop) => {
      if (!stop.judged || seen.has(stop.viewId)) return [];
      seen.add(stop.viewId);
      const roundS = (rounds.get(route.id) ?? 0) / perRound(stop.viewId);
      const coverage = coverageOf(looks.get(stop.viewId) ?? [], active, roundS, period);
      return [{ viewId: stop.viewId, stopId: stop.id, coverage }];
    });
    return { route, views };
  });
}

async function madeAtMsOf(db: Db, cameraId: number): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('patrol_route')
    .select(['id', 'created_at'])
    .where('camera_id', '=', cameraId)
    .execute();
  return new Map(rows.map(({ id, created_at }) => [id, created_at.getTime()]));
}

async function looksOf(db: Db, viewIds: readonly number[], { fromMs, toMs }: Span): Promise<Map<number, SeenLook[]>> {
  const looks = new Map<number, SeenLook[]>();
  if (viewIds.length === 0) return looks;
  const rows = await db
    .selectFrom('look')
    .select(['view_id', 'captured_at', 'result', 'reason'])
    .where('view_id', 'in', [...viewIds])
    .where('captured_at', '>=', new Date(fromMs))
    .where('captured_at', '<', new Date(toMs))
    .orderBy('captured_at')
    .execute();
  for (const row of rows) {
    // What was learned from was seen well; what is only kept waiting while a person accepts the pictures, too.
    const seenWell = row.result !== 'not_judged' || row.reason === 'learning' || row.reason === 'proposed';
    const list = looks.get(row.view_id) ?? [];
    list.push({ atMs: row.captured_at.getTime(), reason: seenWell ? null : (row.reason ?? 'unknown') });
    looks.set(row.view_id, list);
  }
  return looks;
}

export interface BlindSpot {
  readonly viewId: number;
  readonly viewName: string;
  readonly cameraId: number;
  readonly cameraName: string;
  readonly place: string;
  readonly lastGoodLookAt: Date | null;
  readonly reason: string | null;
}

/**
 * Views of enabled cameras that nothing has looked at well since a time: the blind spots, those never seen first.
 * @param cameras of these alone; undefined: of all
 */
export async function blindSpots(
  db: Db,
  sinceMs: number,
  rows: number,
  cameras?: readonly number[],
): Promise<BlindSpot[]> {
  const since = new Date(sinceMs);
  const found = await sql<BlindSpot>`
    select v.id as "viewId", v.name as "viewName", c.id as "cameraId", c.name as "cameraName", c.place,
      seen.at as "lastGoodLookAt",
      case
        when v.last_look_at > ${since} then v.not_judged_reason
        when c.kind = 'ptz' and not exists (select from patrol_stop s join patrol_route r on r.id = s.route_id
          where s.view_id = v.id and s.judged and r.enabled) then 'no_route'
        when v.not_judged_reason is not null then v.not_judged_reason
        else 'no_look'
      end as reason
    from view v join camera c on c.id = v.camera_id cross join lateral (
      select case when v.last_judged_at > ${since} then v.last_judged_at else coalesce(
        (select l.captured_at from look l where l.view_id = v.id
          and (l.result in ('learning', 'changed', 'unchanged') or l.reason in ('learning', 'proposed'))
          order by l.id desc limit 1), v.last_judged_at) end as at) seen
    where c.enabled and v.state <> 'paused' ${cameras ? sql`and c.id = any(${[...cameras]}::int[])` : sql``}
      and (seen.at is null or seen.at <= ${since})
    order by seen.at nulls first, v.id limit ${rows}`.execute(db);
  return found.rows;
}
