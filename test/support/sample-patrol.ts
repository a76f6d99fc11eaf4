/**
 * Domes for the sample estate, as a week of patrol leaves them in the database: presets with pictures cut from the published
 * panorama, day and night routes, looks, visits, the log of the turret, tasks open and mended, a test run.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sql, type RawBuilder } from 'kysely';
import sharp from 'sharp';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { logTurret } from '../../src/patrol/lease-store.ts';
import { readRoutes, saveRoute } from '../../src/patrol/route-store.ts';
import { routeAt, type Route, type Stop } from '../../src/patrol/route.ts';
import type { Window } from '../../src/patrol/timetable.ts';
import type { MemoryPictures } from './sample-estate.ts';

export interface SamplePatrol {
  readonly domes: number;
  /** Of the first dome. */
  readonly presets: number;
  /** Of all domes together; the first two are the first dome's by day and by night, the second dome has none. */
  readonly routes: number;
  /** Lines of the first dome's log. */
  readonly logged: number;
  /** Streams of the domes; absent: they have an address where nothing answers. */
  readonly streams?: { readonly mainUrl: string; readonly subUrl: string };
}

const MEDIA = path.resolve('src/simulator/media/panorama');
const WIDEST_DEG = 58;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const ABILITIES = { absolute: true, relative: true, continuous: true, byPicture: true, home: true, setPreset: true };
/** Most routes of one dome; beyond it they go to the next. */
const ROUTES_EACH = 28;
/** Token of the preset that the first dome has lost. */
const GONE = '7';

/** Where the domes' presets look: what stands there, degrees of pan and tilt, magnification. */
const PLACES = [
  ['东侧全景', 40, -19, 1],
  ['6号楼屋顶', 68, -26, 4],
  ['主干道东段', 29, -36, 2.2],
  ['消防通道', 38.8, -36, 1.8],
  ['5号楼屋顶', 59.5, -25.6, 2.6],
  ['11号楼屋顶', 16.2, -31.4, 3],
  ['12号楼屋顶', 38.5, -31.4, 3.2],
  ['18号楼屋顶', 25.5, -20.4, 4],
] as const;

/** On top of an estate with an account. @returns the domes' cameras */
export async function fillPatrol(
  db: Db,
  pictures: MemoryPictures,
  nowMs: number,
  { domes, presets, routes, logged, streams }: SamplePatrol,
): Promise<number[]> {
  const cut = await openPanorama();
  const admin = await db.selectFrom('app_user').select(['id', 'name']).orderBy('id').executeTakeFirstOrThrow();
  const cameras = await addDomes(db, nowMs, domes, streams);
  const [first = 0, second] = cameras;
  for (const [index, cameraId] of cameras.entries()) {
    const count = index === 0 ? presets : 8;
    await addPresets(db, cameraId, nowMs, count, async (n) => pictures.put(await cut(index, n)));
  }
  const drivers = cameras.filter((cameraId) => cameraId !== second);
  for (let n = 0; n < routes; n++) {
    const cameraId = drivers[n < ROUTES_EACH ? 0 : 1 + (n % Math.max(1, drivers.length - 1))] ?? first;
    await addRoute(db, cameraId, n, presets, admin.id, nowMs - 20 * DAY_MS);
  }
  // One that a route needs is gone from the camera since.
  await db
    .updateTable('turret_preset')
    .set({ missing_since: new Date(nowMs - 290 * MINUTE_MS) })
    .where('camera_id', '=', first)
    .where('token', '=', GONE)
    .execute();
  for (const cameraId of drivers) await lookAbout(db, cameraId, nowMs);
  await addTasks(db, first, nowMs, admin.id);
  await addLog(db, first, nowMs, logged, admin);
  await addTest(db, first, nowMs, admin.id);
  if (second !== undefined) await takeByHand(db, second, nowMs, admin.id);
  return cameras;
}

/** What a living estate would have done since: the newest pictures are of now, and the leases stand. */
export async function keepFresh(db: Db): Promise<void> {
  await sql`update still s set captured_at = now() - interval '2 seconds' from view v, camera_health h
    where v.id = s.view_id and h.camera_id = v.camera_id and h.state = 'online'`.execute(db);
  await sql`update camera_health set last_frame_at = now() where state = 'online'`.execute(db);
  await sql`update view v set last_look_at = now() - interval '4 seconds',
      last_judged_at = case when v.not_judged_reason is null then now() - interval '4 seconds' else v.last_judged_at end
    from camera c join camera_health h on h.camera_id = c.id
    where c.id = v.camera_id and c.kind = 'fixed' and h.state = 'online'`.execute(db);
  await sql`update camera_lease set expires_at = now() + interval '1 hour'`.execute(db);
  await sql`update turret_lease set expires_at = now() + interval '48 seconds'`.execute(db);
}

/** A still of each view: its first baseline, or that of another view where it has none. */
export async function fillStills(db: Db, pictures: MemoryPictures): Promise<void> {
  const found = await sql<{ sha256: string }>`
    select distinct picture_sha256 as sha256 from baseline order by picture_sha256`.execute(db);
  const samples = found.rows.map(({ sha256 }) => sha256);
  const keep = async (sha256: string, which: RawBuilder<unknown>): Promise<void> => {
    const jpeg = Buffer.from(await pictures.get(sha256));
    await sql`insert into still (view_id, captured_at, version, jpeg)
      select v.id, now(), v.baseline_version, ${jpeg} from view v where ${which} on conflict do nothing`.execute(db);
  };
  for (const sha256 of samples) {
    await keep(sha256, sql`exists (select from baseline b where b.view_id = v.id and b.picture_sha256 = ${sha256})`);
  }
  for (const [index, sha256] of samples.entries()) {
    await keep(sha256, sql`v.id % ${sql.lit(samples.length)} = ${sql.lit(index)}`);
  }
}

/** Screens of the wall: cameras, the plan, a dome, figures, and alerts that take the middle. */
export async function fillScreens(db: Db, domeId: number): Promise<void> {
  const rest = { column: true, takeover: 'none', sound: true };
  const layouts = [
    ['主屏', { ...rest, panel: { kind: 'cameras', columns: 4, rows: 4, cameraIds: null, turnS: 60 } }],
    ['平面图', { ...rest, panel: { kind: 'plan', planId: null } }],
    ['楼顶球机', { ...rest, panel: { kind: 'dome', cameraId: domeId } }],
    ['统计', { ...rest, sound: false, panel: { kind: 'statistics' } }],
    ['告警', { ...rest, takeover: 'all', panel: { kind: 'alerts' } }],
    [
      '全部摄像机',
      { ...rest, column: false, panel: { kind: 'cameras', columns: 8, rows: 8, cameraIds: null, turnS: 60 } },
    ],
  ] as const;
  await db
    .insertInto('screen')
    .values(
      layouts.map(([name, layout], index) => ({
        ...{ number: index + 1, name, layout: JSON.stringify(layout), changed_at: new Date() },
      })),
    )
    .execute();
}

/** @returns what a preset shows as a JPEG: the panorama's part, each dome turned another way */
async function openPanorama(): Promise<(dome: number, preset: number) => Promise<Buffer>> {
  const about = JSON.parse(await readFile(path.join(MEDIA, 'panorama.json'), 'utf8')) as {
    px_per_deg: number;
    top_deg: number;
    width_px: number;
    height_px: number;
  };
  const { px_per_deg: scale, top_deg: topDeg, width_px: widthPx, height_px: heightPx } = about;
  const { data, info } = await sharp(path.join(MEDIA, 'clear.webp'), { limitInputPixels: false })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return (dome, preset) => {
    const [, panDeg, tiltDeg, zoom] = PLACES[preset % PLACES.length] ?? PLACES[0];
    const width = Math.round((WIDEST_DEG / zoom) * scale);
    const height = Math.round((width * 9) / 16);
    const turn = panDeg + 180 + dome * 83 + Math.floor(preset / PLACES.length) * 37;
    const left = Math.round((turn * scale) % Math.max(1, widthPx - width));
    const top = Math.min(heightPx - height, Math.max(0, Math.round((topDeg - tiltDeg) * scale - height / 2)));
    return sharp(data, { raw, limitInputPixels: false })
      .extract({ left, top, width, height })
      .resize(640, 360)
      .jpeg({ quality: 82 })
      .toBuffer();
  };
}

async function addDomes(db: Db, nowMs: number, count: number, streams: SamplePatrol['streams']): Promise<number[]> {
  const rows = await db
    .insertInto('camera')
    .values(
      Array.from({ length: count }, (_, n) => ({
        ...{ estate_id: 1, key: `dome-${n + 1}`, kind: 'ptz' as const, place: `${30 - n}号楼 屋面` },
        name: ['楼顶球机·东', '楼顶球机·西'][n] ?? `${30 - n}号楼顶球机`,
        main_url: streams?.mainUrl ?? `rtsp://127.0.0.1/dome-${n + 1}/main`,
        sub_url: streams?.subUrl ?? `rtsp://127.0.0.1/dome-${n + 1}/sub`,
        onvif_url: `http://127.0.0.1/dome-${n + 1}/onvif/device_service`,
      })),
    )
    .returning('id')
    .execute();
  const ids = rows.map(({ id }) => id);
  // Of many one is away and one is stuck.
  await db
    .insertInto('camera_health')
    .values(
      ids.map((id, n) => ({
        ...{ camera_id: id, codec: 'h264', width_px: 640, height_px: 360, clock_offset_ms: 1_500 - n * 200 },
        ...{ clock_measured_at: new Date(nowMs), last_frame_at: new Date(nowMs) },
        ...(n === 3 ? { state: 'offline' as const, reason: 'rtsp.timeout' } : { state: 'online' as const }),
        since: new Date(nowMs - (n === 3 ? 40 : 4_000) * MINUTE_MS),
      })),
    )
    .execute();
  await db
    .insertInto('camera_lease')
    .values(
      ids.map((id) => ({
        ...{ camera_id: id, holder: 'nvr-1:2201', part: 'patrol' as const, expires_at: new Date(nowMs + DAY_MS) },
      })),
    )
    .execute();
  await db
    .insertInto('turret')
    .values(
      ids.map((id, n) => ({
        ...{ camera_id: id, phase: 'resting' as const, abilities: JSON.stringify(ABILITIES), park_after_s: 120 },
        ...{ position: JSON.stringify({ pan: 0.22, tilt: -0.18, zoom: 0.16 }), park_preset: '1' },
        ...{ phase_since: new Date(nowMs - 30_000), presets_read_at: new Date(nowMs - 20 * MINUTE_MS) },
        ...(n === 4 && { stuck_since: new Date(nowMs - 22 * MINUTE_MS) }),
      })),
    )
    .execute();
  return ids;
}

async function addPresets(
  db: Db,
  cameraId: number,
  nowMs: number,
  count: number,
  pictureOf: (preset: number) => Promise<string>,
): Promise<void> {
  for (let n = 0; n < count; n++) {
    const [name, panDeg, tiltDeg, zoom] = PLACES[n % PLACES.length] ?? PLACES[0];
    const lap = Math.floor(n / PLACES.length);
    await db
      .insertInto('turret_preset')
      .values({
        ...{ camera_id: cameraId, token: String(n + 1), name: lap === 0 ? name : `${name} ${lap + 1}` },
        position: JSON.stringify({ pan: panDeg / 180, tilt: (tiltDeg + 45) / 27.5 - 1, zoom: (zoom - 1) / 7 }),
        ...{ picture_sha256: await pictureOf(n), pictured_at: new Date(nowMs - n * MINUTE_MS) },
        seen_at: new Date(nowMs - 20 * MINUTE_MS),
      })
      .execute();
  }
}

/** The first two are for the day and the night; those after them each for some hours, and each before the others. */
async function addRoute(
  db: Db,
  cameraId: number,
  n: number,
  presets: number,
  userId: number,
  atMs: number,
): Promise<void> {
  const twoDigits = (hour: number): string => String(hour % 24).padStart(2, '0');
  const windows: Window[] =
    n === 0
      ? [{ days: EVERY_DAY, from: '06:00', to: '19:00' }]
      : n === 1
        ? [{ days: EVERY_DAY, from: '19:00', to: '06:00' }]
        : [{ days: [(n % 7) + 1], from: `${twoDigits(n * 5)}:00`, to: `${twoDigits(n * 5 + 2)}:30` }];
  const known = n < ROUTES_EACH ? presets : PLACES.length;
  const tokens = Array.from({ length: n === 1 ? 4 : 8 }, (_, at) => String(((n < 2 ? at : n * 3 + at) % known) + 1));
  await db.transaction().execute((trx) =>
    saveRoute(
      trx,
      {
        ...{ cameraId, enabled: n % 9 !== 8, priority: n < 2 ? 10 : Math.min(100, n + 20), randomOrder: n % 5 === 4 },
        name: ['屋顶日间巡航', '屋顶夜间巡航'][n] ?? `专项巡查 ${n - 1}`,
        ...{ timeZone: null, windows },
        stops: [...new Set(tokens)].map((preset, at) => ({
          ...{ name: at === 7 ? '全景回看' : '', preset, position: null, zoom: null, dwellS: 5 + (at % 3) * 2 },
          ...{ speed: at === 2 ? 0.6 : null },
          watch: { judged: at !== 7, persistenceRule: null, minScore: null },
        })),
      },
      undefined,
      userId,
      atMs,
    ),
  );
}

/** A week of looks along the routes: one place was left out for some hours, one has drifted, nights are dark. */
async function lookAbout(db: Db, cameraId: number, nowMs: number): Promise<void> {
  const routes = await readRoutes(db, cameraId);
  if (routes.length === 0) return;
  const now = new Date(nowMs);
  const views = [...new Set(routes.flatMap(({ stops }) => stops.map(({ viewId }) => viewId)))];
  await sql`
    insert into look (view_id, captured_at, result, reason, stage, gate_score, lighting)
    select v.id, ts, case when why.reason is null then 'unchanged' else 'not_judged' end, why.reason, 'gate', 0.1,
      case when hour between 6 and 18 then 'day' else 'low_light' end
    from unnest(${views}::int[]) with ordinality as v (id, n)
    cross join lateral (select ts, extract(hour from ts at time zone 'Asia/Shanghai') as hour
      from generate_series(${now}::timestamptz - interval '9 days' + v.n * interval '9 seconds', ${now}::timestamptz,
        interval '6 minutes') ts) t
    cross join lateral (select case
      when v.n = 5 and ts > ${now}::timestamptz - interval '30 hours' then 'pose'
      when hour in (5, 19) and v.n % 2 = 0 then 'dark' when hour = 7 and v.n % 3 = 0 then 'fogged' end as reason) why
    where not (v.n % 4 = 3 and ts between ${now}::timestamptz - interval '52 hours' and ${now}::timestamptz - interval '45 hours')
      and (v.n <= 4 or hour between 6 and 18)`.execute(db);
  await sql`
    update view v set state = 'watching', last_look_at = l.at, last_judged_at = l.judged,
      not_judged_reason = case when l.judged is distinct from l.at then l.reason end,
      not_judged_since = case when l.judged is distinct from l.at then l.judged end
    from (select view_id, max(captured_at) as at, max(captured_at) filter (where result = 'unchanged') as judged,
      (array_agg(reason order by id desc))[1] as reason from look where view_id = any(${views}::int[]) group by view_id) l
    where l.view_id = v.id`.execute(db);
  // Each stop's newest look has the picture of its preset.
  await sql`
    update look set picture_sha256 = p.picture_sha256 from (
      select distinct on (l.view_id) l.id, t.picture_sha256 from look l join view v on v.id = l.view_id
      join turret_preset t on t.camera_id = v.camera_id and t.token = v.key
      where v.camera_id = ${cameraId} order by l.view_id, l.id desc) p where p.id = look.id`.execute(db);
  await sql`
    insert into baseline (view_id, picture_sha256, thumbnail, lighting, captured_at, state, origin)
    select v.id, t.picture_sha256, ''::bytea, 'day', ${now}::timestamptz - interval '9 days', 'accepted', 'learning'
    from view v join turret_preset t on t.camera_id = v.camera_id and t.token = v.key
    where v.id = any(${views}::int[])`.execute(db);
  const atNow = routeAt(routes, nowMs);
  for (const route of routes.slice(0, 4)) await visitStops(db, route, nowMs);
  if (!atNow) return;
  const stop = atNow.stops[2] ?? atNow.stops[0];
  await db
    .updateTable('turret')
    .set({ phase: 'dwelling', route_id: atNow.id, stop_id: stop?.id ?? null, phase_since: now })
    .where('camera_id', '=', cameraId)
    .where('stuck_since', 'is', null)
    .execute();
  await db
    .insertInto('turret_lease')
    .values({
      ...{ camera_id: cameraId, kind: 'route' as const, route_id: atNow.id },
      ...{ taken_at: new Date(nowMs - 50 * MINUTE_MS), expires_at: new Date(nowMs + 20_000) },
    })
    .execute();
}

async function visitStops(db: Db, { id, cameraId, stops }: Route, nowMs: number): Promise<void> {
  await db
    .insertInto('patrol_visit')
    .values(
      stops.flatMap((stop, at) =>
        Array.from({ length: 6 }, (_, round) => ({
          ...{ camera_id: cameraId, route_id: id, stop_id: stop.id, view_id: stop.viewId },
          ...{ began_at: new Date(nowMs - (round * stops.length + stops.length - at) * 12_000) },
          ...{ outcome: 'looked' as const, move_ms: 900 + at * 170 + round * 13, settle_ms: 420 + round * 20 },
          ...{ looked_at: new Date(nowMs - round * 90_000), dx_px: at * 0.4, dy_px: -0.3 },
        })),
      ),
    )
    .execute();
}

async function addTasks(db: Db, cameraId: number, nowMs: number, userId: number): Promise<void> {
  const views = await db.selectFrom('view').select('id').where('camera_id', '=', cameraId).orderBy('id').execute();
  const at = (minutesAgo: number): Date => new Date(nowMs - minutesAgo * MINUTE_MS);
  const [, , third, fourth, fifth] = views.map(({ id }) => id);
  await db
    .insertInto('operator_task')
    .values([
      {
        ...{
          kind: 'pose' as const,
          camera_id: cameraId,
          view_id: fifth ?? null,
          opened_at: at(1_800),
          last_seen_at: at(3),
        },
        ...{ times: 118, details: JSON.stringify({ dxPx: 61, dyPx: -18 }) },
      },
      {
        ...{
          kind: 'preset_missing' as const,
          camera_id: cameraId,
          subject: GONE,
          opened_at: at(290),
          last_seen_at: at(6),
        },
        ...{ times: 41, details: JSON.stringify({ preset: GONE, name: '12号楼屋顶' }) },
      },
      { kind: 'stuck', camera_id: cameraId, opened_at: at(22), last_seen_at: at(1), times: 9 },
      {
        ...{
          kind: 'pose' as const,
          camera_id: cameraId,
          view_id: third ?? null,
          opened_at: at(7_300),
          last_seen_at: at(7_100),
        },
        ...{
          times: 12,
          details: JSON.stringify({ dxPx: 30, dyPx: 4 }),
          state: 'closed' as const,
          closed_at: at(7_000),
        },
        ...{ closed_by: userId, note: '已重新对准预置位' },
      },
      {
        ...{
          kind: 'stuck' as const,
          camera_id: cameraId,
          view_id: fourth ?? null,
          opened_at: at(9_000),
          last_seen_at: at(8_990),
        },
        ...{ times: 3, state: 'closed' as const, closed_at: at(8_980) },
      },
    ])
    .execute();
}

async function addLog(
  db: Db,
  cameraId: number,
  nowMs: number,
  lines: number,
  admin: { readonly id: number; readonly name: string },
): Promise<void> {
  const [route] = await readRoutes(db, cameraId);
  const byRoute = {
    kind: 'route',
    userId: null,
    routeId: route?.id ?? null,
    name: route?.name ?? '',
    purpose: '',
  } as const;
  const byHand = { kind: 'operator', userId: admin.id, routeId: null, name: '李值班', purpose: '' } as const;
  const bySystem = { kind: 'system', userId: null, routeId: null, name: '', purpose: 'park' } as const;
  const entries = [
    { by: byRoute, action: 'turret.to_preset', details: { preset: '1' } },
    { by: byRoute, action: 'turret.to_preset', details: { preset: '2', speed: 0.6 } },
    { by: byRoute, action: 'turret.recentred', details: { dxPx: 11, dyPx: -2 } },
    { by: byHand, action: 'lease.taken', details: { purpose: '', from: { kind: 'route', name: byRoute.name } } },
    { by: byHand, action: 'hand.continuous', details: { forS: 1.2 } },
    { by: byHand, action: 'hand.picture', details: { right: 0.2, up: 0.1 } },
    { by: byHand, action: 'hand.set_preset', details: { name: '12号楼屋顶 东角' } },
    { by: byHand, action: 'lease.released', details: {} },
    { by: byRoute, action: 'turret.to_preset', details: { preset: '5' }, problem: 'onvif.timeout' },
    { by: byHand, action: 'hand.absolute', details: {}, refused: 'patrol.held' },
    { by: bySystem, action: 'lease.taken', details: { purpose: 'park' } },
  ] as const;
  for (let n = 0; n < lines; n++) {
    const entry = entries[n % entries.length] ?? entries[0];
    const problem = 'problem' in entry ? entry.problem : 'refused' in entry ? entry.refused : null;
    const outcome = 'problem' in entry ? 'failed' : 'refused' in entry ? 'refused' : 'done';
    const { by, action, details } = entry;
    await logTurret(db, { cameraId, by, action, details, outcome, problem }, nowMs - (lines - n) * 40_000);
  }
}

async function addTest(db: Db, cameraId: number, nowMs: number, userId: number): Promise<void> {
  const [route] = await readRoutes(db, cameraId);
  if (!route) return;
  const outcomeOf = (stop: Stop, at: number) => ({
    ...{ stopId: stop.id, name: stop.name || (stop.preset ?? ''), problem: null },
    ...{ outcome: at === 4 ? 'pose' : 'looked', moveS: 0.9 + at * 0.2, settleS: 0.5 },
    offset: at === 4 ? { dxPx: 61, dyPx: -18 } : { dxPx: at * 0.3, dyPx: 0.2 },
  });
  await db
    .insertInto('patrol_test_run')
    .values({
      ...{ route_id: route.id, user_id: userId, state: 'done' as const, asked_at: new Date(nowMs - 95 * MINUTE_MS) },
      started_at: new Date(nowMs - 95 * MINUTE_MS + 900),
      ended_at: new Date(nowMs - 93 * MINUTE_MS),
      progress: JSON.stringify(route.stops.map(outcomeOf)),
    })
    .execute();
}

async function takeByHand(db: Db, cameraId: number, nowMs: number, userId: number): Promise<void> {
  await db.updateTable('turret').set({ phase: 'held' }).where('camera_id', '=', cameraId).execute();
  await db
    .insertInto('turret_lease')
    .values({
      ...{ camera_id: cameraId, kind: 'operator' as const, user_id: userId },
      ...{ taken_at: new Date(nowMs - 3 * MINUTE_MS), expires_at: new Date(nowMs + 48_000) },
    })
    .execute();
}
