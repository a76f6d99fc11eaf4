/**
 * Routes: what they are, which of them goes now, and what is wrong with one, in words a person can act on. Pure.
 */
import type { StoredPosition } from '../drivers/postgres/schema.ts';
import {
  firstCommon,
  isOpen,
  isTimeZone,
  openSpans,
  weekSpans,
  windowMinutes,
  without,
  type Span,
  type Window,
} from './timetable.ts';

/** Timetables are looked ahead of so far: every week, and a change of clocks in it. */
const AHEAD_MS = 8 * 86_400_000;

export interface StopTarget {
  /** Preset token; null: a position is given. */
  readonly preset: string | null;
  readonly position: StoredPosition | null;
  /** Zoom instead of the preset's, 0 … 1. */
  readonly zoom: number | null;
}

export interface Stop extends StopTarget {
  readonly id: number;
  readonly name: string;
  readonly dwellS: number;
  /** Share of the fastest; null: the device's own. */
  readonly speed: number | null;
  /** False: visited for the live viewer only. */
  readonly judged: boolean;
  readonly viewId: number;
}

export interface Timetable {
  readonly id: number;
  readonly name: string;
  readonly enabled: boolean;
  readonly priority: number;
  /** The one in force. */
  readonly timeZone: string;
  readonly windows: readonly Window[];
}

export interface Route extends Timetable {
  readonly cameraId: number;
  readonly randomOrder: boolean;
  readonly stops: readonly Stop[];
}

/** Names the view of a stop: stops at the same place with the same zoom see the same and share it. */
export function viewKeyOf({ preset, position, zoom }: StopTarget): string {
  const short = (value: number): string => String(Math.round(value * 1000) / 1000);
  if (preset !== null) return zoom === null ? preset : `${preset}@z${short(zoom)}`;
  if (!position) throw new RangeError('a stop has a preset or a position');
  return `at:${short(position.pan)},${short(position.tilt)},${short(zoom ?? position.zoom)}`;
}

/** The route that goes at a time: of those whose window is open the one of most priority, the elder of equals. */
export function routeAt<T extends Timetable>(routes: readonly T[], atMs: number): T | undefined {
  let chosen: T | undefined;
  for (const route of routes) {
    if (!route.enabled || !isOpen(route.windows, route.timeZone, atMs)) continue;
    if (!chosen || goesBefore(route, chosen)) chosen = route;
  }
  return chosen;
}

function goesBefore(a: Timetable, b: Timetable): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.id < b.id);
}

/** When a route goes within `[fromMs, toMs)`: its open windows less those of the routes that go before it. */
export function spansInForce(route: Timetable, routes: readonly Timetable[], fromMs: number, toMs: number): Span[] {
  if (!route.enabled) return [];
  let spans = openSpans(route.windows, route.timeZone, fromMs, toMs);
  for (const other of routes) {
    if (other.id === route.id || !other.enabled || !goesBefore(other, route)) continue;
    spans = without(spans, openSpans(other.windows, other.timeZone, fromMs, toMs));
  }
  return spans;
}

/**
 * When each of a camera's routes next begins or ceases to go, by its id: priorities are heeded. One that does neither in the
 * eight days from `atMs` is left out.
 */
export function nextChanges(routes: readonly Timetable[], atMs: number): Map<number, number> {
  const untilMs = atMs + AHEAD_MS;
  const changes = new Map<number, number>();
  const before: Span[][] = [];
  for (const { id, windows, timeZone } of routes
    .filter(({ enabled }) => enabled)
    .toSorted((a, b) => (goesBefore(a, b) ? -1 : 1))) {
    const open = openSpans(windows, timeZone, atMs, untilMs);
    const first = before.reduce((left, spans) => without(left, spans), open)[0];
    before.push(open);
    const changeMs = first && (first.fromMs > atMs ? first.fromMs : first.toMs);
    if (changeMs !== undefined && changeMs < untilMs) changes.set(id, changeMs);
  }
  return changes;
}

// --- how long a round takes ------------------------------------------------------------------------------------------

/** Turning and settling, where nothing was measured and no positions are known. */
const TURN_S = 4;
/** A dome turns about this fast at full speed; and settles in about this. */
const FAST_DEGREES_S = 90;
const SETTLE_S = 0.8;

/** Seconds one round takes. @param measuredS turning and settling of a stop as measured, where it was */
export function roundSeconds(
  stops: readonly (StopTarget & { readonly dwellS: number; readonly speed: number | null })[],
  positionOf: (preset: string) => StoredPosition | null,
  measuredS: (index: number) => number | undefined = () => undefined,
): number {
  const at = stops.map(({ preset, position }) => (preset === null ? position : positionOf(preset)));
  return stops.reduce((sum, stop, index) => {
    const turnS = measuredS(index) ?? turnSeconds(at.at(index - 1) ?? null, at[index] ?? null, stop.speed ?? 1);
    return sum + turnS + stop.dwellS;
  }, 0);
}

function turnSeconds(from: StoredPosition | null, to: StoredPosition | null, speed: number): number {
  if (!from || !to) return TURN_S;
  const pan = Math.abs(from.pan - to.pan);
  // Domes turn endlessly and take the shorter way; the spaces are 360 and about 180 degrees wide.
  const degrees = Math.max(Math.min(pan, 2 - pan) * 180, Math.abs(from.tilt - to.tilt) * 90);
  return degrees / (FAST_DEGREES_S * speed) + SETTLE_S;
}

// --- what is wrong with a route --------------------------------------------------------------------------------------

export type ProblemCode =
  | 'overlap'
  | 'unreachable'
  | 'unknown_preset'
  | 'bad_time_zone'
  | 'no_stops'
  | 'no_windows'
  | 'no_target'
  | 'same_stop_twice'
  | 'shadowed';

export interface RouteProblem {
  readonly code: ProblemCode;
  readonly severity: 'error' | 'warning';
  /** Index of what it is about, or null. */
  readonly stop: number | null;
  readonly window: number | null;
  readonly details: Readonly<Record<string, string | number>>;
}

export interface RouteDraft extends Omit<Timetable, 'timeZone'> {
  /** Null: the estate's. */
  readonly timeZone: string | null;
  readonly stops: readonly (StopTarget & {
    readonly name: string;
    readonly dwellS: number;
    readonly speed: number | null;
  })[];
}

export interface RouteSurroundings {
  readonly estateZone: string;
  /** The camera's presets; null while it has never listed them. */
  readonly presets: ReadonlyMap<string, StoredPosition | null> | null;
  /** What presets are called, those that are gone too. */
  readonly presetNames: ReadonlyMap<string, string>;
  /** The camera's other routes. */
  readonly others: readonly Timetable[];
  readonly roundS: number;
  /** Overlaps are looked for in the eight days from then. */
  readonly nowMs: number;
}

export function problemsOf(draft: RouteDraft, around: RouteSurroundings): RouteProblem[] {
  const problems: RouteProblem[] = [];
  const add = (
    code: ProblemCode,
    severity: RouteProblem['severity'],
    details: RouteProblem['details'] = {},
    where: { stop?: number; window?: number } = {},
  ): void => {
    problems.push({ code, severity, stop: where.stop ?? null, window: where.window ?? null, details });
  };
  if (draft.stops.length === 0) add('no_stops', 'error');
  if (draft.windows.length === 0) add('no_windows', 'warning');
  draft.stops.forEach(({ preset, position, name }, stop) => {
    if (preset === null && position === null) add('no_target', 'error', { stop: stop + 1 }, { stop });
    else if (preset !== null && position !== null) add('no_target', 'error', { stop: stop + 1 }, { stop });
    else if (preset !== null && around.presets && !around.presets.has(preset)) {
      add(
        'unknown_preset',
        'error',
        { stop: stop + 1, name: name || around.presetNames.get(preset) || preset, preset },
        { stop },
      );
    }
    const before = draft.stops[stop - 1];
    if (before && sameTarget(before, draft.stops[stop] as StopTarget)) {
      add('same_stop_twice', 'warning', { stop, next: stop + 1 }, { stop });
    }
  });
  draft.windows.forEach((window, index) => {
    const minutes = windowMinutes(window);
    if (around.roundS > minutes * 60) {
      const roundMinutes = Math.ceil(around.roundS / 60);
      add('unreachable', 'error', { from: window.from, to: window.to, minutes, roundMinutes }, { window: index });
    }
  });
  const zone = draft.timeZone ?? around.estateZone;
  if (!isTimeZone(zone)) {
    add('bad_time_zone', 'error', { zone });
    return problems;
  }
  if (!draft.enabled) return problems;
  const untilMs = around.nowMs + AHEAD_MS;
  const spans = openSpans(draft.windows, zone, around.nowMs, untilMs);
  for (const other of around.others) {
    if (!other.enabled || other.priority !== draft.priority || other.id === draft.id) continue;
    const common = firstCommon(spans, openSpans(other.windows, other.timeZone, around.nowMs, untilMs));
    if (common) {
      add('overlap', 'error', { route: other.name, priority: draft.priority, from: common.fromMs, to: common.toMs });
    }
  }
  const shadows = shadowsOf(draft, zone, around);
  if (shadows) add('shadowed', 'warning', { routes: shadows.join(' / ') });
  return problems;
}

/**
 * Names of the routes of more priority that together leave a route no time at all; undefined: some is left. Routes of
 * other zones are left out: they hardly ever cover it to the minute.
 */
function shadowsOf(draft: RouteDraft, zone: string, { others }: RouteSurroundings): string[] | undefined {
  let left = weekSpans(draft.windows);
  if (left.length === 0) return undefined;
  const names: string[] = [];
  for (const other of others) {
    if (!other.enabled || other.priority <= draft.priority || other.timeZone !== zone) continue;
    const rest = without(left, weekSpans(other.windows));
    if (JSON.stringify(rest) !== JSON.stringify(left)) names.push(other.name);
    left = rest;
  }
  return left.length === 0 ? names : undefined;
}

function sameTarget(a: StopTarget, b: StopTarget): boolean {
  if ((a.preset === null && !a.position) || (b.preset === null && !b.position)) return false;
  return viewKeyOf(a) === viewKeyOf(b);
}
