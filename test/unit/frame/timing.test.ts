import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../../src/base/picture.ts';
import { nextDueMs, spreadS } from '../../../src/frame/frame.ts';
import { syntheticPicture } from '../../support/coded.ts';

test('looks keep their beat: the next one is in the future, on the beat, and no more than one cadence away', () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(1e7), fc.integer({ min: 1000, max: 3_600_000 }), (dueMs, lateMs, cadenceMs) => {
      const next = nextDueMs(dueMs, dueMs + lateMs, cadenceMs);
      expect(next).toBeGreaterThan(dueMs + lateMs);
      expect(next).toBeLessThanOrEqual(dueMs + lateMs + cadenceMs);
      expect((next - dueMs) % cadenceMs).toBe(0);
    }),
  );
});

test('364 views looked at every 10 s are spread: no second has more than its share and a little', () => {
  const perSecond = new Array<number>(10).fill(0);
  for (let viewId = 1; viewId <= 364; viewId++) perSecond[Math.floor(spreadS(viewId, 10))]!++;
  expect(Math.max(...perSecond)).toBeLessThanOrEqual(39);
  expect(Math.min(...perSecond)).toBeGreaterThanOrEqual(34);
});

test('one changed block changes the digest', () => {
  const picture = syntheticPicture(640, 360);
  const before = digestOf(picture);
  expect(digestOf(syntheticPicture(640, 360))).toBe(before);
  picture.rgb.fill(255, 300_000, 300_060);
  expect(digestOf(picture)).not.toBe(before);
});
