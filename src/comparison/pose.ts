/**
 * Pose: where a frame stands against a lawful picture of its view. Shift by phase correlation of gradient images (Kuglin
 * and Hines, 1975; on gradients, which outlast a change of light, Argyriou and Vlachos, 2004), to a fraction of a pixel
 * by a parabola through the peak; zoom from the shifts of the four quarters. Pure.
 */
import { transform } from './fourier.ts';
import { greyAt, type Motion } from './resample.ts';
import type { Picture } from '../base/picture.ts';

export const POSE_WIDTH = 256;
export const POSE_HEIGHT = 128;
/** Shift, as a share of the picture's side, and zoom beyond which a look is not judged. */
export const FARTHEST_SHIFT = 0.08;
export const FARTHEST_ZOOM = 0.03;

const QUARTER_WIDTH = POSE_WIDTH / 2;
const QUARTER_HEIGHT = POSE_HEIGHT / 2;
const TILE_PX = 16;
const TILES_ACROSS = POSE_WIDTH / TILE_PX;
const TILES_DOWN = POSE_HEIGHT / TILE_PX;
/** Height of the correlation peak over the spread of the rest from which a shift is believed. */
const SURE_PEAK = 9;
/** Correlation of a tile's gradients from which the two pictures show the same thing there. */
const SAME_TILE = 0.35;
/** Share of textured tiles that must agree. */
const AGREEING = 0.2;
/** Below this the pictures have nothing in common at all. */
const STRANGERS = 0.12;
/** Quarters that agree this well (pixels of a pose picture) have no zoom to tell of. */
const AGREED_PX = 0.25;
/** Mean gradient (grey levels a pixel) from which a tile is textured, and the share of such tiles that can tell a pose. */
const TEXTURED = 4;
const FEWEST_TEXTURED = 0.08;

export interface Registration {
  readonly motion: Motion;
  /** Mean distance, in pixels of a pose picture, of the quarters from where the motion puts them; null: not measurable. */
  readonly residualPx: number | null;
  /** Share of the textured tiles in which both pictures show the same edges once aligned. */
  readonly agreement: number;
}

export type PoseAnswer =
  | ({ readonly state: 'told' } & Registration)
  /** Taken as standing still. @property bare too little is to be seen in one of the pictures; else they agree a little only */
  | ({ readonly state: 'untold'; readonly bare: boolean } & Registration)
  | ({ readonly state: 'moved'; readonly detail: string } & Registration);

const STILL: Motion = { dx: 0, dy: 0, zoom: 1 };

/** Grey picture of the pose's size, one byte a pixel. */
export function posePictureOf(picture: Picture): Uint8Array {
  return greyAt(picture, POSE_WIDTH, POSE_HEIGHT);
}

/**
 * Registers a frame to lawful pictures of its view, the likeliest first, and keeps the first that fits.
 * @param frame pose picture of the frame
 * @param references pose pictures; at least one
 */
export function poseOf(frame: Uint8Array, references: readonly Uint8Array[]): PoseAnswer {
  const seen = gradientOf(frame);
  let best: PoseAnswer | undefined;
  for (const reference of references) {
    const answer = poseAgainst(seen, gradientOf(reference));
    if (answer.state === 'told') return answer;
    // A reference that cannot tell outweighs one that finds nothing in common: night is not a moved camera.
    if (!best || (best.state === 'moved' && answer.state === 'untold')) best = answer;
  }
  if (!best) throw new RangeError('no reference to register to');
  return best;
}

function poseAgainst(frame: Gradient, reference: Gradient): PoseAnswer {
  const still = { motion: STILL, residualPx: null, agreement: agreementOf(frame, reference, STILL) };
  if (Math.min(frame.textured, reference.textured) < FEWEST_TEXTURED) return { state: 'untold', bare: true, ...still };
  const peak = peakOf(frame.values, reference.values, POSE_WIDTH, POSE_HEIGHT);
  const shifted = { dx: peak.dx / POSE_WIDTH, dy: peak.dy / POSE_HEIGHT, zoom: 1 };
  const far = Math.max(Math.abs(shifted.dx), Math.abs(shifted.dy)) > FARTHEST_SHIFT;
  if (far) {
    const agreement = agreementOf(frame, reference, shifted);
    if (peak.height >= SURE_PEAK && agreement > still.agreement && agreement >= AGREEING) {
      return { state: 'moved', detail: 'the picture is shifted too far', motion: shifted, residualPx: null, agreement };
    }
  } else if (peak.height >= SURE_PEAK) {
    const refined = refine(frame, reference, shifted);
    if (refined.agreement >= AGREEING && refined.agreement >= still.agreement + gainFor(refined.motion)) {
      if (Math.abs(refined.motion.zoom - 1) > FARTHEST_ZOOM) {
        return { state: 'moved', detail: 'the picture is zoomed too far', ...refined };
      }
      return { state: 'told', ...refined };
    }
  }
  if (still.agreement >= AGREEING) return { state: 'told', ...still };
  if (still.agreement < STRANGERS) {
    return { state: 'moved', detail: 'the picture shows nothing of the view', ...still };
  }
  return { state: 'untold', bare: false, ...still };
}

/**
 * How much better the pictures must agree for a motion to be believed: passing cars can move a peak by themselves, and a
 * real move of more than a pixel brings many tiles into agreement. Less than a pixel changes little either way.
 */
function gainFor(motion: Motion): number {
  const edge = Math.abs(motion.zoom - 1) / 2;
  const x = (Math.abs(motion.dx) + edge) * POSE_WIDTH;
  const y = (Math.abs(motion.dy) + edge) * POSE_HEIGHT;
  return Math.max(x, y) > 1 ? 0.05 : -0.02;
}

/** Adds what the four quarters say: zoom and shift by least squares, and how far they are from agreeing. */
function refine(frame: Gradient, reference: Gradient, start: Motion): Registration {
  let motion = start;
  let residualPx: number | null = null;
  for (let round = 0; round < 2; round++) {
    const moved = warped(frame.values, motion);
    const quarters = [0, 1, 2, 3].map((index) => {
      const left = (index % 2) * QUARTER_WIDTH;
      const top = index < 2 ? 0 : QUARTER_HEIGHT;
      const peak = peakOf(part(moved, left, top), part(reference.values, left, top), QUARTER_WIDTH, QUARTER_HEIGHT);
      return { peak, x: index % 2 === 0 ? -0.25 : 0.25, y: index < 2 ? -0.25 : 0.25 };
    });
    const sure = quarters.filter(
      ({ peak }) => peak.height >= SURE_PEAK && Math.abs(peak.dx) < 12 && Math.abs(peak.dy) < 8,
    );
    if (sure.length === 0) break;
    residualPx = sure.reduce((sum, { peak }) => sum + Math.hypot(peak.dx, peak.dy), 0) / sure.length;
    if (sure.length < 3 || round === 1 || residualPx < AGREED_PX) break;
    const mean = (value: (quarter: (typeof sure)[number]) => number): number =>
      sure.reduce((sum, quarter) => sum + value(quarter), 0) / sure.length;
    const [mx, my] = [mean(({ x }) => x), mean(({ y }) => y)];
    const dx = mean(({ peak }) => peak.dx / POSE_WIDTH);
    const dy = mean(({ peak }) => peak.dy / POSE_HEIGHT);
    let across = 0;
    let square = 0;
    for (const { peak, x, y } of sure) {
      across += (x - mx) * (peak.dx / POSE_WIDTH - dx) + (y - my) * (peak.dy / POSE_HEIGHT - dy);
      square += (x - mx) ** 2 + (y - my) ** 2;
    }
    const grow = across / square;
    // A point p of the reference is seen by the moved frame at (1 + grow) p + d, and by the frame itself one motion on.
    const next = {
      zoom: motion.zoom * (1 + grow),
      dx: motion.dx + motion.zoom * (dx - grow * mx),
      dy: motion.dy + motion.zoom * (dy - grow * my),
    };
    // Believed when it accounts for the quarters: what moves by itself pulls them in directions no zoom does.
    const unexplained = mean(({ peak, x, y }) =>
      Math.hypot(peak.dx - (dx + grow * (x - mx)) * POSE_WIDTH, peak.dy - (dy + grow * (y - my)) * POSE_HEIGHT),
    );
    if (unexplained > Math.min(0.6, residualPx / 2)) break;
    if (agreementOf(frame, reference, next) < agreementOf(frame, reference, motion) - 0.02) break;
    motion = next;
  }
  return { motion, residualPx, agreement: agreementOf(frame, reference, motion) };
}

// --- gradients -------------------------------------------------------------------------------------------------------

interface Gradient {
  /** Square root of the gradient's length: strong edges must not drown the rest. */
  readonly values: Float32Array;
  /** Share of textured tiles. */
  readonly textured: number;
}

function gradientOf(grey: Uint8Array): Gradient {
  if (grey.length !== POSE_WIDTH * POSE_HEIGHT) {
    throw new RangeError(`a pose picture has ${POSE_WIDTH * POSE_HEIGHT} bytes, not ${grey.length}`);
  }
  const values = new Float32Array(grey.length);
  const tiles = new Float32Array(TILES_ACROSS * TILES_DOWN);
  for (let y = 1; y < POSE_HEIGHT - 1; y++) {
    for (let x = 1; x < POSE_WIDTH - 1; x++) {
      const at = y * POSE_WIDTH + x;
      const gx = grey[at + 1]! - grey[at - 1]!;
      const gy = grey[at + POSE_WIDTH]! - grey[at - POSE_WIDTH]!;
      const length = Math.sqrt(gx * gx + gy * gy) / 2;
      values[at] = Math.sqrt(Math.max(0, length - 1));
      tiles[Math.floor(y / TILE_PX) * TILES_ACROSS + Math.floor(x / TILE_PX)]! += length / TILE_PX ** 2;
    }
  }
  let textured = 0;
  for (const mean of tiles) if (mean >= TEXTURED) textured++;
  return { values, textured: textured / tiles.length };
}

/** Share of textured tiles whose gradients correlate once the frame is looked up where the motion put it. */
function agreementOf(frame: Gradient, reference: Gradient, motion: Motion): number {
  const moved = warped(frame.values, motion);
  let textured = 0;
  let same = 0;
  for (let tile = 0; tile < TILES_ACROSS * TILES_DOWN; tile++) {
    const left = (tile % TILES_ACROSS) * TILE_PX;
    const top = Math.floor(tile / TILES_ACROSS) * TILE_PX;
    let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
    for (let y = top; y < top + TILE_PX; y++) {
      for (let x = left; x < left + TILE_PX; x++) {
        const a = moved[y * POSE_WIDTH + x]!;
        if (Number.isNaN(a)) continue;
        const b = reference.values[y * POSE_WIDTH + x]!;
        n++;
        sa += a;
        sb += b;
        saa += a * a;
        sbb += b * b;
        sab += a * b;
      }
    }
    // Mean square of the square roots is the mean gradient.
    if (n < TILE_PX ** 2 / 2 || sbb / n < TEXTURED - 1) continue;
    textured++;
    const [va, vb] = [saa - (sa * sa) / n, sbb - (sb * sb) / n];
    if (va > 0 && vb > 0 && (sab - (sa * sb) / n) / Math.sqrt(va * vb) >= SAME_TILE) same++;
  }
  return textured === 0 ? 0 : same / textured;
}

/** Values as the reference would see them, NaN where the frame shows nothing. */
function warped(values: Float32Array, motion: Motion): Float32Array {
  if (motion === STILL) return values;
  const result = new Float32Array(values.length);
  for (let y = 0; y < POSE_HEIGHT; y++) {
    const fromY = (motion.zoom * ((y + 0.5) / POSE_HEIGHT - 0.5) + motion.dy + 0.5) * POSE_HEIGHT - 0.5;
    for (let x = 0; x < POSE_WIDTH; x++) {
      const fromX = (motion.zoom * ((x + 0.5) / POSE_WIDTH - 0.5) + motion.dx + 0.5) * POSE_WIDTH - 0.5;
      result[y * POSE_WIDTH + x] = between(values, fromX, fromY);
    }
  }
  return result;
}

function between(values: Float32Array, x: number, y: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  if (x0 < 0 || y0 < 0 || x0 >= POSE_WIDTH - 1 || y0 >= POSE_HEIGHT - 1) return NaN;
  const at = y0 * POSE_WIDTH + x0;
  const [fx, fy] = [x - x0, y - y0];
  const top = values[at]! * (1 - fx) + values[at + 1]! * fx;
  const bottom = values[at + POSE_WIDTH]! * (1 - fx) + values[at + POSE_WIDTH + 1]! * fx;
  return top * (1 - fy) + bottom * fy;
}

function part(values: Float32Array, left: number, top: number): Float32Array {
  const result = new Float32Array(QUARTER_WIDTH * QUARTER_HEIGHT);
  for (let y = 0; y < QUARTER_HEIGHT; y++) {
    const from = (top + y) * POSE_WIDTH + left;
    result.set(values.subarray(from, from + QUARTER_WIDTH), y * QUARTER_WIDTH);
  }
  return result;
}

// --- phase correlation -----------------------------------------------------------------------------------------------

interface Peak {
  /** Where the frame shows what the reference shows at the middle, in pixels. */
  readonly dx: number;
  readonly dy: number;
  /** Over the standard deviation of the correlation. */
  readonly height: number;
}

function peakOf(frame: Float32Array, reference: Float32Array, width: number, height: number): Peak {
  // Both real pictures share one complex transform: the frame real, the reference imaginary.
  const re = windowed(frame, width, height);
  const im = windowed(reference, width, height);
  transform(re, im, width, height);
  const size = width * height;
  const crossRe = new Float32Array(size);
  const crossIm = new Float32Array(size);
  for (let v = 0; v < height; v++) {
    const vm = (height - v) % height;
    const fv = Math.min(v, height - v) / height;
    for (let u = 0; u < width; u++) {
      const um = (width - u) % width;
      const i = v * width + u;
      const j = vm * width + um;
      const fr = (re[i]! + re[j]!) / 2;
      const fi = (im[i]! - im[j]!) / 2;
      const gr = (im[i]! + im[j]!) / 2;
      const gi = (re[j]! - re[i]!) / 2;
      const cr = fr * gr + fi * gi;
      const ci = fi * gr - fr * gi;
      const length = Math.sqrt(cr * cr + ci * ci);
      // High frequencies are noise and interpolation; leaving them out also rounds the peak for the parabola.
      const fu = Math.min(u, width - u) / width;
      const pass = Math.exp(-(fu * fu + fv * fv) * 18);
      if (length > 1e-9) {
        crossRe[i] = (cr / length) * pass;
        crossIm[i] = (ci / length) * pass;
      }
    }
  }
  transform(crossIm, crossRe, width, height); // swapped: the inverse
  let at = 0;
  let squares = 0;
  for (let i = 0; i < size; i++) {
    if (crossRe[i]! > crossRe[at]!) at = i;
    squares += crossRe[i]! ** 2;
  }
  const deviation = Math.sqrt(squares / size);
  const px = at % width;
  const py = Math.floor(at / width);
  const value = (x: number, y: number): number => crossRe[((y + height) % height) * width + ((x + width) % width)]!;
  const top = value(px, py);
  const dx = px + vertex(value(px - 1, py), top, value(px + 1, py));
  const dy = py + vertex(value(px, py - 1), top, value(px, py + 1));
  return {
    dx: dx > width / 2 ? dx - width : dx,
    dy: dy > height / 2 ? dy - height : dy,
    height: deviation > 0 ? top / deviation : 0,
  };
}

/** Where a parabola through three neighbouring values has its top, -0.5..0.5 from the middle one. */
function vertex(before: number, middle: number, after: number): number {
  const bend = before - 2 * middle + after;
  return bend < 0 ? Math.min(0.5, Math.max(-0.5, (before - after) / (2 * bend))) : 0;
}

/** Copy without its mean, faded out towards the borders, so that the borders themselves do not correlate. */
function windowed(values: Float32Array, width: number, height: number): Float32Array {
  let [sum, count] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  const mean = sum / Math.max(1, count);
  const across = fade(width);
  const down = fade(height);
  const result = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = values[y * width + x]!;
      result[y * width + x] = Number.isNaN(value) ? 0 : (value - mean) * across[x]! * down[y]!;
    }
  }
  return result;
}

function fade(size: number): Float32Array {
  const rim = size * 0.15;
  return Float32Array.from({ length: size }, (_, i) => {
    const inside = Math.min(1, Math.min(i + 0.5, size - i - 0.5) / rim);
    return 0.5 - 0.5 * Math.cos(Math.PI * inside);
  });
}
