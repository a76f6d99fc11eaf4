import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyCounters } from '../../../src/drivers/rtsp/access-unit.ts';
import { RtpReceiver } from '../../../src/drivers/rtsp/rtp.ts';
import { rtpPacket } from '../../support/rtsp-packets.ts';

interface Payload {
  text: string;
  timestamp: number;
  marker: boolean;
  lost: boolean;
}

function receiver(): { rtp: RtpReceiver; got: Payload[]; counters: ReturnType<typeof emptyCounters> } {
  const got: Payload[] = [];
  const counters = emptyCounters();
  const rtp = new RtpReceiver(
    { payloadType: 96, clockHz: 90_000 },
    counters,
    (bytes, start, end, timestamp, marker, lost) =>
      got.push({ text: bytes.toString('latin1', start, end), timestamp, marker, lost }),
  );
  return { rtp, got, counters };
}

function feed(rtp: RtpReceiver, packet: Buffer, arrivedMs = 0): void {
  rtp.receive(packet, 0, packet.length, arrivedMs);
}

const packet = (text: string, sequence: number, more: object = {}): Buffer =>
  rtpPacket(Buffer.from(text), { sequence, timestamp: 5, ...more });

test('header extension, contributing sources and padding are taken off (RFC 3550 section 5.1)', () => {
  const { rtp, got } = receiver();
  const plain = packet('payload', 1);
  plain[0] = 0x80 | 0x20 | 0x10 | 2;
  const full = Buffer.concat([
    plain.subarray(0, 12),
    Buffer.alloc(8, 0xcc),
    Buffer.from([0xbe, 0xde, 0, 2]),
    Buffer.alloc(8, 0xdd),
    plain.subarray(12),
    Buffer.from([0, 0, 3]),
  ]);
  feed(rtp, full);
  expect(got).toEqual([{ text: 'payload', timestamp: 5, marker: false, lost: false }]);
});

test('malformed packets are counted and handed on to nobody', () => {
  const { rtp, got, counters } = receiver();
  const of = (first: number, length: number): Buffer => {
    const made = Buffer.alloc(length);
    if (length > 0) made[0] = first;
    if (length > 1) made[1] = 96;
    return made;
  };
  const padded = Buffer.concat([packet('ab', 1).subarray(0, 12), Buffer.from([0, 200])]);
  padded[0] = 0xa0;
  const padNothing = Buffer.concat([packet('ab', 1).subarray(0, 12), Buffer.from([1, 0])]);
  padNothing[0] = 0xa0;
  const malformed = [of(0, 0), of(0x80, 5), of(0x40, 20), of(0x8f, 20), of(0x90, 12), of(0x90, 13), padded, padNothing];
  for (const one of malformed) feed(rtp, one);
  expect(counters.packetsMalformed).toBe(malformed.length);
  expect(got).toEqual([]);
});

test('random bytes never crash', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (packets) => {
      const { rtp } = receiver();
      for (const bytes of packets) feed(rtp, Buffer.from(bytes));
      rtp.report(undefined);
    }),
  );
});

test('a gap is told with the next payload, over the wrap too', () => {
  const { rtp, got, counters } = receiver();
  for (const sequence of [65_534, 65_535, 0, 3, 4]) feed(rtp, packet(String(sequence), sequence));
  expect(got.map(({ text, lost }) => [text, lost])).toEqual([
    ['65534', false],
    ['65535', false],
    ['0', false],
    ['3', true],
    ['4', false],
  ]);
  expect(counters.packetsLost).toBe(2);
});

test('duplicates and late packets are left out', () => {
  const { rtp, got } = receiver();
  for (const sequence of [10, 11, 11, 9, 10, 11, 12]) feed(rtp, packet(String(sequence), sequence));
  expect(got.map(({ text, lost }) => [text, lost])).toEqual([
    ['10', false],
    ['11', false],
    ['12', false],
  ]);
});

test('a far jump is a stray packet once, and a new beginning when it goes on (RFC 3550 appendix A.1)', () => {
  const { rtp, got } = receiver();
  for (const sequence of [10, 30_000, 11, 40_000, 40_001, 40_002]) feed(rtp, packet(String(sequence), sequence));
  expect(got.map(({ text, lost }) => [text, lost])).toEqual([
    ['10', false],
    ['11', false],
    ['40001', true],
    ['40002', false],
  ]);
});

test('another source takes over with a loss', () => {
  const { rtp, got } = receiver();
  feed(rtp, packet('a', 10));
  feed(rtp, packet('b', 900, { ssrc: 7 }));
  expect(got.map(({ lost }) => lost)).toEqual([false, true]);
  expect(rtp.ssrc).toBe(7);
});

test('other payload types and empty packets keep the count and are not payload', () => {
  const { rtp, got } = receiver();
  feed(rtp, packet('a', 1));
  feed(rtp, packet('x', 2, { payloadType: 107 }));
  feed(rtp, packet('', 3));
  feed(rtp, packet('b', 4));
  expect(got.map(({ text, lost }) => [text, lost])).toEqual([
    ['a', false],
    ['b', false],
  ]);
  expect(rtp.otherPayloadType).toBe(107);
});

test('the report says what was lost since the last (RFC 3550 appendix A.3)', () => {
  const { rtp } = receiver();
  expect(rtp.report(undefined)).toBeUndefined();
  for (const sequence of [65_533, 65_534, 1, 2]) feed(rtp, packet('x', sequence));
  expect(rtp.report({ compactNtp: 0xabcd, agoMs: 500 })).toEqual({
    ssrc: 0x11223344,
    // Two of six.
    fractionLost: Math.floor((2 * 256) / 6),
    cumulativeLost: 2,
    highestSequence: 65_536 + 2,
    jitter: 0,
    lastSenderReport: 0xabcd,
    delaySinceLastSenderReport: 32_768,
  });
  feed(rtp, packet('x', 3));
  expect(rtp.report(undefined)).toMatchObject({ fractionLost: 0, cumulativeLost: 2, lastSenderReport: 0 });
});

test('even arrival is no jitter, uneven arrival is (RFC 3550 appendix A.8)', () => {
  const even = receiver();
  const uneven = receiver();
  for (let index = 0; index < 50; index += 1) {
    const one = (): Buffer => packet('x', index, { timestamp: (4_294_900_000 + index * 3600) >>> 0 });
    feed(even.rtp, one(), index * 40);
    feed(uneven.rtp, one(), index * 40 + (index % 2) * 10);
  }
  expect(even.rtp.report(undefined)?.jitter).toBe(0);
  // Ten ms at 90 kHz are 900 ticks; the running mean comes near.
  expect(uneven.rtp.report(undefined)?.jitter).toBeGreaterThan(800);
  expect(uneven.rtp.report(undefined)?.jitter).toBeLessThanOrEqual(900);
});
