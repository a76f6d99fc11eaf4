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
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const cell of cells) {
    inside[cell] = 1;
    const [x, y] = [cell % width, Math.floor(cell / width)];
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
  const wide = x1 - x0;
  const seen = new Uint8Array(wide * (y1 - y0));
  for (let y = y0, at = 0; y < y1; y++) {
    const row = Math.floor(y / scaleY) * width;
    for (let x = x0; x < x1; x++, at++) seen[at] = inside[row + Math.floor(x / scaleX)]!;
  }
  /** Whether any pixel of the square around one, as far as the picture goes, is in the region (1) or outside (0). */
  const isNear = (x: number, y: number, reach: number, wanted: 0 | 1): boolean => {
    for (let v = Math.max(y0, y - reach); v <= Math.min(y1 - 1, y + reach); v++) {
      const row = (v - y0) * wide - x0;
      for (let u = Math.max(x0, x - reach); u <= Math.min(x1 - 1, x + reach); u++) {
        if (seen[row + u] === wanted) return true;
      }
    }
    return false;
  };
  const rim: number[] = [];
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const isIn = seen[(y - y0) * wide + x - x0] === 1;
      if (isIn ? isNear(x, y, INSIDE, 0) : isNear(x, y, OUTSIDE, 1)) rim.push(y * POSE_WIDTH + x);
    }
  }
  return Uint32Array.from(rim);
}

/** Mean length of the gradient, grey levels a pixel; 0 of no pixels. */
function meanGradient(picture: Uint8Array, pixels: Uint32Array): number {
  let sum = 0;
  for (const at of pixels) {
    const x = at % POSE_WIDTH;
    const gx = x > 0 && x < POSE_WIDTH - 1 ? picture[at + 1]! - picture[at - 1]! : 0;
    const isWithin = at >= POSE_WIDTH && at < picture.length - POSE_WIDTH;
    const gy = isWithin ? picture[at + POSE_WIDTH]! - picture[at - POSE_WIDTH]! : 0;
    sum += Math.sqrt(gx * gx + gy * gy) / 2;
  }
  return pixels.length === 0 ? 0 : sum / pixels.length;
}
