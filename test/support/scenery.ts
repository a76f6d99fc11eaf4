/** Pictures drawn by code, the same for the same seed: textured boxes on a ground, for rules that look at pictures. */
import type { Picture } from '../../src/base/picture.ts';

/** Repeatable random numbers, 0..1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function blank(widthPx: number, heightPx: number, colour: readonly [number, number, number]): Picture {
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = colour[i % 3]!;
  return { widthPx, heightPx, rgb };
}

/** Each value replaced by what `change` says of it, rounded and kept within a byte. */
export function mapped(picture: Picture, change: (value: number, index: number) => number): Picture {
  return {
    ...picture,
    rgb: Uint8Array.from(picture.rgb, (value, index) => Math.min(255, Math.max(0, Math.round(change(value, index))))),
  };
}

/** Sensor noise of a standard deviation of about `sigma`. */
export function noisy(picture: Picture, sigma: number, seed: number): Picture {
  const random = seeded(seed);
  return mapped(picture, (value) => value + (random() + random() + random() + random() - 2) * sigma * 1.7);
}

/**
 * A place seen by a camera that stands `shift` (fractions of the picture) off and zooms by `zoom`: the same seed shows the
 * same place. Reaches beyond the picture's borders, so that a shift brings in what lies there.
 */
export function place(
  seed: number,
  widthPx: number,
  heightPx: number,
  shift: readonly [dx: number, dy: number] = [0, 0],
  zoom = 1,
): Picture {
  const random = seeded(seed);
  const values = new Float32Array(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) {
    const v = ((y + 0.5) / heightPx - 0.5 - shift[1]) / zoom;
    for (let x = 0; x < widthPx; x++) {
      const u = ((x + 0.5) / widthPx - 0.5 - shift[0]) / zoom;
      values.set([110 + 30 * Math.sin(u * 9), 112 + 25 * Math.cos(v * 7), 108], (y * widthPx + x) * 3);
    }
  }
  const paint = (x: number, y: number, w: number, h: number, colour: readonly number[]): void => {
    // How much of each column and row a box covers: its edges move by parts of a pixel.
    const across = coverage((x * zoom + shift[0] + 0.5) * widthPx, w * zoom * widthPx, widthPx);
    const down = coverage((y * zoom + shift[1] + 0.5) * heightPx, h * zoom * heightPx, heightPx);
    for (const [row, rowShare] of down) {
      for (const [column, columnShare] of across) {
        const at = (row * widthPx + column) * 3;
        const share = rowShare * columnShare;
        for (let c = 0; c < 3; c++) values[at + c]! += share * (colour[c]! - values[at + c]!);
      }
    }
  };
  for (let i = 0; i < 220; i++) {
    const [x, y] = [random() * 2.4 - 1.2, random() * 2.4 - 1.2];
    const [w, h] = [0.01 + random() ** 2 * 0.22, 0.01 + random() ** 2 * 0.3];
    const colour = [40 + random() * 190, 40 + random() * 190, 40 + random() * 190];
    const stripe = 0.01 + random() * 0.03;
    paint(x, y, w, h, colour);
    if (random() >= 0.4) continue;
    const dark = colour.map((value) => value * 0.7);
    for (let at = stripe; at < w; at += 2 * stripe) paint(x + at, y, Math.min(stripe, w - at), h, dark);
  }
  return { widthPx, heightPx, rgb: Uint8Array.from(values, (value) => Math.round(value)) };
}

/** The pixels of one axis that a span touches, each with the share of it that is covered. */
function coverage(from: number, length: number, size: number): [pixel: number, share: number][] {
  const touched: [number, number][] = [];
  for (let pixel = Math.max(0, Math.floor(from)); pixel < Math.min(size, from + length); pixel++) {
    const share = Math.min(pixel + 1, from + length) - Math.max(pixel, from);
    if (share > 0) touched.push([pixel, share]);
  }
  return touched;
}

/** A copy with a striped box, in fractions, standing in it. */
export function withBox(
  picture: Picture,
  [x, y, w, h]: readonly [number, number, number, number],
  colour: readonly [number, number, number] = [30, 90, 190],
): Picture {
  const { widthPx, heightPx } = picture;
  const rgb = Uint8Array.from(picture.rgb);
  for (let py = Math.round(y * heightPx); py < Math.round((y + h) * heightPx); py++) {
    for (let px = Math.round(x * widthPx); px < Math.round((x + w) * widthPx); px++) {
      const dark = Math.floor(px / 4) % 2 === 0 ? 1 : 0.75;
      for (let c = 0; c < 3; c++) rgb[(py * widthPx + px) * 3 + c] = colour[c]! * dark;
    }
  }
  return { widthPx, heightPx, rgb };
}

/**
 * What a camera sees of a large picture: a window of `size` of its width, standing `dx`, `dy` off (fractions of the window)
 * and zoomed, so that what a window without motion shows at `p` this one shows at `zoom * p + [dx, dy]`. Nothing is made up
 * at the borders while the window stays inside.
 */
export function windowOf(
  picture: Picture,
  [widthPx, heightPx]: readonly [number, number],
  size: number,
  { dx, dy, zoom }: { readonly dx: number; readonly dy: number; readonly zoom: number } = { dx: 0, dy: 0, zoom: 1 },
): Picture {
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  const parts = Math.max(1, Math.round((picture.widthPx * size) / widthPx) + 1);
  const sourceAt = (at: number, of: number, shift: number, sourcePx: number): number =>
    (((at / of - 0.5 - shift) / zoom) * size + 0.5) * sourcePx - 0.5;
  const sum = [0, 0, 0];
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      sum.fill(0);
      for (let part = 0; part < parts * parts; part++) {
        const fromX = sourceAt(x + ((part % parts) + 0.5) / parts, widthPx, dx, picture.widthPx);
        const fromY = sourceAt(y + (Math.floor(part / parts) + 0.5) / parts, heightPx, dy, picture.heightPx);
        const x0 = Math.min(picture.widthPx - 2, Math.max(0, Math.floor(fromX)));
        const y0 = Math.min(picture.heightPx - 2, Math.max(0, Math.floor(fromY)));
        const [fx, fy] = [Math.min(1, Math.max(0, fromX - x0)), Math.min(1, Math.max(0, fromY - y0))];
        for (let c = 0; c < 3; c++) {
          const at = (y0 * picture.widthPx + x0) * 3 + c;
          const row = picture.widthPx * 3;
          const above = picture.rgb[at]! * (1 - fx) + picture.rgb[at + 3]! * fx;
          const below = picture.rgb[at + row]! * (1 - fx) + picture.rgb[at + row + 3]! * fx;
          sum[c]! += above * (1 - fy) + below * fy;
        }
      }
      for (let c = 0; c < 3; c++) rgb[(y * widthPx + x) * 3 + c] = Math.round(sum[c]! / parts ** 2);
    }
  }
  return { widthPx, heightPx, rgb };
}
