/** What a hand on the picture means for the turret. Pure; lengths in pixels of the picture as it is shown. */

export interface PictureMove {
  /** Shares of the whole picture, positive to the right and up. */
  readonly right: number;
  readonly up: number;
}

/** A press that moves less than this is a click. */
export const CLICK_PX = 6;

/** The picture was pulled along like a map: what was under the hand at first shall be under it at last. */
export function dragMove(dxPx: number, dyPx: number, widthPx: number, heightPx: number): PictureMove {
  return { right: share(-dxPx, widthPx), up: share(dyPx, heightPx) };
}

/** A point was clicked: it shall be in the middle. */
export function centreMove(xPx: number, yPx: number, widthPx: number, heightPx: number): PictureMove {
  return { right: share(xPx - widthPx / 2, widthPx), up: share(heightPx / 2 - yPx, heightPx) };
}

function share(px: number, wholePx: number): number {
  return Math.min(1, Math.max(-1, wholePx > 0 ? px / wholePx : 0)) + 0;
}

/** Part of a whole turn that one notch of the wheel zooms, as a share of the range. */
const NOTCH = 0.04;
const NOTCH_PX = 100;

/** @param deltaPx as the wheel reports it: down is positive and zooms out */
export function wheelZoom(deltaPx: number): number {
  return Math.min(0.4, Math.max(-0.4, (-deltaPx / NOTCH_PX) * NOTCH)) + 0;
}

/**
 * How fast the turret turns while a key is held: slower the further it is zoomed in, so that the picture moves as fast.
 * @param level 1 … 10, as the slider stands; `zoom` is 0 … 1 of the range
 */
export function turnSpeed(level: number, zoom: number): number {
  return Math.max(0.02, (level / 10) ** 1.5 * (1 - 0.85 * Math.min(1, Math.max(0, zoom))));
}
