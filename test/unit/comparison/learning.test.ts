import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseBaselines, learningIntervalMs } from '../../../src/comparison/learning.ts';
import { burnIn } from '../../../src/comparison/masking.ts';

function gathered(count: number, lightingOf: (index: number) => string) {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    thumbnail: new Uint8Array(16).fill((index * 37) % 256),
    lighting: lightingOf(index),
    capturedAtMs: index * 1000,
  }));
}

describe('the lawful pictures a view offers', () => {
  test('hold every lighting it was seen in, even one that came once', () => {
    const pictures = gathered(24, (index) => (index === 20 ? 'infrared' : index > 15 ? 'low_light' : 'day'));
    const chosen = chooseBaselines(pictures, 8);
    expect(chosen).toHaveLength(8);
    const lightings = new Set(chosen.map((id) => pictures[id - 1]?.lighting));
    expect(lightings).toEqual(new Set(['day', 'low_light', 'infrared']));
  });

  test('are distinct, as many as wanted or all there are', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 16 }), (count, wanted) => {
        const chosen = chooseBaselines(
          gathered(count, (index) => ['day', 'low_light'][index % 2] as string),
          wanted,
        );
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(chosen).toHaveLength(Math.min(count, wanted));
      }),
    );
  });

  test('come often enough that there is a choice', () => {
    expect(learningIntervalMs(86_400, 8) * 24).toBe(86_400_000);
  });
});

describe('privacy masks', () => {
  test('blacken every pixel inside and none far outside', () => {
    const picture = { widthPx: 64, heightPx: 36, rgb: new Uint8Array(64 * 36 * 3).fill(200) };
    burnIn(picture, [
      [
        [0.25, 0.25],
        [0.5, 0.25],
        [0.5, 0.75],
        [0.25, 0.75],
      ],
    ]);
    const at = (x: number, y: number): number => picture.rgb[(y * 64 + x) * 3] ?? -1;
    for (let y = 9; y < 27; y++) for (let x = 16; x < 32; x++) expect(at(x, y)).toBe(0);
    expect(at(13, 18)).toBe(200);
    expect(at(35, 18)).toBe(200);
    expect(at(20, 6)).toBe(200);
  });

  test('cover any triangle at least as far as its inside reaches', () => {
    const corner = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(
        fc.tuple(corner, corner, corner),
        fc.double({ min: 0.1, max: 0.8, noNaN: true }),
        (triangle, along) => {
          const picture = { widthPx: 80, heightPx: 45, rgb: new Uint8Array(80 * 45 * 3).fill(200) };
          burnIn(picture, [triangle]);
          const [a, b, c] = triangle;
          const inside = (axis: 0 | 1): number => a[axis] * along * 0.5 + b[axis] * (1 - along) + c[axis] * along * 0.5;
          const column = Math.min(79, Math.floor(inside(0) * 80));
          const row = Math.min(44, Math.floor(inside(1) * 45));
          // A needle thinner than a pixel may pass between pixel centres; a real area may not.
          const area = Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2;
          if (area > 0.02) expect(picture.rgb[(row * 80 + column) * 3]).toBe(0);
        },
      ),
    );
  });
});
