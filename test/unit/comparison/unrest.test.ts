import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { evened, unevened, unrestOf, unrestOfFew } from '../../../src/comparison/unrest.ts';

const score = fc.double({ min: 0.004, max: 0.999, noNaN: true });
const still = unrestOf([0.02, 0.01, 0, 0.03, 0.01, 0.02, 0, 0.02]);
const restless = unrestOf([0.5, 0.7, 0.2, 0.8, 0.6, 0.4, 0.3, 0.9]);

const few = unrestOfFew(3);

describe('unrest', () => {
  test('a score means more in a still view than in a restless one', () => {
    expect(evened(0.7, still)).toBeGreaterThan(0.6);
    expect(evened(0.7, restless)).toBeLessThan(0.4);
  });

  test('keeps the order of scores and stays between 0 and 1', () => {
    fc.assert(
      fc.property(score, score, fc.constantFrom(still, restless, few), (a, b, unrest) => {
        const [low, high] = [evened(Math.min(a, b), unrest), evened(Math.max(a, b), unrest)];
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });

  test('what is evened to a score lies above what that score is unevened to', () => {
    fc.assert(
      fc.property(score, fc.constantFrom(still, restless, few), (raw, unrest) => {
        expect(unevened(evened(raw, unrest), unrest)).toBeLessThanOrEqual(raw);
      }),
    );
    expect(unevened(0, few)).toBe(0);
  });

  test('two pictures of eight that are unlike all the others make no view restless', () => {
    const peaks = [0.12, 0.11, 0, 0.13, 0.11, 0.12];
    expect(unrestOf([...peaks, 0.99, 0.8])).toEqual(unrestOf([...peaks, 0.14, 0.15]));
    expect(unrestOf([...peaks, 0.14, 0.15]).mean).toBeLessThan(unrestOf(peaks.map(() => 0.3)).mean);
  });

  test('no view is taken to be calmer than a few pictures can tell', () => {
    expect(unrestOf(new Array<number>(8).fill(0))).toEqual(unrestOf(new Array<number>(8).fill(0.04)));
    expect(unrestOf(new Array<number>(8).fill(0)).mean).toBeLessThan(unrestOf(new Array<number>(8).fill(0.06)).mean);
  });

  test('is taken to be the greater the fewer pictures there are, whatever they show', () => {
    const means = [1, 2, 3, 4, 5].map((pictures) => unrestOfFew(pictures).mean);
    expect(means).toEqual(means.toSorted((a, b) => b - a));
    expect(unrestOf([0.9, 0.9, 0.9])).toEqual(unrestOfFew(3));
    expect(evened(0.9, unrestOfFew(1))).toBeLessThan(0.5);
    expect(evened(0.9999, unrestOfFew(1))).toBeGreaterThan(0.9);
  });
});
