/**
 * What has to be known of NAL units to put pictures together: their kinds (H.264: ITU-T H.264 table 7-1; H.265: ITU-T
 * H.265 table 7-1) and their packets' kinds (RFC 6184 section 5.2, RFC 7798 section 4.4). Slices are not read further
 * than the one bit that says whether a picture begins.
 */
import { LIMITS } from '../../base/limits.ts';
import type { Codec } from './access-unit.ts';

/** Codecs whose streams are made of NAL units. */
export type NalCodec = Exclude<Codec, 'mpeg4'>;

export interface NalFormat {
  readonly codec: NalCodec;
  /** Bytes of a NAL unit's header. */
  readonly headerBytes: 1 | 2;
  /** Packet kinds: several NAL units in one packet, one NAL unit over several packets. */
  readonly aggregation: number;
  readonly fragmentation: number;
  /** Packet kinds for sending out of order, with their names. */
  readonly refused: ReadonlyMap<number, string>;
  /** Highest type that is a NAL unit. */
  readonly lastType: number;
  readonly delimiter: number;
  /** Types of parameter sets, in the order a decoder needs them. */
  readonly parameterSets: readonly number[];
  typeOf(firstByte: number): number;
  isPicture(type: number): boolean;
  isKey(type: number): boolean;
}

const H264: NalFormat = {
  codec: 'h264',
  headerBytes: 1,
  aggregation: 24,
  fragmentation: 28,
  refused: new Map([
    [25, 'STAP-B'],
    [26, 'MTAP16'],
    [27, 'MTAP24'],
    [29, 'FU-B'],
  ]),
  lastType: 23,
  delimiter: 9,
  parameterSets: [7, 8],
  typeOf: (firstByte) => firstByte & 0x1f,
  isPicture: (type) => type >= 1 && type <= 5,
  isKey: (type) => type === 5,
};

const H265: NalFormat = {
  codec: 'h265',
  headerBytes: 2,
  aggregation: 48,
  fragmentation: 49,
  refused: new Map([[50, 'PACI']]),
  lastType: 47,
  delimiter: 35,
  parameterSets: [32, 33, 34],
  typeOf: (firstByte) => (firstByte >> 1) & 0x3f,
  isPicture: (type) => type < 32,
  isKey: (type) => type >= 16 && type <= 23,
};

export function nalFormatOf(codec: NalCodec): NalFormat {
  return codec === 'h264' ? H264 : H265;
}

/**
 * Whether a slice is the first of its picture, from the byte behind the NAL unit's header: H.264 `first_mb_in_slice` 0 is
 * written as the bit 1 (Exp-Golomb), H.265 has `first_slice_segment_in_pic_flag` there.
 */
export function beginsPicture(byteBehindHeader: number): boolean {
  return (byteBehindHeader & 0x80) !== 0;
}

/** Offset of `00 00 01` in `bytes[from, to)`, or -1. Inside a NAL unit it cannot occur: emulation prevention forbids it. */
export function findStartCode(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from + 2; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte > 1) at += 2;
    else if (byte === 1 && bytes[at - 1] === 0 && bytes[at - 2] === 0) return at - 2;
  }
  return -1;
}

/** One NAL unit without the start codes and zeros that some cameras leave before and behind it. */
export function trimNal(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start += 1;
  if (start >= 2 && bytes[start] === 1) start += 1;
  else start = 0;
  const next = findStartCode(bytes, start, bytes.length);
  let end = next < 0 ? bytes.length : next;
  while (end > start && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(start, end);
}

/** The parameter sets of one stream: those announced first, replaced by what the stream itself sends. */
export class ParameterSets {
  readonly #format: NalFormat;
  readonly #known = new Map<number, Uint8Array[]>();
  readonly #arriving = new Map<number, Uint8Array[]>();

  constructor(format: NalFormat, announced: readonly Uint8Array[]) {
    this.#format = format;
    for (const nal of announced) this.note(nal);
    this.commit();
  }

  /** One parameter set that came in the unit being read; other kinds are left alone. The bytes are copied. */
  note(nal: Uint8Array): void {
    const trimmed = trimNal(nal);
    const type = this.#format.typeOf(trimmed[0] ?? 0);
    if (!this.#format.parameterSets.includes(type)) return;
    if (trimmed.length <= this.#format.headerBytes || trimmed.length > LIMITS.parameterSetBytes) return;
    const arriving = this.#arriving.get(type) ?? [];
    if (arriving.length >= LIMITS.parameterSets || arriving.some((set) => sameBytes(set, trimmed))) return;
    // Mostly the same ones come again before every key picture: then nothing is allocated.
    const same = this.#known.get(type)?.find((set) => sameBytes(set, trimmed));
    arriving.push(same ?? new Uint8Array(trimmed));
    this.#arriving.set(type, arriving);
  }

  /** The unit being read is over: what came in it replaces what was known of its kind. */
  commit(): void {
    if (this.#arriving.size === 0) return;
    for (const [type, sets] of this.#arriving) this.#known.set(type, sets);
    this.#arriving.clear();
  }

  /** Every kind a decoder needs came within the unit being read. */
  get arrivedComplete(): boolean {
    return this.#format.parameterSets.every((type) => this.#arriving.has(type));
  }

  /** @returns the sets a decoder needs, in order; undefined while a kind is missing */
  current(): Uint8Array[] | undefined {
    const sets: Uint8Array[] = [];
    for (const type of this.#format.parameterSets) {
      const ofType = this.#arriving.get(type) ?? this.#known.get(type);
      if (!ofType) return undefined;
      sets.push(...ofType);
    }
    return sets;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
