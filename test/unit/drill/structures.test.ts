import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Picture } from '../../../src/base/picture.ts';
import type { DrillKind } from '../../../src/drivers/postgres/schema.ts';
import { boxFor, drawStructure, KINDS, mannerOf } from '../../../src/drill/structures.ts';
import { mapped, noisy, place } from '../../support/scenery.ts';

const day = noisy(place(4, 320, 180), 2, 1);
const night = noisy(
  mapped(place(4, 320, 180), (value) => value * 0.12),
  3,
  1,
);
const kinds = Object.keys(KINDS) as DrillKind[];

function meanOf(picture: Picture, mask: Uint8Array): [mean: number, colour: number] {
  let [sum, colour, count] = [0, 0, 0];
  mask.forEach((inside, pixel) => {
    if (!inside) return;
    const [r, g, b] = picture.rgb.subarray(pixel * 3, pixel * 3 + 3);
    sum += (r! + g! + b!) / 3;
    colour += Math.max(r!, g!, b!) - Math.min(r!, g!, b!);
    count++;
  });
  return [sum / count, colour / count];
}

describe('a drawn structure', () => {
  test('covers about the share it was asked for, and changes nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.constantFrom(0.006, 0.025, 0.1),
        fc.nat(),
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        (kind, areaFraction, seed, middle) => {
          const manner = mannerOf(day);
          const box = boxFor(kind, areaFraction, middle, day);
          expect(box[0] >= 0 && box[1] >= 0 && box[0] + box[2] <= 1 + 1e-9 && box[1] + box[3] <= 1 + 1e-9).toBe(true);
          expect(box[2] * box[3]).toBeCloseTo(areaFraction, 3);
          const { picture, mask } = drawStructure(day, kind, box, seed, manner);
          const covered = mask.reduce((sum, one) => sum + one, 0) / mask.length;
          expect(covered).toBeGreaterThan(areaFraction * 0.5);
          expect(covered).toBeLessThan(areaFraction * 1.25);
          const rim = (manner.softness + 2) / 180;
          let touched = 0;
          for (let pixel = 0; pixel < mask.length; pixel++) {
            const [x, y] = [(pixel % 320) / 320, Math.floor(pixel / 320) / 180];
            const isNear =
              x > box[0] - rim && x < box[0] + box[2] + rim && y > box[1] - rim && y < box[1] + box[3] + rim;
            if (!isNear && picture.rgb[pixel * 3] !== day.rgb[pixel * 3]) touched++;
          }
          expect(touched).toBe(0);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('is the same for the same seed, and another for another', () => {
    for (const kind of kinds) {
      const draw = (seed: number) => drawStructure(day, kind, boxFor(kind, 0.05, [0.5, 0.5], day), seed, mannerOf(day));
      expect(Buffer.from(draw(3).picture.rgb).equals(draw(3).picture.rgb)).toBe(true);
      expect(Buffer.from(draw(3).picture.rgb).equals(draw(4).picture.rgb)).toBe(false);
    }
  });

  test('stands in the picture’s own light, and without colour where it has none', () => {
    const grey = mapped(day, (_, index) => day.rgb[index - (index % 3) + 1]!);
    for (const kind of kinds) {
      const box = boxFor(kind, 0.05, [0.5, 0.5], day);
      const by = (picture: Picture) => {
        const drawn = drawStructure(picture, kind, box, 5, mannerOf(picture));
        return meanOf(drawn.picture, drawn.mask);
      };
      expect(by(night)[0]).toBeLessThan(60);
      expect(by(day)[0]).toBeGreaterThan(60);
      expect(by(grey)[1]).toBeLessThan(by(day)[1] / 3 + 1);
    }
  });

  test('the manner of a picture follows its noise and softness', () => {
    const still = place(4, 320, 180);
    expect(mannerOf(noisy(still, 6, 2)).noise).toBeGreaterThan(mannerOf(noisy(still, 1, 2)).noise + 1);
    expect(mannerOf(noisy(still, 6, 2)).noise).toBeLessThan(9);
    expect(mannerOf(mapped(day, (_, index) => day.rgb[index - (index % 3) + 1]!)).isGrey).toBe(true);
    expect(mannerOf(day).isGrey).toBe(false);
  });
});
