import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Turret, TURRET_MAKE, turned } from '../../../src/simulator/turret.ts';
import { ManualClock } from '../../support/clock.ts';

const position = fc.record({
  panDeg: fc.double({ min: -180, max: 179, noNaN: true }),
  tiltDeg: fc.double({ min: -45, max: 10, noNaN: true }),
  zoom: fc.double({ min: 1, max: 8, noNaN: true }),
});
const command = fc.oneof(
  fc.record({
    do: fc.constant('goTo' as const),
    target: position,
    speed: fc.double({ min: 0.05, max: 1, noNaN: true }),
  }),
  fc.record({
    do: fc.constant('turn' as const),
    panDegPerS: fc.double({ min: -200, max: 200, noNaN: true }),
    tiltDegPerS: fc.double({ min: -100, max: 100, noNaN: true }),
    zoomPerS: fc.double({ min: -5, max: 5, noNaN: true }),
    forS: fc.constantFrom(Infinity, 0, 0.2, 1.5),
  }),
  fc.record({ do: fc.constant('stop' as const) }),
);

function obey(turret: Turret, given: typeof command extends fc.Arbitrary<infer T> ? T : never): void {
  if (given.do === 'goTo') turret.goTo(given.target, given.speed);
  else if (given.do === 'turn') turret.moveContinuously(given, given.forS);
  else turret.stop();
}

describe('the turret of a simulated dome', () => {
  it('goes where it is sent, by the shorter way, and then stands still', async () => {
    const clock = new ManualClock();
    const turret = new Turret(clock, { panDeg: 170, tiltDeg: 0, zoom: 1 });
    turret.goTo({ panDeg: -170, tiltDeg: -20, zoom: 2 });
    expect(turret.moving()).toBe(true);
    await clock.advance(200);
    expect(Math.abs(turret.position().panDeg)).toBeGreaterThan(170);
    await clock.advance(3_000);
    expect(turret.moving()).toBe(false);
    expect(turret.position().panDeg).toBeCloseTo(-170, 6);
    expect(turret.position().tiltDeg).toBeCloseTo(-20, 6);
    expect(turret.position().zoom).toBeCloseTo(2, 6);
  });

  it('takes the time its motor needs, and twice the way at a fifth of the speed takes longer', async () => {
    const clock = new ManualClock();
    const turret = new Turret(clock, { panDeg: 0, tiltDeg: 0, zoom: 1 });
    // 90 degrees at 90 a second with ramps of 0.5625 s each: 1.5625 s.
    turret.goTo({ panDeg: 90 });
    await clock.advance(1_560);
    expect(turret.moving()).toBe(true);
    await clock.advance(5);
    expect(turret.moving()).toBe(false);
    turret.setFault('slow');
    turret.goTo({ panDeg: -90 });
    await clock.advance(9_000);
    expect(turret.moving()).toBe(true);
    await clock.advance(2_000);
    expect(turret.moving()).toBe(false);
  });

  it('ends a timed movement by itself, and an untimed one at its stop', async () => {
    const clock = new ManualClock();
    const turret = new Turret(clock, { panDeg: 0, tiltDeg: 0, zoom: 1 });
    turret.moveContinuously({ panDegPerS: 20, tiltDegPerS: -30, zoomPerS: 0 }, 2);
    await clock.advance(4_000);
    expect(turret.moving()).toBe(false);
    expect(turret.position().panDeg).toBeGreaterThan(38);
    expect(turret.position().panDeg).toBeLessThan(43);
    expect(turret.position().tiltDeg).toBeCloseTo(-45, 6);
    turret.moveContinuously({ panDegPerS: 90 });
    await clock.advance(60_000);
    expect(turret.moving()).toBe(true);
    turret.stop();
    await clock.advance(1_000);
    expect(turret.moving()).toBe(false);
  });

  it('comes back to a preset within the play of its gears, from either side not quite the same', async () => {
    const clock = new ManualClock();
    const turret = new Turret(clock);
    const poses: number[] = [];
    for (const from of [-40, 80]) {
      turret.goTo({ panDeg: from });
      await clock.advance(5_000);
      turret.goTo({ panDeg: 20 });
      await clock.advance(5_000);
      expect(turret.position().panDeg).toBeCloseTo(20, 6);
      poses.push(turret.pose().panDeg);
    }
    expect(poses[1]! - poses[0]!).toBeCloseTo(TURRET_MAKE.pan.backlash, 6);
  });

  it('shows its faults: stuck, slipping, lost, and off after a reboot', async () => {
    const clock = new ManualClock();
    const turret = new Turret(clock);
    turret.goTo({ panDeg: 90 });
    await clock.advance(500);
    turret.setFault('stuck');
    const stuckAt = turret.position();
    turret.goTo({ panDeg: 0 });
    await clock.advance(5_000);
    expect(turret.position()).toEqual(stuckAt);
    expect(turret.moving()).toBe(false);

    turret.setFault('slipping');
    const lens = turret.pose();
    turret.goTo({ panDeg: -90 });
    await clock.advance(5_000);
    expect(turret.position().panDeg).toBeCloseTo(-90, 6);
    expect(turret.pose()).toEqual(lens);
    turret.setFault(undefined);
    expect(turret.pose().panDeg).toBeCloseTo(lens.panDeg, 6);

    turret.setFault('lost');
    expect(turret.knowsPosition).toBe(false);

    const fresh = new Turret(clock);
    fresh.reboot({ panDeg: 1.5, tiltDeg: -0.4 });
    expect(turned(fresh.pose().panDeg - fresh.position().panDeg)).toBeCloseTo(1.5, 6);
    expect(fresh.pose().tiltDeg - fresh.position().tiltDeg).toBeCloseTo(-0.4, 6);
  });

  it('never jumps, outruns its motor, leaves its range or parts from its gear, whatever it is told', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(command, fc.integer({ min: 0, max: 4_000 })), { minLength: 1, maxLength: 12 }),
        async (commands) => {
          const clock = new ManualClock();
          const turret = new Turret(clock);
          for (const [given, thenMs] of commands) {
            const before = turret.position();
            obey(turret, given);
            expect(turret.position().panDeg).toBeCloseTo(before.panDeg, 6);
            let last = turret.position();
            for (let ms = 0; ms < thenMs; ms += 50) {
              await clock.advance(50);
              const now = turret.position();
              const pose = turret.pose();
              expect(Math.abs(turned(now.panDeg - last.panDeg))).toBeLessThanOrEqual(90 * 0.05 + 1e-6);
              expect(Math.abs(now.tiltDeg - last.tiltDeg)).toBeLessThanOrEqual(60 * 0.05 + 1e-6);
              expect(now.tiltDeg).toBeGreaterThanOrEqual(-45 - 1e-6);
              expect(now.tiltDeg).toBeLessThanOrEqual(10 + 1e-6);
              expect(now.zoom).toBeGreaterThanOrEqual(1 - 1e-6);
              expect(now.zoom).toBeLessThanOrEqual(8 + 1e-6);
              expect(Math.abs(turned(pose.panDeg - now.panDeg))).toBeLessThanOrEqual(0.03 + 1e-6);
              last = now;
            }
          }
          turret.goTo({ panDeg: 12, tiltDeg: -30, zoom: 3 });
          await clock.advance(20_000);
          expect(turret.moving()).toBe(false);
          expect(turret.position().panDeg).toBeCloseTo(12, 5);
          expect(turret.position().tiltDeg).toBeCloseTo(-30, 5);
          expect(turret.position().zoom).toBeCloseTo(3, 5);
        },
      ),
      { numRuns: 40 },
    );
  });
});
