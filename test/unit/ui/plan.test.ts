import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clustersOf, LEVELS, type Spot } from '../../../src/ui/plan/cluster.ts';
import { conePath, headingOf, towards, turned } from '../../../src/ui/plan/cone.ts';
import { useUndo } from '../../../src/ui/plan/undo.ts';

const spots = fc.array(
  fc.record({
    x: fc.integer({ min: 0, max: 1000 }),
    y: fc.integer({ min: 0, max: 1000 }),
    level: fc.constantFrom(...LEVELS),
  }),
  { maxLength: 364 },
);
const named = (all: { x: number; y: number; level: (typeof LEVELS)[number] }[]): Spot<number>[] =>
  all.map((spot, n) => ({ ...spot, key: `c${n}`, item: n }));

describe('clusters on a plan', () => {
  it('lose nobody, stand apart, and bear the worst of what they hold', () => {
    fc.assert(
      fc.property(spots, fc.integer({ min: 1, max: 200 }), (all, apart) => {
        const signs = clustersOf(named(all), apart);
        expect(signs.flatMap(({ items }) => items).sort((a, b) => a - b)).toEqual(all.map((_, n) => n));
        for (const sign of signs) {
          const worst = Math.min(...sign.items.map((n) => LEVELS.indexOf(all[n]?.level ?? 'off')));
          expect(LEVELS.indexOf(sign.level)).toBe(worst);
          for (const other of signs) {
            if (other !== sign) expect(Math.hypot(other.x - sign.x, other.y - sign.y)).toBeGreaterThanOrEqual(apart);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are the same whatever order the cameras come in', () => {
    fc.assert(
      fc.property(spots, (all) => {
        const given = named(all);
        const key = (signs: ReturnType<typeof clustersOf<number>>): string[] =>
          signs.map((sign) => `${sign.key} ${[...sign.items].sort((a, b) => a - b).join()}`).sort();
        expect(key(clustersOf([...given].reverse(), 50))).toEqual(key(clustersOf(given, 50)));
      }),
      { numRuns: 20 },
    );
  });

  it('never swallow the one that is chosen', () => {
    const crowd = named([
      { x: 10, y: 10, level: 'safety' },
      { x: 11, y: 10, level: 'fine' },
      { x: 12, y: 10, level: 'open' },
    ]);
    const signs = clustersOf(crowd, 100, 'c1');
    expect(signs.find(({ key }) => key === 'c1')?.items).toEqual([1]);
    expect(signs.find(({ key }) => key === 'c0')?.items).toEqual([0, 2]);
  });
});

describe('directions on a plan', () => {
  it('are clockwise from the top', () => {
    expect(headingOf(0, 0, 0, -10)).toBeCloseTo(0);
    expect(headingOf(0, 0, 10, 0)).toBeCloseTo(90);
    expect(headingOf(0, 0, 0, 10)).toBeCloseTo(180);
    expect(headingOf(0, 0, -10, 0)).toBeCloseTo(270);
    expect(turned(350, 20)).toBe(10);
    expect(turned(10, -20)).toBe(350);
  });

  it('lead back to where they came from', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 359 }), fc.integer({ min: 1, max: 500 }), (deg, length) => {
        const [x, y] = towards(100, 200, deg, length);
        expect(Math.hypot(x - 100, y - 200)).toBeCloseTo(length, 6);
        expect(Math.abs(turned(headingOf(100, 200, x, y) - deg + 180, 0) - 180)).toBeLessThan(1e-6);
      }),
    );
  });

  it('are drawn as a sector, the long way round where it is wide, and a round where all is seen', () => {
    expect(conePath(0, 0, 0, 90, 100)).toBe('M0 0L-70.7 -70.7A100 100 0 0 1 70.7 -70.7Z');
    expect(conePath(0, 0, 0, 270, 100)).toContain('A100 100 0 1 1');
    expect(conePath(0, 0, 0, 360, 100)).toContain('a100 100 0 1 0 200 0');
  });
});

describe('undoing', () => {
  it('goes back step by step, and keeps a step that fails', async () => {
    const steps = useUndo();
    const undone: string[] = [];
    steps.did({ what: 'a', undo: async () => void undone.push('a') });
    steps.did({ what: 'b', undo: () => Promise.reject(new Error('no line')) });
    await expect(steps.undo()).rejects.toThrow('no line');
    expect(steps.last.value?.what).toBe('b');
    steps.forget();
    expect(await steps.undo()).toBe(false);
    steps.did({ what: 'c', undo: async () => void undone.push('c') });
    expect(await steps.undo()).toBe(true);
    expect(undone).toEqual(['c']);
  });
});
