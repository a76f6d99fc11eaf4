import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { FARTHEST_SHIFT, poseOf, posePictureOf } from '../../../src/comparison/pose.ts';
import { blank, mapped, noisy, place, withBox } from '../../support/scenery.ts';

const WIDTH = 320;
const HEIGHT = 180;
const reference = posePictureOf(place(31, WIDTH, HEIGHT));
const share = (most: number): fc.Arbitrary<number> => fc.double({ min: -most, max: most, noNaN: true });

describe('pose', () => {
  test('finds any shift within the limit, to a quarter of a pixel of a 512-pixel picture', () => {
    fc.assert(
      fc.property(share(0.07), share(0.07), fc.nat(), (dx, dy, seed) => {
        const frame = noisy(place(31, WIDTH, HEIGHT, [dx, dy]), 3, seed);
        const pose = poseOf(posePictureOf(frame), [reference]);
        expect(pose.state).toBe('told');
        expect(Math.abs(pose.motion.dx - dx) * 512).toBeLessThan(0.5);
        expect(Math.abs(pose.motion.dy - dy) * 288).toBeLessThan(0.5);
      }),
      { numRuns: 25 },
    );
  });

  test('a camera that holds still is told to, through a change of light and a new structure', () => {
    const frame = withBox(
      mapped(place(31, WIDTH, HEIGHT), (value) => 20 + value * 0.5),
      [0.4, 0.4, 0.25, 0.3],
    );
    const pose = poseOf(posePictureOf(noisy(frame, 3, 5)), [reference]);
    expect(pose.state).toBe('told');
    expect(Math.abs(pose.motion.dx) * 512).toBeLessThan(0.5);
    expect(Math.abs(pose.motion.dy) * 288).toBeLessThan(0.5);
    expect(pose.residualPx).toBeLessThan(0.5);
  });

  test('finds a zoom of up to three percent with its shift', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.972, max: 1.028, noNaN: true }), share(0.04), (zoom, dx) => {
        const frame = place(31, WIDTH, HEIGHT, [dx, 0.01], zoom);
        const pose = poseOf(posePictureOf(frame), [reference]);
        expect(pose.state).toBe('told');
        expect(Math.abs(pose.motion.zoom - zoom)).toBeLessThan(0.006);
        expect(Math.abs(pose.motion.dx - dx) * 512).toBeLessThan(1);
      }),
      { numRuns: 12 },
    );
  });

  test('says moved beyond the limit and before another view', () => {
    const far = poseOf(posePictureOf(place(31, WIDTH, HEIGHT, [FARTHEST_SHIFT + 0.04, 0])), [reference]);
    expect(far.state).toBe('moved');
    expect(far.motion.dx).toBeCloseTo(FARTHEST_SHIFT + 0.04, 2);
    for (const seed of [32, 33, 34]) {
      expect(poseOf(posePictureOf(place(seed, WIDTH, HEIGHT)), [reference]).state).toBe('moved');
    }
  });

  test('does not claim a pose where there is too little to see', () => {
    const plain = posePictureOf(noisy(blank(WIDTH, HEIGHT, [90, 90, 95]), 2, 1));
    expect(poseOf(plain, [reference])).toMatchObject({ state: 'untold', motion: { dx: 0, dy: 0, zoom: 1 } });
    expect(poseOf(plain, [plain]).state).toBe('untold');
  });

  test('one reference that fits is enough', () => {
    const other = posePictureOf(place(32, WIDTH, HEIGHT));
    expect(poseOf(reference, [other]).state).toBe('moved');
    expect(poseOf(reference, [other, reference]).state).toBe('told');
  });
});
