/**
 * The gate: is anything to be looked at closer? Thumbnails are compared tile by tile by normalised correlation, and a
 * tile is unchanged when any lawful picture explains it. Costs well under a millisecond. Pure.
 */
import type { Picture } from '../base/picture.ts';
import { greyAt } from './resample.ts';

export const GATE_WIDTH = 160;
export const GATE_HEIGHT = 90;

const TILE_PX = 10;
const TILES_ACROSS = GATE_WIDTH / TILE_PX;
const TILES_DOWN = GATE_HEIGHT / TILE_PX;
/** Variance of a tile below which it is noise rather than texture (grey levels squared). */
const NOISE_VARIANCE = 20;
/** Tile dissimilarity from which a look goes on to the network. */
const CHANGED = 0.3;
/** Tile dissimilarity that needs no better explanation: the other lawful pictures are not asked. */
const EXPLAINED = 0.05;

export interface GateAnswer {
  readonly changed: boolean;
  /** Largest tile dissimilarity to the picture that explains that tile best: 0 same, 1 unrelated, 2 inverted. */
  readonly score: number;
  /** Mean tile dissimilarity: how unlike the pictures are as a whole. */
  readonly meanScore: number;
}

/**
 * Grey picture of the gate's size, one byte a pixel: the mean of the pixels that fall to it (luma of ITU-R BT.601). One pass
 * over the picture, since every look pays for it; a picture smaller than the gate's is interpolated instead.
 */
export function thumbnailOf(picture: Picture): Uint8Array {
  const { widthPx, heightPx, rgb } = picture;
  if (widthPx < GATE_WIDTH || heightPx < GATE_HEIGHT) return greyAt(picture, GATE_WIDTH, GATE_HEIGHT);
  const thumbnail = new Uint8Array(GATE_WIDTH * GATE_HEIGHT);
  const fillRow = widthPx === 4 * GATE_WIDTH && rgb.byteOffset % 4 === 0 ? fillRowByFour(rgb) : fillRowOf(widthPx, rgb);
  for (let row = 0; row < GATE_HEIGHT; row++) {
    const firstY = Math.ceil((row * heightPx) / GATE_HEIGHT);
    const endY = Math.ceil(((row + 1) * heightPx) / GATE_HEIGHT);
    fillRow(thumbnail.subarray(row * GATE_WIDTH, (row + 1) * GATE_WIDTH), firstY, endY);
  }
  return thumbnail;
}

/** Fills a row of the thumbnail with the mean lumas of the picture's rows `[firstY, endY)`. */
type RowFiller = (row: Uint8Array, firstY: number, endY: number) => void;

/**
 * For the width that nearly every look has: four pixels are twelve bytes are three words, read a word at a time. A third of
 * the time of going byte by byte.
 */
function fillRowByFour(rgb: Uint8Array): RowFiller {
  const words = new Uint32Array(rgb.buffer, rgb.byteOffset, Math.floor(rgb.length / 4));
  return (row, firstY, endY) => {
    const scale = 1 / (256 * 4 * (endY - firstY));
    for (let x = 0; x < GATE_WIDTH; x++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let y = firstY; y < endY; y++) {
        const at = (y * GATE_WIDTH + x) * 3;
        // Little-endian: R0 G0 B0 R1, G1 B1 R2 G2, B2 R3 G3 B3.
        const a = words[at]!;
        const b = words[at + 1]!;
        const c = words[at + 2]!;
        red += (a & 255) + (a >>> 24) + ((b >>> 16) & 255) + ((c >>> 8) & 255);
        green += ((a >>> 8) & 255) + (b & 255) + (b >>> 24) + ((c >>> 16) & 255);
        blue += ((a >>> 16) & 255) + ((b >>> 8) & 255) + (c & 255) + (c >>> 24);
      }
      row[x] = (77 * red + 150 * green + 29 * blue) * scale + 0.5;
    }
  };
}

function fillRowOf(widthPx: number, rgb: Uint8Array): RowFiller {
  const columns = Uint8Array.from({ length: widthPx }, (_, x) => Math.floor((x * GATE_WIDTH) / widthPx));
  const counts = new Uint32Array(GATE_WIDTH);
  for (const column of columns) counts[column]!++;
  const sums = new Uint32Array(GATE_WIDTH);
  return (row, firstY, endY) => {
    sums.fill(0);
    for (let y = firstY; y < endY; y++) {
      for (let x = 0, at = y * widthPx * 3; x < widthPx; x++, at += 3) {
        sums[columns[x]!]! += 77 * rgb[at]! + 150 * rgb[at + 1]! + 29 * rgb[at + 2]!;
      }
    }
    for (let x = 0; x < GATE_WIDTH; x++) row[x] = sums[x]! / (counts[x]! * (endY - firstY)) / 256 + 0.5;
  };
}

/** @param baselines thumbnails of lawful pictures; with none, everything is changed */
export function gate(thumbnail: Uint8Array, baselines: readonly Uint8Array[]): GateAnswer {
  const frame = tilesOf(thumbnail);
  const known = baselines.map((baseline) => ({ pixels: baseline, tiles: keptTilesOf(baseline) }));
  let score = 0;
  let sum = 0;
  let nearest = 0;
  for (let tile = 0; tile < TILES_ACROSS * TILES_DOWN; tile++) {
    let best = 2;
    // What explained the tile before most likely explains this one: it is asked first.
    for (let asked = 0, at = nearest; asked < known.length && best > EXPLAINED; asked++) {
      const { pixels, tiles } = known[at]!;
      const found = dissimilarity(thumbnail, frame, pixels, tiles, tile);
      if (found < best) {
        best = found;
        nearest = at;
      }
      at = (at + 1) % known.length;
    }
    score = Math.max(score, best);
    sum += best;
  }
  return { changed: score >= CHANGED, score, meanScore: sum / (TILES_ACROSS * TILES_DOWN) };
}

interface Tiles {
  readonly means: Float32Array;
  readonly variances: Float32Array;
}

function firstPixelOf(tile: number): number {
  return Math.floor(tile / TILES_ACROSS) * TILE_PX * GATE_WIDTH + (tile % TILES_ACROSS) * TILE_PX;
}

/** A lawful picture is gone over at every look: its tiles are kept as long as it is. */
const keptTiles = new WeakMap<Uint8Array, Tiles>();

function keptTilesOf(baseline: Uint8Array): Tiles {
  const kept = keptTiles.get(baseline) ?? tilesOf(baseline);
  keptTiles.set(baseline, kept);
  return kept;
}

function tilesOf(pixels: Uint8Array): Tiles {
  if (pixels.length !== GATE_WIDTH * GATE_HEIGHT) {
    throw new RangeError(`a thumbnail has ${GATE_WIDTH * GATE_HEIGHT} bytes, not ${pixels.length}`);
  }
  const means = new Float32Array(TILES_ACROSS * TILES_DOWN);
  const variances = new Float32Array(TILES_ACROSS * TILES_DOWN);
  for (let tile = 0; tile < means.length; tile++) {
    const first = firstPixelOf(tile);
    let sum = 0;
    let squares = 0;
    for (let y = 0; y < TILE_PX; y++) {
      for (let x = 0; x < TILE_PX; x++) {
        const value = pixels[first + y * GATE_WIDTH + x]!;
        sum += value;
        squares += value * value;
      }
    }
    const mean = sum / TILE_PX ** 2;
    means[tile] = mean;
    variances[tile] = Math.max(0, squares / TILE_PX ** 2 - mean * mean);
  }
  return { means, variances };
}

/**
 * One minus the correlation of a tile, with the noise variance in numerator and denominator: two flat tiles are the same,
 * a flat and a textured one are not, and a change of brightness or gain is no change.
 */
function dissimilarity(a: Uint8Array, aTiles: Tiles, b: Uint8Array, bTiles: Tiles, tile: number): number {
  const first = firstPixelOf(tile);
  let products = 0;
  for (let y = 0; y < TILE_PX; y++) {
    for (let x = 0; x < TILE_PX; x++) {
      const at = first + y * GATE_WIDTH + x;
      products += a[at]! * b[at]!;
    }
  }
  const covariance = products / TILE_PX ** 2 - aTiles.means[tile]! * bTiles.means[tile]!;
  const va = aTiles.variances[tile]!;
  const vb = bTiles.variances[tile]!;
  // The smaller of two deviations may be that of a picture with less contrast; gain up to 2 either way is forgiven.
  const together = Math.max(Math.sqrt(va * vb), Math.max(va, vb) / 2);
  return 1 - (covariance + NOISE_VARIANCE) / (together + NOISE_VARIANCE);
}
