import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken } from '../../../src/web/people-store.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { ManualClock } from '../../support/clock.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import {
  drawScene,
  fillSample,
  insertCandidate,
  MemoryPictures,
  type SampleScene,
} from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let clock: ManualClock;
let scene: SampleScene;
let admin: WebClient;
let wang: WebClient;
let li: WebClient;
let viewer: WebClient;
let wangId: number;

beforeAll(async () => {
  database = await freshDatabase();
  const pictures = new MemoryPictures();
  clock = new ManualClock();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  await fillSample(database.db, pictures, clock.nowMs(), 0);
  scene = await drawScene(pictures, 3);
  web = await startTestWeb(database, { pictures, clock });
  admin = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
  const person = async (name: string, displayName: string, role: 'viewer' | 'operator' | 'enforcement') => {
    const { id } = await database.db
      .insertInto('app_user')
      .values({ name, display_name: displayName, role, password_hash: '' })
      .returning('id')
      .executeTakeFirstOrThrow();
    const client = new WebClient(web.url);
    client.token = (await createToken(database.db, id, 'test', undefined, clock.nowMs())).token;
    return { id, client };
  };
  const operator = await person('wang', '王敏', 'operator');
  wang = operator.client;
  wangId = operator.id;
  li = (await person('li', '李强', 'enforcement')).client;
  viewer = (await person('zhao', '', 'viewer')).client;
});

afterAll(async () => {
  await web.close();
  await database.close();
});

const newItem = (viewId = 1): Promise<number> =>
  insertCandidate(database.db, { viewId, scene, raisedAt: new Date(clock.nowMs()), decidedBy: wangId });

describe('judging over HTTP', () => {
  it('claims, decides, shows and takes back', async () => {
    const id = await newItem();
    const path = `/api/v1/candidates/${id}`;
    const claimed = await wang.ask('POST', `${path}/claim`);
    expect(claimed.status).toBe(200);
    expect(claimed.body.claim).toEqual({
      by: '王敏',
      userId: wangId,
      until: new Date(clock.nowMs() + 600_000).toISOString(),
    });

    const held = await li.post(`${path}/claim`, {}, { 'accept-language': 'zh' });
    expect(held.status).toBe(409);
    expect(held.body.error).toMatchObject({
      code: 'review.held',
      details: { by: '王敏', candidate: { id, claim: { by: '王敏' } } },
    });
    expect(held.body.error.message).toContain('王敏 正在处理');
    expect((await viewer.post(`${path}/claim`)).body.error.code).toBe('web.forbidden');

    const version = claimed.body.version as number;
    const stale = await wang.post(`${path}/verdict`, { verdict: 'violation', version: version - 1 });
    expect(stale.status).toBe(409);
    expect(stale.body.error).toMatchObject({ code: 'review.changed', details: { candidate: { id, version } } });
    const unreasoned = await wang.post(`${path}/verdict`, { verdict: 'permitted', version });
    expect(unreasoned.body.error.code).toBe('review.reason_missing');

    const decided = await wang.post(`${path}/verdict`, { verdict: 'permitted', reason: '装修备案 2026-114', version });
    expect(decided.body).toMatchObject({
      state: 'decided',
      claim: null,
      verdict: { verdict: 'permitted', reason: '装修备案 2026-114', decidedBy: '王敏', undoneAt: null },
      undoUntil: new Date(clock.nowMs() + 60_000).toISOString(),
      version: version + 1,
    });
    expect((await li.post(`${path}/verdict`, { verdict: 'violation', version: version + 1 })).body.error.code).toBe(
      'review.decided',
    );
    const view = (await viewer.get('/api/v1/views/1')).body;
    expect(view.baselineList[0]).toMatchObject({ origin: 'verdict', state: 'accepted', decidedBy: '王敏' });
    expect(view.baselineList[0].polygon).toHaveLength(4);

    expect((await li.ask('DELETE', `${path}/verdict`)).body.error.code).toBe('review.undo_others');
    const undone = await wang.ask('DELETE', `${path}/verdict`);
    expect(undone.body).toMatchObject({ state: 'open', verdict: null, undoUntil: null, claim: { by: '王敏' } });
    expect(undone.body.verdicts).toMatchObject([{ verdict: 'permitted', undoneBy: '王敏' }]);
    expect((await viewer.get('/api/v1/views/1')).body.baselines.accepted).toBe(3);

    const released = await wang.post(`${path}/claim`, { release: true });
    expect(released.body.claim).toBeNull();
    expect(undone.body.machineResult).toEqual(claimed.body.machineResult);
  });

  it('goes to one of many who ask at once', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await newItem();
      const answers = await Promise.all(
        [wang, li, admin, wang, li, admin, wang, li].map((client) => client.post(`/api/v1/candidates/${id}/claim`)),
      );
      const holders = new Set(answers.filter((one) => one.status === 200).map((one) => one.body.claim.by as string));
      expect(holders.size).toBe(1);
      const decided = await Promise.all(
        [wang, li, admin].map(async (client) => {
          const { version } = (await client.get(`/api/v1/candidates/${id}`)).body;
          return client.post(`/api/v1/candidates/${id}/verdict`, { verdict: 'violation', version });
        }),
      );
      expect(decided.filter((one) => one.status === 200)).toHaveLength(1);
      expect(decided.filter((one) => one.status === 409)).toHaveLength(2);
    }
  });

  it('shows a claim no longer than it holds', async () => {
    const id = await newItem();
    await wang.post(`/api/v1/candidates/${id}/claim`);
    await clock.advance(600_000);
    expect((await li.get(`/api/v1/candidates/${id}`)).body.claim).toBeNull();
    expect((await li.post(`/api/v1/candidates/${id}/claim`)).body.claim.by).toBe('李强');
  });
});

describe('pictures', () => {
  it('are the stored bytes, cached for good under their own address and checked elsewhere', async () => {
    const id = await newItem();
    const { pictures } = (await wang.get(`/api/v1/candidates/${id}`)).body;
    for (const which of ['before', 'after', 'overlay'] as const) {
      const response = await wang.raw('GET', pictures[which]);
      expect(response.headers.get('content-type')).toBe('image/jpeg');
      expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
      expect(response.headers.get('etag')).toBe(`"${scene[which]}"`);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect([...bytes.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    }
    const plain = await wang.raw('GET', `/api/v1/candidates/${id}/pictures/after.jpg`);
    expect(plain.headers.get('cache-control')).toBe('private, no-cache');
    const known = await wang.raw('GET', `/api/v1/candidates/${id}/pictures/after.jpg`, undefined, {
      'if-none-match': `"${scene.after}"`,
    });
    expect(known.status).toBe(304);
    expect((await wang.get(`/api/v1/candidates/${id}/pictures/other.jpg`)).status).toBe(400);
    expect((await new WebClient(web.url).get(`/api/v1/candidates/${id}/pictures/after.jpg`)).status).toBe(401);
  });

  it('that the store has lost, or that never were, are said to be missing', async () => {
    const lost = await insertCandidate(database.db, {
      viewId: 1,
      scene: { ...scene, after: '0'.repeat(64) },
      raisedAt: new Date(clock.nowMs()),
      decidedBy: wangId,
    });
    expect((await wang.get(`/api/v1/candidates/${lost}/pictures/after.jpg`)).body.error.code).toBe('blob.missing');
    await database.db.updateTable('candidate').set({ overlay_sha256: null }).where('id', '=', lost).execute();
    expect((await wang.get(`/api/v1/candidates/${lost}`)).body.pictures.overlay).toBeNull();
    expect((await wang.get(`/api/v1/candidates/${lost}/pictures/overlay.jpg`)).body.error.code).toBe('web.missing');
  });

  it('seen by a person are in the audit, once a minute', async () => {
    const id = await newItem();
    const seen = async () =>
      (
        await database.db
          .selectFrom('audit')
          .selectAll()
          .where('action', '=', 'candidate.pictures_seen')
          .where('subject', '=', `candidate ${id}`)
          .execute()
      ).length;
    for (const which of ['before', 'after', 'overlay', 'after']) {
      await wang.get(`/api/v1/candidates/${id}/pictures/${which}.jpg`);
    }
    expect(await seen()).toBe(1);
    await li.get(`/api/v1/candidates/${id}/pictures/after.jpg`);
    expect(await seen()).toBe(2);
    await clock.advance(60_000);
    await wang.get(`/api/v1/candidates/${id}/pictures/after.jpg`);
    expect(await seen()).toBe(3);
  });
});
