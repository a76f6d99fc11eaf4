/**
 * Rims: a structure that was put up brings an outline of its own. Along the rim of a region its edges are seen in the frame
 * and not in the lawful pictures; where something was taken away, fog came up or light fell otherwise, they are not. A region
 * whose rim shows no more than it lawfully does is held back. Pure.
 *
 * All is read from pose pictures, which are kept of each lawful picture for registration.
 */
import { POSE_HEIGHT, POSE_WIDTH } from './pose.ts';

/** The rim reaches so far outside and inside a region, in pixels of a pose picture: what the map smears. */
const OUTSIDE = 2;
const INSIDE = 1;
/** Grey levels a pixel that are added on both sides, so that flat walls do not compare noise with noise. */
const NOISE = 1;
/** Log of frame over lawful from which nothing is held back, how much log odds each log below takes off, and the most of it. */
const FREE_FROM = 0.15;
const HOLD = 4;
const MOST = 4;

/** A region on the map of change. */
export interface Cells {
  readonly cells: Uint32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * How much more the rim of a region shows in the frame than lawfully, as the log of their mean gradients.
 * @param frame pose picture of the frame, aligned
 * @param lawful pose pictures; at least one. What most of them show counts: the median
 */
export function rimGain(region: Cells, frame: Uint8Array, lawful: readonly Uint8Array[]): number {
  const rim = rimOf(region);
  const past = lawful.map((picture) => meanGradient(picture, rim)).sort((a, b) => a - b);
  const middle = (past[(past.length - 1) >> 1]! + past[past.length >> 1]!) / 2;
  return Math.log((meanGradient(frame, rim) + NOISE) / (middle + NOISE));
}

/** The score of a region once its rim was looked at: never higher than before. */
export function heldBack(score: number, gain: number): number {
  const hold = Math.min(MOST, HOLD * Math.max(0, FREE_FROM - gain));
  if (hold === 0 || score <= 0) return score;
  const odds = (score / Math.max(1e-9, 1 - score)) * Math.exp(-hold);
  return odds / (1 + odds);
}

/** Pixels of a pose picture around the outline of a region, as their places in it. */
function rimOf({ cells, width, height }: Cells): Uint32Array {
  const inside = new Uint8Array(width * height);
  let left = width;
  let top = height;
  let right = 0;
  let bottom = 0;
  for (const cell of cells) {
    inside[cell] = 1;
    const y = Math.floor(cell / width);
    const x = cell - y * width;
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
  }
  const [scaleX, scaleY] = [POSE_WIDTH / width, POSE_HEIGHT / height];
  const x0 = Math.max(0, Math.floor(left * scaleX) - OUTSIDE);
  const y0 = Math.max(0, Math.floor(top * scaleY) - OUTSIDE);
  const x1 = Math.min(POSE_WIDTH, Math.ceil(right * scaleX) + OUTSIDE);
  const y1 = Math.min(POSE_HEIGHT, Math.ceil(bottom * scaleY) + OUTSIDE);
  const [wide, tall] = [x1 - x0, y1 - y0];
  // How many pixels of the region lie above and left of each: any square is counted from its corners.
  const stride = wide + 1;
  const sums = new Uint32Array(stride * (tall + 1));
  const columns = Uint32Array.from({ length: wide }, (_, x) => Math.floor((x0 + x) / scaleX));
  for (let y = 0; y < tall; y++) {
    const row = Math.floor((y0 + y) / scaleY) * width;
    for (let x = 0, inRow = 0, at = (y + 1) * stride + 1; x < wide; x++, at++) {
      inRow += inside[row + columns[x]!]!;
      sums[at] = sums[at - stride]! + inRow;
    }
  }
  const rim = new Uint32Array(wide * tall);
  let count = 0;
  const countIn = (left: number, top: number, right: number, bottom: number): number =>
    sums[bottom + right]! - sums[top + right]! - sums[bottom + left]! + sums[top + left]!;
  for (let y = 0; y < tall; y++) {
    const outTop = Math.max(0, y - OUTSIDE) * stride;
    const outBottom = Math.min(tall, y + OUTSIDE + 1) * stride;
    // A row of pixels far from the region is passed over at once.
    if (countIn(0, outTop, wide, outBottom) === 0) continue;
    const inTop = Math.max(0, y - INSIDE);
    const inBottom = Math.min(tall, y + INSIDE + 1);
    for (let x = 0; x < wide; x++) {
      if (countIn(Math.max(0, x - OUTSIDE), outTop, Math.min(wide, x + OUTSIDE + 1), outBottom) === 0) continue;
      const inLeft = Math.max(0, x - INSIDE);
      const inRight = Math.min(wide, x + INSIDE + 1);
      // Deep inside, all around is of the region, as far as the picture goes.
      const whole = (inRight - inLeft) * (inBottom - inTop);
      if (countIn(inLeft, inTop * stride, inRight, inBottom * stride) < whole)
        rim[count++] = (y0 + y) * POSE_WIDTH + x0 + x;
    }
  }
  return rim.subarray(0, count);
}

/** Mean length of the gradient, grey levels a pixel; 0 of no pixels. Across the picture's border there is none. */
function meanGradient(picture: Uint8Array, pixels: Uint32Array): number {
  // Taken once: an imported name is looked up each time it is used.
  const width = POSE_WIDTH;
  const lastRow = picture.length - width;
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) {
    const at = pixels[i]!;
    const x = at % width;
    let gx = 0;
    let gy = 0;
    if (x > 0 && x < width - 1) gx = picture[at + 1]! - picture[at - 1]!;
    if (at >= width && at < lastRow) gy = picture[at + width]! - picture[at - width]!;
    sum += Math.sqrt(gx * gx + gy * gy);
  }
  return pixels.length === 0 ? 0 : sum / 2 / pixels.length;
}
