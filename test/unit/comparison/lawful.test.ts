import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { nearestLawful, pack, STEPS, type Level } from '../../../src/comparison/lawful.ts';
import { seeded } from '../../support/scenery.ts';

const WIDTH = 16;
const HEIGHT = 9;
const CHANNELS = 8;

function level(seed: number): Level {
  const random = seeded(seed);
  const values = Float32Array.from({ length: WIDTH * HEIGHT * CHANNELS }, () => random() * 6 - 3);
  return { width: WIDTH, height: HEIGHT, channels: CHANNELS, values };
}

const vector = ({ values }: Level, cell: number): Float32Array =>
  values.subarray(cell * CHANNELS, (cell + 1) * CHANNELS);
const leftHalf = [
  [0, 0],
  [0.5, 0],
  [0.5, 1],
  [0, 1],
] as const;
const isLeft = (cell: number): boolean => cell % WIDTH < WIDTH / 2;

describe('packing', () => {
  test('keeps each vector to half a step of its own scale', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (seed, gain) => {
        const original = level(seed);
        original.values.forEach((value, index) => (original.values[index] = value * gain));
        const packed = pack(original);
        original.values.forEach((value, index) => {
          const scale = STEPS[packed.steps[Math.floor(index / CHANNELS)]!]!;
          expect(Math.abs(packed.values[index]! * scale - value)).toBeLessThanOrEqual(scale * 0.501);
        });
      }),
      { numRuns: 20 },
    );
  });

  test('a vector of nothing stays nothing', () => {
    const nothing = { ...level(1), values: new Float32Array(WIDTH * HEIGHT * CHANNELS) };
    expect(pack(nothing).values.every((value) => value === 0)).toBe(true);
    expect(
      nearestLawful([nothing], [{ levels: [pack(nothing)], polygon: null }]).levels[0]!.values.every(
        (value) => value === 0,
      ),
    ).toBe(true);
  });
});

describe('the nearest lawful past', () => {
  test('of each place is the picture most like the frame there', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, count) => {
        const frame = level(seed);
        const pictures = Array.from({ length: count }, (_, index) => level(seed + index + 1));
        const { levels, shares } = nearestLawful(
          [frame],
          pictures.map((picture) => ({ levels: [pack(picture)], polygon: null })),
        );
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        const cosine = (a: Float32Array, b: Float32Array): number => {
          let [dot, aa, bb] = [0, 0, 0];
          a.forEach((value, c) => {
            dot += value * b[c]!;
            aa += value * value;
            bb += b[c]! * b[c]!;
          });
          return dot / Math.sqrt(aa * bb);
        };
        for (let cell = 0; cell < WIDTH * HEIGHT; cell++) {
          const best = Math.max(...pictures.map((picture) => cosine(vector(frame, cell), vector(picture, cell))));
          expect(cosine(vector(frame, cell), vector(levels[0]!, cell))).toBeGreaterThan(best - 0.02);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('is what the plain formula says, to the rounding', () => {
    /** Cosine of one cell's vectors, straight from what is kept. */
    const cosine = (frame: Level, kept: ReturnType<typeof pack>, cell: number): number => {
      let [dot, aa, bb] = [0, 0, 0];
      for (let i = cell * frame.channels; i < (cell + 1) * frame.channels; i++) {
        dot += frame.values[i]! * kept.values[i]!;
        aa += frame.values[i]! ** 2;
        bb += kept.values[i]! ** 2;
      }
      return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
    };
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 11 }),
        (seed, count, channels) => {
          const shaped = (of: number): Level => {
            const random = seeded(of);
            const values = Float32Array.from({ length: WIDTH * HEIGHT * channels }, () => random() * 6 - 3);
            return { width: WIDTH, height: HEIGHT, channels, values };
          };
          const frame = shaped(seed);
          const kept = Array.from({ length: count }, (_, index) => pack(shaped(seed + index + 1)));
          const { levels, shares } = nearestLawful(
            [frame],
            kept.map((one) => ({ levels: [one], polygon: null })),
          );
          const counts = new Array<number>(count).fill(0);
          for (let cell = 0; cell < WIDTH * HEIGHT; cell++) {
            const cosines = kept.map((one) => cosine(frame, one, cell));
            const best = Math.max(...cosines);
            const chosen = kept.findIndex((one) =>
              Array.from({ length: channels }, (_, c) => cell * channels + c).every(
                (i) => levels[0]!.values[i] === Math.fround(one.values[i]! * STEPS[one.steps[cell]!]!),
              ),
            );
            expect(chosen).toBeGreaterThanOrEqual(0);
            expect(cosines[chosen]!).toBeGreaterThanOrEqual(best - 1e-9);
            counts[chosen]!++;
          }
          shares.forEach((share, index) => expect(share).toBeCloseTo(counts[index]! / (WIDTH * HEIGHT), 1));
        },
      ),
      { numRuns: 15 },
    );
  });

  test('a picture lawful only inside a polygon explains nothing outside it', () => {
    const frame = level(7);
    const other = level(8);
    // The placed picture is the frame itself: it wins wherever it is allowed to.
    const { levels, shares } = nearestLawful(
      [frame],
      [
        { levels: [pack(other)], polygon: null },
        { levels: [pack(frame)], polygon: leftHalf },
      ],
    );
    const [packedFrame, packedOther] = [pack(frame), pack(other)];
    for (let cell = 0; cell < WIDTH * HEIGHT; cell++) {
      const from = isLeft(cell) ? packedFrame : packedOther;
      for (let c = 0; c < CHANNELS; c++) {
        expect(vector(levels[0]!, cell)[c]).toBeCloseTo(
          from.values[cell * CHANNELS + c]! * STEPS[from.steps[cell]!]!,
          5,
        );
      }
    }
    expect(shares[1]).toBeCloseTo(0.5, 5);
  });

  test('adding a lawful place never makes any place less explained', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const frame = level(seed);
        const base = [{ levels: [pack(level(seed + 1))], polygon: null }];
        const more = [...base, { levels: [pack(level(seed + 2))], polygon: leftHalf }];
        const [before, after] = [nearestLawful([frame], base).levels[0]!, nearestLawful([frame], more).levels[0]!];
        for (let cell = 0; cell < WIDTH * HEIGHT; cell++) {
          if (!isLeft(cell)) expect([...vector(after, cell)]).toEqual([...vector(before, cell)]);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('wants a picture that is lawful everywhere, and grids alike', () => {
    const frame = level(1);
    expect(() => nearestLawful([frame], [])).toThrow(RangeError);
    expect(() => nearestLawful([frame], [{ levels: [pack(frame)], polygon: leftHalf }])).toThrow(/lawful everywhere/);
    const small = { ...frame, width: 8, height: 18 };
    expect(() => nearestLawful([frame], [{ levels: [pack(small)], polygon: null }])).toThrow(/shape/);
  });
});
