/**
 * Shift between two pictures by phase correlation (Kuglin and Hines, 1975), to a fraction of a pixel by a parabola through
 * the peak. Pure.
 */
import { transform } from './fourier.ts';

export interface Peak {
  /** Where the frame shows what the reference shows at the middle, in pixels. */
  readonly dx: number;
  readonly dy: number;
  /** Over the standard deviation of the correlation: how sure it is. */
  readonly height: number;
}

/** @param width of both, like `height` a power of two */
export function peakOf(frame: Float32Array, reference: Float32Array, width: number, height: number): Peak {
  // Both real pictures share one complex transform: the frame real, the reference imaginary.
  const re = windowed(frame, width, height);
  const im = windowed(reference, width, height);
  transform(re, im, width, height);
  const size = width * height;
  const crossRe = new Float32Array(size);
  const crossIm = new Float32Array(size);
  const pass = passOf(width, height);
  for (let v = 0; v < height; v++) {
    const vm = (height - v) % height;
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
      if (length > 1e-9) {
        crossRe[i] = (cr / length) * pass[i]!;
        crossIm[i] = (ci / length) * pass[i]!;
      }
    }
  }
  transform(crossIm, crossRe, width, height); // swapped: the inverse
  let at = 0;
  let squares = 0;
  for (let i = 0; i < size; i++) {
    if (crossRe[i]! > crossRe[at]!) at = i;
    squares += crossRe[i]! * crossRe[i]!;
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
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  const across = fadeOf(width);
  const down = fadeOf(height);
  const result = new Float32Array(values.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) result[i] = (values[i]! - mean) * across[x]! * down[y]!;
  }
  return result;
}

const fades = new Map<number, Float32Array>();

function fadeOf(size: number): Float32Array {
  let fade = fades.get(size);
  if (!fade) {
    const rim = size * 0.15;
    fade = Float32Array.from({ length: size }, (_, i) => {
      const inside = Math.min(1, Math.min(i + 0.5, size - i - 0.5) / rim);
      return 0.5 - 0.5 * Math.cos(Math.PI * inside);
    });
    fades.set(size, fade);
  }
  return fade;
}

const passes = new Map<string, Float32Array>();

/** High frequencies are noise and interpolation; leaving them out also rounds the peak for the parabola. */
function passOf(width: number, height: number): Float32Array {
  const key = `${width}x${height}`;
  let pass = passes.get(key);
  if (!pass) {
    pass = Float32Array.from({ length: width * height }, (_, i) => {
      const [u, v] = [i % width, Math.floor(i / width)];
      const [fu, fv] = [Math.min(u, width - u) / width, Math.min(v, height - v) / height];
      return Math.exp(-(fu * fu + fv * fv) * 18);
    });
    passes.set(key, pass);
  }
  return pass;
}
