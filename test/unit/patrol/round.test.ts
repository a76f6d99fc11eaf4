import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Round } from '../../../src/patrol/round.ts';
import type { Stop } from '../../../src/patrol/route.ts';

const stop = (id: number): Stop => ({
  ...{ id, name: `${id}`, preset: `${id}`, position: null, zoom: null },
  ...{ dwellS: 5, speed: null, judged: true, viewId: id },
});
const stopsOf = (...ids: number[]): Stop[] => ids.map(stop);
const dice = (seed: number) => (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;

test('stops come in order, over and over, and one that was broken off comes again', () => {
  const route = { randomOrder: false, stops: stopsOf(7, 3, 9) };
  const round = new Round(Math.random);
  const seen: number[] = [];
  for (let i = 0; i < 7; i++) {
    expect(round.stop(route)?.id).toBe(round.stop(route)?.id);
    seen.push(round.stop(route)!.id);
    round.leave(route);
  }
  expect(seen).toEqual([7, 3, 9, 7, 3, 9, 7]);
});

test('goes on after a restart where it was, or from the beginning where that is gone', () => {
  const route = { randomOrder: false, stops: stopsOf(1, 2, 3) };
  expect(new Round(Math.random, 2).stop(route)?.id).toBe(2);
  expect(new Round(Math.random, 8).stop(route)?.id).toBe(1);
});

test('a stop taken out gives its turn to the one that followed it', () => {
  const round = new Round(Math.random);
  const before = { randomOrder: false, stops: stopsOf(1, 2, 3, 4) };
  round.stop(before);
  round.leave(before);
  round.stop(before);
  round.leave(before); // at 2 last
  expect(round.stop({ randomOrder: false, stops: stopsOf(1, 3, 4) })?.id).toBe(3);
  expect(new Round(Math.random).stop({ randomOrder: true, stops: [] })).toBeUndefined();
});

test('in random order each round has every stop once, and never the same stop twice in a row', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.integer(), (count, seed) => {
      const route = { randomOrder: true, stops: stopsOf(...Array.from({ length: count }, (_, i) => i + 1)) };
      const round = new Round(dice(Math.abs(seed)));
      let last = 0;
      for (let r = 0; r < 5; r++) {
        const seen = new Set<number>();
        for (let i = 0; i < count; i++) {
          const { id } = round.stop(route)!;
          expect(id).not.toBe(last);
          seen.add((last = id));
          round.leave(route);
        }
        expect(seen.size).toBe(count);
      }
    }),
  );
});

test('however the route is changed between stops, none that stays on it waits longer than two rounds', () => {
  const change = fc.record({
    random: fc.boolean(),
    ids: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
    visits: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.integer(), (changes, seed) => {
      const round = new Round(dice(Math.abs(seed)));
      for (const { random, ids, visits } of changes) {
        const route = { randomOrder: random, stops: stopsOf(...ids) };
        const seen: number[] = [];
        for (let i = 0; i < visits; i++) {
          seen.push(round.stop(route)!.id);
          round.leave(route);
        }
        if (visits >= 2 * ids.length) expect(new Set(seen)).toEqual(new Set(ids));
      }
    }),
  );
});
