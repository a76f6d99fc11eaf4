/**
 * What must hold of patrol whatever happens and whenever: on simulated time, with a turret, a stream and a database that
 * fail, and with hands that come and go. The dome under test is the real one.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOpen, type Window } from '../../../src/patrol/timetable.ts';
import type { Route } from '../../../src/patrol/route.ts';
import { ManualClock } from '../../support/clock.ts';
import { FakeDome, positionIn, routeOf, stopAt, type DomeFault } from '../../support/fake-dome.ts';

const MONDAY = Date.UTC(2026, 6, 6);
const MINUTE = 60_000;
/** A visit that goes well: turning at most once round, settling, the database. */
const VISIT_MS = 8_000;
/** Longest wait between two tries of whatever failed, and the longest one try may take. */
const BACK_OFF_MS = 15_000;
const TRY_MS = 60_000;

/** The pose limit, 8 % of a picture 60 degrees wide, in units of pan: so far off a look may still be judged. */
const WITHIN = 0.08 * (60 / 180) * 1.01 * Math.SQRT2;

const dice = (seed: number) => (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;

const stopsOf = fc.uniqueArray(
  fc.record({
    pan: fc.integer({ min: -19, max: 19 }),
    tilt: fc.integer({ min: -9, max: 9 }),
    dwellS: fc.integer({ min: 0, max: 15 }),
  }),
  { minLength: 1, maxLength: 7, selector: ({ pan, tilt }) => `${pan} ${tilt}` },
);

function domeOf(
  clock: ManualClock,
  stops: readonly { pan: number; tilt: number; dwellS: number }[],
  seed: number,
): FakeDome {
  const fake = new FakeDome(clock, dice(seed));
  stops.forEach(({ pan, tilt }, i) => {
    const position = { pan: pan / 20, tilt: tilt / 10, zoom: 0 };
    fake.presets.set(`p${i}`, position);
    fake.references.set(i + 1, position);
  });
  fake.routes = [
    routeOf(
      1,
      stops.map(({ dwellS }, i) => stopAt(i + 1, `p${i}`, dwellS)),
    ),
  ];
  return fake;
}

async function ended(fake: FakeDome, clock: ManualClock): Promise<void> {
  for (const fault of [...fake.faults]) fake.mend(fault);
  const stopped = fake.dome.stop();
  await clock.advance(60_000);
  await stopped;
  expect(fake.crimes).toEqual([]);
  // Whatever else happened: what was judged stood still, and where its view's reference was taken.
  for (const { unfit, picture, viewId } of fake.looks) {
    if (unfit !== null) continue;
    const at = positionIn(picture!);
    const reference = fake.references.get(viewId)!;
    expect(at.turning).toBe(false);
    expect(Math.hypot(at.pan - reference.pan, at.tilt - reference.tilt)).toBeLessThan(WITHIN);
  }
}

function roundMs(route: Route): number {
  return route.stops.reduce((sum, { dwellS }) => sum + dwellS * 1000 + VISIT_MS, 0);
}

test('no view on an active route starves', async () => {
  await fc.assert(
    fc.asyncProperty(stopsOf, fc.boolean(), fc.nat(), async (stops, randomOrder, seed) => {
      const clock = new ManualClock(MONDAY);
      const fake = domeOf(clock, stops, seed);
      fake.routes = fake.routes.map((route) => ({ ...route, randomOrder }));
      const route = fake.routes[0]!;
      fake.dome.start();
      await clock.advance(5 * roundMs(route));
      // In random order a stop may come first in one round and last in the next.
      const longestMs = (randomOrder ? 2 : 1) * roundMs(route) + VISIT_MS;
      for (const { viewId } of route.stops) {
        let lastMs = MONDAY;
        for (const look of fake.looks) {
          if (look.viewId !== viewId) continue;
          expect(look.capturedAtMs - lastMs).toBeLessThanOrEqual(longestMs);
          lastMs = look.capturedAtMs;
        }
        expect(clock.nowMs() - lastMs).toBeLessThanOrEqual(longestMs);
      }
      await ended(fake, clock);
    }),
    { numRuns: 25, endOnFailure: true },
  );
});

test('a stop is never commanded while another holds the lease, and the patrol is back at the stop it left', async () => {
  const deeds = fc.array(
    fc.record({
      waitMs: fc.integer({ min: 0, max: 20_000 }),
      what: fc.constantFrom('take' as const, 'let_go' as const, 'command' as const, 'unheard_take' as const),
      userId: fc.constantFrom(7, 8),
      forMs: fc.integer({ min: 1_000, max: 30_000 }),
    }),
    { minLength: 1, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(stopsOf, deeds, fc.nat(), async (stops, list, seed) => {
      const clock = new ManualClock(MONDAY);
      const fake = domeOf(clock, stops, seed);
      fake.dome.start();
      await clock.advance(5_000);
      for (const { waitMs, what, userId, forMs } of list) {
        await clock.advance(waitMs);
        if (what === 'take') fake.takeByHand(userId, forMs);
        else if (what === 'unheard_take') fake.takeByHand(userId, forMs, 'operator', false);
        else if (what === 'let_go') fake.letGo();
        else fake.ask(userId, { kind: 'absolute', position: { pan: 0.97, tilt: 0, zoom: 0 }, speed: null });
      }
      for (const { what, holder } of fake.commands) {
        if (what.startsWith('preset')) expect(holder?.kind).toBe('route');
        if (what === 'position') expect(holder?.kind).toBe('operator');
      }
      const left = fake.visits.findLast(({ outcome }) => outcome === 'interrupted');
      const after = left && fake.visits[fake.visits.indexOf(left) + 1];
      if (after) expect(after.stopId).toBe(left.stopId);
      const looks = fake.looks.length;
      fake.letGo();
      await clock.advance(VISIT_MS + BACK_OFF_MS);
      expect(fake.looks.length).toBeGreaterThan(looks);
      await ended(fake, clock);
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 7, 30, 59))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
const windows = fc.array(
  fc.record({ days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 3 }), from: time, to: time }),
  { minLength: 1, maxLength: 3 },
);

test('a route outside its window moves nothing, across midnight and changes of the clock; inside it goes', async () => {
  const nights = fc.constantFrom(
    ['America/New_York', Date.UTC(2026, 2, 8, 5)] as const,
    ['America/New_York', Date.UTC(2026, 10, 1, 4)] as const,
    ['Europe/London', Date.UTC(2026, 2, 28, 23)] as const,
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 13)] as const,
    ['Asia/Shanghai', Date.UTC(2026, 6, 6, 14)] as const,
  );
  await fc.assert(
    fc.asyncProperty(
      windows,
      windows,
      nights,
      fc.integer({ min: 0, max: 3 }),
      async (one, other, [timeZone, atMs], priority) => {
        const clock = new ManualClock(atMs);
        const fake = domeOf(
          clock,
          [
            { pan: -9, tilt: 0, dwellS: 40 },
            { pan: 9, tilt: 0, dwellS: 40 },
          ],
          1,
        );
        const [low] = fake.routes;
        const first = { ...low!, timeZone, windows: one };
        const second = { ...first, id: 2, priority, windows: other, stops: [stopAt(3, 'p0', 20)] };
        fake.routes = [first, second];
        fake.references.set(3, fake.presets.get('p0')!);
        fake.dome.start();
        const idle: number[] = [];
        for (let minute = 0; minute < 4 * 60; minute += 10) {
          const given = fake.commands.length;
          const beganMs = clock.nowMs();
          await clock.advance(10 * MINUTE);
          const openAll = (list: Window[]): boolean =>
            Array.from({ length: 10 }, (_, i) => isOpen(list, timeZone, beganMs + i * MINUTE)).every(Boolean);
          if ((openAll(one) || openAll(other)) && fake.commands.length === given) idle.push(beganMs);
        }
        expect(idle).toEqual([]);
        for (const { atMs: givenMs, holder } of fake.commands) {
          expect(isOpen(holder?.routeId === 1 ? one : other, timeZone, givenMs)).toBe(true);
        }
        await ended(fake, clock);
      },
    ),
    { numRuns: 5, endOnFailure: true },
  );
}, 60_000);

test('whatever fails and whenever, patrol is back within one round after the fault ends', async () => {
  const faults = fc.array(
    fc.record({
      fault: fc.constantFrom<DomeFault>('dead', 'slow', 'stuck', 'slipping', 'blind', 'no_status', 'no_database'),
      afterMs: fc.integer({ min: 0, max: 40_000 }),
      forMs: fc.integer({ min: 100, max: 200_000 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(stopsOf, faults, fc.nat(), async (stops, list, seed) => {
      const clock = new ManualClock(MONDAY);
      const fake = domeOf(clock, stops, seed);
      fake.dome.start();
      for (const { fault, afterMs, forMs } of list) {
        await clock.advance(afterMs);
        fake.fail(fault);
        await clock.advance(forMs);
        fake.mend(fault);
        const looks = fake.looks.length;
        // What was being tried when it ended may still fail, and be waited for.
        await clock.advance(TRY_MS + BACK_OFF_MS + roundMs(fake.routes[0]!));
        const seen = fake.looks.slice(looks).filter(({ unfit }) => unfit === null);
        expect(new Set(seen.map(({ viewId }) => viewId)).size).toBe(stops.length);
      }
      expect([...fake.tasks.keys()]).toEqual([]);
      await ended(fake, clock);
    }),
    { numRuns: 40, endOnFailure: true },
  );
}, 60_000);

test('routes drawn anew between stops take effect at the next one', async () => {
  await fc.assert(
    fc.asyncProperty(
      stopsOf,
      fc.array(fc.tuple(fc.integer({ min: 500, max: 30_000 }), fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 })), {
        minLength: 1,
        maxLength: 6,
      }),
      async (stops, changes) => {
        const clock = new ManualClock(MONDAY);
        const fake = domeOf(clock, stops, 1);
        const all = fake.routes[0]!.stops;
        fake.dome.start();
        for (const [waitMs, ids] of changes) {
          await clock.advance(waitMs);
          const kept = all.filter(({ id }) => ids.includes(id));
          const visits = fake.visits.length;
          fake.routes = [routeOf(1, kept)];
          fake.dome.wake();
          await clock.advance(2 * roundMs(fake.routes[0]!) + 2 * VISIT_MS + 15_000);
          const after = fake.visits.slice(visits + 1).map(({ stopId }) => stopId);
          expect(after.every((id) => kept.some((stop) => stop.id === id))).toBe(true);
          expect(new Set(after).size).toBe(kept.length);
        }
        await ended(fake, clock);
      },
    ),
    { numRuns: 20, endOnFailure: true },
  );
});
