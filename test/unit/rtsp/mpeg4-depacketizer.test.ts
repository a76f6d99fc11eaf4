/** MPEG-4 Visual out of RTP: what is whole comes out as it went in, what is not does not come out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { Mpeg4Depacketizer } from '../../../src/drivers/rtsp/mpeg4-depacketizer.ts';
import type { AssembledUnit, Demand } from '../../../src/drivers/rtsp/rtp-depacketizer.ts';
import { filler } from '../../support/rtsp-packets.ts';

const code = (kind: number, ...body: number[]): Buffer => Buffer.from([0, 0, 1, kind, ...body]);
/** Visual object sequence, visual object, video object, layer. */
const CONFIGURATION = Buffer.concat([code(0xb0, 0xf3), code(0xb5, 0x09), code(0x00), code(0x20, 0x08, 0xd4, 0x8d)]);
const GROUP = code(0xb3, 0x10, 0x07);
const picture = (isKey: boolean, bytes: number, seed: number): Buffer =>
  Buffer.concat([code(0xb6, isKey ? 0x10 : 0x50), filler(bytes, seed)]);

interface Packet {
  unit: number;
  payload: Buffer;
  marker: boolean;
}

function packetsOf(units: readonly Buffer[], mtu: number): Packet[] {
  return units.flatMap((bytes, unit) => {
    // A header that does not fit comes in a packet of its own, so the cuts are made behind it alone.
    const first = Math.max(mtu, bytes.indexOf(Buffer.from([0, 0, 1, 0xb6])) + 5);
    const cuts = [0, first];
    while ((cuts.at(-1) ?? 0) + mtu < bytes.length) cuts.push((cuts.at(-1) ?? 0) + mtu);
    const starts = cuts.filter((at) => at < bytes.length);
    return starts.map((at, index) => ({
      ...{ unit, payload: bytes.subarray(at, starts[index + 1] ?? bytes.length) },
      marker: index === starts.length - 1,
    }));
  });
}

function receive(
  packets: readonly (Packet | undefined)[],
  { demand = 'all', configuration = [] }: { demand?: Demand; configuration?: Buffer[] } = {},
): { units: AssembledUnit[]; ends: number; damaged: number } {
  const units: AssembledUnit[] = [];
  const seen = { ends: 0, damaged: 0 };
  const depacketizer = new Mpeg4Depacketizer(configuration, {
    onUnit: (unit) => units.push(unit),
    onUnitEnd: () => (seen.ends += 1),
    onDamaged: () => (seen.damaged += 1),
  });
  depacketizer.demand = demand;
  let lost = false;
  for (const packet of packets) {
    if (packet) {
      const reused = Buffer.concat([Buffer.from([9, 9]), packet.payload]);
      depacketizer.push(reused, 2, reused.length, packet.unit * 6000, packet.marker, lost);
      reused.fill(0xee);
    }
    lost = packet === undefined;
  }
  return { units, ...seen };
}

const stream = fc.record({
  groups: fc.array(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 2, maxLength: 5 }), {
    minLength: 1,
    maxLength: 4,
  }),
  isInBand: fc.boolean(),
  hasGroup: fc.boolean(),
  mtu: fc.integer({ min: 40, max: 400 }),
});

function unitsOf({ groups, isInBand, hasGroup }: { groups: number[][]; isInBand: boolean; hasGroup: boolean }) {
  return groups.flatMap((sizes, group) =>
    sizes.map((bytes, index) => {
      const isKey = index === 0;
      const head = [...(isKey && isInBand ? [CONFIGURATION] : []), ...(isKey && hasGroup ? [GROUP] : [])];
      return { isKey, bytes: Buffer.concat([...head, picture(isKey, bytes, group * 10 + index)]) };
    }),
  );
}

test('a stream comes out as it was sent, each key unit with the configuration', () => {
  fc.assert(
    fc.property(stream, ({ mtu, ...made }) => {
      const sent = unitsOf(made);
      const packets = packetsOf(
        sent.map(({ bytes }) => bytes),
        mtu,
      );
      const { units, ends, damaged } = receive(packets, { configuration: made.isInBand ? [] : [CONFIGURATION] });
      expect(ends).toBe(sent.length);
      expect(damaged).toBe(0);
      expect(units.map(({ isKey, followsLoss }) => ({ isKey, followsLoss }))).toEqual(
        sent.map(({ isKey }) => ({ isKey, followsLoss: false })),
      );
      const wanted = sent.map(({ isKey, bytes }) =>
        isKey && !made.isInBand ? Buffer.concat([CONFIGURATION, bytes]) : bytes,
      );
      expect(units.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual(
        wanted.map((bytes) => bytes.toString('hex')),
      );
    }),
  );
});

test('whatever is lost, what comes out is whole, and what may depend on it says so until the next key unit', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(60), { minLength: 1, maxLength: 4 }), ({ mtu, ...made }, lost) => {
      const sent = unitsOf({ ...made, isInBand: true });
      const packets = packetsOf(
        sent.map(({ bytes }) => bytes),
        mtu,
      );
      const gone = new Set(lost.map((at) => at % packets.length));
      const { units } = receive(packets.map((packet, at) => (gone.has(at) ? undefined : packet)));
      const whole = new Set(sent.map(({ bytes }) => bytes.toString('hex')));
      for (const { bytes } of units) expect(whole.has(Buffer.from(bytes).toString('hex'))).toBe(true);
      const lossAt = Math.min(...[...gone].map((at) => packets[at]?.unit ?? 0));
      const nextKey = sent.findIndex(({ isKey }, at) => isKey && at > lossAt);
      for (const unit of units) {
        const at = unit.rtpTimestamp / 6000;
        if (at > lossAt && (nextKey < 0 || at < nextKey)) expect(unit.followsLoss).toBe(true);
        if (unit.isKey) expect(unit.followsLoss).toBe(false);
      }
    }),
  );
});

test('only what is wanted is kept: nothing, or key units alone', () => {
  const sent = unitsOf({
    groups: [
      [50, 60],
      [70, 80, 90],
    ],
    isInBand: true,
    hasGroup: true,
  });
  const packets = packetsOf(
    sent.map(({ bytes }) => bytes),
    40,
  );
  expect(receive(packets, { demand: 'none' })).toMatchObject({ units: [], ends: 5, damaged: 0 });
  expect(receive(packets, { demand: 'key' }).units.map(({ isKey }) => isKey)).toEqual([true, true]);
});

test('configuration that came once in band goes before later key units; without any a key unit is none', () => {
  const first = unitsOf({ groups: [[50]], isInBand: true, hasGroup: false });
  const later = unitsOf({ groups: [[60], [70]], isInBand: false, hasGroup: false });
  const all = packetsOf(
    [...first, ...later].map(({ bytes }) => bytes),
    400,
  );
  const { units } = receive(all);
  expect(units.map(({ bytes }) => Buffer.from(bytes).subarray(0, CONFIGURATION.length).equals(CONFIGURATION))).toEqual([
    true,
    true,
    true,
  ]);
  const alone = packetsOf(
    later.map(({ bytes }) => bytes),
    400,
  );
  expect(receive(alone)).toMatchObject({ units: [], damaged: 2 });
});

test('a unit that never ends is dropped at the limit', () => {
  const part = { unit: 0, payload: Buffer.alloc(64 * 1024, 7), marker: false };
  const count = Math.ceil(LIMITS.accessUnitBytes / part.payload.length) + 2;
  const packets = [{ unit: 0, payload: Buffer.concat([CONFIGURATION, picture(true, 10, 1)]), marker: false }];
  for (let n = 0; n < count; n++) packets.push(part);
  packets.push({ unit: 1, payload: Buffer.concat([CONFIGURATION, picture(true, 10, 2)]), marker: true });
  const { units, damaged } = receive(packets);
  expect(damaged).toBe(1);
  expect(units).toHaveLength(1);
});

test('any payload is read without an exception', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ unit: fc.nat(5), payload: fc.uint8Array({ maxLength: 60 }), marker: fc.boolean() })),
      (packets) => {
        receive(packets.map((packet) => ({ ...packet, payload: Buffer.from(packet.payload) })));
      },
    ),
  );
});
