/**
 * What live pages are sent, laid out as `contract-live.ts` says. Those who look at the same stream are handed the same
 * pictures at one time, and need the same bytes: these are put together once, however many look, as the frame that goes
 * down the line (RFC 6455, 5.2): a WebSocket library would make a frame of them for each.
 */
import type { LiveUnit, Mpeg1Piece } from '../wall/wall.ts';
import { LIVE_HEADER_BYTES, LIVE_KEY_FLAG, LIVE_LOSS_FLAG, LIVE_MPEG1_FLAG } from './contract.ts';

interface Header {
  /** Of `contract-live.ts`. */
  readonly flags: number;
  /** UTC ms. */
  readonly atMs: number;
  /** 90 kHz, wraps. */
  readonly mediaTime: number;
}

/** By what it is made of, as long as anybody holds that. */
const made = new WeakMap<object, Buffer>();

/** @param units not changed afterwards */
export function unitsFrame(units: readonly LiveUnit[]): Buffer {
  return frameOf(units, ({ isKey, followsLoss, arrivedAtMs, rtpTimestamp }) => ({
    flags: (isKey ? LIVE_KEY_FLAG : 0) | (followsLoss ? LIVE_LOSS_FLAG : 0),
    ...{ atMs: arrivedAtMs, mediaTime: rtpTimestamp },
  }));
}

/** @param pieces not changed afterwards */
export function piecesFrame(pieces: readonly Mpeg1Piece[]): Buffer {
  return frameOf(pieces, ({ madeAtMs }) => ({ flags: LIVE_MPEG1_FLAG, atMs: madeAtMs, mediaTime: 0 }));
}

function frameOf<Piece extends { readonly bytes: Uint8Array }>(
  pieces: readonly Piece[],
  headerOf: (piece: Piece) => Header,
): Buffer {
  const before = made.get(pieces);
  if (before) return before;
  const parts = pieces.flatMap((piece) => [written(headerOf(piece), piece.bytes.length), piece.bytes]);
  const frame = Buffer.concat([frameHeader(parts.reduce((sum, { length }) => sum + length, 0)), ...parts]);
  made.set(pieces, frame);
  return frame;
}

/** RFC 6455 section 5.2: a whole binary message, which a server does not mask. */
const WHOLE_BINARY = 0x82;
const LENGTH_IN_2 = 126;
const LENGTH_IN_8 = 127;

function frameHeader(length: number): Buffer {
  if (length < LENGTH_IN_2) return Buffer.of(WHOLE_BINARY, length);
  const isShort = length < 2 ** 16;
  const header = Buffer.alloc(isShort ? 4 : 10);
  header[0] = WHOLE_BINARY;
  header[1] = isShort ? LENGTH_IN_2 : LENGTH_IN_8;
  if (isShort) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

function written({ flags, atMs, mediaTime }: Header, length: number): Buffer {
  const header = Buffer.alloc(LIVE_HEADER_BYTES);
  header[0] = flags;
  header.writeDoubleBE(atMs, 4);
  header.writeUInt32BE(mediaTime >>> 0, 12);
  header.writeUInt32BE(length, 16);
  return header;
}
