/**
 * What comes first, in every queue and on every screen. Pure.
 *
 * `safety`: the region touches a watch area, such as a fire lane: what blocks a way of escape comes before anything.
 * `high`: found plainly and large: a structure rather than a doubt. `normal`: all else.
 */
import type { Severity, StoredRegion } from '../drivers/postgres/schema.ts';

/** First things first. */
export const SEVERITIES: readonly Severity[] = ['safety', 'high', 'normal'];

/** The network's score from which a region is plain; it reports from 0.5 (`models/eye.json`). */
export const PLAIN_SCORE = 0.8;
/** Share of the picture from which a region is large: a hut on a roof opposite, not a chair on a balcony. */
export const LARGE_AREA_FRACTION = 0.02;

/** @param isWatched the region touches a watch area */
export function severityOf(region: Pick<StoredRegion, 'score' | 'areaFraction'>, isWatched: boolean): Severity {
  if (isWatched) return 'safety';
  return region.score >= PLAIN_SCORE && region.areaFraction >= LARGE_AREA_FRACTION ? 'high' : 'normal';
}

/** For sorting: negative where `a` comes first. */
export function bySeverity(a: Severity, b: Severity): number {
  return SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b);
}

/** Whether `now` comes before `then`: an item that stands may become graver, and never becomes less grave by itself. */
export function isGraver(now: Severity, then: Severity): boolean {
  return bySeverity(now, then) < 0;
}
