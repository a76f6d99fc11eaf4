/**
 * The inner loops of resampling in WebAssembly with 128-bit vectors: whole numbers as in JavaScript, so that the bytes
 * are the same, in a fifth of the time. Pure but for its own memory.
 */
import { add, advance, assembled, get, I32, i32, load, repeat, set, simd, store, V128, zero } from './assembler.ts';

const V = {
  /** A number of 32 bits into all four places: from the stack, or from memory. */
  splat: simd(0x11),
  splatFrom: simd(0x09, 2, 0),
  /** Sixteen bytes picked from the two on the stack, those of the second from 16 on. */
  pick: (bytes: readonly number[]) => simd(0x0d, ...bytes),
  plus: simd(0xae),
  times: simd(0xb5),
  /** Sums of the products of each pair of 16-bit numbers. */
  pairs: simd(0xba),
  shiftedRight: simd(0xac),
  /** Twice four 32-bit numbers to eight of 16 bits, and twice eight of those to bytes, each held to what fits. */
  toShorts: simd(0x85),
  toBytes: simd(0x66),
} as const;

/** Two axes of 11 bits and a byte fill 30: sums stay within what a processor adds fastest. */
export const WEIGHT_BITS = 11;
const HALF = 1 << (2 * WEIGHT_BITS - 1);
const QUARTERS = [0, 1, 2, 3];

/** Locals of `blend`. The first six are its parameters. */
const B = {
  ...{ rows: 0, rowBytes: 1, count: 2, weights: 3, target: 4, blocks: 5 },
  ...{ left: 6, from: 7, at: 8, weight: 9, sums: 10 },
} as const;

/** The sum of a quarter, to the size of a byte again. */
const scaledSum = (quarter: number): number[] => [...get(B.sums + quarter), ...i32(2 * WEIGHT_BITS), ...V.shiftedRight];

/** Sixteen bytes at once: the sum over the rows of `weight * value`, rounded and scaled. */
const blend = repeat(B.blocks, 1, [
  ...QUARTERS.flatMap((quarter) => [...i32(HALF), ...V.splat, ...set(B.sums + quarter)]),
  ...[...get(B.count), ...set(B.left), ...get(B.rows), ...set(B.from), ...get(B.weights), ...set(B.at)],
  ...repeat(B.left, 1, [
    // One weight in all four places.
    ...[...get(B.at), ...V.splatFrom, ...set(B.weight)],
    ...QUARTERS.flatMap((quarter) => [
      ...[...get(B.from), ...load(16 * quarter), ...get(B.weight), ...V.times],
      ...[...get(B.sums + quarter), ...V.plus, ...set(B.sums + quarter)],
    ]),
    ...[...get(B.from), ...get(B.rowBytes), ...add, ...set(B.from), ...advance(B.at, 4)],
  ]),
  // 32 bits to 16, and those to 8.
  ...[...get(B.target), ...scaledSum(0), ...scaledSum(1), ...V.toShorts, ...scaledSum(2), ...scaledSum(3)],
  ...[...V.toShorts, ...V.toBytes, ...store(0)],
  ...[...advance(B.rows, 64), ...advance(B.target, 16)],
]);

/** Locals of `fiveToFour`. The first four are its parameters. */
const F = { source: 0, row: 1, weights: 2, groups: 3, bytes: 4, pairs: 5 } as const;
const THIRDS = [0, 1, 2];

/**
 * Four pixels of three bytes out of five: each value is the product of a pair, a byte and its like in the next pixel, with a
 * pair of weights.
 */
const fiveToFour = [
  ...THIRDS.flatMap((third) => [...get(F.weights), ...load(16 * third), ...set(F.pairs + third)]),
  ...repeat(F.groups, 1, [
    ...[...get(F.source), ...load(0), ...set(F.bytes)],
    ...THIRDS.flatMap((third) => [
      ...[...get(F.row), ...get(F.bytes), ...zero],
      // Bytes 16 and up are the zeros: each byte becomes 16 bits.
      ...V.pick(QUARTERS.flatMap((quarter) => [4 * third + quarter, 16, 4 * third + quarter + 3, 16])),
      ...[...get(F.pairs + third), ...V.pairs, ...store(16 * third)],
    ]),
    ...[...advance(F.source, 15), ...advance(F.row, 48)],
  ]),
];

/** Locals of `luma`. The first three are its parameters. */
const L = { rgb: 0, grey: 1, blocks: 2, bytes: 3 } as const;

/** Red and green of four pixels of three bytes, and their blue with nothing, as 16 bits; bytes 16 and up are zeros. */
const RED_AND_GREEN = QUARTERS.flatMap((pixel) => [3 * pixel, 16, 3 * pixel + 1, 16]);
const BLUE = QUARTERS.flatMap((pixel) => [3 * pixel + 2, 16, 16, 16]);

/** Two weights of 16 bits in all four places. */
const twoWeights = (first: number, second: number): number[] => [...i32(first | (second << 16)), ...V.splat];

/** The sum of three weighted bytes and a half, to the size of a byte again. */
const fourLumas = (quarter: number): number[] => [
  ...[...get(L.rgb), ...load(12 * quarter), ...set(L.bytes)],
  ...[...get(L.bytes), ...zero, ...V.pick(RED_AND_GREEN), ...twoWeights(77, 150), ...V.pairs],
  ...[...get(L.bytes), ...zero, ...V.pick(BLUE), ...twoWeights(29, 0), ...V.pairs, ...V.plus],
  ...[...i32(128), ...V.splat, ...V.plus, ...i32(8), ...V.shiftedRight],
];

/** Sixteen pixels at once: luma of ITU-R BT.601. */
const luma = repeat(L.blocks, 1, [
  ...[...get(L.grey), ...fourLumas(0), ...fourLumas(1), ...V.toShorts, ...fourLumas(2), ...fourLumas(3)],
  ...[...V.toShorts, ...V.toBytes, ...store(0)],
  ...[...advance(L.rgb, 48), ...advance(L.grey, 16)],
]);

interface Exports {
  luma(rgb: number, grey: number, blocks: number): void;
  blend(rows: number, rowBytes: number, count: number, weights: number, target: number, blocks: number): void;
  fiveToFour(source: number, row: number, weights: number, groups: number): void;
}

const kernel = assembled<Exports>([
  {
    name: 'blend',
    parameters: 6,
    locals: [
      [3, I32],
      [5, V128],
    ],
    code: blend,
  },
  { name: 'fiveToFour', parameters: 4, locals: [[4, V128]], code: fiveToFour },
  { name: 'luma', parameters: 3, locals: [[1, V128]], code: luma },
]);

/** Values that are gone over at once. */
const BLOCK = 16;

/** Pixels that are turned grey in one go: few enough to stay in the processor's nearest cache. */
const PIXELS = 4096;

/** Luma (ITU-R BT.601) of pixels of three bytes, one byte a pixel. */
export function lumaOf(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  const greyAt = PIXELS * 3 + BLOCK;
  const buffer = kernel.room(greyAt + PIXELS);
  const source = new Uint8Array(buffer, 0, PIXELS * 3);
  for (let from = 0; from < grey.length; from += PIXELS) {
    const pixels = Math.min(PIXELS, grey.length - from);
    source.set(rgb.subarray(from * 3, (from + pixels) * 3));
    kernel.run.luma(0, greyAt, Math.ceil(pixels / BLOCK));
    grey.set(new Uint8Array(buffer, greyAt, pixels), from);
  }
  return grey;
}

/** The rows that one new row is made of, each in a place of its own. Void once others are made. */
export class RowBlender {
  /** Sums along the rows, to be filled in. */
  readonly rows: readonly Int32Array[];
  /** Weight of each row. */
  readonly weights: Int32Array;
  readonly #blocks: number;
  readonly #target: Uint8Array;
  readonly #source: Uint8Array;
  readonly #pairs: Int16Array;

  /** @param longest bytes of a row of the source that {@link fillFiveToFour} is given */
  constructor(count: number, rowLength: number, longest: number) {
    this.#blocks = Math.ceil(rowLength / BLOCK);
    const rowBytes = this.#blocks * BLOCK * 4;
    const pairsAt = count * rowBytes;
    const weightsAt = pairsAt + 48;
    const targetAt = weightsAt + count * 4;
    const sourceAt = targetAt + this.#blocks * BLOCK;
    // The last load reaches one byte behind the row.
    const buffer = kernel.room(sourceAt + longest + 1);
    this.rows = Array.from({ length: count }, (_, row) => new Int32Array(buffer, row * rowBytes, rowLength));
    this.#pairs = new Int16Array(buffer, pairsAt, 24);
    this.weights = new Int32Array(buffer, weightsAt, count);
    this.#target = new Uint8Array(buffer, targetAt, rowLength);
    this.#source = new Uint8Array(buffer, sourceAt, longest);
  }

  /** The rows, each times its weight, as bytes. */
  blend(): Uint8Array {
    const rowBytes = this.#blocks * BLOCK * 4;
    kernel.run.blend(0, rowBytes, this.rows.length, this.weights.byteOffset, this.#target.byteOffset, this.#blocks);
    return this.#target;
  }

  /** 640 pixels become 512. @param pairs two weights for each of twelve values */
  fillFiveToFour(row: Int32Array, source: Uint8Array, pairs: Int16Array): void {
    this.#source.set(source);
    this.#pairs.set(pairs);
    kernel.run.fiveToFour(this.#source.byteOffset, row.byteOffset, this.#pairs.byteOffset, row.length / 12);
  }
}
