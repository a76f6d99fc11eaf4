/** SQL of visits: each try at each stop, and the rounds that people asked to see. */
import { SentinelError } from '../base/errors.ts';
import { recordAudit, recordEvents, type Db } from '../drivers/postgres/postgres.ts';
import type { StoredTestStop, VisitOutcome } from '../drivers/postgres/schema.ts';
import { requireRoute } from './route-store.ts';
import type { Stop } from './route.ts';

export interface Visit {
  readonly cameraId: number;
  readonly routeId: number | null;
  readonly stopId: number | null;
  readonly viewId: number;
  readonly beganAtMs: number;
  readonly outcome: VisitOutcome;
  readonly moveMs: number | null;
  readonly settleMs: number | null;
  readonly lookedAtMs: number | null;
  /** Of the picture as it arrived, in pixels of a look. */
  readonly offset: { readonly dxPx: number; readonly dyPx: number } | null;
  readonly recentred: boolean;
  readonly problem: string | null;
}

export async function recordVisit(db: Db, visit: Visit): Promise<void> {
  await db
    .insertInto('patrol_visit')
    .values({
      ...{ camera_id: visit.cameraId, route_id: visit.routeId, stop_id: visit.stopId, view_id: visit.viewId },
      ...{ began_at: new Date(visit.beganAtMs), outcome: visit.outcome },
      move_ms: visit.moveMs === null ? null : Math.round(visit.moveMs),
      settle_ms: visit.settleMs === null ? null : Math.round(visit.settleMs),
      looked_at: visit.lookedAtMs === null ? null : new Date(visit.lookedAtMs),
      ...{ dx_px: visit.offset?.dxPx ?? null, dy_px: visit.offset?.dyPx ?? null },
      ...{ recentred: visit.recentred, problem: visit.problem },
    })
    .execute();
}

// --- test runs -------------------------------------------------------------------------------------------------------

/**
 * Asks for one round of a route, whatever the time.
 * @throws `patrol.test_running`, `web.missing`
 */
export async function askForTest(db: Db, routeId: number, userId: number, nowMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { cameraId } = await requireRoute(trx, routeId);
    const asked = await trx
      .insertInto('patrol_test_run')
      .values({ route_id: routeId, user_id: userId, asked_at: new Date(nowMs) })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!asked) throw new SentinelError('patrol.test_running', { routeId });
    await recordAudit(trx, { userId, action: 'route.tested', subject: `route ${routeId}`, atMs: nowMs });
    await recordEvents(trx, 'route.changed', [{ routeId, cameraId, change: 'test' }], nowMs);
  });
}

export async function cancelTest(db: Db, routeId: number, nowMs: number): Promise<void> {
  const { cameraId } = await requireRoute(db, routeId);
  await db
    .updateTable('patrol_test_run')
    .set({ state: 'cancelled', ended_at: new Date(nowMs) })
    .where('route_id', '=', routeId)
    .where('state', 'in', ['waiting', 'running'])
    .execute();
  await recordEvents(db, 'route.changed', [{ routeId, cameraId, change: 'test' }], nowMs);
}

export interface OpenTest {
  readonly id: number;
  readonly routeId: number;
  readonly userId: number;
  readonly userName: string;
}

/** The test run of a camera that waits or is under way, the eldest first. */
export async function openTestOf(db: Db, cameraId: number): Promise<OpenTest | undefined> {
  const row = await db
    .selectFrom('patrol_test_run as test')
    .innerJoin('patrol_route as route', 'route.id', 'test.route_id')
    .innerJoin('app_user as user', 'user.id', 'test.user_id')
    .select(['test.id', 'test.route_id', 'test.user_id', 'user.name', 'user.display_name'])
    .where('route.camera_id', '=', cameraId)
    .where('test.state', 'in', ['waiting', 'running'])
    .orderBy('test.id')
    .executeTakeFirst();
  return row && { id: row.id, routeId: row.route_id, userId: row.user_id, userName: row.display_name || row.name };
}

export function waitingStops(stops: readonly Stop[]): StoredTestStop[] {
  return stops.map(({ id, name, preset }) => ({
    ...{ stopId: id, name: name || (preset ?? ''), outcome: 'waiting' },
    ...{ moveS: null, settleS: null, offset: null, problem: null },
  }));
}

/** Writes how far a test run has come. @returns false: it was called off meanwhile */
export async function progressTest(
  db: Db,
  test: OpenTest,
  cameraId: number,
  progress: readonly StoredTestStop[],
  ended: { readonly state: 'done' | 'failed'; readonly problem?: string } | undefined,
  nowMs: number,
): Promise<boolean> {
  const now = new Date(nowMs);
  const updated = await db
    .updateTable('patrol_test_run')
    .set((eb) => ({
      state: ended?.state ?? 'running',
      progress: JSON.stringify(progress),
      started_at: eb.fn.coalesce('started_at', eb.val(now)),
      ...(ended && { ended_at: now, problem: ended.problem ?? null }),
    }))
    .where('id', '=', test.id)
    .where('state', 'in', ['waiting', 'running'])
    .returning('id')
    .executeTakeFirst();
  if (updated) await recordEvents(db, 'route.changed', [{ routeId: test.routeId, cameraId, change: 'test' }], nowMs);
  return updated !== undefined;
}
