/**
 * What is kept of a lawful picture, and the nearest lawful past of each place. Pure.
 *
 * The encoder answers feature vectors on five grids. They are kept in 8 bits, each vector with a scale of its own, so that
 * eight pictures of a view stay under 4 MB. A comparison asks, at each place and level, which lawful picture looks most
 * like the frame there (largest cosine), and hands the decoder that picture's features for that place.
 */
import type { Polygon } from '../base/picture.ts';
import { cellsIn } from './outline.ts';

/** Feature vectors on a grid: `values[(y * width + x) * channels + c]`. */
export interface Level {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly values: Float32Array;
}

/** A level in 8 bits: vector `i` is `values` times `scales[i]`. */
export interface PackedLevel {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

export function pack(level: Level): PackedLevel {
  const { width, height, channels, values } = level;
  const packed = new Int8Array(values.length);
  const scales = new Float32Array(width * height);
  for (let cell = 0; cell < scales.length; cell++) {
    const from = cell * channels;
    let largest = 0;
    for (let c = 0; c < channels; c++) largest = Math.max(largest, Math.abs(values[from + c]!));
    if (largest === 0) continue;
    scales[cell] = largest / 127;
    for (let c = 0; c < channels; c++) packed[from + c] = Math.round((values[from + c]! * 127) / largest);
  }
  return { width, height, channels, values: packed, scales };
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
    const candidates = pictures.map(({ levels: packed, polygon }, picture) => {
      const grid = packed[index];
      if (grid?.width !== width || grid.height !== height || grid.channels !== channels) {
        throw new RangeError(`level ${index} of lawful picture ${picture} is not of the frame's shape`);
      }
      return { grid, allowed: polygon ? cellsIn([polygon], width, height) : undefined };
    });
    const chosen = new Float32Array(level.values.length);
    for (let cell = 0; cell < width * height; cell++) {
      let best = -1;
      let bestCosine = -Infinity;
      candidates.forEach(({ grid, allowed }, picture) => {
        if (allowed?.[cell] === 0) return;
        const cosine = cosineOf(level.values, grid.values, cell * channels, channels);
        if (cosine > bestCosine) [best, bestCosine] = [picture, cosine];
      });
      const { grid } = candidates[best]!;
      const scale = grid.scales[cell]!;
      for (let i = cell * channels; i < (cell + 1) * channels; i++) chosen[i] = grid.values[i]! * scale;
      shares[best]! += 1 / (width * height * frame.length);
    }
    return { width, height, channels, values: chosen };
  });
  return { levels, shares };
}

/** Cosine up to the frame's own length, which is the same for every picture compared. */
function cosineOf(frame: Float32Array, packed: Int8Array, from: number, channels: number): number {
  let [dot, square] = [0, 0];
  for (let i = from; i < from + channels; i++) {
    const value = packed[i]!;
    dot += frame[i]! * value;
    square += value * value;
  }
  return square === 0 ? 0 : dot / Math.sqrt(square);
}
