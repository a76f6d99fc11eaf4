import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Clock } from '../../../src/base/clock.ts';
import { Channel, groupsInTurn } from '../../../src/simulator/channel.ts';
import type { PreparedGroup } from '../../../src/simulator/clip.ts';
import { prepareFrame, type PreparedFrame } from '../../../src/simulator/rtp.ts';
import { ManualClock } from '../../support/clock.ts';

interface Packet {
  sequence: number;
  timestamp: number;
  marker: boolean;
  payload: Buffer;
}

function packetsOf(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    expect(bytes[at]).toBe(0x24);
    packets.push({
      sequence: bytes.readUInt16BE(at + 6),
      timestamp: bytes.readUInt32BE(at + 8),
      marker: ((bytes[at + 5] ?? 0) & 0x80) !== 0,
      payload: bytes.subarray(at + 16, at + 4 + length),
    });
    at += 4 + length;
  }
  return packets;
}

/** NAL units put together again from single packets and FU-A (RFC 6184 section 5.8). */
function nalsOf(packets: readonly Packet[]): Buffer[] {
  const nals: Buffer[] = [];
  for (const { payload } of packets) {
    const [indicator = 0, header = 0] = payload;
    if ((indicator & 0x1f) !== 28) nals.push(payload);
    else if ((header & 0x80) !== 0)
      nals.push(Buffer.concat([Buffer.from([(indicator & 0xe0) | (header & 0x1f)]), payload.subarray(2)]));
    else nals.push(Buffer.concat([nals.pop() ?? Buffer.alloc(0), payload.subarray(2)]));
  }
  return nals;
}

function group(mark: number): PreparedGroup {
  return {
    frames: Array.from({ length: 5 }, (_, i) => prepareFrame([Buffer.from([i === 0 ? 0x65 : 0x41, mark, i])], i === 0)),
  };
}

class Ear {
  readonly frames: { packets: Packet[]; frame: PreparedFrame }[] = [];
  readonly reports: Buffer[] = [];
  onFrame(bytes: Buffer, frame: PreparedFrame): void {
    this.frames.push({ packets: packetsOf(bytes), frame });
  }
  onReport(bytes: Buffer): void {
    this.reports.push(bytes);
  }
}

describe('packets', () => {
  it('hold the access unit they were cut from', () => {
    const nal = fc.uint8Array({ minLength: 2, maxLength: 6000 }).map((bytes) => Buffer.from([0x65, ...bytes]));
    fc.assert(
      fc.property(fc.array(nal, { minLength: 1, maxLength: 4 }), (nals) => {
        const packets = packetsOf(prepareFrame(nals, true).bytes);
        expect(Buffer.concat(nalsOf(packets)).equals(Buffer.concat(nals))).toBe(true);
        expect(packets.map(({ marker }) => marker)).toEqual(packets.map((_, index) => index === packets.length - 1));
        for (const { payload } of packets) expect(payload.length).toBeLessThanOrEqual(1400);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a channel', () => {
  it('changes its scene at a key frame, numbers and times running on', async () => {
    const clock = new ManualClock();
    let mark = 1;
    const channel = new Channel({
      clock,
      fps: 5,
      originMs: 0,
      seed: 7,
      pictures: groupsInTurn(5, () => group(mark)),
    });
    const ear = new Ear();
    channel.join(ear);
    await clock.advance(2_500);
    mark = 2;
    await clock.advance(3_000);

    const marks = ear.frames.map(({ packets }) => packets[0]!.payload[1]);
    const change = marks.indexOf(2);
    expect(ear.frames[change]!.frame.isKey).toBe(true);
    expect(marks.slice(0, change).every((one) => one === 1)).toBe(true);
    expect(marks.slice(change).every((one) => one === 2)).toBe(true);
    const packets = ear.frames.flatMap(({ packets }) => packets);
    packets.slice(1).forEach((packet, index) => {
      expect(packet.sequence).toBe((packets[index]!.sequence + 1) & 0xffff);
      expect(packet.timestamp).toBe((packets[index]!.timestamp + 18_000) % 2 ** 32);
    });
    expect(packets.length).toBeGreaterThanOrEqual(26);
  });

  it('sends all listeners the same bytes', async () => {
    const clock = new ManualClock();
    const channel = new Channel({ clock, fps: 5, originMs: 0, seed: 1, pictures: groupsInTurn(5, () => group(1)) });
    const buffers: Buffer[][] = [[], []];
    for (const list of buffers) channel.join({ onFrame: (bytes) => list.push(bytes), onReport: () => {} });
    await clock.advance(1_000);
    expect(buffers[0]!.length).toBe(5);
    buffers[0]!.forEach((bytes, index) => expect(bytes).toBe(buffers[1]![index]));
  });

  it('reports the camera’s own time with its first frame and every five seconds', async () => {
    const clock = new ManualClock(Date.UTC(2026, 5, 1));
    const channel = new Channel({
      clock,
      fps: 5,
      originMs: 0,
      seed: 1,
      pictures: groupsInTurn(5, () => group(1)),
      clockOffsetMs: () => 2_500,
    });
    const ear = new Ear();
    channel.join(ear);
    await clock.advance(11_000);
    expect(ear.reports).toHaveLength(3);
    const report = ear.reports[0]!;
    expect(report.subarray(0, 6)).toEqual(Buffer.from([0x24, 1, 0, 48, 0x80, 200]));
    const reportedMs = (report.readUInt32BE(12) - 2_208_988_800) * 1000 + (report.readUInt32BE(16) / 2 ** 32) * 1000;
    expect(reportedMs).toBeCloseTo(Date.UTC(2026, 5, 1) + 200 + 2_500, 0);
    expect(report.readUInt32BE(20)).toBe(ear.frames[0]!.packets[0]!.timestamp);
    expect(report.readUInt32BE(24)).toBe(1);
    expect(report.readUInt32BE(28)).toBe(3);
  });

  it('sends nothing while nothing is to be seen, and goes on after', async () => {
    const clock = new ManualClock();
    let there = true;
    const channel = new Channel({
      clock,
      fps: 5,
      originMs: 0,
      seed: 1,
      pictures: groupsInTurn(5, () => (there ? group(1) : undefined)),
    });
    const ear = new Ear();
    channel.join(ear);
    await clock.advance(900);
    there = false;
    await clock.advance(1_000);
    const before = ear.frames.length;
    await clock.advance(1_000);
    expect(ear.frames.length).toBe(before);
    there = true;
    await clock.advance(2_000);
    expect(ear.frames[before]!.frame.isKey).toBe(true);
  });

  it('rests while nobody listens', async () => {
    const clock = new ManualClock();
    let asked = 0;
    const channel = new Channel({
      clock,
      fps: 5,
      originMs: 0,
      seed: 1,
      pictures: groupsInTurn(5, () => (asked++, group(1))),
    });
    const ear = new Ear();
    await clock.advance(5_000);
    expect(asked).toBe(0);
    channel.join(ear);
    await clock.advance(1_000);
    channel.leave(ear);
    const before = asked;
    await clock.advance(10_000);
    expect(asked).toBe(before);
  });

  it('leaves out what it missed when it was held up', () => {
    let nowMs = 0;
    let run = (): void => {};
    const late: Clock = {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      after: (_delayMs, next) => {
        run = next;
        return { cancel: () => {} };
      },
      every: () => ({ cancel: () => {} }),
      sleep: () => Promise.resolve(),
    };
    const channel = new Channel({
      clock: late,
      fps: 5,
      originMs: 0,
      seed: 1,
      pictures: groupsInTurn(5, () => group(1)),
    });
    const ear = new Ear();
    channel.join(ear);
    nowMs = 200;
    run();
    nowMs = 60_200;
    run();
    expect(ear.frames).toHaveLength(2);
    expect(ear.frames[1]!.packets[0]!.timestamp - ear.frames[0]!.packets[0]!.timestamp).toBe(60 * 90_000);
  });
});
