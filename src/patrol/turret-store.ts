/** SQL of turrets: what the patrol process knows of each, its presets, and the commands of hands on their way to it. */
import { sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { SentinelError, type ErrorCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { recordEvents, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { StoredAbilities, StoredPosition, TurretPhase } from '../drivers/postgres/schema.ts';
import type { TurretPosition, TurretPreset } from './turret.ts';

// --- what is known of it ---------------------------------------------------------------------------------------------

export interface TurretSettings {
  readonly parkPreset: string | null;
  readonly parkAfterS: number | null;
  readonly resumeAfterS: number | null;
}

export interface TurretReport {
  readonly phase: TurretPhase;
  readonly phaseSinceMs: number;
  readonly routeId: number | null;
  readonly stopId: number | null;
  readonly position: StoredPosition | null;
  readonly abilities: StoredAbilities | null;
  readonly stuckSinceMs: number | null;
  readonly problem: string | null;
}

/** Makes the row where it is not there. @returns how people set it, and where it was before a restart */
export async function readTurret(
  db: Db,
  cameraId: number,
): Promise<
  TurretSettings & {
    routeId: number | null;
    stopId: number | null;
    stuckSinceMs: number | null;
  }
> {
  await db
    .insertInto('turret')
    .values({ camera_id: cameraId })
    .onConflict((conflict) => conflict.column('camera_id').doNothing())
    .execute();
  const row = await db.selectFrom('turret').selectAll().where('camera_id', '=', cameraId).executeTakeFirstOrThrow();
  return {
    ...{ parkPreset: row.park_preset, parkAfterS: row.park_after_s, resumeAfterS: row.resume_after_s },
    ...{ routeId: row.route_id, stopId: row.stop_id, stuckSinceMs: row.stuck_since?.getTime() ?? null },
  };
}

/** @param told a page should hear of it: another stop, a route that ends, trouble */
export async function reportTurret(
  db: Db,
  cameraId: number,
  report: TurretReport,
  told: boolean,
  nowMs: number,
): Promise<void> {
  await db
    .updateTable('turret')
    .set({
      ...{ phase: report.phase, phase_since: new Date(report.phaseSinceMs) },
      ...{ route_id: report.routeId, stop_id: report.stopId, problem: report.problem },
      position: report.position && JSON.stringify(report.position),
      ...(report.abilities && { abilities: JSON.stringify(report.abilities) }),
      stuck_since: report.stuckSinceMs === null ? null : new Date(report.stuckSinceMs),
    })
    .where('camera_id', '=', cameraId)
    .execute();
  if (told) await recordEvents(db, 'turret.changed', [{ cameraId, change: report.phase }], nowMs);
}

export async function changeTurret(db: DbOrTrx, cameraId: number, change: Partial<TurretSettings>): Promise<void> {
  const set = {
    ...(change.parkPreset !== undefined && { park_preset: change.parkPreset }),
    ...(change.parkAfterS !== undefined && { park_after_s: change.parkAfterS }),
    ...(change.resumeAfterS !== undefined && { resume_after_s: change.resumeAfterS }),
  };
  await db
    .insertInto('turret')
    .values({ camera_id: cameraId, ...set })
    .onConflict((conflict) =>
      Object.keys(set).length > 0
        ? conflict.column('camera_id').doUpdateSet(set)
        : conflict.column('camera_id').doNothing(),
    )
    .execute();
  await sql`select pg_notify('sentinel_turret', ${String(cameraId)})`.execute(db);
}

/** As it is kept: a device without zoom stands at the wide end. */
export function storedPosition({ pan, tilt, zoom }: TurretPosition): StoredPosition {
  return { pan, tilt, zoom: zoom ?? 0 };
}

// --- presets ---------------------------------------------------------------------------------------------------------

/**
 * Brings the kept list in line with what the device lists.
 * @returns tokens that routes use and the device no longer lists, and those that are back
 */
export async function savePresets(
  db: Db,
  cameraId: number,
  listed: readonly TurretPreset[],
  nowMs: number,
): Promise<{ missing: { token: string; name: string }[]; back: string[] }> {
  const now = new Date(nowMs);
  return db.transaction().execute(async (trx) => {
    const before = await trx
      .selectFrom('turret_preset')
      .select(['token', 'name', 'position', 'missing_since'])
      .where('camera_id', '=', cameraId)
      .execute();
    const kept = listed.slice(0, LIMITS.presetsPerCamera);
    if (kept.length > 0) {
      await trx
        .insertInto('turret_preset')
        .values(
          kept.map(({ token, name, position }) => ({
            ...{ camera_id: cameraId, token, name, seen_at: now },
            position: position && JSON.stringify(storedPosition(position)),
          })),
        )
        .onConflict((conflict) =>
          conflict.columns(['camera_id', 'token']).doUpdateSet((eb) => ({
            name: eb.ref('excluded.name'),
            // A device that forgets to tell where a preset is has told it before.
            position: sql<string>`coalesce(excluded.position, turret_preset.position)`,
            seen_at: now,
            missing_since: null,
          })),
        )
        .execute();
    }
    const tokens = new Set(kept.map(({ token }) => token));
    const gone = before.filter(({ token }) => !tokens.has(token));
    const newlyGone = gone.filter(({ missing_since }) => missing_since === null).map(({ token }) => token);
    if (newlyGone.length > 0) {
      await trx
        .updateTable('turret_preset')
        .set({ missing_since: now })
        .where('camera_id', '=', cameraId)
        .where('token', 'in', newlyGone)
        .execute();
    }
    // A view that was made before the presets had been read bears its preset's token until then.
    await sql`update view v set name = c.name || ' · ' || p.name from camera c, turret_preset p
      where c.id = ${cameraId} and v.camera_id = c.id and p.camera_id = c.id and v.key = p.token and p.name <> ''
        and v.name = c.name || ' · ' || p.token`.execute(trx);
    await trx.updateTable('turret').set({ presets_read_at: now }).where('camera_id', '=', cameraId).execute();
    const changed =
      newlyGone.length > 0 ||
      kept.some(({ token, name }) =>
        before.every((one) => one.token !== token || one.name !== name || one.missing_since),
      );
    if (changed) await recordEvents(trx, 'turret.changed', [{ cameraId, change: 'presets' }], nowMs);
    const used = await trx
      .selectFrom('patrol_stop as stop')
      .innerJoin('patrol_route as route', 'route.id', 'stop.route_id')
      .select('stop.preset')
      .distinct()
      .where('route.camera_id', '=', cameraId)
      .where('stop.preset', 'is not', null)
      .execute();
    return {
      missing: used
        .map(({ preset }) => preset ?? '')
        .filter((token) => !tokens.has(token))
        .map((token) => ({ token, name: before.find((one) => one.token === token)?.name ?? token })),
      back: [...tokens],
    };
  });
}

/** A preset that a hand removed: nobody need be told that it is missing. */
export async function forgetPreset(db: Db, cameraId: number, token: string): Promise<void> {
  await db.deleteFrom('turret_preset').where('camera_id', '=', cameraId).where('token', '=', token).execute();
}

export async function picturePreset(
  db: Db,
  cameraId: number,
  token: string,
  sha256: string,
  nowMs: number,
): Promise<void> {
  await db
    .updateTable('turret_preset')
    .set({ picture_sha256: sha256, pictured_at: new Date(nowMs) })
    .where('camera_id', '=', cameraId)
    .where('token', '=', token)
    .execute();
}

/** When a preset's kept picture was taken. */
export async function picturedAtMs(db: Db, cameraId: number, token: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('turret_preset')
    .select('pictured_at')
    .where('camera_id', '=', cameraId)
    .where('token', '=', token)
    .executeTakeFirst();
  return row?.pictured_at?.getTime();
}

/** @throws `patrol.preset_unknown` */
export async function requirePreset(db: DbOrTrx, cameraId: number, token: string): Promise<{ name: string }> {
  const row = await db
    .selectFrom('turret_preset')
    .select('name')
    .where('camera_id', '=', cameraId)
    .where('token', '=', token)
    .executeTakeFirst();
  if (!row) throw new SentinelError('patrol.preset_unknown', { cameraId, preset: token });
  return row;
}

/** Names of the routes on which a preset is. */
export async function routesWithPreset(db: DbOrTrx, cameraId: number, token: string): Promise<string[]> {
  const rows = await db
    .selectFrom('patrol_stop as stop')
    .innerJoin('patrol_route as route', 'route.id', 'stop.route_id')
    .select('route.name')
    .distinct()
    .where('route.camera_id', '=', cameraId)
    .where('stop.preset', '=', token)
    .orderBy('route.name')
    .execute();
  return rows.map(({ name }) => name);
}

// --- commands of hands -----------------------------------------------------------------------------------------------

export type HandCommand =
  | { readonly kind: 'continuous'; readonly velocity: StoredPosition; readonly forS: number }
  | { readonly kind: 'relative'; readonly shift: StoredPosition; readonly speed: number | null }
  | {
      readonly kind: 'picture';
      readonly right: number;
      readonly up: number;
      readonly zoom: number;
      readonly speed: number | null;
    }
  | { readonly kind: 'absolute'; readonly position: StoredPosition; readonly speed: number | null }
  | { readonly kind: 'preset'; readonly token: string; readonly speed: number | null }
  | { readonly kind: 'home'; readonly speed: number | null }
  | { readonly kind: 'stop' }
  | { readonly kind: 'set_preset'; readonly name: string; readonly token: string | null }
  | { readonly kind: 'remove_preset'; readonly token: string }
  | { readonly kind: 'read_presets' };

export interface WaitingCommand {
  readonly id: number;
  readonly userId: number;
  readonly userName: string;
  readonly kind: 'operator' | 'enforcement';
  readonly command: HandCommand;
  readonly ageMs: number;
}

/** Commands that wait for a turret, oldest first. */
export async function waitingCommands(db: Db, cameraId: number): Promise<WaitingCommand[]> {
  const rows = await db
    .selectFrom('turret_command as command')
    .innerJoin('app_user as user', 'user.id', 'command.user_id')
    .select(['command.id', 'command.user_id', 'command.kind', 'command.command', 'user.name', 'user.display_name'])
    .select(sql<number>`extract(epoch from clock_timestamp() - command.asked_at)::float8 * 1000`.as('age_ms'))
    .where('command.camera_id', '=', cameraId)
    .where('command.state', '=', 'waiting')
    .orderBy('command.id')
    .limit(LIMITS.turretCommandsWaiting)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    userName: row.display_name || row.name,
    kind: row.kind,
    command: row.command as unknown as HandCommand,
    ageMs: row.age_ms,
  }));
}

export async function answerCommand(
  db: Db,
  id: number,
  answer:
    | { readonly state: 'done'; readonly answer?: Readonly<Record<string, unknown>> }
    | { readonly state: 'refused' | 'failed'; readonly problem: SentinelError },
): Promise<void> {
  await db
    .updateTable('turret_command')
    .set(
      answer.state === 'done'
        ? { state: 'done', answer: JSON.stringify(answer.answer ?? {}) }
        : {
            state: answer.state,
            problem_code: answer.problem.code,
            problem_details: JSON.stringify(answer.problem.details),
          },
    )
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .execute();
}

/** Between two looks for a command's answer. */
const ANSWER_POLL_MS = 30;

/**
 * Hands a command to whichever process drives the turret and waits for what came of it.
 * @throws what the turret threw, `patrol.not_driven`, `patrol.too_many_commands`
 */
export async function commandTurret(
  db: Db,
  clock: Clock,
  asked: { cameraId: number; userId: number; kind: 'operator' | 'enforcement'; command: HandCommand },
): Promise<Record<string, unknown>> {
  const { cameraId, userId, kind, command } = asked;
  if (!(await isDriven(db, cameraId))) throw new SentinelError('patrol.not_driven', { cameraId });
  const { count } = await db
    .selectFrom('turret_command')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('camera_id', '=', cameraId)
    .where('state', '=', 'waiting')
    .executeTakeFirstOrThrow();
  if (count >= LIMITS.turretCommandsWaiting) {
    throw new SentinelError('patrol.too_many_commands', { cameraId, limit: LIMITS.turretCommandsWaiting });
  }
  const { id } = await db
    .insertInto('turret_command')
    .values({ camera_id: cameraId, user_id: userId, kind, command: JSON.stringify(command) })
    .returning('id')
    .executeTakeFirstOrThrow();
  const beganMs = clock.monotonicMs();
  for (;;) {
    await clock.sleep(ANSWER_POLL_MS);
    const row = await db
      .selectFrom('turret_command')
      .select(['state', 'answer', 'problem_code', 'problem_details'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row?.state === 'done') return row.answer ?? {};
    if (row?.problem_code) {
      throw new SentinelError(row.problem_code as ErrorCode, row.problem_details ?? {});
    }
    if (!row || clock.monotonicMs() - beganMs >= LIMITS.turretAnswerMs) break;
  }
  const problem = new SentinelError('patrol.not_driven', { cameraId });
  await answerCommand(db, id, { state: 'failed', problem });
  throw problem;
}

/** Whether a living patrol process holds the camera. */
export async function isDriven(db: DbOrTrx, cameraId: number): Promise<boolean> {
  const found = await sql<{ driven: boolean }>`select exists (select from camera_lease
    where camera_id = ${cameraId} and part = 'patrol' and expires_at > now()) as driven`.execute(db);
  return found.rows[0]?.driven ?? false;
}

/** Commands that nobody waits for any more. */
export async function pruneCommands(db: Db): Promise<void> {
  await sql`delete from turret_command
    where asked_at < now() - make_interval(secs => ${LIMITS.turretCommandsKeptMs / 1000})`.execute(db);
}
