/**
 * As much H.264 syntax as it takes to add rows of macroblocks above a picture that is already coded: sequence parameter
 * sets, picture parameter sets and slice headers (ITU-T H.264 clauses 7.3.2.1, 7.3.2.2 and 7.3.3). Only progressive,
 * CAVLC coded streams without B or weighted slices are understood, which is how the estate's recordings are made.
 */
import { BitReader, BitWriter, escapeNal, unescapeNal } from './bits.ts';

export interface SequenceParameters {
  readonly frameNumberBits: number;
  /** 0 or 2; 0 has `orderBits` bits of order count in each slice. */
  readonly orderType: number;
  readonly orderBits: number;
  readonly widthMbs: number;
  readonly heightMbs: number;
  /** Bits of the set before and after the height, for {@link withRowsAdded}. */
  readonly heightFrom: number;
  readonly heightTo: number;
}

/** A stream that is coded otherwise than this module understands. */
export class UnsupportedSyntax extends Error {}

/** Profiles whose sets begin with the chroma format. */
const HIGH_PROFILES = [100, 110, 122, 244, 44, 83, 86, 118, 128];

export function readSequenceParameters(sps: Uint8Array): SequenceParameters {
  const bits = new BitReader(unescapeNal(sps));
  bits.bits(8);
  const profile = bits.bits(8);
  bits.bits(16);
  bits.ue();
  if (HIGH_PROFILES.includes(profile)) {
    if (bits.ue() !== 1) throw new UnsupportedSyntax('chroma other than 4:2:0');
    bits.ue();
    bits.ue();
    bits.flag();
    if (bits.flag()) throw new UnsupportedSyntax('scaling matrices');
  }
  const frameNumberBits = bits.ue() + 4;
  const orderType = bits.ue();
  if (orderType !== 0 && orderType !== 2) throw new UnsupportedSyntax(`order count type ${orderType}`);
  const orderBits = orderType === 0 ? bits.ue() + 4 : 0;
  bits.ue();
  bits.flag();
  const widthMbs = bits.ue() + 1;
  const heightFrom = bits.position;
  const heightMbs = bits.ue() + 1;
  const heightTo = bits.position;
  if (!bits.flag()) throw new UnsupportedSyntax('interlace');
  return { frameNumberBits, orderType, orderBits, widthMbs, heightMbs, heightFrom, heightTo };
}

/** The same set for a picture of `rows` more macroblock rows. */
export function withRowsAdded(sps: Uint8Array, rows: number): Buffer {
  const { heightMbs, heightFrom, heightTo } = readSequenceParameters(sps);
  const raw = unescapeNal(sps);
  const writer = new BitWriter(raw.length + 4);
  writer.copy(raw, 0, heightFrom);
  writer.ue(heightMbs + rows - 1);
  writer.copy(raw, heightTo, stopBitOf(raw));
  return escapeNal(writer.finish());
}

/** @throws UnsupportedSyntax where slices would have more in their headers than {@link Slice} reads */
export function checkPictureParameters(pps: Uint8Array): void {
  const bits = new BitReader(unescapeNal(pps));
  bits.bits(8);
  bits.ue();
  bits.ue();
  if (bits.flag()) throw new UnsupportedSyntax('CABAC');
  if (bits.flag()) throw new UnsupportedSyntax('order counts of fields');
  if (bits.ue() !== 0) throw new UnsupportedSyntax('slice groups');
  bits.ue();
  bits.ue();
  if (bits.flag()) throw new UnsupportedSyntax('weighted prediction');
  bits.bits(2);
  bits.se();
  bits.se();
  bits.se();
  if (!bits.flag()) throw new UnsupportedSyntax('no say over the deblocking filter');
  bits.flag();
  if (bits.flag()) throw new UnsupportedSyntax('redundant pictures');
}

const P_SLICES = [0, 5];
const I_SLICES = [2, 7];
const KEY_SLICE = 5;
/** disable_deblocking_filter_idc: not at all, and not across the slice's edges. */
const DEBLOCK = { off: 1, insideSlice: 2 } as const;

/** One coded slice, its header read. */
export class Slice {
  readonly isKey: boolean;
  readonly #raw: Uint8Array;
  /** Bit positions: after first_mb_in_slice, of disable_deblocking_filter_idc, and of the slice's data. */
  readonly #afterFirst: number;
  readonly #deblock: number;
  readonly #data: number;
  readonly #firstMb: number;

  constructor(nal: Uint8Array, sequence: SequenceParameters) {
    this.#raw = unescapeNal(nal);
    const bits = new BitReader(this.#raw);
    const header = bits.bits(8);
    this.isKey = (header & 0x1f) === KEY_SLICE;
    this.#firstMb = bits.ue();
    this.#afterFirst = bits.position;
    const type = bits.ue();
    if (![...P_SLICES, ...I_SLICES].includes(type)) throw new UnsupportedSyntax(`slice type ${type}`);
    bits.ue();
    bits.bits(sequence.frameNumberBits);
    if (this.isKey) bits.ue();
    bits.bits(sequence.orderBits);
    if (P_SLICES.includes(type)) {
      if (bits.flag()) bits.ue();
      if (bits.flag()) throw new UnsupportedSyntax('reordered references');
    }
    if ((header & 0x60) !== 0) {
      if (this.isKey) bits.bits(2);
      else if (bits.flag()) throw new UnsupportedSyntax('reference marking');
    }
    bits.se();
    this.#deblock = bits.position;
    if (bits.ue() !== 1) {
      bits.se();
      bits.se();
    }
    this.#data = bits.position;
  }

  /** The same slice `macroblocks` further down, cut off from what lies above. */
  movedBy(macroblocks: number): Buffer {
    const writer = this.#head(this.#firstMb + macroblocks, DEBLOCK.insideSlice);
    writer.se(0);
    writer.se(0);
    writer.copy(this.#raw, this.#data, stopBitOf(this.#raw));
    return escapeNal(writer.finish());
  }

  /** A slice of the same picture that begins at macroblock 0 and whose data `write` gives. */
  topSlice(write: (writer: BitWriter) => void): Buffer {
    const writer = this.#head(0, DEBLOCK.off);
    write(writer);
    return escapeNal(writer.finish());
  }

  #head(firstMb: number, deblock: number): BitWriter {
    const writer = new BitWriter(this.#raw.length + 16);
    writer.copy(this.#raw, 0, 8);
    writer.ue(firstMb);
    writer.copy(this.#raw, this.#afterFirst, this.#deblock);
    writer.ue(deblock);
    return writer;
  }
}

/** Where rbsp_stop_one_bit stands: the last bit that is set. */
function stopBitOf(raw: Uint8Array): number {
  let at = raw.length - 1;
  while (at > 0 && raw[at] === 0) at--;
  const byte = raw[at] ?? 0x80;
  return at * 8 + 7 - Math.log2(byte & -byte);
}
