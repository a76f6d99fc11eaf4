/** What live pages are sent is put together once for all who get the same. */
import { expect, test } from 'vitest';
import { LIVE_KEY_FLAG, LIVE_LOSS_FLAG, LIVE_MPEG1_FLAG, LIVE_TILE_BYTES } from '../../../src/web/contract.ts';
import { piecesMessage, unitsMessage } from '../../../src/web/live-messages.ts';
import type { LiveUnit } from '../../../src/wall/wall.ts';
import { liveReader } from '../../support/live-message.ts';

const unit = (isKey: boolean, followsLoss: boolean, ...bytes: number[]): LiveUnit => ({
  ...{ codec: 'h264', isKey, followsLoss, rtpTimestamp: 9, arrivedAtMs: 7 },
  bytes: Uint8Array.from(bytes),
});
function read(message: Buffer): { flags: number; atMs: number; mediaTime: number; bytes: number[] }[] {
  const reader = liveReader();
  reader(Buffer.alloc(LIVE_TILE_BYTES));
  return reader(message).map(({ flags, atMs, mediaTime, bytes }) => ({
    ...{ flags, atMs, mediaTime },
    bytes: [...bytes],
  }));
}

test('one message for the same units, with each of them in order', () => {
  const units = [unit(true, false, 1, 2, 3), unit(false, true, 4), unit(false, false)];
  const message = unitsMessage(units);
  expect(unitsMessage(units)).toBe(message);
  expect(unitsMessage([...units])).not.toBe(message);
  expect(read(message)).toEqual([
    { flags: LIVE_KEY_FLAG, atMs: 7, mediaTime: 9, bytes: [1, 2, 3] },
    { flags: LIVE_LOSS_FLAG, atMs: 7, mediaTime: 9, bytes: [4] },
    { flags: 0, atMs: 7, mediaTime: 9, bytes: [] },
  ]);
});

test('pieces of MPEG-1 say that they are', () => {
  const pieces = [{ bytes: Uint8Array.of(71), madeAtMs: 8 }];
  expect(piecesMessage(pieces)).toBe(piecesMessage(pieces));
  expect(read(piecesMessage(pieces))).toEqual([{ flags: LIVE_MPEG1_FLAG, atMs: 8, mediaTime: 0, bytes: [71] }]);
});
