/**
 * The classical way to the same answer: at each pixel of the grey picture, one minus the normalised correlation of the
 * window around it with that of the lawful picture, the smallest over all of them. Windows are sums of integral images.
 */

const REACH = 8;
/** Variance below which a window is noise rather than texture, grey levels squared. */
const NOISE = 20;

export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
  readonly sums: Float64Array;
  readonly squares: Float64Array;
}

export function greyOf(values: Uint8Array, width: number, height: number): Grey {
  return {
    ...{ width, height, values },
    sums: integral(width, height, (at) => values[at]!),
    squares: integral(width, height, (at) => values[at]! ** 2),
  };
}

/** Dissimilarity by pixel, 0 same to 2 inverted. */
export function localCorrelation(frame: Grey, lawful: readonly Grey[]): Float32Array {
  const { width, height } = frame;
  const nearest = new Float32Array(width * height).fill(2);
  for (const other of lawful) {
    const products = integral(width, height, (at) => frame.values[at]! * other.values[at]!);
    for (let y = 0; y < height; y++) {
      const [top, bottom] = [Math.max(0, y - REACH), Math.min(height, y + REACH + 1)];
      for (let x = 0; x < width; x++) {
        const [left, right] = [Math.max(0, x - REACH), Math.min(width, x + REACH + 1)];
        const n = (right - left) * (bottom - top);
        const corners = [
          top * (width + 1) + left,
          top * (width + 1) + right,
          bottom * (width + 1) + left,
          bottom * (width + 1) + right,
        ] as const;
        const meanA = within(frame.sums, corners) / n;
        const meanB = within(other.sums, corners) / n;
        const va = within(frame.squares, corners) / n - meanA * meanA;
        const vb = within(other.squares, corners) / n - meanB * meanB;
        const covariance = within(products, corners) / n - meanA * meanB;
        const found = 1 - (covariance + NOISE) / (Math.sqrt(Math.max(0, va) * Math.max(0, vb)) + NOISE);
        const at = y * width + x;
        if (found < nearest[at]!) nearest[at] = found;
      }
    }
  }
  return nearest;
}

function within(
  sums: Float64Array,
  [a, b, c, d]: readonly [leftTop: number, rightTop: number, leftBottom: number, rightBottom: number],
): number {
  return sums[d]! - sums[c]! - sums[b]! + sums[a]!;
}

function integral(width: number, height: number, value: (at: number) => number): Float64Array {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += value(y * width + x);
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1]! + row;
    }
  }
  return sums;
}
