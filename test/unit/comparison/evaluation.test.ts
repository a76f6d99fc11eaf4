/** The figures by which the eye is chosen must themselves be right. */
import { describe, expect, test } from 'vitest';
import type { Polygon } from '../../../src/base/picture.ts';
import { persistenceOf } from '../../../src/candidate/candidate.ts';
import { marksOf, outcomeOf, pointAt, type Outcome } from '../../bench/eye/marks.ts';
import { tasksOf } from '../../bench/eye/views.ts';
import { dayOf, Places, raisedAfter, raisedIn, stays } from '../../bench/persistence/days.ts';
import { seeded } from '../../support/scenery.ts';

const box = (x: number, y: number, w: number, h: number): Polygon => [
  [x, y],
  [x + w, y],
  [x + w, y + h],
  [x, y + h],
];

describe('marks', () => {
  const [width, height] = [20, 10];
  const mask = new Uint8Array(width * height);
  for (let y = 2; y < 6; y++) mask.fill(1, y * width + 2, y * width + 6);
  for (let y = 2; y < 4; y++) mask.fill(1, y * width + 12, y * width + 16);
  const marks = marksOf(mask, { width, height });

  test('are the connected areas', () => {
    expect(marks.count).toBe(2);
    expect(marks.labels.filter((label) => label === 1).length).toBe(16);
    expect(marks.labels.filter((label) => label === 2).length).toBe(8);
  });

  test('a structure is found by the region that covers more than a quarter of it, alone or with higher ones', () => {
    const half = { score: 0.8, polygon: box(0.1, 0.2, 0.1, 0.4) };
    const sliver = { score: 0.9, polygon: box(0.6, 0.2, 0.05, 0.2) };
    const more = { score: 0.5, polygon: box(0.65, 0.2, 0.05, 0.2) };
    const outcome = outcomeOf('view', 'a.jpg', [sliver, half, more], marks);
    expect(outcome.foundAt).toEqual([0.8, 0.5]);
    expect(outcome.pixels).toEqual({
      marked: 24,
      regions: [
        { cells: 2, right: 2 },
        { cells: 8, right: 8 },
        { cells: 2, right: 2 },
      ],
    });
  });
});

describe('the point of a rate of false alarms', () => {
  const unchanged = (score: number): Outcome => ({
    view: 'a',
    frame: '',
    changed: false,
    regions: score > 0 ? [{ score, polygon: box(0, 0, 1, 1) }] : [],
    foundAt: [],
  });
  const changed = (foundAt: number[]): Outcome => ({ view: 'a', frame: '', changed: true, regions: [], foundAt });
  const outcomes = [...Array.from({ length: 20 }, (_, i) => unchanged(i / 20)), changed([0.93, 0.92, 0.2, 0])];

  test('lets at most that share raise anything, and counts what is found above it', () => {
    expect(pointAt(outcomes, 0.05)).toMatchObject({ score: 0.9, falseAlarms: 0.05, recall: 0.5 });
    expect(pointAt(outcomes, 0)).toMatchObject({ score: 0.95, falseAlarms: 0, recall: 0 });
    expect(pointAt(outcomes, 1)).toMatchObject({ falseAlarms: 0.95, recall: 0.75 });
  });
});

describe('tasks', () => {
  const view = {
    name: 'a',
    unchanged: Array.from({ length: 12 }, (_, i) => `u${i}`),
    changed: [
      { image: 'c0', mask: 'm0', of: 'u3' },
      { image: 'c1', mask: 'm1', of: 'u5' },
    ],
    standing: [],
  };
  const draw = (seed: number) => tasksOf(view, { k: 8, draws: 3, mostUnchanged: 3, random: seeded(seed) });

  test('judge each changed picture and some others, never against themselves or what they were made of', () => {
    const tasks = draw(1);
    expect(tasks).toHaveLength(3 * (2 + 3));
    for (const { frame, baselines } of tasks) {
      expect(new Set(baselines).size).toBe(8);
      expect(baselines).not.toContain(frame);
      expect(baselines).not.toContain('u3');
      expect(baselines).not.toContain('u5');
    }
  });

  test('are the same for the same seed', () => {
    expect(draw(2)).toEqual(draw(2));
    expect(draw(2)).not.toEqual(draw(3));
  });
});

describe('days of looks', () => {
  const rule = { found: 4, of: 5, spanS: 1200 };
  const quiet: Polygon[] = [];
  const places = new Places([
    quiet,
    [box(0.1, 0.1, 0.2, 0.2)],
    [box(0.11, 0.1, 0.2, 0.2), box(0.7, 0.7, 0.1, 0.1)],
    quiet,
  ]);

  test('are judged as the program does', () => {
    const random = seeded(5);
    let both = 0;
    for (let round = 0; round < 4; round++) {
      const day = dayOf(4, 120, 60, 3600, random);
      for (let look = 0; look < day.length; look += 7) {
        for (const region of places.regionsOf[day[look]!]!) {
          const quick = stays(places.shows[region]!, day, look, 60, rule);
          expect(quick).toBe(persistenceOf(places.polygon(region), places.looks(day, look, 60, 60), rule).stays);
          both += quick ? 1 : 0;
        }
      }
    }
    expect(both).toBeGreaterThan(0);
  });

  test('raise a place once, and what stands after the span of the rule', () => {
    const always = new Uint16Array(200).fill(1);
    expect(raisedIn(places, always, 60, rule)).toBe(1);
    expect(raisedAfter(places.shows[places.regionsOf[1]![0]!]!, always, 60, rule)).toBe(20);
    expect(raisedIn(places, new Uint16Array(200).fill(0), 60, rule)).toBe(0);
    expect(raisedAfter(Uint8Array.of(1, 0, 0, 0), new Uint16Array(200).fill(2), 60, rule)).toBeUndefined();
  });
});
