import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentinelError } from '../../../src/base/errors.ts';
import type { VerdictKind } from '../../../src/drivers/postgres/schema.ts';
import {
  checkClaim,
  checkDecision,
  checkRelease,
  checkUndo,
  holderOf,
  LAWFUL_VERDICTS,
  type ReviewItem,
} from '../../../src/review/review.ts';

const NOW_MS = Date.UTC(2026, 10, 24);
const VERDICTS: VerdictKind[] = ['violation', 'false_alarm', 'permitted', 'duplicate', 'transferred'];

const userIds = fc.integer({ min: 1, max: 4 });
const reviewers = fc.record({ userId: userIds, isAdmin: fc.boolean() });
const claims = fc.option(
  fc.record({
    userId: userIds,
    by: fc.constant('王敏'),
    untilMs: fc.integer({ min: NOW_MS - 5_000, max: NOW_MS + 5_000 }),
  }),
  { nil: null },
);
const items: fc.Arbitrary<ReviewItem> = fc
  .record({
    id: fc.integer({ min: 1, max: 1000 }),
    verdict: fc.option(fc.constantFrom(...VERDICTS), { nil: null }),
    version: fc.integer({ min: 1, max: 9 }),
    claim: claims,
  })
  .map((item) => ({ ...item, state: item.verdict === null ? ('open' as const) : ('decided' as const) }));

function codeOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SentinelError) return thrown.code;
    throw thrown;
  }
}

describe('who holds an item', () => {
  it('is nobody once the claim has run out', () => {
    const item: ReviewItem = {
      id: 1,
      state: 'open',
      verdict: null,
      version: 1,
      claim: { userId: 2, by: '王敏', untilMs: NOW_MS },
    };
    expect(holderOf(item, NOW_MS - 1)?.userId).toBe(2);
    expect(holderOf(item, NOW_MS)).toBeNull();
  });

  it('lets an item be claimed exactly when it is open and nobody else holds it', () => {
    fc.assert(
      fc.property(items, reviewers, (item, reviewer) => {
        const holder = holderOf(item, NOW_MS);
        const free = item.state === 'open' && (holder === null || holder.userId === reviewer.userId);
        expect(codeOf(() => checkClaim(item, reviewer, NOW_MS)) === undefined).toBe(free);
      }),
    );
  });

  it('lets a claim be given back by its holder and by an administrator only', () => {
    fc.assert(
      fc.property(items, reviewers, (item, reviewer) => {
        const holder = holderOf(item, NOW_MS);
        const may = item.state === 'open' && holder !== null && (holder.userId === reviewer.userId || reviewer.isAdmin);
        expect(codeOf(() => checkRelease(item, reviewer, NOW_MS)) === undefined).toBe(may);
      }),
    );
  });
});

describe('deciding', () => {
  const open: ReviewItem = { id: 7, state: 'open', verdict: null, version: 3, claim: null };
  const me = { userId: 1, isAdmin: false };
  const decide = (decision: Partial<Parameters<typeof checkDecision>[1]>, other?: ReviewItem, item = open) =>
    codeOf(() =>
      checkDecision(
        item,
        { verdict: 'violation', reason: '', duplicateOf: undefined, version: item.version, ...decision },
        other,
        me,
        NOW_MS,
      ),
    );

  it('needs a reason for what makes a picture lawful', () => {
    for (const verdict of VERDICTS) {
      const other: ReviewItem = { ...open, id: 8 };
      const duplicateOf = verdict === 'duplicate' ? 8 : undefined;
      expect(decide({ verdict, reason: ' \n', duplicateOf }, other)).toBe(
        LAWFUL_VERDICTS.has(verdict) ? 'review.reason_missing' : undefined,
      );
      expect(decide({ verdict, reason: '有许可证', duplicateOf }, other)).toBeUndefined();
    }
  });

  it('refuses a version that is no longer the present one', () => {
    expect(decide({ version: 2 })).toBe('review.changed');
    expect(decide({ version: 4 })).toBe('review.changed');
  });

  it('refuses what is decided or held by another', () => {
    expect(decide({}, undefined, { ...open, state: 'decided', verdict: 'violation' })).toBe('review.decided');
    const claim = { userId: 2, by: '王敏', untilMs: NOW_MS + 1 };
    expect(decide({}, undefined, { ...open, claim })).toBe('review.held');
    expect(decide({}, undefined, { ...open, claim: { ...claim, userId: 1 } })).toBeUndefined();
    expect(decide({}, undefined, { ...open, claim: { ...claim, untilMs: NOW_MS } })).toBeUndefined();
  });

  it('lets a duplicate name another item that is neither a duplicate nor a false alarm', () => {
    expect(decide({ verdict: 'duplicate' })).toBe('review.duplicate_unnamed');
    expect(decide({ duplicateOf: 8 }, { ...open, id: 8 })).toBe('review.duplicate_unasked');
    expect(decide({ verdict: 'duplicate', duplicateOf: 8 })).toBe('review.duplicate_invalid');
    expect(decide({ verdict: 'duplicate', duplicateOf: 7 }, open)).toBe('review.duplicate_invalid');
    for (const verdict of [null, ...VERDICTS]) {
      const other: ReviewItem = { ...open, id: 8, verdict, state: verdict === null ? 'open' : 'decided' };
      const refused = verdict === 'duplicate' || verdict === 'false_alarm';
      expect(decide({ verdict: 'duplicate', duplicateOf: 8 }, other)).toBe(
        refused ? 'review.duplicate_invalid' : undefined,
      );
    }
  });
});

describe('taking back', () => {
  it('is for the one who decided and for administrators, for as long as configured', () => {
    fc.assert(
      fc.property(items, reviewers, userIds, fc.integer({ min: 0, max: 120 }), (item, reviewer, decidedBy, agoS) => {
        const standing = { decidedBy, by: '王敏', decidedAtMs: NOW_MS - agoS * 1000 };
        const may = item.state === 'decided' && (decidedBy === reviewer.userId || reviewer.isAdmin) && agoS <= 60;
        expect(codeOf(() => checkUndo(item, standing, reviewer, NOW_MS, 60)) === undefined).toBe(may);
      }),
    );
  });
});
