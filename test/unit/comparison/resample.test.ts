import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Picture } from '../../../src/base/picture.ts';
import { aligned, covered, greyAt, resampled } from '../../../src/comparison/resample.ts';
import { blank, noisy, place } from '../../support/scenery.ts';

/** The plain definition: the mean over the area that a new pixel covers, interpolation where the picture grows. */
function plainly(picture: Picture, width: number, height: number): Float64Array {
  const axis = (from: number, to: number, at: number): [pixel: number, share: number][] => {
    const scale = from / to;
    const reach = Math.max(1, scale);
    const low = (at + 0.5) * scale - reach / 2;
    const shares: [number, number][] = [];
    for (let pixel = 0; pixel < from; pixel++) {
      const overlap = Math.min(pixel + 1, low + reach) - Math.max(pixel, low);
      if (overlap > 0) shares.push([pixel, overlap]);
    }
    const whole = shares.reduce((sum, [, share]) => sum + share, 0);
    return shares.map(([pixel, share]) => [pixel, share / whole]);
  };
  const result = new Float64Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const down = axis(picture.heightPx, height, y);
    for (let x = 0; x < width; x++) {
      const across = axis(picture.widthPx, width, x);
      for (const [row, rowShare] of down) {
        for (const [column, share] of across) {
          for (let c = 0; c < 3; c++) {
            result[(y * width + x) * 3 + c]! +=
              rowShare * share * picture.rgb[(row * picture.widthPx + column) * 3 + c]!;
          }
        }
      }
    }
  }
  return result;
}

describe('resampling', () => {
  test('keeps a plain picture plain, whatever the sizes', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 })),
        fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 })),
        fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)),
        ([w, h], [toW, toH], colour) => {
          const { rgb } = resampled(blank(w, h, colour), toW, toH);
          expect(rgb.length).toBe(toW * toH * 3);
          expect(rgb.every((value, index) => value === colour[index % 3])).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is what the plain formula says, to the rounding', () => {
    const side = fc.integer({ min: 2, max: 60 });
    fc.assert(
      fc.property(fc.tuple(side, side), fc.tuple(side, side), fc.nat(), ([w, h], [toW, toH], seed) => {
        const picture = noisy(blank(w, h, [128, 110, 90]), 60, seed);
        const plain = plainly(picture, toW, toH);
        const worst = resampled(picture, toW, toH).rgb.map((value, index) =>
          Math.ceil(Math.abs(value - plain[index]!)),
        );
        expect(Math.max(...worst)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
    const whole = place(9, 640, 360);
    const plain = plainly(whole, 512, 288);
    let worst = 0;
    resampled(whole, 512, 288).rgb.forEach((value, index) => {
      worst = Math.max(worst, Math.abs(value - plain[index]!));
    });
    expect(worst).toBeLessThan(0.75);
  });

  test('halving averages each square of four', () => {
    const rgb = Uint8Array.from([0, 10, 20, 40, 50, 60, 80, 90, 100, 120, 130, 140]);
    expect([...resampled({ widthPx: 2, heightPx: 2, rgb }, 1, 1).rgb]).toEqual([60, 70, 80]);
  });

  test('grey follows BT.601 and a mean stays a mean', () => {
    expect([...greyAt(blank(8, 8, [255, 0, 0]), 2, 2)]).toEqual([77, 77, 77, 77]);
    const lively = noisy(blank(93, 61, [128, 110, 90]), 60, 4);
    const luma = lively.rgb
      .filter((_, i) => i % 3 === 0)
      .map((red, pixel) => {
        const [green = 0, blue = 0] = lively.rgb.subarray(pixel * 3 + 1);
        return (77 * red + 150 * green + 29 * blue + 128) >> 8;
      });
    expect(greyAt(lively, 93, 61)).toEqual(luma);
    const mean = (values: Uint8Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const picture = place(3, 320, 180);
    expect(mean(greyAt(picture, 160, 90))).toBeCloseTo(mean(greyAt(picture, 320, 180)), 0);
  });
});

describe('aligning', () => {
  test('undoes the shift of a camera', () => {
    const reference = place(5, 320, 180);
    const shift = [0.03, -0.025] as const;
    const seen = place(5, 320, 180, shift);
    const back = aligned(seen, { dx: shift[0], dy: shift[1], zoom: 1 });
    const difference = (a: Uint8Array, b: Uint8Array): number => {
      let sum = 0;
      for (let y = 20; y < 160; y++) for (let i = 60; i < 900; i++) sum += Math.abs(a[y * 960 + i]! - b[y * 960 + i]!);
      return sum / (140 * 840);
    };
    expect(difference(back.rgb, reference.rgb)).toBeLessThan(4);
    expect(difference(seen.rgb, reference.rgb)).toBeGreaterThan(15);
  });

  test('says which part of the reference a moved picture still shows', () => {
    const [left, top, right, bottom] = covered({ dx: 0.1, dy: -0.05, zoom: 1 });
    expect(left).toBe(0);
    expect(top).toBeCloseTo(0.05);
    expect(right).toBeCloseTo(0.9);
    expect(bottom).toBe(1);
  });
});
