/** Reads a binary message of the live line, as `src/web/contract-live.ts` lays it out. */
import { LIVE_HEADER_BYTES, LIVE_TILE_BYTES } from '../../src/web/contract.ts';

export interface LiveMessage {
  readonly tile: number;
  readonly pieces: readonly LivePiece[];
}

export interface LivePiece {
  readonly flags: number;
  readonly atMs: number;
  readonly mediaTime: number;
  readonly bytes: Buffer;
}

export function liveMessageIn(message: Buffer): LiveMessage {
  const pieces: LivePiece[] = [];
  for (let at = LIVE_TILE_BYTES; at < message.length;) {
    const begin = at + LIVE_HEADER_BYTES;
    const end = begin + message.readUInt32BE(at + 16);
    if (end > message.length) throw new RangeError(`a piece of the live message at ${at} ends behind it`);
    pieces.push({
      flags: message[at]!,
      atMs: message.readDoubleBE(at + 4),
      mediaTime: message.readUInt32BE(at + 12),
      bytes: message.subarray(begin, end),
    });
    at = end;
  }
  return { tile: message.readUInt16BE(0), pieces };
}
