/**
 * Pictures at other sizes: averaged over the area a new pixel covers when shrinking, interpolated when growing, and moved
 * by a {@link Motion}. Pure. Weights are whole numbers of 1/2048 that sum to one: a value differs from the exact mean by
 * less than one, and a plain picture stays plain.
 */
import type { Picture } from '../base/picture.ts';
import { lumaOf, RowBlender, WEIGHT_BITS } from './resample-kernel.ts';

/**
 * How a picture stands against a reference: reference point `p` (in fractions from the picture's middle) is seen at
 * `zoom * p + [dx, dy]`.
 */
export interface Motion {
  readonly dx: number;
  readonly dy: number;
  readonly zoom: number;
}

const ONE = 1 << WEIGHT_BITS;

/** Source pixels and weights of each new pixel along one axis; the weights of a pixel sum to `ONE`. */
interface Taps {
  readonly start: Int32Array;
  readonly count: number;
  readonly weights: Int32Array;
  /** Where every four new pixels are made of the next five, with the same weights: those of the twelve values of four. */
  readonly fiveToFour: Int16Array | null;
}

/** Taps of the axes met so far: an estate has a handful of picture sizes. */
const keptTaps = new Map<string, Taps>();
const TAPS_KEPT = 64;

function tapsOf(from: number, to: number): Taps {
  const key = `${from}>${to}`;
  let taps = keptTaps.get(key);
  if (!taps) {
    taps = makeTaps(from, to);
    keptTaps.set(key, taps);
    if (keptTaps.size > TAPS_KEPT) keptTaps.delete(keptTaps.keys().next().value as string);
  }
  return taps;
}

function makeTaps(from: number, to: number): Taps {
  const scale = from / to;
  const reach = Math.max(1, scale);
  const spans = Array.from({ length: to }, (_, i) => {
    const low = (i + 0.5) * scale - reach / 2;
    const first = Math.min(Math.max(0, Math.floor(low + 1e-9)), from - 1);
    const end = Math.min(from, Math.max(first + 1, Math.ceil(low + reach - 1e-9)));
    return { low, first, end };
  });
  const count = Math.max(...spans.map(({ first, end }) => end - first));
  const start = new Int32Array(to);
  const weights = new Int32Array(to * count);
  spans.forEach(({ low, first, end }, i) => {
    const from0 = Math.min(first, from - count);
    start[i] = from0;
    const overlap = (pixel: number): number => Math.max(0, Math.min(pixel + 1, low + reach) - Math.max(pixel, low));
    let whole = 0;
    for (let pixel = first; pixel < end; pixel++) whole += overlap(pixel);
    // Rounded from the running sum, so that all together are one whatever each is rounded to.
    let [sum, told] = [0, 0];
    for (let pixel = first; pixel < end; pixel++) {
      sum += overlap(pixel) / whole;
      const upTo = Math.round(sum * ONE);
      weights[i * count + pixel - from0] = upTo - told;
      told = upTo;
    }
  });
  const isFiveToFour =
    from * 4 === to * 5 &&
    weights.every((weight, i) => weight === weights[i % 8] && start[i >> 1] === Math.floor(((i >> 1) * 5) / 4));
  const fiveToFour = isFiveToFour
    ? Int16Array.from({ length: 24 }, (_, i) => weights[Math.floor(i / 6) * 2 + (i % 2)]!)
    : null;
  return { start, count, weights, fiveToFour };
}

/** Resamples `channels` interleaved bytes a pixel. */
function resampleBytes(
  source: Uint8Array,
  fromWidth: number,
  fromHeight: number,
  width: number,
  height: number,
  channels: 1 | 3,
): Uint8Array {
  if (fromWidth === width && fromHeight === height) return source;
  const across = tapsOf(fromWidth, width);
  const down = tapsOf(fromHeight, height);
  const rowLength = width * channels;
  const fromLength = fromWidth * channels;
  // As many rows as one new row is made of, each where its number falls; the next new row begins no earlier.
  const blender = new RowBlender(down.count, rowLength, fromLength);
  const { rows, weights } = blender;
  const result = new Uint8Array(rowLength * height);
  let filled = 0;
  for (let y = 0; y < height; y++) {
    const first = down.start[y]!;
    for (filled = Math.max(filled, first); filled < first + down.count; filled++) {
      const row = rows[filled % down.count]!;
      const offset = filled * fromLength;
      if (channels === 1) fillRowOfOne(row, source, offset, across, width);
      else if (!across.fiveToFour) fillRowOfThree(row, source, offset, across, width);
      else blender.fillFiveToFour(row, source.subarray(offset, offset + fromLength), across.fiveToFour);
    }
    for (let t = 0; t < down.count; t++) weights[(first + t) % down.count] = down.weights[y * down.count + t]!;
    result.set(blender.blend(), y * rowLength);
  }
  return result;
}

function fillRowOfThree(row: Int32Array, source: Uint8Array, offset: number, taps: Taps, width: number): void {
  const { start, count, weights } = taps;
  if (count === 2) {
    for (let x = 0, tap = 0, to = 0; x < width; x++, tap += 2, to += 3) {
      const at = offset + start[x]! * 3;
      const v = weights[tap]!;
      const w = weights[tap + 1]!;
      row[to] = Math.imul(v, source[at]!) + Math.imul(w, source[at + 3]!);
      row[to + 1] = Math.imul(v, source[at + 1]!) + Math.imul(w, source[at + 4]!);
      row[to + 2] = Math.imul(v, source[at + 2]!) + Math.imul(w, source[at + 5]!);
    }
    return;
  }
  for (let x = 0, tap = 0, to = 0; x < width; x++, to += 3) {
    let at = offset + start[x]! * 3;
    let r = 0;
    let g = 0;
    let b = 0;
    for (const end = tap + count; tap < end; tap++, at += 3) {
      const weight = weights[tap]!;
      r = (r + Math.imul(weight, source[at]!)) | 0;
      g = (g + Math.imul(weight, source[at + 1]!)) | 0;
      b = (b + Math.imul(weight, source[at + 2]!)) | 0;
    }
    row[to] = r;
    row[to + 1] = g;
    row[to + 2] = b;
  }
}

function fillRowOfOne(row: Int32Array, source: Uint8Array, offset: number, taps: Taps, width: number): void {
  const { start, count, weights } = taps;
  if (count === 2) {
    for (let x = 0, tap = 0; x < width; x++, tap += 2) {
      const at = offset + start[x]!;
      row[x] = Math.imul(weights[tap]!, source[at]!) + Math.imul(weights[tap + 1]!, source[at + 1]!);
    }
    return;
  }
  for (let x = 0, tap = 0; x < width; x++) {
    let at = offset + start[x]!;
    let sum = 0;
    for (const end = tap + count; tap < end; tap++, at++) sum = (sum + Math.imul(weights[tap]!, source[at]!)) | 0;
    row[x] = sum;
  }
}

/** The picture at another size; its proportions may change. */
export function resampled(picture: Picture, widthPx: number, heightPx: number): Picture {
  const rgb = resampleBytes(picture.rgb, picture.widthPx, picture.heightPx, widthPx, heightPx, 3);
  return { widthPx, heightPx, rgb };
}

/** Luma (ITU-R BT.601) of the picture at a size, one byte a pixel. */
export function greyAt(picture: Picture, widthPx: number, heightPx: number): Uint8Array {
  return resampleBytes(lumaOf(picture.rgb), picture.widthPx, picture.heightPx, widthPx, heightPx, 1);
}

/**
 * The picture as the reference would have seen it: each of its points is looked up where the motion put it. What the
 * picture does not show repeats its border; see {@link covered}.
 */
export function aligned(picture: Picture, motion: Motion): Picture {
  const { widthPx: width, heightPx: height, rgb } = picture;
  const result = new Uint8Array(rgb.length);
  const columns = Array.from({ length: width }, (_, x) => lookUp(x, width, motion.dx, motion.zoom));
  const left = Int32Array.from(columns, (from) => Math.min(width - 1, Math.floor(from)) * 3);
  const right = Int32Array.from(left, (from) => Math.min((width - 1) * 3, from + 3));
  const shares = Float32Array.from(columns, (from) => from - Math.floor(from));
  for (let y = 0, to = 0; y < height; y++) {
    const fromY = lookUp(y, height, motion.dy, motion.zoom);
    const y0 = Math.min(height - 1, Math.floor(fromY));
    const top = y0 * width * 3;
    const bottom = Math.min(height - 1, y0 + 1) * width * 3;
    const fy = fromY - y0;
    for (let x = 0; x < width; x++) {
      const fx = shares[x]!;
      const l = left[x]!;
      const r = right[x]!;
      for (let c = 0; c < 3; c++, to++) {
        const above = rgb[top + l + c]! * (1 - fx) + rgb[top + r + c]! * fx;
        const below = rgb[bottom + l + c]! * (1 - fx) + rgb[bottom + r + c]! * fx;
        result[to] = above * (1 - fy) + below * fy + 0.5;
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
