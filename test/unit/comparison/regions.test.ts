import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { regionsOf, SMALLEST_REGION, type Heat } from '../../../src/comparison/regions.ts';
import { cellsIn, outlineOf } from '../../../src/comparison/outline.ts';

const WIDTH = 64;
const HEIGHT = 36;

function heatOf(paint: (x: number, y: number) => number): Heat {
  const values = new Float32Array(WIDTH * HEIGHT);
  values.forEach((_, cell) => (values[cell] = paint(cell % WIDTH, Math.floor(cell / WIDTH))));
  return { widthPx: WIDTH, heightPx: HEIGHT, values };
}

const inBox = (x: number, y: number, [left, top, right, bottom]: readonly number[]): boolean =>
  x >= left! && x < right! && y >= top! && y < bottom!;

const someHeat = fc
  .array(
    fc.record({
      x: fc.nat(WIDTH),
      y: fc.nat(HEIGHT),
      reach: fc.integer({ min: 1, max: 9 }),
      level: fc.double({ min: 0.05, max: 1, noNaN: true }),
    }),
    { maxLength: 6 },
  )
  .map((bumps) =>
    heatOf((x, y) =>
      Math.max(0, ...bumps.map((b) => b.level * Math.max(0, 1 - Math.hypot(x - b.x, y - b.y) / b.reach))),
    ),
  );

/** The plain definition: cut the map at a level, keep the connected areas that are large enough. */
function areasAbove(heat: Heat, level: number): number {
  const seen = new Uint8Array(heat.values.length);
  let found = 0;
  heat.values.forEach((value, start) => {
    if (seen[start] || value < level) return;
    const queue = [start];
    seen[start] = 1;
    for (const cell of queue) {
      for (const next of [
        cell % WIDTH > 0 ? cell - 1 : -1,
        cell % WIDTH < WIDTH - 1 ? cell + 1 : -1,
        cell - WIDTH,
        cell + WIDTH,
      ]) {
        if (next < 0 || next >= seen.length || seen[next] || heat.values[next]! < level) continue;
        seen[next] = 1;
        queue.push(next);
      }
    }
    if (queue.length >= SMALLEST_REGION * WIDTH * HEIGHT) found++;
  });
  return found;
}

describe('regions', () => {
  test('one box gives one region with its place, area and score', () => {
    const [region, ...more] = regionsOf(
      heatOf((x, y) => (inBox(x, y, [16, 9, 32, 18]) ? 0.8 : 0.05)),
      0.5,
    );
    expect(more).toEqual([]);
    expect(region!.box).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(region!.score).toBeCloseTo(0.8, 4);
    expect(region!.areaFraction).toBeCloseTo(1 / 16, 5);
    expect(region!.polygon).toHaveLength(4);
  });

  test('a score is the level at which the area is still large enough', () => {
    fc.assert(
      fc.property(someHeat, (heat) => {
        const highest = regionsOf(heat, 0)[0]?.score ?? 0;
        if (highest > 0) expect(areasAbove(heat, highest - 2e-5)).toBeGreaterThan(0);
        expect(areasAbove(heat, highest + 2e-5)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('asking for a higher score leaves out the lower regions and changes none of the others', () => {
    fc.assert(
      fc.property(someHeat, fc.double({ min: 0.02, max: 0.98, noNaN: true }), (heat, score) => {
        const all = regionsOf(heat, 0);
        expect(regionsOf(heat, score)).toEqual(
          all.filter((region) => region.score >= score - 1e-5 && region.score >= Math.fround(score)),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('regions do not overlap, are sorted, lie within the picture and are large enough', () => {
    fc.assert(
      fc.property(someHeat, (heat) => {
        const regions = regionsOf(heat, 0.02);
        let area = 0;
        regions.forEach(({ score, box: [x, y, w, h], polygon, areaFraction }, index) => {
          expect(score).toBeGreaterThan(0);
          expect(score).toBeLessThanOrEqual(1);
          if (index > 0) expect(score).toBeLessThanOrEqual(regions[index - 1]!.score);
          expect(x >= 0 && y >= 0 && x + w <= 1 + 1e-5 && y + h <= 1 + 1e-5).toBe(true);
          expect(polygon.length).toBeGreaterThanOrEqual(3);
          expect(polygon.length).toBeLessThanOrEqual(64);
          for (const [px, py] of polygon) expect(px >= 0 && px <= 1 && py >= 0 && py <= 1).toBe(true);
          expect(areaFraction).toBeGreaterThanOrEqual(SMALLEST_REGION);
          area += areaFraction;
        });
        expect(area).toBeLessThanOrEqual(1 + 1e-6);
      }),
      { numRuns: 60 },
    );
  });

  test('specks are no regions, and two boxes apart are two', () => {
    expect(
      regionsOf(
        heatOf((x, y) => (x === 5 && y % 4 === 0 ? 1 : 0)),
        0.1,
      ),
    ).toEqual([]);
    const two = heatOf((x, y) => (inBox(x, y, [4, 4, 12, 12]) ? 0.9 : inBox(x, y, [40, 20, 50, 30]) ? 0.6 : 0.1));
    expect(regionsOf(two, 0.5).map(({ score }) => Math.round(score * 10) / 10)).toEqual([0.9, 0.6]);
    expect(regionsOf(two, 0.7)).toHaveLength(1);
  });
});

describe('outlines', () => {
  test('the outline of a box covers the box again', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.nat(20),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 12 }),
        (x, y, w, h) => {
          const box = [x, y, x + w, y + h];
          const cells: number[] = [];
          for (let cell = 0; cell < WIDTH * HEIGHT; cell++)
            if (inBox(cell % WIDTH, Math.floor(cell / WIDTH), box)) cells.push(cell);
          const polygon = outlineOf(Uint32Array.from(cells), WIDTH, HEIGHT, 64);
          const back = cellsIn([polygon], WIDTH, HEIGHT);
          expect([...back.keys()].filter((cell) => back[cell])).toEqual(cells);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a ragged area is simplified to the points allowed and stays nearly the same', () => {
    const cells: number[] = [];
    for (let cell = 0; cell < WIDTH * HEIGHT; cell++) {
      const [x, y] = [cell % WIDTH, Math.floor(cell / WIDTH)];
      if (Math.hypot(x - 32, (y - 18) * 1.4) < 14 + 3 * Math.sin(Math.atan2(y - 18, x - 32) * 17)) cells.push(cell);
    }
    const polygon = outlineOf(Uint32Array.from(cells), WIDTH, HEIGHT, 24);
    expect(polygon.length).toBeLessThanOrEqual(24);
    const back = cellsIn([polygon], WIDTH, HEIGHT);
    const inside = new Set(cells);
    const shared = cells.filter((cell) => back[cell]).length;
    const either = inside.size + [...back.keys()].filter((cell) => back[cell] && !inside.has(cell)).length;
    expect(shared / either).toBeGreaterThan(0.7);
  });

  test('cells of a polygon are those whose middle it covers', () => {
    const half = cellsIn(
      [
        [
          [0, 0],
          [0.5, 0],
          [0.5, 1],
          [0, 1],
        ],
      ],
      WIDTH,
      HEIGHT,
    );
    half.forEach((inside, cell) => expect(inside).toBe(cell % WIDTH < WIDTH / 2 ? 1 : 0));
    expect(cellsIn([], WIDTH, HEIGHT).every((inside) => inside === 0)).toBe(true);
  });
});
