import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newCanonicalName, readRtcp, writeReceiverReport } from '../../../src/drivers/rtsp/rtcp.ts';
import { goodbye, senderReport } from '../../support/rtsp-packets.ts';

const NOW_MS = Date.UTC(2026, 5, 1);

test('a sender report gives the camera clock and the media clock of one instant', () => {
  const utcMs = Date.UTC(2026, 5, 1, 3, 4, 5, 678);
  const bytes = senderReport(utcMs, 123_456);
  const { senderReports } = readRtcp(bytes, 0, bytes.length, NOW_MS);
  expect(senderReports).toHaveLength(1);
  expect(senderReports[0]!.wallClockMs).toBeCloseTo(utcMs, 3);
  expect(senderReports[0]!.rtpTimestamp).toBe(123_456);
  expect(senderReports[0]!.compactNtp).toBe(bytes.readUInt32BE(10));
});

test('time since start, as of a camera without a clock, is no wall clock (RFC 3550 section 6.4.1)', () => {
  const bytes = senderReport(0, 1);
  bytes.writeUInt32BE(3600, 8);
  expect(readRtcp(bytes, 0, bytes.length, NOW_MS).senderReports[0]!.wallClockMs).toBeUndefined();
  bytes.fill(0, 8, 16);
  expect(readRtcp(bytes, 0, bytes.length, NOW_MS).senderReports[0]!.wallClockMs).toBeUndefined();
});

test('a clock that was reset to 1970 is one, with a large error', () => {
  const bytes = senderReport(5_000, 1);
  expect(readRtcp(bytes, 0, bytes.length, NOW_MS).senderReports[0]!.wallClockMs).toBe(5_000);
});

test('the count of seconds that runs over in 2036 goes on', () => {
  const utcMs = Date.UTC(2037, 0, 1);
  const bytes = senderReport(utcMs, 1);
  expect(readRtcp(bytes, 0, bytes.length, utcMs + 1000).senderReports[0]!.wallClockMs).toBe(utcMs);
});

test('a compound packet is read whole, and goodbyes are found', () => {
  const bytes = Buffer.concat([senderReport(NOW_MS, 1), writeReceiverReport(1, 'x', undefined), goodbye(77)]);
  const content = readRtcp(bytes, 0, bytes.length, NOW_MS);
  expect(content.senderReports).toHaveLength(1);
  expect(content.goodbyes).toEqual([77]);
});

test('random bytes never crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const made = Buffer.from(bytes);
      if (made.length > 1) made[0] = 0x80 | (made[0]! & 0x3f);
      if (made.length > 1) made[1] = 200 + (made[1]! % 5);
      readRtcp(made, 0, made.length, NOW_MS);
    }),
  );
});

test('a receiver report is laid out as RFC 3550 sections 6.4.2 and 6.5 draw it', () => {
  const name = newCanonicalName();
  const bytes = writeReceiverReport(0x01020304, name, {
    ssrc: 0x0a0b0c0d,
    fractionLost: 85,
    cumulativeLost: -2,
    highestSequence: 70_000,
    jitter: 9,
    lastSenderReport: 0x11111111,
    delaySinceLastSenderReport: 65_536,
  });
  expect(bytes.length % 4).toBe(0);
  expect(bytes.subarray(0, 4).toString('hex')).toBe('81c90007');
  expect(bytes.readUInt32BE(4)).toBe(0x01020304);
  expect(bytes.readUInt32BE(8)).toBe(0x0a0b0c0d);
  expect(bytes[12]).toBe(85);
  expect(bytes.readIntBE(13, 3)).toBe(-2);
  expect(bytes.readUInt32BE(16)).toBe(70_000);
  expect(bytes.readUInt32BE(28)).toBe(65_536);
  const description = bytes.subarray(32);
  expect([description[0], description[1]]).toEqual([0x81, 202]);
  expect(description.readUInt16BE(2)).toBe(description.length / 4 - 1);
  expect([description[8], description[9]]).toEqual([1, name.length]);
  expect(description.toString('ascii', 10, 10 + name.length)).toBe(name);
  // The chunk ends with at least one zero.
  expect(description[10 + name.length]).toBe(0);
  const padding = description.subarray(10 + name.length);
  expect(padding.every((byte) => byte === 0)).toBe(true);
  expect(padding.length).toBeLessThanOrEqual(4);
});

test.each([1, 2, 3, 4, 5, 6, 7])('a name of %i characters fills whole words', (length) => {
  const bytes = writeReceiverReport(1, 'n'.repeat(length), undefined);
  expect(bytes.length % 4).toBe(0);
  expect(bytes.length).toBe(8 + 4 * (1 + bytes.readUInt16BE(10)));
  expect(bytes[bytes.length - 1]).toBe(0);
});
