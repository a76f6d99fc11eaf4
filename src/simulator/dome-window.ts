/**
 * What a dome's lens shows of the panorama: a window at any pan, tilt and zoom, in central perspective, drawn into the planes
 * that the encoder takes. Where each pixel looks is worked out at the corners of blocks and led straight between them, which
 * is off by less than a tenth of a pixel. While the lens turns, what it sweeps over in its exposure runs together.
 */
import { PAD, type Level, type Panorama, type Plane } from './panorama.ts';
import type { TurretPosition, TurretVelocity } from './turret.ts';

/** Horizontal angle of view at zoom 1. */
export const WIDEST_DEG = 58;

export interface WindowSize {
  /** Multiples of 16 and of 8. */
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Luma and both chroma planes one after another, without gaps. */
export type Planes = Buffer;

const BLOCK = 16;
/** Most samples that a sweep is made of; nearer together than this many pixels they are not worth it. */
const TAPS = 8;
const TAP_PX = 1.5;
const ONE = 1 << 16;
const RADIAN = 180 / Math.PI;

export class DomeWindow {
  readonly size: WindowSize;
  readonly planes: Planes;
  readonly #columns: number;
  readonly #rows: number;
  /** Where the corners of the blocks look, in pixels of the level: across, and down. */
  readonly #across: Float64Array;
  readonly #down: Float64Array;

  constructor(size: WindowSize) {
    this.size = size;
    this.planes = Buffer.alloc((size.widthPx * size.heightPx * 3) / 2);
    this.#columns = size.widthPx / BLOCK + 1;
    this.#rows = Math.ceil(size.heightPx / BLOCK) + 1;
    this.#across = new Float64Array(this.#columns * this.#rows);
    this.#down = new Float64Array(this.#columns * this.#rows);
  }

  /**
   * Draws into {@link planes}.
   * @param velocity how fast the lens turns; `exposureS` is how long light is gathered
   */
  draw(panorama: Panorama, pose: TurretPosition, velocity: TurretVelocity, exposureS: number): void {
    const { widthPx, heightPx } = this.size;
    const focalPx = focalOf(widthPx, pose.zoom);
    const level = levelFor(panorama, focalPx / RADIAN);
    this.#aim(level, panorama.topDeg, pose, focalPx);
    const sweep = [
      velocity.panDegPerS * exposureS * level.pxPerDeg,
      -velocity.tiltDegPerS * exposureS * level.pxPerDeg,
    ] as const;
    const lumaPx = widthPx * heightPx;
    this.#sample(level.luma, sweep, 1, 0);
    this.#sample(level.blue, sweep, 2, lumaPx);
    this.#sample(level.red, sweep, 2, (lumaPx * 5) / 4);
  }

  #aim(level: Level, topDeg: number, pose: TurretPosition, focalPx: number): void {
    const { widthPx, heightPx } = this.size;
    const sin = Math.sin(pose.tiltDeg / RADIAN);
    const cos = Math.cos(pose.tiltDeg / RADIAN);
    const middle = (((pose.panDeg + 180) % 360) + 360) % 360;
    const lowest = level.luma.heightPx - 1 + PAD / 2;
    for (let row = 0, at = 0; row < this.#rows; row++) {
      const up = (heightPx / 2 - row * BLOCK) / focalPx;
      const rise = up * cos + sin;
      const ahead = cos - up * sin;
      for (let column = 0; column < this.#columns; column++, at++) {
        const right = (column * BLOCK - widthPx / 2) / focalPx;
        const panDeg = middle + Math.atan2(right, ahead) * RADIAN;
        const tiltDeg = Math.atan2(rise, Math.hypot(right, ahead)) * RADIAN;
        this.#across[at] = panDeg * level.pxPerDeg;
        this.#down[at] = Math.min(lowest, Math.max(-PAD / 2, (topDeg - tiltDeg) * level.pxPerDeg));
      }
    }
  }

  /** @param shrink how many luma pixels a sample of this plane spans */
  #sample(plane: Plane, sweep: readonly [number, number], shrink: number, toOffset: number): void {
    const columns = this.#columns;
    const [across, down] = [this.#across, this.#down];
    const widthPx = this.size.widthPx / shrink;
    const heightPx = this.size.heightPx / shrink;
    const block = BLOCK / shrink;
    const taps = tapsOf(plane, sweep, shrink);
    // From pixels of the level to samples of the plane, in 65536ths; a sample's middle lies half way into it.
    const scale = ONE / shrink;
    const rim = (PAD - 0.5) * ONE;
    const round = plane.widthPx * ONE;
    for (let row = 0; row < this.#rows - 1; row++) {
      const rowsHere = Math.min(block, heightPx - row * block);
      for (let column = 0; column < columns - 1; column++) {
        const at = row * columns + column;
        let shift = rim;
        const startX = (across[at] as number) * scale;
        if (startX >= round) shift -= round;
        else if (startX < 0) shift += round;
        const upperLeftX = startX + shift;
        const upperRightX = (across[at + 1] as number) * scale + shift;
        const leftDropX = ((across[at + columns] as number) * scale + shift - upperLeftX) / block;
        const rightDropX = ((across[at + columns + 1] as number) * scale + shift - upperRightX) / block;
        const upperLeftY = (down[at] as number) * scale + rim;
        const upperRightY = (down[at + 1] as number) * scale + rim;
        const leftDropY = ((down[at + columns] as number) * scale + rim - upperLeftY) / block;
        const rightDropY = ((down[at + columns + 1] as number) * scale + rim - upperRightY) / block;
        let to = toOffset + row * block * widthPx + column * block;
        for (let y = 0; y < rowsHere; y++, to += widthPx) {
          const part = y + 0.5;
          const leftX = upperLeftX + leftDropX * part;
          const leftY = upperLeftY + leftDropY * part;
          const stepX = (upperRightX + rightDropX * part - leftX) / block;
          const stepY = (upperRightY + rightDropY * part - leftY) / block;
          const draw = taps.length > 1 ? drawSwept : drawSharp;
          draw(
            this.planes,
            to,
            block,
            plane.data,
            plane.stride,
            taps,
            leftX + stepX / 2,
            leftY + stepY / 2,
            stepX,
            stepY,
          );
        }
      }
    }
  }
}

/** Width and height of a whole picture at zoom 1, degrees. */
export function widestView({ widthPx, heightPx }: { widthPx: number; heightPx: number }): [number, number] {
  return [WIDEST_DEG, 2 * Math.atan(heightPx / 2 / focalOf(widthPx, 1)) * RADIAN];
}

/** Pixels of the whole picture to one unit of distance at distance 1. */
export function focalOf(widthPx: number, zoom: number): number {
  return (widthPx / 2 / Math.tan(WIDEST_DEG / 2 / RADIAN)) * zoom;
}

/** Draws `count` samples in a line, each mixed from its four neighbours. Places and steps in 65536ths of a sample. */
function drawSharp(
  to: Uint8Array,
  at: number,
  count: number,
  data: Uint8Array,
  stride: number,
  _taps: Int32Array,
  fromX: number,
  fromY: number,
  ofX: number,
  ofY: number,
): void {
  let x = fromX | 0;
  let y = fromY | 0;
  const stepX = ofX | 0;
  const stepY = ofY | 0;
  const end = at + count;
  for (let i = at; i < end; i++) {
    const from = (y >> 16) * stride + (x >> 16);
    const partX = (x >> 8) & 255;
    const upperLeft = data[from] as number;
    const lowerLeft = data[from + stride] as number;
    const upper = (upperLeft << 8) + ((data[from + 1] as number) - upperLeft) * partX;
    const lower = (lowerLeft << 8) + ((data[from + stride + 1] as number) - lowerLeft) * partX;
    to[i] = ((upper << 8) + (lower - upper) * ((y >> 8) & 255) + 32768) >> 16;
    x = (x + stepX) | 0;
    y = (y + stepY) | 0;
  }
}

/** The same where the lens turns: each sample is the mean of what it swept over. */
function drawSwept(
  to: Uint8Array,
  at: number,
  count: number,
  data: Uint8Array,
  stride: number,
  taps: Int32Array,
  fromX: number,
  fromY: number,
  ofX: number,
  ofY: number,
): void {
  let x = fromX | 0;
  let y = fromY | 0;
  const stepX = ofX | 0;
  const stepY = ofY | 0;
  const end = at + count;
  const share = (ONE / taps.length) | 0;
  for (let i = at; i < end; i++) {
    const from = (y >> 16) * stride + (x >> 16);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++) sum += data[from + (taps[tap] as number)] as number;
    to[i] = (sum * share + 32768) >> 16;
    x = (x + stepX) | 0;
    y = (y + stepY) | 0;
  }
}

/** Where the samples of a sweep lie, as steps in the plane's bytes; one alone where nothing moves to speak of. */
function tapsOf(plane: Plane, [sweepX, sweepY]: readonly [number, number], shrink: number): Int32Array {
  // A sweep longer than the rim is cut: nothing in it could be told apart anyway.
  const lengthPx = Math.hypot(sweepX, sweepY) / shrink;
  const cutTo = Math.min(1, (PAD / 2 - 2) / Math.max(1e-9, lengthPx));
  const count = Math.min(TAPS, 1 + Math.floor(lengthPx / TAP_PX));
  return Int32Array.from({ length: count }, (_, tap) => {
    const part = count === 1 ? 0 : (tap / (count - 1) - 0.5) * cutTo;
    return Math.round((sweepY / shrink) * part) * plane.stride + Math.round((sweepX / shrink) * part);
  });
}

/** The smallest level that still has about as many pixels a degree as the window; a little less is made up for by sharpness. */
function levelFor({ levels }: Panorama, pxPerDeg: number): Level {
  const fitting = levels.filter((level) => level.pxPerDeg >= pxPerDeg * 0.9).at(-1) ?? levels[0];
  if (!fitting) throw new Error('a panorama has levels');
  return fitting;
}
