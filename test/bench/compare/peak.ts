/**
 * What this machine multiplies at best, measured with the same library: one large matrix product on one thread. The model
 * is written here, byte by byte, in the ONNX format (protocol buffers).
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';

const SIDE = 1024;
const FLOAT = 1;

type Field = readonly [number: number, value: number | string | Uint8Array];

/** A message of protocol buffers: varints, and bytes with their length. */
function message(...fields: readonly Field[]): Uint8Array {
  const parts = fields.map(([number, value]) => {
    if (typeof value === 'number') return Buffer.from([...varint(number << 3), ...varint(value)]);
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
  });
  return Buffer.concat(parts);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function matrixOfSide(name: string, side: number): Uint8Array {
  const dimension = message([1, side]);
  const shape = message([1, dimension], [1, dimension]);
  return message([1, name], [2, message([1, message([1, FLOAT], [2, shape])])]);
}

/** `c = a b`, with `b` in the model so that it is laid out once. */
function product(side: number): Uint8Array {
  const values = Float32Array.from({ length: side * side }, (_, i) => Math.sin(i));
  const b = message([1, side], [1, side], [2, FLOAT], [8, 'b'], [9, new Uint8Array(values.buffer)]);
  const node = message([1, 'a'], [1, 'b'], [2, 'c'], [4, 'MatMul']);
  const graph = message([1, node], [2, 'peak'], [5, b], [11, matrixOfSide('a', side)], [12, matrixOfSide('c', side)]);
  return message([1, 8], [7, graph], [8, message([2, 17])]);
}

/** @returns floating-point operations a second of one thread, the best of several */
export async function measuredPeak(cpuMs: () => number): Promise<number> {
  const session = await InferenceSession.create(product(SIDE), { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const a = new Tensor(
    'float32',
    Float32Array.from({ length: SIDE * SIDE }, (_, i) => Math.cos(i)),
    [SIDE, SIDE],
  );
  let best = 0;
  for (let round = 0; round < 12; round++) {
    const began = cpuMs();
    await session.run({ a });
    best = Math.max(best, (2 * SIDE ** 3 * 1000) / (cpuMs() - began));
  }
  await session.release();
  return best;
}
