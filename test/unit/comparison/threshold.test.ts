import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { HIGHEST_THRESHOLD, LOWEST_THRESHOLD, thresholdOf } from '../../../src/comparison/threshold.ts';

const MODEL = 0.5;
const quiet = (pictures: number, looks = 0) => ({
  pictures: new Array<number>(pictures).fill(0.02),
  looks,
  highestLook: looks > 0 ? 0.02 : null,
});
const score = fc.double({ min: 0, max: 1, noNaN: true });

describe('a view’s own threshold', () => {
  test('is the model’s without pictures or looks, and comes nearer to the view’s own with each', () => {
    expect(thresholdOf(quiet(0), MODEL)).toBe(MODEL);
    const byPictures = [2, 4, 8, 16].map((count) => thresholdOf(quiet(count), MODEL));
    expect(byPictures).toEqual([...byPictures].sort((a, b) => b - a));
    expect(byPictures[0]).toBeLessThan(MODEL);
    expect(thresholdOf(quiet(4, 200), MODEL)).toBeLessThan(byPictures[1]!);
  });

  test('rises where lawful pictures differ among themselves, and stays within its bounds', () => {
    expect(
      thresholdOf({ pictures: [0.1, 0.9, 0.9, 0.2, 0.1, 0.1, 0.1, 0.1], looks: 0, highestLook: null }, MODEL),
    ).toBeGreaterThan(0.7);
    fc.assert(
      fc.property(fc.array(score, { maxLength: 16 }), fc.nat(1000), score, (pictures, looks, highest) => {
        const threshold = thresholdOf({ pictures, looks, highestLook: looks > 0 ? highest : null }, MODEL);
        expect(threshold).toBeGreaterThanOrEqual(LOWEST_THRESHOLD);
        expect(threshold).toBeLessThanOrEqual(HIGHEST_THRESHOLD);
      }),
    );
  });

  test('one picture that is unlike all others does not make the view deaf', () => {
    const among = (odd: number) => ({
      pictures: [odd, 0.1, 0.05, 0.03, 0.03, 0.03, 0.03, 0.03],
      looks: 0,
      highestLook: null,
    });
    expect(thresholdOf(among(0.95), MODEL)).toBe(thresholdOf(among(0.1), MODEL));
    expect(thresholdOf({ pictures: [0.95, 0.03], looks: 0, highestLook: null }, MODEL)).toBeGreaterThan(MODEL);
  });

  test('looks never raise it, however high they score: a slow construction changes nothing', () => {
    fc.assert(
      fc.property(fc.array(score, { maxLength: 16 }), fc.nat(1000), score, (pictures, looks, highestLook) => {
        const before = thresholdOf({ pictures, looks: 0, highestLook: null }, MODEL);
        expect(thresholdOf({ pictures, looks, highestLook }, MODEL)).toBeLessThanOrEqual(before);
      }),
    );
  });
});
