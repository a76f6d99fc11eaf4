/**
 * What live pages are sent, laid out as `contract-live.ts` says. Those who look at the same stream are handed the same
 * pictures at one time, and need the same bytes: these are put together once, however many look.
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
export function unitsMessage(units: readonly LiveUnit[]): Buffer {
  return messageOf(units, ({ isKey, followsLoss, arrivedAtMs, rtpTimestamp }) => ({
    flags: (isKey ? LIVE_KEY_FLAG : 0) | (followsLoss ? LIVE_LOSS_FLAG : 0),
    ...{ atMs: arrivedAtMs, mediaTime: rtpTimestamp },
  }));
}

/** @param pieces not changed afterwards */
export function piecesMessage(pieces: readonly Mpeg1Piece[]): Buffer {
  return messageOf(pieces, ({ madeAtMs }) => ({ flags: LIVE_MPEG1_FLAG, atMs: madeAtMs, mediaTime: 0 }));
}

function messageOf<Piece extends { readonly bytes: Uint8Array }>(
  pieces: readonly Piece[],
  headerOf: (piece: Piece) => Header,
): Buffer {
  const before = made.get(pieces);
  if (before) return before;
  const message = Buffer.concat(pieces.flatMap((piece) => [written(headerOf(piece), piece.bytes.length), piece.bytes]));
  made.set(pieces, message);
  return message;
}

function written({ flags, atMs, mediaTime }: Header, length: number): Buffer {
  const header = Buffer.alloc(LIVE_HEADER_BYTES);
  header[0] = flags;
  header.writeDoubleBE(atMs, 4);
  header.writeUInt32BE(mediaTime >>> 0, 12);
  header.writeUInt32BE(length, 16);
  return header;
}
