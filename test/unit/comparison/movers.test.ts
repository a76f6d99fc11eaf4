import { describe, expect, test } from 'vitest';
import type { Polygon } from '../../../src/base/picture.ts';
import { moversOf, moversSeen, withoutMovers } from '../../../src/comparison/movers.ts';
import type { StoredRegion } from '../../../src/drivers/postgres/schema.ts';

const [WIDTH, HEIGHT] = [16, 9];

function detections(found: readonly { cell: number; score: number; reach: readonly number[] }[]) {
  const scores = new Float32Array(WIDTH * HEIGHT);
  const reaches = new Float32Array(WIDTH * HEIGHT * 4);
  for (const { cell, score, reach } of found) {
    scores[cell] = score;
    reaches.set(reach, cell * 4);
  }
  return { width: WIDTH, height: HEIGHT, scores, reaches };
}

function region(x: number, y: number, width: number, height: number): StoredRegion {
  const polygon: Polygon = [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
  return { score: 0.9, box: [x, y, width, height], polygon, areaFraction: width * height };
}

describe('movers', () => {
  test('reach from their cell, a little wider than said, and not beyond the picture', () => {
    const cell = 4 * WIDTH + 8;
    const [box] = moversOf(detections([{ cell, score: 0.8, reach: [0.1, 0.2, 0.1, 0.2] }]), 'day');
    expect(box![0]).toBeCloseTo(0.5 - 0.1 - 0.01, 5);
    expect(box![1]).toBeCloseTo(4 / 9 - 0.2 - 0.02, 5);
    expect(box![2]).toBeCloseTo(0.22, 5);
    expect(box![3]).toBeCloseTo(0.44, 5);
    const [whole] = moversOf(detections([{ cell, score: 0.8, reach: [2, 2, 2, 2] }]), 'day');
    expect(whole).toEqual([0, 0, 1, 1]);
  });

  test('that are hardly seen are none', () => {
    expect(moversOf(detections([{ cell: 5, score: 0.02, reach: [0.1, 0.1, 0.1, 0.1] }]), 'day')).toEqual([]);
  });

  test('that are seen but not for sure explain nothing, and are hidden all the same', () => {
    const doubtful = detections([{ cell: 5, score: 0.2, reach: [0.1, 0.1, 0.1, 0.1] }]);
    expect(moversOf(doubtful, 'day')).toEqual([]);
    expect(moversSeen(doubtful)).toHaveLength(1);
  });

  test('are doubtful to the detector in infrared, and explain all the same', () => {
    const doubtful = detections([{ cell: 5, score: 0.2, reach: [0.1, 0.1, 0.1, 0.1] }]);
    expect(moversOf(doubtful, 'infrared')).toHaveLength(1);
    expect(moversOf(doubtful, 'low_light')).toEqual([]);
  });

  test('explain what they cover, and nothing beside or far larger than themselves', () => {
    const person = region(0.4, 0.4, 0.1, 0.3);
    const beside = region(0.7, 0.4, 0.1, 0.3);
    const behind = region(0.2, 0.2, 0.6, 0.6);
    const { left, setAside } = withoutMovers([person, beside, behind], [[0.39, 0.38, 0.12, 0.34]]);
    expect(setAside).toEqual([person]);
    expect(left).toEqual([beside, behind]);
  });

  test('together explain a group of them', () => {
    const group = region(0.4, 0.4, 0.2, 0.3);
    const one = [0.39, 0.38, 0.06, 0.34] as const;
    const two = [0.5, 0.38, 0.11, 0.34] as const;
    expect(withoutMovers([group], [one]).left).toEqual([group]);
    expect(withoutMovers([group], [one, two]).setAside).toEqual([group]);
  });

  test('none leave everything', () => {
    const regions = [region(0, 0, 0.2, 0.2)];
    expect(withoutMovers(regions, [])).toEqual({ left: regions, setAside: [] });
  });
});
