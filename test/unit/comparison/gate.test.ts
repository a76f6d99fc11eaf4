import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { gate, GATE_HEIGHT, GATE_WIDTH, thumbnailOf } from '../../../src/comparison/gate.ts';
import { mapped, noisy, place, withBox } from '../../support/scenery.ts';

const scene = place(11, 640, 360);

test('a thumbnail is the mean luma of what falls to each of its pixels, whatever the size', () => {
  for (const [width, height] of [
    [640, 360],
    [640, 479],
    [352, 288],
    [704, 576],
  ] as const) {
    const picture = noisy(place(5, width, height), 30, 2);
    const sums = new Float64Array(GATE_WIDTH * GATE_HEIGHT);
    const counts = new Float64Array(GATE_WIDTH * GATE_HEIGHT);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const x = Math.floor(((pixel % width) * GATE_WIDTH) / width);
      const y = Math.floor((Math.floor(pixel / width) * GATE_HEIGHT) / height);
      const [r, g, b] = picture.rgb.subarray(pixel * 3, pixel * 3 + 3);
      sums[y * GATE_WIDTH + x]! += 0.299 * r! + 0.587 * g! + 0.114 * b!;
      counts[y * GATE_WIDTH + x]!++;
    }
    thumbnailOf(picture).forEach((value, at) => {
      expect(Math.abs(value - sums[at]! / counts[at]!)).toBeLessThan(1.2);
    });
  }
});

describe('the gate', () => {
  test('lets an unchanged picture rest, through noise, gain and exposure', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.6, max: 1.05, noNaN: true }),
        fc.integer({ min: -15, max: 10 }),
        fc.nat(),
        (gain, offset, seed) => {
          const frame = noisy(
            mapped(scene, (value) => value * gain + offset),
            3,
            seed,
          );
          expect(gate(thumbnailOf(frame), [thumbnailOf(scene)]).changed).toBe(false);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('sends a new box on, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.88, noNaN: true }),
        fc.double({ min: 0, max: 0.85, noNaN: true }),
        (x, y) => {
          const frame = thumbnailOf(withBox(scene, [x, y, 0.1, 0.14]));
          expect(gate(frame, [thumbnailOf(scene)]).changed).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('a tile is unchanged when any lawful picture explains it', () => {
    const left = withBox(scene, [0.1, 0.2, 0.15, 0.2]);
    const right = withBox(scene, [0.7, 0.5, 0.15, 0.2]);
    const both = thumbnailOf(withBox(left, [0.7, 0.5, 0.15, 0.2]));
    expect(gate(both, [thumbnailOf(left)]).changed).toBe(true);
    expect(gate(both, [thumbnailOf(right)]).changed).toBe(true);
    expect(gate(both, [thumbnailOf(left), thumbnailOf(right)]).changed).toBe(false);
  });

  test('more lawful pictures never raise the score', () => {
    const pictures = [1, 2, 3, 4].map((seed) => thumbnailOf(place(seed, 320, 180)));
    const frame = thumbnailOf(scene);
    let before = Infinity;
    for (let count = 1; count <= pictures.length; count++) {
      const { score } = gate(frame, pictures.slice(0, count));
      expect(score).toBeLessThanOrEqual(before);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(2);
      before = score;
    }
  });

  test('a picture is the same as itself, and everything is changed where nothing is lawful', () => {
    const frame = thumbnailOf(scene);
    expect(frame.length).toBe(GATE_WIDTH * GATE_HEIGHT);
    expect(gate(frame, [frame]).score).toBeCloseTo(0, 3);
    expect(gate(frame, []).changed).toBe(true);
  });

  test('a textured place that goes flat is changed', () => {
    const flat = new Uint8Array(GATE_WIDTH * GATE_HEIGHT).fill(120);
    expect(gate(flat, [thumbnailOf(scene)]).changed).toBe(true);
  });

  test('refuses a thumbnail of another size', () => {
    expect(() => gate(new Uint8Array(10), [])).toThrow(RangeError);
  });
});
