/** Packages over HTTP: who may, of which cameras, and a download that goes on where it stopped. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MoverFinder } from '../../../src/comparison/comparison.ts';
import type { RoleName } from '../../../src/drivers/postgres/schema.ts';
import type { PackageDesk } from '../../../src/evidence/evidence.ts';
import { entriesAbout } from '../../../src/evidence/log.ts';
import { checkFile } from '../../../src/evidence/package-file.ts';
import { createToken } from '../../../src/web/people-store.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { ManualClock } from '../../support/clock.ts';
import { sealSample, TestBlobs, TestSigner, type SealedSample } from '../../support/evidence.ts';
import { packageDesk } from '../../support/package-desk.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { fillSample } from '../../support/sample-estate.ts';
import { sealSample as sealPictures } from '../../support/sample-snapshot.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

const REASON = { reason: '核查屋顶搭建', purpose: '立案' };
const PACKAGES = '/api/v1/evidence/packages';

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let desk: PackageDesk;
let dir: string;
let signer: TestSigner;
/** Of camera 2, which the officer's unit sees, and of camera 3, which it does not. */
let own: SealedSample[];
let foreign: SealedSample[];
let admin: WebClient;
let officer: WebClient;
let operator: WebClient;
const clock = new ManualClock();
const pictures = new TestBlobs();
const movers = new MoverFinder({ modelDir: 'models', threads: 1 });

beforeAll(async () => {
  database = await freshDatabase();
  dir = await mkdtemp(path.join(tmpdir(), 'sentinel-packages-'));
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  await fillSample(database.db, pictures, clock.nowMs(), 0);
  signer = new TestSigner(database.db, () => clock.nowMs());
  await signer.accept();
  own = await sealSample(database.db, pictures, { sealedAtMs: clock.nowMs(), variant: 1 });
  foreign = await sealSample(database.db, pictures, { sealedAtMs: clock.nowMs() + 60_000, variant: 2 });
  desk = packageDesk(database.db, pictures, clock, { signer, dir });
  web = await startTestWeb(database, { pictures, clock, packages: desk, movers });
  admin = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
  const unit = await admin.post('/api/v1/units', { name: '城管一队', seesAll: false, cameraIds: [2], places: [] });
  officer = await person('officer', 'enforcement', unit.body.id as number);
  operator = await person('operator', 'operator', null);
});
afterAll(async () => {
  await web.close();
  await movers.close();
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

async function person(name: string, role: RoleName, unitId: number | null): Promise<WebClient> {
  const { id } = await database.db
    .insertInto('app_user')
    .values({ name, display_name: name, role, password_hash: '', unit_id: unitId })
    .returning('id')
    .executeTakeFirstOrThrow();
  const client = new WebClient(web.url);
  client.token = (await createToken(database.db, id, 'test', undefined, clock.nowMs())).token;
  return client;
}

const idsOf = (sealed: SealedSample[]): string[] => sealed.map(({ record }) => record.id);

it('is for those who may export, and of cameras that they may see', async () => {
  const refused = await operator.post(PACKAGES, { snapshotIds: idsOf(own), ...REASON });
  expect(refused).toMatchObject({ status: 403, body: { error: { code: 'web.forbidden' } } });
  const other = await officer.post(PACKAGES, { snapshotIds: [...idsOf(own), ...idsOf(foreign)], ...REASON });
  expect(other).toMatchObject({ status: 404, body: { error: { code: 'web.missing' } } });
  const about = await entriesAbout(database.db, `snapshot:${idsOf(foreign)[0]!}`, { afterSeq: -1, most: 10 });
  expect(about.map(({ kind }) => kind)).toContain('snapshot.refused');
  // Of a span only what they may see is taken.
  const span = { since: new Date(clock.nowMs()).toISOString(), until: new Date(clock.nowMs() + 600_000).toISOString() };
  const ordered = await officer.post(PACKAGES, { ...span, ...REASON });
  expect(ordered).toMatchObject({ status: 200, body: { state: 'waiting', snapshots: 2 } });
  await officer.ask('DELETE', `${PACKAGES}/${ordered.body.id as string}`);
});

it('asks for a reason, and refuses what makes no package', async () => {
  for (const body of [
    { snapshotIds: idsOf(own) },
    { snapshotIds: idsOf(own), reason: ' ', purpose: 'x' },
    { snapshotIds: ['x'], ...REASON },
    { snapshotIds: idsOf(own), partBytes: 5, ...REASON },
    {
      snapshotIds: idsOf(own),
      marks: [{ snapshotId: idsOf(own)[0], role: 'stream', frames: [], words: [], blurred: [] }],
      ...REASON,
    },
  ]) {
    expect(await officer.post(PACKAGES, body), JSON.stringify(body)).toMatchObject({ status: 400 });
  }
  expect(await officer.post(PACKAGES, REASON)).toMatchObject({
    status: 422,
    body: { error: { code: 'package.empty' } },
  });
});

it('makes it, and hands it out in pieces that fit together', async () => {
  const ordered = await officer.post(PACKAGES, { snapshotIds: idsOf(own), recipient: '综合执法局', ...REASON });
  const address = `${PACKAGES}/${ordered.body.id as string}`;
  await desk.work();
  const ready = await officer.get(address);
  expect(ready.body).toMatchObject({ state: 'ready', progress: 1, recipient: '综合执法局', ...REASON });
  const [part] = ready.body.parts;

  const whole = await officer.raw('GET', part.url);
  expect(whole.status).toBe(200);
  expect(whole.headers.get('accept-ranges')).toBe('bytes');
  expect(whole.headers.get('content-type')).toBe('application/zip');
  expect(whole.headers.get('content-disposition')).toBe(`attachment; filename="${part.name as string}"`);
  const bytes = Buffer.from(await whole.arrayBuffer());
  expect(bytes.length).toBe(part.bytes);
  await writeFile(path.join(dir, 'fetched.zip'), bytes);
  expect((await checkFile(path.join(dir, 'fetched.zip'), { keyId: signer.key.id })).ok).toBe(true);

  const piece = async (range: string, more: Record<string, string> = {}): Promise<Response> =>
    officer.raw('GET', part.url, undefined, { range, ...more });
  const first = await piece('bytes=0-99999');
  expect(first.status).toBe(206);
  expect(first.headers.get('content-range')).toBe(`bytes 0-99999/${bytes.length}`);
  const rest = await piece('bytes=100000-', { 'if-range': whole.headers.get('etag') ?? '' });
  expect(rest.status).toBe(206);
  const joined = Buffer.concat([Buffer.from(await first.arrayBuffer()), Buffer.from(await rest.arrayBuffer())]);
  expect(joined.equals(bytes)).toBe(true);
  expect((await piece(`bytes=${bytes.length}-`)).status).toBe(416);

  const log = await entriesAbout(database.db, `package:${ordered.body.id as string}`, { afterSeq: -1, most: 10 });
  expect(log.map(({ kind }) => kind)).toEqual(['package.made', 'package.fetched']);

  // Others do not see it; an administrator sees to all.
  const other = await person('other', 'enforcement', null).catch(() => undefined);
  expect((await other!.get(address)).status).toBe(404);
  expect((await other!.get(part.url)).status).toBe(404);
  expect((await admin.get(PACKAGES)).body.items.map(({ id }: { id: string }) => id)).toContain(ordered.body.id);
  expect((await officer.get(`${address}/parts/nothing.zip`)).status).toBe(404);
  expect((await officer.get(`${address}/parts/..%2f..%2fx.zip`)).status).toBe(400);

  expect((await officer.ask('DELETE', address)).status).toBe(204);
  expect((await officer.get(part.url)).body.error.code).toBe('package.not_ready');
});

it('proposes what to cover in a picture, to those who may take it away', async () => {
  const street = pictures.put(await readFile('test/parts/comparison/pictures/street.jpg'));
  const stream = pictures.put(Buffer.from('a stream'));
  const at = { sealedAt: new Date(clock.nowMs()), pictures: [{ role: 'after', sha256: street }] } as const;
  const { id } = await sealPictures(database.db, { viewId: 2, streamSha256: stream, ...at });
  const other = await sealPictures(database.db, { viewId: 3, ...at });
  const access = async (client: WebClient): Promise<number> =>
    (await client.post('/api/v1/evidence/accesses', REASON)).body.id as number;
  const ask = (client: WebClient, number: number, snapshotId = id, sha256 = street) =>
    client.get(`/api/v1/evidence/${snapshotId}/files/${sha256}/concealment?access=${number}`);

  const number = await access(officer);
  const proposed = await ask(officer, number);
  expect(proposed).toMatchObject({ status: 200, body: { left: 0 } });
  expect(proposed.body.areas.length).toBeGreaterThan(0);
  // It is a sight of the picture like any other, and nothing else is kept of it.
  const log = await entriesAbout(database.db, `snapshot:${id}`, { afterSeq: -1, most: 10 });
  expect(log.map(({ kind }) => kind)).toEqual(['snapshot.sealed', 'snapshot.viewed']);

  expect((await ask(operator, await access(operator))).body.error.code).toBe('web.forbidden');
  expect((await ask(officer, number, other.id)).status).toBe(404);
  expect((await ask(officer, number, id, 'f'.repeat(64))).status).toBe(404);
  expect((await ask(officer, number, id, stream)).status).toBe(400);
  expect((await ask(officer, number + 99)).status).toBe(428);
});
