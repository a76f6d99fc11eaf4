/**
 * The threshold of a view's own: from which score a region is reported there. Reckoned from how its unchanged pictures
 * score: each lawful picture judged against the others, and later looks that the network found unchanged. Pure.
 *
 * Pictures that a person accepted may move it either way. Looks may only lower it: what grows slowly scores a little more
 * each week, and must never talk the threshold out of its way. Where there is little to go by it stays near the model's
 * default, and it never sinks below a floor. Scores are weighed as log odds: from 0.98 to 0.99 is as far as from 0.02 to 0.01.
 */

/** Below this a score is the model's own unrest, in every view. */
export const LOWEST_THRESHOLD = 0.2;
/** Above this hardly any structure scores: a view so restless needs masks, not deafness. */
export const HIGHEST_THRESHOLD = 0.9;
/** Log odds that the threshold keeps above the highest unchanged score; the next picture may score a little more. */
const MARGIN = 1.5;
/** So many pictures, and so many looks, weigh as much as the model's default. */
const PICTURES_FOR_HALF = 16;
const LOOKS_FOR_HALF = 60;
/** With so many pictures the one that is least like the others, the only one by night say, does not speak for them. */
const ENOUGH_TO_SPARE_ONE = 4;

export interface Unchanged {
  /** Highest score of each lawful picture, judged against the others. */
  readonly pictures: readonly number[];
  /** Later looks found unchanged, and the highest score of any of them. */
  readonly looks: number;
  readonly highestLook: number | null;
}

/** @param modelScore the model's default */
export function thresholdOf({ pictures, looks, highestLook }: Unchanged, modelScore: number): number {
  const byPictures =
    pictures.length === 0 ? modelScore : shrunk(highestOf(pictures), pictures.length / PICTURES_FOR_HALF, modelScore);
  if (looks === 0 || highestLook === null) return byPictures;
  // What the pictures saw is not unseen by quiet looks: the higher of both speaks for the looks.
  const highest = Math.max(highestLook, highestOf(pictures));
  return Math.min(byPictures, shrunk(highest, looks / LOOKS_FOR_HALF, modelScore));
}

/** What lawful change scores; 0 of no pictures. */
function highestOf(pictures: readonly number[]): number {
  const sorted = [...pictures].sort((a, b) => b - a);
  return sorted[sorted.length >= ENOUGH_TO_SPARE_ONE ? 1 : 0] ?? 0;
}

/** The default drawn towards a margin above `highest`, with `weight` against the default's one. */
function shrunk(highest: number, weight: number, modelScore: number): number {
  const own = logOdds(highest) + MARGIN;
  const drawn = odds((logOdds(modelScore) + weight * own) / (1 + weight));
  return Math.min(HIGHEST_THRESHOLD, Math.max(LOWEST_THRESHOLD, drawn));
}

function logOdds(score: number): number {
  const inside = Math.min(0.999, Math.max(0.001, score));
  return Math.log(inside / (1 - inside));
}

function odds(logarithm: number): number {
  return 1 / (1 + Math.exp(-logarithm));
}
