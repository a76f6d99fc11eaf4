import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coverageOf, daysOf, type SeenLook } from '../../../src/patrol/coverage.ts';

const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 6, 6);
const look = (hours: number, reason: string | null = null): SeenLook => ({ atMs: T0 + hours * HOUR, reason });
const period = { fromMs: T0, toMs: T0 + 24 * HOUR };

test('looks against plan, gaps with and without the time in which the route did not go', () => {
  const active = [
    { fromMs: T0 + 8 * HOUR, toMs: T0 + 12 * HOUR },
    { fromMs: T0 + 14 * HOUR, toMs: T0 + 18 * HOUR },
  ];
  const looks = [
    look(8.5),
    look(9),
    look(9.5, 'pose'),
    look(11),
    look(15),
    look(15.5, 'dark'),
    look(16, 'pose'),
    look(17),
  ];
  const coverage = coverageOf(looks, active, 1800, period);
  expect(coverage).toMatchObject({
    ...{ looks: 8, goodLooks: 5, plannedLooks: 16, lastGoodLookAtMs: T0 + 17 * HOUR },
    // From the beginning of the day to the first look.
    longestGapS: 8.5 * 3600,
    // 11:00 to 12:00 and 14:00 to 15:00 are one gap of two hours, as are 15:00 to 17:00.
    longestActiveGapS: 2 * 3600,
    notJudged: [
      { reason: 'pose', looks: 2 },
      { reason: 'dark', looks: 1 },
    ],
  });
  expect(coverage.timeline.planned.slice(7, 13)).toEqual([0, 2, 2, 2, 2, 0]);
  expect(coverage.timeline.good.slice(8, 12)).toEqual([1, 1, 0, 1]);
  expect(coverage.timeline.notJudged[15]).toBe(1);
});

test('a view that was never seen has one gap as long as its plan', () => {
  const active = [{ fromMs: T0 + 6 * HOUR, toMs: T0 + 10 * HOUR }];
  expect(coverageOf([], active, 600, period)).toMatchObject({
    ...{ lastGoodLookAtMs: null, longestGapS: 24 * 3600, longestActiveGapS: 4 * 3600, plannedLooks: 24 },
  });
  expect(coverageOf([look(7, 'dark')], active, 600, period).longestActiveGapS).toBe(4 * 3600);
});

test('days are those of the wall', () => {
  const late = coverageOf([look(15.5), look(16.5)], [], 600, period);
  expect(daysOf([late, late], 'Asia/Shanghai')).toMatchObject([
    { day: '2026-07-06', good: 2 },
    { day: '2026-07-07', good: 2 },
  ]);
});

test('whatever was looked at when: what is counted adds up, and a gap is no longer than the time there was', () => {
  const some = fc.array(
    fc.tuple(fc.double({ min: 0, max: 23.99, noNaN: true }), fc.constantFrom(null, 'pose', 'dark')),
    { maxLength: 60 },
  );
  const spans = fc
    .uniqueArray(fc.integer({ min: 0, max: 24 }), { maxLength: 8 })
    .map((edges) => edges.sort((a, b) => a - b))
    .map((edges) =>
      Array.from({ length: Math.floor(edges.length / 2) }, (_, i) => ({
        fromMs: T0 + edges[2 * i]! * HOUR,
        toMs: T0 + edges[2 * i + 1]! * HOUR,
      })),
    );
  fc.assert(
    fc.property(some, spans, fc.integer({ min: 20, max: 7200 }), (list, active, roundS) => {
      const looks = list.map(([hours, reason]) => look(hours, reason)).sort((a, b) => a.atMs - b.atMs);
      const coverage = coverageOf(looks, active, roundS, period);
      const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
      expect(sum(coverage.timeline.good)).toBe(coverage.goodLooks);
      expect(coverage.goodLooks + sum(coverage.notJudged.map((one) => one.looks))).toBe(looks.length);
      const activeS = sum(active.map(({ fromMs, toMs }) => toMs - fromMs)) / 1000;
      expect(coverage.longestActiveGapS).toBeLessThanOrEqual(activeS);
      expect(coverage.plannedLooks).toBe(Math.floor(activeS / roundS));
      // Every gap between two looks is at most the longest.
      const good = [T0, ...looks.filter(({ reason }) => reason === null).map(({ atMs }) => atMs), period.toMs];
      const longest = Math.max(...good.slice(1).map((atMs, i) => atMs - good[i]!)) / 1000;
      expect(coverage.longestGapS).toBeCloseTo(longest, 3);
    }),
  );
});
