import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Polygon } from '../../../src/base/picture.ts';
import {
  hasOutgrown,
  isBuiltOn,
  persistenceOf,
  samePlace,
  touches,
  type LookBack,
} from '../../../src/candidate/candidate.ts';
import type { StoredRegion } from '../../../src/drivers/postgres/schema.ts';
import { square } from '../../support/places.ts';

const hut = square(0.4, 0.4, 0.1);
const elsewhere = square(0.7, 0.1, 0.1);

function look(capturedAtS: number, ...places: Polygon[]): LookBack {
  const regions = places.map((polygon): StoredRegion => ({
    score: 0.8,
    box: [0, 0, 0, 0],
    polygon,
    areaFraction: 0.01,
  }));
  return { capturedAtMs: capturedAtS * 1000, regions };
}

describe('persistence', () => {
  test('looks far apart are samples by themselves: 4 of 5 over 20 minutes', () => {
    const rule = { found: 4, of: 5, spanS: 1200 };
    const every10Min = (...found: boolean[]): LookBack[] =>
      found.map((yes, index) => look(6000 - index * 600, ...(yes ? [hut] : [])));
    expect(persistenceOf(hut, every10Min(true, true, true, true, false), rule).stays).toBe(true);
    expect(persistenceOf(hut, every10Min(true, false, true, true, true), rule).stays).toBe(true);
    expect(persistenceOf(hut, every10Min(true, true, false, true, false), rule).stays).toBe(false);
    expect(persistenceOf(hut, every10Min(true, true, true), rule).stays).toBe(false);
  });

  test('a look every 10 s does not make a minute into twenty', () => {
    const rule = { found: 4, of: 5, spanS: 1200 };
    const forS = (seconds: number): LookBack[] =>
      Array.from({ length: 200 }, (_, index) => look(10_000 - index * 10, ...(index * 10 <= seconds ? [hut] : [])));
    expect(persistenceOf(hut, forS(60), rule).stays).toBe(false);
    expect(persistenceOf(hut, forS(900), rule).stays).toBe(false);
    const long = persistenceOf(hut, forS(1210), rule);
    expect(long.stays).toBe(true);
    expect(long.occurrences).toBeGreaterThan(100);
  });

  test('a single look is enough only where the rule says so', () => {
    expect(persistenceOf(hut, [look(10, hut)], { found: 1, of: 1, spanS: 0 })).toMatchObject({
      stays: true,
      occurrences: 1,
      firstSeenAtMs: 10_000,
    });
    expect(persistenceOf(hut, [], { found: 1, of: 1, spanS: 0 }).stays).toBe(false);
  });

  test('what moves about is never one place', () => {
    const rule = { found: 3, of: 4, spanS: 30 };
    const moving = Array.from({ length: 20 }, (_, index) =>
      look(1000 - index * 10, square(0.05 * (index % 18), 0.5, 0.04)),
    );
    expect(persistenceOf(square(0, 0.5, 0.04), moving, rule).stays).toBe(false);
  });

  test('more looks that show the place never make it stay less, and changes elsewhere do not matter', () => {
    const rules = fc.integer({ min: 1, max: 8 }).chain((of) =>
      fc.record({
        of: fc.constant(of),
        found: fc.integer({ min: 1, max: of }),
        spanS: fc.integer({ min: 0, max: 600 }),
      }),
    );
    const histories = fc.array(fc.record({ gapS: fc.integer({ min: 1, max: 200 }), found: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(rules, histories, fc.nat(), (rule, history, pick) => {
        let atS = 100_000;
        const looks = [look(atS, hut)];
        for (const { gapS, found } of history) looks.push(look((atS -= gapS), ...(found ? [hut] : [])));
        const before = persistenceOf(hut, looks, rule);
        const more = looks.map((one, index) =>
          index === pick % looks.length ? look(one.capturedAtMs / 1000, hut) : one,
        );
        if (before.stays) expect(persistenceOf(hut, more, rule).stays).toBe(true);
        const noise = looks.map((one) => ({ ...one, regions: [...one.regions, ...look(0, elsewhere).regions] }));
        expect(persistenceOf(hut, noise, rule)).toEqual(before);
      }),
    );
  });

  test('what stays was found often enough and long enough, whatever the history', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ gapS: fc.integer({ min: 1, max: 100 }), found: fc.boolean() }), { maxLength: 80 }),
        (history) => {
          const rule = { found: 3, of: 4, spanS: 120 };
          let atS = 100_000;
          const looks = [look(atS, hut)];
          for (const { gapS, found } of history) looks.push(look((atS -= gapS), ...(found ? [hut] : [])));
          const { stays, occurrences, firstSeenAtMs } = persistenceOf(hut, looks, rule);
          if (!stays) return;
          expect(occurrences).toBeGreaterThanOrEqual(3);
          expect(100_000_000 - firstSeenAtMs).toBeGreaterThanOrEqual(120_000);
        },
      ),
    );
  });
});

describe('places', () => {
  test('the same place is recognised through small shifts and partial views, others are not', () => {
    expect(samePlace(hut, square(0.42, 0.41, 0.1))).toBe(true);
    expect(samePlace(hut, square(0.44, 0.44, 0.03))).toBe(true);
    expect(samePlace(hut, square(0.51, 0.4, 0.1))).toBe(false);
    expect(samePlace(hut, elsewhere)).toBe(false);
  });

  test('is symmetric and holds of itself', () => {
    const squares = fc
      .record({ x: fc.double({ min: 0, max: 0.8, noNaN: true }), y: fc.double({ min: 0, max: 0.8, noNaN: true }) })
      .map(({ x, y }) => square(x, y, 0.12));
    fc.assert(
      fc.property(squares, squares, (a, b) => {
        expect(samePlace(a, a)).toBe(true);
        expect(samePlace(a, b)).toBe(samePlace(b, a));
      }),
      { numRuns: 60 },
    );
  });

  test('a structure built on has outgrown what was decided of it', () => {
    expect(hasOutgrown(square(0.35, 0.35, 0.2), hut)).toBe(true);
    expect(hasOutgrown(square(0.4, 0.4, 0.11), hut)).toBe(false);
    expect(hasOutgrown(square(0.42, 0.42, 0.05), hut)).toBe(false);
  });

  test('pieces beside what was decided make it built on when they are half as much, all together', () => {
    const beside = (y: number) => square(0.51, y, 0.045);
    expect(isBuiltOn([hut, beside(0.4)], hut)).toBe(false);
    expect(isBuiltOn([hut, beside(0.4), beside(0.45), beside(0.5)], hut)).toBe(true);
    expect(isBuiltOn([beside(0.4), square(0.35, 0.35, 0.2)], hut)).toBe(true);
    // Half of what is hardly anything is hardly anything.
    expect(isBuiltOn([square(0.41, 0.36, 0.03)], square(0.4, 0.4, 0.03))).toBe(false);
  });

  test('a watch area counts when a tenth of the region lies in it', () => {
    expect(touches(hut, square(0.45, 0.3, 0.5))).toBe(true);
    expect(touches(hut, square(0.498, 0.3, 0.5))).toBe(false);
  });
});
