import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Picture, Polygon } from '../../../src/base/picture.ts';
import {
  drawOverlay,
  openEye,
  workingSizeOf,
  type EncodedBaseline,
  type Eye,
} from '../../../src/comparison/comparison.ts';
import { readPicture } from '../../../src/drivers/codec/codec.ts';
import { aligned, resampled } from '../../../src/comparison/resample.ts';
import { blank, mapped, noisy } from '../../support/scenery.ts';

const PICTURES = path.join(import.meta.dirname, 'pictures');
const MODELS = path.resolve(import.meta.dirname, '../../../models');
/** Where the hut of yard-hut.jpg stands, with some room. */
const HUT: Polygon = [
  [0.38, 0.33],
  [0.67, 0.33],
  [0.67, 0.68],
  [0.38, 0.68],
];
const read = (name: string): Promise<Picture> => readPicture(path.join(PICTURES, `${name}.jpg`));

let eye: Eye;
let baselines: EncodedBaseline[];
let hut: Picture;

async function baseline(id: number, picture: Picture, polygon: Polygon | null = null): Promise<EncodedBaseline> {
  return { id, encoding: await eye.encode(picture), polygon, lighting: 'day' };
}

/** Of what is reported, does anything overlap this box by its middle? */
async function reported(frame: Picture, known: readonly EncodedBaseline[], ignore: Polygon[] = []): Promise<boolean> {
  const result = await eye.compare({ frame, baselines: known, ignore });
  if (!result.judged) throw new Error(`not judged: ${result.reason}, ${result.detail}`);
  return result.regions.some(({ box: [x, y, w, h] }) => {
    const [cx, cy] = [x + w / 2, y + h / 2];
    return cx > 0.4 && cx < 0.65 && cy > 0.36 && cy < 0.66;
  });
}

beforeAll(async () => {
  eye = await openEye({ modelDir: MODELS, threads: 1 });
  baselines = await Promise.all([0, 1, 2].map(async (index) => baseline(index + 1, await read(`yard-${index}`))));
  hut = await read('yard-hut');
});
afterAll(() => eye.close());

describe('the eye', () => {
  test('sees a hut that no lawful picture shows, and not where none stands', async () => {
    expect(await reported(hut, baselines)).toBe(true);
    expect(await reported(await read('yard-red-hut'), baselines)).toBe(true);
    expect(await reported(await read('yard-3'), baselines)).toBe(false);
  });

  test('finds nothing in a picture that is itself lawful', async () => {
    const known = [...baselines, await baseline(4, hut)];
    const result = await eye.compare({ frame: noisy(hut, 2, 1), baselines: known, ignore: [] });
    expect(result).toMatchObject({ judged: true, regions: [], nearestBaselineId: 4 });
  });

  test('a place made lawful is lawful there and nowhere else', async () => {
    const onHut = await baseline(4, hut, HUT);
    expect(await reported(hut, [...baselines, onHut])).toBe(false);
    const elsewhere = HUT.map(([x, y]): [number, number] => [x - 0.36, y]);
    expect(await reported(hut, [...baselines, await baseline(4, hut, elsewhere)])).toBe(true);
    // The other hut on the same spot is not the one that was permitted.
    expect(await reported(await read('yard-red-hut'), [...baselines, onHut])).toBe(true);
  });

  test('reports nothing in an ignored area', async () => {
    expect(await reported(hut, baselines, [HUT])).toBe(false);
  });

  test('sees the hut through a shifted camera and reports nothing along the uncovered border', async () => {
    const still = await read('yard-1');
    const shift = { dx: 0.04, dy: -0.03, zoom: 1 };
    expect(await reported(aligned(hut, { dx: -shift.dx, dy: -shift.dy, zoom: 1 }), baselines)).toBe(true);
    const moved = aligned(still, { dx: -shift.dx, dy: -shift.dy, zoom: 1 });
    const result = await eye.compare({ frame: moved, baselines, ignore: [] });
    expect(result).toMatchObject({ judged: true, regions: [] });
    if (!result.judged) return;
    expect(result.pose.dxPx / still.widthPx).toBeCloseTo(shift.dx, 2);
    expect(result.pose.dyPx / still.heightPx).toBeCloseTo(shift.dy, 2);
  });

  test('says why it does not judge', async () => {
    const compare = async (frame: Picture, known = baselines) => eye.compare({ frame, baselines: known, ignore: [] });
    expect(await compare(hut, [])).toMatchObject({ judged: false, reason: 'no_baseline' });
    expect(await compare(hut, [await baseline(9, hut, HUT)])).toMatchObject({ judged: false, reason: 'no_baseline' });
    expect(await compare(await read('street'))).toMatchObject({ judged: false, reason: 'pose' });
    expect(await compare(mapped(hut, (value) => value * 0.03))).toMatchObject({ judged: false, reason: 'dark' });
    expect(await compare(blank(480, 270, [58, 50, 45]))).toMatchObject({ judged: false, reason: 'blocked' });
    const half = mapped(hut, (value, index) => ((index / 3) % 480 < 400 ? 52 : value));
    expect(await compare(half)).toMatchObject({ judged: false, reason: 'blocked' });
  });

  test('a score asked for leaves out what scores lower, and nothing scores above the highest', async () => {
    const at = async (minScore: number) => eye.compare({ frame: hut, baselines, ignore: [], minScore });
    const [low, high, none] = [await at(0.05), await at(0.6), await at(1)];
    if (!low.judged || !high.judged || !none.judged) throw new Error('not judged');
    expect(none.regions).toEqual([]);
    expect(high.regions).toEqual(low.regions.filter(({ score }) => score >= 0.6));
    expect(low.maxScore).toBeCloseTo(low.regions[0]!.score, 4);
    expect(none.maxScore).toBe(low.maxScore);
    expect(low.heat.values.length).toBe(low.heat.widthPx * low.heat.heightPx);
  });

  test('works on other shapes than 16:9, the same for the same picture', async () => {
    for (const [width, height] of [
      [640, 480],
      [300, 400],
      [960, 200],
    ] as const) {
      const known = await Promise.all(
        [0, 1, 2].map(async (index) => baseline(index, resampled(await read(`yard-${index}`), width, height))),
      );
      const frame = resampled(hut, width, height);
      const [first, second] = [
        await eye.compare({ frame, baselines: known, ignore: [] }),
        await eye.compare({ frame, baselines: known, ignore: [] }),
      ];
      expect(first).toMatchObject({ judged: true });
      expect(second).toEqual(first);
      expect(await reported(frame, known)).toBe(true);
    }
  });

  test('keeps about half a megabyte of a lawful picture', () => {
    const { levels, posePicture, thumbnail } = baselines[0]!.encoding;
    const bytes = levels.reduce((sum, level) => sum + level.values.byteLength + level.steps.byteLength, 0);
    expect(8 * (bytes + posePicture.byteLength + thumbnail.byteLength)).toBeLessThan(4_000_000);
  });
});

describe('the model', () => {
  test('that is missing is an error that names the file', async () => {
    await expect(openEye({ modelDir: PICTURES, threads: 1 })).rejects.toMatchObject({
      code: 'model.unreadable',
      message: expect.stringContaining('eye.json'),
    });
  });

  test('works at multiples of 32 of about the working area', () => {
    expect(workingSizeOf(640, 360)).toEqual({ widthPx: 512, heightPx: 288 });
    expect(workingSizeOf(1920, 1080)).toEqual({ widthPx: 512, heightPx: 288 });
    expect(workingSizeOf(640, 480)).toEqual({ widthPx: 448, heightPx: 320 });
    expect(workingSizeOf(10_000, 100)).toEqual({ widthPx: 1024, heightPx: 128 });
  });
});

test('an overlay outlines the region and leaves the rest as it was', () => {
  const picture = blank(200, 100, [90, 90, 90]);
  const box: Polygon = [
    [0.25, 0.2],
    [0.75, 0.2],
    [0.75, 0.8],
    [0.25, 0.8],
  ];
  const drawn = drawOverlay(picture, [{ polygon: box }]);
  const at = (x: number, y: number): number[] => [...drawn.rgb.subarray((y * 200 + x) * 3, (y * 200 + x) * 3 + 3)];
  expect(at(50, 50)[0]).toBeGreaterThan(200);
  expect(at(100, 50)[0]).toBeGreaterThan(90);
  expect(at(100, 50)[1]).toBeLessThan(90);
  expect(at(10, 10)).toEqual([90, 90, 90]);
  expect(picture.rgb.every((value) => value === 90)).toBe(true);
});
