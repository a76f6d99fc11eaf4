/** Reads the binary messages of a live line, as `src/web/contract-live.ts` lays them out. */
import { LIVE_HEADER_BYTES, LIVE_TILE_BYTES } from '../../src/web/contract.ts';

export interface LivePiece {
  readonly tile: number;
  readonly flags: number;
  readonly atMs: number;
  readonly mediaTime: number;
  readonly bytes: Buffer;
}

/** @returns what is to be given one message after another, and gives what each brings */
export function liveReader(): (message: Buffer) => readonly LivePiece[] {
  let tile: number | undefined;
  return (message) => {
    if (message.length !== LIVE_TILE_BYTES) return piecesIn(message, tile);
    tile = message.readUInt16BE(0);
    return [];
  };
}

function piecesIn(message: Buffer, tile: number | undefined): readonly LivePiece[] {
  if (tile === undefined) throw new RangeError('a live message came before it was said of which tile');
  const pieces: LivePiece[] = [];
  for (let at = 0; at < message.length;) {
    const begin = at + LIVE_HEADER_BYTES;
    const end = begin + message.readUInt32BE(at + 16);
    if (end > message.length) throw new RangeError(`a piece of the live message at ${at} ends behind it`);
    pieces.push({
      tile,
      flags: message[at]!,
      atMs: message.readDoubleBE(at + 4),
      mediaTime: message.readUInt32BE(at + 12),
      bytes: message.subarray(begin, end),
    });
    at = end;
  }
  return pieces;
}
