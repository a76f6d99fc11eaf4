/** In which order the queue stands, what is folded, and that the help lists every key. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import en from '../../../src/ui/locales/en.ts';
import { hotkeysOf, REVIEW_KEYS, type ReviewAction } from '../../../src/ui/review/keys.ts';
import { bundleOf, compareIn, linesOf, mergedIn, ORDERS, SHOWN_OF_A_RUN } from '../../../src/ui/review/order.ts';
import type { Candidate } from '../../../src/web/contract.ts';

function candidate(
  id: number,
  part: { view?: number; severity?: Candidate['severity']; place?: string } = {},
): Candidate {
  const { view = 1, severity = 'normal', place = `${view}号楼` } = part;
  return {
    ...{ id, severity, state: 'open', box: [0, 0, 1, 1], polygon: [], score: 0.8, occurrences: 4 },
    view: { id: view, name: '' },
    camera: { id: view, name: '', place },
    ...{ firstSeenAt: '', lastSeenAt: '', raisedAt: new Date(id * 60_000).toISOString() },
    ...{ claim: null, verdict: null, seenAt: null, version: 1 },
    pictures: { before: null, after: null, overlay: null },
  };
}

const some = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 1, max: 500 }),
    view: fc.integer({ min: 1, max: 4 }),
    severity: fc.constantFrom('safety' as const, 'high' as const, 'normal' as const),
  }),
  { selector: ({ id }) => id, maxLength: 60 },
);

describe('the order of the queue', () => {
  it('puts safety first, then what is high, the newest of each first', () => {
    const items = [
      candidate(9),
      candidate(1, { severity: 'safety' }),
      candidate(5, { severity: 'high' }),
      candidate(3),
    ];
    expect(items.sort(compareIn('severity')).map(({ id }) => id)).toEqual([1, 5, 9, 3]);
    expect(items.sort(compareIn('newest')).map(({ id }) => id)).toEqual([9, 5, 3, 1]);
  });

  it('takes what arrives to its place, each item once', () => {
    fc.assert(
      fc.property(some, fc.constantFrom(...ORDERS), fc.integer({ min: 0, max: 60 }), (made, order, cut) => {
        const all = made.map(({ id, view, severity }) => candidate(id, { view, severity }));
        const listed = all.slice(cut).sort(compareIn(order));
        const merged = mergedIn(order, listed, all);
        expect(merged).toEqual([...all].sort(compareIn(order)));
      }),
    );
  });
});

describe('the lines of the queue', () => {
  it('lose no item: it is shown, or counted in a bundle', () => {
    fc.assert(
      fc.property(some, fc.constantFrom(...ORDERS), (made, order) => {
        const items = made.map(({ id, view, severity }) => candidate(id, { view, severity })).sort(compareIn(order));
        const lines = linesOf(items, order, new Set(), undefined);
        const shown = lines.filter(({ kind }) => kind === 'item').length;
        const folded = lines.reduce((sum, line) => sum + (line.kind === 'more' && !line.isOpen ? line.count : 0), 0);
        expect(shown + folded).toBe(items.length);
        expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length);
      }),
    );
  });

  it('fold what one view raised many of, until they are opened or one of them is looked at', () => {
    const items = Array.from({ length: 12 }, (_, n) => candidate(20 - n));
    const folded = linesOf(items, 'severity', new Set(), undefined);
    expect(folded.map(({ kind }) => kind)).toEqual([...Array(SHOWN_OF_A_RUN).fill('item'), 'more']);
    expect(folded.at(-1)).toMatchObject({ count: 12 - SHOWN_OF_A_RUN, isOpen: false });
    const opened = linesOf(items, 'severity', new Set([bundleOf(items[0]!)]), undefined);
    expect(opened.filter(({ kind }) => kind === 'item')).toHaveLength(12);
    expect(linesOf(items, 'severity', new Set(), items[7]!.id).filter(({ kind }) => kind === 'item')).toHaveLength(12);
    expect(linesOf(items, 'severity', new Set(), items[1]!.id)).toHaveLength(SHOWN_OF_A_RUN + 1);
    // One more than is shown is not worth a line.
    expect(linesOf(items.slice(0, SHOWN_OF_A_RUN + 1), 'severity', new Set(), undefined)).toHaveLength(4);
  });

  it('stand under their places, with how many there are', () => {
    const items = [candidate(1, { view: 2 }), candidate(2, { view: 1 }), candidate(3, { view: 2 })].sort(
      compareIn('place'),
    );
    const lines = linesOf(items, 'place', new Set(), undefined);
    expect(
      lines.map((line) => (line.kind === 'place' ? `${line.candidate.camera.place} ${line.count}` : 'item')),
    ).toEqual(['1号楼 1', 'item', '2号楼 2', 'item', 'item']);
  });
});

describe('the keys', () => {
  it('are each bound once, and each is in the help', () => {
    const keys = REVIEW_KEYS.flatMap((entry) => [...entry.keys]);
    expect(new Set(keys).size).toBe(keys.length);
    const acts = Object.fromEntries(REVIEW_KEYS.map(({ what }) => [what, () => undefined])) as unknown as Record<
      ReviewAction,
      () => void
    >;
    expect(Object.keys(hotkeysOf(acts)).sort()).toEqual(keys.sort());
    for (const { what } of REVIEW_KEYS) expect(en.help).toHaveProperty(what);
  });
});
