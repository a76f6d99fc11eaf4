/** One dome on simulated time: what it does when all is well, and one thing at a time when it is not. */
import { expect, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { FakeDome, positionIn, routeOf, stopAt } from '../../support/fake-dome.ts';

const MONDAY = Date.UTC(2026, 6, 6);

function domeWith(stops = 4): { clock: ManualClock; fake: FakeDome } {
  const clock = new ManualClock(MONDAY);
  const fake = new FakeDome(clock, Math.random);
  for (let i = 1; i <= stops; i++) fake.presets.set(`p${i}`, { pan: -0.9 + i * 0.35, tilt: -0.1 * i, zoom: 0 });
  fake.routes = [
    routeOf(
      1,
      Array.from({ length: stops }, (_, i) => stopAt(i + 1, `p${i + 1}`)),
    ),
  ];
  return { clock, fake };
}

async function run(fake: FakeDome, clock: ManualClock, forMs: number): Promise<void> {
  fake.dome.start();
  await clock.advance(forMs);
  expect(fake.crimes).toEqual([]);
}

async function end(fake: FakeDome, clock: ManualClock): Promise<void> {
  const stopped = fake.dome.stop();
  await clock.advance(10_000);
  await stopped;
}

test('goes round, looks at every stop where it stands still, and holds the lease while it does', async () => {
  const { clock, fake } = domeWith();
  await run(fake, clock, 60_000);
  expect(fake.lease).toMatchObject({ kind: 'route', routeId: 1 });
  await end(fake, clock);
  expect(fake.lease).toBeUndefined();
  const order = fake.looks.map(({ viewId }) => viewId);
  expect(order.slice(0, 6)).toEqual([1, 2, 3, 4, 1, 2]);
  for (const { picture, viewId, unfit } of fake.looks) {
    expect(unfit).toBeNull();
    const at = positionIn(picture!);
    expect(at.turning).toBe(false);
    expect(at.pan).toBeCloseTo(fake.presets.get(`p${viewId}`)!.pan, 3);
  }
  expect(fake.visits.every(({ outcome }) => outcome === 'looked')).toBe(true);
});

test('the picture is not believed before the stream has caught up with the motor', async () => {
  const { clock, fake } = domeWith();
  // So near that the motor stands again before the stream shows that it has begun.
  fake.presets.set('p1', { pan: 0.01, tilt: 0, zoom: 0 });
  fake.presets.set('p2', { pan: 0.05, tilt: 0, zoom: 0 });
  fake.routes = [routeOf(1, [stopAt(1, 'p1', 1), stopAt(2, 'p2', 1)])];
  await run(fake, clock, 30_000);
  await end(fake, clock);
  expect(fake.looks.length).toBeGreaterThan(8);
  for (const { picture, viewId } of fake.looks) {
    expect(positionIn(picture!).pan).toBeCloseTo(fake.presets.get(`p${viewId}`)!.pan, 3);
  }
});

test.each([
  ['neither where it is nor that it moves', { tellsPosition: false, tellsMoving: false }],
  ['only where it is', { tellsMoving: false }],
  ['only that it moves', { tellsPosition: false }],
])('a device that tells %s is settled by the picture', async (_what, tells) => {
  const { clock, fake } = domeWith();
  Object.assign(fake, tells);
  await run(fake, clock, 90_000);
  await end(fake, clock);
  expect(fake.looks.length).toBeGreaterThan(7);
  for (const { picture, viewId, unfit } of fake.looks) {
    expect(unfit).toBeNull();
    expect(positionIn(picture!)).toMatchObject({ turning: false });
    expect(positionIn(picture!).pan).toBeCloseTo(fake.presets.get(`p${viewId}`)!.pan, 3);
  }
});

test('a view that somebody waits for is gone to at once, also out of hours, and the route goes on where it was', async () => {
  const { clock, fake } = domeWith();
  // A long dwell at the first stop; the fourth is of a route that does not go now.
  const [first, second, third, fourth] = fake.routes[0]!.stops;
  fake.routes = [
    routeOf(1, [{ ...first!, dwellS: 300 }, second!, third!]),
    routeOf(2, [fourth!], { windows: [{ days: [7], from: '00:00', to: '24:00' }] }),
  ];
  await run(fake, clock, 30_000);
  expect(fake.looks.map(({ viewId }) => viewId)).not.toContain(4);
  fake.wanted = [4];
  const before = fake.looks.length;
  await clock.advance(20_000);
  expect(fake.looks.slice(before, before + 2)).toMatchObject([{ viewId: 4, unfit: null }, { viewId: 2 }]);
  expect(fake.looks[before]!.capturedAtMs - MONDAY).toBeLessThan(30_000 + 5_000 + 3_000);
  const errand = fake.commands.find(({ what }) => what === 'preset p4');
  expect(errand?.holder).toMatchObject({ kind: 'system', purpose: 'evidence' });
  expect(fake.wanted).toEqual([]);
  expect(fake.commands.at(-1)).toMatchObject({ holder: { kind: 'route', routeId: 1 } });

  // Without any route that goes, and while a hand holds it only after that.
  fake.routes = fake.routes.map((route) => ({ ...route, enabled: false }));
  await clock.advance(320_000);
  fake.takeByHand(7, 20_000);
  fake.wanted = [2];
  const given = fake.commands.length;
  await clock.advance(19_000);
  expect(fake.commands).toHaveLength(given);
  await clock.advance(15_000);
  expect(fake.commands.at(-1)).toMatchObject({ what: 'preset p2', holder: { kind: 'system' } });
  await end(fake, clock);
  expect(fake.crimes).toEqual([]);
});

test('a view at which nothing can be had does not keep the dome from its round', async () => {
  const { clock, fake } = domeWith();
  fake.presets.delete('p4');
  fake.wanted = [4];
  await run(fake, clock, 120_000);
  await end(fake, clock);
  const tries = fake.commands.filter(({ holder }) => holder?.kind === 'system');
  expect(tries.length).toBeGreaterThan(0);
  expect(tries.length).toBeLessThan(5);
  for (const viewId of [1, 2, 3]) expect(fake.looks.filter((look) => look.viewId === viewId).length).toBeGreaterThan(3);
});

test('a hand takes it in the middle of a move, and the patrol goes on at the stop it left once it is let go', async () => {
  const { clock, fake } = domeWith();
  await run(fake, clock, 9_000);
  const left = fake.reports.at(-1)!.stopId;
  expect(fake.takeByHand(7, 60_000)).toBe(true);
  await clock.advance(200);
  const asked = fake.ask(7, { kind: 'absolute', position: { pan: 0.5, tilt: 0, zoom: 0 }, speed: null });
  await clock.advance(150);
  expect(fake.answers.get(asked)).toBe('done');
  expect(fake.commands.at(-1)).toMatchObject({ what: 'position', holder: { userId: 7 } });
  const given = fake.commands.length;
  await clock.advance(40_000);
  expect(fake.commands).toHaveLength(given);
  expect(fake.reports.at(-1)).toMatchObject({ phase: 'held', position: { pan: 0.5 } });
  fake.letGo();
  await clock.advance(500);
  expect(fake.commands.at(-1)).toMatchObject({ what: `preset p${left}`, holder: { kind: 'route' } });
  await end(fake, clock);
  expect(fake.crimes).toEqual([]);
});

test('without being let go, the patrol waits for the lease to end by itself', async () => {
  const { clock, fake } = domeWith();
  await run(fake, clock, 9_000);
  fake.takeByHand(7, 60_000);
  await clock.advance(59_000);
  const given = fake.commands.length;
  await clock.advance(3_000);
  expect(fake.commands.length).toBeGreaterThan(given);
  await end(fake, clock);
});

test('what is asked without holding the turret, or too late, is refused and moves nothing', async () => {
  const { clock, fake } = domeWith();
  fake.routes = [];
  await run(fake, clock, 2_000);
  const unheld = fake.ask(7, { kind: 'home', speed: null });
  await clock.advance(1_000);
  fake.takeByHand(7, 60_000);
  const others = fake.ask(8, { kind: 'home', speed: null });
  await clock.advance(1_000);
  const letGo = fake.ask(7, { kind: 'home', speed: null });
  await clock.advance(4);
  fake.letGo();
  await clock.advance(1_000);
  fake.takeByHand(7, 60_000);
  await clock.advance(1_000);
  fake.fail('no_database');
  await clock.advance(100);
  const late = fake.ask(7, { kind: 'home', speed: null });
  await clock.advance(6_000);
  fake.mend('no_database');
  await clock.advance(20_000);
  const answers = [unheld, others, letGo, late].map((id) => fake.answers.get(id));
  expect(answers).toEqual(['refused', 'refused', 'refused', 'refused']);
  expect(fake.commands).toEqual([]);
  await end(fake, clock);
});

test('a drag’s last move is the one that is carried out, and it ends when the hand lets go', async () => {
  const { clock, fake } = domeWith();
  await run(fake, clock, 3_000);
  fake.takeByHand(7, 60_000);
  await clock.advance(500);
  fake.fail('slow');
  for (const pan of [0.1, 0.2, 0.3, 0.4])
    fake.ask(7, { kind: 'continuous', velocity: { pan, tilt: 0, zoom: 0 }, forS: 1 });
  await clock.advance(4_000);
  fake.mend('slow');
  expect(fake.asked).toEqual([]);
  const moves = fake.commands.filter(({ what }) => what === 'continuous');
  expect(moves.length).toBeLessThan(4);
  await clock.advance(2_000);
  expect(fake.commands.at(-1)?.what).toBe('stop');
  await end(fake, clock);
});

test('a stop that stands a little off is brought back and looked at; farther off it is not judged and a person is asked', async () => {
  const { clock, fake } = domeWith();
  for (let i = 1; i <= 4; i++) fake.references.set(i, fake.presets.get(`p${i}`)!);
  fake.drift = { pan: 0.01, tilt: 0 }; // 3 % of the picture
  await run(fake, clock, 60_000);
  expect(fake.visits.slice(0, 4).every(({ recentred, outcome }) => recentred && outcome === 'looked')).toBe(true);
  expect(fake.visits[0]?.offset?.dxPx).toBeCloseTo(-19.2, 0);
  for (const { at, viewId, unfit } of fake.looks) {
    expect(unfit).toBeNull();
    expect(at?.pan).toBeCloseTo(fake.references.get(viewId)!.pan, 3);
  }
  fake.drift = { pan: 0.05, tilt: 0 }; // 15 %
  const before = fake.looks.length;
  await clock.advance(60_000);
  const after = fake.looks.slice(before + 1);
  expect(after.length).toBeGreaterThan(4);
  expect(after.every(({ unfit }) => unfit === 'pose')).toBe(true);
  expect([...fake.tasks.keys()]).toEqual(expect.arrayContaining(['pose 1 ', 'pose 2 ', 'pose 3 ', 'pose 4 ']));
  fake.drift = { pan: 0, tilt: 0 };
  await clock.advance(60_000);
  expect([...fake.tasks.keys()]).toEqual([]);
  await end(fake, clock);
  expect(fake.crimes).toEqual([]);
});

test.each(['stuck', 'slipping'] as const)(
  'a %s turret is told within a round, and nothing it shows is judged',
  async (fault) => {
    for (const stops of [2, 5]) {
      const { clock, fake } = domeWith(stops);
      for (let i = 1; i <= stops; i++) fake.references.set(i, fake.presets.get(`p${i}`)!);
      await run(fake, clock, 40_000);
      fake.fail(fault);
      const [looks, visits] = [fake.looks.length, fake.visits.length];
      while (fake.visits.length < visits + stops + 1) await clock.advance(1_000);
      expect([...fake.tasks.keys()]).toContain('stuck  ');
      expect(fake.reports.at(-1)?.stuckSinceMs).not.toBeNull();
      // What it shows is still right of the stop at which it stands.
      for (const { unfit, at, viewId } of fake.looks.slice(looks)) {
        if (unfit === null) expect(at?.pan).toBeCloseTo(fake.presets.get(`p${viewId}`)!.pan, 3);
        // Where it came loose on its way it stands between two stops, which the reference tells.
        else expect(['stuck', 'pose']).toContain(unfit);
      }
      fake.mend(fault);
      await clock.advance(60_000);
      expect([...fake.tasks.keys()]).toEqual([]);
      expect(fake.looks.at(-1)?.unfit).toBeNull();
      await end(fake, clock);
      expect(fake.crimes).toEqual([]);
    }
  },
);

test('a preset that the device lost is a task, the other stops go on, and it ends when the preset is back', async () => {
  const { clock, fake } = domeWith();
  await run(fake, clock, 20_000);
  const lost = fake.presets.get('p3')!;
  fake.presets.delete('p3');
  await clock.advance(120_000);
  expect([...fake.tasks.keys()]).toContain('preset_missing  p3');
  expect(new Set(fake.visits.slice(-8).map(({ viewId, outcome }) => `${viewId} ${outcome}`))).toEqual(
    new Set(['1 looked', '2 looked', '3 failed', '4 looked']),
  );
  expect(
    fake.looks.filter(({ unfit }) => unfit === 'turret').every(({ viewId, picture }) => viewId === 3 && !picture),
  ).toBe(true);
  fake.presets.set('p3', lost);
  await clock.advance(120_000);
  expect([...fake.tasks.keys()]).toEqual([]);
  await end(fake, clock);
});

test('parks when it has been idle, gives the turret free, and looks there now and then', async () => {
  const { clock, fake } = domeWith();
  fake.park = { parkPreset: 'p2', parkAfterS: 20 };
  fake.routes = [routeOf(1, [stopAt(1, 'p1'), stopAt(2, 'p2')], { windows: [] })];
  await run(fake, clock, 15_000);
  expect(fake.commands).toEqual([]);
  await clock.advance(15_000);
  expect(fake.commands).toMatchObject([{ what: 'preset p2', holder: { kind: 'system', purpose: 'park' } }]);
  expect(fake.reports.at(-1)?.phase).toBe('parked');
  expect(fake.lease).toBeUndefined();
  await clock.advance(130_000);
  expect(fake.looks.map(({ viewId }) => viewId)).toEqual([2, 2, 2]);
  await end(fake, clock);
  expect(fake.crimes).toEqual([]);
});

test('a test run goes one round whatever the time, tells how it comes along, and waits for a hand', async () => {
  const { clock, fake } = domeWith(3);
  fake.routes = [
    routeOf(
      1,
      fake.routes[0]!.stops.map((stop) => ({ ...stop, dwellS: 600 })),
      { windows: [] },
    ),
  ];
  await run(fake, clock, 3_000);
  fake.takeByHand(7, 10_000);
  fake.test = { id: 1, routeId: 1, userId: 5, userName: '李' };
  fake.dome.wake();
  await clock.advance(5_000);
  expect(fake.progress).toEqual([]);
  await clock.advance(30_000);
  expect(fake.test).toBeUndefined();
  expect(fake.progress.map(({ stopId, outcome }) => [stopId, outcome])).toEqual([
    [1, 'looked'],
    [2, 'looked'],
    [3, 'looked'],
  ]);
  expect(
    fake.progress.every(({ moveS, settleS }) => moveS !== null && settleS !== null && moveS < 5 && settleS < 2),
  ).toBe(true);
  const given = fake.commands.length;
  await clock.advance(60_000);
  expect(fake.commands).toHaveLength(given);
  expect(fake.commands.every(({ holder }) => holder?.kind === 'system')).toBe(true);
  await end(fake, clock);
});

test('a long dwell brings further looks, which say so where the dome was turned by its own keys', async () => {
  const { clock, fake } = domeWith(1);
  fake.references.set(1, fake.presets.get('p1')!);
  fake.routes = [routeOf(1, [stopAt(1, 'p1', 3600)])];
  await run(fake, clock, 130_000);
  const looks = fake.looks.length;
  expect(looks).toBeGreaterThanOrEqual(5);
  expect(fake.looks.every(({ unfit }) => unfit === null)).toBe(true);
  fake.drift = { pan: 0.1, tilt: 0 };
  await clock.advance(30_000);
  expect(fake.looks.slice(looks).map(({ unfit }) => unfit)).toContain('pose');
  fake.drift = { pan: 0, tilt: 0 };
  await clock.advance(60_000);
  expect(fake.looks.at(-1)?.unfit).toBeNull();
  expect(fake.commands).toHaveLength(1);
  await end(fake, clock);
});

test('a dwell ends where another route goes before its own, and where its window closes', async () => {
  const { clock, fake } = domeWith(2);
  const long = [stopAt(1, 'p1', 3600)];
  fake.routes = [
    routeOf(1, long, { windows: [{ days: [1], from: '00:00', to: '00:10' }] }),
    routeOf(2, [stopAt(2, 'p2', 5)], { priority: 5, windows: [{ days: [1], from: '00:04', to: '00:06' }] }),
  ];
  await run(fake, clock, 250_000);
  expect(fake.looks.at(-1)?.viewId).toBe(2);
  await clock.advance(130_000);
  expect(fake.looks.at(-1)?.viewId).toBe(1);
  await clock.advance(10 * 60_000);
  expect(fake.commands.at(-1)!.atMs).toBeLessThan(MONDAY + 600_000);
  expect(fake.reports.at(-1)?.phase).toBe('resting');
  await end(fake, clock);
});
