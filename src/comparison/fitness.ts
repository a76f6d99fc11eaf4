/**
 * Fitness: can this picture be judged at all? A look that cannot says so with a reason, never "no change". The measures
 * are of what can be seen rather than of brightness, so that a night or infrared picture with detail is judged. Pure.
 */
import type { Picture } from '../base/picture.ts';
import { GATE_HEIGHT, GATE_WIDTH, thumbnailOf } from './gate.ts';

/** Infrared is a picture without colour; low light a dim one with it. They are kept apart from day when baselines are chosen. */
export type Lighting = 'day' | 'low_light' | 'infrared';

/** Why a look was not judged: machine words, translated where they are shown. */
export type NotJudgedReason =
  | 'dark'
  | 'overexposed'
  | 'fogged'
  | 'blocked'
  | 'smeared'
  | 'frozen'
  | 'pose'
  | 'no_baseline'
  | 'unreadable'
  // The disk has no room for its picture.
  | 'no_room';

export type Fitness =
  | { readonly fit: true; readonly lighting: Lighting }
  | { readonly fit: false; readonly reason: NotJudgedReason; readonly lighting: Lighting };

const TILE_PX = 10;
/** Standard deviation within a tile of the thumbnail from which it shows something (grey levels). */
const SHOWS = 4;

/** @param thumbnail of the picture, where it is known already */
export function fitness(picture: Picture, thumbnail: Uint8Array = thumbnailOf(picture)): Fitness {
  const lighting = lightingOf(picture, thumbnail);
  const reason = unfitReason(measure(picture, thumbnail));
  return reason ? { fit: false, reason, lighting } : { fit: true, lighting };
}

/** Share of what its lawful pictures show that must be gone before a look counts as hidden. */
const HIDDEN = 0.6;
/** Share of tiles that lawful pictures must show for that to be said. */
const FEWEST_SHOWN = 0.15;

/**
 * Is most of the view hidden: what every lawful picture shows is not to be seen in this one? Finds a covered lens, fog and
 * darkness that leave enough in the picture to pass by itself.
 * @param baselines thumbnails of pictures lawful everywhere
 */
export function hiddenReason(thumbnail: Uint8Array, baselines: readonly Uint8Array[]): NotJudgedReason | undefined {
  const known = baselines.map(keptDeviationsOf);
  let [shown, gone] = [0, 0];
  const deviations = tileDeviations(thumbnail);
  deviations.forEach((deviation, tile) => {
    if (known.length === 0 || !known.every((tiles) => tiles[tile]! >= 2 * SHOWS)) return;
    shown++;
    if (deviation < SHOWS / 2) gone++;
  });
  if (shown < FEWEST_SHOWN * deviations.length || gone < HIDDEN * shown) return undefined;
  const mean = thumbnail.reduce((sum, value) => sum + value, 0) / thumbnail.length;
  return mean < 40 ? 'dark' : mean > 120 ? 'fogged' : 'blocked';
}

interface Measures {
  readonly mean: number;
  /** 1st and 99th percentile of grey. */
  readonly low: number;
  readonly high: number;
  /** Shares of pixels at the ends of the scale. */
  readonly black: number;
  readonly white: number;
  /** Share of tiles that show something. */
  readonly showing: number;
  /** Mean deviation within the tiles that show least, three quarters of all: texture of what fog would hide. */
  readonly quietDeviation: number;
  /** Steepest steps between neighbouring pixels at the picture's own size, as a share of its contrast. */
  readonly sharpness: number;
}

function unfitReason(m: Measures): NotJudgedReason | undefined {
  const contrast = m.high - m.low;
  if (m.high < 32 && m.showing < 0.05) return 'dark';
  if (m.black > 0.97 && m.showing < 0.02) return 'dark';
  if (m.white > 0.75 && m.showing < 0.25) return 'overexposed';
  if (m.low > 225 && m.showing < 0.1) return 'overexposed';
  if (contrast < 14 && m.showing < 0.02) return m.mean > 110 ? 'fogged' : 'blocked';
  if (contrast < 60 && m.showing < 0.12 && m.mean > 90 && m.quietDeviation < 1.6) return 'fogged';
  if (contrast >= 30 && m.sharpness < 0.045) return 'smeared';
  return undefined;
}

function measure(picture: Picture, thumbnail: Uint8Array): Measures {
  const counts = new Uint32Array(256);
  for (const value of thumbnail) counts[value]!++;
  const percentile = (share: number): number => {
    let seen = 0;
    for (let value = 0; value < 256; value++) {
      seen += counts[value]!;
      if (seen >= share * thumbnail.length) return value;
    }
    return 255;
  };
  let sum = 0;
  let black = 0;
  let white = 0;
  for (let value = 0; value < 256; value++) {
    sum += value * counts[value]!;
    if (value <= 12) black += counts[value]!;
    if (value >= 248) white += counts[value]!;
  }
  const deviations = tileDeviations(thumbnail).sort();
  const quiet = deviations.subarray(0, Math.floor(deviations.length * 0.75));
  const low = percentile(0.01);
  const high = percentile(0.99);
  return {
    mean: sum / thumbnail.length,
    low,
    high,
    black: black / thumbnail.length,
    white: white / thumbnail.length,
    showing: deviations.reduce((count, deviation) => count + (deviation >= SHOWS ? 1 : 0), 0) / deviations.length,
    quietDeviation: quiet.reduce((total, deviation) => total + deviation, 0) / quiet.length,
    sharpness: steepest(picture) / Math.max(1, high - low),
  };
}

/** A lawful picture is asked at every look: its deviations are kept as long as it is. */
const keptDeviations = new WeakMap<Uint8Array, Float32Array>();

function keptDeviationsOf(baseline: Uint8Array): Float32Array {
  const kept = keptDeviations.get(baseline) ?? tileDeviations(baseline);
  keptDeviations.set(baseline, kept);
  return kept;
}

function tileDeviations(thumbnail: Uint8Array): Float32Array {
  const across = GATE_WIDTH / TILE_PX;
  const deviations = new Float32Array(across * (GATE_HEIGHT / TILE_PX));
  for (let tile = 0; tile < deviations.length; tile++) {
    const first = Math.floor(tile / across) * TILE_PX * GATE_WIDTH + (tile % across) * TILE_PX;
    let sum = 0;
    let squares = 0;
    for (let y = 0; y < TILE_PX; y++) {
      for (let x = 0; x < TILE_PX; x++) {
        const value = thumbnail[first + y * GATE_WIDTH + x]!;
        sum += value;
        squares += value * value;
      }
    }
    deviations[tile] = Math.sqrt(Math.max(0, squares / TILE_PX ** 2 - (sum / TILE_PX ** 2) ** 2));
  }
  return deviations;
}

/** Share of the height, above and below, where cameras write their clock and name: those stay sharp before a smeared lens. */
const CAPTIONS = 0.12;

/** The 99.5th percentile of steps between pixels two apart, in grey levels (green stands for grey), but for the captions. */
function steepest(picture: Picture): number {
  const { widthPx: width, heightPx: height, rgb } = picture;
  const counts = new Uint32Array(256);
  let total = 0;
  // Every fourth row and every other column is plenty.
  for (let y = Math.floor(height * CAPTIONS); y + 2 < height * (1 - CAPTIONS); y += 4) {
    for (let x = 0; x + 2 < width; x += 2) {
      const at = (y * width + x) * 3 + 1;
      const across = Math.abs(rgb[at]! - rgb[at + 6]!);
      const down = Math.abs(rgb[at]! - rgb[at + 6 * width]!);
      counts[Math.max(across, down)]!++;
      total++;
    }
  }
  let seen = 0;
  for (let step = 255; step > 0; step--) {
    seen += counts[step]!;
    if (seen >= total * 0.005) return step;
  }
  return 0;
}

/** In what light a picture was taken, told from the picture itself; `thumbnail` is of it. */
export function lightingOf(picture: Picture, thumbnail: Uint8Array): Lighting {
  const { rgb } = picture;
  const pixels = picture.widthPx * picture.heightPx;
  const stride = Math.max(1, Math.floor(pixels / 4000));
  let [colour, count] = [0, 0];
  for (let i = 0; i < pixels; i += stride) {
    const [r, g, b] = [rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!];
    colour += Math.max(r, g, b) - Math.min(r, g, b);
    count++;
  }
  if (colour / count < 3) return 'infrared';
  let sum = 0;
  for (const value of thumbnail) sum += value;
  return sum / thumbnail.length < 55 ? 'low_light' : 'day';
}
