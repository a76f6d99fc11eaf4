/** Routes over HTTP: drawn, checked in plain words, changed, copied, taken from and given as a file. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRoutes } from '../../../src/patrol/patrol.ts';
import { createToken, ensureFirstAdmin } from '../../../src/web/people-store.ts';
import { ManualClock } from '../../support/clock.ts';
import { fillDome, routeBody, type SampleDome } from '../../support/dome.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { startTestWeb, WebClient } from '../../support/web.ts';

const NOW = Date.UTC(2026, 6, 6, 2); // Monday, 10:00 in Shanghai
let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let client: WebClient;
let dome: SampleDome;

beforeAll(async () => {
  database = await freshDatabase();
  await ensureFirstAdmin(database.db, 'a password for tests');
  dome = await fillDome(database.db, NOW);
  web = await startTestWeb(database, { pictures: new MemoryPictures(), clock: new ManualClock(NOW) });
  client = new WebClient(web.url);
  const admin = await database.db.selectFrom('app_user').select('id').executeTakeFirstOrThrow();
  client.token = (await createToken(database.db, admin.id, 'test', undefined, NOW)).token;
});
afterAll(async () => {
  await web.close();
  await database.close();
});
beforeEach(async () => {
  await database.db.deleteFrom('patrol_route').execute();
});

const draw = async (change: Parameters<typeof routeBody>[1] = {}) => {
  const answer = await client.post('/api/v1/patrol-routes', routeBody(dome.cameraId, change));
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body;
};
const zh = { 'accept-language': 'zh-CN' };

test('a route is drawn with a view for each of its stops, and listed as it goes', async () => {
  const route = await draw();
  expect(route).toMatchObject({
    name: '白天',
    zoneInForce: 'Asia/Shanghai',
    inForce: true,
    nextChangeAt: '2026-07-06T11:00:00.000Z',
    problems: [],
    version: 1,
  });
  expect(route.stops.map((stop: { presetName: string }) => stop.presetName)).toEqual(['大门', '主干道', '外墙']);
  expect(route.stops[0].view).toMatchObject({ state: 'learning', notJudged: null });
  // Three dwells of 10 s, and turning between places that are 54 degrees apart.
  expect(route.roundS).toBeGreaterThan(30);
  expect(route.roundS).toBeLessThan(40);
  const views = await database.db
    .selectFrom('view')
    .select(['key', 'name'])
    .where('camera_id', '=', dome.cameraId)
    .execute();
  expect(views).toContainEqual({ key: '2', name: '1号楼球机 · 主干道' });
  const { body } = await client.get(`/api/v1/patrol-routes?cameraId=${dome.cameraId}`);
  expect(body).toEqual({ items: [route], next: null });
});

test('stops at the same place share a view, another zoom is another view', async () => {
  const day = await draw();
  const night = await draw({
    ...{ name: '夜间', windows: [{ days: [1], from: '20:00', to: '23:00' }] },
    stops: [
      { name: '', preset: '1', dwellS: 5 },
      { name: '近看', preset: '1', zoom: 0.5, dwellS: 5 },
      { name: '屋面', position: { pan: 0.1, tilt: -0.3, zoom: 0.2 }, dwellS: 5 },
    ],
  });
  const ids = night.stops.map((stop: { view: { id: number } }) => stop.view.id);
  expect(ids[0]).toBe(day.stops[0].view.id);
  expect(new Set([...ids, ...day.stops.map((stop: { view: { id: number } }) => stop.view.id)]).size).toBe(5);
});

describe('what is wrong is said in plain words, and refused', () => {
  test.each([
    [
      'an unknown preset',
      { stops: [{ name: '后门', preset: '9', dwellS: 5 }] },
      'unknown_preset',
      '第 1 个停靠点（后门）：摄像机没有预置位“9”',
    ],
    [
      'a window too short for a round',
      {
        windows: [{ days: [1], from: '08:00', to: '08:01' }],
        stops: [1, 2].map((n) => ({ name: '', preset: `${n}`, dwellS: 60 })),
      },
      'unreachable',
      '时间段 08:00–08:01 只有 1 分钟，而走完一圈约需 3 分钟，部分停靠点无法到达',
    ],
    ['an unknown zone', { timeZone: 'Asia/Nantong' }, 'bad_time_zone', '不存在时区“Asia/Nantong”'],
    ['no stops', { stops: [] }, 'no_stops', '没有停靠点'],
    [
      'a stop without a place',
      { stops: [{ name: '', dwellS: 1 }] },
      'no_target',
      '第 1 个停靠点须指定预置位或位置，且只能指定一项',
    ],
  ])('%s', async (_what, change, code, message) => {
    const answer = await client.post('/api/v1/patrol-routes', routeBody(dome.cameraId, change), zh);
    expect(answer.status).toBe(422);
    expect(answer.body.error.code).toBe('patrol.route_invalid');
    expect(answer.body.error.details.problems).toContainEqual(
      expect.objectContaining({ code, severity: 'error', message }),
    );
    expect(await readRoutes(database.db, dome.cameraId)).toEqual([]);
  });

  test('routes of the same priority at the same time, across midnight too', async () => {
    await draw({ name: '夜间', windows: [{ days: [5], from: '22:00', to: '06:00' }] });
    const other = routeBody(dome.cameraId, { name: '清晨', windows: [{ days: [6], from: '05:30', to: '08:00' }] });
    const { body } = await client.post('/api/v1/patrol-routes/check', other, zh);
    expect(body.problems).toEqual([
      expect.objectContaining({
        code: 'overlap',
        message: '周六 05:30 至 周六 06:00 与同优先级（0）的路线“夜间”时间重叠，请调整时间或提高其中一条的优先级',
      }),
    ]);
    const { body: higher } = await client.post('/api/v1/patrol-routes/check', { ...other, priority: 1 });
    expect(higher.problems).toEqual([]);
    expect(await readRoutes(database.db, dome.cameraId)).toHaveLength(1);
  });

  test('a route that others of more priority leave no time to', async () => {
    await draw({ name: '全天', priority: 5, windows: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }] });
    const day = routeBody(dome.cameraId, { name: '白天' });
    const { body } = await client.post('/api/v1/patrol-routes/check', day, zh);
    expect(body.problems).toEqual([
      expect.objectContaining({
        ...{ code: 'shadowed', severity: 'warning' },
        message: '不会运行：它的全部时间都被优先级更高的路线（全天）占用，请提高优先级或调整时间',
      }),
    ]);
    const { body: higher } = await client.post('/api/v1/patrol-routes/check', { ...day, priority: 6 });
    expect(higher.problems).toEqual([]);
  });

  test('a fixed camera has no routes', async () => {
    const answer = await client.post('/api/v1/patrol-routes', routeBody(dome.fixedId));
    expect([answer.status, answer.body.error.code]).toEqual([409, 'patrol.no_turret']);
    expect((await client.get(`/api/v1/cameras/${dome.fixedId}/ptz`)).status).toBe(409);
  });
});

test('of overlapping routes the one of more priority goes', async () => {
  const low = await draw();
  const high = await draw({ name: '举报后加强', priority: 5, windows: [{ days: [1], from: '09:00', to: '11:00' }] });
  expect(high.inForce).toBe(true);
  expect((await client.get(`/api/v1/patrol-routes/${low.id}`)).body.inForce).toBe(false);
});

test('a change keeps the stops that stay, and one over an older version is refused', async () => {
  const route = await draw();
  const change = routeBody(dome.cameraId, {
    version: 1,
    stops: [
      { name: '', preset: '4', dwellS: 5 },
      {
        name: '换名',
        preset: '2',
        dwellS: 20,
        watch: { judged: true, persistenceRule: { found: 2, of: 3, spanS: 60 }, minScore: 0.5 },
      },
    ],
  });
  const { status, body } = await client.ask('PUT', `/api/v1/patrol-routes/${route.id}`, change);
  expect(status).toBe(200);
  expect(body.version).toBe(2);
  expect(body.stops[1]).toMatchObject({ id: route.stops[1].id, name: '换名', dwellS: 20, watch: { minScore: 0.5 } });
  const late = await client.ask('PUT', `/api/v1/patrol-routes/${route.id}`, change);
  expect([late.status, late.body.error.code]).toEqual([409, 'patrol.route_changed']);
  const twice = await client.post('/api/v1/patrol-routes', routeBody(dome.cameraId, { windows: [] }));
  expect(twice.body.error.code).toBe('patrol.route_name_taken');
});

test('a day is copied to others', async () => {
  const route = await draw({
    windows: [
      { days: [1], from: '07:00', to: '09:00' },
      { days: [2], from: '10:00', to: '12:00' },
    ],
  });
  const { body } = await client.post(`/api/v1/patrol-routes/${route.id}/copy-day`, { from: 1, to: [2, 6], version: 1 });
  expect(body.windows).toEqual([{ days: [1, 2, 6], from: '07:00', to: '09:00' }]);
});

test('a removed route is gone, its views stay', async () => {
  const route = await draw();
  expect((await client.ask('DELETE', `/api/v1/patrol-routes/${route.id}`)).status).toBe(204);
  expect((await client.get(`/api/v1/patrol-routes/${route.id}`)).status).toBe(404);
  const views = await database.db.selectFrom('view').select('id').where('camera_id', '=', dome.cameraId).execute();
  expect(views.length).toBeGreaterThanOrEqual(3);
});

describe('as a file', () => {
  const take = (text: string, query = '') =>
    client.ask('POST', `/api/v1/patrol-routes/import${query}`, text, { 'content-type': 'application/yaml', ...zh });

  test('what is given is taken again and changes nothing', async () => {
    await draw();
    await draw({
      ...{ name: '夜间', timeZone: 'UTC', randomOrder: true, priority: 3 },
      windows: [{ days: [6, 7], from: '22:00', to: '24:00' }],
      stops: [
        { name: '屋面', position: { pan: 0.1, tilt: -0.3, zoom: 0.2 }, dwellS: 2.5, speed: 0.3 },
        {
          name: '',
          preset: '1',
          zoom: 0.4,
          dwellS: 3,
          watch: { judged: false, minScore: 0.3, persistenceRule: { found: 2, of: 3, spanS: 60 } },
        },
      ],
    });
    const file = await client.get('/api/v1/patrol-routes.yaml');
    expect(file.headers.get('content-disposition')).toContain('patrol-routes.yaml');
    const before = await client.get('/api/v1/patrol-routes');
    expect((await take(file.text)).body).toMatchObject({ unchanged: 2, added: 0, changed: 0, refused: 0 });
    await database.db.deleteFrom('patrol_route').execute();
    expect((await take(file.text, '?dryRun=true')).body).toMatchObject({ dryRun: true, added: 2 });
    expect((await client.get('/api/v1/patrol-routes')).body.items).toEqual([]);
    expect((await take(file.text)).body).toMatchObject({ added: 2 });
    const after = await client.get('/api/v1/patrol-routes');
    const plain = (items: { id: number; version: number; stops: { id: number }[] }[]) =>
      items.map(({ id: _id, version: _v, stops, ...route }) => ({
        ...route,
        stops: stops.map(({ id: _s, ...stop }) => stop),
      }));
    expect(plain(after.body.items)).toEqual(plain(before.body.items));
  });

  test('each route is taken or refused by itself, with its line', async () => {
    const { body } = await take(`routes:
  - { camera: dome-1, name: 好, windows: [{ days: [mon], from: "08:00", to: "09:00" }], stops: [{ preset: "1", dwell_s: 5 }] }
  - { camera: dome-9, name: 无此机, stops: [{ preset: "1", dwell_s: 5 }] }
  - { camera: dome-1, name: 错, stops: [{ preset: "8", dwell_s: 5 }] }
  - { camera: dome-1, name: 拼错, stopps: [] }
  - { camera: dome-1, name: 好, stops: [{ preset: "1", dwell_s: 5 }] }
`);
    expect(body.routes).toEqual([
      { line: 2, name: '好', outcome: 'added', detail: '' },
      { line: 3, name: '无此机', outcome: 'refused', detail: '没有编号为“dome-9”的摄像机' },
      { line: 4, name: '错', outcome: 'refused', detail: expect.stringContaining('没有预置位“8”') },
      { line: 5, name: '拼错', outcome: 'refused', detail: expect.stringContaining('stop') },
      { line: 6, name: '好', outcome: 'refused', detail: '该摄像机的同名路线在前面已出现' },
    ]);
  });

  test.each(['', 'routes: 3', '{', 'a: &a [*a]', `routes: [${'&x 1,'.repeat(3)}`])(
    'a file that is none is refused: %s',
    async (text) => {
      const answer = await take(text);
      expect([answer.status, answer.body.error.code]).toEqual([422, 'patrol.route_file']);
    },
  );
});

test('a test run is asked for once, and called off', async () => {
  const route = await draw();
  const path = `/api/v1/patrol-routes/${route.id}/test`;
  expect((await client.get(path)).body.error.code).toBe('patrol.no_test');
  expect((await client.post(path)).body).toMatchObject({ state: 'waiting', routeId: route.id });
  expect((await client.post(path)).body.error.code).toBe('patrol.test_running');
  expect((await client.ask('DELETE', path)).body.state).toBe('cancelled');
  expect((await client.post(path)).body.state).toBe('waiting');
});
