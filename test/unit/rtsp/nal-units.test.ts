import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { findStartCode, nalFormatOf, ParameterSets, trimNal } from '../../../src/drivers/rtsp/nal-units.ts';
import { makeNal, makeSets } from '../../support/rtsp-packets.ts';

test('a start code is found where a plain search finds it', () => {
  const bytes = fc.array(fc.constantFrom(0, 1, 2, 3, 255), { maxLength: 40 }).map((values) => Buffer.from(values));
  fc.assert(
    fc.property(bytes, fc.nat(10), fc.nat(40), (made, from, to) => {
      const end = Math.min(to, made.length);
      const plain = made.subarray(0, end).indexOf(Buffer.from([0, 0, 1]), from);
      expect(findStartCode(made, from, end)).toBe(from > end ? -1 : plain);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['00000001 6742', '6742'],
  ['000001 6742', '6742'],
  ['6742 00000001', '6742'],
  ['6742 00', '6742'],
  ['6742 000001 68aa', '6742'],
  ['0000 6742', '00006742'],
  ['', ''],
  ['00', ''],
])('%s without what does not belong to it is %s', (given, left) => {
  expect(Buffer.from(trimNal(Buffer.from(given.replaceAll(' ', ''), 'hex'))).toString('hex')).toBe(left);
});

test('parameter sets that arrive replace those of their kind once their unit is over', () => {
  const format = nalFormatOf('h264');
  const [sps, pps] = makeSets('h264') as [Uint8Array, Uint8Array];
  const [newSps] = makeSets('h264', 1) as [Uint8Array, Uint8Array];
  const sets = new ParameterSets(format, [sps, pps]);
  expect(sets.current()).toEqual([sps, pps]);
  sets.note(newSps);
  sets.note(makeNal('h264', 5, 10, 1));
  expect(sets.arrivedComplete).toBe(false);
  expect(sets.current()).toEqual([newSps, pps]);
  sets.commit();
  const second = makeSets('h264', 2)[1]!;
  sets.note(pps);
  sets.note(second);
  sets.note(pps);
  sets.commit();
  expect(sets.current()).toEqual([newSps, pps, second]);
});

test('what is kept has a bound, and is a copy', () => {
  const sets = new ParameterSets(nalFormatOf('h264'), []);
  expect(sets.current()).toBeUndefined();
  for (let seed = 0; seed < 100; seed += 1) sets.note(makeNal('h264', 7, 10, seed));
  sets.note(makeNal('h264', 7, LIMITS.parameterSetBytes, 1));
  const pps = Buffer.from(makeNal('h264', 8, 10, 1));
  const kept = Buffer.from(pps);
  sets.note(pps);
  pps.fill(0);
  expect(sets.current()).toHaveLength(LIMITS.parameterSets + 1);
  expect(Buffer.from(sets.current()!.at(-1)!).equals(kept)).toBe(true);
});
