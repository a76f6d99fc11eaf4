/**
 * A very small assembler of WebAssembly (core 2.0, with 128-bit vectors), for the few loops that take JavaScript several
 * times as long: a module is written out in the source, instruction by instruction, so that nothing has to be compiled
 * before it can be read or run. Pure.
 */

export const I32 = 0x7f;
export const F32 = 0x7d;
export const V128 = 0x7b;
export const EMPTY = 0x40;

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const vector = (items: readonly (readonly number[])[]): number[] => [...leb(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): number[] => [id, ...leb(body.length), ...body];
const text = (name: string): number[] => vector([...Buffer.from(name)].map((byte) => [byte]));

export const get = (local: number): number[] => [0x20, ...leb(local)];
export const set = (local: number): number[] => [0x21, ...leb(local)];
/** Signed LEB128 of a number that is not negative. */
export const i32 = (value: number): number[] => {
  const bytes = leb(value);
  const last = bytes.at(-1)!;
  // Its highest bit would be read as the sign.
  return [0x41, ...(last < 64 ? bytes : [...bytes.slice(0, -1), last | 128, 0])];
};
export const add = [0x6a];
export const advance = (local: number, by: number): number[] => [...get(local), ...i32(by), ...add, ...set(local)];
/** Repeats `body` until `counter`, which goes down by `step`, is zero; it is not zero at first. */
export const repeat = (counter: number, step: number, body: readonly number[]): number[] => [
  ...[0x03, EMPTY],
  ...body,
  ...[...get(counter), ...i32(step), 0x6b, 0x22, ...leb(counter)],
  ...[0x0d, 0, 0x0b],
];

/** An instruction on vectors. */
export const simd = (code: number, ...rest: number[]): number[] => [0xfd, ...leb(code), ...rest];
export const load = (offset: number): number[] => simd(0x00, 0, ...leb(offset));
export const store = (offset: number): number[] => simd(0x0b, 0, ...leb(offset));
export const zero = simd(0x0c, ...new Array<number>(16).fill(0));

interface Routine {
  readonly name: string;
  /** How many, all of them I32: they are the first locals. */
  readonly parameters: number;
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly code: readonly number[];
}

/** As much of the JavaScript API of WebAssembly as is used here; the types of Node.js leave it to those of browsers. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number }) => {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

export interface Assembled<Exports> {
  /** The routines by name. */
  readonly run: Exports;
  /** Their memory, at least so large. What was answered before is void. */
  room(bytes: number): ArrayBuffer;
}

const PAGE = 65_536;

/** The routines with a memory of their own. */
export function assembled<Exports>(routines: readonly Routine[]): Assembled<Exports> {
  const bodies = routines.map(({ locals, code }) => {
    const bytes = [...vector(locals.map(([count, type]) => [...leb(count), type])), ...code, 0x0b];
    return [...leb(bytes.length), ...bytes];
  });
  const types = routines.map(({ parameters }) => [
    ...[0x60, ...vector(new Array<number[]>(parameters).fill([I32])), 0],
  ]);
  const module = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...text('kernel'), ...text('memory'), 0x02, 0x00, 0x01]])),
    ...section(3, vector(routines.map((_, index) => [index]))),
    ...section(7, vector(routines.map(({ name }, index) => [...text(name), 0x00, index]))),
    ...section(10, vector(bodies)),
  ]);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { kernel: { memory } });
  return {
    run: exports as Exports,
    room(bytes) {
      const missing = bytes - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
      return memory.buffer;
    },
  };
}
