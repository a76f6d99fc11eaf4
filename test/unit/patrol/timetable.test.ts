import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  copyDay,
  firstCommon,
  isOpen,
  isTimeZone,
  openSpans,
  wallClockMs,
  wallDate,
  weekSpans,
  without,
  type Window,
} from '../../../src/patrol/timetable.ts';
import { nextChanges, routeAt } from '../../../src/patrol/route.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SHANGHAI = 'Asia/Shanghai';
const utc = (text: string): number => Date.parse(`${text}Z`);
const daily = (from: string, to: string): Window[] => [{ days: [1, 2, 3, 4, 5, 6, 7], from, to }];
const texts = (spans: readonly { fromMs: number; toMs: number }[]): string[] =>
  spans.map(
    ({ fromMs, toMs }) => `${new Date(fromMs).toISOString().slice(0, 16)} ${new Date(toMs).toISOString().slice(0, 16)}`,
  );

const zones = fc.constantFrom(
  SHANGHAI,
  'UTC',
  'America/New_York',
  'Europe/London',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
);
const times = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
const windows = fc.array(
  fc.record({
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
    from: times,
    to: fc.oneof(times, fc.constant('24:00')),
  }),
  { minLength: 1, maxLength: 4 },
);
/** Around the nights in which the clocks of these zones change, and any other time. */
const moments = fc.oneof(
  fc.constantFrom(utc('2026-03-08T05:00:00'), utc('2026-11-01T04:00:00'), utc('2026-03-29T00:00:00')),
  fc.constantFrom(utc('2026-10-25T00:00:00'), utc('2026-04-04T13:00:00'), utc('2026-10-03T14:00:00')),
  fc
    .integer({ min: utc('2025-12-01T00:00:00') / MINUTE, max: utc('2027-01-31T00:00:00') / MINUTE })
    .map((n) => n * MINUTE),
);

test('across midnight a window belongs to the day on which it begins', () => {
  const night: Window[] = [{ days: [5], from: '22:00', to: '06:00' }];
  const at = (text: string): boolean => isOpen(night, SHANGHAI, utc(text) - 8 * HOUR);
  expect(at('2026-07-03T21:59:59')).toBe(false);
  expect(at('2026-07-03T22:00:00')).toBe(true); // a Friday
  expect(at('2026-07-04T05:59:59')).toBe(true);
  expect(at('2026-07-04T06:00:00')).toBe(false);
  expect(at('2026-07-04T22:30:00')).toBe(false);
  expect(at('2026-07-03T03:00:00')).toBe(false);
});

test('an end at the beginning is a whole day, 24:00 the end of one', () => {
  expect(
    texts(
      openSpans([{ days: [1], from: '08:00', to: '08:00' }], 'UTC', utc('2026-07-06T00:00'), utc('2026-07-08T00:00')),
    ),
  ).toEqual(['2026-07-06T08:00 2026-07-07T08:00']);
  expect(
    texts(
      openSpans(
        [{ days: [1, 2], from: '20:00', to: '24:00' }],
        'UTC',
        utc('2026-07-06T00:00'),
        utc('2026-07-08T00:00'),
      ),
    ),
  ).toEqual(['2026-07-06T20:00 2026-07-07T00:00', '2026-07-07T20:00 2026-07-08T00:00']);
});

describe('where daylight saving', () => {
  const NEW_YORK = 'America/New_York';
  test('skips an hour, a window inside it does not open and one across it is an hour shorter', () => {
    // 8 March 2026: 02:00 EST becomes 03:00 EDT at 07:00 UTC.
    const day = [utc('2026-03-08T05:00'), utc('2026-03-09T04:00')] as const;
    expect(openSpans(daily('02:00', '03:00'), NEW_YORK, ...day)).toEqual([]);
    expect(texts(openSpans(daily('01:00', '04:00'), NEW_YORK, ...day))).toEqual(['2026-03-08T06:00 2026-03-08T08:00']);
    expect(texts(openSpans(daily('02:30', '03:30'), NEW_YORK, ...day))).toEqual(['2026-03-08T07:00 2026-03-08T07:30']);
  });

  test('repeats an hour, a window inside it opens both times', () => {
    // 1 November 2026: 02:00 EDT becomes 01:00 EST at 06:00 UTC.
    const day = [utc('2026-11-01T04:00'), utc('2026-11-02T05:00')] as const;
    expect(texts(openSpans(daily('01:15', '01:45'), NEW_YORK, ...day))).toEqual([
      '2026-11-01T05:15 2026-11-01T05:45',
      '2026-11-01T06:15 2026-11-01T06:45',
    ]);
    expect(texts(openSpans(daily('00:00', '03:00'), NEW_YORK, ...day))).toEqual(['2026-11-01T04:00 2026-11-01T08:00']);
  });
});

test('spans are what asking minute by minute finds, at every change of every zone', () => {
  fc.assert(
    fc.property(windows, zones, moments, fc.integer({ min: 0, max: 1800 }), (list, zone, atMs, lengthMinutes) => {
      const toMs = atMs + lengthMinutes * MINUTE;
      const spans = openSpans(list, zone, atMs, toMs);
      spans.forEach((span, index) => {
        expect(span.toMs).toBeGreaterThan(span.fromMs);
        if (index > 0) expect(span.fromMs).toBeGreaterThan(spans[index - 1]!.toMs);
      });
      for (let minute = atMs; minute < toMs; minute += MINUTE) {
        const inside = spans.some(({ fromMs, toMs: endMs }) => minute >= fromMs && minute < endMs);
        if (inside !== isOpen(list, zone, minute)) {
          throw new Error(`${new Date(minute).toISOString()} is ${inside ? 'inside' : 'outside'}`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('the next change is the first moment at which it is otherwise', () => {
  fc.assert(
    fc.property(windows, zones, moments, (list, zone, atMs) => {
      const route = { id: 1, name: '', enabled: true, priority: 0, timeZone: zone, windows: list };
      const changeMs = nextChanges([route], atMs).get(1);
      const open = isOpen(list, zone, atMs);
      if (changeMs === undefined) return;
      expect(isOpen(list, zone, changeMs)).toBe(!open);
      expect(isOpen(list, zone, changeMs - MINUTE / 60)).toBe(open);
    }),
    { numRuns: 200 },
  );
});

test('of several routes the next change of each is where it begins or ceases to go', () => {
  fc.assert(
    fc.property(fc.array(windows, { minLength: 2, maxLength: 3 }), zones, moments, (lists, timeZone, atMs) => {
      const routes = lists.map((list, id) => ({
        ...{ id, name: '', enabled: true, priority: id % 2, timeZone, windows: list },
      }));
      for (const [id, changeMs] of nextChanges(routes, atMs)) {
        const goes = routeAt(routes, atMs)?.id === id;
        expect(routeAt(routes, changeMs)?.id === id).toBe(!goes);
        expect(routeAt(routes, changeMs - 1)?.id === id).toBe(goes);
      }
    }),
    { numRuns: 100 },
  );
});

test('the wall clock shows what people of the zone read', () => {
  expect(new Date(wallClockMs(SHANGHAI, utc('2026-02-28T16:00:00'))).toISOString()).toBe('2026-03-01T00:00:00.000Z');
  expect(wallDate(SHANGHAI, utc('2026-12-31T16:30:00'))).toBe('2027-01-01');
  expect(new Date(wallClockMs('Asia/Kathmandu', utc('2026-01-01T00:00:00') + 7)).toISOString()).toBe(
    '2026-01-01T05:45:00.007Z',
  );
  expect(isTimeZone('Asia/Nantong')).toBe(false);
  expect(isTimeZone('Asia/Shanghai')).toBe(true);
});

test('a day is copied in place of what others had, and taken out of windows it shared', () => {
  const week: Window[] = [
    { days: [1, 3], from: '08:00', to: '12:00' },
    { days: [2], from: '09:00', to: '10:00' },
    { days: [2, 5], from: '20:00', to: '23:00' },
  ];
  expect(copyDay(week, 1, [2, 4])).toEqual([
    { days: [1, 2, 3, 4], from: '08:00', to: '12:00' },
    { days: [5], from: '20:00', to: '23:00' },
  ]);
  fc.assert(
    fc.property(
      windows,
      fc.integer({ min: 1, max: 7 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (list, from, to) => {
        const of = (some: readonly Window[], day: number): string[] =>
          some
            .filter(({ days }) => days.includes(day))
            .map((window) => `${window.from} ${window.to}`)
            .sort();
        const copied = copyDay(list, from, to);
        for (let day = 1; day <= 7; day++) expect(of(copied, day)).toEqual(of(list, to.includes(day) ? from : day));
      },
    ),
  );
});

test('what is common to two lists of spans, and what is left of one without the other', () => {
  const spans = fc
    .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 12 })
    .map((edges) => [...edges].sort((a, b) => a - b))
    .map((edges) =>
      Array.from({ length: Math.floor(edges.length / 2) }, (_, i) => ({
        fromMs: edges[2 * i]!,
        toMs: edges[2 * i + 1]!,
      })),
    );
  fc.assert(
    fc.property(spans, spans, (a, b) => {
      const has = (list: readonly { fromMs: number; toMs: number }[], at: number): boolean =>
        list.some(({ fromMs, toMs }) => at >= fromMs && at < toMs);
      const left = without(a, b);
      const both: number[] = [];
      for (let at = 0; at < 60; at++) {
        expect(has(left, at)).toBe(has(a, at) && !has(b, at));
        if (has(a, at) && has(b, at)) both.push(at);
      }
      expect(firstCommon(a, b)?.fromMs).toBe(both[0]);
    }),
  );
});

test('a week by itself is open when the same week of a zone without clock changes is', () => {
  const monday = utc('2026-07-06T00:00:00');
  fc.assert(
    fc.property(windows, fc.integer({ min: 0, max: 7 * 24 * 60 - 1 }), (some, minute) => {
      const spans = weekSpans(some);
      const inWeek = spans.some(({ fromMs, toMs }) => minute * MINUTE >= fromMs && minute * MINUTE < toMs);
      expect(inWeek).toBe(isOpen(some, 'UTC', monday + minute * MINUTE));
      spans.forEach(({ fromMs }, at) => expect(fromMs).toBeGreaterThan(spans[at - 1]?.toMs ?? -1));
    }),
  );
});
