/**
 * Timetables: windows of a weekday by the wall clock of a zone. A window belongs to the day on which it begins; one whose
 * end is at or before its beginning ends on the next day. The wall clock alone decides: where daylight saving skips an hour,
 * a window inside it does not open; where it repeats one, the window is open both times. Pure.
 */
import type { StoredWindow } from '../drivers/postgres/schema.ts';

export type Window = StoredWindow;

/** UTC ms; the end is outside. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a zone that is not in the IANA database */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    // Valid zones number a few hundred, so what is kept stays small.
    formats.set(timeZone, format);
  }
  return format;
}

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the wall clock of a zone shows, as if it were UTC, in ms. */
export function wallClockMs(timeZone: string, atMs: number): number {
  const parts: Record<string, number> = {};
  const whole = Math.floor(atMs / 1000) * 1000;
  for (const { type, value } of formatOf(timeZone).formatToParts(whole)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (atMs - whole);
}

/** The date on the wall, `yyyy-MM-dd`. */
export function wallDate(timeZone: string, atMs: number): string {
  return new Date(wallClockMs(timeZone, atMs)).toISOString().slice(0, 10);
}

/** 1 Monday … 7 Sunday. */
export function weekdayOf(wallMs: number): number {
  // 1 January 1970 was a Thursday.
  return ((Math.floor(wallMs / DAY_MS) + 3) % 7) + 1;
}

/** Minutes since midnight of `HH:MM`; `24:00` is the end of the day. */
export function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

export function windowMinutes({ from, to }: Window): number {
  const minutes = minutesOf(to) - minutesOf(from);
  return minutes > 0 ? minutes : minutes + DAY_MINUTES;
}

export function isOpen(windows: readonly Window[], timeZone: string, atMs: number): boolean {
  return isOpenOnWall(windows, wallClockMs(timeZone, atMs));
}

function isOpenOnWall(windows: readonly Window[], wallMs: number): boolean {
  const day = weekdayOf(wallMs);
  const dayBefore = ((day + 5) % 7) + 1;
  const minute = Math.floor((((wallMs % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);
  return windows.some(({ days, from, to }) => {
    const [begins, ends] = [minutesOf(from), minutesOf(to)];
    if (ends > begins) return days.includes(day) && minute >= begins && minute < ends;
    return (days.includes(day) && minute >= begins) || (days.includes(dayBefore) && minute < ends);
  });
}

/** The spans of `[fromMs, toMs)` in which a timetable is open, in order, none touching another. */
export function openSpans(windows: readonly Window[], timeZone: string, fromMs: number, toMs: number): Span[] {
  const edges = new Set([0]);
  for (const { from, to } of windows) for (const time of [from, to]) edges.add(minutesOf(time) % DAY_MINUTES);
  const spans: { fromMs: number; toMs: number }[] = [];
  const add = (beginMs: number, endMs: number, wallMs: number): void => {
    if (endMs <= beginMs || !isOpenOnWall(windows, wallMs)) return;
    const last = spans.at(-1);
    if (last?.toMs === beginMs) last.toMs = endMs;
    else spans.push({ fromMs: beginMs, toMs: endMs });
  };
  for (let hourMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS; hourMs < toMs; hourMs += HOUR_MS) {
    const offsetMs = wallClockMs(timeZone, hourMs) - hourMs;
    // The last ms of the hour: a change at the next full hour is the next hour's affair.
    const steady = wallClockMs(timeZone, hourMs + HOUR_MS - 1) - (hourMs + HOUR_MS - 1) === offsetMs;
    const cuts = steady ? cutsOf(edges, hourMs, offsetMs) : everyMinute(hourMs);
    cuts.forEach((cutMs, index) => {
      const beginMs = Math.max(cutMs, fromMs);
      const endMs = Math.min(cuts[index + 1] ?? hourMs + HOUR_MS, toMs);
      add(beginMs, endMs, steady ? beginMs + offsetMs : wallClockMs(timeZone, beginMs));
    });
  }
  return spans;
}

function cutsOf(edges: ReadonlySet<number>, hourMs: number, offsetMs: number): number[] {
  const cuts = [hourMs];
  for (const edge of edges) {
    const sinceEdgeMs = (((hourMs + offsetMs - edge * MINUTE_MS) % DAY_MS) + DAY_MS) % DAY_MS;
    const atMs = hourMs + (sinceEdgeMs === 0 ? 0 : DAY_MS - sinceEdgeMs);
    if (atMs > hourMs && atMs < hourMs + HOUR_MS) cuts.push(atMs);
  }
  return cuts.sort((a, b) => a - b);
}

function everyMinute(hourMs: number): number[] {
  return Array.from({ length: 60 }, (_, minute) => hourMs + minute * MINUTE_MS);
}

const WEEK_MS = 7 * DAY_MS;

/** The open times of a week that changes no clock, in ms since Monday 00:00, in order, none touching another. */
export function weekSpans(windows: readonly Window[]): Span[] {
  const parts: { fromMs: number; toMs: number }[] = [];
  for (const window of windows) {
    for (const day of window.days) {
      const fromMs = (day - 1) * DAY_MS + minutesOf(window.from) * MINUTE_MS;
      const toMs = fromMs + windowMinutes(window) * MINUTE_MS;
      parts.push({ fromMs, toMs: Math.min(toMs, WEEK_MS) });
      if (toMs > WEEK_MS) parts.push({ fromMs: 0, toMs: toMs - WEEK_MS });
    }
  }
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const part of parts.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = spans.at(-1);
    if (last && last.toMs >= part.fromMs) last.toMs = Math.max(last.toMs, part.toMs);
    else spans.push(part);
  }
  return spans;
}

/** Where two timetables are open together, first of all; undefined: nowhere. */
export function firstCommon(a: readonly Span[], b: readonly Span[]): Span | undefined {
  let [i, j] = [0, 0];
  for (let one = a[i], other = b[j]; one && other; one = a[i], other = b[j]) {
    const common = { fromMs: Math.max(one.fromMs, other.fromMs), toMs: Math.min(one.toMs, other.toMs) };
    if (common.toMs > common.fromMs) return common;
    if (one.toMs < other.toMs) i++;
    else j++;
  }
  return undefined;
}

/** What is left of spans once those of others are taken away; both in order. */
export function without(spans: readonly Span[], taken: readonly Span[]): Span[] {
  const left: Span[] = [];
  for (const span of spans) {
    let fromMs = span.fromMs;
    for (const gone of taken) {
      if (gone.toMs <= fromMs || gone.fromMs >= span.toMs) continue;
      if (gone.fromMs > fromMs) left.push({ fromMs, toMs: gone.fromMs });
      fromMs = gone.toMs;
    }
    if (fromMs < span.toMs) left.push({ fromMs, toMs: span.toMs });
  }
  return left;
}

/** The windows with those of day `from` also on the days `to`, in place of what those days had. */
export function copyDay(windows: readonly Window[], from: number, to: readonly number[]): Window[] {
  const copied: Window[] = [];
  for (const window of windows) {
    const kept = window.days.filter((day) => !to.includes(day) || day === from);
    const days = window.days.includes(from) ? [...new Set([...kept, ...to])].sort((a, b) => a - b) : kept;
    if (days.length > 0) copied.push({ ...window, days });
  }
  return copied;
}
