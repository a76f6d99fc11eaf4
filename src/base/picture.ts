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
