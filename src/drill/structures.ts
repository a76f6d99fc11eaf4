/**
 * Structures drawn into a picture: what people build where they may not, in the picture's own light, blur and noise, so
 * that it can be tried whether the eye would find them there. The same seed draws the same structure. Pure.
 *
 * Each kind is a painter: for a point of its box it answers what stands there, as reflectance. Reflectance times the light
 * around the place is what the camera would have seen; the whole is then softened as the picture is and given its noise.
 */
import type { Box, Picture } from '../base/picture.ts';
import type { DrillKind } from '../drivers/postgres/schema.ts';

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

type Colour = readonly [red: number, green: number, blue: number];

/** What stands at a point: reflectance by channel, and how much of what lies behind it hides. */
interface Surface {
  readonly colour: Colour;
  readonly shade: number;
  readonly opacity: number;
}

/** @param u across, @param v down, both 0..1 of the structure's box. Undefined: nothing stands there */
type Painter = (u: number, v: number) => Surface | undefined;

interface Kind {
  /** Width over height of the box. */
  readonly aspect: number;
  readonly painterOf: (random: () => number) => Painter;
}

/** Colours such things have, as reflectance. */
const STEEL: readonly Colour[] = [
  [0.25, 0.42, 0.68],
  [0.72, 0.73, 0.72],
  [0.62, 0.2, 0.18],
  [0.3, 0.5, 0.42],
];
const CLOTH: readonly Colour[] = [
  [0.12, 0.28, 0.62],
  [0.14, 0.42, 0.26],
  [0.66, 0.3, 0.14],
  [0.78, 0.78, 0.74],
];
const BRICK: readonly Colour[] = [
  [0.5, 0.24, 0.18],
  [0.58, 0.56, 0.52],
  [0.46, 0.38, 0.3],
];
const DARK: Colour = [0.08, 0.08, 0.09];
const FRAME: Colour = [0.8, 0.8, 0.8];
const GLASS: Colour = [0.55, 0.62, 0.68];

const solid = (colour: Colour, shade: number): Surface => ({ colour, shade, opacity: 1 });
const glass = (v: number): Surface => ({ colour: GLASS, shade: 1.15 - 0.7 * v, opacity: 0.6 });
const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)] as T;
/** Distance to the next line of a grid of `count` lines, in grid spacings, 0..0.5. */
const toLine = (at: number, count: number): number => Math.abs(at * count - Math.round(at * count));

export const KINDS: Readonly<Record<DrillKind, Kind>> = {
  // Colour-steel sheets: ribbed front and side, a pitched roof, a door.
  hut: {
    aspect: 1.3,
    painterOf: (random) => {
      const [wall, roof] = [pick(STEEL, random), pick(STEEL, random)];
      const ribs = 14 + Math.floor(random() * 8);
      return (u, v) => {
        const front = u < 0.66;
        const eaves = 0.3 - (front ? 0 : 0.06 * ((u - 0.66) / 0.34));
        const ridge = front ? 0.28 * Math.abs(u - 0.33) * 3 * 0.9 : 0.02;
        if (v < eaves) return v > ridge ? solid(roof, front ? 0.9 : 1.15) : undefined;
        if (front && u > 0.12 && u < 0.27 && v > 0.5) return solid(DARK, 1);
        if (front && u > 0.38 && u < 0.56 && v > 0.45 && v < 0.65) return glass(v);
        const rib = 0.88 + 0.12 * Math.sin(u * ribs * 2 * Math.PI);
        return solid(wall, rib * (front ? 1 : 0.62));
      };
    },
  },
  // Panes in a light frame, with a glazed roof that falls forward.
  glass_room: {
    aspect: 1.5,
    painterOf: (random) => {
      const across = 4 + Math.floor(random() * 3);
      return (u, v) => {
        const slope = 0.22 - 0.16 * Math.min(1, Math.abs(u - 0.5) * 1.2);
        if (v < slope * 0.5) return undefined;
        if (toLine(u, across) < 0.07 || Math.abs(v - 0.22) < 0.025 || Math.abs(v - 0.62) < 0.018 || v > 0.965) {
          return solid(FRAME, 1);
        }
        return v < 0.22 ? { ...glass(v), shade: 1.3 } : glass(v);
      };
    },
  },
  // Courses of brick or block under a coping.
  wall: {
    aspect: 3.2,
    painterOf: (random) => {
      const colour = pick(BRICK, random);
      const courses = 7 + Math.floor(random() * 4);
      return (u, v) => {
        if (v < 0.07) return solid(FRAME, 0.85);
        const course = Math.floor(v * courses);
        const joint = toLine(v, courses) < 0.1 || toLine(u + (course % 2) * 0.03, 17) < 0.06;
        const unevenness = 0.9 + 0.2 * hashed(Math.floor((u + (course % 2) * 0.03) * 17), course);
        return solid(colour, joint ? 0.75 : unevenness);
      };
    },
  },
  // Cloth thrown over something: no straight rim, folds.
  tarpaulin: {
    aspect: 1.7,
    painterOf: (random) => {
      const colour = pick(CLOTH, random);
      const [a, b, c] = [random() * 6, random() * 6, 8 + random() * 8];
      return (u, v) => {
        const top = 0.1 + 0.12 * Math.sin(u * 5 + a) + 0.05 * Math.sin(u * 13 + b) + 0.6 * (2 * u - 1) ** 4;
        if (v < top || u < 0.02 || u > 0.98) return undefined;
        const fold = Math.sin(u * c + v * 3 + a) + 0.6 * Math.sin(u * c * 2.3 - v * 5 + b);
        return solid(colour, 0.9 + 0.16 * fold - 0.2 * v);
      };
    },
  },
  // Boxes and bundles, one on another, fewer above.
  stack: {
    aspect: 1.4,
    painterOf: (random) => {
      const rows = 3 + Math.floor(random() * 2);
      const colours = [pick(BRICK, random), pick(STEEL, random), pick(CLOTH, random)];
      const seed = Math.floor(random() * 1000);
      return (u, v) => {
        const row = Math.min(rows - 1, Math.floor(v * rows));
        const inset = 0.1 * (rows - 1 - row) * hashed(row, seed);
        if (u < inset || u > 1 - inset) return undefined;
        const column = Math.floor(u * 5 + row * 0.5);
        if (toLine(v, rows) < 0.05 || toLine(u + row * 0.1, 5) < 0.06) return solid(DARK, 1);
        const colour = colours[(column + row + seed) % colours.length] as Colour;
        return solid(colour, 0.75 + 0.4 * hashed(column + 31 * row, seed));
      };
    },
  },
  // A balcony closed in: parapet panels below, panes above, a slab over all.
  balcony: {
    aspect: 1.7,
    painterOf: (random) => {
      const across = 3 + Math.floor(random() * 3);
      const panel = pick([FRAME, STEEL[0] as Colour, STEEL[1] as Colour], random);
      return (u, v) => {
        if (v < 0.06 || v > 0.96) return solid(FRAME, 0.8);
        if (toLine(u, across) < 0.06 || Math.abs(v - 0.55) < 0.02 || u < 0.02 || u > 0.98) return solid(FRAME, 0.95);
        return v < 0.55 ? glass(v) : solid(panel, 0.85);
      };
    },
  },
};

/** 0..1, the same for the same two whole numbers. */
function hashed(a: number, b: number): number {
  let h = Math.imul(a, 374_761_393) + Math.imul(b, 668_265_263);
  h = Math.imul(h ^ (h >>> 13), 1_274_126_177);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Box of a structure of a kind that covers about `areaFraction` of a picture, its middle at a point, kept inside. */
export function boxFor(
  kind: DrillKind,
  areaFraction: number,
  [cx, cy]: readonly [number, number],
  picture: Pick<Picture, 'widthPx' | 'heightPx'>,
): Box {
  const { aspect } = KINDS[kind];
  // In fractions: a square of pixels is no square of fractions.
  const shape = (aspect * picture.heightPx) / picture.widthPx;
  const height = Math.min(0.95, Math.sqrt(areaFraction / shape));
  const width = Math.min(0.95, areaFraction / height);
  const inside = (middle: number, size: number): number => Math.min(1 - size, Math.max(0, middle - size / 2));
  return [inside(cx, width), inside(cy, height), width, height];
}

/** How the picture was taken: light is told where the structure stands, these of the whole. */
export interface Manner {
  /** Standard deviation of the noise, grey levels. */
  readonly noise: number;
  /** How often the structure is softened. */
  readonly softness: number;
  readonly isGrey: boolean;
  /** Darkest and brightest that is seen. */
  readonly black: number;
  readonly white: number;
}

/** Noise is told by the quietest eighth of the picture (Immerkær, 1996, on tiles), softness by the steepest steps. */
export function mannerOf({ widthPx: width, heightPx: height, rgb }: Picture): Manner {
  const green = (x: number, y: number): number => rgb[(y * width + x) * 3 + 1] as number;
  const tiles: number[] = [];
  const steps = new Uint32Array(256);
  const levels = new Uint32Array(256);
  let [colour, total] = [0, 0];
  const tile = 16;
  for (let top = 1; top + tile < height; top += tile) {
    for (let left = 1; left + tile < width; left += tile) {
      let sum = 0;
      for (let y = top; y < top + tile; y += 2) {
        for (let x = left; x < left + tile; x += 2) {
          const corners = green(x - 1, y - 1) + green(x + 1, y - 1) + green(x - 1, y + 1) + green(x + 1, y + 1);
          const sides = green(x, y - 1) + green(x - 1, y) + green(x + 1, y) + green(x, y + 1);
          sum += Math.abs(corners - 2 * sides + 4 * green(x, y));
          steps[Math.abs(green(x + 1, y) - green(x, y))]!++;
          levels[green(x, y)]!++;
          const at = (y * width + x) * 3;
          const [r, g, b] = [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
          colour += Math.max(r, g, b) - Math.min(r, g, b);
          total++;
        }
      }
      tiles.push(sum / (tile / 2) ** 2);
    }
  }
  tiles.sort((a, b) => a - b);
  const quiet = tiles[tiles.length >> 3] ?? 0;
  const share = (counts: Uint32Array, of: number): number => {
    let seen = 0;
    for (let value = 0; value < 256; value++) {
      seen += counts[value]!;
      if (seen >= of * total) return value;
    }
    return 255;
  };
  const [black, white] = [share(levels, 0.01), share(levels, 0.99)];
  const steepness = share(steps, 0.995) / Math.max(20, white - black);
  return {
    noise: Math.min(12, (quiet * Math.sqrt(Math.PI / 2)) / 6),
    softness: steepness > 0.35 ? 1 : steepness > 0.15 ? 2 : 3,
    isGrey: colour / Math.max(1, total) < 3,
    black,
    white,
  };
}

export interface Drawn {
  readonly picture: Picture;
  /** 1 for each pixel of the picture that the structure covers. */
  readonly mask: Uint8Array;
}

/** A copy of the picture with a structure in it. */
export function drawStructure(picture: Picture, kind: DrillKind, box: Box, seed: number, manner: Manner): Drawn {
  const { widthPx: width, heightPx: height } = picture;
  const random = seeded(seed);
  const paint = KINDS[kind].painterOf(random);
  const isMirrored = random() < 0.5;
  const left = Math.round(box[0] * width);
  const top = Math.round(box[1] * height);
  const w = Math.max(4, Math.round(box[2] * width));
  const h = Math.max(4, Math.round(box[3] * height));
  const light = lightAround(picture, left, top, w, h, manner);
  // With a rim, so that softening has what lies around to mix with.
  const rim = manner.softness + 1;
  const [canvasWidth, canvasHeight] = [w + 2 * rim, h + 2 * rim];
  let canvas: Float32Array = new Float32Array(canvasWidth * canvasHeight * 3);
  let cover: Float32Array = new Float32Array(canvasWidth * canvasHeight);
  const pixelAt = (x: number, y: number): number =>
    (clamp(top + y - rim, 0, height - 1) * width + clamp(left + x - rim, 0, width - 1)) * 3;
  for (let y = 0, at = 0; y < canvasHeight; y++) {
    for (let x = 0; x < canvasWidth; x++, at++) {
      const from = pixelAt(x, y);
      const behind: Colour = [picture.rgb[from]!, picture.rgb[from + 1]!, picture.rgb[from + 2]!];
      const sum: [number, number, number] = [0, 0, 0];
      // Four points a pixel: rims are not stairs.
      for (let part = 0; part < 4; part++) {
        const across = (x - rim + 0.25 + (part & 1) * 0.5) / w;
        const down = (y - rim + 0.25 + (part >> 1) * 0.5) / h;
        const isInside = across >= 0 && across < 1 && down >= 0 && down < 1;
        const surface = isInside ? paint(isMirrored ? 1 - across : across, down) : undefined;
        for (let c = 0; c < 3; c++) sum[c]! += (surface ? seen(surface, c, light, behind) : behind[c]!) / 4;
        if (surface) cover[at]! += 0.25;
      }
      canvas.set(sum, at * 3);
    }
  }
  for (let round = 0; round < manner.softness; round++) {
    canvas = softened(canvas, canvasWidth, canvasHeight, 3);
    cover = softened(cover, canvasWidth, canvasHeight, 1);
  }
  const rgb = picture.rgb.slice();
  const mask = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < canvasHeight; y++) {
    for (let x = 0; x < canvasWidth; x++, at++) {
      const share = cover[at]!;
      const [px, py] = [left + x - rim, top + y - rim];
      if (share < 0.02 || px < 0 || py < 0 || px >= width || py >= height) continue;
      const to = (py * width + px) * 3;
      const grain = manner.noise * (random() + random() + random() + random() - 2) * 1.73 * share;
      const grey = 0.299 * canvas[at * 3]! + 0.587 * canvas[at * 3 + 1]! + 0.114 * canvas[at * 3 + 2]!;
      for (let c = 0; c < 3; c++) {
        const value = manner.isGrey ? grey : canvas[at * 3 + c]!;
        rgb[to + c] = clamp(Math.round(value + grain), 0, 255);
      }
      if (share >= 0.5) mask[py * width + px] = 1;
    }
  }
  return { picture: { ...picture, rgb }, mask };
}

interface Light {
  /** What a surface of reflectance 1 gives, by channel. */
  readonly full: Colour;
  readonly black: number;
  readonly white: number;
}

/** What stands around a place reflects about two fifths of its light, as most of what people build with does. */
const USUAL_REFLECTANCE = 0.4;

function lightAround(picture: Picture, left: number, top: number, w: number, h: number, manner: Manner): Light {
  const { widthPx: width, heightPx: height, rgb } = picture;
  const reach = Math.max(w, h);
  const sums = [0, 0, 0];
  let count = 0;
  for (let y = Math.max(0, top - (reach >> 1)); y < Math.min(height, top + h + (reach >> 1)); y += 2) {
    for (let x = Math.max(0, left - (reach >> 1)); x < Math.min(width, left + w + (reach >> 1)); x += 2) {
      for (let c = 0; c < 3; c++) sums[c]! += rgb[(y * width + x) * 3 + c]!;
      count++;
    }
  }
  const full = sums.map((sum) => Math.max(6, sum / Math.max(1, count) - manner.black) / USUAL_REFLECTANCE);
  return { full: full as unknown as Colour, black: manner.black, white: manner.white };
}

function seen({ colour, shade, opacity }: Surface, channel: number, light: Light, behind: Colour): number {
  const lit = light.black + light.full[channel]! * colour[channel]! * shade;
  return opacity * Math.min(light.white, lit) + (1 - opacity) * behind[channel]!;
}

/** Weights 1 2 1 across and down. */
function softened(values: Float32Array, width: number, height: number, channels: number): Float32Array {
  const across = new Float32Array(values.length);
  const row = width * channels;
  for (let i = 0; i < values.length; i++) {
    const at = i % row;
    const before = at >= channels ? values[i - channels]! : values[i]!;
    const after = at < row - channels ? values[i + channels]! : values[i]!;
    across[i] = (before + 2 * values[i]! + after) / 4;
  }
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const above = i >= row ? across[i - row]! : across[i]!;
    const below = i < (height - 1) * row ? across[i + row]! : across[i]!;
    result[i] = (above + 2 * across[i]! + below) / 4;
  }
  return result;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
