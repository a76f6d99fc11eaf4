/**
 * The camera's name as it stands in its picture, below on the right. Letters are drawn beforehand (`scenery/make_panorama.py`),
 * since no font need be installed where the simulation runs: red is how bright they are, green how much they cover.
 */
import { existsSync } from 'node:fs';
import { readPicture } from '../drivers/codec/codec.ts';
import type { WindowSize } from './dome-window.ts';

/** Distance from the right and lower edge, in shares of the picture's width. */
const INSET = 0.015;

export class NamePlate {
  readonly #widthPx: number;
  readonly #heightPx: number;
  readonly #rgb: Uint8Array;

  private constructor(picture: { widthPx: number; heightPx: number; rgb: Uint8Array }) {
    this.#widthPx = picture.widthPx;
    this.#heightPx = picture.heightPx;
    this.#rgb = picture.rgb;
  }

  /** @returns undefined where nobody drew one: a dome without a name in its picture is a dome all the same */
  static async read(file: string, scale: number): Promise<NamePlate | undefined> {
    if (!existsSync(file)) return undefined;
    const { widthPx, heightPx } = await readPicture(file);
    const even = (px: number): number => Math.max(2, Math.round((px * scale) / 2) * 2);
    return new NamePlate(await readPicture(file, { widthPx: even(widthPx), heightPx: even(heightPx) }));
  }

  /** @param planes luma and chroma planes of a picture of that size */
  draw(planes: Buffer, { widthPx, heightPx }: WindowSize): void {
    const inset = Math.round((widthPx * INSET) / 2) * 2;
    const left = widthPx - inset - this.#widthPx;
    const top = heightPx - inset - this.#heightPx;
    if (left < 0 || top < 0) return;
    const chroma = widthPx * heightPx;
    for (let y = 0; y < this.#heightPx; y++) {
      for (let x = 0; x < this.#widthPx; x++) {
        const from = (y * this.#widthPx + x) * 3;
        const cover = this.#rgb[from + 1] ?? 0;
        if (cover === 0) continue;
        const at = (top + y) * widthPx + left + x;
        const luma = 16 + ((this.#rgb[from] ?? 0) * 219) / 255;
        planes[at] = (planes[at] ?? 0) + ((luma - (planes[at] ?? 0)) * cover) / 255;
        if (((x | y) & 1) !== 0) continue;
        const half = ((top + y) / 2) * (widthPx / 2) + (left + x) / 2;
        for (const plane of [chroma, (chroma * 5) / 4]) {
          planes[plane + half] = (planes[plane + half] ?? 0) + ((128 - (planes[plane + half] ?? 0)) * cover) / 255;
        }
      }
    }
  }
}
