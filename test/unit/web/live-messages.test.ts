/** What live pages are sent is put together once for all who get the same. */
import { expect, test } from 'vitest';
// @ts-expect-error -- exported, and not in its types
import { Receiver } from 'ws';
import { LIVE_KEY_FLAG, LIVE_LOSS_FLAG, LIVE_MPEG1_FLAG, LIVE_TILE_BYTES } from '../../../src/web/contract.ts';
import { piecesFrame, unitsFrame } from '../../../src/web/live-messages.ts';
import type { LiveUnit } from '../../../src/wall/wall.ts';
import { liveReader } from '../../support/live-message.ts';

const unit = (isKey: boolean, followsLoss: boolean, ...bytes: number[]): LiveUnit => ({
  ...{ codec: 'h264', isKey, followsLoss, rtpTimestamp: 9, arrivedAtMs: 7 },
  bytes: Uint8Array.from(bytes),
});
/** What the WebSocket library of others takes a frame for. */
function read(frame: Buffer): { flags: number; atMs: number; mediaTime: number; bytes: number[] }[] {
  const messages: Buffer[] = [];
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    expect(isBinary).toBe(true);
    messages.push(data);
  });
  receiver.write(frame);
  expect(messages).toHaveLength(1);
  const reader = liveReader();
  reader(Buffer.alloc(LIVE_TILE_BYTES));
  return reader(messages[0]!).map(({ flags, atMs, mediaTime, bytes }) => ({
    ...{ flags, atMs, mediaTime },
    bytes: [...bytes],
  }));
}

test('one message for the same units, with each of them in order', () => {
  const units = [unit(true, false, 1, 2, 3), unit(false, true, 4), unit(false, false)];
  const frame = unitsFrame(units);
  expect(unitsFrame(units)).toBe(frame);
  expect(unitsFrame([...units])).not.toBe(frame);
  expect(read(frame)).toEqual([
    { flags: LIVE_KEY_FLAG, atMs: 7, mediaTime: 9, bytes: [1, 2, 3] },
    { flags: LIVE_LOSS_FLAG, atMs: 7, mediaTime: 9, bytes: [4] },
    { flags: 0, atMs: 7, mediaTime: 9, bytes: [] },
  ]);
});

test('pieces of MPEG-1 say that they are', () => {
  const pieces = [{ bytes: Uint8Array.of(71), madeAtMs: 8 }];
  expect(piecesFrame(pieces)).toBe(piecesFrame(pieces));
  expect(read(piecesFrame(pieces))).toEqual([{ flags: LIVE_MPEG1_FLAG, atMs: 8, mediaTime: 0, bytes: [71] }]);
});

test('frames of every length are whole', () => {
  const overhead = 20;
  for (const length of [105, 106, 2 ** 16 - overhead - 1, 2 ** 16 - overhead, 300_000]) {
    const bytes = new Uint8Array(length).map((_, index) => index % 251);
    const [piece, ...more] = read(unitsFrame([{ ...unit(true, false), bytes }]));
    expect(more).toEqual([]);
    expect(Buffer.from(piece!.bytes).equals(bytes)).toBe(true);
  }
});
