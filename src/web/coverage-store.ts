/** Coverage as it is answered and as CSV. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { csvOf } from '../drivers/csv/csv.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { blindSpots, daysOf, readCoverage, requireRoute } from '../patrol/patrol.ts';
import type { EstateCoverage, RouteCoverage } from './contract.ts';

const DAY_MS = 86_400_000;
/** What is answered when no period is named. */
const DEFAULT_DAYS = 7;
const BLIND_SPOTS_MOST = 500;

export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @throws `web.invalid` for a period that is none or too long */
export function periodOf(query: { from?: string; to?: string }, nowMs: number): Period {
  const toMs = Math.min(query.to === undefined ? nowMs : Date.parse(query.to), nowMs);
  const fromMs = query.from === undefined ? toMs - DEFAULT_DAYS * DAY_MS : Date.parse(query.from);
  if (fromMs >= toMs) {
    throw new SentinelError('web.invalid', {
      field: 'from',
      problem: 'must be before to and before now',
      part: 'querystring',
    });
  }
  if (toMs - fromMs > LIMITS.coverageDays * DAY_MS) {
    throw new SentinelError('web.invalid', {
      field: 'from',
      problem: `must be at most ${LIMITS.coverageDays} days before to`,
      part: 'querystring',
    });
  }
  return { fromMs, toMs };
}

/** @throws `web.missing` */
export async function routeCoverage(db: Db, routeId: number, period: Period): Promise<RouteCoverage> {
  const { cameraId } = await requireRoute(db, routeId);
  const [found] = await readCoverage(db, cameraId, period, routeId);
  if (!found) throw new SentinelError('web.missing', { what: 'route', id: routeId });
  const { route, views } = found;
  const names = await db
    .selectFrom('view')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .select(['view.id', 'view.name', 'camera.id as camera_id', 'camera.name as camera_name', 'camera.place'])
    .where('camera.id', '=', cameraId)
    .execute();
  return {
    route: { id: routeId, name: route.name, cameraId, cameraName: names[0]?.camera_name ?? '' },
    ...isoOf(period),
    days: daysOf(
      views.map(({ coverage }) => coverage),
      route.timeZone,
    ),
    views: views.map(({ viewId, stopId, coverage }) => {
      const named = names.find(({ id }) => id === viewId);
      const { timeline, lastGoodLookAtMs, notJudged, ...figures } = coverage;
      return {
        view: {
          ...{ id: viewId, name: named?.name ?? '', cameraId },
          ...{ cameraName: named?.camera_name ?? '', place: named?.place ?? '' },
        },
        stopId,
        lastGoodLookAt: isoOrNull(lastGoodLookAtMs),
        ...figures,
        notJudged: [...notJudged],
        timeline: {
          from: new Date(timeline.fromMs).toISOString(),
          stepS: timeline.stepS,
          planned: [...timeline.planned],
          good: [...timeline.good],
          notJudged: [...timeline.notJudged],
        },
      };
    }),
  };
}

/** @param asked.cameras those that whoever asks may see; undefined: all */
export async function estateCoverage(
  db: Db,
  asked: { period: Period; blindHours: number; nowMs: number; cameras: readonly number[] | undefined },
): Promise<EstateCoverage> {
  const { period, blindHours, nowMs, cameras: seen } = asked;
  const cameras = await db
    .selectFrom('camera')
    .select(['id', 'name'])
    .where((eb) => eb.exists(eb.selectFrom('patrol_route').select('id').whereRef('camera_id', '=', 'camera.id')))
    .where('enabled', '=', true)
    .$if(seen !== undefined, (query) => query.where('id', '=', sql<number>`any(${[...(seen ?? [])]}::int[])`))
    .orderBy('id')
    .execute();
  const routes: EstateCoverage['routes'] = [];
  for (const camera of cameras) {
    for (const { route, views } of await readCoverage(db, camera.id, period)) {
      const sum = (of: (view: (typeof views)[number]['coverage']) => number): number =>
        views.reduce((total, { coverage }) => total + of(coverage), 0);
      const oldest = views.map(({ coverage }) => coverage.lastGoodLookAtMs);
      const reasons = new Map<string, number>();
      for (const { coverage } of views) {
        for (const { reason, looks } of coverage.notJudged) reasons.set(reason, (reasons.get(reason) ?? 0) + looks);
      }
      routes.push({
        route: {
          ...{ id: route.id, name: route.name, cameraId: camera.id, cameraName: camera.name, enabled: route.enabled },
        },
        views: views.length,
        looks: sum(({ looks }) => looks),
        goodLooks: sum(({ goodLooks }) => goodLooks),
        plannedLooks: sum(({ plannedLooks }) => plannedLooks),
        longestActiveGapS: Math.max(0, ...views.map(({ coverage }) => coverage.longestActiveGapS)),
        oldestGoodLookAt:
          oldest.includes(null) || oldest.length === 0 ? null : isoOrNull(Math.min(...(oldest as number[]))),
        notJudged: [...reasons].map(([reason, looks]) => ({ reason, looks })),
      });
    }
  }
  const blind = await blindSpots(db, nowMs - blindHours * 3_600_000, BLIND_SPOTS_MOST, seen);
  return {
    ...isoOf(period),
    routes,
    blindHours,
    blindSpots: blind.map(({ lastGoodLookAt, ...spot }) => ({
      ...spot,
      lastGoodLookAt: lastGoodLookAt?.toISOString() ?? null,
    })),
  };
}

/** One line a view. */
export function coverageCsv({ route, from, to, views }: RouteCoverage): string {
  const header = [
    ...['route', 'camera', 'view', 'place', 'from', 'to', 'looks', 'good_looks', 'planned_looks'],
    ...['not_judged', 'last_good_look', 'longest_gap_s', 'longest_active_gap_s', 'not_judged_reasons'],
  ];
  const rows = views.map((one) => [
    ...[route.name, one.view.cameraName, one.view.name, one.view.place, from, to],
    ...[one.looks, one.goodLooks, one.plannedLooks, one.looks - one.goodLooks, one.lastGoodLookAt ?? ''],
    ...[Math.round(one.longestGapS), Math.round(one.longestActiveGapS)],
    one.notJudged.map(({ reason, looks }) => `${reason}:${looks}`).join(' '),
  ]);
  return csvOf([header, ...rows]);
}

export function blindSpotsCsv({ blindSpots: spots }: EstateCoverage): string {
  return csvOf([
    ['camera', 'place', 'view', 'last_good_look', 'reason'],
    ...spots.map((spot) => [spot.cameraName, spot.place, spot.viewName, spot.lastGoodLookAt ?? '', spot.reason ?? '']),
  ]);
}

function isoOf({ fromMs, toMs }: Period): { from: string; to: string } {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
