/**
 * How restless a view is, told from its own lawful pictures: each is judged against the others, and what scores highest in
 * it is known to be no structure. A view where leaves, light or people score high, or now high and now low, asks more of a
 * new region; one where nothing does asks less. Pure.
 *
 * Scores are compared as log-odds: so many deviations above the view's own mean. The order of scores within a view stays.
 */

export interface Unrest {
  /** Mean of the log-odds of each lawful picture's highest score. */
  readonly mean: number;
  /** Their variance. */
  readonly variance: number;
}

/** Fewest lawful pictures that tell: of fewer, each stands too far from the others to be explained by them. */
export const FEWEST = 6;
/**
 * What is taken of a view of which there are fewer: over real fixed cameras with one and with four, what is lawful scores so
 * high. Each picture more explains more of it.
 */
const FEW = { withNone: 3.5, lessForEach: 0.75, variance: 0.35 } as const;
/** One in so many may be the only one of its lighting, or has a stranger in it, and is left out: the highest. */
const ONE_IN = 4;
/** Nobody's word for a few pictures is taken that a view is calmer than this: about 0.05. */
const CALMEST = -3;
/** Keeps a view whose few pictures happen to agree from being taken as perfectly still. */
const LEAST_VARIANCE = 8;
/** So many deviations above the mean come out as 0.5, and how fast it rises around there. */
const HALF_AT = 0.63;
const SLOPE = 2.5;
const [LOWEST, HIGHEST] = [0.003, 0.9999];

function logOdds(score: number): number {
  const kept = Math.min(HIGHEST, Math.max(LOWEST, score));
  return Math.log(kept / (1 - kept));
}

/** What is taken of a view with so few lawful pictures that they do not tell. */
export function unrestOfFew(pictures: number): Unrest {
  return { mean: FEW.withNone - FEW.lessForEach * pictures, variance: FEW.variance };
}

/** @param peaks highest score in each lawful picture held against the others; 0 without any region */
export function unrestOf(peaks: readonly number[]): Unrest {
  if (peaks.length < FEWEST) return unrestOfFew(peaks.length);
  const odds = peaks.map((peak) => Math.max(CALMEST, logOdds(peak))).sort((a, b) => a - b);
  odds.length -= Math.ceil(odds.length / ONE_IN);
  const mean = odds.reduce((sum, value) => sum + value, 0) / odds.length;
  const variance = odds.reduce((sum, value) => sum + (value - mean) ** 2, 0) / odds.length;
  return { mean, variance };
}

/** The score as it means the same in every view, 0..1, to five digits. */
export function evened(score: number, { mean, variance }: Unrest): number {
  const deviations = (logOdds(score) - mean) / Math.sqrt(LEAST_VARIANCE + variance);
  return Math.round(1e5 / (1 + Math.exp(-SLOPE * (deviations - HALF_AT)))) / 1e5;
}

/** The score that is evened to a little less than this one. */
export function unevened(score: number, { mean, variance }: Unrest): number {
  if (score <= 0) return 0;
  const kept = Math.min(1 - 1e-5, score) - 5e-6;
  const deviations = HALF_AT + Math.log(kept / (1 - kept)) / SLOPE;
  return Math.min(HIGHEST, 1 / (1 + Math.exp(-(mean + deviations * Math.sqrt(LEAST_VARIANCE + variance)))));
}
