/**
 * An hour of the simulated estate, ten times as fast as it would pass and without the cameras between: the very pictures
 * they send go through gate, network, persistence and database. What is built is found; whatever else happens is not.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { digestOf } from '../../../src/base/picture.ts';
import { CandidateDesk } from '../../../src/candidate/candidate.ts';
import { Gatekeeper, Judge, openEye, type ComparisonResult, type Eye } from '../../../src/comparison/comparison.ts';
import { openBlobs, type BlobStore } from '../../../src/drivers/blobs/blobs.ts';
import { LookLog } from '../../../src/frame/frame.ts';
import { sceneAt, type SceneState } from '../../../src/simulator/schedule.ts';
import { readDemoEstate, type DemoEstate } from '../../../src/simulator/simulator.ts';
import { ManualClock } from '../../support/clock.ts';
import { addCamera, addEstate, type CameraRow } from '../../support/estate.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { Recordings } from '../../support/recordings.ts';

const MODEL_DIR = path.resolve(import.meta.dirname, '../../../models');
const HOUR_S = 3_600;
/** The demo looks every 3 s; at ten-fold speed, and with the persistence of the demo, one look in a minute of its time. */
const CADENCE_S = 60;
/** While it learns, all lightings pass within a minute. */
const LEARNING_CADENCE_S = 2;
/** A new group of pictures every two seconds, as the cameras send them. */
const GROUP_S = 2;
const RULES = {
  fullComparisonEveryS: 300,
  learning: { spanS: 86_400, pictures: 8 },
  simulatedLearning: { spanS: 60, pictures: 8 },
};

let fresh: FreshDatabase;
let dir: string;
let blobs: BlobStore;
let eye: Eye;
let estate: DemoEstate;
const clock = new ManualClock(Date.UTC(2026, 5, 1));
const recordings = new Recordings();
beforeAll(async () => {
  fresh = await freshDatabase();
  dir = await mkdtemp(path.join(tmpdir(), 'sentinel-hour-'));
  blobs = await openBlobs({ dir, clock });
  eye = remembering(await openEye({ modelDir: MODEL_DIR, threads: 1 }));
  estate = await readDemoEstate('config/estate.demo.yaml');
});
afterAll(async () => {
  await recordings.close();
  await eye.close();
  await fresh.close();
  await rm(dir, { recursive: true, force: true });
});

/** The recordings repeat themselves; the same picture against the same past is judged once. */
function remembering(real: Eye): Eye {
  const known = new Map<string, ComparisonResult>();
  return {
    modelSha256: real.modelSha256,
    defaultMinScore: real.defaultMinScore,
    encode: (picture, options) => real.encode(picture, options),
    close: () => real.close(),
    compare: async (input) => {
      const past = input.baselines.map(({ id }) => id).join();
      const key = [digestOf(input.frame), past, input.minScore, input.ignore.length].join();
      const result = known.get(key) ?? (await real.compare(input));
      known.set(key, result);
      return result;
    },
  };
}

test('finds all that is built and raises nothing else', { timeout: 600_000 }, async () => {
  const { db } = fresh;
  const estateId = await addEstate(db, true);
  const looks = new LookLog(db, systemClock, silentLogger);
  const pending: number[] = [];
  const gatekeeper = new Gatekeeper(RULES, {
    ...{ db, blobs, looks, clock, log: silentLogger },
    onPending: async (viewId) => void pending.push(viewId),
  });
  const desk = new CandidateDesk(
    { persistence: { found: 3, of: 4, spanS: 120 }, watchPersistence: { found: 3, of: 4, spanS: 120 } },
    async () => {},
  );
  const judge = new Judge({
    ...{ db, blobs, eye, clock, log: silentLogger },
    onJudged: async (trx, judgement) => {
      await desk.onJudged(trx, judgement);
    },
  });

  const views = new Map<string, CameraRow>();
  for (const { key, scene } of estate.cameras) {
    const states = new Set<SceneState>(['plain']);
    if (estate.schedule.structures.some(({ camera }) => camera === key)) states.add('structure');
    if (estate.schedule.vans.some(({ camera }) => camera === key)) states.add('van');
    recordings.addScene(scene, states);
    views.set(key, await addCamera(db, estateId, { key, state: 'learning' }));
  }
  const startedAtMs = clock.nowMs();
  await db
    .updateTable('view')
    .set({ learning_since: new Date(startedAtMs) })
    .execute();

  const never = new AbortController().signal;
  for (let demoS = 0; demoS <= HOUR_S; demoS += demoS < 66 ? LEARNING_CADENCE_S : CADENCE_S) {
    await clock.advance(startedAtMs + demoS * 1000 - clock.nowMs());
    const look = async ({ key, scene }: DemoEstate['cameras'][number]): Promise<void> => {
      const seen = sceneAt(estate.schedule, key, demoS);
      const { cameraId, viewId } = views.get(key)!;
      if (!seen.online) return;
      // One clock for all: with each of its seconds every picture would be another, and have to be judged by itself.
      const caption = '2026-06-01 08:00:00';
      const picture = await recordings.picture(scene, seen, Math.floor(demoS / GROUP_S), caption);
      await gatekeeper.look({ cameraId, viewId, capturedAtMs: clock.nowMs(), picture, frozen: false });
    };
    await Promise.all(estate.cameras.map(look));
    for (const waiting of pending.splice(0)) await judge.judge(waiting, never);
  }
  await gatekeeper.close();
  await looks.close();

  const results = await db
    .selectFrom('look')
    .select(['result', (eb) => eb.fn.countAll<number>().as('looks')])
    .groupBy('result')
    .execute();
  const count = (result: string): number => results.find((row) => row.result === result)?.looks ?? 0;
  expect(count('pending')).toBe(0);
  expect(count('unchanged')).toBeGreaterThan(500);

  const items = await db
    .selectFrom('candidate')
    .innerJoin('view', 'view.id', 'candidate.view_id')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .select(['camera.key', 'candidate.raised_at', 'candidate.score'])
    .orderBy('candidate.id')
    .execute();
  const built = new Map(estate.schedule.structures.map(({ camera, fromS }) => [camera, fromS]));
  // One structure, one item.
  expect(items.map(({ key }) => key).toSorted()).toEqual([...built.keys()].toSorted());
  for (const { key, raised_at: raisedAt } of items) {
    // Not before it was there.
    const afterS = (raisedAt.getTime() - startedAtMs) / 1000 - built.get(key)!;
    expect(afterS, key).toBeGreaterThan(0);
  }
});
