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
  return [camera.name, camera.place, camera.key, view?.name ?? ''].some((text) => text.toLowerCase().includes(wanted));
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
