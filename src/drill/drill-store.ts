/** SQL of drills: asking, taking, telling how far they are. */
import { sql } from 'kysely';
import { recordAudit, recordEvents, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type {
  DrillLight,
  DrillState,
  StoredDrillConditions,
  StoredDrillPicture,
  StoredFinding,
} from '../drivers/postgres/schema.ts';

export interface Drill {
  readonly id: number;
  readonly viewId: number;
  readonly state: DrillState;
  readonly askedBy: string | null;
  readonly askedAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly stepsDone: number;
  readonly steps: number;
  readonly conditions: StoredDrillConditions | null;
  readonly findings: readonly StoredFinding[];
  readonly pictures: readonly StoredDrillPicture[];
  readonly pictureSha256s: Readonly<Record<DrillLight, string | null>>;
  readonly problem: string | null;
}

/** Open drills of these views, or of every view that watches, are waited for; where none is, one is asked for. */
export async function askDrills(
  db: Db,
  viewIds: readonly number[] | undefined,
  userId: number | null,
  nowMs: number,
): Promise<number[]> {
  return db.transaction().execute(async (trx) => {
    const asked = await sql<{ id: number; viewId: number }>`
      insert into drill (view_id, asked_by, asked_at)
      select v.id, ${userId}, ${new Date(nowMs)} from view v
      where (${viewIds === undefined} and v.state = 'watching' or v.id = any(${[...(viewIds ?? [])]}::int[]))
        and exists (select from baseline b where b.view_id = v.id and b.state = 'accepted' and b.polygon is null)
      order by v.id
      on conflict (view_id) where state in ('waiting', 'running') do nothing
      returning id, view_id as "viewId"`.execute(trx);
    const views = asked.rows.map(({ viewId }) => viewId);
    if (views.length > 0) {
      const subject = viewIds?.length === 1 ? `view ${viewIds[0]}` : 'views';
      await recordAudit(trx, { userId, action: 'drill.asked', subject, details: { viewIds: views }, atMs: nowMs });
      await tell(trx, views, nowMs);
    }
    const open = await trx
      .selectFrom('drill')
      .select('id')
      .where('state', 'in', ['waiting', 'running'])
      .$if(viewIds !== undefined, (query) =>
        query.where('view_id', '=', sql<number>`any(${[...(viewIds ?? [])]}::int[])`),
      )
      .orderBy('id')
      .execute();
    return open.map(({ id }) => id);
  });
}

/** Ends open drills of these views. @returns how many there were */
export async function cancelDrills(
  db: Db,
  viewIds: readonly number[],
  userId: number | null,
  nowMs: number,
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const ended = await trx
      .updateTable('drill')
      .set({ state: 'cancelled', ended_at: new Date(nowMs), leased_until: null })
      .where('view_id', '=', sql<number>`any(${[...viewIds]}::int[])`)
      .where('state', 'in', ['waiting', 'running'])
      .returning('view_id')
      .execute();
    const views = ended.map((row) => row.view_id);
    if (views.length === 0) return 0;
    const subject = views.length === 1 ? `view ${views[0]}` : 'views';
    await recordAudit(trx, { userId, action: 'drill.cancelled', subject, details: { viewIds: views }, atMs: nowMs });
    await tell(trx, views, nowMs);
    return views.length;
  });
}

export interface TakenDrill {
  readonly id: number;
  readonly viewId: number;
  readonly attempts: number;
}

/** The oldest drill that waits, or whose worker is gone, for so long. @param of only among these */
export async function takeDrill(
  db: Db,
  leaseMs: number,
  nowMs: number,
  of?: readonly number[],
): Promise<TakenDrill | undefined> {
  const now = new Date(nowMs);
  const taken = await sql<TakenDrill>`
    update drill set state = 'running', leased_until = ${new Date(nowMs + leaseMs)}, attempts = attempts + 1,
      started_at = coalesce(started_at, ${now})
    where id = (
      select id from drill
      where (state = 'waiting' or state = 'running' and leased_until < ${now})
        and (${of === undefined} or id = any(${[...(of ?? [])]}::int[]))
      order by id limit 1 for update skip locked
    )
    returning id, view_id as "viewId", attempts`.execute(db);
  return taken.rows[0];
}

/**
 * What was found before under the same conditions: by this drill, or by the one before it where that was broken off.
 * What was found under others is dropped.
 */
export async function beginDrill(
  db: Db,
  { id, viewId }: TakenDrill,
  conditions: StoredDrillConditions,
  steps: number,
): Promise<readonly StoredFinding[]> {
  const earlier = await db
    .selectFrom('drill')
    .select('findings')
    .where('view_id', '=', viewId)
    .where('id', '<=', id)
    .where('state', 'in', ['running', 'cancelled', 'failed'])
    .where('conditions', '@>', JSON.stringify(conditions) as never)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const findings = earlier?.findings ?? [];
  await db
    .updateTable('drill')
    .set({
      conditions: JSON.stringify(conditions),
      findings: JSON.stringify(findings),
      ...{ steps, steps_done: findings.length },
    })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .execute();
  return findings;
}

/** Writes one step down and keeps the drill for as long again. @returns false where it was cancelled meanwhile */
export async function recordFinding(
  db: Db,
  drill: TakenDrill,
  finding: StoredFinding,
  leaseMs: number,
  nowMs: number,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const kept = await trx
      .updateTable('drill')
      .set((eb) => ({
        findings: sql<string>`findings || ${JSON.stringify([finding])}::jsonb`,
        steps_done: eb('steps_done', '+', 1),
        leased_until: new Date(nowMs + leaseMs),
      }))
      .where('id', '=', drill.id)
      .where('state', '=', 'running')
      .where('attempts', '=', drill.attempts)
      .returning('id')
      .executeTakeFirst();
    if (!kept) return false;
    await tell(trx, [drill.viewId], nowMs);
    return true;
  });
}

export interface DrillEnd {
  readonly state: 'done' | 'failed' | 'waiting';
  readonly pictures?: readonly StoredDrillPicture[];
  readonly pictureSha256s?: Partial<Readonly<Record<DrillLight, string>>>;
  readonly problem?: string;
}

/** Ends a drill, or gives it back to be gone on with. One that was cancelled stays so. */
export async function endDrill(db: Db, drill: TakenDrill, end: DrillEnd, nowMs: number): Promise<void> {
  const { state, pictures = [], pictureSha256s: { day, dusk, night } = {}, problem } = end;
  await db.transaction().execute(async (trx) => {
    const ended = await trx
      .updateTable('drill')
      .set({
        ...{ state, leased_until: null, problem: problem ?? null, pictures: JSON.stringify(pictures) },
        ended_at: state === 'waiting' ? null : new Date(nowMs),
        ...{ picture_day_sha256: day ?? null, picture_dusk_sha256: dusk ?? null, picture_night_sha256: night ?? null },
      })
      .where('id', '=', drill.id)
      .where('state', '=', 'running')
      .where('attempts', '=', drill.attempts)
      .returning('id')
      .executeTakeFirst();
    if (ended) await tell(trx, [drill.viewId], nowMs);
  });
}

/** Whether somebody else decided about it meanwhile. */
export async function isStillOurs(db: Db, drill: TakenDrill): Promise<boolean> {
  const row = await db
    .selectFrom('drill')
    .select('id')
    .where('id', '=', drill.id)
    .where('state', '=', 'running')
    .where('attempts', '=', drill.attempts)
    .executeTakeFirst();
  return row !== undefined;
}

/** The newest drill of a view, and while that one is not done the newest that is. */
export async function readDrills(db: Db, viewId: number): Promise<{ newest: Drill | null; done: Drill | null }> {
  const newest = await drills(db).where('drill.view_id', '=', viewId).limit(1).executeTakeFirst();
  if (!newest) return { newest: null, done: null };
  if (newest.state === 'done') return { newest: shaped(newest), done: shaped(newest) };
  const done = await drills(db)
    .where('drill.view_id', '=', viewId)
    .where('drill.state', '=', 'done')
    .limit(1)
    .executeTakeFirst();
  return { newest: shaped(newest), done: done ? shaped(done) : null };
}

export async function readDrillsById(db: Db, ids: readonly number[]): Promise<Drill[]> {
  const rows = await drills(db)
    .where('drill.id', '=', sql<number>`any(${[...ids]}::int[])`)
    .execute();
  return rows.map(shaped).reverse();
}

function drills(db: Db) {
  return db
    .selectFrom('drill')
    .leftJoin('app_user', 'app_user.id', 'drill.asked_by')
    .selectAll('drill')
    .select(['app_user.name', 'app_user.display_name'])
    .orderBy('drill.id', 'desc');
}

function shaped(row: Awaited<ReturnType<ReturnType<typeof drills>['executeTakeFirstOrThrow']>>): Drill {
  return {
    ...{ id: row.id, viewId: row.view_id, state: row.state, askedBy: row.display_name || row.name },
    ...{ askedAt: row.asked_at, startedAt: row.started_at, endedAt: row.ended_at },
    ...{ stepsDone: row.steps_done, steps: row.steps, conditions: row.conditions, problem: row.problem },
    ...{ findings: row.findings, pictures: row.pictures },
    pictureSha256s: { day: row.picture_day_sha256, dusk: row.picture_dusk_sha256, night: row.picture_night_sha256 },
  };
}

function tell(trx: DbOrTrx, viewIds: readonly number[], nowMs: number): Promise<void> {
  return recordEvents(
    trx,
    'view.changed',
    viewIds.map((viewId) => ({ viewId, change: 'drill' })),
    nowMs,
  );
}
