/**
 * The week of a timetable as spans of minutes from Monday 00:00, and back to the windows that the server keeps. Pure.
 * Spans are sorted, do not touch, and end at most where the week does; one that crosses Sunday's midnight is in two parts.
 */
import type { PatrolWindow } from '../../web/contract.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
}

export const DAY_MIN = 1440;
export const WEEK_MIN = 7 * DAY_MIN;
export const DAYS = [1, 2, 3, 4, 5, 6, 7] as const;

/** Sorts and joins what touches; what lies past the week's end goes on at its beginning. */
export function tidy(spans: readonly Span[]): Span[] {
  const within = spans
    .flatMap(({ from, to }) => {
      if (to <= from) return [];
      if (to - from >= WEEK_MIN) return [{ from: 0, to: WEEK_MIN }];
      const start = ((from % WEEK_MIN) + WEEK_MIN) % WEEK_MIN;
      const end = start + to - from;
      return end <= WEEK_MIN
        ? [{ from: start, to: end }]
        : [
            { from: start, to: WEEK_MIN },
            { from: 0, to: end - WEEK_MIN },
          ];
    })
    .sort((a, b) => a.from - b.from);
  const joined: { from: number; to: number }[] = [];
  for (const span of within) {
    const last = joined.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else joined.push({ ...span });
  }
  return joined;
}

export function add(spans: readonly Span[], span: Span): Span[] {
  return tidy([...spans, span]);
}

export function remove(spans: readonly Span[], gone: Span): Span[] {
  return tidy(
    spans.flatMap(({ from, to }) => [
      { from, to: Math.min(to, gone.from) },
      { from: Math.max(from, gone.to), to },
    ]),
  );
}

export function covers(spans: readonly Span[], minute: number): boolean {
  return spans.some(({ from, to }) => from <= minute && minute < to);
}

/** What lies within one day, in minutes from its midnight. */
export function ofDay(spans: readonly Span[], day: number): Span[] {
  const start = (day - 1) * DAY_MIN;
  return spans
    .map(({ from, to }) => ({ from: Math.max(0, from - start), to: Math.min(DAY_MIN, to - start) }))
    .filter(({ from, to }) => from < to);
}

/** The times of one day put in place of those of others. */
export function copyDay(spans: readonly Span[], day: number, others: readonly number[]): Span[] {
  const copied = ofDay(spans, day);
  return others
    .filter((other) => other !== day)
    .reduce((rest: Span[], other) => {
      const start = (other - 1) * DAY_MIN;
      const cleared = remove(rest, { from: start, to: start + DAY_MIN });
      return tidy([...cleared, ...copied.map(({ from, to }) => ({ from: start + from, to: start + to }))]);
    }, tidy(spans));
}

/** The same times on every day; a `to` at or before `from` is of the next day. */
export function daily(fromMin: number, toMin: number): Span[] {
  const length = toMin <= fromMin ? toMin + DAY_MIN - fromMin : toMin - fromMin;
  return tidy(DAYS.map((day) => ({ from: (day - 1) * DAY_MIN + fromMin, to: (day - 1) * DAY_MIN + fromMin + length })));
}

export function spansOf(windows: readonly PatrolWindow[]): Span[] {
  return tidy(
    windows.flatMap(({ days, from, to }) => {
      const [start, end] = [minuteOf(from), minuteOf(to)];
      const length = end <= start ? end + DAY_MIN - start : end - start;
      return days.map((day) => ({ from: (day - 1) * DAY_MIN + start, to: (day - 1) * DAY_MIN + start + length }));
    }),
  );
}

/** As few windows as say the same: a night is one window that ends the next morning; days of the same times share one. */
export function windowsOf(spans: readonly Span[]): PatrolWindow[] {
  const days = new Map<string, number[]>();
  const take = (day: number, from: number, to: number): void => {
    const key = `${clockOf(from)} ${clockOf(to)}`;
    days.set(key, [...(days.get(key) ?? []), day]);
  };
  for (const { from, to } of joinedOverSunday(tidy(spans))) {
    if (to - from <= DAY_MIN) {
      const start = from % DAY_MIN;
      const end = to % DAY_MIN || DAY_MIN;
      take(dayOf(from), start, end);
      continue;
    }
    // Longer than a window may be: cut at midnights.
    for (let at = from; at < to;) {
      const midnight = (Math.floor(at / DAY_MIN) + 1) * DAY_MIN;
      const end = Math.min(to, midnight);
      take(dayOf(at), at % DAY_MIN, end % DAY_MIN || DAY_MIN);
      at = end;
    }
  }
  return [...days]
    .map(([key, list]) => {
      const [from = '', to = ''] = key.split(' ');
      return { days: [...list].sort((a, b) => a - b), from, to };
    })
    .sort((a, b) => (a.days[0] ?? 0) - (b.days[0] ?? 0) || (a.from < b.from ? -1 : 1));
}

/** One span where the week ends in the middle of it. */
function joinedOverSunday(spans: readonly Span[]): Span[] {
  const [first, last] = [spans[0], spans.at(-1)];
  if (!first || !last || first === last || first.from !== 0 || last.to !== WEEK_MIN) return [...spans];
  return [...spans.slice(1, -1), { from: last.from, to: WEEK_MIN + first.to }];
}

function dayOf(minute: number): number {
  return (Math.floor(minute / DAY_MIN) % 7) + 1;
}

/** Minutes from midnight of `HH:mm`; 24:00 is 1440. */
export function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

/** What people type for a time of day, as `HH:mm`; undefined where it is none. 24:00 is the day's end. */
export function readClock(typed: string): string | undefined {
  const [, hours, minutes = '0'] = /^(\d{1,2})(?:[:：.]?(\d{2}))?$/.exec(typed.trim()) ?? [];
  if (hours === undefined) return undefined;
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= DAY_MIN ? clockOf(minute) : undefined;
}

export function clockOf(minute: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** Minutes of the week in which it goes. */
export function total(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}
