import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { FARTHEST_SHIFT, poseOf, posePictureOf } from '../../../src/comparison/pose.ts';
import { blank, mapped, noisy, place, withBox } from '../../support/scenery.ts';

const WIDTH = 320;
const HEIGHT = 180;
const reference = posePictureOf(place(31, WIDTH, HEIGHT));
const share = (most: number): fc.Arbitrary<number> => fc.double({ min: -most, max: most, noNaN: true });

describe('pose', () => {
  test('finds any shift to 8 %, to half a pixel of a 512-pixel picture', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(share(0.08), share(0.08), fc.nat(), (dx, dy, seed) => {
        const frame = noisy(place(31, WIDTH, HEIGHT, [dx, dy]), 3, seed);
        const pose = poseOf(posePictureOf(frame), [reference]);
        expect(pose.state).toBe('told');
        expect(Math.abs(pose.motion.dx - dx) * 512).toBeLessThan(0.5);
        expect(Math.abs(pose.motion.dy - dy) * 288).toBeLessThan(0.5);
      }),
      { numRuns: 10 },
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
      fc.property(fc.double({ min: 0.97, max: 1.03, noNaN: true }), share(0.04), (zoom, dx) => {
        const frame = place(31, WIDTH, HEIGHT, [dx, 0.01], zoom);
        const pose = poseOf(posePictureOf(frame), [reference]);
        expect(pose.state).toBe('told');
        expect(Math.abs(pose.motion.zoom - zoom)).toBeLessThan(0.006);
        expect(Math.abs(pose.motion.dx - dx) * 512).toBeLessThan(1);
      }),
      { numRuns: 12 },
    );
  });

  test('finds shift and zoom together, on any place, to two pixels of a 640-pixel picture', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        share(0.08),
        share(0.08),
        fc.double({ min: 0.97, max: 1.03, noNaN: true }),
        (seed, dx, dy, zoom) => {
          const past = posePictureOf(place(seed, WIDTH, HEIGHT));
          const pose = poseOf(posePictureOf(noisy(place(seed, WIDTH, HEIGHT, [dx, dy], zoom), 2, seed)), [past]);
          expect(pose.state).toBe('told');
          // At the picture's corners, where a wrong zoom shows most.
          for (const [x, y] of [
            [-0.5, -0.5],
            [0.5, 0.5],
          ] as const) {
            const found = [pose.motion.zoom * x + pose.motion.dx, pose.motion.zoom * y + pose.motion.dy] as const;
            expect(Math.abs(found[0] - zoom * x - dx) * 640).toBeLessThan(2);
            expect(Math.abs(found[1] - zoom * y - dy) * 360).toBeLessThan(2);
          }
          expect(pose.residualPx! * (640 / 256)).toBeLessThan(2);
        },
      ),
      {
        numRuns: 12,
        // What begins from standing still agrees here as well as what is searched for, and stops half-way.
        examples: [1.03, 0.97].map((zoom): [number, number, number, number] => [49, 0, 0, zoom]),
      },
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
