import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { Judge, openEye, thumbnailOf, type Eye } from '../../../src/comparison/comparison.ts';
import { askDrills, cancelDrills, DrillWorker, readDrills } from '../../../src/drill/drill.ts';
import { openBlobs, type BlobStore } from '../../../src/drivers/blobs/blobs.ts';
import { readPicture, writeJpeg } from '../../../src/drivers/codec/codec.ts';
import { addCamera, addEstate } from '../../support/estate.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

const MODEL_DIR = path.resolve(import.meta.dirname, '../../../models');
const PICTURES = path.resolve(import.meta.dirname, '../comparison/pictures');

let fresh: FreshDatabase;
let dir: string;
let blobs: BlobStore;
let eye: Eye;
let estateId: number;
let cameras = 0;
beforeAll(async () => {
  fresh = await freshDatabase();
  dir = await mkdtemp(path.join(tmpdir(), 'sentinel-drill-'));
  blobs = await openBlobs({ dir, clock: systemClock });
  eye = await openEye({ modelDir: MODEL_DIR, threads: 1 });
  estateId = await addEstate(fresh.db);
});
afterEach(() => fresh.db.deleteFrom('drill').execute());
afterAll(async () => {
  await eye.close();
  await fresh.close();
  await rm(dir, { recursive: true, force: true });
});

/** A view that watches a yard, with two pictures by day. */
async function yard(): Promise<number> {
  const { viewId } = await addCamera(fresh.db, estateId, { key: `yard-${cameras++}` });
  const day = await Promise.all(['yard-0', 'yard-1'].map((name) => readPicture(path.join(PICTURES, `${name}.jpg`))));
  for (const picture of day) {
    await fresh.db
      .insertInto('baseline')
      .values({
        ...{ view_id: viewId, picture_sha256: await blobs.put(await writeJpeg(picture)), lighting: 'day' },
        ...{ captured_at: new Date(), thumbnail: Buffer.from(thumbnailOf(picture)) },
        ...{ state: 'accepted', origin: 'learning' },
      })
      .execute();
  }
  await fresh.db.updateTable('view').set({ state: 'watching' }).where('id', '=', viewId).execute();
  return viewId;
}

/** An eye that finds nothing, and takes its time: what a drill does with its answers is another matter. */
const blind: Eye = {
  modelSha256: 'blind',
  defaultMinScore: 0.5,
  encode: async () => ({
    ...{ widthPx: 512, heightPx: 288, levels: [], movers: [] },
    ...{ posePicture: new Uint8Array(0), thumbnail: new Uint8Array(0) },
  }),
  compare: async () => {
    await systemClock.sleep(20);
    return {
      ...{ judged: true, regions: [], setAside: [], maxScore: 0, lighting: 'day', nearestBaselineId: 1 },
      ...{ pose: { dxPx: 0, dyPx: 0, residualPx: 0 } },
      heat: { widthPx: 1, heightPx: 1, values: new Float32Array(1) },
    };
  },
  close: async () => {},
};

function workerWith(over: { eye?: Eye } = {}): DrillWorker {
  const parts = { db: fresh.db, blobs, eye, clock: systemClock, log: silentLogger, ...over };
  const judge = new Judge({ ...parts, onJudged: async () => {} });
  return new DrillWorker({ ...parts, subjectOf: (viewId) => judge.subjectOf(viewId) });
}

const never = new AbortController().signal;
const now = (): number => systemClock.nowMs();
const events = async (viewId: number) =>
  (await fresh.db.selectFrom('event').select('data').where('kind', '=', 'view.changed').orderBy('id').execute()).filter(
    ({ data }) => (data as { viewId?: number }).viewId === viewId,
  );

test('tells the smallest of each kind, with a picture of them and its progress', { timeout: 240_000 }, async () => {
  const viewId = await yard();
  expect(await askDrills(fresh.db, [viewId], null, now())).toHaveLength(1);
  expect((await readDrills(fresh.db, viewId)).newest).toMatchObject({ state: 'waiting', steps: 0 });
  await workerWith().work(never);
  const { newest, done } = await readDrills(fresh.db, viewId);
  expect(newest).toMatchObject({ state: 'done', steps: 6, stepsDone: 6, problem: null });
  expect(done?.id).toBe(newest?.id);
  const sizes = (light: string) => newest!.findings.filter((one) => one.light === light).map((one) => one.smallest);
  expect(sizes('day')).toHaveLength(6);
  // A yard in daylight with two lawful pictures: most things of a tenth of the picture are seen.
  expect(sizes('day').filter((smallest) => smallest !== null).length).toBeGreaterThanOrEqual(4);
  const picture = await readPicture(await blobs.get(newest!.pictureSha256s.day!));
  expect(picture.widthPx).toBeGreaterThan(100);
  expect(newest!.pictureSha256s.night).toBeNull();
  // Asked for, six steps, done.
  expect((await events(viewId)).length).toBe(8);
  // Nothing of it is a look or an item.
  expect(await fresh.db.selectFrom('look').select('id').where('view_id', '=', viewId).execute()).toEqual([]);
});

test('asked twice is one drill, and a view without accepted pictures has none', async () => {
  const viewId = await yard();
  const first = await askDrills(fresh.db, [viewId], null, now());
  expect(await askDrills(fresh.db, [viewId], null, now())).toEqual(first);
  const { viewId: bare } = await addCamera(fresh.db, estateId, { key: 'bare' });
  expect(await askDrills(fresh.db, [bare], null, now())).toEqual([]);
  expect(await askDrills(fresh.db, undefined, null, now())).toContain(first[0]);
});

test('broken off it stops at once, and the next one goes on from there', { timeout: 120_000 }, async () => {
  const viewId = await yard();
  await askDrills(fresh.db, [viewId], null, now());
  const working = workerWith({ eye: blind }).work(never);
  await expect.poll(async () => (await readDrills(fresh.db, viewId)).newest!.stepsDone).toBeGreaterThanOrEqual(2);
  expect(await cancelDrills(fresh.db, [viewId], null, now())).toBe(1);
  await working;
  const broken = (await readDrills(fresh.db, viewId)).newest!;
  expect(broken.state).toBe('cancelled');
  expect(broken.stepsDone).toBeLessThan(6);

  const [again] = await askDrills(fresh.db, [viewId], null, now());
  await workerWith({ eye: blind }).work(never);
  const resumed = (await readDrills(fresh.db, viewId)).newest!;
  expect(resumed).toMatchObject({ id: again, state: 'done', stepsDone: 6 });
  expect(resumed.findings.slice(0, broken.stepsDone)).toEqual(broken.findings);
});

test('a worker that closes gives its drill back; one that dies is succeeded', { timeout: 120_000 }, async () => {
  const viewId = await yard();
  const [id] = await askDrills(fresh.db, [viewId], null, now());
  const closing = new AbortController();
  const working = workerWith({ eye: blind }).work(closing.signal);
  await expect.poll(async () => (await readDrills(fresh.db, viewId)).newest!.stepsDone).toBeGreaterThanOrEqual(1);
  closing.abort(new Error('closing'));
  await working;
  expect((await readDrills(fresh.db, viewId)).newest).toMatchObject({ id, state: 'waiting' });

  // As one that died leaves it: taken, and never heard of again.
  await fresh.db
    .updateTable('drill')
    .set({ state: 'running', leased_until: new Date(now() + LIMITS.drillLeaseMs) })
    .execute();
  await workerWith({ eye: blind }).work(never);
  expect((await readDrills(fresh.db, viewId)).newest).toMatchObject({ state: 'running' });
  await fresh.db
    .updateTable('drill')
    .set({ leased_until: new Date(now() - 1) })
    .execute();
  await workerWith({ eye: blind }).work(never);
  expect((await readDrills(fresh.db, viewId)).newest).toMatchObject({ id, state: 'done' });
});

test('what was found under another threshold is not gone on from', { timeout: 120_000 }, async () => {
  const viewId = await yard();
  await askDrills(fresh.db, [viewId], null, now());
  const closing = new AbortController();
  const working = workerWith({ eye: blind }).work(closing.signal);
  await expect.poll(async () => (await readDrills(fresh.db, viewId)).newest!.stepsDone).toBeGreaterThanOrEqual(1);
  closing.abort(new Error('closing'));
  await working;
  // As if another threshold had found a hut.
  const found = [{ light: 'day', kind: 'hut', smallest: 0.1, trials: [] }];
  await fresh.db
    .updateTable('drill')
    .set({ findings: JSON.stringify(found) })
    .where('view_id', '=', viewId)
    .execute();
  await fresh.db
    .updateTable('view')
    .set((eb) => ({ min_score: 0.9, baseline_version: eb('baseline_version', '+', 1) }))
    .where('id', '=', viewId)
    .execute();
  await workerWith({ eye: blind }).work(never);
  const { newest } = await readDrills(fresh.db, viewId);
  expect(newest!.conditions).toMatchObject({ minScore: expect.closeTo(0.9, 5) });
  expect(newest!.findings.map(({ smallest }) => smallest)).toEqual([null, null, null, null, null, null]);
});

test('a drill that fails again and again says why', async () => {
  const viewId = await yard();
  await askDrills(fresh.db, [viewId], null, now());
  const broken: Eye = {
    modelSha256: eye.modelSha256,
    defaultMinScore: eye.defaultMinScore,
    encode: (...given) => eye.encode(...given),
    compare: () => Promise.reject(new Error('no memory')),
    close: () => Promise.resolve(),
  };
  await workerWith({ eye: broken }).work(never);
  expect((await readDrills(fresh.db, viewId)).newest).toMatchObject({ state: 'failed', problem: 'no memory' });
});
