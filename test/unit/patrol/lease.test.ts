import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askForLease, isHand, isSameHolder, standingAt, type Holder, type Lease } from '../../../src/patrol/lease.ts';

const holder = (kind: Holder['kind'], userId: number | null = null): Holder => ({
  ...{ kind, userId, routeId: kind === 'route' ? 1 : null, name: `${kind} ${userId}`, purpose: '' },
});
const route = holder('route');
const li = holder('operator', 1);
const wang = holder('operator', 2);
const team = holder('enforcement', 3);

function leaseOf(asker: Holder, nowMs = 0, forMs = 10_000): Lease {
  const answer = askForLease(undefined, asker, nowMs, forMs);
  if (!answer.granted) throw new Error('a free turret was refused');
  return answer.lease;
}

test('a hand takes the turret from the patrol at once, and the patrol does not take it back', () => {
  const taken = askForLease(leaseOf(route), li, 1_000, 60_000);
  expect(taken).toMatchObject({ granted: true, ousted: route, lease: { name: li.name, expiresAtMs: 61_000 } });
  expect(askForLease(leaseOf(li), route, 1_000, 10_000)).toMatchObject({ granted: false, standing: li });
  expect(askForLease(leaseOf(li), holder('system'), 1_000, 10_000).granted).toBe(false);
});

test('two people do not drive one dome; the enforcement team goes before an operator', () => {
  expect(askForLease(leaseOf(li), wang, 1_000, 10_000)).toMatchObject({ granted: false, standing: li });
  expect(askForLease(leaseOf(li), team, 1_000, 10_000)).toMatchObject({ granted: true, ousted: li });
  expect(askForLease(leaseOf(team), li, 1_000, 10_000).granted).toBe(false);
});

test('one’s own lease is prolonged and keeps its beginning', () => {
  const again = askForLease(leaseOf(li), li, 5_000, 10_000);
  expect(again).toMatchObject({ granted: true, ousted: undefined, lease: { takenAtMs: 0, expiresAtMs: 15_000 } });
});

test('a lease ends by itself', () => {
  expect(standingAt(leaseOf(li), 9_999)).toBeDefined();
  expect(standingAt(leaseOf(li), 10_000)).toBeUndefined();
  expect(askForLease(leaseOf(team), route, 10_000, 10_000)).toMatchObject({ granted: true, ousted: undefined });
});

test('whatever is asked in whatever order, a standing lease only goes to its own holder or to a higher standing', () => {
  const holders = [
    route,
    holder('system'),
    holder('system', 4),
    li,
    wang,
    team,
    holder('enforcement', 4),
    holder('operator', 4),
  ];
  const rank = { route: 0, system: 1, operator: 2, enforcement: 3 };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(holders.length - 1), fc.nat(12_000), fc.integer({ min: 1, max: 10_000 }))),
      (asks) => {
        let recorded: Lease | undefined;
        let nowMs = 0;
        for (const [index, waitMs, forMs] of asks) {
          nowMs += waitMs;
          const asker = holders[index]!;
          const standing = standingAt(recorded, nowMs);
          const answer = askForLease(recorded, asker, nowMs, forMs);
          const may = !standing || isSameHolder(standing, asker) || rank[asker.kind] > rank[standing.kind];
          expect(answer.granted).toBe(may);
          if (!answer.granted) continue;
          expect(answer.lease.expiresAtMs).toBe(nowMs + forMs);
          if (standing && isHand(standing) && !isHand(asker)) throw new Error('the patrol took it from a hand');
          recorded = answer.lease;
        }
      },
    ),
  );
});
