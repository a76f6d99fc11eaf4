/**
 * Whether what a tile shows may pass for the present. Pure: the present is passed in, by the server's clock, so that a
 * tile grows old by itself also where nothing answers any more.
 */
import type { Tile } from '../../web/contract.ts';

export type Freshness =
  | { readonly kind: 'fresh' }
  /** Switched off by a person. */
  | { readonly kind: 'disabled' }
  /** The camera itself is not well: `reason` says why where it is known. */
  | {
      readonly kind: 'trouble';
      readonly state: Tile['state'];
      readonly reason: string | null;
      readonly sinceMs: number;
    }
  /** No picture has come yet. */
  | { readonly kind: 'none' }
  /** The picture is older than a present one may be. */
  | { readonly kind: 'old'; readonly sinceMs: number }
  /** The picture is of now, but could not be judged: nobody watches. */
  | { readonly kind: 'not_judged'; readonly reason: string; readonly sinceMs: number };

/** While a view learns nothing is judged, and nothing is wrong. */
const LEARNING: readonly string[] = ['learning', 'proposed'];

/** @param shownAtMs moment of the picture that is painted; undefined: none is */
export function freshnessOf(tile: Tile, shownAtMs: number | undefined, nowMs: number): Freshness {
  if (!tile.enabled) return { kind: 'disabled' };
  if (tile.state !== 'online' && tile.state !== 'unknown') {
    return { kind: 'trouble', state: tile.state, reason: tile.reason, sinceMs: Date.parse(tile.since) };
  }
  if (shownAtMs === undefined) return { kind: 'none' };
  if (nowMs - shownAtMs > tile.oldAfterS * 1000) return { kind: 'old', sinceMs: shownAtMs };
  const notJudged = tile.view?.notJudged;
  if (notJudged && !LEARNING.includes(notJudged.reason)) {
    return { kind: 'not_judged', reason: notJudged.reason, sinceMs: Date.parse(notJudged.since) };
  }
  return { kind: 'fresh' };
}

/** For how long after an alert was raised its camera's tile is live by itself. */
const ACTIVE_MS = 120_000;

export interface LiveWish {
  readonly pinned: ReadonlySet<number>;
  readonly hovered: number | undefined;
}

/**
 * The cameras whose tiles are live: those pinned, the one under the pointer, then those with the newest activity, no more
 * than `most` together. Of a camera with a privacy mask there are only stills.
 */
export function liveTiles(tiles: readonly Tile[], wish: LiveWish, most: number, nowMs: number): ReadonlySet<number> {
  const can = tiles.filter((tile) => tile.enabled && !tile.masked && tile.state !== 'offline');
  const alertMs = (tile: Tile): number => (tile.alertAt === null ? 0 : Date.parse(tile.alertAt));
  const rank = (tile: Tile): number => {
    if (wish.pinned.has(tile.cameraId)) return 0;
    if (tile.cameraId === wish.hovered) return 1;
    return nowMs - alertMs(tile) <= ACTIVE_MS ? 2 : 3;
  };
  return new Set(
    can
      .filter((tile) => rank(tile) < 3)
      .sort((a, b) => rank(a) - rank(b) || alertMs(b) - alertMs(a) || a.cameraId - b.cameraId)
      .slice(0, most)
      .map(({ cameraId }) => cameraId),
  );
}
