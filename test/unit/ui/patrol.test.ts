import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bodyOf,
  changedStop,
  emptyDraft,
  historyOf,
  moved,
  redo,
  step,
  undo,
  withoutStop,
  withPreset,
} from '../../../src/ui/patrol/draft.ts';
import { centreMove, dragMove, turnSpeed, wheelZoom } from '../../../src/ui/patrol/gesture.ts';
import {
  add,
  copyDay,
  covers,
  daily,
  ofDay,
  readClock,
  remove,
  spansOf,
  tidy,
  total,
  WEEK_MIN,
  windowsOf,
  type Span,
} from '../../../src/ui/patrol/timetable.ts';

const anySpan = fc
  .tuple(fc.integer({ min: 0, max: WEEK_MIN / 15 - 1 }), fc.integer({ min: 1, max: WEEK_MIN / 15 }))
  .map(([from, length]): Span => ({ from: from * 15, to: (from + length) * 15 }));
const week = fc.array(anySpan, { maxLength: 12 }).map(tidy);

describe('the week of a timetable', () => {
  it('says as windows what it is as spans, whatever is drawn', () => {
    fc.assert(
      fc.property(week, (spans) => {
        const windows = windowsOf(spans);
        expect(spansOf(windows)).toEqual(spans);
        for (const { days, from, to } of windows) {
          expect(from).toMatch(/^([01]\d|2[0-3]):[0-5]\d$/);
          expect(to).toMatch(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/);
          expect(new Set(days).size).toBe(days.length);
        }
      }),
    );
  });

  it('keeps a night as one window, over Sunday too', () => {
    expect(windowsOf(daily(19 * 60, 6 * 60))).toEqual([{ days: [1, 2, 3, 4, 5, 6, 7], from: '19:00', to: '06:00' }]);
    expect(windowsOf(daily(0, 1440))).toEqual([{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }]);
    expect(windowsOf(add(daily(480, 720), { from: 6 * 1440 + 1380, to: 7 * 1440 + 60 }))).toEqual([
      { days: [1, 2, 3, 4, 5, 6, 7], from: '08:00', to: '12:00' },
      { days: [7], from: '23:00', to: '01:00' },
    ]);
  });

  it('takes away exactly what is taken away', () => {
    fc.assert(
      fc.property(week, anySpan, fc.integer({ min: 0, max: WEEK_MIN - 1 }), (spans, drawn, minute) => {
        const span = { from: drawn.from, to: Math.min(WEEK_MIN, drawn.to) };
        const inside = span.from <= minute && minute < span.to;
        expect(covers(add(spans, span), minute)).toBe(inside || covers(spans, minute));
        expect(covers(remove(spans, span), minute)).toBe(!inside && covers(spans, minute));
      }),
    );
  });

  it('copies a day onto others and leaves the rest alone', () => {
    fc.assert(
      fc.property(week, fc.constantFrom(1, 4, 7), fc.subarray([1, 2, 3, 4, 5, 6, 7]), (spans, day, others) => {
        const copied = copyDay(spans, day, others);
        for (let other = 1; other <= 7; other++) {
          const from = others.includes(other) ? day : other;
          expect(ofDay(copied, other)).toEqual(ofDay(spans, from));
        }
      }),
    );
    expect(total(copyDay(daily(0, 60), 1, [2, 3]))).toBe(7 * 60);
  });
});

describe('a time of day as it is typed', () => {
  it('is read however people write it, or not at all', () => {
    const typed = ['7', '730', '7:30', '19：05', ' 06:00 ', '24:00', '0000', '24:01', '25', '7:5', '6:60', 'noon', ''];
    expect(typed.map(readClock)).toEqual([
      ...['07:00', '07:30', '07:30', '19:05', '06:00', '24:00', '00:00'],
      ...Array.from({ length: 6 }, () => undefined),
    ]);
  });
});

describe('a route while it is drawn', () => {
  const eight = ['1', '2', '3', '4', '5', '6', '7', '8'].reduce(
    (draft, token) => withPreset(draft, { token }),
    emptyDraft('  白天 '),
  );

  it('becomes what the server takes', () => {
    const body = bodyOf({ ...eight, spans: daily(360, 1140) }, 7, 3);
    expect(body).toMatchObject({ cameraId: 7, name: '白天', version: 3, enabled: true });
    expect(body.stops.map(({ preset, position, dwellS }) => [preset, position, dwellS])).toEqual(
      ['1', '2', '3', '4', '5', '6', '7', '8'].map((token) => [token, null, 10]),
    );
    expect(body.windows).toEqual([{ days: [1, 2, 3, 4, 5, 6, 7], from: '06:00', to: '19:00' }]);
  });

  it('is put in another order without losing a stop', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(9), (from, to) => {
        const after = moved(eight, from, to).stops.map(({ preset }) => preset);
        expect([...after].sort()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
        if (from < 8 && to < 8) expect(after[to]).toBe(eight.stops[from]?.preset);
      }),
    );
  });

  it('goes back step by step and forward again, and typing one number is one step', () => {
    let history = historyOf(eight);
    history = step(history, withoutStop(history.present, 2));
    history = step(history, changedStop(history.present, 0, { dwellS: 2 }), 'dwell 0');
    history = step(history, changedStop(history.present, 0, { dwellS: 25 }), 'dwell 0');
    expect(history.present.stops[0]?.dwellS).toBe(25);
    history = undo(history);
    expect(history.present.stops[0]?.dwellS).toBe(10);
    expect(history.present.stops).toHaveLength(7);
    history = undo(undo(history));
    expect(history.present).toBe(eight);
    history = redo(redo(redo(history)));
    expect(history.present.stops[0]?.dwellS).toBe(25);
    expect(history.present.stops).toHaveLength(7);
  });
});

describe('a hand on the picture', () => {
  it('pulls the scene along, or wants a point in the middle', () => {
    expect(dragMove(-320, 0, 640, 360)).toEqual({ right: 0.5, up: 0 });
    expect(dragMove(0, -90, 640, 360)).toEqual({ right: 0, up: -0.25 });
    expect(centreMove(640, 0, 640, 360)).toEqual({ right: 0.5, up: 0.5 });
    expect(centreMove(320, 180, 640, 360)).toEqual({ right: 0, up: 0 });
  });

  it('never asks for more than a turret takes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (x, y) => {
        for (const { right, up } of [dragMove(x, y, 640, 360), centreMove(x, y, 640, 360)]) {
          expect(Math.abs(right)).toBeLessThanOrEqual(1);
          expect(Math.abs(up)).toBeLessThanOrEqual(1);
        }
        expect(Math.abs(wheelZoom(x))).toBeLessThanOrEqual(0.4);
      }),
    );
    expect(turnSpeed(10, 0)).toBe(1);
    expect(turnSpeed(10, 1)).toBeLessThan(0.2);
    expect(turnSpeed(1, 1)).toBeGreaterThan(0);
  });
});
