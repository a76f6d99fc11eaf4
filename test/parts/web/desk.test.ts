/** The review desk over HTTP: the orders of the queue, what lies around an item, and whose eyes saw it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Candidate, CandidateContext } from '../../../src/web/contract.ts';
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
let client: WebClient;
let scene: SampleScene;
let elsewhere: SampleScene;
let adminId: number;

beforeAll(async () => {
  database = await freshDatabase();
  const pictures = new MemoryPictures();
  clock = new ManualClock();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  await fillSample(database.db, pictures, clock.nowMs(), 36);
  await database.db.deleteFrom('look').execute();
  scene = await drawScene(pictures, 3);
  elsewhere = await drawScene(pictures, 9);
  ({ id: adminId } = await database.db.selectFrom('app_user').select('id').executeTakeFirstOrThrow());
  web = await startTestWeb(database, { pictures, clock });
  client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
});
afterAll(async () => {
  await web.close();
  await database.close();
});

const raise = (more: Partial<Parameters<typeof insertCandidate>[1]> & { minutesAgo?: number } = {}) => {
  const { minutesAgo = 0, ...rest } = more;
  const raisedAt = new Date(clock.nowMs() - minutesAgo * 60_000);
  return insertCandidate(database.db, { viewId: 1, scene, raisedAt, decidedBy: adminId, ...rest });
};

describe('the queue', () => {
  it.each(['severity', 'place', 'newest'] as const)('comes by %s, page by page, each item once', async (order) => {
    if (order === 'severity') {
      await raise({ severity: 'safety', minutesAgo: 9_000 });
      await raise({ severity: 'high', minutesAgo: 8_000 });
    }
    const all: Candidate[] = [];
    let cursor = '';
    do {
      const { body } = await client.get(`/api/v1/candidates?state=open&limit=3&order=${order}${cursor}`);
      all.push(...body.items);
      cursor = body.next === null ? '' : `&cursor=${body.next}`;
    } while (cursor !== '');
    const open = await database.db.selectFrom('candidate').select('id').where('state', '=', 'open').execute();
    expect(all.map(({ id }) => id).sort((a, b) => a - b)).toEqual(open.map(({ id }) => id).sort((a, b) => a - b));
    const rank = { safety: 0, high: 1, normal: 2 };
    const keyOf = ({ severity, raisedAt, camera, view }: Candidate): string =>
      ({
        severity: `${rank[severity]} ${9e15 - Date.parse(raisedAt)}`,
        place: `${Buffer.from(camera.place).toString('hex').padEnd(200, ' ')} ${String(view.id).padStart(6, '0')} ${rank[severity]}`,
        newest: `${9e15 - Date.parse(raisedAt)}`,
      })[order];
    expect(all.map(keyOf)).toEqual(all.map(keyOf).sort());
    if (order === 'severity') expect(all.slice(0, 2).map(({ severity }) => severity)).toEqual(['safety', 'high']);
  });

  it('is not sorted by place where it has no end', async () => {
    for (const query of ['order=place', 'order=place&state=decided']) {
      const { status, body } = await client.get(`/api/v1/candidates?${query}`);
      expect([status, body.error.code]).toEqual([400, 'web.invalid']);
    }
  });
});

describe('around an item', () => {
  const contextOf = async (id: number, asked = client): Promise<CandidateContext> =>
    (await asked.get(`/api/v1/candidates/${id}/context`)).body;
  const look = async (minutesAgo: number, polygon?: SampleScene['polygon'], sha256: string | null = scene.after) => {
    const regions = polygon
      ? JSON.stringify([{ score: 0.8, box: scene.box, polygon, areaFraction: 0.03 }])
      : JSON.stringify([]);
    await database.db
      .insertInto('look')
      .values({
        view_id: 1,
        captured_at: new Date(clock.nowMs() - minutesAgo * 60_000),
        ...{ result: 'changed', stage: 'network', regions, picture_sha256: sha256 },
      })
      .execute();
  };

  it('stand its looks over time, each with whether the place was changed in it', async () => {
    // First seen 85, last seen 59 minutes ago.
    const id = await raise({ minutesAgo: 60 });
    for (let at = 120; at > 85; at -= 5) await look(at + 0.5);
    for (let at = 85; at >= 59; at -= 0.25) await look(at, scene.polygon);
    for (let at = 50; at > 0; at -= 5) await look(at, elsewhere.polygon);
    await look(70, scene.polygon, null);
    const { looks } = await contextOf(id);
    const agoOf = (one: CandidateContext['looks'][number]): number =>
      (clock.nowMs() - Date.parse(one.capturedAt)) / 60_000;
    const before = looks.filter((one) => agoOf(one) > 85);
    const during = looks.filter((one) => agoOf(one) <= 85 && agoOf(one) >= 59);
    const after = looks.filter((one) => agoOf(one) < 59);
    expect(before.map(agoOf)).toEqual([105.5, 100.5, 95.5, 90.5]);
    expect(after.map(agoOf)).toEqual([50, 45, 40, 35]);
    expect(during).toHaveLength(12);
    expect(agoOf(during[0]!)).toBe(85);
    expect(agoOf(during.at(-1)!)).toBe(59);
    expect(during.every(({ showsIt }) => showsIt)).toBe(true);
    expect([...before, ...after].some(({ showsIt }) => showsIt)).toBe(false);
    expect(looks.map(agoOf)).toEqual(looks.map(agoOf).sort((a, b) => b - a));
    expect((await client.raw('GET', looks[0]!.pictureUrl)).status).toBe(200);
  });

  it('stand the others of about the same time, nearest first, of cameras one may see', async () => {
    const id = await raise({ minutesAgo: 20_000 });
    const [far, near, nearer] = [
      await raise({ viewId: 2, minutesAgo: 20_031 }),
      await raise({ viewId: 2, minutesAgo: 20_020 }),
      await raise({ viewId: 3, minutesAgo: 19_995, severity: 'safety' }),
    ];
    await raise({ viewId: 1, minutesAgo: 20_001 });
    const { neighbours } = await contextOf(id);
    expect(neighbours.map((one) => one.id)).toEqual([nearer, near]);
    expect(neighbours[0]).toMatchObject({ severity: 'safety', verdict: null, camera: { name: '3号楼东立面' } });
    expect(neighbours.some((one) => one.id === far)).toBe(false);

    const unit = await database.db
      .insertInto('unit')
      .values({ name: '一组' })
      .returning('id')
      .executeTakeFirstOrThrow();
    for (const camera of [1, 2]) {
      await database.db.insertInto('unit_camera').values({ unit_id: unit.id, camera_id: camera }).execute();
    }
    const { id: userId } = await database.db
      .insertInto('app_user')
      .values({ name: 'of-a-unit', role: 'operator', password_hash: '', unit_id: unit.id })
      .returning('id')
      .executeTakeFirstOrThrow();
    const narrow = new WebClient(web.url);
    narrow.token = (await createToken(database.db, userId, 'test', undefined, clock.nowMs())).token;
    expect((await contextOf(id, narrow)).neighbours.map((one) => one.id)).toEqual([near]);
    expect((await narrow.get(`/api/v1/candidates/${nearer}/context`)).status).toBe(404);
    expect((await narrow.ask('PUT', `/api/v1/candidates/${nearer}/seen`, {})).status).toBe(404);
  });

  it('stands what was said of the same place before, and of no other', async () => {
    const { db } = database;
    const viewId = 5;
    const said = async (verdict: 'false_alarm' | 'permitted', reason: string, minutesAgo: number, at = scene) => {
      const id = await raise({ viewId, scene: at, minutesAgo, verdict });
      await db.updateTable('verdict').set({ reason }).where('candidate_id', '=', id).execute();
      return id;
    };
    await db.updateTable('candidate').set({ view_id: 6 }).where('view_id', '=', viewId).execute();
    await said('false_alarm', '晾衣', 30_000);
    await said('permitted', '已取得批准', 25_000);
    const last = await said('false_alarm', '晾衣', 22_000);
    await said('false_alarm', '晾衣', 21_000, elsewhere);
    const { pastVerdicts } = await contextOf(await raise({ viewId }));
    expect(pastVerdicts).toEqual([
      expect.objectContaining({ verdict: 'false_alarm', reason: '晾衣', times: 2, lastCandidateId: last }),
      expect.objectContaining({ verdict: 'permitted', reason: '已取得批准', times: 1 }),
    ]);
    expect((await client.get('/api/v1/candidates/999999/context')).status).toBe(404);
  });
});

describe('a mark of having seen', () => {
  it('is one’s own, and is no verdict', async () => {
    const { id: otherId } = await database.db
      .insertInto('app_user')
      .values({ name: 'other', role: 'viewer', password_hash: '' })
      .returning('id')
      .executeTakeFirstOrThrow();
    const other = new WebClient(web.url);
    other.token = (await createToken(database.db, otherId, 'test', undefined, clock.nowMs())).token;
    const id = await raise();
    const path = `/api/v1/candidates/${id}`;
    expect((await client.get(path)).body.seenAt).toBeNull();
    const marked = await client.ask('PUT', `${path}/seen`, {});
    expect(marked.body).toMatchObject({ seenAt: new Date(clock.nowMs()).toISOString(), state: 'open', version: 1 });
    await clock.advance(1000);
    expect((await client.ask('PUT', `${path}/seen`, {})).body.seenAt).toBe(marked.body.seenAt);
    expect((await other.get(path)).body.seenAt).toBeNull();
    const listed = (await client.get('/api/v1/candidates?state=open&limit=200')).body.items as Candidate[];
    expect(listed.find((one) => one.id === id)?.seenAt).toBe(marked.body.seenAt);
    expect((await client.ask('DELETE', `${path}/seen`)).body.seenAt).toBeNull();
    expect((await other.ask('PUT', `${path}/seen`, {})).body.seenAt).not.toBeNull();
    expect((await client.ask('PUT', '/api/v1/candidates/999999/seen', {})).status).toBe(404);
  });
});
