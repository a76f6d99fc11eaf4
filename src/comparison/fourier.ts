/**
 * Two-dimensional discrete Fourier transform, in place, for sides that are powers of two (Cooley and Tukey, 1965,
 * decimation in time). Pure.
 */

interface Plan {
  readonly reversed: Uint32Array;
  readonly cosines: Float32Array;
  readonly sines: Float32Array;
}

const plans = new Map<number, Plan>();

function planOf(size: number): Plan {
  const kept = plans.get(size);
  if (kept) return kept;
  const bits = Math.log2(size);
  if (!Number.isInteger(bits)) throw new RangeError(`${size} is no power of two`);
  const reversed = new Uint32Array(size);
  for (let i = 0; i < size; i++) reversed[i] = (reversed[i >> 1]! >> 1) | (i & 1 ? size >> 1 : 0);
  const cosines = Float32Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
  const sines = Float32Array.from({ length: size / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / size));
  const plan = { reversed, cosines, sines };
  plans.set(size, plan);
  return plan;
}

function transformLine(re: Float32Array, im: Float32Array, size: number): void {
  const { reversed, cosines, sines } = planOf(size);
  for (let i = 0; i < size; i++) {
    const j = reversed[i]!;
    if (j > i) {
      const r = re[i]!;
      const m = im[i]!;
      re[i] = re[j]!;
      im[i] = im[j]!;
      re[j] = r;
      im[j] = m;
    }
  }
  for (let half = 1; half < size; half *= 2) {
    const step = size / (2 * half);
    for (let block = 0; block < size; block += 2 * half) {
      for (let k = 0; k < half; k++) {
        const a = block + k;
        const b = a + half;
        const c = cosines[k * step]!;
        const s = sines[k * step]!;
        const r = re[b]! * c - im[b]! * s;
        const m = re[b]! * s + im[b]! * c;
        re[b] = re[a]! - r;
        im[b] = im[a]! - m;
        re[a]! += r;
        im[a]! += m;
      }
    }
  }
}

/** Forward transform of `re + i im`, row-major, unscaled. Swap the two arrays for the inverse times `width * height`. */
export function transform(re: Float32Array, im: Float32Array, width: number, height: number): void {
  for (let y = 0; y < height; y++) {
    const from = y * width;
    transformLine(re.subarray(from, from + width), im.subarray(from, from + width), width);
  }
  const columnRe = new Float32Array(height);
  const columnIm = new Float32Array(height);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      columnRe[y] = re[y * width + x]!;
      columnIm[y] = im[y * width + x]!;
    }
    transformLine(columnRe, columnIm, height);
    for (let y = 0; y < height; y++) {
      re[y * width + x] = columnRe[y]!;
      im[y * width + x] = columnIm[y]!;
    }
  }
}
