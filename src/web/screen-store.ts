/** SQL of screens: what each is assigned, and what the pages that show them say of themselves. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { recordAudit, recordEvents, type Db } from '../drivers/postgres/postgres.ts';
import type { AssignedScreen } from '../wall/wall.ts';
import type { ReportBody, Screen, ScreenLayout, ScreenPage, WallFigures } from './contract.ts';
import type { Account } from './people-store.ts';

/** What a screen shows that was never assigned. Twenty that sound together are a din: the first does. */
const defaultLayoutOf = (number: number): ScreenLayout => ({
  // Beside a column of alerts these tiles are as wide as pictures are.
  panel: { kind: 'cameras', columns: 3, rows: 4, cameraIds: null, turnS: 30 },
  column: true,
  takeover: 'none',
  sound: number === 1,
});

export interface StoredScreen {
  readonly number: number;
  readonly name: string;
  readonly layout: ScreenLayout;
  readonly version: number;
  readonly changedAt: Date | null;
  readonly changedBy: string | null;
}

/** Every screen, assigned or not. */
export async function readScreens(db: Db): Promise<StoredScreen[]> {
  const rows = await db
    .selectFrom('screen')
    .leftJoin('app_user', 'app_user.id', 'screen.changed_by')
    .select(['screen.number', 'screen.name', 'screen.layout', 'screen.version', 'screen.changed_at'])
    .select(['app_user.name as by_name', 'app_user.display_name as by_display_name'])
    .execute();
  return Array.from({ length: LIMITS.screens }, (_, at) => {
    const row = rows.find(({ number }) => number === at + 1);
    if (!row) {
      return {
        number: at + 1,
        name: '',
        layout: defaultLayoutOf(at + 1),
        version: 0,
        changedAt: null,
        changedBy: null,
      };
    }
    return {
      ...{ number: row.number, name: row.name, layout: row.layout as ScreenLayout, version: row.version },
      ...{ changedAt: row.changed_at, changedBy: row.by_display_name || row.by_name },
    };
  });
}

/** Of all screens what the rules of the wall look at: those that were assigned, and those that are shown somewhere. */
export async function assignedScreens(
  db: Db,
  number: number,
  nowMs: number,
): Promise<{
  readonly screen: StoredScreen;
  readonly all: readonly AssignedScreen[];
}> {
  const [screens, shown] = await Promise.all([
    readScreens(db),
    db
      .selectFrom('screen_report')
      .select('screen')
      .distinct()
      .where('seen_at', '>', new Date(nowMs - 3 * LIMITS.screenReportMs))
      .execute(),
  ]);
  const screen = screens[number - 1] as StoredScreen;
  const isShown = new Set(shown.map((row) => row.screen));
  const all = screens
    .filter((one) => one.version > 0 || one.number === number || isShown.has(one.number))
    .map(({ number: each, layout: { panel, takeover } }) => ({
      ...{ number: each, takeover },
      automaticTiles: panel.kind === 'cameras' && panel.cameraIds === null ? panel.columns * panel.rows : 0,
      turnS: panel.kind === 'cameras' ? panel.turnS : 60,
    }));
  return { screen, all };
}

/**
 * Assigns a screen; the pages that show it are told at once.
 * @throws SentinelError wall.screen_changed
 */
export async function assignScreen(
  db: Db,
  number: number,
  { name, layout, version }: { name: string; layout: ScreenLayout; version: number },
  userId: number,
  nowMs: number,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const values = {
      ...{ name: name.trim(), layout: JSON.stringify(layout) },
      ...{ changed_at: new Date(nowMs), changed_by: userId },
    };
    const changed =
      version === 0
        ? await trx
            .insertInto('screen')
            .values({ number, ...values })
            .onConflict((conflict) => conflict.column('number').doNothing())
            .returning('version')
            .executeTakeFirst()
        : await trx
            .updateTable('screen')
            .set((eb) => ({ ...values, version: eb('version', '+', 1) }))
            .where('number', '=', number)
            .where('version', '=', version)
            .returning('version')
            .executeTakeFirst();
    if (!changed) throw new SentinelError('wall.screen_changed', { number });
    await recordAudit(trx, {
      ...{ userId, action: 'screen.assigned', subject: `screen ${number}`, atMs: nowMs },
      details: { name: values.name, layout },
    });
    await recordEvents(trx, 'screen.changed', [{ screen: number, change: 'assigned' }], nowMs);
  });
}

/** Asks the pages of a screen, or of all, to say loudly which one they are. */
export async function identifyScreens(db: Db, number: number | undefined, nowMs: number): Promise<void> {
  const data = number === undefined ? { change: 'identify' } : { screen: number, change: 'identify' };
  await recordEvents(db, 'screen.changed', [data], nowMs);
}

/** @returns the version that the screen should show */
export async function recordReport(
  db: Db,
  number: number,
  report: ReportBody,
  account: Account,
  nowMs: number,
): Promise<number> {
  const at = new Date(nowMs);
  const gone = new Date(nowMs - 3 * LIMITS.screenReportMs);
  await sql`
    insert into screen_report as r (page, screen, user_id, machine_id, connected_since, seen_at, width_px, height_px,
      pixel_ratio, frames_per_s, version)
    select ${report.page}::uuid, ${number}, ${account.userId}, ${account.machineId ?? null}::int, ${at}::timestamptz, ${at}::timestamptz,
      ${report.widthPx}::int, ${report.heightPx}::int, ${report.pixelRatio}::real, ${report.framesPerS}::real, ${report.version}::int
    where (select count(*) from screen_report) < ${LIMITS.screenPages}
      or exists (select from screen_report where page = ${report.page}::uuid)
    on conflict (page) do update set screen = excluded.screen, seen_at = excluded.seen_at,
      connected_since = case when r.seen_at < ${gone}::timestamptz then excluded.seen_at else r.connected_since end,
      width_px = excluded.width_px, height_px = excluded.height_px, pixel_ratio = excluded.pixel_ratio,
      frames_per_s = excluded.frames_per_s, version = excluded.version
    where r.user_id = excluded.user_id`.execute(db);
  const row = await db.selectFrom('screen').select('version').where('number', '=', number).executeTakeFirst();
  return row?.version ?? 0;
}

/** Forgets pages that have long been gone, and of a screen's gone ones all but the last. */
export async function forgetReports(db: Db, nowMs: number): Promise<void> {
  const gone = new Date(nowMs - 3 * LIMITS.screenReportMs);
  await sql`
    delete from screen_report r where r.seen_at < ${gone}::timestamptz and (
      r.seen_at < ${new Date(nowMs - LIMITS.screenReportsKeptMs)}::timestamptz
      or exists (select from screen_report o where o.screen = r.screen and (o.seen_at, o.page) > (r.seen_at, r.page)))`.execute(
    db,
  );
}

/** Every screen with the pages that show it, those connected first. */
export async function listScreens(db: Db, nowMs: number): Promise<Screen[]> {
  const [screens, reports] = await Promise.all([
    readScreens(db),
    db
      .selectFrom('screen_report')
      .innerJoin('app_user', 'app_user.id', 'screen_report.user_id')
      .leftJoin('wall_machine', 'wall_machine.id', 'screen_report.machine_id')
      .selectAll('screen_report')
      .select(['app_user.name', 'app_user.display_name', 'wall_machine.name as machine'])
      .orderBy('seen_at', 'desc')
      .limit(LIMITS.screenPages)
      .execute(),
  ]);
  const pageOf = (row: (typeof reports)[number], version: number): ScreenPage => ({
    ...{ by: row.machine ?? (row.display_name || row.name), isMachine: row.machine_id !== null },
    isConnected: row.seen_at.getTime() > nowMs - 3 * LIMITS.screenReportMs,
    ...{ connectedSince: row.connected_since.toISOString(), seenAt: row.seen_at.toISOString() },
    ...{ widthPx: row.width_px, heightPx: row.height_px, pixelRatio: row.pixel_ratio, framesPerS: row.frames_per_s },
    isCurrent: row.version === version,
  });
  return screens.map(({ changedAt, ...screen }) => ({
    ...screen,
    changedAt: changedAt?.toISOString() ?? null,
    pages: reports.filter((row) => row.screen === screen.number).map((row) => pageOf(row, screen.version)),
  }));
}

/** The cameras that an automatic screen goes through. */
export async function camerasInTurn(db: Db, seen: readonly number[] | undefined): Promise<number[]> {
  const rows = await db
    .selectFrom('camera')
    .select('id')
    .where('enabled', '=', true)
    .$if(seen !== undefined, (query) => query.where('id', 'in', seen?.length ? [...seen] : [0]))
    .orderBy('place')
    .orderBy('id')
    .limit(LIMITS.cameras)
    .execute();
  return rows.map(({ id }) => id);
}

/** Today is the estate's. */
export async function wallFigures(db: Db, nowMs: number): Promise<WallFigures> {
  const zone = sql`coalesce((select e.time_zone from estate e join camera c on c.estate_id = e.id and c.enabled
    group by e.id order by count(*) desc, e.id limit 1), 'UTC')`;
  const todayAt = sql`(date_trunc('day', ${new Date(nowMs)}::timestamptz at time zone ${zone}) at time zone ${zone})`;
  const [figures, reasons] = await Promise.all([
    sql<Omit<WallFigures, 'notJudged' | 'serverTime' | 'oldestOpenAt'> & { oldestOpenAt: Date | null }>`
      select
        (select json_build_object(
          'online', count(*) filter (where h.state = 'online'),
          'troubled', count(*) filter (where h.state not in ('online', 'unknown')),
          'unknown', count(*) filter (where coalesce(h.state, 'unknown') = 'unknown'))
          from camera c left join camera_health h on h.camera_id = c.id where c.enabled) as cameras,
        (select json_build_object(
          'watching', count(*) filter (where v.state = 'watching'),
          'learning', count(*) filter (where v.state in ('learning', 'proposed')),
          'paused', count(*) filter (where v.state = 'paused'))
          from view v join camera c on c.id = v.camera_id where c.enabled) as views,
        (select count(*)::int from look where captured_at > ${new Date(nowMs - 3_600_000)}) as "looksLastHour",
        (select count(*)::int from candidate where raised_at >= ${todayAt}) as "raisedToday",
        (select count(*)::int from verdict where decided_at >= ${todayAt} and undone_at is null) as "decidedToday",
        (select count(*)::int from verdict where decided_at >= ${todayAt} and undone_at is null
          and verdict = 'violation') as "violationsToday",
        (select min(raised_at) from candidate where state = 'open') as "oldestOpenAt"`.execute(db),
    sql<{ reason: string; views: number }>`
      select v.not_judged_reason as reason, count(*)::int as views from view v join camera c on c.id = v.camera_id
      where c.enabled and v.state = 'watching' and v.not_judged_reason is not null
      group by 1 order by 2 desc, 1 limit 8`.execute(db),
  ]);
  const row = figures.rows[0];
  if (!row) throw new Error('a select without a table answers one row');
  return {
    ...row,
    oldestOpenAt: row.oldestOpenAt?.toISOString() ?? null,
    notJudged: reasons.rows,
    serverTime: new Date(nowMs).toISOString(),
  };
}
