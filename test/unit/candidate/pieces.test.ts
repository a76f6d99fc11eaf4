/** When two regions are pieces of one structure, and how wide the whole of them is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Polygon } from '../../../src/base/picture.ts';
import { areNear, chainOf, hullOf } from '../../../src/candidate/candidate.ts';
import { square } from '../../support/places.ts';

const point = fc.tuple(fc.nat(64), fc.nat(36)).map(([x, y]): [number, number] => [x / 64, y / 36]);
const polygon = fc.uniqueArray(point, { minLength: 3, maxLength: 20, selector: String });

const turns = (hull: Polygon): number[] =>
  hull.map(([bx, by], at) => {
    const [ax, ay] = hull.at(at - 1)!;
    const [cx, cy] = hull[(at + 1) % hull.length]!;
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  });

test('a hull is convex, is made of corners of its pieces, and holds every one of them', () => {
  fc.assert(
    fc.property(polygon, polygon, (a, b) => {
      const hull = hullOf(a, b);
      const corners = new Set([...a, ...b].map(String));
      expect(hull.every((corner) => corners.has(String(corner)))).toBe(true);
      if (hull.length < 3) return;
      expect(turns(hull).every((turn) => turn > 0)).toBe(true);
      for (const [x, y] of [...a, ...b]) {
        for (const [at, [bx, by]] of hull.entries()) {
          const [ax, ay] = hull.at(at - 1)!;
          expect((bx - ax) * (y - ay) - (by - ay) * (x - ax)).toBeGreaterThanOrEqual(-1e-12);
        }
      }
    }),
  );
});

test('near is a quarter of the larger one’s extent, and a twentieth of the picture at most, either way round', () => {
  const hut = square(0.3, 0.3, 0.1);
  for (const [gap, near] of [
    [0.02, true],
    [0.03, false],
  ] as const) {
    const piece = square(0.4 + gap, 0.3, 0.05);
    expect([areNear(hut, piece), areNear(piece, hut)]).toEqual([near, near]);
  }
  const hall = square(0, 0, 0.5);
  expect(areNear(hall, square(0.54, 0.1, 0.05))).toBe(true);
  expect(areNear(hall, square(0.56, 0.1, 0.05))).toBe(false);
});

test('a small piece over or under a larger one may be half of its height apart, a tenth of the picture at most', () => {
  const hut = square(0.3, 0.3, 0.14);
  const foot = (gap: number, size = 0.06, x = 0.3): Polygon => square(x, 0.3 + 0.14 + gap, size);
  for (const [piece, near] of [
    [foot(0.065), true],
    [foot(0.075), false],
    // As large as the one above it: a balcony of the next storey.
    [foot(0.065, 0.14), false],
    // Beside it rather than under it.
    [foot(0.065, 0.06, 0.42), false],
  ] as const) {
    expect([areNear(hut, piece), areNear(piece, hut)]).toEqual([near, near]);
  }
  const hall = square(0.2, 0.1, 0.5);
  expect(areNear(hall, square(0.3, 0.69, 0.05))).toBe(true);
  expect(areNear(hall, square(0.3, 0.71, 0.05))).toBe(false);
});

test('regions hang together piece by piece', () => {
  const at = (x: number) => ({ polygon: square(x, 0.3, 0.1) });
  const [one, two, three, apart] = [at(0.1), at(0.22), at(0.34), at(0.6)];
  expect(chainOf(one, [three, apart, two, one])).toEqual([one, two, three]);
  expect(chainOf(one, [three, apart])).toEqual([one]);
  expect(chainOf(apart, [])).toEqual([apart]);
});
