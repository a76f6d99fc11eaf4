/** Screens: assigned, told of it, reporting; paired machines and what they may do; alerts and who has seen them. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { recordEvents } from '../../../src/drivers/postgres/postgres.ts';
import { rankAlerts } from '../../../src/wall/alert.ts';
import { standingAlerts } from '../../../src/wall/wall.ts';
import { EventLine } from '../../support/event-line.ts';
import { addSampleUser } from '../../support/sample-user.ts';
import { SAMPLE_PASSWORD, startSampleWeb, WebClient, type SampleWeb } from '../../support/web.ts';

let web: SampleWeb;
let admin: WebClient;
let operator: WebClient;
let viewer: WebClient;

const LAYOUT = {
  panel: { kind: 'cameras', columns: 2, rows: 2, cameraIds: null, turnS: 30 },
  ...{ column: true, takeover: 'none', sound: false },
};
const REPORT = {
  page: '0b5a2f0e-4a4e-4c89-9d13-8f6a55a0a001',
  ...{ widthPx: 1920, heightPx: 1080, pixelRatio: 1, framesPerS: 59.9, version: 0 },
};
const person = async (role: 'operator' | 'viewer', name: string): Promise<WebClient> => {
  const { name: login } = await addSampleUser(web.db, role, name);
  return new WebClient(web.url).signIn(login, SAMPLE_PASSWORD);
};

/** The alerts as they are after all that has happened: what a page asks that has heard of the latest event. */
const alertsOfNow = async () => {
  const { id } = await web.db
    .selectFrom('event')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirstOrThrow();
  return (await viewer.get(`/api/v1/alerts?after=${id}`)).body;
};

beforeAll(async () => {
  web = await startSampleWeb({ candidates: 24 });
  admin = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
  operator = await person('operator', '张三');
  viewer = await person('viewer', '李四');
});
afterAll(async () => {
  EventLine.endAll();
  await web.close();
});

describe('a screen', () => {
  it('shows something sensible before anybody assigned it', async () => {
    const { body } = await viewer.get('/api/v1/screens/7');
    expect(body).toMatchObject({ number: 7, version: 0, layout: { panel: { kind: 'cameras' }, column: true } });
    const tiles = await viewer.get('/api/v1/screens/7/tiles');
    expect(tiles.body.tiles).toHaveLength(12);
    const corridor = tiles.body.tiles.find(({ name }: { name: string }) => name === '7号楼走廊');
    expect(corridor).toMatchObject({ state: 'offline', reason: 'rtsp.timeout' });
    expect(corridor.stillUrl).toMatch(/^\/api\/v1\/cameras\/\d+\/still\.jpg\?v=\d+$/);
  });

  it('is assigned, tells its pages, and is not overwritten by who saw an older one', async () => {
    const put = (body: object) => operator.ask('PUT', '/api/v1/screens/1', body);
    expect((await put({ name: '左上', layout: LAYOUT, version: 0 })).body).toMatchObject({
      version: 1,
      changedBy: '张三',
    });
    const event = await web.db.selectFrom('event').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow();
    expect(event).toMatchObject({ kind: 'screen.changed', data: { screen: 1, change: 'assigned' } });
    expect((await put({ name: '', layout: LAYOUT, version: 0 })).status).toBe(409);
    expect((await put({ name: '', layout: LAYOUT, version: 5 })).body.error.code).toBe('wall.screen_changed');
    const chosen = { ...LAYOUT, panel: { ...LAYOUT.panel, cameraIds: [3, 1] } };
    expect((await put({ name: '左上', layout: chosen, version: 1 })).body.version).toBe(2);
    const { body } = await viewer.get('/api/v1/screens/1/tiles');
    expect(body.tiles.map(({ cameraId }: { cameraId: number }) => cameraId)).toEqual([3, 1]);
    const audit = await web.db.selectFrom('audit').select('action').where('subject', '=', 'screen 1').execute();
    expect(audit.map(({ action }) => action)).toEqual(['screen.assigned', 'screen.assigned']);
  });

  it.each([
    ['a grid of no columns', { ...LAYOUT, panel: { ...LAYOUT.panel, columns: 0 } }],
    ['a camera twice', { ...LAYOUT, panel: { ...LAYOUT.panel, cameraIds: [1, 1] } }],
    ['an unknown panel', { ...LAYOUT, panel: { kind: 'television' } }],
    ['a field nobody knows', { ...LAYOUT, colour: 'red' }],
  ])('refuses %s', async (_, layout) => {
    expect((await operator.ask('PUT', '/api/v1/screens/2', { name: '', layout, version: 0 })).status).toBe(400);
  });

  it('is there from 1 to 20', async () => {
    expect((await viewer.get('/api/v1/screens/20')).status).toBe(200);
    expect((await viewer.get('/api/v1/screens/21')).status).toBe(400);
    expect((await viewer.get('/api/v1/screens/0')).status).toBe(400);
  });

  it('is seen at the console while it reports, and as gone afterwards', async () => {
    const answer = await viewer.post('/api/v1/screens/3/report', REPORT);
    expect(answer.body).toMatchObject({ version: 0 });
    const page = async () => (await operator.get('/api/v1/screens')).body.items[2].pages[0];
    expect(await page()).toMatchObject({
      ...{ by: '李四', isMachine: false, isConnected: true, widthPx: 1920, framesPerS: 59.9, isCurrent: true },
    });
    // Another's page of the same number is not theirs to speak for.
    await operator.post('/api/v1/screens/3/report', { ...REPORT, widthPx: 1 });
    expect(await page()).toMatchObject({ by: '李四', widthPx: 1920 });
    const gone = new Date(systemClock.nowMs() - 3 * LIMITS.screenReportMs - 1000);
    await web.db.updateTable('screen_report').set({ seen_at: gone }).execute();
    expect(await page()).toMatchObject({ isConnected: false, seenAt: gone.toISOString() });
    await viewer.post('/api/v1/screens/3/report', REPORT);
    const back = await page();
    expect(back.isConnected).toBe(true);
    expect(back.connectedSince).toBe(back.seenAt);
  });
});

describe('a machine of the wall', () => {
  const pair = async (name: string) => {
    const machine = new WebClient(web.url);
    const begun = await machine.post('/api/v1/screens/4/pairing');
    expect(begun.body.code).toMatch(/^[A-HJ-NP-Z2-9]{8}$/);
    const claim = () => machine.post('/api/v1/pairings/claim', { secret: begun.body.secret });
    expect((await claim()).body).toEqual({ state: 'waiting' });
    expect((await operator.post('/api/v1/machines', { code: begun.body.code, name })).status).toBe(403);
    const typed = `${begun.body.code.slice(0, 4).toLowerCase()} ${begun.body.code.slice(4)}`;
    const accepted = await admin.post('/api/v1/machines', { code: typed, name });
    expect(accepted.body).toMatchObject({ name, screen: 4 });
    expect((await claim()).body).toEqual({ state: 'paired' });
    expect((await claim()).body).toEqual({ state: 'gone' });
    return { machine, id: accepted.body.id as number, code: begun.body.code as string };
  };

  it('shows screens once its code was typed in, for as long as it is not removed', async () => {
    const { machine, id, code } = await pair('墙机 1');
    expect((await admin.post('/api/v1/machines', { code, name: '' })).body.error.code).toBe('wall.no_such_code');
    expect((await machine.get('/api/v1/me')).body).toMatchObject({ isMachine: true, role: 'viewer' });
    expect((await machine.get('/api/v1/screens/9/tiles')).status).toBe(200);
    await machine.post('/api/v1/screens/9/report', { ...REPORT, page: '0b5a2f0e-4a4e-4c89-9d13-8f6a55a0a009' });
    const listed = (await admin.get('/api/v1/machines')).body.items.find((one: { id: number }) => one.id === id);
    expect(listed).toMatchObject({ name: '墙机 1', screens: [9] });
    const session = await web.db
      .selectFrom('session')
      .select('expires_at')
      .where('machine_id', '=', id)
      .executeTakeFirstOrThrow();
    expect(session.expires_at.getTime() - Date.now()).toBeGreaterThan(300 * 86_400_000);

    expect((await operator.ask('DELETE', `/api/v1/machines/${id}`)).status).toBe(403);
    expect((await admin.ask('DELETE', `/api/v1/machines/${id}`)).status).toBe(204);
    expect((await machine.get('/api/v1/me')).status).toBe(401);
  });

  it('may look and nothing else: what it does leaves nothing behind that outlasts it', async () => {
    const { machine, id } = await pair('墙机 2');
    const [item] = (await machine.get('/api/v1/alerts')).body.items;
    for (const [method, path, body] of [
      ['POST', '/api/v1/tokens', { name: 'mine' }],
      ['POST', '/api/v1/me/password', { current: 'x', next: SAMPLE_PASSWORD }],
      ['DELETE', '/api/v1/session', undefined],
      ['GET', '/api/v1/screens', undefined],
      ['POST', `/api/v1/candidates/${item.id}/acknowledgement`, {}],
      ['PUT', '/api/v1/screens/1', { name: '', layout: LAYOUT, version: 2 }],
    ] as const) {
      expect([path, (await machine.ask(method, path, body)).status]).toEqual([path, 403]);
    }
    await web.db.updateTable('app_user').set({ role: 'admin' }).where('name', '=', '~wall').execute();
    expect((await machine.get('/api/v1/users')).status).toBe(403);
    await admin.ask('DELETE', `/api/v1/machines/${id}`);
  });

  it('has a code only for a while, and no more wait at once than are told apart', async () => {
    await web.db.deleteFrom('wall_pairing').execute();
    const stranger = new WebClient(web.url);
    const first = await stranger.post('/api/v1/screens/4/pairing');
    await web.db
      .updateTable('wall_pairing')
      .set({ expires_at: new Date(Date.now() - 1) })
      .execute();
    expect((await admin.post('/api/v1/machines', { code: first.body.code, name: '' })).status).toBe(404);
    for (let n = 0; n < LIMITS.pairingsWaiting; n++)
      expect((await stranger.post('/api/v1/screens/4/pairing')).status).toBe(200);
    expect((await stranger.post('/api/v1/screens/4/pairing')).body.error.code).toBe('wall.too_many_pairings');
    await web.db.deleteFrom('wall_pairing').execute();
  });
});

describe('alerts', () => {
  it('are the open candidates, the gravest first, and the database ranks as the rule does', async () => {
    const { alerts, counts } = await standingAlerts(web.db, 60, Date.now());
    const open = await web.db.selectFrom('candidate').select(['id', 'severity']).where('state', '=', 'open').execute();
    expect(alerts.map(({ id }) => id).sort()).toEqual(open.map(({ id }) => id).sort());
    const bySeverity = { safety: 0, high: 0, normal: 0 };
    for (const { severity } of open) bySeverity[severity]++;
    expect(counts.unacknowledged).toEqual(bySeverity);
    expect(alerts).toEqual(rankAlerts(alerts));
    // A short list is the beginning of the long one.
    const few = await standingAlerts(web.db, 3, Date.now());
    expect(few.alerts.map(({ id }) => id)).toEqual(alerts.slice(0, 3).map(({ id }) => id));
  });

  it('name the watched area they touch', async () => {
    const { alerts } = await standingAlerts(web.db, 60, Date.now());
    const lane = alerts.filter(({ severity }) => severity === 'safety');
    for (const one of lane) expect(one.area).toMatch(/^(消防通道|)$/);
    expect(alerts.filter(({ severity }) => severity !== 'safety').every(({ area }) => area === null)).toBe(true);
  });

  it('are acknowledged once for all, by whoever is first, and taken back by the same', async () => {
    const [item] = (await alertsOfNow()).items;
    const path = `/api/v1/candidates/${item.id}/acknowledgement`;
    expect((await viewer.post(path)).status).toBe(403);
    expect((await operator.post(path)).body).toMatchObject({ by: '张三' });
    // The second learns who was first.
    expect((await admin.post(path)).body).toMatchObject({ by: '张三' });
    const told = await alertsOfNow();
    expect(told.counts.acknowledged).toBe(1);
    expect(told.items.at(-1)).toMatchObject({ id: item.id, acknowledgement: { by: '张三' } });
    const other = await person('operator', '王五');
    expect((await other.ask('DELETE', path)).body.error.code).toBe('wall.acknowledged_by_other');
    expect((await operator.ask('DELETE', path)).status).toBe(204);
    expect((await operator.ask('DELETE', path)).body.error.code).toBe('wall.not_acknowledged');
    const audit = await web.db
      .selectFrom('audit')
      .select('action')
      .where('subject', '=', `candidate ${item.id}`)
      .where('action', 'like', 'alert.%')
      .orderBy('id')
      .execute();
    expect(audit.map(({ action }) => action)).toEqual(['alert.acknowledged', 'alert.unacknowledged']);
    const events = await sql<{ change: string }>`
      select data ->> 'change' as change from event where kind = 'alert.changed' order by id`.execute(web.db);
    expect(events.rows.map(({ change }) => change)).toEqual(['acknowledged', 'unacknowledged']);
  });

  it('are one answer for twenty screens, but never one older than the event they ask about', async () => {
    const [item] = (await alertsOfNow()).items;
    await web.db.updateTable('candidate').set({ occurrences: 999 }).where('id', '=', item.id).execute();
    const shared = (await viewer.get('/api/v1/alerts')).body.items[0];
    expect(shared.occurrences).toBe(item.occurrences);
    const after = (await viewer.get(`/api/v1/alerts?after=${Number.MAX_SAFE_INTEGER - 1}`)).body.items[0];
    expect(after.occurrences).toBe(999);
  });

  it('are handed to a page that wants them after each event that changes them, and to no other', async () => {
    const [wanting, other] = await Promise.all([0, 1].map(() => EventLine.open(web.url, { cookie: viewer.cookie })));
    wanting!.say({ alerts: true });
    const [item] = (await alertsOfNow()).items;
    const path = `/api/v1/candidates/${item.id}/acknowledgement`;
    await operator.post(path);
    await expect.poll(() => wanting!.alerts.at(-1)?.items.at(-1)?.acknowledgement?.by).toBe('张三');
    const { after } = wanting!.heard.findLast((message) => 'alerts' in message)!;
    const { event } = wanting!.heard.findLast((message) => 'event' in message)!;
    expect(after).toBeGreaterThanOrEqual(event.id);
    // What happens elsewhere hands over nothing.
    const handed = wanting!.alerts.length;
    await recordEvents(web.db, 'store.changed', [{ change: 'nothing of alerts' }], systemClock.nowMs());
    await expect.poll(() => wanting!.heard.at(-1)).toMatchObject({ event: { kind: 'store.changed' } });
    expect(wanting!.alerts).toHaveLength(handed);
    wanting!.say({ alerts: false });
    await operator.ask('DELETE', path);
    await expect.poll(() => wanting!.heard.at(-1)).toMatchObject({ event: { data: { change: 'unacknowledged' } } });
    await expect.poll(() => other!.heard.at(-1)).toMatchObject({ event: { data: { change: 'unacknowledged' } } });
    expect(other!.alerts).toHaveLength(0);
    expect(wanting!.alerts).toHaveLength(handed);
  });

  it('are handed to people of a unit of their cameras alone', async () => {
    const all = (await alertsOfNow()).items as { camera: { id: number } }[];
    const own = all[0]!.camera.id;
    expect(all.some(({ camera }) => camera.id !== own)).toBe(true);
    const unit = await admin.post('/api/v1/units', { name: '一队', seesAll: false, cameraIds: [own], places: [] });
    const narrow = await person('operator', '赵六');
    await web.db
      .updateTable('app_user')
      .set({ unit_id: unit.body.id as number })
      .where('display_name', '=', '赵六')
      .execute();
    const line = await EventLine.open(web.url, { cookie: narrow.cookie });
    line.say({ alerts: true });
    const [item] = (await alertsOfNow()).items;
    await operator.post(`/api/v1/candidates/${item.id}/acknowledgement`);
    await operator.ask('DELETE', `/api/v1/candidates/${item.id}/acknowledgement`);
    await expect.poll(() => line.alerts.length).toBeGreaterThan(0);
    for (const { items, counts } of line.alerts) {
      expect(new Set(items.map(({ camera }) => camera.id))).toEqual(new Set([own]));
      expect(counts.safety + counts.high + counts.normal + counts.acknowledged).toBe(items.length);
    }
  });

  it('cannot be acknowledged once they are decided', async () => {
    const decided = await web.db
      .selectFrom('candidate')
      .select('id')
      .where('state', '=', 'decided')
      .limit(1)
      .executeTakeFirstOrThrow();
    expect((await operator.post(`/api/v1/candidates/${decided.id}/acknowledgement`)).status).toBe(404);
  });
});

describe('figures', () => {
  it('count what is seen and what is not', async () => {
    const { body } = await viewer.get('/api/v1/wall/figures');
    expect(body.cameras).toEqual({ online: 9, troubled: 3, unknown: 0 });
    expect(body.views.watching).toBe(8);
    expect(body.notJudged).toContainEqual({ reason: 'dark', views: 1 });
    expect(body.looksLastHour).toBeGreaterThan(100);
  });
});
