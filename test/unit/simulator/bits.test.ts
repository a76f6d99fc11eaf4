import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { BitReader, BitWriter, escapeNal, unescapeNal } from '../../../src/simulator/bits.ts';

describe('bits', () => {
  it('are read as they were written', () => {
    const item = fc.oneof(
      fc.record({ kind: fc.constant('ue' as const), value: fc.integer({ min: 0, max: 2 ** 30 }) }),
      fc.record({ kind: fc.constant('se' as const), value: fc.integer({ min: -(2 ** 28), max: 2 ** 28 }) }),
      fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 65_535 }) }),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 50 }), (items) => {
        const writer = new BitWriter(1);
        for (const { kind, value } of items) {
          if (kind === 'ue') writer.ue(value);
          else if (kind === 'se') writer.se(value);
          else writer.bits(value, 16);
        }
        const reader = new BitReader(writer.finish());
        for (const { kind, value } of items) {
          expect(kind === 'ue' ? reader.ue() : kind === 'se' ? reader.se() : reader.bits(16)).toBe(value);
        }
        expect(reader.flag()).toBe(true);
      }),
    );
  });

  it('are copied from anywhere to anywhere', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 4, maxLength: 40 }),
        fc.nat(30),
        fc.nat(15),
        fc.nat(),
        (source, from, lead, seed) => {
          const to = from + (seed % (source.length * 8 - from + 1));
          const writer = new BitWriter(1);
          writer.bits(0, lead);
          writer.copy(source, from, to);
          const given = new BitReader(source);
          given.bits(from);
          const copied = new BitReader(writer.finish());
          copied.bits(lead);
          for (let bit = from; bit < to; bit++) expect(copied.flag()).toBe(given.flag());
          expect(copied.flag()).toBe(true);
        },
      ),
    );
  });
});

describe('emulation prevention', () => {
  const zeroes = fc
    .array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 255), { maxLength: 60 })
    .map((bytes) => Uint8Array.from(bytes));

  it('is taken out as it was put in', () => {
    fc.assert(fc.property(zeroes, (raw) => Buffer.from(unescapeNal(escapeNal(raw))).equals(Buffer.from(raw))));
  });

  it('leaves no start code inside', () => {
    fc.assert(
      fc.property(zeroes, (raw) => {
        const nal = escapeNal(raw);
        for (let i = 0; i + 2 < nal.length; i++)
          expect(nal[i] === 0 && nal[i + 1] === 0 && (nal[i + 2] ?? 9) < 3).toBe(false);
      }),
    );
  });
});
