/**
 * Pictures at other sizes: averaged over the area a new pixel covers when shrinking, interpolated when growing, and moved
 * by a {@link Motion}. Pure.
 */
import type { Picture } from '../base/picture.ts';

/**
 * How a picture stands against a reference: reference point `p` (in fractions from the picture's middle) is seen at
 * `zoom * p + [dx, dy]`.
 */
export interface Motion {
  readonly dx: number;
  readonly dy: number;
  readonly zoom: number;
}

/** Source pixels and weights of each new pixel along one axis; the weights of a pixel sum to 1. */
interface Taps {
  readonly start: Int32Array;
  readonly count: number;
  readonly weights: Float32Array;
}

function tapsOf(from: number, to: number): Taps {
  const scale = from / to;
  const reach = Math.max(1, scale);
  const count = Math.min(from, Math.ceil(reach) + 1);
  const start = new Int32Array(to);
  const weights = new Float32Array(to * count);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = centre - reach / 2;
    const first = Math.min(Math.max(0, Math.floor(low)), from - count);
    let sum = 0;
    for (let t = 0; t < count; t++) {
      const overlap = Math.min(first + t + 1, low + reach) - Math.max(first + t, low);
      const weight = Math.max(0, overlap);
      weights[i * count + t] = weight;
      sum += weight;
    }
    for (let t = 0; t < count; t++) weights[i * count + t]! /= sum;
    start[i] = first;
  }
  return { start, count, weights };
}

/** Resamples `channels` interleaved bytes a pixel. */
function resampleBytes(
  source: Uint8Array,
  fromWidth: number,
  fromHeight: number,
  width: number,
  height: number,
  channels: number,
): Uint8Array {
  if (fromWidth === width && fromHeight === height) return source;
  const across = tapsOf(fromWidth, width);
  const down = tapsOf(fromHeight, height);
  const rowLength = width * channels;
  const sums = new Float32Array(rowLength);
  const kept = new Map<number, Float32Array>();
  const result = new Uint8Array(rowLength * height);
  for (let y = 0; y < height; y++) {
    const first = down.start[y]!;
    sums.fill(0);
    for (const row of kept.keys()) if (row < first) kept.delete(row);
    for (let t = 0; t < down.count; t++) {
      const weight = down.weights[y * down.count + t]!;
      if (weight === 0) continue;
      let row = kept.get(first + t);
      if (!row) {
        row = resampleRow(source, (first + t) * fromWidth * channels, across, width, channels);
        kept.set(first + t, row);
      }
      for (let i = 0; i < rowLength; i++) sums[i]! += weight * row[i]!;
    }
    for (let i = 0; i < rowLength; i++) result[y * rowLength + i] = sums[i]! + 0.5;
  }
  return result;
}

function resampleRow(source: Uint8Array, offset: number, taps: Taps, width: number, channels: number): Float32Array {
  const row = new Float32Array(width * channels);
  const { start, count, weights } = taps;
  for (let c = 0; c < channels; c++) {
    for (let x = 0, tap = 0; x < width; x++) {
      let from = offset + start[x]! * channels + c;
      let sum = 0;
      for (const end = tap + count; tap < end; tap++, from += channels) sum += weights[tap]! * source[from]!;
      row[x * channels + c] = sum;
    }
  }
  return row;
}

/** The picture at another size; its proportions may change. */
export function resampled(picture: Picture, widthPx: number, heightPx: number): Picture {
  const rgb = resampleBytes(picture.rgb, picture.widthPx, picture.heightPx, widthPx, heightPx, 3);
  return { widthPx, heightPx, rgb };
}

/** Luma (ITU-R BT.601) of the picture at a size, one byte a pixel. */
export function greyAt(picture: Picture, widthPx: number, heightPx: number): Uint8Array {
  const pixels = picture.widthPx * picture.heightPx;
  const grey = new Uint8Array(pixels);
  const { rgb } = picture;
  for (let i = 0; i < pixels; i++) {
    grey[i] = (77 * rgb[3 * i]! + 150 * rgb[3 * i + 1]! + 29 * rgb[3 * i + 2]! + 128) >> 8;
  }
  return resampleBytes(grey, picture.widthPx, picture.heightPx, widthPx, heightPx, 1);
}

/**
 * The picture as the reference would have seen it: each of its points is looked up where the motion put it. What the
 * picture does not show repeats its border; see {@link covered}.
 */
export function aligned(picture: Picture, motion: Motion): Picture {
  const { widthPx: width, heightPx: height, rgb } = picture;
  const result = new Uint8Array(rgb.length);
  for (let y = 0; y < height; y++) {
    const fromY = lookUp(y, height, motion.dy, motion.zoom);
    const y0 = Math.min(height - 1, Math.floor(fromY));
    const y1 = Math.min(height - 1, y0 + 1);
    const fy = fromY - y0;
    for (let x = 0; x < width; x++) {
      const fromX = lookUp(x, width, motion.dx, motion.zoom);
      const x0 = Math.min(width - 1, Math.floor(fromX));
      const x1 = Math.min(width - 1, x0 + 1);
      const fx = fromX - x0;
      for (let c = 0; c < 3; c++) {
        const top = rgb[(y0 * width + x0) * 3 + c]! * (1 - fx) + rgb[(y0 * width + x1) * 3 + c]! * fx;
        const bottom = rgb[(y1 * width + x0) * 3 + c]! * (1 - fx) + rgb[(y1 * width + x1) * 3 + c]! * fx;
        result[(y * width + x) * 3 + c] = top * (1 - fy) + bottom * fy + 0.5;
      }
    }
  }
  return { widthPx: width, heightPx: height, rgb: result };
}

function lookUp(pixel: number, size: number, shift: number, zoom: number): number {
  const fraction = (pixel + 0.5) / size - 0.5;
  const seen = zoom * fraction + shift + 0.5;
  return Math.min(Math.max(0, seen * size - 0.5), size - 1);
}

/** The part of the reference, in fractions, that a picture with this motion shows: `[left, top, right, bottom]`. */
export function covered(motion: Motion): readonly [left: number, top: number, right: number, bottom: number] {
  const edge = (seen: number, shift: number): number => (seen - 0.5 - shift) / motion.zoom + 0.5;
  const clamp = (fraction: number): number => Math.min(1, Math.max(0, fraction));
  return [clamp(edge(0, motion.dx)), clamp(edge(0, motion.dy)), clamp(edge(1, motion.dx)), clamp(edge(1, motion.dy))];
}
