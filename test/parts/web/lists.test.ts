import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { SentinelError } from '../../../src/base/errors.ts';
import { fillSample, MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';
import type { Candidate } from '../../../src/web/contract.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let client: WebClient;
const imported: { text: string; format: string; dryRun: boolean }[] = [];
const NOW_MS = Date.UTC(2026, 10, 24, 8);

beforeAll(async () => {
  database = await freshDatabase();
  const pictures = new MemoryPictures();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  await fillSample(database.db, pictures, NOW_MS, 60);
  web = await startTestWeb(database, {
    pictures,
    importCameras: (file) => {
      imported.push(file);
      if (file.text.includes('broken')) {
        return Promise.reject(new SentinelError('config.invalid', { where: 'line 3', problem: 'no name' }));
      }
      return Promise.resolve({ dryRun: file.dryRun, added: 1, changed: 0, unchanged: 0, refused: 0, lines: [] });
    },
  });
  client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
});

afterAll(async () => {
  await web.close();
  await database.close();
});

async function walk(path: string, limit: number): Promise<{ id: number }[]> {
  const all: { id: number }[] = [];
  let next: string | null = null;
  do {
    const separator = path.includes('?') ? '&' : '?';
    const cursor: string = next === null ? '' : `&cursor=${next}`;
    const { status, body } = await client.get(`${path}${separator}limit=${limit}${cursor}`);
    expect(status).toBe(200);
    all.push(...body.items);
    next = body.next;
  } while (next !== null);
  return all;
}

describe('lists', () => {
  it.each(['/api/v1/cameras', '/api/v1/views', '/api/v1/candidates', '/api/v1/views/1/looks', '/api/v1/users'])(
    'of %s come page by page, each thing once',
    async (path) => {
      const whole = (await client.get(`${path}?limit=200`)).body;
      expect(whole.next).toBeNull();
      expect(whole.items.length).toBeGreaterThan(0);
      for (const limit of [1, 7, 12, 60]) expect(await walk(path, limit)).toEqual(whole.items);
    },
  );

  it('refuse what is not theirs, by name', async () => {
    const errorOf = async (path: string) => (await client.get(path)).body.error;
    expect(await errorOf('/api/v1/candidates?limit=0')).toMatchObject({
      code: 'web.invalid',
      details: { field: 'limit' },
    });
    expect(await errorOf('/api/v1/candidates?limit=201')).toMatchObject({ details: { field: 'limit' } });
    expect(await errorOf('/api/v1/candidates?stat=open')).toMatchObject({ details: { field: 'stat' } });
    expect(await errorOf('/api/v1/candidates?cursor=abc')).toMatchObject({ code: 'web.bad_cursor' });
    expect(await errorOf('/api/v1/candidates/abc')).toMatchObject({ code: 'web.invalid', details: { field: 'id' } });
    expect(await errorOf('/api/v1/candidates/99999999999999999999')).toMatchObject({ code: expect.any(String) });
    for (const path of [
      '/api/v1/candidates/4711',
      '/api/v1/views/4711',
      '/api/v1/cameras/4711',
      '/api/v1/views/4711/looks',
    ]) {
      expect(await errorOf(path)).toMatchObject({ code: 'web.missing', details: { id: 4711 } });
    }
  });
});

describe('cameras', () => {
  it('show health and nothing of their addresses', async () => {
    const { body, text } = await client.get('/api/v1/cameras?limit=200');
    expect(body.items[6]).toMatchObject({
      name: '地下车库',
      health: { state: 'frozen', reason: 'frozen', codec: 'h264' },
    });
    expect(text).not.toContain('rtsp://');
    expect((await client.get('/api/v1/cameras/7')).body).toEqual(body.items[6]);
  });

  it('are found by state and by part of a name or place', async () => {
    const names = async (query: string): Promise<string[]> =>
      (await client.get(`/api/v1/cameras?${query}`)).body.items.map((camera: { key: string }) => camera.key);
    expect(await names('state=offline')).toEqual(['corridor']);
    expect(await names(`search=${encodeURIComponent('屋面')}`)).toEqual(['tower-1-roof', 'tower-2-roof']);
    expect(await names('search=TERRACE')).toEqual(['terrace-5', 'terrace-6']);
    expect(await names('search=%25')).toEqual([]);
    await database.db.deleteFrom('camera_health').where('camera_id', '=', 1).execute();
    expect(await names('state=unknown')).toEqual(['tower-1-roof']);
  });

  it('are taken from a file: as a form, as a body, tried or for good', async () => {
    const form = new FormData();
    form.append('file', new Blob(['name: 南门\n']), 'cameras.yaml');
    const asForm = await fetch(`${web.url}/api/v1/cameras/import?dryRun=true`, {
      method: 'POST',
      headers: { cookie: client.cookie },
      body: form,
    });
    expect(await asForm.json()).toMatchObject({ dryRun: true, added: 1 });
    expect(imported.at(-1)).toEqual({ text: 'name: 南门\n', format: 'yaml', dryRun: true, language: 'en', userId: 1 });

    const asBody = await client.ask('POST', '/api/v1/cameras/import', 'name,place\n', { 'content-type': 'text/csv' });
    expect(asBody.body).toMatchObject({ dryRun: false });
    expect(imported.at(-1)).toMatchObject({ format: 'csv', dryRun: false });

    // What a Chinese spreadsheet saves: 南门 in GB 18030.
    const gb = await fetch(`${web.url}/api/v1/cameras/import?format=csv&dryRun=true`, {
      method: 'POST',
      headers: { cookie: client.cookie, 'content-type': 'text/csv' },
      body: Buffer.from([0xc4, 0xcf, 0xc3, 0xc5]),
    });
    expect(gb.status).toBe(200);
    expect(imported.at(-1)?.text).toBe('南门');

    const before = imported.length;
    const nameless = await client.ask('POST', '/api/v1/cameras/import', 'x', { 'content-type': 'text/plain' });
    expect(nameless.body.error).toMatchObject({ code: 'web.invalid', details: { field: 'format' } });
    const empty = await client.ask('POST', '/api/v1/cameras/import?format=csv', '', { 'content-type': 'text/csv' });
    expect(empty.status).toBe(400);
    const large = await client.ask('POST', '/api/v1/cameras/import', 'x'.repeat(6_000_000), {
      'content-type': 'text/csv',
    });
    expect(large.body.error.code).toBe('web.body_too_large');
    const largeForm = new FormData();
    largeForm.append('file', new Blob(['x'.repeat(5 * 1024 * 1024 + 10)]), 'cameras.csv');
    const asLargeForm = await fetch(`${web.url}/api/v1/cameras/import`, {
      method: 'POST',
      headers: { cookie: client.cookie },
      body: largeForm,
    });
    expect(asLargeForm.status).toBe(413);
    expect(imported).toHaveLength(before);
  });
});

describe('views', () => {
  it('show state, last look, what could not be judged, and their pictures', async () => {
    const { items } = (await client.get('/api/v1/views?limit=200')).body;
    expect(items[4]).toMatchObject({
      name: '南大门',
      notJudged: { reason: 'dark' },
      baselines: { accepted: 3, proposed: 0 },
    });
    expect(items[9]).toMatchObject({ state: 'learning', learning: { pictures: 3 } });
    expect(items[0]).toMatchObject({ state: 'watching', learning: null, notJudged: null, cadenceS: 10 });
    const picture = await client.raw('GET', items[0].pictureUrl);
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    expect((await client.get('/api/v1/views?notJudged=true')).body.items).toHaveLength(3);
    expect((await client.get('/api/v1/views?notJudged=false&state=proposed')).body.items).toHaveLength(2);
    expect((await client.get('/api/v1/views?cameraId=4')).body.items).toHaveLength(1);
    const open = await client.get('/api/v1/candidates?state=open&limit=200');
    const openByView = items.reduce((sum: number, view: { openCandidates: number }) => sum + view.openCandidates, 0);
    expect(openByView).toBe(open.body.items.length);
  });

  it('show their looks, newest first, by result', async () => {
    const { items } = (await client.get('/api/v1/views/1/looks?result=changed')).body;
    expect(items).toHaveLength(6);
    expect(items[0]).toMatchObject({ result: 'changed', stage: 'network', maxScore: 0.8 });
    expect(items[0].regions[0].polygon).toHaveLength(4);
    expect((await client.raw('GET', items[0].pictureUrl)).status).toBe(200);
    expect((await client.get(`/api/v1/views/2/looks/${items[0].id}/picture.jpg`)).status).toBe(404);
  });

  it('are changed, and go back to what is configured', async () => {
    const changed = await client.ask('PATCH', '/api/v1/views/1', {
      name: '一号楼',
      cadenceS: 30,
      minScore: 0.4,
      persistenceRule: { found: 2, of: 3, spanS: 60 },
      state: 'paused',
    });
    expect(changed.body).toMatchObject({
      name: '一号楼',
      cadenceS: 30,
      minScore: 0.4,
      persistenceRule: { found: 2, of: 3, spanS: 60 },
      state: 'paused',
    });
    const back = await client.ask('PATCH', '/api/v1/views/1', {
      cadenceS: null,
      minScore: null,
      persistenceRule: null,
      state: 'watching',
    });
    expect(back.body).toMatchObject({ cadenceS: 10, minScore: null, persistenceRule: { found: 4 }, state: 'watching' });
    const learning = await client.ask('PATCH', '/api/v1/views/10', { state: 'watching' });
    expect(learning.body.error.code).toBe('view.no_baselines');
  });

  it('have areas, each change of which makes the watching processes reload', async () => {
    const version = async () =>
      (await database.db.selectFrom('view').select('baseline_version').where('id', '=', 2).executeTakeFirstOrThrow())
        .baseline_version;
    const before = await version();
    const area = {
      kind: 'ignore',
      name: '树',
      polygon: [
        [0, 0],
        [0.2, 0],
        [0.2, 0.2],
      ],
      persistenceRule: null,
    };
    const made = (await client.post('/api/v1/views/2/masks', area)).body;
    expect(made).toMatchObject(area);
    const redrawn = await client.ask('PUT', `/api/v1/views/2/masks/${made.id}`, { ...area, name: '大树' });
    expect(redrawn.body.name).toBe('大树');
    expect((await client.get('/api/v1/views/2')).body.masks).toHaveLength(1);
    expect((await client.ask('DELETE', `/api/v1/views/3/masks/${made.id}`)).status).toBe(404);
    expect((await client.ask('DELETE', `/api/v1/views/2/masks/${made.id}`)).status).toBe(204);
    expect(await version()).toBe(before + 3);
    for (let n = 0; n < 32; n++) await client.post('/api/v1/views/2/masks', area);
    expect((await client.post('/api/v1/views/2/masks', area)).body.error.code).toBe('view.too_many_masks');
  });
});

describe('what is lawful', () => {
  it('is accepted for all that have learned, or for the views named', async () => {
    const accepted = await client.post('/api/v1/baselines/accept');
    expect(accepted.body).toEqual({ views: 2, pictures: 6 });
    const view = (await client.get('/api/v1/views/8')).body;
    expect(view).toMatchObject({ state: 'watching', baselines: { accepted: 3, proposed: 0 } });
    expect(view.baselineList[0]).toMatchObject({ state: 'accepted', decidedBy: 'admin', origin: 'learning' });
    expect((await client.raw('GET', view.baselineList[0].pictureUrl)).status).toBe(200);
    expect((await client.post('/api/v1/baselines/accept')).body).toEqual({ views: 0, pictures: 0 });
    expect((await client.post('/api/v1/baselines/accept', { viewIds: [10] })).body).toEqual({ views: 1, pictures: 3 });
    expect((await client.get('/api/v1/views/10')).body.state).toBe('watching');
    const audit = await database.db
      .selectFrom('audit')
      .selectAll()
      .where('action', '=', 'baselines.accepted')
      .orderBy('id')
      .execute();
    expect(audit).toHaveLength(2);
    expect(audit[0]?.details).toMatchObject({ viewIds: [8, 9] });
  });

  it('is withdrawn one by one, but for the last', async () => {
    const [first, second, third] = (await client.get('/api/v1/views/3')).body.baselineList;
    const withdrawn = await client.ask('DELETE', `/api/v1/baselines/${first.id}`);
    expect(withdrawn.body).toMatchObject({ id: first.id, state: 'removed', decidedBy: 'admin' });
    expect((await client.ask('DELETE', `/api/v1/baselines/${second.id}`)).status).toBe(200);
    const last = await client.ask('DELETE', `/api/v1/baselines/${third.id}`);
    expect(last.body.error.code).toBe('view.last_baseline');
    expect((await client.ask('DELETE', `/api/v1/baselines/${first.id}`)).status).toBe(404);
  });

  it('is learned anew: the old pictures stand until the new are accepted, and by then give way', async () => {
    const relearned = await client.post('/api/v1/views/1/relearn');
    expect(relearned.body).toMatchObject({ state: 'learning', baselines: { accepted: 3, proposed: 0 } });
    // Called off:
    const back = await client.ask('PATCH', '/api/v1/views/1', { state: 'watching' });
    expect(back.body).toMatchObject({ state: 'watching', baselines: { accepted: 3 } });
    // Carried through:
    await client.post('/api/v1/views/1/relearn');
    const [old] = await database.db.selectFrom('baseline').selectAll().where('view_id', '=', 1).execute();
    await database.db
      .insertInto('baseline')
      .values({
        view_id: 1,
        picture_sha256: old?.picture_sha256 ?? '',
        thumbnail: Buffer.alloc(576),
        lighting: 'day',
        captured_at: new Date(NOW_MS),
        state: 'proposed',
        origin: 'relearned',
      })
      .execute();
    await database.db.updateTable('view').set({ state: 'proposed' }).where('id', '=', 1).execute();
    expect((await client.post('/api/v1/baselines/accept', { viewIds: [1] })).body).toEqual({ views: 1, pictures: 1 });
    const view = (await client.get('/api/v1/views/1')).body;
    expect(view).toMatchObject({ state: 'watching', baselines: { accepted: 1, proposed: 0 } });
    expect(view.baselineList[0].origin).toBe('relearned');
  });
});

describe('candidates', () => {
  it('are found by state, verdict, severity, view, camera, place and time', async () => {
    const ids = async (query: string): Promise<number[]> =>
      (await client.get(`/api/v1/candidates?limit=200&${query}`)).body.items.map((item: { id: number }) => item.id);
    const all = (await client.get('/api/v1/candidates?limit=200')).body.items as Candidate[];
    const where = (test: (item: Candidate) => boolean): number[] => all.filter(test).map((item) => item.id);
    expect(all).toHaveLength(60);
    expect(await ids('state=open')).toEqual(where((item) => item.state === 'open'));
    expect(await ids('verdict=permitted')).toEqual(where((item) => item.verdict?.verdict === 'permitted'));
    expect(await ids('severity=safety')).toEqual(where((item) => item.camera.name === '消防通道'));
    expect(await ids('viewId=3')).toEqual(where((item) => item.view.id === 3));
    expect(await ids('cameraId=4&state=decided')).toEqual(
      where((item) => item.camera.id === 4 && item.state === 'decided'),
    );
    expect(await ids(`place=${encodeURIComponent('屋面')}`)).toEqual(
      where((item) => item.camera.place.includes('屋面')),
    );
    expect(await ids('place=_')).toEqual([]);
    const since = all[40]?.raisedAt ?? '';
    const until = all[10]?.raisedAt ?? '';
    expect(await ids(`since=${since}&until=${until}`)).toEqual(
      where((item) => item.raisedAt >= since && item.raisedAt < until),
    );
    for (const query of ['state=open', 'verdict=violation', 'severity=safety', 'viewId=3', 'place=x']) {
      expect((await ids(query)).length, query).toBeLessThan(60);
    }
  });
});
