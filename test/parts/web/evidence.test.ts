/** Evidence over HTTP: nothing without a reason, nothing of other units' cameras, and nothing that the log does not tell. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import type { RoleName } from '../../../src/drivers/postgres/schema.ts';
import { readEntries, logSize } from '../../../src/evidence/log.ts';
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
import { sealSample } from '../../support/sample-snapshot.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient, type Answer } from '../../support/web.ts';

const REASON = { reason: '接到居民举报，核实 2 号楼屋顶搭建', purpose: '执法取证' };

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let clock: ManualClock;
let pictures: MemoryPictures;
let scene: SampleScene;
let stream: string;
let admin: Person;
let officer: Person;
let operator: Person;
let viewer: Person;
/** Of view 1, which the officer's unit sees, and of view 2, which it does not. */
let own: { id: string; entry: number };
let foreign: { id: string; entry: number };
let candidateId: number;

class Person {
  readonly client: WebClient;
  readonly id: number;
  access = 0;

  constructor(client: WebClient, id: number) {
    this.client = client;
    this.id = id;
  }

  /** Says why, and goes on with that. */
  async enter(): Promise<this> {
    const answer = await this.client.post('/api/v1/evidence/accesses', REASON);
    expect(answer.status).toBe(200);
    this.access = answer.body.id as number;
    return this;
  }

  get(path: string): Promise<Answer> {
    return this.client.get(`/api/v1/evidence${path}${path.includes('?') ? '&' : '?'}access=${this.access}`);
  }
}

async function person(name: string, role: RoleName, unitId: number | null): Promise<Person> {
  const { id } = await database.db
    .insertInto('app_user')
    .values({ name, display_name: `${name}（显示）`, role, password_hash: '', unit_id: unitId })
    .returning('id')
    .executeTakeFirstOrThrow();
  const client = new WebClient(web.url);
  client.token = (await createToken(database.db, id, 'test', undefined, clock.nowMs())).token;
  return new Person(client, id);
}

/** Bodies of what the log was told since it had `from` entries. */
async function told(from: number): Promise<{ kind: string; body: Answer['body'] }[]> {
  const size = await logSize(database.db);
  const entries = await readEntries(
    database.db,
    Array.from({ length: size - from }, (_, n) => from + n),
  );
  return entries.map(({ kind, body }) => ({ kind, body: JSON.parse(body) }));
}
const size = (): Promise<number> => logSize(database.db);

beforeAll(async () => {
  database = await freshDatabase();
  pictures = new MemoryPictures();
  clock = new ManualClock();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  await fillSample(database.db, pictures, clock.nowMs(), 0);
  scene = await drawScene(pictures, 3);
  stream = pictures.put(Buffer.from('the camera’s own bytes'));
  web = await startTestWeb(database, { pictures, clock });
  const admins = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
  admin = await new Person(admins, 1).enter();
  const unit = await admins.post('/api/v1/units', {
    name: '城管一队',
    seesAll: false,
    cameraIds: [],
    places: ['1号楼'],
  });
  expect(unit.status).toBe(200);
  officer = await (await person('officer', 'enforcement', unit.body.id as number)).enter();
  operator = await (await person('operator', 'operator', null)).enter();
  viewer = await person('viewer', 'viewer', null);
  candidateId = await insertCandidate(database.db, {
    ...{ viewId: 1, scene, raisedAt: new Date(clock.nowMs()), decidedBy: 1 },
  });
  const sealedAt = new Date(clock.nowMs());
  const files = [
    { role: 'after', sha256: scene.after },
    { role: 'overlay', sha256: scene.overlay },
  ] as const;
  own = await sealSample(database.db, { viewId: 1, sealedAt, candidateId, streamSha256: stream, pictures: files });
  foreign = await sealSample(database.db, { viewId: 2, sealedAt, streamSha256: stream, pictures: files });
});
afterAll(async () => {
  await web.close();
  await database.close();
});

describe('a reason', () => {
  it('is asked for first, holds some hours, and is one’s own', async () => {
    const someone = await person('someone', 'operator', null);
    expect((await someone.client.get('/api/v1/evidence/accesses/current')).body).toEqual({ access: null });
    expect((await someone.get('')).status).toBe(400);
    someone.access = officer.access;
    const refused = await someone.get(`/${own.id}`);
    expect([refused.status, refused.body.error.code]).toEqual([428, 'evidence.no_access']);
    await someone.enter();
    expect((await someone.get(`/${own.id}`)).status).toBe(200);
    expect((await someone.client.get('/api/v1/evidence/accesses/current')).body.access).toMatchObject(REASON);
    clock.stepWallClock(LIMITS.evidenceAccessHours * 3_600_000 + 1);
    expect((await someone.get(`/${own.id}`)).body.error.code).toBe('evidence.no_access');
    clock.stepWallClock(-(LIMITS.evidenceAccessHours * 3_600_000 + 1));
  });

  it.each([{ reason: ' ', purpose: 'x y' }, { reason: 'x y' }, { reason: 'x'.repeat(501), purpose: 'x y' }])(
    'that says nothing, or too much, is none: %o',
    async (body) => {
      expect((await operator.client.post('/api/v1/evidence/accesses', body)).status).toBe(400);
    },
  );

  it('cannot be given without end', async () => {
    const someone = await person('chatty', 'operator', null);
    const now = new Date(clock.nowMs());
    await database.db
      .insertInto('evidence_access')
      .values(
        Array.from({ length: LIMITS.evidenceAccessesPerDay }, () => ({
          ...{ user_id: someone.id, reason: 'r', purpose: 'p', at: now, expires_at: now },
        })),
      )
      .execute();
    const answer = await someone.client.post('/api/v1/evidence/accesses', REASON);
    expect([answer.status, answer.body.error.code]).toEqual([429, 'evidence.too_many_accesses']);
  });
});

describe('the log is told', () => {
  it('of a search: who, unit, why, what for, what was shown; the same again within a minute not anew', async () => {
    const from = await size();
    const found = await officer.get('?place=' + encodeURIComponent('1号楼'));
    expect(found.body.items.map((one: { id: string }) => one.id)).toEqual([own.id]);
    expect(await told(from)).toEqual([
      {
        kind: 'snapshots.searched',
        body: {
          ...{ format: 'sentinel-custody/1', result: 'shown', snapshots: [own.id], search: { place: '1号楼' } },
          by: {
            ...{ userId: officer.id, name: 'officer', displayName: 'officer（显示）', role: 'enforcement' },
            unit: '城管一队',
          },
          ...{ ...REASON, from: '127.0.0.1' },
        },
      },
    ]);
    await officer.get('?place=' + encodeURIComponent('1号楼'));
    expect(await size()).toBe(from + 1);
    // Its small pictures were told of with the list.
    const thumbnail = await officer.client.raw('GET', found.body.items[0].thumbnailUrl);
    expect(thumbnail.headers.get('content-type')).toBe('image/jpeg');
    expect(await size()).toBe(from + 1);
    await clock.advance(LIMITS.evidenceSeenAgainMs);
    await officer.client.raw('GET', found.body.items[0].thumbnailUrl);
    expect((await told(from + 1)).map(({ kind }) => kind)).toEqual(['snapshot.viewed']);
  });

  it('of a snapshot and each of its files', async () => {
    await clock.advance(LIMITS.evidenceSeenAgainMs);
    const from = await size();
    const detail = await officer.get(`/${own.id}`);
    expect(detail.body).toMatchObject({
      ...{ id: own.id, entry: own.entry, cause: 'raised', isHeld: false, keptUntil: null },
      candidate: { id: candidateId, state: 'open', verdict: null },
      record: { format: 'sentinel-snapshot/1', id: own.id },
      matter: [{ id: own.id }],
    });
    const after = detail.body.files.find((file: { role: string }) => file.role === 'after');
    const shown = await officer.client.raw('GET', after.url);
    const bytes = Buffer.from(await shown.arrayBuffer());
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(scene.after);
    expect(shown.headers.get('cache-control')).toContain('no-store');
    expect((await told(from)).map(({ kind, body }) => [kind, body.snapshots, body.files ?? []])).toEqual([
      ['snapshot.viewed', [own.id], []],
      ['snapshot.viewed', [own.id], [scene.after]],
    ]);
  });

  it('of the camera’s own bytes handed out, which want the right to export', async () => {
    const from = await size();
    const url = `/${own.id}/files/${stream}`;
    const refused = await operator.get(url);
    expect([refused.status, refused.body.error.details.permission]).toEqual([403, 'evidence.export']);
    expect(await size()).toBe(from);
    const answer = await officer.get(url);
    expect(answer.text).toBe('the camera’s own bytes');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${own.id}.h264"`);
    expect(await told(from)).toMatchObject([
      { kind: 'snapshot.exported', body: { result: 'handed_out', files: [stream], by: { name: 'officer' } } },
    ]);
  });

  it('of a file that is missing or damaged', async () => {
    const { id } = await sealSample(database.db, {
      ...{ viewId: 1, sealedAt: new Date(clock.nowMs()), cause: 'pulled' },
      pictures: [{ role: 'look', sha256: 'a'.repeat(64) }],
    });
    const from = await size();
    expect((await officer.get(`/${id}/files/${'a'.repeat(64)}`)).status).toBe(404);
    expect(await told(from)).toMatchObject([{ kind: 'snapshot.viewed', body: { result: 'missing' } }]);
    expect((await officer.get(`/${id}/files/${'b'.repeat(64)}`)).body.error.code).toBe('web.missing');
  });

  it('of pictures of a view, and of two of them compared', async () => {
    const from = await size();
    const kept = await officer.get('/views/1/kept?limit=5');
    expect(kept.body.items).toHaveLength(5);
    expect(kept.body.next).not.toBeNull();
    const rest = await officer.get(`/views/1/kept?cursor=${kept.body.next as string}`);
    const all = [...kept.body.items, ...rest.body.items] as { takenAt: string; kind: string; id: string }[];
    expect(new Set(all.map(({ kind, id }) => `${kind} ${id}`)).size).toBe(all.length);
    expect(all.map(({ takenAt }) => takenAt)).toEqual(
      all
        .map(({ takenAt }) => takenAt)
        .sort()
        .reverse(),
    );
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['look', 'baseline']));
    const [newest, oldest] = [all[0]!, all.at(-1)!];
    const compared = await officer.get(`/views/1/compared?first=${oldest.takenAt}&second=${newest.takenAt}`);
    expect(compared.body).toMatchObject({ first: oldest, second: newest });
    await clock.advance(LIMITS.evidenceSeenAgainMs);
    const picture = await officer.client.raw('GET', compared.body.first.pictureUrl);
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    const entries = await told(from);
    expect(entries.map(({ kind }) => kind)).toEqual(['pictures.viewed', 'pictures.viewed', 'pictures.viewed']);
    expect(entries[2]?.body).toMatchObject({ view: { id: 1, pictures: [`${oldest.kind} ${oldest.id}`] } });
  });
});

describe('a unit', () => {
  it('sees its own cameras and no others, and the log is told who asked', async () => {
    const from = await size();
    const seen = await officer.get('?limit=200');
    expect(new Set(seen.body.items.map((one: { camera: { id: number } }) => one.camera.id))).toEqual(new Set([1]));
    expect((await operator.get('?limit=200')).body.items.map((one: { id: string }) => one.id)).toContain(foreign.id);
    for (const path of [`/${foreign.id}`, `/${foreign.id}/thumbnail.jpg`, `/${foreign.id}/files/${stream}`]) {
      const answer = await officer.get(path);
      expect([answer.status, answer.body.error.code]).toEqual([404, 'web.missing']);
    }
    expect((await officer.client.get(`/api/v1/evidence/${foreign.id}/custody`)).status).toBe(404);
    for (const path of ['/views/2/kept', '/views/2/compared?first=2026-01-01T00:00:00Z&second=2026-01-01T00:00:00Z']) {
      expect((await officer.get(path)).status).toBe(404);
    }
    expect((await officer.client.post('/api/v1/evidence/pulls', { viewId: 2, ...REASON })).status).toBe(404);
    const hold = { snapshotIds: [foreign.id], ...REASON };
    expect((await officer.client.post('/api/v1/evidence/holds', hold)).status).toBe(404);
    const refusals = (await told(from)).filter(({ kind }) => kind === 'snapshot.refused');
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals[0]?.body).toMatchObject({ result: 'refused', snapshots: [foreign.id], by: { name: 'officer' } });
  });

  it('sees nothing else of others’ cameras either: not in lists, not by number, not what belongs to them', async () => {
    const { client } = officer;
    const cameraIds = async (path: string, of: (item: { id: number; camera?: { id: number } }) => unknown) =>
      new Set(((await client.get(`/api/v1/${path}?limit=200`)).body.items as { id: number }[]).map(of));
    expect(await cameraIds('cameras', ({ id }) => id)).toEqual(new Set([1]));
    expect(await cameraIds('views', ({ camera }) => camera?.id)).toEqual(new Set([1]));
    expect(await cameraIds('candidates', ({ camera }) => camera?.id)).toEqual(new Set([1]));
    const theirs = await insertCandidate(database.db, {
      ...{ viewId: 2, scene, raisedAt: new Date(clock.nowMs()), decidedBy: 1 },
    });
    const baseline = await database.db
      .selectFrom('baseline')
      .select('id')
      .where('view_id', '=', 2)
      .executeTakeFirstOrThrow();
    const asked = async (one: WebClient): Promise<number[]> =>
      Promise.all(
        [
          ...['cameras/2', 'views/2', 'views/2/picture.jpg', 'views/2/looks', `baselines/${baseline.id}/picture.jpg`],
          ...[`candidates/${theirs}`, `candidates/${theirs}/pictures/after.jpg`],
        ].map(async (path) => (await one.get(`/api/v1/${path}`)).status),
      );
    expect(new Set(await asked(operator.client))).toEqual(new Set([200]));
    expect(new Set(await asked(client))).toEqual(new Set([404]));
    expect((await client.post(`/api/v1/candidates/${theirs}/claim`)).status).toBe(404);
    expect((await client.get('/api/v1/views/1')).status).toBe(200);
    expect((await client.get(`/api/v1/candidates/${candidateId}`)).status).toBe(200);
  });

  it('is needed by the role enforcement', async () => {
    const lone = await person('lone', 'enforcement', null);
    const answer = await lone.client.post('/api/v1/evidence/accesses', REASON);
    expect([answer.status, answer.body.error.code]).toEqual([403, 'evidence.no_unit']);
  });

  it('shows what it is given at once, by place or by camera', async () => {
    const made = await admin.client.post('/api/v1/units', { name: '二队', seesAll: false, cameraIds: [], places: [] });
    const { id } = made.body;
    const someone = await (await person('second', 'enforcement', id as number)).enter();
    const visible = async (): Promise<number> => (await someone.get('')).body.items.length as number;
    const change = (to: object): Promise<Answer> =>
      admin.client.ask('PUT', `/api/v1/units/${id as number}`, {
        name: '二队',
        seesAll: false,
        cameraIds: [],
        places: [],
        ...to,
      });
    expect(await visible()).toBe(0);
    expect((await change({ cameraIds: [2] })).body).toMatchObject({ cameraIds: [2], people: 1 });
    expect(await visible()).toBe(1);
    await change({ places: ['2号楼', '1号楼'] });
    expect(await visible()).toBeGreaterThan(1);
    // A place is what the camera's place begins with, not a pattern.
    await change({ places: ['%', '_号楼', '号楼'] });
    expect(await visible()).toBe(0);
    await change({ seesAll: true });
    expect(await visible()).toBeGreaterThan(2);
    expect((await change({ cameraIds: [999] })).status).toBe(404);
    expect((await change({ name: '城管一队' })).body.error.code).toBe('people.unit_taken');
    const full = await admin.client.ask('DELETE', `/api/v1/units/${id as number}`);
    expect(full.body.error.code).toBe('people.unit_has_people');
    await admin.client.ask('PATCH', `/api/v1/users/${someone.id}`, { unitId: null });
    expect((await admin.client.ask('DELETE', `/api/v1/units/${id as number}`)).status).toBe(204);
    expect((await admin.client.ask('PATCH', `/api/v1/users/${someone.id}`, { unitId: id as number })).status).toBe(404);
  });
});

describe('holds', () => {
  it('are placed, shown, and released with a reason, each told', async () => {
    const from = await size();
    const body = { snapshotIds: [own.id], reason: '行政复议期间留存', purpose: '行政复议' };
    expect((await operator.client.post('/api/v1/evidence/holds', body)).status).toBe(403);
    const placed = await officer.client.post('/api/v1/evidence/holds', body);
    expect(placed.body).toMatchObject({ snapshotIds: [own.id], unit: '城管一队', released: null });
    expect((await officer.get(`/${own.id}`)).body).toMatchObject({ isHeld: true, holds: [{ id: placed.body.id }] });
    expect((await officer.get('?isHeld=true')).body.items).toHaveLength(1);
    const other = await admin.client.post('/api/v1/evidence/holds', { candidateId, ...REASON });
    const url = (id: number): string => `/api/v1/evidence/holds/${id}/release`;
    const refused = await officer.client.post(url(other.body.id as number), { reason: '不再需要' });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'evidence.hold_of_others']);
    expect((await admin.client.post(url(other.body.id as number), { reason: '不再需要' })).status).toBe(200);
    const released = await officer.client.post(url(placed.body.id as number), { reason: '复议结束' });
    expect(released.body.released).toMatchObject({ by: 'officer（显示）', reason: '复议结束' });
    expect((await officer.client.get('/api/v1/evidence/holds?isReleased=false')).body.items).toEqual([]);
    expect((await officer.client.get('/api/v1/evidence/holds')).body.items).toHaveLength(2);
    const entries = (await told(from)).filter(({ kind }) => kind.startsWith('hold.'));
    expect(entries.map(({ kind, body: said }) => [kind, said.by.name, said.reason])).toEqual([
      ['hold.placed', 'officer', '行政复议期间留存'],
      ['hold.placed', 'admin', REASON.reason],
      ['hold.released', 'admin', '不再需要'],
      ['hold.released', 'officer', '复议结束'],
    ]);
  });
});

describe('a pull', () => {
  it('seals what is known now, with who and why, and wishes for the main stream', async () => {
    const from = await size();
    const answer = await officer.client.post('/api/v1/evidence/pulls', { viewId: 1, ...REASON });
    expect(answer.body.snapshot).toMatchObject({
      ...{ cause: 'pulled', stream: 'wanted', by: 'officer（显示）', reason: REASON.reason },
      camera: { id: 1 },
    });
    expect(await told(from)).toMatchObject([
      { kind: 'snapshot.sealed', body: { cause: { ...REASON, by: { name: 'officer', unit: '城管一队' } } } },
    ]);
    expect((await viewer.client.post('/api/v1/evidence/pulls', { viewId: 1, ...REASON })).status).toBe(403);
    expect((await officer.client.post('/api/v1/evidence/pulls', { viewId: 1 })).status).toBe(400);
  });
});

describe('custody', () => {
  it('of a snapshot is the whole of what the log says of it, newest first, in pages', async () => {
    const whole = (await officer.client.get(`/api/v1/evidence/${own.id}/custody?limit=200`)).body;
    expect(whole.items.at(-1)).toMatchObject({ kind: 'snapshot.sealed', entry: own.entry, result: 'kept' });
    const kinds = new Set(whole.items.map((one: { kind: string }) => one.kind));
    for (const kind of ['snapshots.searched', 'snapshot.viewed', 'snapshot.exported', 'hold.placed', 'hold.released']) {
      expect(kinds).toContain(kind);
    }
    const first = (await officer.client.get(`/api/v1/evidence/${own.id}/custody?limit=3`)).body;
    const second = (
      await officer.client.get(`/api/v1/evidence/${own.id}/custody?limit=3&cursor=${first.next as string}`)
    ).body;
    expect([...first.items, ...second.items]).toEqual(whole.items.slice(0, 6));
  });

  it('of everybody is for administrators, by person, kind and time', async () => {
    expect((await officer.client.get('/api/v1/evidence/custody')).status).toBe(403);
    const ask = async (query: string) =>
      (await admin.client.get(`/api/v1/evidence/custody?limit=200&${query}`)).body.items;
    const all = await ask('');
    const his = await ask(`userId=${officer.id}`);
    expect(his.length).toBeGreaterThan(3);
    expect(his.length).toBeLessThan(all.length);
    expect(his.every((one: { by: { name: string } }) => one.by.name === 'officer')).toBe(true);
    expect((await ask('kind=hold.placed')).length).toBe(2);
    // Each says of what: the places of its cameras, and the snapshot where it was one.
    const [viewed] = await ask('kind=snapshot.viewed');
    expect(viewed.about).toMatchObject({
      places: [expect.any(String)],
      snapshots: 1,
      snapshotId: viewed.body.snapshots[0],
    });
    const [pictures] = await ask('kind=pictures.viewed');
    expect(pictures?.about.places ?? ['none were']).toHaveLength(1);
    // What was sealed on somebody's request counts as well.
    expect(await ask('kind=snapshot.sealed')).toMatchObject([{ by: { name: 'officer' }, unit: '城管一队', ...REASON }]);
    expect(await ask(`until=${new Date(0).toISOString()}`)).toEqual([]);
  });
});

it('a snapshot whose files went by rule is still there, and says so', async () => {
  const { id } = await sealSample(database.db, {
    ...{ viewId: 1, sealedAt: new Date(clock.nowMs()), cause: 'pulled' },
    pictures: [{ role: 'look', sha256: scene.after }],
  });
  const before = await officer.get(`/${id}`);
  expect(Date.parse(before.body.keptUntil as string) - clock.nowMs()).toBeGreaterThan(1094 * 86_400_000);
  await database.db
    .insertInto('snapshot_pruned')
    .values({ snapshot_id: id, pruned_at: new Date(clock.nowMs()), rule: 'pulled' })
    .execute();
  const after = await officer.get(`/${id}`);
  expect(after.body).toMatchObject({ thumbnailUrl: null, keptUntil: null, files: [{ url: null }] });
  expect(after.body.prunedAt).not.toBeNull();
  const file = await officer.get(`/${id}/files/${scene.after}`);
  expect([file.status, file.body.error.code]).toEqual([409, 'evidence.pruned']);
});

it('pages of a search join without gap or repeat, under every filter', async () => {
  for (let n = 0; n < 30; n++) {
    await sealSample(database.db, { viewId: 1 + (n % 3), sealedAt: new Date(clock.nowMs() - n * 60_000) });
  }
  for (const filter of ['', 'viewId=1', 'cameraId=2', 'cause=raised', 'stream=none', 'state=open', 'isHeld=false']) {
    const whole = (await operator.get(`?limit=200&${filter}`)).body.items as { id: string }[];
    const joined: { id: string }[] = [];
    for (let cursor = ''; ;) {
      const page = (await operator.get(`?limit=7&${filter}${cursor}`)).body;
      joined.push(...(page.items as { id: string }[]));
      if (page.next === null) break;
      cursor = `&cursor=${page.next as string}`;
    }
    expect(joined.map(({ id }) => id)).toEqual(whole.map(({ id }) => id));
    expect(whole.length).toBeGreaterThan(0);
  }
});
