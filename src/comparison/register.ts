/**
 * Registration of one picture's edges to another's: shift and zoom by Gauss-Newton (Lucas and Kanade, 1981; the gradient
 * is the reference's, so that it is the same at every step, Baker and Matthews, 2004), each tile with a gain of its own and
 * a weight by how well it correlates, so that neither light nor what moves by itself pulls at the answer. Pure.
 */
import type { Motion } from './resample.ts';

/** Square roots of gradient lengths, row-major: strong edges must not drown the rest. */
export interface Edges {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** Tiles of a picture, whatever its size. */
const TILES_ACROSS = 16;
const TILES_DOWN = 8;
/** Correlation of a tile’s edges from which the two pictures show the same thing there. */
const SAME_TILE = 0.35;
/** Mean square of a tile’s edges, for each pixel of the width, from which there is something to go by: halving thins edges out. */
const EDGED = 3 / 256;
/** A tile that does not correlate keeps so much of a say: all may be out of step at first. */
const LEAST_WEIGHT = 0.02;
/** Steps smaller than this, in pixels, change nothing any more. */
const SETTLED_PX = 0.02;
/** No step goes further than the edges are wide. */
const LONGEST_STEP_PX = 1.5;

export interface Registered {
  readonly motion: Motion;
  /** Mean distance, in pixels of these edges, of the agreeing tiles from where the motion puts them; null: none agrees. */
  readonly residualPx: number | null;
  /** Share of the reference's edged tiles in which both show the same edges. */
  readonly agreement: number;
}

/** Length of the grey picture's gradient, and edges from it. */
export function edgesOf(grey: Uint8Array, width: number, height: number): Edges {
  const values = new Float32Array(width * height);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, at = y * width + 1; x < width - 1; x++, at++) {
      const gx = grey[at + 1]! - grey[at - 1]!;
      const gy = grey[at + width]! - grey[at - width]!;
      const squared = gx * gx + gy * gy;
      // A length of one grey level is noise.
      if (squared > 4) values[at] = Math.sqrt(Math.sqrt(squared) / 2 - 1);
    }
  }
  return { width, height, values };
}

/** The same at half the size. */
export function halved({ width, height, values }: Edges): Edges {
  const [w, h] = [width >> 1, height >> 1];
  const half = new Float32Array(w * h);
  for (let y = 0, to = 0; y < h; y++) {
    for (let x = 0, at = 2 * y * width; x < w; x++, at += 2, to++) {
      half[to] = (values[at]! + values[at + 1]! + values[at + width]! + values[at + width + 1]!) / 4;
    }
  }
  return { width: w, height: h, values: half };
}

/** Share of tiles whose mean gradient is at least `least`: how much there is to go by. */
export function edgedShare({ width, height, values }: Edges, least: number): number {
  const [tileWidth, tileHeight] = [width / TILES_ACROSS, height / TILES_DOWN];
  let edged = 0;
  for (let tile = 0; tile < TILES_ACROSS * TILES_DOWN; tile++) {
    const left = (tile % TILES_ACROSS) * tileWidth;
    const top = Math.floor(tile / TILES_ACROSS) * tileHeight;
    let sum = 0;
    for (let y = top; y < top + tileHeight; y++) {
      // The mean of squared roots is the mean gradient, less the noise that was taken off.
      for (let at = y * width + left, end = at + tileWidth; at < end; at++) {
        const value = values[at]!;
        if (value > 0) sum += value * value + 1;
      }
    }
    if (sum / (tileWidth * tileHeight) >= least) edged++;
  }
  return edged / (TILES_ACROSS * TILES_DOWN);
}

/** How well the pictures agree where a motion puts the frame, and without moving it further. */
export function agreementAt(frame: Edges, reference: Edges, motion: Motion): number {
  return sumTiles(frame, reference, motion, undefined).agreement;
}

/**
 * Goes from `start` to where the pictures agree best, in at most `steps` steps.
 * @param least agreement at the start below which it is not tried
 */
export function register(
  frame: Edges,
  reference: Edges,
  start: Motion,
  steps: number,
  least = 0,
): Registered & { readonly agreementAtStart: number } {
  let motion = start;
  let agreementAtStart = 0;
  for (let step = 0; ; step++) {
    const system = new System(frame.width);
    const { agreement } = sumTiles(frame, reference, motion, system);
    if (step === 0) {
      agreementAtStart = agreement;
      if (agreement < least) return { motion, residualPx: null, agreement, agreementAtStart };
    }
    const [dx, dy, grow] = step < steps ? system.solve() : [0, 0, 0];
    const farthest = Math.max(Math.abs(dx), Math.abs(dy), (Math.abs(grow) * frame.width) / 2);
    if (farthest < SETTLED_PX) return { motion, residualPx: system.residualPx, agreement, agreementAtStart };
    const share = Math.min(1, LONGEST_STEP_PX / farthest);
    motion = {
      dx: motion.dx + (share * dx) / frame.width,
      dy: motion.dy + (share * dy) / frame.height,
      zoom: motion.zoom + share * grow,
    };
  }
}

/**
 * Normal equations of shift (pixels) and growth of the zoom. Each tile says which shift would mend it; the zoom shifts a
 * tile by as much as it stands from the middle.
 */
class System {
  readonly #width: number;
  // Symmetric, 3 x 3, and its right side.
  readonly #m = new Float64Array(6);
  readonly #v = new Float64Array(3);
  #distance = 0;
  #weight = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** @param cx middle of the tile from the middle of the picture, pixels; `xx`, `xy`, `yy` and `bx`, `by` of the tile alone */
  add(
    weight: number,
    agrees: boolean,
    cx: number,
    cy: number,
    xx: number,
    xy: number,
    yy: number,
    bx: number,
    by: number,
  ): void {
    const m = this.#m;
    const v = this.#v;
    m[0]! += weight * xx;
    m[1]! += weight * xy;
    m[2]! += weight * (xx * cx + xy * cy);
    m[3]! += weight * yy;
    m[4]! += weight * (xy * cx + yy * cy);
    m[5]! += weight * (xx * cx * cx + 2 * xy * cx * cy + yy * cy * cy);
    v[0]! += weight * bx;
    v[1]! += weight * by;
    v[2]! += weight * (bx * cx + by * cy);
    if (!agrees) return;
    // The shift that the tile itself asks for, held back where it has edges of one direction only.
    const held = 0.1 * (xx + yy) + 1e-9;
    const determinant = (xx + held) * (yy + held) - xy * xy;
    const [sx, sy] = [((yy + held) * bx - xy * by) / determinant, ((xx + held) * by - xy * bx) / determinant];
    this.#distance += weight * Math.hypot(sx, sy);
    this.#weight += weight;
  }

  get residualPx(): number | null {
    return this.#weight > 0 ? this.#distance / this.#weight : null;
  }

  /** Pixels across and down, and growth of the zoom; zeros where the tiles do not say. */
  solve(): readonly [dx: number, dy: number, grow: number] {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f0 = 0] = this.#m;
    // A zoom that few tiles speak of stays what it is.
    const f = f0 * 1.001 + (a + d) * 1e-3 * this.#width;
    const [p = 0, q = 0, r = 0] = this.#v;
    const [A, B, C] = [d * f - e * e, c * e - b * f, b * e - c * d];
    const determinant = a * A + b * B + c * C;
    if (!(determinant > 1e-9 * Math.max(a, d) ** 2 * Math.max(f, 1e-9))) return [0, 0, 0];
    const [D, E, F] = [a * f - c * c, b * c - a * e, a * d - b * b];
    return [
      (A * p + B * q + C * r) / determinant,
      (B * p + D * q + E * r) / determinant,
      (C * p + E * q + F * r) / determinant,
    ];
  }
}

/** Goes over the edged tiles of the reference once. */
function sumTiles(
  frame: Edges,
  reference: Edges,
  motion: Motion,
  system: System | undefined,
): { readonly agreement: number } {
  const { width, height } = reference;
  const moved = warped(frame, motion);
  const known = reference.values;
  const [tileWidth, tileHeight] = [width / TILES_ACROSS, height / TILES_DOWN];
  let [edged, same] = [0, 0];
  for (let tile = 0; tile < TILES_ACROSS * TILES_DOWN; tile++) {
    const left = (tile % TILES_ACROSS) * tileWidth;
    const top = Math.floor(tile / TILES_ACROSS) * tileHeight;
    let n = 0;
    let sa = 0;
    let sb = 0;
    let saa = 0;
    let sbb = 0;
    let sab = 0;
    let sx = 0;
    let sy = 0;
    let sxx = 0;
    let sxy = 0;
    let syy = 0;
    let sxa = 0;
    let sxb = 0;
    let sya = 0;
    let syb = 0;
    const endY = Math.min(top + tileHeight, height - 1);
    const endX = Math.min(left + tileWidth, width - 1);
    for (let y = Math.max(1, top); y < endY; y++) {
      for (let x = Math.max(1, left), at = y * width + x; x < endX; x++, at++) {
        const a = moved[at]!;
        // Below zero: the frame shows nothing there.
        if (a < 0) continue;
        const b = known[at]!;
        n++;
        sa += a;
        sb += b;
        saa += a * a;
        sbb += b * b;
        sab += a * b;
        if (system === undefined) continue;
        const gx = (known[at + 1]! - known[at - 1]!) / 2;
        const gy = (known[at + width]! - known[at - width]!) / 2;
        sx += gx;
        sy += gy;
        sxx += gx * gx;
        sxy += gx * gy;
        syy += gy * gy;
        sxa += gx * a;
        sxb += gx * b;
        sya += gy * a;
        syb += gy * b;
      }
    }
    if (n < (tileWidth * tileHeight) / 2 || sbb / n < EDGED * width) continue;
    edged++;
    const va = saa - (sa * sa) / n;
    const vb = sbb - (sb * sb) / n;
    if (va <= 0 || vb <= 0) continue;
    const correlation = (sab - (sa * sb) / n) / Math.sqrt(va * vb);
    if (correlation >= SAME_TILE) same++;
    if (system === undefined) continue;
    // The frame's tile with the reference's mean and contrast; each tile counts by its contrast's own measure.
    const gain = Math.sqrt(vb / va);
    const bx = (sxb - (sx * sb) / n - gain * (sxa - (sx * sa) / n)) / vb;
    const by = (syb - (sy * sb) / n - gain * (sya - (sy * sa) / n)) / vb;
    const weight = Math.max(LEAST_WEIGHT, correlation) ** 2;
    const cx = left + tileWidth / 2 - width / 2;
    const cy = top + tileHeight / 2 - height / 2;
    system.add(weight, correlation >= SAME_TILE, cx, cy, sxx / vb, sxy / vb, syy / vb, bx, by);
  }
  return { agreement: edged === 0 ? 0 : same / edged };
}

/** The frame's edges as the reference would see them, below zero where it shows nothing. */
function warped({ values, width, height }: Edges, { dx, dy, zoom }: Motion): Float32Array {
  if (dx === 0 && dy === 0 && zoom === 1) return values;
  const result = new Float32Array(values.length).fill(-1);
  for (let y = 0; y < height; y++) {
    const fromY = (zoom * ((y + 0.5) / height - 0.5) + dy + 0.5) * height - 0.5;
    const y0 = Math.floor(fromY);
    if (y0 < 0 || y0 >= height - 1) continue;
    const fy = fromY - y0;
    const row = y0 * width;
    for (let x = 0; x < width; x++) {
      const fromX = (zoom * ((x + 0.5) / width - 0.5) + dx + 0.5) * width - 0.5;
      const x0 = Math.floor(fromX);
      if (x0 < 0 || x0 >= width - 1) continue;
      const at = row + x0;
      const fx = fromX - x0;
      const above = values[at]! + (values[at + 1]! - values[at]!) * fx;
      const below = values[at + width]! + (values[at + width + 1]! - values[at + width]!) * fx;
      result[y * width + x] = above + (below - above) * fy;
    }
  }
  return result;
}
