/**
 * What is kept of a lawful picture, and the nearest lawful past of each place. Pure.
 *
 * The encoder answers feature vectors on five grids. They are kept in 8 bits, each vector with a step of its own, so that
 * eight pictures of a view stay under 4 MB. A comparison asks, at each place and level, which lawful picture looks most
 * like the frame there (largest cosine), and hands the decoder that picture's features for that place.
 */
import type { Polygon } from '../base/picture.ts';
import { chooseNearest } from './nearest-kernel.ts';
import { cellsIn } from './outline.ts';

/** Feature vectors on a grid: `values[(y * width + x) * channels + c]`. */
export interface Level {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly values: Float32Array;
}

/** A level in 8 bits: vector `i` is `values` times `STEPS[steps[i]]`. */
export interface PackedLevel {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly values: Int8Array;
  readonly steps: Uint8Array;
}

/** Eight steps to a doubling: a vector loses at most a twelfth of its 8 bits, and its step is told in one byte. */
const STEPS_PER_DOUBLING = 8;
const MIDDLE_STEP = 160;
/** 1e-6 to 3,700: features are normalised over the picture and lie far inside. Step 0 is of a vector of nothing. */
export const STEPS = Float32Array.from({ length: 256 }, (_, step) =>
  step === 0 ? 0 : 2 ** ((step - MIDDLE_STEP) / STEPS_PER_DOUBLING),
);

/** The smallest step with which `largest` fits into 127. */
function stepFor(largest: number): number {
  const step = Math.ceil(Math.log2(largest / 127) * STEPS_PER_DOUBLING + MIDDLE_STEP - 1e-9);
  return Math.min(255, Math.max(1, step));
}

export function pack(level: Level): PackedLevel {
  const { width, height, channels, values } = level;
  const packed = new Int8Array(values.length);
  const steps = new Uint8Array(width * height);
  for (let cell = 0; cell < steps.length; cell++) {
    const from = cell * channels;
    let largest = 0;
    for (let c = 0; c < channels; c++) largest = Math.max(largest, Math.abs(values[from + c]!));
    if (largest === 0) continue;
    const step = stepFor(largest);
    steps[cell] = step;
    const inverse = 1 / STEPS[step]!;
    for (let c = 0; c < channels; c++) {
      packed[from + c] = Math.max(-127, Math.min(127, Math.round(values[from + c]! * inverse)));
    }
  }
  return { width, height, channels, values: packed, steps };
}

/** The vectors again, to the precision that was kept. */
export function unpack({ width, height, channels, values, steps }: PackedLevel): Level {
  const unpacked = new Float32Array(values.length);
  steps.forEach((step, cell) => {
    const scale = STEPS[step]!;
    for (let i = cell * channels; i < (cell + 1) * channels; i++) unpacked[i] = values[i]! * scale;
  });
  return { width, height, channels, values: unpacked };
}

export interface LawfulPicture {
  readonly levels: readonly PackedLevel[];
  /** Lawful only inside, in fractions; null: everywhere. */
  readonly polygon: Polygon | null;
}

export interface Nearest {
  readonly levels: readonly Level[];
  /** Share of places, over all levels alike, for which each picture was the nearest. */
  readonly shares: readonly number[];
}

/**
 * The nearest lawful past of each place.
 * @param frame the frame's levels
 * @param pictures lawful pictures on the same grids; at least one of them lawful everywhere
 */
export function nearestLawful(frame: readonly Level[], pictures: readonly LawfulPicture[]): Nearest {
  if (!pictures.some(({ polygon }) => polygon === null)) throw new RangeError('no picture is lawful everywhere');
  const shares = new Array<number>(pictures.length).fill(0);
  const levels = frame.map((level, index) => {
    const { width, height, channels } = level;
    const kept = pictures.map(({ levels: packed, polygon }, picture) => {
      const grid = packed[index];
      if (grid?.width !== width || grid.height !== height || grid.channels !== channels) {
        throw new RangeError(`level ${index} of lawful picture ${picture} is not of the frame's shape`);
      }
      return { ...grid, allowed: polygon && cellsIn([polygon], width, height) };
    });
    const { values, chosen } = chooseNearest(level.values, channels, kept, STEPS);
    const counts = new Uint32Array(pictures.length);
    for (const picture of chosen) counts[picture]!++;
    counts.forEach((count, picture) => (shares[picture]! += count / (chosen.length * frame.length)));
    return { width, height, channels, values };
  });
  return { levels, shares };
}
