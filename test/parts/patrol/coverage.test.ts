/** Coverage, blind spots and tasks over HTTP; and that people of a unit meet its cameras alone. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createToken } from '../../../src/web/people-store.ts';
import { openTask, settleTasks } from '../../../src/patrol/task-store.ts';
import { ManualClock } from '../../support/clock.ts';
import { fillDome, routeBody, type SampleDome } from '../../support/dome.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { startTestWeb, WebClient } from '../../support/web.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 6, 8, 2); // Wednesday, 10:00 in Shanghai
let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let dome: SampleDome;
let operator: WebClient;
let operatorId: number;
let outsider: WebClient;
let route: { id: number; stops: { id: number; view: { id: number } }[] };

async function person(name: string, unitId: number | null): Promise<{ client: WebClient; id: number }> {
  const { id } = await database.db
    .insertInto('app_user')
    .values({ name, role: 'operator', password_hash: '', unit_id: unitId })
    .returning('id')
    .executeTakeFirstOrThrow();
  const client = new WebClient(web.url);
  client.token = (await createToken(database.db, id, 'test', undefined, NOW)).token;
  return { client, id };
}

beforeAll(async () => {
  database = await freshDatabase();
  const { db } = database;
  dome = await fillDome(db, NOW);
  web = await startTestWeb(database, { pictures: new MemoryPictures(), clock: new ManualClock(NOW) });
  ({ client: operator, id: operatorId } = await person('li', null));
  const unit = await db
    .insertInto('unit')
    .values({ name: '二分队', sees_all: false })
    .returning('id')
    .executeTakeFirstOrThrow();
  ({ client: outsider } = await person('zhao', unit.id));
  route = (await operator.post('/api/v1/patrol-routes', routeBody(dome.cameraId))).body;
  // Drawn the week before: what lies before that was never planned.
  await db
    .updateTable('patrol_route')
    .set({ created_at: new Date(NOW - 7 * 24 * HOUR) })
    .execute();
  // Tuesday, 08:00 to 10:00 in Shanghai: one look a half hour at the first stop, some of them not to be judged.
  const first = route.stops[0]!.view.id;
  const tuesday = Date.UTC(2026, 6, 7, 0);
  await db
    .insertInto('look')
    .values(
      [null, null, 'pose', null, 'dark'].map((reason, index) => ({
        ...{ view_id: first, captured_at: new Date(tuesday + index * HOUR * 0.5), stage: 'network' as const },
        ...{ result: reason === null ? ('unchanged' as const) : ('not_judged' as const), reason },
      })),
    )
    .execute();
  await db
    .updateTable('view')
    .set({
      last_look_at: new Date(tuesday + 2 * HOUR),
      last_judged_at: new Date(tuesday + 1.5 * HOUR),
      not_judged_reason: 'dark',
    })
    .where('id', '=', first)
    .execute();
});
afterAll(async () => {
  await web.close();
  await database.close();
});

test('nothing is planned before a route is drawn', async () => {
  const planned = async (from: number, to: number): Promise<number[]> => {
    const period = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
    const { body } = await operator.get(`/api/v1/patrol-routes/${route.id}/coverage?${period}`);
    return body.views.map((view: { plannedLooks: number }) => view.plannedLooks);
  };
  const drawn = NOW - 7 * 24 * HOUR;
  expect(await planned(drawn - 48 * HOUR, drawn)).toEqual([0, 0, 0]);
  expect(await planned(drawn - 48 * HOUR, drawn + 24 * HOUR)).toEqual(await planned(drawn, drawn + 24 * HOUR));
  for (const looks of await planned(drawn, drawn + 24 * HOUR)) expect(looks).toBeGreaterThan(0);
});

test('a route’s coverage tells, stop by stop, when it was seen last, looks against plan, gaps and reasons', async () => {
  const { body } = await operator.get(
    `/api/v1/patrol-routes/${route.id}/coverage?from=2026-07-06T16:00:00Z&to=2026-07-07T16:00:00Z`,
  );
  expect(body.views).toHaveLength(3);
  expect(body.views[0]).toMatchObject({
    ...{ stopId: route.stops[0]!.id, looks: 5, goodLooks: 3, lastGoodLookAt: '2026-07-07T01:30:00.000Z' },
    // From 09:30 until the window closes at 19:00.
    ...{ longestActiveGapS: 9.5 * 3600 },
    notJudged: expect.arrayContaining([
      { reason: 'pose', looks: 1 },
      { reason: 'dark', looks: 1 },
    ]),
  });
  // Twelve hours at a round of some 35 s.
  expect(body.views[0].plannedLooks).toBeGreaterThan(1_000);
  expect(body.views[0].timeline).toMatchObject({ from: '2026-07-06T16:00:00.000Z', stepS: 3600 });
  expect(body.views[0].timeline.good.slice(7, 11)).toEqual([0, 2, 1, 0]);
  expect(body.views[1]).toMatchObject({ looks: 0, lastGoodLookAt: null, longestActiveGapS: 12 * 3600 });
  expect(body.days).toEqual([expect.objectContaining({ day: '2026-07-07', good: 3, notJudged: 2 })]);
});

test('the same as a table that spreadsheets read', async () => {
  const answer = await operator.raw('GET', `/api/v1/patrol-routes/${route.id}/coverage.csv`);
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes.subarray(0, 3)).toEqual(Buffer.from('\uFEFF'));
  const lines = bytes.subarray(3).toString('utf8').split('\r\n');
  expect(lines[0]).toMatch(/^route,camera,view,/);
  expect(lines).toHaveLength(5);
  expect(lines[1]).toContain('白天,1号楼球机,1号楼球机 · 大门');
});

test('a period that is none is refused', async () => {
  for (const query of [
    'from=2026-07-09T00:00:00Z',
    'from=2026-05-01T00:00:00Z',
    'to=2026-01-01T00:00:00Z&from=2026-02-01T00:00:00Z',
  ]) {
    const answer = await operator.get(`/api/v1/patrol-routes/${route.id}/coverage?${query}`);
    expect([query, answer.status]).toEqual([query, 400]);
  }
});

test('blind spots are the views that nothing has seen well for so long, those never seen first', async () => {
  const at = async (hours: number) => (await operator.get(`/api/v1/coverage?hours=${hours}`)).body.blindSpots;
  const day = await at(24);
  expect(day.map((spot: { viewId: number; reason: string }) => [spot.viewId, spot.reason])).toEqual([
    ...route.stops.slice(1).map(({ view }) => [view.id, 'no_look']),
    [route.stops[0]!.view.id, 'dark'],
  ]);
  expect(await at(48)).toHaveLength(2);
  await database.db.updateTable('patrol_route').set({ enabled: false }).execute();
  expect((await at(48)).map(({ reason }: { reason: string }) => reason)).toEqual(['no_route', 'no_route']);
  await database.db.updateTable('patrol_route').set({ enabled: true }).execute();
  const csv = await operator.get('/api/v1/coverage/blind-spots.csv');
  expect(csv.text.split('\r\n')).toHaveLength(5);
  const summary = (await operator.get('/api/v1/coverage')).body.routes;
  expect(summary).toMatchObject([
    { route: { id: route.id }, views: 3, looks: 5, goodLooks: 3, oldestGoodLookAt: null },
  ]);
});

test('a task is opened once, seen again, closed by a person or by itself, and opens anew', async () => {
  const { db } = database;
  const subject = { kind: 'pose', cameraId: dome.cameraId, viewId: route.stops[0]!.view.id, subject: '' } as const;
  expect(await openTask(db, subject, { dxPx: 70 }, NOW)).toBe(true);
  expect(await openTask(db, subject, { dxPx: 90 }, NOW + 60_000)).toBe(false);
  const [task] = (await operator.get('/api/v1/tasks?state=open')).body.items;
  expect(task).toMatchObject({ kind: 'pose', times: 2, details: { dxPx: 90 }, view: { id: subject.viewId } });
  expect((await operator.get(`/api/v1/cameras/${dome.cameraId}/ptz`)).body.openTasks).toBe(1);
  const closed = await operator.post(`/api/v1/tasks/${task.id}/close`, { note: '已重设预置位' });
  expect(closed.body).toMatchObject({ state: 'closed', closedBy: 'li', note: '已重设预置位' });
  expect((await operator.post(`/api/v1/tasks/${task.id}/close`)).body.error.code).toBe('patrol.task_closed');
  expect(await openTask(db, subject, {}, NOW + 120_000)).toBe(true);
  await settleTasks(db, { kind: 'pose', cameraId: dome.cameraId, viewId: subject.viewId }, NOW + 180_000);
  const all = (await operator.get('/api/v1/tasks?kind=pose')).body.items;
  expect(all.map((one: { state: string; closedBy: string | null }) => [one.state, one.closedBy])).toEqual([
    ['closed', null],
    ['closed', 'li'],
  ]);
});

test('people of a unit that does not see the dome meet nothing of it', async () => {
  await openTask(database.db, { kind: 'stuck', cameraId: dome.cameraId, viewId: null, subject: '' }, {}, NOW);
  for (const list of ['/api/v1/patrol-routes', '/api/v1/tasks']) {
    expect((await outsider.get(list)).body).toEqual({ items: [], next: null });
  }
  expect((await outsider.get('/api/v1/patrol-routes.yaml')).text).toBe('routes: []\n');
  expect((await outsider.get('/api/v1/coverage')).body).toMatchObject({ routes: [], blindSpots: [] });
  expect((await outsider.get(`/api/v1/cameras/${dome.cameraId}/ptz`)).status).toBe(404);
  expect((await outsider.post('/api/v1/patrol-routes', routeBody(dome.cameraId, { name: '越权' }))).status).toBe(404);
  expect((await outsider.get(`/api/v1/patrol-routes/${route.id}/coverage`)).status).toBe(404);
  const taken = await outsider.ask(
    'POST',
    '/api/v1/patrol-routes/import',
    'routes:\n  - { camera: dome-1, name: 越权, stops: [{ preset: "1", dwell_s: 5 }] }\n',
    { 'content-type': 'application/yaml' },
  );
  expect(taken.body).toMatchObject({ refused: 1, added: 0 });
});

test('where it parks, and when a hand’s hold ends, is set by people; a preset that is not there is refused', async () => {
  const ptz = `/api/v1/cameras/${dome.cameraId}/ptz`;
  const set = await operator.ask('PATCH', ptz, { parkPreset: '2', parkAfterS: 60, resumeAfterS: 30 });
  expect(set.body.settings).toEqual({ parkPreset: '2', parkAfterS: 60, resumeAfterS: 30 });
  expect((await operator.ask('PATCH', ptz, { parkPreset: '9' })).body.error.code).toBe('patrol.preset_unknown');
  const taken = await operator.post(`${ptz}/lease`, { purpose: '查看' });
  const { since, expiresAt } = taken.body.lease;
  expect(Date.parse(expiresAt) - Date.parse(since)).toBe(30_000);
  expect(taken.body.lease).toMatchObject({ kind: 'operator', userId: operatorId, purpose: '查看' });
  // Nobody drives it here, and the caller is told so rather than kept waiting.
  expect((await operator.post(`${ptz}/move`, { kind: 'home' })).body.error.code).toBe('patrol.not_driven');
  expect((await operator.post(`${ptz}/move`, { kind: 'preset', token: '9' })).body.error.code).toBe(
    'patrol.preset_unknown',
  );
  expect((await operator.post(`${ptz}/lease`, { kind: 'enforcement' })).status).toBe(403);
});
