import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recentre } from '../../../src/patrol/recentre.ts';

const RULES = { from: 0.015, upTo: 0.08 };

test('is worth it between the bounds, and beyond them nothing is judged', () => {
  const recentre = new Recentre(RULES);
  expect([0.01, 0.02, 0.08, 0.09].map((right) => recentre.isWorth(1, { right, up: 0 }))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(recentre.isWithin({ right: 0.01, up: -0.09 })).toBe(false);
});

test('learns how far a picture’s width is to turn, of whatever lens', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.2, max: 4, noNaN: true }),
      fc.double({ min: 0.2, max: 4, noNaN: true }),
      fc.array(
        fc.tuple(fc.double({ min: -0.08, max: 0.08, noNaN: true }), fc.double({ min: -0.08, max: 0.08, noNaN: true })),
        {
          minLength: 12,
          maxLength: 20,
        },
      ),
      (pan, tilt, offsets) => {
        const recentre = new Recentre(RULES);
        // A lens whose picture is so much wider, or narrower, than the one guessed at.
        const width = { pan: (60 / 180) * pan, tilt: (34 / 90) * tilt };
        const usable = offsets.filter(([right, up]) => Math.abs(right) > 0.02 && Math.abs(up) > 0.02);
        if (usable.length < 6) return;
        let after = { right: 0, up: 0 };
        usable.forEach(([right, up], view) => {
          const move = recentre.moveFor({ right, up }, 0);
          after = { right: right - move.pan / width.pan, up: up - move.tilt / width.tilt };
          recentre.learn(view, { right, up }, after, false);
        });
        expect(Math.max(Math.abs(after.right), Math.abs(after.up))).toBeLessThan(0.02);
      },
    ),
  );
});

test('a stop that is not brought back by two moves is left alone, the others not', () => {
  const recentre = new Recentre(RULES);
  const off = { right: 0.05, up: 0 };
  for (let i = 0; i < 2; i++) {
    expect(recentre.isWorth(7, off)).toBe(true);
    recentre.learn(7, off, off, true);
  }
  expect(recentre.isWorth(7, off)).toBe(false);
  expect(recentre.isWorth(8, off)).toBe(true);
});

test('a narrower picture needs a smaller turn', () => {
  const recentre = new Recentre(RULES);
  const wide = recentre.moveFor({ right: 0.05, up: 0.02 }, 0);
  const narrow = recentre.moveFor({ right: 0.05, up: 0.02 }, 0.5);
  expect(narrow.pan).toBeLessThan(wide.pan / 5);
  expect(wide).toMatchObject({ zoom: 0 });
  expect(wide.pan).toBeGreaterThan(0);
});
