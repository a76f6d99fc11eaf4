/** SQL of routes: read for the dome that goes them, checked and written for the people who draw them. */
import { sql, type Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { recordAudit, recordEvents, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { Database, PersistenceRule, StoredPosition } from '../drivers/postgres/schema.ts';
import {
  problemsOf,
  roundSeconds,
  viewKeyOf,
  type Route,
  type RouteProblem,
  type Stop,
  type StopTarget,
} from './route.ts';
import { problemsText } from './route-words.ts';
import { copyDay, type Window } from './timetable.ts';

type Trx = Transaction<Database>;

export interface StopWatch {
  readonly judged: boolean;
  readonly persistenceRule: PersistenceRule | null;
  readonly minScore: number | null;
}

/** A stop as a person drew it. */
export interface DrawnStop extends StopTarget {
  readonly name: string;
  readonly dwellS: number;
  readonly speed: number | null;
  /** Absent: as it is, or judged by the defaults where it is new. */
  readonly watch?: StopWatch | undefined;
}

/** A route as a person drew it. */
export interface DrawnRoute {
  readonly cameraId: number;
  readonly name: string;
  readonly enabled: boolean;
  readonly priority: number;
  readonly randomOrder: boolean;
  /** Null: the estate's. */
  readonly timeZone: string | null;
  readonly windows: readonly Window[];
  readonly stops: readonly DrawnStop[];
}

export interface CheckedRoute {
  readonly problems: readonly RouteProblem[];
  readonly roundS: number;
  readonly estateZone: string;
}

/** The routes of a camera with their stops, in order of their ids. */
export async function readRoutes(db: DbOrTrx, cameraId: number): Promise<Route[]> {
  const routes = await db
    .selectFrom('patrol_route as route')
    .innerJoin('camera', 'camera.id', 'route.camera_id')
    .innerJoin('estate', 'estate.id', 'camera.estate_id')
    .select(['route.id', 'route.camera_id', 'route.name', 'route.enabled', 'route.priority', 'route.random_order'])
    .select(['route.time_zone', 'route.windows', 'estate.time_zone as estate_zone'])
    .where('route.camera_id', '=', cameraId)
    .orderBy('route.id')
    .execute();
  if (routes.length === 0) return [];
  const stops = await db
    .selectFrom('patrol_stop')
    .selectAll()
    .where(
      'route_id',
      'in',
      routes.map(({ id }) => id),
    )
    .orderBy('route_id')
    .orderBy('ordinal')
    .execute();
  return routes.map((row) => ({
    id: row.id,
    cameraId: row.camera_id,
    name: row.name,
    enabled: row.enabled,
    priority: row.priority,
    randomOrder: row.random_order,
    timeZone: row.time_zone ?? row.estate_zone,
    windows: row.windows,
    stops: stops
      .filter(({ route_id }) => route_id === row.id)
      .map((stop): Stop => ({
        id: stop.id,
        name: stop.name,
        preset: stop.preset,
        position: stop.position,
        zoom: stop.zoom,
        dwellS: stop.dwell_s,
        speed: stop.speed,
        judged: stop.judged,
        viewId: stop.view_id,
      })),
  }));
}

/** What is wrong with a route as it is drawn, and how long its round takes. @param replaces the route it is to replace */
export async function checkRoute(
  db: DbOrTrx,
  drawn: DrawnRoute,
  replaces: number | undefined,
  nowMs: number,
): Promise<CheckedRoute> {
  const camera = await requireTurret(db, drawn.cameraId);
  const { listed: presets, names: presetNames } = await readPresets(db, drawn.cameraId);
  const others = (await readRoutes(db, drawn.cameraId)).filter(({ id }) => id !== replaces);
  const measured = await measuredSeconds(db, drawn.cameraId);
  const stops = drawn.stops.filter((stop) => stop.preset !== null || stop.position !== null);
  const roundS = roundSeconds(
    stops,
    (preset) => presets?.get(preset) ?? null,
    (index) => measured.get(viewKeyOf(stops[index] as StopTarget)),
  );
  const around = { estateZone: camera.estateZone, presets, presetNames, others, roundS, nowMs };
  const problems = problemsOf({ ...drawn, id: replaces ?? Number.MAX_SAFE_INTEGER }, around);
  return { problems, roundS, estateZone: camera.estateZone };
}

/**
 * Writes a route, new or in place of another; the dome goes by it from its next stop on.
 * @param replaces the route to change, and the version of it that was seen; undefined: a new one
 * @returns its id
 * @throws `patrol.route_invalid`, `patrol.route_changed`, `patrol.route_name_taken`, `patrol.too_many_routes`,
 *   `patrol.no_turret`, `web.missing`
 */
export async function saveRoute(
  trx: Trx,
  drawn: DrawnRoute,
  replaces: { readonly id: number; readonly version: number | undefined } | undefined,
  userId: number | null,
  nowMs: number,
): Promise<number> {
  await lockRoutes(trx, drawn.cameraId);
  const { problems, estateZone } = await checkRoute(trx, drawn, replaces?.id, nowMs);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const problem = problemsText(errors, 'en', estateZone);
    throw new RouteInvalid(drawn.name, problem, errors, estateZone);
  }
  const values = {
    ...{ camera_id: drawn.cameraId, name: drawn.name, enabled: drawn.enabled, priority: drawn.priority },
    ...{ random_order: drawn.randomOrder, time_zone: drawn.timeZone, windows: JSON.stringify(drawn.windows) },
  };
  const namesake = await trx
    .selectFrom('patrol_route')
    .select('id')
    .where('camera_id', '=', drawn.cameraId)
    .where('name', '=', drawn.name)
    .where('id', '!=', replaces?.id ?? 0)
    .executeTakeFirst();
  if (namesake) throw new SentinelError('patrol.route_name_taken', { name: drawn.name });
  let routeId: number;
  if (replaces) {
    const standing = await requireRoute(trx, replaces.id);
    if (standing.cameraId !== drawn.cameraId)
      throw new SentinelError('web.missing', { what: 'route', id: replaces.id });
    checkVersion(replaces.id, replaces.version, standing.version);
    await trx
      .updateTable('patrol_route')
      .set((eb) => ({ ...values, version: eb('version', '+', 1) }))
      .where('id', '=', replaces.id)
      .execute();
    routeId = replaces.id;
  } else {
    const { count } = await trx
      .selectFrom('patrol_route')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('camera_id', '=', drawn.cameraId)
      .executeTakeFirstOrThrow();
    if (count >= LIMITS.routesPerCamera) {
      throw new SentinelError('patrol.too_many_routes', { limit: LIMITS.routesPerCamera });
    }
    const made = { ...values, created_at: new Date(nowMs) };
    routeId = (await trx.insertInto('patrol_route').values(made).returning('id').executeTakeFirstOrThrow()).id;
  }
  await writeStops(trx, routeId, drawn);
  await told(trx, { routeId, cameraId: drawn.cameraId, change: replaces ? 'changed' : 'made', userId, nowMs });
  return routeId;
}

/** The problems beside the words, so that a page can point at the stop or the window. */
export class RouteInvalid extends SentinelError {
  readonly problems: readonly RouteProblem[];
  readonly timeZone: string;

  constructor(name: string, problem: string, problems: readonly RouteProblem[], timeZone: string) {
    super('patrol.route_invalid', { name, problem });
    this.problems = problems;
    this.timeZone = timeZone;
  }
}

export async function removeRoute(trx: Trx, routeId: number, userId: number, nowMs: number): Promise<void> {
  const { cameraId, name } = await requireRoute(trx, routeId);
  await trx.deleteFrom('patrol_route').where('id', '=', routeId).execute();
  await told(trx, { routeId, cameraId, change: 'removed', userId, nowMs, details: { name } });
}

/** Copies the windows of a day to others, in place of theirs. */
export async function copyRouteDay(
  trx: Trx,
  routeId: number,
  copy: { readonly from: number; readonly to: readonly number[]; readonly version: number },
  userId: number,
  nowMs: number,
): Promise<void> {
  const { cameraId } = await requireRoute(trx, routeId);
  const drawn = (await readDrawn(trx, { cameraId })).find(({ id }) => id === routeId);
  if (!drawn) throw new SentinelError('web.missing', { what: 'route', id: routeId });
  const windows = copyDay(drawn.route.windows, copy.from, copy.to);
  await saveRoute(trx, { ...drawn.route, windows }, { id: routeId, version: copy.version }, userId, nowMs);
}

/** Routes as they were drawn, for copying and for files. */
export async function readDrawn(
  db: DbOrTrx,
  filter: { readonly cameraId?: number | undefined; readonly estateId?: number | undefined },
): Promise<{ id: number; cameraKey: string; route: DrawnRoute }[]> {
  const routes = await db
    .selectFrom('patrol_route as route')
    .innerJoin('camera', 'camera.id', 'route.camera_id')
    .selectAll('route')
    .select('camera.key')
    .$if(filter.cameraId !== undefined, (query) => query.where('route.camera_id', '=', filter.cameraId ?? 0))
    .$if(filter.estateId !== undefined, (query) => query.where('camera.estate_id', '=', filter.estateId ?? 0))
    .orderBy('camera.key')
    .orderBy('route.id')
    .execute();
  if (routes.length === 0) return [];
  const stops = await db
    .selectFrom('patrol_stop as stop')
    .innerJoin('view', 'view.id', 'stop.view_id')
    .selectAll('stop')
    .select(['view.persistence_rule', 'view.min_score'])
    .where(
      'stop.route_id',
      'in',
      routes.map(({ id }) => id),
    )
    .orderBy('stop.route_id')
    .orderBy('stop.ordinal')
    .execute();
  return routes.map((row) => ({
    id: row.id,
    cameraKey: row.key,
    route: {
      ...{ cameraId: row.camera_id, name: row.name, enabled: row.enabled, priority: row.priority },
      ...{ randomOrder: row.random_order, timeZone: row.time_zone, windows: row.windows },
      stops: stops
        .filter(({ route_id }) => route_id === row.id)
        .map((stop) => ({
          ...{ name: stop.name, preset: stop.preset, position: stop.position, zoom: stop.zoom },
          ...{ dwellS: stop.dwell_s, speed: stop.speed },
          watch: { judged: stop.judged, persistenceRule: stop.persistence_rule, minScore: stop.min_score },
        })),
    },
  }));
}

/** @throws `web.missing`, `patrol.no_turret` */
export async function requireTurret(
  db: DbOrTrx,
  cameraId: number,
): Promise<{ estateZone: string; name: string; place: string; key: string }> {
  const row = await db
    .selectFrom('camera')
    .innerJoin('estate', 'estate.id', 'camera.estate_id')
    .select(['camera.kind', 'camera.name', 'camera.place', 'camera.key', 'estate.time_zone'])
    .where('camera.id', '=', cameraId)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'camera', id: cameraId });
  if (row.kind !== 'ptz') throw new SentinelError('patrol.no_turret', { cameraId });
  return { estateZone: row.time_zone, name: row.name, place: row.place, key: row.key };
}

/** @throws `web.missing` */
export async function requireRoute(
  db: DbOrTrx,
  routeId: number,
): Promise<{ cameraId: number; name: string; version: number }> {
  const row = await db
    .selectFrom('patrol_route')
    .select(['camera_id', 'name', 'version'])
    .where('id', '=', routeId)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'route', id: routeId });
  return { cameraId: row.camera_id, name: row.name, version: row.version };
}

function checkVersion(routeId: number, seen: number | undefined, version: number): void {
  if (seen === undefined || seen === version) return;
  throw new SentinelError('patrol.route_changed', { routeId, seen, version });
}

interface KnownPresets {
  /** Those that a camera last listed; null while it never has. */
  readonly listed: Map<string, StoredPosition | null> | null;
  /** What they are called, those that are gone too. */
  readonly names: Map<string, string>;
}

async function readPresets(db: DbOrTrx, cameraId: number): Promise<KnownPresets> {
  const turret = await db
    .selectFrom('turret')
    .select('presets_read_at')
    .where('camera_id', '=', cameraId)
    .executeTakeFirst();
  const rows = await db
    .selectFrom('turret_preset')
    .select(['token', 'name', 'position', 'missing_since'])
    .where('camera_id', '=', cameraId)
    .execute();
  const there = rows.filter(({ missing_since }) => missing_since === null);
  return {
    listed: turret?.presets_read_at ? new Map(there.map(({ token, position }) => [token, position])) : null,
    names: new Map(rows.map(({ token, name }) => [token, name])),
  };
}

/** What turning to each view and settling there took of late, by the view's key, in seconds. */
async function measuredSeconds(db: DbOrTrx, cameraId: number): Promise<Map<string, number>> {
  const rows = await sql<{ key: string; seconds: number }>`
    select v.key, avg(recent.ms)::float8 / 1000 as seconds from view v cross join lateral (
      select p.move_ms + p.settle_ms as ms from patrol_visit p
      where p.view_id = v.id and p.outcome = 'looked' and p.move_ms is not null and p.settle_ms is not null
      order by p.began_at desc limit ${LIMITS.visitsMeasured}) recent
    where v.camera_id = ${cameraId} group by v.key`.execute(db);
  return new Map(rows.rows.map(({ key, seconds }) => [key, seconds]));
}

/** Seconds a round of each of a camera's routes takes. */
export async function roundsOf(db: DbOrTrx, routes: readonly Route[], cameraId: number): Promise<Map<number, number>> {
  const { listed: presets } = await readPresets(db, cameraId);
  const measured = await measuredSeconds(db, cameraId);
  return new Map(
    routes.map(({ id, stops }) => [
      id,
      roundSeconds(
        stops,
        (preset) => presets?.get(preset) ?? null,
        (index) => measured.get(viewKeyOf(stops[index] as Stop)),
      ),
    ]),
  );
}

/** Stops at the same place keep their number, so that the dome goes on where it is. */
async function writeStops(trx: Trx, routeId: number, { cameraId, stops }: DrawnRoute): Promise<void> {
  const before = await trx
    .selectFrom('patrol_stop')
    .select(['id', 'view_id', 'judged'])
    .where('route_id', '=', routeId)
    .orderBy('ordinal')
    .execute();
  const kept = new Set<number>();
  for (const [ordinal, stop] of stops.entries()) {
    const viewId = await ensureView(trx, cameraId, stop);
    const same = before.find((one) => one.view_id === viewId && !kept.has(one.id));
    const values = {
      ...{ route_id: routeId, ordinal, name: stop.name, preset: stop.preset, view_id: viewId },
      position: stop.position && JSON.stringify(stop.position),
      ...{ dwell_s: stop.dwellS, speed: stop.speed, zoom: stop.zoom },
      judged: stop.watch?.judged ?? same?.judged ?? true,
    };
    if (same) {
      kept.add(same.id);
      await trx.updateTable('patrol_stop').set(values).where('id', '=', same.id).execute();
    } else {
      const { id } = await trx.insertInto('patrol_stop').values(values).returning('id').executeTakeFirstOrThrow();
      kept.add(id);
    }
    if (stop.watch) {
      const { persistenceRule, minScore } = stop.watch;
      await trx
        .updateTable('view')
        .set({ persistence_rule: persistenceRule && JSON.stringify(persistenceRule), min_score: minScore })
        .where('id', '=', viewId)
        .execute();
    }
  }
  await trx
    .deleteFrom('patrol_stop')
    .where('route_id', '=', routeId)
    .$if(kept.size > 0, (query) => query.where('id', 'not in', [...kept]))
    .execute();
}

/** The view of a stop, made where it is new; named after the stop or its preset. */
async function ensureView(trx: Trx, cameraId: number, stop: DrawnStop): Promise<number> {
  const key = viewKeyOf(stop);
  const standing = await trx
    .selectFrom('view')
    .select('id')
    .where('camera_id', '=', cameraId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (standing) return standing.id;
  const named = await trx
    .selectFrom('camera')
    .leftJoin('turret_preset as preset', (join) =>
      join.onRef('preset.camera_id', '=', 'camera.id').on('preset.token', '=', stop.preset ?? ''),
    )
    .select(['camera.name', 'preset.name as preset_name'])
    .where('camera.id', '=', cameraId)
    .executeTakeFirstOrThrow();
  const name = `${named.name} · ${stop.name || named.preset_name || stop.preset || key}`;
  const made = await trx
    .insertInto('view')
    .values({ camera_id: cameraId, key, name })
    .returning('id')
    .executeTakeFirstOrThrow();
  return made.id;
}

async function lockRoutes(trx: Trx, cameraId: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('sentinel.routes'), ${cameraId})`.execute(trx);
}

async function told(
  trx: Trx,
  change: {
    routeId: number;
    cameraId: number;
    change: 'made' | 'changed' | 'removed';
    userId: number | null;
    nowMs: number;
    details?: Record<string, unknown>;
  },
): Promise<void> {
  const { routeId, cameraId, userId, nowMs, details = {} } = change;
  await recordAudit(trx, {
    userId,
    action: `route.${change.change}`,
    subject: `route ${routeId}`,
    details: { cameraId, ...details },
    atMs: nowMs,
  });
  await recordEvents(trx, 'route.changed', [{ routeId, cameraId, change: change.change }], nowMs);
}
