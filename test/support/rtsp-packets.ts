/**
 * A camera's packets, made up: NAL units with real headers and meaningless slices, and RTP packetisers written from the
 * RFCs, apart from the code under test.
 */
import type { NalCodec } from '../../src/drivers/rtsp/nal-units.ts';

export interface MadeUnit {
  isKey: boolean;
  nals: Uint8Array[];
}

/** Bytes in which no start code can occur. */
export function filler(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = 1 + ((state >>> 24) % 255);
  }
  return bytes;
}

/** A NAL unit of `type`; `first` sets the bit that says a slice begins its picture. */
export function makeNal(codec: NalCodec, type: number, bodyBytes: number, seed: number, first = true): Uint8Array {
  const body = filler(Math.max(1, bodyBytes), seed);
  body[0] = first ? body[0]! | 0x80 : body[0]! & 0x7f;
  const header = codec === 'h264' ? [0x60 | type] : [type << 1, 1];
  return Uint8Array.from([...header, ...body]);
}

const TYPES = {
  h264: { sets: [7, 8], key: 5, delta: 1, delimiter: 9, sei: 6 },
  h265: { sets: [32, 33, 34], key: 19, delta: 1, delimiter: 35, sei: 39 },
} as const;

export interface UnitShape {
  key: boolean;
  sliceBytes: number[];
  delimiter?: boolean;
  sets?: boolean;
  sei?: boolean;
}

/** One access unit in decoding order: delimiter, parameter sets, SEI, slices. */
export function makeUnit(codec: NalCodec, shape: UnitShape, seed: number): MadeUnit {
  const types = TYPES[codec];
  const nals: Uint8Array[] = [];
  if (shape.delimiter) nals.push(makeNal(codec, types.delimiter, 1, 7));
  if (shape.sets) nals.push(...makeSets(codec));
  if (shape.sei) nals.push(makeNal(codec, types.sei, 20, seed));
  shape.sliceBytes.forEach((bytes, index) =>
    nals.push(makeNal(codec, shape.key ? types.key : types.delta, bytes, seed + index, index === 0)),
  );
  return { isKey: shape.key, nals };
}

/** The parameter sets of the made-up stream; `variant` tells one configuration from another. */
export function makeSets(codec: NalCodec, variant = 0): Uint8Array[] {
  return TYPES[codec].sets.map((type) => makeNal(codec, type, 12, 1000 + type + 100 * variant));
}

export function annexB(nals: readonly Uint8Array[]): Buffer {
  return Buffer.concat(nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]));
}

export interface RtpFields {
  sequence: number;
  timestamp: number;
  marker?: boolean;
  payloadType?: number;
  ssrc?: number;
}

export function rtpPacket(payload: Uint8Array, fields: RtpFields): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (fields.marker ? 0x80 : 0) | (fields.payloadType ?? 96);
  header.writeUInt16BE(fields.sequence & 0xffff, 2);
  header.writeUInt32BE(fields.timestamp >>> 0, 4);
  header.writeUInt32BE(fields.ssrc ?? 0x11223344, 8);
  return Buffer.concat([header, payload]);
}

/** Payloads of one unit: NAL units beyond `mtu` in fragments, small neighbours together where `aggregate`. */
export function packetise(codec: NalCodec, nals: readonly Uint8Array[], mtu: number, aggregate = false): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let together: Uint8Array[] = [];
  const flush = (): void => {
    if (together.length === 1) payloads.push(together[0]!);
    if (together.length > 1) payloads.push(aggregation(codec, together));
    together = [];
  };
  for (const nal of nals) {
    const used = together.reduce((sum, other) => sum + other.length + 2, codec === 'h264' ? 1 : 2);
    if (aggregate && used + nal.length + 2 <= mtu) {
      together.push(nal);
      continue;
    }
    flush();
    if (aggregate && nal.length + 4 <= mtu) together.push(nal);
    else if (nal.length <= mtu) payloads.push(nal);
    else payloads.push(...fragments(codec, nal, mtu));
  }
  flush();
  return payloads;
}

function aggregation(codec: NalCodec, nals: readonly Uint8Array[]): Uint8Array {
  const header = codec === 'h264' ? [0x60 | 24] : [48 << 1, 1];
  const parts = nals.flatMap((nal) => [Uint8Array.from([nal.length >> 8, nal.length & 0xff]), nal]);
  return Buffer.concat([Uint8Array.from(header), ...parts]);
}

function fragments(codec: NalCodec, nal: Uint8Array, mtu: number): Uint8Array[] {
  const first = nal[0]!;
  const headerBytes = codec === 'h264' ? 1 : 2;
  const type = codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f;
  const indicator = codec === 'h264' ? [(first & 0xe0) | 28] : [(first & 0x81) | (49 << 1), nal[1]!];
  const room = mtu - indicator.length - 1;
  const payloads: Uint8Array[] = [];
  for (let at = headerBytes; at < nal.length; at += room) {
    const end = Math.min(nal.length, at + room);
    const flags = (at === headerBytes ? 0x80 : 0) | (end === nal.length ? 0x40 : 0);
    payloads.push(Uint8Array.from([...indicator, flags | type, ...nal.subarray(at, end)]));
  }
  return payloads;
}

/** `$`, channel, length, packet (RFC 2326 section 10.12). */
export function interleaved(channel: number, packet: Uint8Array): Buffer {
  const frame = Buffer.alloc(4);
  frame[0] = 0x24;
  frame[1] = channel;
  frame.writeUInt16BE(packet.length, 2);
  return Buffer.concat([frame, packet]);
}

/** An RTCP sender report without report blocks (RFC 3550 section 6.4.1). */
export function senderReport(utcMs: number, rtpTimestamp: number, ssrc = 0x11223344): Buffer {
  const packet = Buffer.alloc(28);
  packet[0] = 0x80;
  packet[1] = 200;
  packet.writeUInt16BE(6, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE((Math.floor(utcMs / 1000) + 2_208_988_800) >>> 0, 8);
  packet.writeUInt32BE(Math.floor(((utcMs % 1000) / 1000) * 2 ** 32) >>> 0, 12);
  packet.writeUInt32BE(rtpTimestamp >>> 0, 16);
  return packet;
}

export function goodbye(ssrc = 0x11223344): Buffer {
  const packet = Buffer.alloc(8);
  packet[0] = 0x81;
  packet[1] = 203;
  packet.writeUInt16BE(1, 2);
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}
