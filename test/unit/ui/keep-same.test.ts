/** What has not changed between two answers stays the object it was; what has, and what is new, is the answer's. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepSame } from '../../../src/ui/keep-same.ts';

interface Item {
  readonly id: number;
  readonly text: string;
}

const items = fc.uniqueArray(fc.record({ id: fc.nat(9), text: fc.constantFrom('a', 'b') }), {
  selector: ({ id }) => id,
});
const keyOf = ({ id }: Item): number => id;

describe('a list asked for again', () => {
  it('says what the answer says, in its order', () => {
    fc.assert(
      fc.property(items, items, (before, now) => {
        expect(keepSame(before, now, keyOf)).toEqual(now);
      }),
    );
  });

  it('keeps each item that says what it said, and no other', () => {
    fc.assert(
      fc.property(items, items, (before, now) => {
        for (const [at, item] of keepSame(before, now, keyOf).entries()) {
          const old = before.find(({ id }) => id === item.id);
          expect(item).toBe(old?.text === item.text ? old : now[at]);
        }
      }),
    );
  });

  it('is the answer itself the first time', () => {
    const now = [{ id: 1, text: 'a' }];
    expect(keepSame(undefined, now, keyOf)[0]).toBe(now[0]);
  });
});
