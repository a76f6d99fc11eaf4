import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { SentinelError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { Picture } from '../../../src/base/picture.ts';
import {
  Gatekeeper,
  Judge,
  openEye,
  thumbnailOf,
  type Eye,
  type GateRules,
} from '../../../src/comparison/comparison.ts';
import { openBlobs, type BlobStore } from '../../../src/drivers/blobs/blobs.ts';
import { readPicture, writeJpeg } from '../../../src/drivers/codec/codec.ts';
import { LookLog } from '../../../src/frame/frame.ts';
import { ManualClock } from '../../support/clock.ts';
import { paint, syntheticPicture } from '../../support/coded.ts';
import { addCamera, addEstate } from '../../support/estate.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

const MODEL_DIR = path.resolve(import.meta.dirname, '../../../models');
const RULES: GateRules = {
  fullComparisonEveryS: 300,
  learning: { spanS: 6, pictures: 2 },
  simulatedLearning: { spanS: 6, pictures: 2 },
};

let fresh: FreshDatabase;
let dir: string;
let blobs: BlobStore;
let eye: Eye;
let estateId: number;
let simulatedId: number;
beforeAll(async () => {
  fresh = await freshDatabase();
  dir = await mkdtemp(path.join(tmpdir(), 'sentinel-judging-'));
  blobs = await openBlobs({ dir, clock: systemClock });
  eye = await openEye({ modelDir: MODEL_DIR, threads: 1 });
  estateId = await addEstate(fresh.db);
  simulatedId = await addEstate(fresh.db, true);
});
afterAll(async () => {
  await eye.close();
  await fresh.close();
  await rm(dir, { recursive: true, force: true });
});

/** A scene with sensor noise of its own each time. */
function scene(noiseSeed: number, change?: (picture: Picture) => void): Picture {
  const picture = syntheticPicture(640, 360, 5);
  change?.(picture);
  let state = noiseSeed * 2_654_435_761;
  for (let at = 0; at < picture.rgb.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    picture.rgb[at] = Math.max(0, Math.min(255, (picture.rgb[at] ?? 0) + ((state >>> 24) % 7) - 3));
  }
  return picture;
}

function gateFor(viewId: number, cameraId: number, store: Pick<BlobStore, 'put'> = blobs) {
  const pending: number[] = [];
  const looks = new LookLog(fresh.db, systemClock, silentLogger);
  const gatekeeper = new Gatekeeper(RULES, {
    ...{ db: fresh.db, blobs: store, looks, clock: systemClock, log: silentLogger },
    onPending: async (id) => void pending.push(id),
  });
  let atMs = Date.now();
  const see = async (picture: Picture, options: { frozen?: boolean; afterS?: number } = {}) => {
    atMs += (options.afterS ?? 2) * 1000;
    // Whatever is done with a picture after it was given back shows.
    const own = { ...picture, rgb: Uint8Array.from(picture.rgb) };
    const [frozen, release] = [options.frozen ?? false, () => void own.rgb.fill(0)];
    await gatekeeper.look({ cameraId, viewId, capturedAtMs: atMs, picture: own, frozen, release });
    expect(own.rgb.some((byte) => byte !== 0)).toBe(false);
    return lastLook(viewId);
  };
  const close = async (): Promise<void> => {
    await gatekeeper.close();
    await looks.close();
  };
  return { see, pending, close };
}

const lastLook = (viewId: number) =>
  fresh.db.selectFrom('look').selectAll().where('view_id', '=', viewId).orderBy('id', 'desc').executeTakeFirst();
const viewRow = (viewId: number) =>
  fresh.db.selectFrom('view').selectAll().where('id', '=', viewId).executeTakeFirstOrThrow();
const raiseVersion = (viewId: number) =>
  fresh.db
    .updateTable('view')
    .set((eb) => ({ state: 'watching', baseline_version: eb('baseline_version', '+', 1) }))
    .where('id', '=', viewId)
    .execute();

async function acceptBaseline(viewId: number, picture: Picture): Promise<void> {
  const sha256 = await blobs.put(await writeJpeg(picture));
  await fresh.db
    .insertInto('baseline')
    .values({
      ...{ view_id: viewId, picture_sha256: sha256, lighting: 'day', captured_at: new Date() },
      thumbnail: Buffer.from(thumbnailOf(picture)),
      ...{ state: 'accepted', origin: 'learning' },
    })
    .execute();
  await raiseVersion(viewId);
}

describe('the gate', () => {
  test('learns, offers its pictures to a person, and judges nothing until they are accepted', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'learn', state: 'learning' });
    const { see, close } = gateFor(viewId, cameraId);
    for (let seed = 1; seed <= 6; seed++) await see(scene(seed));
    expect(await viewRow(viewId)).toMatchObject({ state: 'proposed', not_judged_reason: expect.any(String) });
    const offered = await fresh.db.selectFrom('baseline').selectAll().where('view_id', '=', viewId).execute();
    expect(offered.map(({ state }) => state)).toEqual(['proposed', 'proposed']);
    expect((await readPicture(await blobs.get(offered[0]!.picture_sha256))).widthPx).toBe(640);
    expect(await see(scene(9))).toMatchObject({ result: 'not_judged' });
    await close();
  });

  test('accepts by itself only in a simulated estate', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, simulatedId, { key: 'sim', state: 'learning' });
    const { see, close } = gateFor(viewId, cameraId);
    for (let seed = 1; seed <= 6; seed++) await see(scene(seed));
    expect(await viewRow(viewId)).toMatchObject({ state: 'watching' });
    await close();
  });

  test('ends a look that shows nothing new, but asks the network every few minutes all the same', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'quiet' });
    await acceptBaseline(viewId, scene(1));
    const { see, pending, close } = gateFor(viewId, cameraId);
    expect(await see(scene(2))).toMatchObject({ result: 'pending' });
    for (let seed = 3; seed < 6; seed++)
      expect(await see(scene(seed))).toMatchObject({ result: 'unchanged', stage: 'gate' });
    expect(await see(scene(7), { afterS: 300 })).toMatchObject({ result: 'pending' });
    expect(pending).toEqual([viewId, viewId]);
    await close();
  });

  test('says of a look whose picture has no room that it was not judged, and goes on when there is room', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'full' });
    await acceptBaseline(viewId, scene(1));
    let isFull = true;
    const put = async (bytes: Uint8Array): Promise<string> => {
      if (isFull) throw new SentinelError('blob.pictures_stopped', { freeMib: 1, limitMib: 2 });
      return blobs.put(bytes);
    };
    const { see, pending, close } = gateFor(viewId, cameraId, { put });
    expect(await see(scene(2))).toMatchObject({ result: 'not_judged', reason: 'no_room', picture_sha256: null });
    expect(await viewRow(viewId)).toMatchObject({ not_judged_reason: 'no_room' });
    expect(pending).toEqual([]);
    isFull = false;
    expect(await see(scene(3))).toMatchObject({ result: 'pending' });
    await close();
  });

  test('says of a dark, a blocked and a frozen look that it cannot be judged, and why', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'blind' });
    await acceptBaseline(viewId, scene(1));
    const { see, close } = gateFor(viewId, cameraId);
    const flat = (value: number): Picture => ({
      widthPx: 640,
      heightPx: 360,
      rgb: new Uint8Array(640 * 360 * 3).fill(value),
    });
    expect(await see(flat(2))).toMatchObject({ result: 'not_judged', reason: 'dark' });
    expect(await viewRow(viewId)).toMatchObject({ not_judged_reason: 'dark' });
    expect(await see(flat(128))).toMatchObject({ result: 'not_judged' });
    expect(await see(scene(2), { frozen: true })).toMatchObject({ result: 'not_judged', reason: 'frozen' });
    await close();
  });

  test('burns privacy masks in before anything is stored', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'private' });
    const right = [
      [0.5, 0],
      [1, 0],
      [1, 1],
      [0.5, 1],
    ];
    await fresh.db
      .insertInto('mask')
      .values({ view_id: viewId, kind: 'privacy', polygon: JSON.stringify(right) })
      .execute();
    await acceptBaseline(viewId, scene(1));
    const { see, close } = gateFor(viewId, cameraId);
    const look = await see(scene(2));
    const stored = await readPicture(await blobs.get(look!.picture_sha256 as string));
    let brightest = 0;
    for (let y = 4; y < 356; y++) {
      for (let x = 330; x < 636; x++) brightest = Math.max(brightest, stored.rgb[(y * 640 + x) * 3] ?? 0);
    }
    expect(brightest).toBeLessThan(16);
    await close();
  });
});

describe('the judge', () => {
  async function judged(viewId: number) {
    const told: { regions: number; lookId: number }[] = [];
    const judge = new Judge({
      ...{ db: fresh.db, blobs, eye, clock: systemClock, log: silentLogger },
      onJudged: async (_trx, { regions, lookId }) => void told.push({ regions: regions.length, lookId }),
    });
    await judge.judge(viewId, new AbortController().signal);
    return { told, judge };
  }
  const wall = (picture: Picture): void => paint(picture, 240, 120, 150, 120, [190, 60, 50]);

  test('finds what was built, and says unchanged where nothing was', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'built' });
    await acceptBaseline(viewId, scene(1));
    const { see, close } = gateFor(viewId, cameraId);
    await see(scene(2));
    expect((await judged(viewId)).told).toMatchObject([{ regions: 0 }]);
    expect(await lastLook(viewId)).toMatchObject({
      result: 'unchanged',
      stage: 'network',
      model_sha256: eye.modelSha256,
    });
    await see(scene(3, wall));
    const { told } = await judged(viewId);
    expect(told[0]?.regions).toBeGreaterThan(0);
    const look = await lastLook(viewId);
    expect(look).toMatchObject({ result: 'changed' });
    const [x, y, width, height] = look!.regions![0]!.box;
    expect([x < 0.5, x + width > 0.45, y < 0.5, y + height > 0.45]).toEqual([true, true, true, true]);
    expect(await viewRow(viewId)).toMatchObject({ not_judged_reason: null });
    await close();
  });

  test('takes the newest look, lets older ones give way, and a job twice changes nothing', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'newest' });
    await acceptBaseline(viewId, scene(1));
    const { see, close } = gateFor(viewId, cameraId);
    for (let seed = 2; seed < 6; seed++) await see(scene(seed, wall));
    const { told, judge } = await judged(viewId);
    expect(told).toHaveLength(1);
    await Promise.all([judge.judge(viewId, AbortSignal.timeout(5000)), judge.judge(viewId, AbortSignal.timeout(5000))]);
    expect(told).toHaveLength(1);
    const results = await fresh.db
      .selectFrom('look')
      .select('result')
      .where('view_id', '=', viewId)
      .orderBy('id')
      .execute();
    expect(results.map(({ result }) => result)).toEqual(['superseded', 'superseded', 'superseded', 'changed']);
    await close();
  });

  test('two workers on one view at once record its look once', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'twice' });
    await acceptBaseline(viewId, scene(1));
    const { see, close } = gateFor(viewId, cameraId);
    await see(scene(2, wall));
    const both = await Promise.all([judged(viewId), judged(viewId)]);
    expect(both.flatMap(({ told }) => told)).toHaveLength(1);
    await close();
  });

  test('a look whose picture is gone, or a view without a lawful picture, is not judged for that reason', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'gone' });
    await acceptBaseline(viewId, scene(1));
    const { see, close } = gateFor(viewId, cameraId);
    const look = await see(scene(2, wall));
    // A store whose clock is a day ahead finds the picture old enough to be deleted.
    const tomorrow = await openBlobs({ dir, clock: new ManualClock(Date.now() + 86_400_000) });
    expect(await tomorrow.delete(look!.picture_sha256 as string)).toBe(true);
    await judged(viewId);
    expect(await lastLook(viewId)).toMatchObject({ result: 'not_judged', reason: 'unreadable' });
    await see(scene(3, wall));
    await fresh.db.updateTable('baseline').set({ state: 'removed' }).where('view_id', '=', viewId).execute();
    await raiseVersion(viewId);
    await judged(viewId);
    expect(await lastLook(viewId)).toMatchObject({ result: 'not_judged', reason: 'no_baseline' });
    expect(await viewRow(viewId)).toMatchObject({ not_judged_reason: 'no_baseline' });
    await close();
  });
});

describe('a view’s own threshold', () => {
  const judgeOf = (used: Eye = eye): Judge =>
    new Judge({
      ...{ db: fresh.db, blobs, eye: used, clock: systemClock, log: silentLogger },
      onJudged: async () => {},
    });
  const wall = (picture: Picture): void => paint(picture, 240, 120, 150, 120, [190, 60, 50]);

  test('is reckoned from its lawful pictures, and anew when they change', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'own' });
    for (let seed = 1; seed <= 4; seed++) await acceptBaseline(viewId, scene(seed));
    const { see, close } = gateFor(viewId, cameraId);
    const judge = judgeOf();
    await see(scene(9));
    await judge.judge(viewId, new AbortController().signal);
    const quiet = await viewRow(viewId);
    expect(quiet.calibration).toMatchObject({ modelScore: eye.defaultMinScore, looks: 0 });
    expect(quiet.calibration!.pictures).toHaveLength(4);
    expect(quiet.calibrated_score).toBeLessThan(eye.defaultMinScore);
    expect((await judge.subjectOf(viewId))!.minScore).toBeCloseTo(quiet.calibrated_score!, 5);

    // A person finds two lawful that differ: from here on the view must not cry for as little.
    await acceptBaseline(viewId, scene(5, wall));
    await acceptBaseline(
      viewId,
      scene(6, (picture) => paint(picture, 40, 200, 150, 120, [60, 160, 60])),
    );
    await see(scene(10), { afterS: 300 });
    await judge.judge(viewId, new AbortController().signal);
    const restless = await viewRow(viewId);
    expect(restless.calibration!.pictures).toHaveLength(6);
    expect(restless.calibrated_score!).toBeGreaterThan(quiet.calibrated_score!);
    await close();
  });

  test('is not raised by what grows slowly: looks may only lower it', async () => {
    const { cameraId, viewId } = await addCamera(fresh.db, estateId, { key: 'slow' });
    for (let seed = 1; seed <= 4; seed++) await acceptBaseline(viewId, scene(seed));
    const { see, close } = gateFor(viewId, cameraId);
    await see(scene(9));
    await judgeOf().judge(viewId, new AbortController().signal);
    const before = (await viewRow(viewId)).calibrated_score!;
    const unchanged = (score: number, count: number) =>
      fresh.db
        .insertInto('look')
        .values(
          Array.from({ length: count }, () => ({
            ...{ view_id: viewId, captured_at: new Date(), result: 'unchanged' as const, stage: 'network' as const },
            ...{ max_score: score, model_sha256: eye.modelSha256 },
          })),
        )
        .execute();
    const again = async (): Promise<number> => {
      // Another process: it has not asked within the hour.
      await see(scene(11), { afterS: 300 });
      await judgeOf().judge(viewId, new AbortController().signal);
      return (await viewRow(viewId)).calibrated_score!;
    };
    await unchanged(0.01, 200);
    const lowered = await again();
    expect(lowered).toBeLessThan(before);
    await unchanged(before - 0.01, 2000);
    expect(await again()).toBeLessThanOrEqual(lowered);
    await close();
  });
});
