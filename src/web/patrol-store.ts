/** The SQL behind the pages of patrol: routes, turrets, presets, their log, and tasks. One query a list. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { TaskKind } from '../drivers/postgres/schema.ts';
import {
  checkRoute,
  isDriven,
  nextChanges,
  problemText,
  readLease,
  readRoutes,
  requireTurret,
  routeAt,
  roundsOf,
  type DrawnRoute,
  type Lease,
  type Route,
  type RouteProblem,
} from '../patrol/patrol.ts';
import type {
  OperatorTask,
  PatrolRoute,
  PatrolRouteBody,
  PatrolStop,
  PresetList,
  RouteProblem as ShownProblem,
  TestRun,
  Turret,
  TurretLease,
  TurretLogEntry,
} from './contract.ts';
import { pictureUrl } from './picture.ts';

type Language = 'en' | 'zh';
const iso = (at: Date | null | undefined): string | null => at?.toISOString() ?? null;

// --- routes ----------------------------------------------------------------------------------------------------------

export function drawnOf(body: PatrolRouteBody): DrawnRoute {
  return {
    ...{ cameraId: body.cameraId, name: body.name, enabled: body.enabled, priority: body.priority },
    ...{ randomOrder: body.randomOrder, timeZone: body.timeZone ?? null, windows: body.windows },
    stops: body.stops.map(({ name, preset, position, dwellS, speed, zoom, watch }) => ({
      ...{ name, preset: preset ?? null, position: position ?? null, dwellS },
      ...{ speed: speed ?? null, zoom: zoom ?? null, watch },
    })),
  };
}

export function shownProblems(problems: readonly RouteProblem[], language: Language, timeZone: string): ShownProblem[] {
  return problems.map((problem) => ({
    ...{ code: problem.code, severity: problem.severity, stop: problem.stop, window: problem.window },
    message: problemText(problem, language, timeZone),
  }));
}

/** Routes by id, those after `afterId`. */
export async function listRoutes(
  db: Db,
  filter: { id?: number; cameraId?: number; cameras?: readonly number[] | undefined },
  afterId: number | undefined,
  rows: number,
  reader: { language: Language; nowMs: number },
): Promise<PatrolRoute[]> {
  const found = await db
    .selectFrom('patrol_route as route')
    .innerJoin('camera', 'camera.id', 'route.camera_id')
    .select(['route.id', 'route.camera_id', 'route.time_zone', 'route.version'])
    .select(['camera.key', 'camera.name', 'camera.place'])
    .$if(filter.id !== undefined, (query) => query.where('route.id', '=', filter.id ?? 0))
    .$if(filter.cameraId !== undefined, (query) => query.where('route.camera_id', '=', filter.cameraId ?? 0))
    .$if(filter.cameras !== undefined, (query) =>
      query.where('route.camera_id', '=', sql<number>`any(${[...(filter.cameras ?? [])]}::int[])`),
    )
    .$if(afterId !== undefined, (query) => query.where('route.id', '>', afterId ?? 0))
    .orderBy('route.id')
    .limit(rows)
    .execute();
  const cameras = new Map<
    number,
    { routes: Route[]; rounds: Map<number, number>; atNow: Route | undefined; changes: Map<number, number> }
  >();
  for (const { camera_id: cameraId } of found) {
    if (cameras.has(cameraId)) continue;
    const routes = await readRoutes(db, cameraId);
    const rounds = await roundsOf(db, routes, cameraId);
    const [atNow, changes] = [routeAt(routes, reader.nowMs), nextChanges(routes, reader.nowMs)];
    cameras.set(cameraId, { routes, rounds, atNow, changes });
  }
  const shown: PatrolRoute[] = [];
  const stops = await shownStops(
    db,
    found.map(({ id }) => id),
  );
  const turrets = await turretsOf(db, [...cameras.keys()]);
  for (const row of found) {
    const camera = cameras.get(row.camera_id);
    const route = camera?.routes.find(({ id }) => id === row.id);
    if (!camera || !route) continue;
    const drawn: DrawnRoute = { ...route, timeZone: row.time_zone };
    const { problems } = await checkRoute(db, drawn, row.id, reader.nowMs);
    const turret = turrets.find(({ camera_id }) => camera_id === row.camera_id);
    const nextMs = camera.changes.get(row.id);
    shown.push({
      id: row.id,
      camera: { id: row.camera_id, key: row.key, name: row.name, place: row.place },
      ...{ name: route.name, enabled: route.enabled, priority: route.priority, randomOrder: route.randomOrder },
      ...{ timeZone: row.time_zone, zoneInForce: route.timeZone },
      windows: route.windows.map(({ days, from, to }) => ({ days: [...days], from, to })),
      stops: stops.get(row.id) ?? [],
      problems: shownProblems(problems, reader.language, route.timeZone),
      roundS: camera.rounds.get(row.id) ?? 0,
      inForce: camera.atNow?.id === row.id,
      nextChangeAt: nextMs === undefined ? null : new Date(nextMs).toISOString(),
      currentStopId: turret?.route_id === row.id ? turret.stop_id : null,
      version: row.version,
    });
  }
  return shown;
}

/** @throws `web.missing` */
export async function readRoute(
  db: Db,
  id: number,
  reader: { language: Language; nowMs: number },
): Promise<PatrolRoute> {
  const [route] = await listRoutes(db, { id }, undefined, 1, reader);
  if (!route) throw new SentinelError('web.missing', { what: 'route', id });
  return route;
}

async function turretsOf(db: Db, cameraIds: readonly number[]) {
  if (cameraIds.length === 0) return [];
  return db
    .selectFrom('turret')
    .select(['camera_id', 'route_id', 'stop_id'])
    .where('camera_id', 'in', [...cameraIds])
    .execute();
}

async function shownStops(db: Db, routeIds: readonly number[]): Promise<Map<number, PatrolStop[]>> {
  const byRoute = new Map<number, PatrolStop[]>();
  if (routeIds.length === 0) return byRoute;
  const rows = await db
    .selectFrom('patrol_stop as stop')
    .innerJoin('view', 'view.id', 'stop.view_id')
    .leftJoin('turret_preset as preset', (join) =>
      join.onRef('preset.camera_id', '=', 'view.camera_id').onRef('preset.token', '=', 'stop.preset'),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('look')
          .select('look.picture_sha256')
          .whereRef('look.view_id', '=', 'view.id')
          .where('look.picture_sha256', 'is not', null)
          .orderBy('look.id', 'desc')
          .limit(1)
          .as('newest'),
      (join) => join.onTrue(),
    )
    .select(['stop.id', 'stop.route_id', 'stop.name', 'stop.preset', 'stop.position', 'stop.dwell_s', 'stop.speed'])
    .select(['stop.zoom', 'stop.judged', 'stop.view_id', 'preset.name as preset_name', 'newest.picture_sha256'])
    .select(['view.state', 'view.last_look_at', 'view.last_judged_at', 'view.not_judged_reason'])
    .select(['view.not_judged_since', 'view.persistence_rule', 'view.min_score'])
    .where('stop.route_id', 'in', [...routeIds])
    .orderBy('stop.route_id')
    .orderBy('stop.ordinal')
    .execute();
  for (const row of rows) {
    const learns = row.not_judged_reason === 'learning' || row.not_judged_reason === 'proposed';
    const stop: PatrolStop = {
      ...{ id: row.id, name: row.name, preset: row.preset, presetName: row.preset_name, position: row.position },
      ...{ dwellS: row.dwell_s, speed: row.speed, zoom: row.zoom },
      watch: { judged: row.judged, persistenceRule: row.persistence_rule, minScore: row.min_score },
      view: {
        id: row.view_id,
        state: row.state,
        pictureUrl:
          row.picture_sha256 === null
            ? null
            : pictureUrl(`/api/v1/views/${row.view_id}/picture.jpg`, row.picture_sha256),
        lastLookAt: iso(row.last_look_at),
        lastGoodLookAt: iso(learns ? row.last_look_at : row.last_judged_at),
        notJudged:
          row.not_judged_reason === null
            ? null
            : {
                reason: row.not_judged_reason,
                since: iso(row.not_judged_since ?? row.last_look_at) ?? new Date(0).toISOString(),
              },
      },
    };
    const list = byRoute.get(row.route_id) ?? [];
    list.push(stop);
    byRoute.set(row.route_id, list);
  }
  return byRoute;
}

/** The newest test run of a route. @throws `patrol.no_test` */
export async function readTest(db: Db, routeId: number): Promise<TestRun> {
  const row = await db
    .selectFrom('patrol_test_run as test')
    .innerJoin('app_user as user', 'user.id', 'test.user_id')
    .selectAll('test')
    .select(['user.name', 'user.display_name'])
    .where('test.route_id', '=', routeId)
    .orderBy('test.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) throw new SentinelError('patrol.no_test', { routeId });
  return {
    ...{ id: row.id, routeId, state: row.state, by: row.display_name || row.name },
    ...{ askedAt: row.asked_at.toISOString(), startedAt: iso(row.started_at), endedAt: iso(row.ended_at) },
    problem: row.problem,
    stops: row.progress.map((stop) => ({ ...stop })),
  };
}

// --- turrets ---------------------------------------------------------------------------------------------------------

export function leaseOf(lease: Lease | undefined, userId: number): TurretLease | null {
  if (!lease) return null;
  const { kind, name, purpose, routeId, takenAtMs, expiresAtMs } = lease;
  return {
    ...{ kind, by: name, userId: lease.userId, routeId, purpose },
    since: new Date(takenAtMs).toISOString(),
    expiresAt: new Date(expiresAtMs).toISOString(),
    mine: (kind === 'operator' || kind === 'enforcement') && lease.userId === userId,
  };
}

/** @throws `web.missing`, `patrol.no_turret` */
export async function readTurret(
  db: Db,
  cameraId: number,
  reader: { userId: number; nowMs: number; resumeAfterS: number },
): Promise<Turret> {
  const camera = await requireTurret(db, cameraId);
  const row = await db.selectFrom('turret').selectAll().where('camera_id', '=', cameraId).executeTakeFirst();
  const { lease } = await readLease(db, cameraId);
  const driven = await isDriven(db, cameraId);
  const tasks = await db
    .selectFrom('operator_task')
    .select((eb) => eb.fn.countAll<number>().as('open'))
    .where('camera_id', '=', cameraId)
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow();
  const now = new Date(reader.nowMs).toISOString();
  return {
    camera: { id: cameraId, key: camera.key, name: camera.name, place: camera.place },
    driven,
    phase: driven ? (row?.phase ?? 'unknown') : 'unknown',
    phaseSince: iso(row?.phase_since) ?? now,
    routeId: row?.route_id ?? null,
    stopId: row?.stop_id ?? null,
    position: row?.position ?? null,
    stuckSince: iso(row?.stuck_since),
    problem: row?.problem ?? null,
    abilities: row?.abilities ?? null,
    lease: leaseOf(lease, reader.userId),
    settings: {
      parkPreset: row?.park_preset ?? null,
      parkAfterS: row?.park_after_s ?? null,
      resumeAfterS: row?.resume_after_s ?? reader.resumeAfterS,
    },
    openTasks: tasks.open,
    serverTime: now,
  };
}

export async function listPresets(db: Db, cameraId: number): Promise<PresetList> {
  await requireTurret(db, cameraId);
  const [turret, presets, uses] = await Promise.all([
    db.selectFrom('turret').select('presets_read_at').where('camera_id', '=', cameraId).executeTakeFirst(),
    db
      .selectFrom('turret_preset')
      .select(['token', 'name', 'position', 'picture_sha256', 'missing_since'])
      .where('camera_id', '=', cameraId)
      .orderBy('name')
      .orderBy('token')
      .execute(),
    db
      .selectFrom('patrol_stop as stop')
      .innerJoin('patrol_route as route', 'route.id', 'stop.route_id')
      .select(['stop.preset', 'route.id', 'route.name'])
      .distinct()
      .where('route.camera_id', '=', cameraId)
      .where('stop.preset', 'is not', null)
      .orderBy('route.id')
      .execute(),
  ]);
  return {
    items: presets.map(({ token, name, position, picture_sha256: sha256, missing_since }) => ({
      ...{ token, name, position, missingSince: iso(missing_since) },
      pictureUrl:
        sha256 === null
          ? null
          : pictureUrl(`/api/v1/cameras/${cameraId}/ptz/presets/${encodeURIComponent(token)}/picture.jpg`, sha256),
      usedByRoutes: uses.filter(({ preset }) => preset === token).map(({ id, name: route }) => ({ id, name: route })),
    })),
    readAt: iso(turret?.presets_read_at),
  };
}

/** @throws `web.missing` */
export async function findPresetPicture(db: Db, cameraId: number, token: string): Promise<string> {
  const row = await db
    .selectFrom('turret_preset')
    .select('picture_sha256')
    .where('camera_id', '=', cameraId)
    .where('token', '=', token)
    .executeTakeFirst();
  if (!row?.picture_sha256) throw new SentinelError('web.missing', { what: 'picture of camera', id: cameraId });
  return row.picture_sha256;
}

/** Newest first, ids below `beforeId`. */
export async function listTurretLog(
  db: Db,
  cameraId: number,
  beforeId: number | undefined,
  rows: number,
): Promise<TurretLogEntry[]> {
  const found = await db
    .selectFrom('turret_log')
    .select(['id', 'at', 'kind', 'by_name', 'action', 'details', 'outcome', 'problem'])
    .where('camera_id', '=', cameraId)
    .$if(beforeId !== undefined, (query) => query.where('id', '<', beforeId ?? 0))
    .orderBy('id', 'desc')
    .limit(rows)
    .execute();
  return found.map(({ at, by_name: by, ...rest }) => ({ ...rest, at: at.toISOString(), by }));
}

// --- tasks -----------------------------------------------------------------------------------------------------------

/** Newest first, ids below `beforeId`. */
export async function listTasks(
  db: Db,
  filter: {
    id?: number;
    state?: 'open' | 'closed';
    kind?: TaskKind;
    cameraId?: number;
    cameras?: readonly number[] | undefined;
  },
  beforeId: number | undefined,
  rows: number,
): Promise<OperatorTask[]> {
  const found = await db
    .selectFrom('operator_task as task')
    .innerJoin('camera', 'camera.id', 'task.camera_id')
    .leftJoin('view', 'view.id', 'task.view_id')
    .leftJoin('app_user as user', 'user.id', 'task.closed_by')
    .select(['task.id', 'task.kind', 'task.state', 'task.camera_id', 'task.view_id', 'task.opened_at'])
    .select(['task.last_seen_at', 'task.times', 'task.details', 'task.closed_at', 'task.note'])
    .select(['camera.name as camera_name', 'camera.place', 'view.name as view_name'])
    .select(['user.name as user_name', 'user.display_name'])
    .$if(filter.id !== undefined, (query) => query.where('task.id', '=', filter.id ?? 0))
    .$if(filter.state !== undefined, (query) => query.where('task.state', '=', filter.state ?? 'open'))
    .$if(filter.kind !== undefined, (query) => query.where('task.kind', '=', filter.kind ?? 'pose'))
    .$if(filter.cameraId !== undefined, (query) => query.where('task.camera_id', '=', filter.cameraId ?? 0))
    .$if(filter.cameras !== undefined, (query) =>
      query.where('task.camera_id', '=', sql<number>`any(${[...(filter.cameras ?? [])]}::int[])`),
    )
    .$if(beforeId !== undefined, (query) => query.where('task.id', '<', beforeId ?? 0))
    .orderBy('task.id', 'desc')
    .limit(rows)
    .execute();
  return found.map((row) => ({
    ...{ id: row.id, kind: row.kind, state: row.state, times: row.times, details: row.details, note: row.note },
    camera: { id: row.camera_id, name: row.camera_name, place: row.place },
    view: row.view_id === null ? null : { id: row.view_id, name: row.view_name ?? '' },
    openedAt: row.opened_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    closedAt: iso(row.closed_at),
    closedBy: row.display_name || row.user_name,
  }));
}

/** @throws `web.missing` */
export async function readTask(db: Db, id: number): Promise<OperatorTask> {
  const [task] = await listTasks(db, { id }, undefined, 1);
  if (!task) throw new SentinelError('web.missing', { what: 'task', id });
  return task;
}
