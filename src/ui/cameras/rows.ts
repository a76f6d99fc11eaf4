/** The rows of the cameras page: a camera and one of its views, and the handful of questions people filter by. Pure. */
import type { Camera, View } from '../../web/contract.ts';

export interface Row {
  readonly key: string;
  readonly camera: Camera;
  /** A camera may have no view yet. */
  readonly view: View | undefined;
}

export const SHOWS = ['all', 'online', 'faulty', 'not-judged', 'proposed', 'learning', 'paused'] as const;
export type Show = (typeof SHOWS)[number];

export function rowsOf(cameras: readonly Camera[], views: readonly View[]): Row[] {
  const byCamera = new Map<number, View[]>();
  for (const view of views) {
    const same = byCamera.get(view.camera.id);
    if (same) same.push(view);
    else byCamera.set(view.camera.id, [view]);
  }
  return cameras.flatMap((camera): Row[] => {
    const own = byCamera.get(camera.id) ?? [];
    if (own.length === 0) return [{ key: `c${camera.id}`, camera, view: undefined }];
    return own.map((view) => ({ key: `v${view.id}`, camera, view }));
  });
}

export function belongsTo(show: Show, { camera, view }: Row, nowMs: number): boolean {
  switch (show) {
    case 'all':
      return true;
    case 'online':
      return camera.health.state === 'online';
    case 'faulty':
      return camera.enabled && camera.health.state !== 'online' && camera.health.state !== 'unknown';
    case 'not-judged':
      return view !== undefined && blindnessOf(view, nowMs) !== undefined;
    default:
      return view?.state === show;
  }
}

export function matchesSearch(search: string, { camera, view }: Row): boolean {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return true;
  const texts = [camera.name, camera.place, camera.key, camera.location.locationCode ?? '', view?.name ?? ''];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

/**
 * Why a watched view says nothing of the present, and since when: its newest look could not be judged, its camera fails,
 * or looks stay away. Undefined where it sees.
 */
export function blindnessOf(view: View, nowMs: number): { reason: string; since: string | null } | undefined {
  if (view.state !== 'watching') return undefined;
  if (view.notJudged) return view.notJudged;
  const { state } = view.camera;
  if (state !== 'online' && state !== 'unknown') return { reason: state, since: view.lastLookAt };
  return isStale(view, nowMs) ? { reason: 'no_looks', since: view.lastLookAt } : undefined;
}

/** Whether a view's last look is so old that its picture must not pass for the present. */
export function isStale(view: View, nowMs: number): boolean {
  if (view.state === 'paused') return false;
  if (view.lastLookAt === null) return true;
  return nowMs - Date.parse(view.lastLookAt) > view.cadenceS * 3000 + 30_000;
}

/** Share of the learning time that has passed, 0 to 1. */
export function learnedShare(learning: { since: string; until: string }, nowMs: number): number {
  const since = Date.parse(learning.since);
  const until = Date.parse(learning.until);
  return until <= since ? 1 : Math.min(1, Math.max(0, (nowMs - since) / (until - since)));
}

export const SORTS = ['place', 'state', 'view', 'lastLook', 'baselines', 'open', 'clock'] as const;
export type SortBy = (typeof SORTS)[number];

export interface Narrowing {
  readonly kind: Camera['kind'] | '';
  /** What the place begins with; empty for any. */
  readonly place: string;
}

export function fits({ kind, place }: Narrowing, { camera }: Row): boolean {
  return (kind === '' || camera.kind === kind) && camera.place.startsWith(place);
}

/** The places that several cameras share, by the first word of each: `3号楼` of `3号楼 屋面`. */
export function placesOf(rows: readonly Row[]): string[] {
  const words = rows.map(({ camera }) => camera.place.trim().split(/\s+/)[0] ?? '').filter((word) => word !== '');
  return [...new Set(words)].sort(inOrder);
}

const collator = new Intl.Collator('zh-CN', { numeric: true });
/** As people count: 9号楼 before 10号楼. */
export function inOrder(a: string, b: string): number {
  return collator.compare(a, b);
}

/** Worst first: what is at fault is what one sorts by state for. */
const STATES: readonly Camera['health']['state'][] = [
  'offline',
  'unauthorised',
  'wrong_codec',
  'frozen',
  'unknown',
  'online',
];
const VIEW_STATES: readonly View['state'][] = ['proposed', 'learning', 'watching', 'paused'];

/** A sorted copy; rows that are alike stay in their order, and what is not known comes last either way. */
export function sorted(rows: readonly Row[], by: SortBy, isDown: boolean, nowMs: number): Row[] {
  const key = (row: Row): number | string | undefined => {
    const { camera, view } = row;
    if (by === 'place') return camera.place || camera.name;
    if (by === 'state') return camera.enabled ? STATES.indexOf(camera.health.state) : STATES.length;
    if (by === 'view') {
      if (!view) return undefined;
      return blindnessOf(view, nowMs) ? -1 : VIEW_STATES.indexOf(view.state);
    }
    if (by === 'lastLook') return view?.lastLookAt ? Date.parse(view.lastLookAt) : undefined;
    if (by === 'baselines') return view?.baselines.accepted;
    if (by === 'open') return view?.openCandidates;
    return camera.clock.offsetMs === null ? undefined : Math.abs(camera.clock.offsetMs);
  };
  const keyed = rows.map((row) => ({ row, key: key(row) }));
  return keyed
    .sort((a, b) => {
      if (a.key === undefined || b.key === undefined) return Number(a.key === undefined) - Number(b.key === undefined);
      const order = typeof a.key === 'string' ? inOrder(a.key, String(b.key)) : a.key - Number(b.key);
      return isDown ? -order : order;
    })
    .map(({ row }) => row);
}
