/** SQL of what patrol knows of a PTZ camera's view: where the turret stands, and what sent it there. */
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { StoredWindow } from '../drivers/postgres/schema.ts';
import type { SnapshotCourse, SnapshotView } from './snapshot.ts';

/** Phases in which a turret stands still at its stop. */
const STANDING = ['looking', 'dwelling'] as const;

export interface Turned {
  readonly preset: SnapshotView['preset'];
  /** Null unless it stands at this view now. */
  readonly ptz: SnapshotView['ptz'];
  readonly course: Omit<SnapshotCourse, 'operator'> | null;
  /** Who steers it by hand now. */
  readonly operatorId: number | null;
}

export async function readTurned(trx: DbOrTrx, cameraId: number, viewId: number): Promise<Turned> {
  const visit = await trx
    .selectFrom('patrol_visit')
    .leftJoin('patrol_route', 'patrol_route.id', 'patrol_visit.route_id')
    .leftJoin('patrol_stop', 'patrol_stop.id', 'patrol_visit.stop_id')
    .select(['patrol_route.id', 'patrol_route.name', 'patrol_route.windows', 'patrol_route.time_zone'])
    .select('patrol_stop.ordinal')
    .where('patrol_visit.view_id', '=', viewId)
    .where('patrol_visit.outcome', '=', 'looked')
    .orderBy('patrol_visit.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const preset = await trx
    .selectFrom('patrol_stop')
    .innerJoin('patrol_route', 'patrol_route.id', 'patrol_stop.route_id')
    .leftJoin('turret_preset', (join) =>
      join.onRef('turret_preset.token', '=', 'patrol_stop.preset').on('turret_preset.camera_id', '=', cameraId),
    )
    .select(['patrol_stop.preset', 'turret_preset.name'])
    .where('patrol_stop.view_id', '=', viewId)
    .where('patrol_stop.preset', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  const hand = await trx
    .selectFrom('turret_lease')
    .select('user_id')
    .where('camera_id', '=', cameraId)
    .where('kind', 'in', ['operator', 'enforcement'])
    .where('user_id', 'is not', null)
    .executeTakeFirst();
  const standing = await standingAt(trx, cameraId, viewId);
  return {
    preset: preset?.preset ? { token: preset.preset, name: preset.name ?? '' } : null,
    ptz: standing?.position ? { ...standing.position, at: standing.since.toISOString() } : null,
    course:
      visit || hand
        ? {
            route: visit?.id && visit.name ? { id: visit.id, name: visit.name } : null,
            stop: visit?.ordinal ?? null,
            timetable: visit?.windows ? timetableText(visit.windows, visit.time_zone) : null,
          }
        : null,
    operatorId: hand?.user_id ?? null,
  };
}

/** Since when, and how, the turret stands still at a stop that shows this view; undefined where it does not. */
export async function standingAt(db: DbOrTrx, cameraId: number, viewId: number) {
  const row = await db
    .selectFrom('turret')
    .innerJoin('patrol_stop', 'patrol_stop.id', 'turret.stop_id')
    .select(['turret.stop_id', 'turret.position', 'turret.phase_since'])
    .where('turret.camera_id', '=', cameraId)
    .where('turret.phase', 'in', [...STANDING])
    .where('patrol_stop.view_id', '=', viewId)
    .executeTakeFirst();
  return row && { stopId: row.stop_id, position: row.position, since: row.phase_since };
}

function timetableText(windows: readonly StoredWindow[], timeZone: string | null): string {
  const spans = windows.map(({ days, from, to }) => `${days.join('')} ${from}-${to}`).join('; ');
  return timeZone === null ? spans : `${spans} (${timeZone})`;
}
