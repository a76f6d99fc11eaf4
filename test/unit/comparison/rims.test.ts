import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { POSE_HEIGHT, POSE_WIDTH } from '../../../src/comparison/pose.ts';
import { heldBack, rimGain, type Cells } from '../../../src/comparison/rims.ts';

const [WIDTH, HEIGHT] = [128, 72];

/** A pose picture painted by fractions of the picture. */
function picture(paint: (x: number, y: number) => number): Uint8Array {
  return Uint8Array.from({ length: POSE_WIDTH * POSE_HEIGHT }, (_, at) =>
    paint(((at % POSE_WIDTH) + 0.5) / POSE_WIDTH, (Math.floor(at / POSE_WIDTH) + 0.5) / POSE_HEIGHT),
  );
}

const isInside = (x: number, y: number): boolean => x >= 0.4 && x < 0.6 && y >= 0.3 && y < 0.6;

const region: Cells = {
  cells: Uint32Array.from(
    Array.from({ length: WIDTH * HEIGHT }, (_, cell) => cell).filter((cell) =>
      isInside(((cell % WIDTH) + 0.5) / WIDTH, (Math.floor(cell / WIDTH) + 0.5) / HEIGHT),
    ),
  ),
  width: WIDTH,
  height: HEIGHT,
};

const ground = picture(() => 100);
const hut = picture((x, y) => (isInside(x, y) ? 170 : 100));

describe('rims', () => {
  test('what was put up keeps its score, what was taken away loses most of it', () => {
    const up = rimGain(region, hut, [ground, ground, ground]);
    expect(up).toBeGreaterThan(1);
    expect(heldBack(0.9, up)).toBe(0.9);
    const away = rimGain(region, ground, [hut, hut, hut]);
    expect(away).toBeCloseTo(-up, 6);
    expect(heldBack(0.9, away)).toBeLessThan(0.2);
  });

  test('most lawful pictures decide, not one of them', () => {
    expect(rimGain(region, hut, [hut, ground, ground])).toBeGreaterThan(1);
    expect(rimGain(region, hut, [hut, hut, ground])).toBeCloseTo(0, 6);
  });

  test('light that changes softly brings no rim', () => {
    const soft = picture((x, y) => 100 + 40 * Math.exp(-(((x - 0.5) / 0.35) ** 2) - ((y - 0.45) / 0.5) ** 2));
    expect(rimGain(region, soft, [ground, ground])).toBeLessThan(0.6);
    expect(rimGain(region, ground, [ground])).toBe(0);
    expect(heldBack(0.9, 0)).toBeLessThan(0.9);
  });

  test('a region that fills the picture, or lies at its border, is measured all the same', () => {
    const all = {
      cells: Uint32Array.from({ length: WIDTH * HEIGHT }, (_, cell) => cell),
      width: WIDTH,
      height: HEIGHT,
    };
    expect(rimGain(all, hut, [ground])).toBe(0);
    const corner = { cells: Uint32Array.from([0, 1, WIDTH, WIDTH + 1]), width: WIDTH, height: HEIGHT };
    expect(rimGain(corner, hut, [ground])).toBe(0);
  });

  test('holding back keeps the order and never raises', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(unit, unit, fc.double({ min: -3, max: 3, noNaN: true }), (a, b, gain) => {
        expect(heldBack(a, gain)).toBeLessThanOrEqual(a);
        if (a < b) expect(heldBack(a, gain)).toBeLessThanOrEqual(heldBack(b, gain));
      }),
    );
  });
});
