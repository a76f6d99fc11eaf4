/**
 * The two inner loops of {@link nearestLawful} in WebAssembly with 128-bit vectors: eight channels at once, where the same
 * loops in JavaScript take five times as long. Pure but for its own memory.
 */
import {
  add,
  advance,
  assembled,
  EMPTY,
  F32,
  get,
  I32,
  load,
  repeat,
  set,
  simd,
  store,
  V128,
  zero,
} from './assembler.ts';

const V = {
  load8x8: (offset: number) => simd(0x01, 0, offset),
  splat: simd(0x13),
  lane: (index: number) => simd(0x1f, index),
  /** Eight 16-bit numbers to four floats: the lower or the upper half. */
  lowFloats: [...simd(0xa7), ...simd(0xfa)],
  highFloats: [...simd(0xa8), ...simd(0xfa)],
  plus: simd(0xe4),
  times: simd(0xe6),
} as const;

/** Locals of `choose`. The first eight are its parameters. */
const C = {
  ...{ frame: 0, packed: 1, allowed: 2, cells: 3, channels: 4, likeness: 5, chosen: 6, picture: 7 },
  ...{ left: 8, dot: 9, square: 10, floats: 11, eight: 12, d: 13, s: 14, found: 15 },
} as const;

const sumOfLanes = (local: number): number[] => [
  ...[...get(local), ...V.lane(0), ...get(local), ...V.lane(1), 0x92],
  ...[...get(local), ...V.lane(2), ...get(local), ...V.lane(3), 0x92],
  0x92,
];

/** `sum += a * b` where the two stand on the stack. */
const addProductTo = (sum: number): number[] => [...V.times, ...get(sum), ...V.plus, ...set(sum)];

const dotOfHalf = (floats: readonly number[], offset: number): number[] => [
  ...[...get(C.eight), ...floats, ...set(C.floats)],
  ...[...get(C.floats), ...get(C.frame), ...load(offset), ...addProductTo(C.dot)],
  ...[...get(C.floats), ...get(C.floats), ...addProductTo(C.square)],
];

const choose = repeat(C.cells, 1, [
  ...[...zero, ...set(C.dot), ...zero, ...set(C.square), ...get(C.channels), ...set(C.left)],
  ...repeat(C.left, 8, [
    ...[...get(C.packed), ...V.load8x8(0), ...set(C.eight)],
    ...dotOfHalf(V.lowFloats, 0),
    ...dotOfHalf(V.highFloats, 16),
    ...advance(C.packed, 8),
    ...advance(C.frame, 32),
  ]),
  ...[...sumOfLanes(C.dot), ...set(C.d), ...sumOfLanes(C.square), ...set(C.s)],
  // found = d |d| / s, and 0 of a vector of nothing
  ...[...get(C.d), ...get(C.d), 0x8b, 0x94, ...get(C.s), 0x95],
  ...[0x43, 0, 0, 0, 0, ...get(C.s), 0x43, 0, 0, 0, 0, 0x5e, 0x1b, ...set(C.found)],
  // allowed here, and more like the frame than any before
  ...[...get(C.allowed), 0x2d, 0, 0, ...get(C.found), ...get(C.likeness), 0x2a, 2, 0, 0x5e, 0x71],
  ...[0x04, EMPTY],
  ...[...get(C.likeness), ...get(C.found), 0x38, 2, 0],
  ...[...get(C.chosen), ...get(C.picture), 0x3b, 1, 0],
  0x0b,
  ...[...advance(C.allowed, 1), ...advance(C.likeness, 4), ...advance(C.chosen, 2)],
]);

/** Locals of `take`. The first five are its parameters. */
const T = {
  ...{ packed: 0, chosen: 1, pictureBytes: 2, cells: 3, channels: 4, steps: 5, target: 6 },
  ...{ left: 7, from: 8, at: 9, step: 10, eight: 11 },
} as const;

const storeHalf = (floats: readonly number[], offset: number): number[] => [
  ...[...get(T.target), ...get(T.eight), ...floats, ...get(T.step), ...V.times, ...store(offset)],
];

const take = repeat(T.cells, 1, [
  // from = packed + chosen picture's bytes + bytes gone over so far
  ...[...get(T.packed), ...get(T.chosen), 0x2f, 1, 0, ...get(T.pictureBytes), 0x6c, ...add, ...get(T.at), ...add],
  ...set(T.from),
  ...[...get(T.steps), 0x2a, 2, 0, ...V.splat, ...set(T.step), ...get(T.channels), ...set(T.left)],
  ...repeat(T.left, 8, [
    ...[...get(T.from), ...V.load8x8(0), ...set(T.eight)],
    ...storeHalf(V.lowFloats, 0),
    ...storeHalf(V.highFloats, 16),
    ...[...advance(T.from, 8), ...advance(T.at, 8), ...advance(T.target, 32)],
  ]),
  ...[...advance(T.chosen, 2), ...advance(T.steps, 4)],
]);

// --- what it is used by ----------------------------------------------------------------------------------------------

interface Exports {
  choose(
    frame: number,
    packed: number,
    allowed: number,
    cells: number,
    channels: number,
    likeness: number,
    chosen: number,
    picture: number,
  ): void;
  take(
    packed: number,
    chosen: number,
    pictureBytes: number,
    cells: number,
    channels: number,
    steps: number,
    target: number,
  ): void;
}

export interface KernelPicture {
  /** `cells * channels`, one vector after another. */
  readonly values: Int8Array;
  /** What the vector of each cell is to be multiplied with, told by a number into a table. */
  readonly steps: Uint8Array;
  /** 1 for each cell in which the picture may be chosen; null: in all. */
  readonly allowed: Uint8Array | null;
}

/** Channels that are gone over at once. */
const LANES = 8;

const kernel = assembled<Exports>([
  {
    name: 'choose',
    parameters: 8,
    locals: [
      [1, I32],
      [4, V128],
      [3, F32],
    ],
    code: choose,
  },
  {
    name: 'take',
    parameters: 7,
    locals: [
      [3, I32],
      [2, V128],
    ],
    code: take,
  },
]);

/**
 * Chooses for each cell the picture whose vector is most like the frame's (cosine; of equals the first) and answers that
 * picture's vector, times its step.
 * @param frame `cells * channels` values
 * @param table what `steps` of a picture stand for
 */
export function chooseNearest(
  frame: Float32Array,
  channels: number,
  pictures: readonly KernelPicture[],
  table: Float32Array,
): { values: Float32Array; chosen: Uint16Array } {
  const cells = frame.length / channels;
  const padded = Math.ceil(channels / LANES) * LANES;
  const aligned16 = (at: number): number => Math.ceil(at / 16) * 16;
  const frameAt = 0;
  const targetAt = aligned16(frameAt + cells * padded * 4);
  const likenessAt = aligned16(targetAt + cells * padded * 4);
  const stepsAt = aligned16(likenessAt + cells * 4);
  const chosenAt = aligned16(stepsAt + cells * 4);
  const allowedAt = aligned16(chosenAt + cells * 2);
  const packedAt = aligned16(allowedAt + cells);
  const pictureBytes = cells * padded;
  const buffer = kernel.room(packedAt + pictures.length * pictureBytes);

  laidOut(frame, channels, new Float32Array(buffer, frameAt, cells * padded), padded);
  new Float32Array(buffer, likenessAt, cells).fill(-Infinity);
  const allowed = new Uint8Array(buffer, allowedAt, cells);
  for (const [index, picture] of pictures.entries()) {
    const at = packedAt + index * pictureBytes;
    laidOut(picture.values, channels, new Int8Array(buffer, at, pictureBytes), padded);
    if (picture.allowed) allowed.set(picture.allowed);
    else allowed.fill(1);
    kernel.run.choose(frameAt, at, allowedAt, cells, padded, likenessAt, chosenAt, index);
  }
  const chosen = new Uint16Array(buffer, chosenAt, cells).slice();
  const steps = new Float32Array(buffer, stepsAt, cells);
  for (let cell = 0; cell < cells; cell++) steps[cell] = table[pictures[chosen[cell]!]!.steps[cell]!]!;
  kernel.run.take(packedAt, chosenAt, pictureBytes, cells, padded, stepsAt, targetAt);
  const target = new Float32Array(buffer, targetAt, cells * padded);
  if (padded === channels) return { values: target.slice(), chosen };
  const values = new Float32Array(cells * channels);
  for (let cell = 0; cell < cells; cell++) {
    values.set(target.subarray(cell * padded, cell * padded + channels), cell * channels);
  }
  return { values, chosen };
}

/** Vectors with zeros behind them up to a whole number of lanes. */
function laidOut<T extends Float32Array | Int8Array>(from: T, channels: number, to: T, padded: number): void {
  if (padded === channels) {
    to.set(from);
    return;
  }
  to.fill(0);
  for (let cell = 0; cell * channels < from.length; cell++) {
    to.set(from.subarray(cell * channels, (cell + 1) * channels), cell * padded);
  }
}
