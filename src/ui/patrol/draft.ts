/** A route while it is being drawn: what it becomes for the server, what it came from, and the steps back. Pure. */
import type { PatrolRoute, PatrolRouteBody, PatrolStopBody, TurretPreset } from '../../web/contract.ts';
import { spansOf, windowsOf, type Span } from './timetable.ts';

export interface DraftStop {
  /** Tells the rows of the list apart while they are moved about. */
  readonly key: number;
  readonly name: string;
  readonly preset: string | null;
  readonly position: PatrolStopBody['position'];
  readonly dwellS: number;
  readonly speed: number | null;
  readonly zoom: number | null;
  readonly watch: PatrolStopBody['watch'];
}

export interface Draft {
  readonly name: string;
  readonly enabled: boolean;
  readonly priority: number;
  readonly randomOrder: boolean;
  readonly timeZone: string | null;
  readonly spans: readonly Span[];
  readonly stops: readonly DraftStop[];
}

export const DEFAULT_DWELL_S = 10;

let keys = 0;
const nextKey = (): number => ++keys;

export function emptyDraft(name: string): Draft {
  return { name, enabled: true, priority: 10, randomOrder: false, timeZone: null, spans: [], stops: [] };
}

export function draftOf(route: PatrolRoute): Draft {
  return {
    ...{ name: route.name, enabled: route.enabled, priority: route.priority, randomOrder: route.randomOrder },
    timeZone: route.timeZone,
    spans: spansOf(route.windows),
    stops: route.stops.map(({ name, preset, position, dwellS, speed, zoom, watch }) => ({
      key: nextKey(),
      ...{ name, preset, position, dwellS, speed, zoom },
      watch,
    })),
  };
}

export function bodyOf(draft: Draft, cameraId: number, version?: number): PatrolRouteBody {
  return {
    ...{ cameraId, name: draft.name.trim(), enabled: draft.enabled, priority: draft.priority },
    ...{ randomOrder: draft.randomOrder, timeZone: draft.timeZone },
    windows: windowsOf(draft.spans),
    stops: draft.stops.map(({ name, preset, position, dwellS, speed, zoom, watch }) => ({
      ...{ name, preset, dwellS, speed, zoom },
      // The server takes the one or the other, and reads a preset's place itself.
      position: preset === null ? (position ?? null) : null,
      ...(watch && { watch }),
    })),
    ...(version !== undefined && { version }),
  };
}

/** A stop at a preset, put in at `at` or at the end; it stays as long as its neighbour does. */
export function withPreset(draft: Draft, { token }: Pick<TurretPreset, 'token'>, at = draft.stops.length): Draft {
  const dwellS = draft.stops.at(-1)?.dwellS ?? DEFAULT_DWELL_S;
  const stop: DraftStop = {
    key: nextKey(),
    ...{ name: '', preset: token, position: null, dwellS, speed: null, zoom: null },
    watch: undefined,
  };
  return { ...draft, stops: [...draft.stops.slice(0, at), stop, ...draft.stops.slice(at)] };
}

/** A stop where the turret points; its zoom is the position's own. */
export function withPosition(draft: Draft, position: NonNullable<PatrolStopBody['position']>): Draft {
  const dwellS = draft.stops.at(-1)?.dwellS ?? DEFAULT_DWELL_S;
  const stop: DraftStop = {
    key: nextKey(),
    ...{ name: '', preset: null, position, dwellS, speed: null, zoom: null },
    watch: undefined,
  };
  return { ...draft, stops: [...draft.stops, stop] };
}

export function moved(draft: Draft, from: number, to: number): Draft {
  const stop = draft.stops[from];
  if (!stop || to < 0 || to >= draft.stops.length || from === to) return draft;
  const rest = draft.stops.filter((_, index) => index !== from);
  return { ...draft, stops: [...rest.slice(0, to), stop, ...rest.slice(to)] };
}

export function changedStop(draft: Draft, index: number, change: Partial<DraftStop>): Draft {
  return { ...draft, stops: draft.stops.map((stop, at) => (at === index ? { ...stop, ...change } : stop)) };
}

export function withoutStop(draft: Draft, index: number): Draft {
  return { ...draft, stops: draft.stops.filter((_, at) => at !== index) };
}

/** Whether two drafts would be saved as the same route. */
export function isSame(one: Draft, other: Draft): boolean {
  return JSON.stringify(bodyOf(one, 1)) === JSON.stringify(bodyOf(other, 1));
}

const STEPS_KEPT = 100;

/** The drafts that were, the present one, and those taken back. */
export interface History {
  readonly past: readonly Draft[];
  readonly present: Draft;
  readonly future: readonly Draft[];
  /** What the newest step changed: a second change of the same text or number is no step of its own. */
  readonly what: string;
}

export function historyOf(draft: Draft): History {
  return { past: [], present: draft, future: [], what: '' };
}

/** @param what steps of the same name one after another count as one; empty: always a step */
export function step(history: History, draft: Draft, what = ''): History {
  if (draft === history.present) return history;
  const past = what !== '' && what === history.what ? history.past : [...history.past, history.present];
  return { past: past.slice(-STEPS_KEPT), present: draft, future: [], what };
}

export function undo({ past, present, future }: History): History {
  const before = past.at(-1);
  if (!before) return { past, present, future, what: '' };
  return { past: past.slice(0, -1), present: before, future: [present, ...future], what: '' };
}

export function redo({ past, present, future }: History): History {
  const [after, ...rest] = future;
  if (!after) return { past, present, future, what: '' };
  return { past: [...past, present], present: after, future: rest, what: '' };
}
