import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { emptyCounters } from '../../../src/drivers/rtsp/access-unit.ts';
import type { NalCodec } from '../../../src/drivers/rtsp/nal-units.ts';
import {
  RefusedPacketisation,
  RtpDepacketizer,
  type AssembledUnit,
  type Demand,
} from '../../../src/drivers/rtsp/rtp-depacketizer.ts';
import { RtpReceiver } from '../../../src/drivers/rtsp/rtp.ts';
import {
  annexB,
  filler,
  makeNal,
  makeSets,
  makeUnit,
  packetise,
  rtpPacket,
  type MadeUnit,
  type UnitShape,
} from '../../support/rtsp-packets.ts';

interface Sent {
  unit: number;
  packet: Buffer;
}

/** All packets of the units, in order, the marker on each unit's last. */
function send(
  codec: NalCodec,
  units: readonly MadeUnit[],
  options: { mtu?: number; aggregate?: boolean; marker?: boolean; firstSequence?: number } = {},
): Sent[] {
  const { mtu = 200, aggregate = false, marker = true, firstSequence = 65_500 } = options;
  const sent: Sent[] = [];
  units.forEach((made, unit) => {
    const payloads = packetise(codec, made.nals, mtu, aggregate);
    payloads.forEach((payload, index) => {
      const fields = { sequence: firstSequence + sent.length, timestamp: 4_294_960_000 + unit * 6000 };
      sent.push({ unit, packet: rtpPacket(payload, { ...fields, marker: marker && index === payloads.length - 1 }) });
    });
  });
  return sent;
}

function receive(
  codec: NalCodec,
  packets: readonly Buffer[],
  options: { demand?: Demand; sets?: readonly Uint8Array[] } = {},
): { units: AssembledUnit[]; ends: number; damaged: number; depacketizer: RtpDepacketizer } {
  const units: AssembledUnit[] = [];
  const seen = { ends: 0, damaged: 0 };
  const depacketizer = new RtpDepacketizer(codec, options.sets ?? [], {
    onUnit: (unit) => units.push(unit),
    onUnitEnd: () => (seen.ends += 1),
    onDamaged: () => (seen.damaged += 1),
  });
  depacketizer.demand = options.demand ?? 'all';
  const receiver = new RtpReceiver({ payloadType: 96, clockHz: 90_000 }, emptyCounters(), (...payload) =>
    depacketizer.push(...payload),
  );
  for (const packet of packets) {
    const reused = Buffer.from(packet);
    receiver.receive(reused, 0, reused.length, 0);
    reused.fill(0xee);
  }
  return { units, ...seen, depacketizer };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const packetsOf = (sent: readonly Sent[]): Buffer[] => sent.map(({ packet }) => packet);

const codecs: NalCodec[] = ['h264', 'h265'];
const sliceBytes = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 3 });

/** Groups of pictures of one camera: what a key and a delta unit consist of does not change from unit to unit. */
const stream = fc
  .record({
    codec: fc.constantFrom(...codecs),
    delimiter: fc.boolean(),
    sets: fc.boolean(),
    sei: fc.boolean(),
    mtu: fc.integer({ min: 40, max: 500 }),
    aggregate: fc.boolean(),
    groups: fc.array(fc.array(sliceBytes, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
    firstSequence: fc.integer({ min: 0, max: 65_535 }),
  })
  .map((made) => {
    const units = made.groups.flatMap((group, groupIndex) =>
      group.map((slices, index) => {
        const shape: UnitShape = {
          key: index === 0,
          sliceBytes: slices,
          delimiter: made.delimiter,
          sets: made.sets && index === 0,
          sei: made.sei && index === 0,
        };
        return makeUnit(made.codec, shape, groupIndex * 100 + index * 7);
      }),
    );
    return { ...made, units, sets: makeSets(made.codec), setsInBand: made.sets };
  });

/** What a whole unit should come out as. */
function expectedBytes(codec: NalCodec, unit: MadeUnit, setsInBand: boolean): string {
  if (!unit.isKey || setsInBand) return hex(annexB(unit.nals));
  const delimiterType = codec === 'h264' ? 9 : 35;
  const first = unit.nals[0]!;
  const type = codec === 'h264' ? first[0]! & 0x1f : first[0]! >> 1;
  const at = type === delimiterType ? 1 : 0;
  return hex(annexB([...unit.nals.slice(0, at), ...makeSets(codec), ...unit.nals.slice(at)]));
}

describe('packets to units', () => {
  test('what was put into packets comes out, byte for byte', () => {
    fc.assert(
      fc.property(stream, ({ codec, units, mtu, aggregate, sets, setsInBand, firstSequence }) => {
        const sent = send(codec, units, { mtu, aggregate, firstSequence });
        const { units: got, damaged } = receive(codec, packetsOf(sent), { sets });
        expect(got.map(({ bytes }) => hex(bytes))).toEqual(units.map((u) => expectedBytes(codec, u, setsInBand)));
        expect(got.map(({ isKey }) => isKey)).toEqual(units.map(({ isKey }) => isKey));
        expect(got.map(({ rtpTimestamp }) => rtpTimestamp)).toEqual(
          units.map((_, index) => (4_294_960_000 + index * 6000) % 2 ** 32),
        );
        expect(got.every(({ followsLoss }) => !followsLoss)).toBe(true);
        expect(damaged).toBe(0);
      }),
    );
  });

  test('a loss drops the damaged units and no other, and flags what follows until the next key unit', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), (made, drops) => {
        const { codec, units, mtu, aggregate, sets, setsInBand, firstSequence } = made;
        const sent = send(codec, units, { mtu, aggregate, firstSequence });
        // What a unit of each kind begins with is learned from the first two.
        const lost = new Set(drops.map((drop) => drop % sent.length).filter((index) => sent[index]!.unit >= 2));
        const broken = new Set([...lost].map((index) => sent[index]!.unit));
        const { units: got } = receive(codec, packetsOf(sent.filter((_, index) => !lost.has(index))), { sets });

        let chain = false;
        const expected = units.flatMap((unit, index) => {
          if (broken.has(index)) {
            chain = true;
            return [];
          }
          if (unit.isKey) chain = false;
          return [{ bytes: expectedBytes(codec, unit, setsInBand), followsLoss: chain }];
        });
        expect(got.map(({ bytes, followsLoss }) => ({ bytes: hex(bytes), followsLoss }))).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  test('without any marker, the timestamp ends a unit', () => {
    fc.assert(
      fc.property(stream, ({ codec, units, mtu, aggregate, sets, setsInBand }) => {
        const { units: got } = receive(codec, packetsOf(send(codec, units, { mtu, aggregate, marker: false })), {
          sets,
        });
        const expected = units.slice(0, -1).map((unit) => expectedBytes(codec, unit, setsInBand));
        expect(got.map(({ bytes }) => hex(bytes))).toEqual(expected);
      }),
    );
  });

  test('when a key unit alone is wanted, exactly the next one comes', () => {
    fc.assert(
      fc.property(stream, fc.nat(), ({ codec, units, mtu, sets, setsInBand }, at) => {
        const sent = send(codec, units, { mtu });
        const from = at % sent.length;
        const found: string[] = [];
        const depacketizer = new RtpDepacketizer(codec, sets, {
          onUnit(unit) {
            found.push(hex(unit.bytes));
            depacketizer.demand = 'none';
          },
          onUnitEnd() {},
          onDamaged() {},
        });
        const receiver = new RtpReceiver({ payloadType: 96, clockHz: 90_000 }, emptyCounters(), (...payload) =>
          depacketizer.push(...payload),
        );
        sent.forEach(({ packet }, index) => {
          if (index === from) depacketizer.demand = 'key';
          receiver.receive(packet, 0, packet.length, 0);
        });
        // A unit of which a packet had passed already is not the next to begin.
        const begun = from > 0 && sent[from - 1]!.unit === sent[from]!.unit ? sent[from]!.unit + 1 : sent[from]!.unit;
        const next = units.slice(begun).find(({ isKey }) => isKey);
        expect(found).toEqual(next ? [expectedBytes(codec, next, setsInBand)] : []);
      }),
    );
  });

  test('random payloads neither crash nor pile up', () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // Plausible first bytes reach deeper.
      fc
        .tuple(fc.constantFrom(5, 7, 8, 24, 28, 65, 92, 124, 38, 96, 98, 64), fc.uint8Array({ maxLength: 60 }))
        .map(([first, rest]) => Uint8Array.from([first, ...rest])),
    );
    const packet = fc.record({ payload, step: fc.nat(3), tick: fc.nat(1), marker: fc.boolean() });
    fc.assert(
      fc.property(fc.constantFrom(...codecs), fc.array(packet, { maxLength: 60 }), (codec, packets) => {
        let sequence = 0;
        let timestamp = 0;
        const made = packets.map(({ payload, step, tick, marker }) =>
          rtpPacket(payload, { sequence: (sequence += step), timestamp: (timestamp += tick), marker }),
        );
        try {
          for (const unit of receive(codec, made, { sets: makeSets(codec) }).units) {
            expect(hex(unit.bytes.subarray(0, 4))).toBe('00000001');
          }
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RefusedPacketisation);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('while nothing is wanted', () => {
  test.each(codecs)('%s units are counted and not put together', (codec) => {
    const units = [0, 1, 2, 3].map((index) => makeUnit(codec, { key: index === 0, sliceBytes: [700] }, index));
    const { units: got, ends } = receive(codec, packetsOf(send(codec, units)), { demand: 'none' });
    expect(got).toEqual([]);
    expect(ends).toBe(4);
  });

  test('new parameter sets are noticed all the same', () => {
    const other = makeSets('h264', 1);
    const first = { isKey: true, nals: [...other, makeNal('h264', 5, 50, 1)] };
    const second = { isKey: true, nals: [makeNal('h264', 5, 50, 2)] };
    const [before, after] = [packetsOf(send('h264', [first])), packetsOf(send('h264', [first, second]).slice(3))];
    const { units, depacketizer } = receive('h264', before, { demand: 'none', sets: makeSets('h264') });
    depacketizer.demand = 'key';
    const packet = after[0]!;
    depacketizer.push(packet, 12, packet.length, 1, true, false);
    expect(hex(units[0]!.bytes)).toBe(hex(annexB([...other, ...second.nals])));
  });
});

describe('parameter sets', () => {
  test.each(codecs)('%s: those in band replace those of the description from then on', (codec) => {
    const other = makeSets(codec, 1);
    const slice = makeNal(codec, codec === 'h264' ? 5 : 19, 30, 5);
    const units = [
      { isKey: true, nals: [slice] },
      { isKey: true, nals: [...other, slice] },
      { isKey: true, nals: [slice] },
    ];
    const { units: got } = receive(codec, packetsOf(send(codec, units)), { sets: makeSets(codec) });
    expect(got.map(({ bytes }) => hex(bytes))).toEqual([
      hex(annexB([...makeSets(codec), slice])),
      hex(annexB([...other, slice])),
      hex(annexB([...other, slice])),
    ]);
  });

  test('a key unit that can never be decoded is dropped', () => {
    const units = [makeUnit('h264', { key: true, sliceBytes: [30] }, 1)];
    const { units: got, damaged } = receive('h264', packetsOf(send('h264', units)));
    expect(got).toEqual([]);
    expect(damaged).toBe(1);
  });

  test('a marker behind them does not end the unit, nor does a timestamp of their own', () => {
    const [sps, pps] = makeSets('h264') as [Uint8Array, Uint8Array];
    const slice = makeNal('h264', 5, 30, 1);
    const packets = [
      rtpPacket(sps, { sequence: 1, timestamp: 100, marker: true }),
      rtpPacket(pps, { sequence: 2, timestamp: 100, marker: true }),
      rtpPacket(slice, { sequence: 3, timestamp: 200, marker: true }),
    ];
    const { units } = receive('h264', packets);
    expect(units.map(({ bytes, rtpTimestamp }) => [hex(bytes), rtpTimestamp])).toEqual([
      [hex(annexB([sps, pps, slice])), 200],
    ]);
  });

  test('sets and picture sent as one NAL unit with start codes inside are told apart', () => {
    const [sps, pps] = makeSets('h264') as [Uint8Array, Uint8Array];
    const slice = makeNal('h264', 5, 700, 1);
    const joined = annexB([sps, pps, slice]).subarray(4);
    const { units } = receive('h264', packetsOf(send('h264', [{ isKey: true, nals: [joined] }])), { demand: 'key' });
    expect(units).toHaveLength(1);
    expect(units[0]!.isKey).toBe(true);
    expect(hex(units[0]!.bytes)).toBe(hex(annexB([sps, pps, slice])));
  });

  test('a start code at the beginning of a packet is taken off', () => {
    const [sps, pps] = makeSets('h264') as [Uint8Array, Uint8Array];
    const slice = makeNal('h264', 5, 30, 1);
    const nals = [sps, pps, slice].map((nal) => Buffer.concat([Buffer.from([0, 0, 0, 1]), nal]));
    const { units } = receive('h264', packetsOf(send('h264', [{ isKey: true, nals }])));
    expect(units.map(({ bytes }) => hex(bytes))).toEqual([hex(annexB([sps, pps, slice]))]);
  });
});

describe('habits of cameras', () => {
  test('a marker behind each slice: after the first cut picture the timestamp decides', () => {
    const shape = { key: false, sliceBytes: [50, 50] };
    const units = [0, 1, 2, 3].map((index) => makeUnit('h264', shape, index));
    const packets = packetsOf(send('h264', units)).map((packet) => {
      packet[1] = packet[1]! | 0x80;
      return packet;
    });
    const { units: got, damaged } = receive('h264', packets);
    // The first half of the first picture went out before the second half showed what the markers mean.
    expect(got.slice(1).map(({ bytes }) => hex(bytes))).toEqual(units.slice(1, 3).map(({ nals }) => hex(annexB(nals))));
    expect(damaged).toBe(1);
  });

  test.each([
    [25, 'STAP-B'],
    [26, 'MTAP16'],
    [27, 'MTAP24'],
    [29, 'FU-B'],
  ])('H.264 packet kind %i (%s) is refused by name', (type, name) => {
    const packet = rtpPacket(Uint8Array.from([0x60 | type, 0, 0, 1, 2, 3]), { sequence: 1, timestamp: 1 });
    expect(() => receive('h264', [packet], { demand: 'none' })).toThrow(name);
  });

  test('a fragment without a beginning, or one that another NAL unit interrupts, damages the unit', () => {
    const start = Uint8Array.from([0x60 | 28, 0x80 | 5, 0x88, ...filler(20, 1)]);
    const middle = Uint8Array.from([0x60 | 28, 5, ...filler(20, 2)]);
    const slice = makeNal('h264', 5, 20, 3);
    const sets = makeSets('h264');
    const at = (payload: Uint8Array, sequence: number): Buffer =>
      rtpPacket(payload, { sequence, timestamp: 9, marker: sequence === 2 });
    expect(receive('h264', [at(middle, 1), at(slice, 2)], { sets })).toMatchObject({ units: [], damaged: 1 });
    expect(receive('h264', [at(start, 1), at(slice, 2)], { sets })).toMatchObject({ units: [], damaged: 1 });
    expect(receive('h264', [at(start, 1), at(middle, 2)], { sets })).toMatchObject({ units: [], damaged: 1 });
  });

  test('a unit whose parameter sets came apart and damaged is not taken for whole', () => {
    const [sps, pps] = makeSets('h264') as [Uint8Array, Uint8Array];
    const sei = makeNal('h264', 6, 10, 1);
    const slice = makeNal('h264', 5, 20, 2);
    const nals = [sps, pps, sei, slice];
    const packets = [0, 1, 2].flatMap((unit) =>
      nals.map((nal, index) => {
        const timestamp = unit * 100 + (nal === slice ? 1 : 0);
        return rtpPacket(nal, { sequence: unit * 4 + index, timestamp, marker: nal === slice });
      }),
    );
    packets.splice(5, 1);
    const { units, damaged } = receive('h264', packets, { sets: makeSets('h264') });
    expect(units.map(({ rtpTimestamp }) => rtpTimestamp)).toEqual([1, 201]);
    expect(units.map(({ bytes }) => hex(bytes))).toEqual([hex(annexB(nals)), hex(annexB(nals))]);
    expect(damaged).toBe(2);
  });

  test('an aggregation packet with a rest behind its NAL units damages the unit', () => {
    const packet = rtpPacket(Uint8Array.from([0x60 | 24, 0, 2, 0x65, 0x88, 0]), {
      sequence: 1,
      timestamp: 1,
      marker: true,
    });
    expect(receive('h264', [packet], { sets: makeSets('h264') })).toMatchObject({ units: [], damaged: 1 });
  });

  test('a NAL size that points past its aggregation packet damages the unit', () => {
    const packet = rtpPacket(Uint8Array.from([0x60 | 24, 0, 2, 0x65, 0x88, 0, 9, 0x65]), {
      sequence: 1,
      timestamp: 1,
      marker: true,
    });
    expect(receive('h264', [packet], { sets: makeSets('h264') })).toMatchObject({ units: [], damaged: 1 });
  });

  test('a unit without end is dropped at the bound, and the stream goes on', () => {
    const units: AssembledUnit[] = [];
    let damaged = 0;
    const depacketizer = new RtpDepacketizer('h264', makeSets('h264'), {
      onUnit: (unit) => units.push(unit),
      onUnitEnd() {},
      onDamaged: () => (damaged += 1),
    });
    depacketizer.demand = 'all';
    const first = Buffer.from([0x60 | 28, 0x80 | 5, 0x80, ...filler(60_000, 1)]);
    const middle = Buffer.from([0x60 | 28, 5, ...filler(60_000, 2)]);
    depacketizer.push(first, 0, first.length, 1, false, false);
    const before = process.memoryUsage().arrayBuffers;
    for (let sent = 0; sent < LIMITS.accessUnitBytes * 8; sent += middle.length) {
      depacketizer.push(middle, 0, middle.length, 1, false, false);
    }
    // Doubling leaves 16 MiB behind at most; without the bound it would be 128.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LIMITS.accessUnitBytes * 5);
    const slice = Buffer.from(makeNal('h264', 5, 30, 3));
    depacketizer.push(slice, 0, slice.length, 2, true, false);
    expect(damaged).toBe(1);
    expect(units).toHaveLength(1);
  });
});
