import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { automaticTurn, takeoverPlace, type AssignedScreen } from '../../../src/wall/screen.ts';

const screen = (number: number, change: Partial<AssignedScreen> = {}): AssignedScreen => ({
  ...{ number, takeover: 'none', automaticTiles: 12, turnS: 30 },
  ...change,
});
const cameras = (count: number): number[] => Array.from({ length: count }, (_, at) => 100 + at);

describe('cameras in turn', () => {
  it('stand still where one turn shows them all', () => {
    const turn = automaticTurn(cameras(12), [screen(1)], 1, 123_456_789);
    expect(turn).toEqual({ cameraIds: cameras(12), turn: 1, of: 1, untilMs: null });
  });

  it('change when their time is over, not before', () => {
    const at = (ms: number) => automaticTurn(cameras(40), [screen(1)], 1, ms);
    expect(at(29_999).cameraIds).toEqual(at(0).cameraIds);
    expect(at(0).untilMs).toBe(30_000);
    expect(at(30_000).cameraIds).not.toEqual(at(0).cameraIds);
  });

  it('are all seen over the turns, by the screens together', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), sizes, (count, each) => {
        const screens = each.map((automaticTiles, at) => screen(at + 1, { automaticTiles }));
        const seen = new Set<number>();
        const { of } = automaticTurn(cameras(count), screens, 1, 0);
        for (let step = 0; step < of; step++) {
          for (const { number } of screens) {
            const { cameraIds } = automaticTurn(cameras(count), screens, number, step * 30_000);
            expect(new Set(cameraIds).size).toBe(cameraIds.length);
            for (const id of cameraIds) seen.add(id);
          }
        }
        expect(seen.size).toBe(count);
      }),
    );
  });

  it('are never on two screens at once while there are enough', () => {
    const screens = Array.from({ length: 20 }, (_, at) => screen(at + 1));
    for (const nowMs of [0, 31_000, 3_333_333]) {
      const shown = screens.flatMap(({ number }) => automaticTurn(cameras(364), screens, number, nowMs).cameraIds);
      expect(new Set(shown).size).toBe(240);
    }
  });

  it('are none on a screen that shows something else', () => {
    expect(automaticTurn(cameras(5), [screen(1, { automaticTiles: 0 })], 1, 0).cameraIds).toEqual([]);
    expect(automaticTurn([], [screen(1)], 1, 0).cameraIds).toEqual([]);
  });
});

describe('whose panel an alert takes', () => {
  it('is that of the first screen set so for the gravest, and so on', () => {
    const screens = [screen(7, { takeover: 'safety' }), screen(3), screen(2, { takeover: 'all' })];
    expect(takeoverPlace(screens, 2)).toBe(0);
    expect(takeoverPlace(screens, 7)).toBe(1);
    expect(takeoverPlace(screens, 3)).toBeUndefined();
  });
});
