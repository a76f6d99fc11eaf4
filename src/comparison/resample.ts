/**
 * Pictures at other sizes: averaged over the area a new pixel covers when shrinking, interpolated when growing, and moved
 * by a {@link Motion}. Pure. Weights are whole numbers of 1/2048 that sum to one: a value differs from the exact mean by
 * less than one, and a plain picture stays plain.
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

/** Two axes of 11 bits and a byte fill 30: sums stay within what a processor adds fastest. */
const WEIGHT_BITS = 11;
const ONE = 1 << WEIGHT_BITS;
const HALF = 1 << (2 * WEIGHT_BITS - 1);

/** Source pixels and weights of each new pixel along one axis; the weights of a pixel sum to `ONE`. */
interface Taps {
  readonly start: Int32Array;
  readonly count: number;
  readonly weights: Int32Array;
  /** Every four new pixels are made of the next five, with the same weights. */
  readonly fiveToFour: boolean;
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
  const fiveToFour =
    from * 4 === to * 5 &&
    weights.every((weight, i) => weight === weights[i % 8] && start[i >> 1] === Math.floor(((i >> 1) * 5) / 4));
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
  const fillRow = channels === 3 ? fillRowOfThree : fillRowOfOne;
  // As many rows as one new row is made of, each where its number falls; the next new row begins no earlier.
  const rows = Array.from({ length: down.count }, () => new Int32Array(rowLength));
  const sums = new Int32Array(rowLength);
  const result = new Uint8Array(rowLength * height);
  let filled = 0;
  for (let y = 0; y < height; y++) {
    const first = down.start[y]!;
    for (filled = Math.max(filled, first); filled < first + down.count; filled++) {
      fillRow(rows[filled % down.count]!, source, filled * fromWidth * channels, across, width);
    }
    const target = result.subarray(y * rowLength, (y + 1) * rowLength);
    if (down.count === 2) {
      addTwoRows(target, rows[first % 2]!, down.weights[y * 2]!, rows[(first + 1) % 2]!, down.weights[y * 2 + 1]!);
      continue;
    }
    sums.fill(HALF);
    for (let t = 0; t < down.count; t++) {
      addRow(sums, rows[(first + t) % down.count]!, down.weights[y * down.count + t]!);
    }
    for (let i = 0; i < rowLength; i++) target[i] = sums[i]! >> (2 * WEIGHT_BITS);
  }
  return result;
}

/** Two rows are the usual: a picture of 640 pixels becomes one of 512. */
function addTwoRows(target: Uint8Array, upper: Int32Array, v: number, lower: Int32Array, w: number): void {
  for (let i = 0; i < target.length; i++) {
    target[i] = (Math.imul(v, upper[i]!) + Math.imul(w, lower[i]!) + HALF) >> (2 * WEIGHT_BITS);
  }
}

function addRow(sums: Int32Array, row: Int32Array, weight: number): void {
  if (weight === 0) return;
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i]! + Math.imul(weight, row[i]!)) | 0;
}

function fillRowOfThree(row: Int32Array, source: Uint8Array, offset: number, taps: Taps, width: number): void {
  const { start, count, weights } = taps;
  if (taps.fiveToFour) {
    fillRowFiveToFour(row, source, offset, weights);
    return;
  }
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

/** 640 pixels become 512: three bytes at a time, with nothing looked up by the pixel. */
function fillRowFiveToFour(row: Int32Array, source: Uint8Array, offset: number, weights: Int32Array): void {
  const [a0, a1, b1, b2, c2, c3, d3, d4] = weights as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let to = 0, at = offset; to < row.length; to += 12, at += 15) {
    for (let c = 0; c < 3; c++) {
      const s1 = source[at + c + 3]!;
      const s2 = source[at + c + 6]!;
      const s3 = source[at + c + 9]!;
      row[to + c] = Math.imul(a0, source[at + c]!) + Math.imul(a1, s1);
      row[to + c + 3] = Math.imul(b1, s1) + Math.imul(b2, s2);
      row[to + c + 6] = Math.imul(c2, s2) + Math.imul(c3, s3);
      row[to + c + 9] = Math.imul(d3, s3) + Math.imul(d4, source[at + c + 12]!);
    }
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
  const pixels = picture.widthPx * picture.heightPx;
  const grey = new Uint8Array(pixels);
  const { rgb } = picture;
  for (let i = 0, at = 0; i < pixels; i++, at += 3) {
    grey[i] = (77 * rgb[at]! + 150 * rgb[at + 1]! + 29 * rgb[at + 2]! + 128) >> 8;
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
