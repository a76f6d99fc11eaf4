import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { lightingAt, sceneAt, worksAt, type Schedule } from '../../../src/simulator/schedule.ts';

const schedule: Schedule = {
  opening: [
    { lighting: 'clear', forS: 12 },
    { lighting: 'night', forS: 12 },
  ],
  cycle: [
    { lighting: 'overcast', forS: 100 },
    { lighting: 'dusk', forS: 50 },
  ],
  structures: [{ camera: 'roof', fromS: 75, what: 'hut' }],
  vans: [{ camera: 'road', fromS: 100, untilS: 400 }],
  dropouts: [{ camera: 'garage', fromS: 180, untilS: 240 }],
  works: [],
};

describe('the light of the simulated estate', () => {
  it('goes through the opening once', () => {
    expect([0, 11.9, 12, 23.9].map((s) => lightingAt(schedule, s))).toEqual(['clear', 'clear', 'night', 'night']);
  });

  it('then repeats the cycle', () => {
    expect([24, 123.9, 124, 173.9, 174].map((s) => lightingAt(schedule, s))).toEqual([
      'overcast',
      'overcast',
      'dusk',
      'dusk',
      'overcast',
    ]);
    fc.assert(
      fc.property(
        fc.integer({ min: 24, max: 1_000_000 }),
        (s) => lightingAt(schedule, s) === lightingAt(schedule, s + 150),
      ),
    );
  });

  it('is that of the beginning before the demo began', () => {
    expect(lightingAt(schedule, -5)).toBe('clear');
  });
});

describe('a camera of the simulated estate', () => {
  it('shows a structure from its time on, for good', () => {
    expect([74.9, 75, 1e6].map((s) => sceneAt(schedule, 'roof', s).state)).toEqual(['plain', 'structure', 'structure']);
  });

  it('shows a van while it is parked', () => {
    expect([99, 100, 399, 400].map((s) => sceneAt(schedule, 'road', s).state)).toEqual([
      'plain',
      'van',
      'van',
      'plain',
    ]);
  });

  it('drops out and comes back', () => {
    expect([179, 180, 239, 240].map((s) => sceneAt(schedule, 'garage', s).online)).toEqual([true, false, false, true]);
  });

  it('is untouched by what happens at other cameras', () => {
    expect(sceneAt(schedule, 'gate', 200)).toEqual({ lighting: 'overcast', state: 'plain', online: true });
  });
});

describe('what goes up before the domes', () => {
  const works = [
    { structure: 'hut', stage: 1, fromS: 10 },
    { structure: 'hut', stage: 2, fromS: 30 },
    { structure: 'shed', stage: 1, fromS: 20, untilS: 40 },
  ];

  it('stands at its highest stage, and is gone at its end', () => {
    const at = (demoS: number): unknown => Object.fromEntries(worksAt({ ...schedule, works }, demoS));
    expect(at(9.9)).toEqual({});
    expect(at(10)).toEqual({ hut: 1 });
    expect(at(30)).toEqual({ hut: 2, shed: 1 });
    expect(at(40)).toEqual({ hut: 2 });
  });
});
