import { describe, expect, test } from 'vitest';
import type { Picture } from '../../../src/base/picture.ts';
import type { ComparisonResult, EncodedBaseline } from '../../../src/comparison/comparison.ts';
import { DRILL_KINDS, DRILL_SIZES, LightExercise, lightOf, type DrillSubject } from '../../../src/drill/exercise.ts';
import { mapped, noisy, place } from '../../support/scenery.ts';

const plain = noisy(place(4, 160, 90), 2, 1);
const baseline = (id: number): EncodedBaseline => ({
  id,
  polygon: null,
  lighting: 'day',
  encoding: {
    ...{ widthPx: 512, heightPx: 288, levels: [], movers: [] },
    ...{ posePicture: new Uint8Array(0), thumbnail: new Uint8Array(0) },
  },
});
const rest = (): Promise<void> => Promise.resolve();

/** An eye that sees whatever differs from the plain picture, if that is at least `least` of it. */
function eyeThatSees(least: number): DrillSubject['eye'] & { readonly asked: number[][] } {
  const asked: number[][] = [];
  return {
    asked,
    compare: async ({ frame, baselines }): Promise<ComparisonResult> => {
      asked.push(baselines.map(({ id }) => id));
      return resultOf(frame, least);
    },
  };
}

function resultOf(frame: Picture, least: number): ComparisonResult {
  let [left, top, right, bottom, changed] = [1, 1, 0, 0, 0];
  for (let pixel = 0; pixel < frame.widthPx * frame.heightPx; pixel++) {
    if (Math.abs(frame.rgb[pixel * 3]! - plain.rgb[pixel * 3]!) < 1) continue;
    const [x, y] = [(pixel % frame.widthPx) / frame.widthPx, Math.floor(pixel / frame.widthPx) / frame.heightPx];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    changed++;
  }
  const isSeen = changed / (frame.widthPx * frame.heightPx) >= least;
  const polygon = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ] as const;
  const region = { score: 0.9, box: [left, top, right - left, bottom - top] as const, polygon, areaFraction: 0.1 };
  return {
    ...{ judged: true, regions: isSeen && changed > 0 ? [region] : [], setAside: [], maxScore: 0.9, lighting: 'day' },
    ...{ nearestBaselineId: 1, pose: { dxPx: 0, dyPx: 0, residualPx: 0 } },
    heat: { widthPx: 1, heightPx: 1, values: new Float32Array(1) },
  };
}

function exercise(eye: DrillSubject['eye'], ids: number[] = [1, 2]): LightExercise {
  const subject = { eye, baselines: ids.map(baseline), minScore: 0.5, ignore: [] };
  return new LightExercise('day', [{ baselineId: 1, picture: plain }], subject);
}

describe('the exercise of one light', () => {
  test('finds the size from which the eye sees, and tries nothing below the first it does not', async () => {
    const found = await exercise(eyeThatSees(0.02)).find('wall', new AbortController().signal, rest);
    expect(found).toMatchObject({ light: 'day', kind: 'wall', smallest: 0.025 });
    expect(found!.trials.map(({ areaFraction }) => areaFraction)).toEqual([0.1, 0.05, 0.025, 0.0125]);
    expect(found!.trials.at(-1)).toEqual({ areaFraction: 0.0125, found: 0, of: 3 });
  });

  test('says of an eye that sees nothing that it finds nothing', async () => {
    const found = await exercise(eyeThatSees(1)).find('hut', new AbortController().signal, rest);
    expect(found).toMatchObject({ smallest: null, trials: [{ areaFraction: DRILL_SIZES[0], found: 0, of: 3 }] });
  });

  test('judges a picture against the others, and against itself only where it is alone', async () => {
    const among = eyeThatSees(1);
    await exercise(among).find('hut', new AbortController().signal, rest);
    expect(among.asked.every((ids) => ids.join() === '2')).toBe(true);
    const alone = eyeThatSees(1);
    await exercise(alone, [1]).find('hut', new AbortController().signal, rest);
    expect(alone.asked.every((ids) => ids.join() === '1')).toBe(true);
  });

  test('stops half-way when it is told to', async () => {
    const stop = new AbortController();
    const eye = eyeThatSees(0);
    const found = await exercise(eye).find('hut', stop.signal, async () => stop.abort());
    expect(found).toBeUndefined();
    // One judgement of the plain picture, one of a structure.
    expect(eye.asked).toHaveLength(2);
  });

  test('shows every kind once, apart from the others', async () => {
    const findings = DRILL_KINDS.map((kind) => ({
      ...{ light: 'day' as const, kind, trials: [] },
      smallest: kind === 'stack' ? null : 0.025,
    }));
    const { drawn, picture } = await exercise(eyeThatSees(0)).show(findings);
    expect(drawn.map(({ kind }) => kind)).toEqual(DRILL_KINDS);
    expect(drawn.find(({ kind }) => kind === 'stack')).toMatchObject({ found: false, areaFraction: 0.1 });
    expect(Buffer.from(picture.rgb).equals(plain.rgb)).toBe(false);
    for (const [index, { box: a }] of drawn.entries()) {
      for (const { box: b } of drawn.slice(index + 1)) {
        const apart = a[0] + a[2] <= b[0] || b[0] + b[2] <= a[0] || a[1] + a[3] <= b[1] || b[1] + b[3] <= a[1];
        expect(apart).toBe(true);
      }
    }
  });

  test('tells light by what the picture shows', () => {
    const dimmed = (by: number): Picture => mapped(plain, (value) => value * by);
    expect(lightOf(plain, false)).toBe('day');
    expect(lightOf(dimmed(0.4), false)).toBe('dusk');
    expect(lightOf(dimmed(0.1), false)).toBe('night');
    expect(lightOf(plain, true)).toBe('night');
  });
});
