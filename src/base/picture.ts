/**
 * Pictures and places on them. A picture is decoded RGB; a place is a polygon or box in fractions of the picture, so that
 * it means the same on the sub-stream, the main stream and the screen.
 */

/** Decoded picture: `rgb` holds `widthPx * heightPx * 3` bytes, rows top to bottom, interleaved R G B. */
export interface Picture {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rgb: Uint8Array;
}

/** A point in fractions of the picture: `[0, 0]` top left, `[1, 1]` bottom right. */
export type Point = readonly [x: number, y: number];
export type Polygon = readonly Point[];

/** `[x, y, width, height]` in fractions of the picture. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** Stands for a decoded picture: equal for the very same one, all but surely different for any other (FNV-1a, sampled). */
export function digestOf(picture: Picture): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < picture.rgb.length; at += 31) {
    hash = Math.imul(hash ^ (picture.rgb[at] ?? 0), 0x01000193);
  }
  return `${picture.widthPx}x${picture.heightPx}:${hash >>> 0}`;
}
