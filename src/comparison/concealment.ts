/**
 * Which areas of a picture to propose for being made unrecognisable before it is shown to others: a vehicle wholly, for its
 * plate; of a person who stands or walks the upper third, for the face. Pure; a person decides what is covered.
 *
 * The detector tells no person from a vehicle. What is much taller than wide is taken for somebody upright; anything else,
 * somebody sitting, riding or stooping too, is covered wholly: rather too much than a face or a plate.
 */
import type { Box } from '../base/picture.ts';
import type { SeenMover } from './movers.ts';

/** Taller than wide by so much, in pixels: upright. A bus from the front is less. */
const UPRIGHT = 1.6;
const UPPER = 1 / 3;
/** Two boxes that share so much of both together are of the same one. */
const SAME_SHARE = 0.5;
/** One that lies in a surer one by so much is a part of it, or the same one seen in another window. */
const WITHIN_SHARE = 0.85;
/** No face or plate can be told in what is lower than this, in pixels. */
const LOWEST_PX = 14;

/** @returns boxes in fractions of the picture, the surest first, at most `most`, and how many more there would be */
export function areasToConceal(
  seen: readonly SeenMover[],
  picture: { readonly widthPx: number; readonly heightPx: number },
  most: number,
): { areas: Box[]; left: number } {
  const kept: Box[] = [];
  for (const { box } of [...seen].sort((a, b) => b.score - a.score)) {
    if (box[3] * picture.heightPx < LOWEST_PX) continue;
    if (!kept.some((surer) => isSame(box, surer))) kept.push(box);
  }
  const areas = kept.map((box): Box => {
    const [x, y, width, height] = box;
    const isUpright = height * picture.heightPx >= UPRIGHT * width * picture.widthPx;
    return isUpright ? [x, y, width, height * UPPER] : box;
  });
  return { areas: areas.slice(0, most), left: Math.max(0, areas.length - most) };
}

function isSame(one: Box, surer: Box): boolean {
  const across = Math.min(one[0] + one[2], surer[0] + surer[2]) - Math.max(one[0], surer[0]);
  const down = Math.min(one[1] + one[3], surer[1] + surer[3]) - Math.max(one[1], surer[1]);
  if (across <= 0 || down <= 0) return false;
  const shared = across * down;
  const [area, surerArea] = [one[2] * one[3], surer[2] * surer[3]];
  return shared / (area + surerArea - shared) >= SAME_SHARE || shared / area >= WITHIN_SHARE;
}
