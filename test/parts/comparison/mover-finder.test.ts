import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import type { Box, Point } from '../../../src/base/picture.ts';
import { MoverFinder } from '../../../src/comparison/comparison.ts';
import { writeJpeg } from '../../../src/drivers/codec/codec.ts';
import { Recordings } from '../../support/recordings.ts';
import { blank } from '../../support/scenery.ts';

const PICTURES = path.join(import.meta.dirname, 'pictures');
const MODELS = path.resolve(import.meta.dirname, '../../../models');

let finder: MoverFinder;
beforeAll(() => {
  finder = new MoverFinder({ modelDir: MODELS, threads: 2 });
});
afterAll(() => finder.close());

const covers = (areas: readonly Box[], [x, y]: Point): boolean =>
  areas.some(([left, top, width, height]) => x > left && x < left + width && y > top && y < top + height);

describe('what a picture shows of people and vehicles', () => {
  test('is found in a small one: the heads of two who walk there, and nothing on a plain wall', async () => {
    const { areas, left } = await finder.conceal(await readFile(path.join(PICTURES, 'street.jpg')));
    expect(left).toBe(0);
    expect([covers(areas, [0.17, 0.735]), covers(areas, [0.47, 0.525])]).toEqual([true, true]);
    expect(await finder.conceal(await writeJpeg(blank(640, 360, [128, 128, 128])))).toEqual({ areas: [], left: 0 });
  });

  test('is found in a large one: cars wholly, of somebody upright the head, nothing of houses and trees', async () => {
    const recordings = new Recordings();
    recordings.addScene('main-road', ['van']);
    const road = { lighting: 'clear', state: 'van' } as const;
    const picture = await recordings.picture('main-road', road, 0, '2026-06-01 08:00:00', 'main');
    await recordings.close();
    expect(picture.widthPx).toBe(1280);
    const { areas } = await finder.conceal(await writeJpeg(picture));
    // The van's plate and roof, a car's plate, one far away; somebody's head, but not the legs.
    for (const point of [
      [0.747, 0.744],
      [0.7, 0.6],
      [0.655, 0.595],
      [0.397, 0.32],
      [0.289, 0.395],
    ] as const) {
      expect(covers(areas, point), String(point)).toBe(true);
    }
    for (const point of [
      [0.29, 0.45],
      [0.4, 0.15],
      [0.08, 0.3],
      [0.45, 0.75],
      [0.9, 0.4],
    ] as const) {
      expect(covers(areas, point), String(point)).toBe(false);
    }
    for (const [x, y, width, height] of areas) {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1.000001);
    }
  });
});

describe('a search', () => {
  test('says which model is missing, and goes on once it is there', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-models-'));
    const early = new MoverFinder({ modelDir: dir, threads: 1 });
    const street = await readFile(path.join(PICTURES, 'street.jpg'));
    await expect(early.conceal(street)).rejects.toMatchObject({
      code: 'model.unreadable',
      details: { file: path.join(dir, 'detector.onnx') },
    });
    await copyFile(path.join(MODELS, 'detector.onnx'), path.join(dir, 'detector.onnx'));
    expect((await early.conceal(street)).areas.length).toBeGreaterThan(0);
    await early.close();
    await rm(dir, { recursive: true });
  });

  test('of what is no picture fails, and those behind it are made', async () => {
    const plain = await writeJpeg(blank(320, 180, [128, 128, 128]));
    const [wrong, right] = await Promise.allSettled([finder.conceal(Buffer.from('no picture')), finder.conceal(plain)]);
    expect(wrong).toMatchObject({ status: 'rejected', reason: { code: 'picture.unreadable' } });
    expect(right).toMatchObject({ status: 'fulfilled', value: { areas: [], left: 0 } });
  });

  test('is refused where too many wait', async () => {
    const picture = await writeJpeg(blank(320, 180, [128, 128, 128]));
    const waiting = Array.from({ length: LIMITS.concealmentsWaiting }, () => finder.conceal(picture));
    await expect(finder.conceal(picture)).rejects.toMatchObject({ code: 'picture.too_many_searches' });
    expect(await Promise.all(waiting)).toHaveLength(LIMITS.concealmentsWaiting);
    expect(await finder.conceal(picture)).toEqual({ areas: [], left: 0 });
  });
});
