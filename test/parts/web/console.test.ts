/** The console's part of the API: many cameras at once, the estate, plans, the audit, and how the system is. */
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { addSampleUser } from '../../support/sample-user.ts';
import { fillSample, MemoryPictures } from '../../support/sample-estate.ts';
import { quietSystem, SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let admin: WebClient;
let operator: WebClient;
let viewer: WebClient;
let narrow: WebClient;
const pictures = new MemoryPictures();
let room: ReturnType<typeof quietSystem.store> = quietSystem.store();

beforeAll(async () => {
  database = await freshDatabase();
  const { db } = database;
  await ensureFirstAdmin(db, SAMPLE_PASSWORD);
  await fillSample(db, pictures, Date.now(), 30);
  web = await startTestWeb(database, { pictures, system: { ...quietSystem, store: () => room } });
  admin = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
  const enter = async (role: 'operator' | 'viewer'): Promise<WebClient> => {
    const { name, password } = await addSampleUser(db, role);
    return new WebClient(web.url).signIn(name, password);
  };
  operator = await enter('operator');
  viewer = await enter('viewer');
  const unit = await admin.post('/api/v1/units', { name: '一队', seesAll: false, cameraIds: [1], places: [] });
  await admin.post('/api/v1/users', {
    ...{ name: 'narrow', displayName: '', role: 'operator', password: SAMPLE_PASSWORD, unitId: unit.body.id },
  });
  narrow = await new WebClient(web.url).signIn('narrow', SAMPLE_PASSWORD);
});

afterAll(async () => {
  await web.close();
  await database.close();
});

const audited = async (action: string) =>
  database.db.selectFrom('audit').selectAll().where('action', '=', action).orderBy('id').execute();

describe('many cameras at once', () => {
  it('are set in one go, and what could not be set is named', async () => {
    const { body } = await operator.post('/api/v1/cameras/change', {
      cameraIds: [1, 2, 10, 12],
      cadenceS: 25,
      persistenceRule: { found: 2, of: 3, spanS: 60 },
      state: 'paused',
    });
    expect(body).toEqual({ cameras: 0, views: 4, refused: [] });
    const views = await database.db.selectFrom('view').selectAll().where('id', 'in', [1, 2, 10, 12]).execute();
    for (const view of views) expect(view).toMatchObject({ state: 'paused', cadence_s: 25 });
    const resumed = await operator.post('/api/v1/cameras/change', { cameraIds: [1, 2, 10], state: 'watching' });
    // The villa was still learning: it has nothing accepted to watch by.
    expect(resumed.body).toMatchObject({ views: 2, refused: [{ viewId: 10, code: 'view.no_baselines' }] });
    expect((await audited('view.changed')).length).toBe(6);
  });

  it('leave alone what still learns when others are resumed', async () => {
    await database.db.updateTable('view').set({ state: 'learning' }).where('id', '=', 10).execute();
    const { body } = await operator.post('/api/v1/cameras/change', {
      cameraIds: [10],
      state: 'watching',
      cadenceS: 30,
    });
    expect(body).toMatchObject({ views: 1, refused: [] });
    const view = await database.db.selectFrom('view').selectAll().where('id', '=', 10).executeTakeFirstOrThrow();
    expect(view).toMatchObject({ state: 'learning', cadence_s: 30 });
  });

  it('get another place from an administrator only, with what it was before in the audit', async () => {
    const wanted = { cameraIds: [3, 4], place: '  9号楼 ' };
    expect((await operator.post('/api/v1/cameras/change', wanted)).body.error.code).toBe('web.forbidden');
    expect((await admin.post('/api/v1/cameras/change', wanted)).body).toEqual({ cameras: 2, views: 0, refused: [] });
    expect((await admin.post('/api/v1/cameras/change', wanted)).body.cameras).toBe(0);
    const entries = await audited('camera.changed');
    expect(entries).toHaveLength(2);
    expect(entries[0]).toMatchObject({
      subject: 'camera 3',
      details: { place: '9号楼', placeBefore: '3号楼 东侧外墙' },
    });
  });

  it('are only those that one sees', async () => {
    const refused = await narrow.post('/api/v1/cameras/change', { cameraIds: [1, 2], cadenceS: 99 });
    expect(refused.body.error).toMatchObject({ code: 'web.missing', details: { id: 2 } });
    const view = await database.db.selectFrom('view').select('cadence_s').where('id', '=', 1).executeTakeFirstOrThrow();
    expect(view.cadence_s).toBe(25);
    expect((await admin.post('/api/v1/cameras/change', { cameraIds: [1, 4711], cadenceS: 9 })).status).toBe(404);
    expect((await viewer.post('/api/v1/cameras/change', { cameraIds: [1], cadenceS: 9 })).status).toBe(403);
  });
});

describe('where a camera hangs', () => {
  const location = {
    locationCode: 'NT-0101-003',
    latitudeDeg: 31.980123,
    longitudeDeg: 120.89413,
    mountingHeightM: 21.5,
  };
  const put = (client: WebClient, id: number, body: object) =>
    client.ask('PUT', `/api/v1/cameras/${id}/location`, body);

  it('is set by an administrator, with what it was before in the audit', async () => {
    expect((await put(operator, 5, location)).body.error.code).toBe('web.forbidden');
    expect((await put(admin, 5, { ...location, locationCode: ' NT-0101-003 ' })).body).toMatchObject({
      id: 5,
      location,
    });
    expect((await put(admin, 5, location)).body).toMatchObject({ location });
    expect((await admin.get('/api/v1/cameras?search=0101-003')).body.items).toMatchObject([{ id: 5, location }]);
    const [entry, ...more] = (await audited('camera.changed')).filter(({ subject }) => subject === 'camera 5');
    expect(entry?.details).toMatchObject({
      location: { location_code: 'NT-0101-003', latitude_deg: 31.980123 },
      locationBefore: { location_code: null, latitude_deg: null },
    });
    expect(more).toEqual([]);
  });

  it('is refused where it is none', async () => {
    for (const wrong of [
      { latitudeDeg: 91 },
      { longitudeDeg: null },
      { mountingHeightM: -1 },
      { locationCode: '  ' },
      { locationCode: 'x'.repeat(65) },
    ]) {
      expect((await put(admin, 5, { ...location, ...wrong })).status, JSON.stringify(wrong)).toBe(400);
    }
    expect((await put(admin, 4711, location)).status).toBe(404);
    expect((await admin.get('/api/v1/cameras/5')).body).toMatchObject({ location });
  });
});

describe('buildings and households', () => {
  const csv = (client: WebClient, text: string, dryRun: boolean) =>
    client.ask('POST', `/api/v1/households/import?dryRun=${dryRun}`, text, {
      'content-type': 'text/csv',
      'accept-language': 'zh',
    });

  it('come from a file, tried first, then for good', async () => {
    const lines = ['楼栋,单元,室号,楼层,住户,电话'];
    for (let n = 1; n <= 1142; n++) {
      lines.push(
        `${1 + (n % 12)}号楼,${1 + (n % 2)}单元,${100 * (1 + (n % 18)) + Math.floor(n / 24)},${1 + (n % 18)},住户${n},138${n}`,
      );
    }
    const text = lines.join('\n');
    const tried = await csv(admin, text, true);
    expect(tried.body).toMatchObject({ dryRun: true, added: 1142, refused: 0 });
    expect((await admin.get('/api/v1/buildings')).body.items).toEqual([]);
    expect((await csv(admin, text, false)).body).toMatchObject({ dryRun: false, added: 1142 });
    expect((await csv(admin, text, false)).body).toMatchObject({ unchanged: 1142, added: 0 });
    const { items } = (await admin.get('/api/v1/buildings')).body;
    expect(items.map(({ name }: { name: string }) => name).slice(0, 3)).toEqual(['1号楼', '2号楼', '3号楼']);
    expect(items.at(-1).name).toBe('12号楼');
    expect(items.reduce((sum: number, one: { households: number }) => sum + one.households, 0)).toBe(1142);
    expect(items[0].entrances.length).toBeGreaterThan(0);
    expect(await audited('households.imported')).toHaveLength(2);
    expect((await csv(operator, text, false)).status).toBe(403);
  });

  it('are read page by page in the order people count in, each once', async () => {
    const seen: { id: number; building: string; number: string }[] = [];
    let cursor = '';
    do {
      const { body } = await operator.get(`/api/v1/households?limit=200${cursor}`);
      expect(body.total).toBe(1142);
      seen.push(...body.items);
      cursor = body.next === null ? '' : `&cursor=${body.next}`;
    } while (cursor !== '');
    expect(seen).toHaveLength(1142);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1142);
    expect(seen[0]?.building).toBe('1号楼');
    expect(seen.at(-1)?.building).toBe('12号楼');
  });

  it('are found by what is known of them, and shown to nobody who only views', async () => {
    const found = async (query: string) => (await operator.get(`/api/v1/households?${query}`)).body;
    expect((await found(`search=${encodeURIComponent('住户77')}`)).items.length).toBeGreaterThan(0);
    expect((await found('search=%25')).total).toBe(0);
    expect((await found(`search=${encodeURIComponent('3号楼 1单元')}`)).total).toBeGreaterThan(10);
    expect((await viewer.get('/api/v1/households')).status).toBe(403);
    expect((await viewer.get('/api/v1/buildings')).status).toBe(200);
  });

  it('are changed and removed one by one, a building with its households only where that is said', async () => {
    const building = (await admin.post('/api/v1/buildings', { name: ' 别墅A ', storeys: 3, note: '' })).body;
    expect(building).toMatchObject({ name: '别墅A', storeys: 3, households: 0, entrances: [] });
    expect((await admin.post('/api/v1/buildings', { name: '别墅A', storeys: null, note: '' })).body.error.code).toBe(
      'estate.building_taken',
    );
    const values = {
      ...{ buildingId: building.id, entrance: '', number: '1', storey: 1, resident: '赵', phone: '', note: '' },
    };
    const household = (await admin.post('/api/v1/households', values)).body;
    expect(household).toMatchObject({ building: '别墅A', number: '1' });
    expect((await admin.post('/api/v1/households', values)).body.error.code).toBe('estate.household_taken');
    const moved = await admin.ask('PUT', `/api/v1/households/${household.id}`, {
      ...values,
      number: '2',
      resident: '钱',
    });
    expect(moved.body).toMatchObject({ number: '2', resident: '钱' });
    const refused = await admin.ask('DELETE', `/api/v1/buildings/${building.id}`);
    expect(refused.body.error).toMatchObject({ code: 'estate.building_has_households', details: { households: 1 } });
    expect((await admin.ask('DELETE', `/api/v1/buildings/${building.id}?withHouseholds=true`)).status).toBe(204);
    expect((await admin.ask('DELETE', `/api/v1/households/${household.id}`)).status).toBe(404);
    // Who lives there is not what a log is for.
    const told = JSON.stringify(await audited('household.changed'));
    expect(told).toContain('别墅A');
    expect(told).not.toContain('钱');
  });
});

describe('plans', () => {
  const drawing = (width = 900, height = 600) =>
    sharp({ create: { width, height, channels: 4, background: { r: 10, g: 120, b: 10, alpha: 0.5 } } });
  const upload = (client: WebClient, bytes: Buffer, type: string, path = '/api/v1/plans?name=%E6%80%BB%E5%9B%BE') =>
    fetch(web.url + path, {
      method: path.includes('/picture') ? 'PUT' : 'POST',
      headers: { cookie: client.cookie, 'content-type': type },
      body: new Uint8Array(bytes),
    });
  let planId = 0;

  it('are uploaded as PNG, JPEG or WebP and kept as a JPEG made anew', async () => {
    const made = await upload(operator, await drawing().png().toBuffer(), 'image/png');
    expect(made.status).toBe(200);
    const plan = (await made.json()) as { id: number; pictureUrl: string };
    expect(plan).toMatchObject({ name: '总图', widthPx: 900, heightPx: 600, cameras: 0, position: 0 });
    planId = plan.id;
    const picture = await viewer.raw('GET', plan.pictureUrl);
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    const kept = Buffer.from(await picture.arrayBuffer());
    const { format, width, exif } = await sharp(kept).metadata();
    expect({ format, width, exif }).toEqual({ format: 'jpeg', width: 900, exif: undefined });
    // Through half a transparency on white, not on black.
    const [red = 0] = await sharp(kept).extract({ left: 5, top: 5, width: 1, height: 1 }).raw().toBuffer();
    expect(red).toBeGreaterThan(100);
  });

  it('of any other kind, too small or broken are refused', async () => {
    const code = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600"><script>1</script></svg>',
    );
    expect(await code(await upload(operator, svg, 'image/png'))).toBe('plan.not_a_picture');
    expect(await code(await upload(operator, await drawing().gif().toBuffer(), 'image/png'))).toBe(
      'plan.not_a_picture',
    );
    expect(await code(await upload(operator, svg, 'image/svg+xml'))).toBe('web.media_type');
    const broken = (await drawing().png().toBuffer()).subarray(0, 400);
    expect(await code(await upload(operator, broken, 'image/png'))).toBe('picture.unreadable');
    expect(await code(await upload(operator, await drawing(90, 60).png().toBuffer(), 'image/png'))).toBe(
      'picture.unreadable',
    );
    expect((await upload(viewer, await drawing().png().toBuffer(), 'image/png')).status).toBe(403);
    const larger = await upload(operator, await drawing(5000, 1000).webp().toBuffer(), 'image/webp');
    const { id, widthPx } = (await larger.json()) as { id: number; widthPx: number };
    expect(widthPx).toBe(4096);
    expect((await operator.ask('DELETE', `/api/v1/plans/${id}`)).status).toBe(204);
  });

  it('bear cameras, views and buildings, with how each is and what is open there', async () => {
    const at = { x: 0.25, y: 0.5, headingDeg: 90, spreadDeg: 70, reach: 0.1 };
    for (const id of [1, 4, 11]) {
      expect((await operator.ask('PUT', `/api/v1/plans/${planId}/cameras/${id}`, { ...at, x: id / 20 })).status).toBe(
        204,
      );
    }
    const buildingId = (await admin.get('/api/v1/buildings')).body.items[0].id;
    const polygon = [
      [0, 0],
      [0.2, 0],
      [0.2, 0.3],
    ];
    expect((await operator.ask('PUT', `/api/v1/plans/${planId}/views/4`, { polygon })).status).toBe(204);
    expect((await operator.ask('PUT', `/api/v1/plans/${planId}/buildings/${buildingId}`, { polygon })).status).toBe(
      204,
    );
    const { body } = await viewer.get(`/api/v1/plans/${planId}`);
    expect(body.cameras).toBe(3);
    expect(body.placed.map(({ cameraId }: { cameraId: number }) => cameraId)).toEqual([1, 4, 11]);
    expect(body.placed[2]).toMatchObject({ x: 0.55, headingDeg: 90, state: 'offline', viewId: 11 });
    const open = await admin.get('/api/v1/candidates?state=open&cameraId=4&limit=200');
    const urgent = await admin.get('/api/v1/candidates?state=open&cameraId=4&severity=safety&limit=200');
    expect(body.placed[1]).toMatchObject({ open: open.body.items.length, safety: urgent.body.items.length });
    expect(body.views[0]).toMatchObject({ viewId: 4, cameraId: 4, open: open.body.items.length });
    expect(body.views[0].polygon).toEqual(polygon);
    expect(body.buildings[0]).toMatchObject({ buildingId, polygon });
    expect((await audited('plan.placed')).length).toBe(5);
  });

  it('show a unit its own cameras alone, and let it place no other', async () => {
    const { body } = await narrow.get(`/api/v1/plans/${planId}`);
    expect(body.placed.map(({ cameraId }: { cameraId: number }) => cameraId)).toEqual([1]);
    expect(body.views).toEqual([]);
    expect(body.cameras).toBe(1);
    const at = { x: 0.1, y: 0.1, headingDeg: 0, spreadDeg: 70, reach: 0.1 };
    expect((await narrow.ask('PUT', `/api/v1/plans/${planId}/cameras/2`, at)).status).toBe(404);
    expect((await narrow.ask('DELETE', `/api/v1/plans/${planId}/cameras/4`)).status).toBe(404);
    expect((await narrow.ask('PUT', `/api/v1/plans/${planId}/cameras/1`, at)).status).toBe(204);
  });

  it('refuse what lies outside, and viewers', async () => {
    const at = { x: 0.1, y: 0.1, headingDeg: 0, spreadDeg: 70, reach: 0.1 };
    const put = (client: WebClient, body: unknown) => client.ask('PUT', `/api/v1/plans/${planId}/cameras/1`, body);
    expect((await put(operator, { ...at, x: 1.1 })).body.error).toMatchObject({ details: { field: 'x' } });
    expect((await put(operator, { ...at, headingDeg: 360 })).status).toBe(400);
    expect((await put(viewer, at)).status).toBe(403);
    expect((await operator.ask('PUT', `/api/v1/plans/4711/cameras/1`, at)).status).toBe(404);
    expect((await operator.ask('PUT', `/api/v1/plans/${planId}/cameras/4711`, at)).status).toBe(404);
  });

  it('get another picture without losing a place, and go with all that is on them', async () => {
    const changed = await upload(
      operator,
      await drawing(1200, 800).jpeg().toBuffer(),
      'image/jpeg',
      `/api/v1/plans/${planId}/picture`,
    );
    expect(await changed.json()).toMatchObject({ widthPx: 1200, cameras: 3 });
    expect((await operator.ask('PATCH', `/api/v1/plans/${planId}`, { name: '总平面图' })).body.name).toBe('总平面图');
    expect((await operator.ask('DELETE', `/api/v1/plans/${planId}/cameras/4`)).status).toBe(204);
    expect((await operator.ask('DELETE', `/api/v1/plans/${planId}`)).status).toBe(204);
    expect((await operator.get('/api/v1/plans')).body.items).toEqual([]);
    expect(await database.db.selectFrom('plan_camera').selectAll().execute()).toEqual([]);
  });
});

describe('the audit', () => {
  it('is for administrators, newest first, page by page', async () => {
    expect((await operator.get('/api/v1/audit')).status).toBe(403);
    const whole = (await admin.get('/api/v1/audit?limit=200')).body;
    const ids = whole.items.map(({ id }: { id: number }) => id);
    expect(ids).toEqual([...ids].sort((a: number, b: number) => b - a));
    const first = (await admin.get('/api/v1/audit?limit=3')).body;
    const second = (await admin.get(`/api/v1/audit?limit=3&cursor=${first.next}`)).body;
    expect([...first.items, ...second.items].map(({ id }: { id: number }) => id)).toEqual(ids.slice(0, 6));
  });

  it('is searched by who, what, to which thing, when, and what it says', async () => {
    const found = async (
      query: string,
    ): Promise<{ action: string; subject: string; who: string; subjectName: string }[]> =>
      (await admin.get(`/api/v1/audit?limit=200&${query}`)).body.items;
    expect((await found('action=plan.placed')).length).toBe(6);
    expect((await found('action=plan.')).length).toBeGreaterThan(8);
    const of = await found(`subject=${encodeURIComponent('camera 3')}`);
    expect(of).toMatchObject([{ action: 'camera.changed', subjectName: '3号楼东立面', who: 'admin' }]);
    expect(await found(`search=${encodeURIComponent('9号楼')}`)).toHaveLength(2);
    expect(await found('search=%25%25')).toEqual([]);
    expect(await found('userId=1&action=session.created')).toHaveLength(1);
    expect(await found(`since=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
    const { actions } = (await admin.get('/api/v1/audit/words')).body;
    expect(actions).toEqual([...new Set(actions)].sort());
    expect(actions).toContain('plan.created');
  });

  it('is taken away as a table, in the estate’s time, with nothing a spreadsheet would run', async () => {
    await database.db
      .insertInto('audit')
      .values({
        ...{ at: new Date('2026-01-01T16:30:00Z'), user_id: 1, action: 'test.formula', subject: '=cmd|calc' },
        details: JSON.stringify({ text: 'a,"b"' }),
      })
      .execute();
    const answer = await admin.raw('GET', '/api/v1/audit.csv?action=test.formula');
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    const text = bytes.toString('utf8');
    expect(text).toContain('time (Asia/Shanghai)');
    expect(text).toContain(`2026-01-02 00:30:00,admin,test.formula,'=cmd|calc,`);
    expect(text).toContain('"{""text"":""a,\\""b\\""""}"');
    expect(await audited('audit.exported')).toHaveLength(1);
    expect((await operator.raw('GET', '/api/v1/audit.csv')).status).toBe(403);
  });
});

describe('how the system is', () => {
  it('is told to those who keep it', async () => {
    expect((await viewer.get('/api/v1/system/health')).status).toBe(403);
    const { body } = await operator.get('/api/v1/system/health');
    expect(body.looks).toHaveLength(60);
    expect(body.queue).toEqual({ waiting: 0, active: 0, failed: 0 });
    expect(body.checks).toEqual([{ name: 'database', ok: true, detail: 'answers' }]);
    const reasons = Object.fromEntries(body.notJudged.map(({ word, n }: { word: string; n: number }) => [word, n]));
    expect(reasons).toMatchObject({ dark: 1, pose: 1, frozen: 1 });
    const looks = await database.db
      .selectFrom('look')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('captured_at', '<', new Date(Math.floor(Date.now() / 60_000) * 60_000))
      .executeTakeFirstOrThrow();
    const told = body.looks.reduce((sum: number, one: { looks: number }) => sum + one.looks, 0);
    expect(Math.abs(told - looks.n)).toBeLessThanOrEqual(24 * 3);
  });

  it('has its disk, its rules and what is kept', async () => {
    const first = (await admin.get('/api/v1/system/store')).body;
    expect(first).toMatchObject({ state: 'ample', rules: { looksDays: 30, auditDays: 1095 }, held: 0 });
    expect(first.tables.map(({ name }: { name: string }) => name)).toContain('look');
    await expect
      .poll(async () => (await admin.get('/api/v1/system/store')).body.files)
      .toMatchObject({ count: 1234, bytes: 5 * 2 ** 30 });
  });

  it('says on every page that the disk fills up', async () => {
    expect((await viewer.get('/api/v1/notices')).body).toMatchObject({ store: { state: 'ample' } });
    room = { state: 'low', space: { totalBytes: 100, freeBytes: 7 } };
    expect((await viewer.get('/api/v1/notices')).body).toEqual({ store: { state: 'low', freeBytes: 7 } });
    room = { state: 'untold', space: undefined };
    expect((await viewer.get('/api/v1/notices')).body).toEqual({ store: { state: 'untold', freeBytes: null } });
  });
});
