/**
 * How two pictures are looked at together: one zoom and one offset for both, in fractions of the fitted picture, so that
 * the same transform means the same place on each. Pure.
 */

/** The picture is drawn `scale` times as large with its top left corner at `x`, `y` (fractions of its unzoomed size). */
export interface Zoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
export const LARGEST_SCALE = 10;

/** Keeps the picture over its frame: no edge comes inside it. */
function clamped({ scale, x, y }: Zoom): Zoom {
  const within = (offset: number): number => Math.min(0, Math.max(1 - scale, offset));
  return { scale, x: within(x), y: within(y) };
}

/** Zooms by `factor` so that the place under the point (fractions of the frame) stays under it. */
export function zoomAt(zoom: Zoom, factor: number, atX: number, atY: number): Zoom {
  const scale = Math.min(LARGEST_SCALE, Math.max(1, zoom.scale * factor));
  const grown = scale / zoom.scale;
  return clamped({ scale, x: atX - (atX - zoom.x) * grown, y: atY - (atY - zoom.y) * grown });
}

export function panBy(zoom: Zoom, dx: number, dy: number): Zoom {
  return clamped({ scale: zoom.scale, x: zoom.x + dx, y: zoom.y + dy });
}

/** The zoom at which a place (`[x, y, width, height]` in fractions) fills a good half of the frame. */
export function zoomTo([x, y, width, height]: readonly [number, number, number, number]): Zoom {
  const scale = Math.min(LARGEST_SCALE, Math.max(1, 0.55 / Math.max(width, height, 0.01)));
  return clamped({ scale, x: 0.5 - (x + width / 2) * scale, y: 0.5 - (y + height / 2) * scale });
}

/** Where a picture of `aspect` (width / height) lies when fitted whole into a pane. */
export function fitInto(pane: Rect, aspect: number): Rect {
  const width = Math.min(pane.width, pane.height * aspect);
  const height = width / aspect;
  return { left: pane.left + (pane.width - width) / 2, top: pane.top + (pane.height - height) / 2, width, height };
}

/**
 * The part of a picture (`pictureAspect`) that a thumbnail (`thumbAspect`) should show: the place with its surroundings,
 * in fractions of the picture.
 */
export function cropAround(
  [x, y, width, height]: readonly [number, number, number, number],
  pictureAspect: number,
  thumbAspect: number,
): Rect {
  const ratio = thumbAspect / pictureAspect;
  // Widths and heights in fractions of the picture; a thumbnail `w` wide is `w / ratio` high.
  const widthWanted = Math.max(width * 2, height * 2 * ratio, 0.3);
  const cropWidth = Math.min(widthWanted, 1, ratio);
  const cropHeight = cropWidth / ratio;
  const within = (centre: number, size: number): number => Math.min(1 - size, Math.max(0, centre - size / 2));
  return {
    left: within(x + width / 2, cropWidth),
    top: within(y + height / 2, cropHeight),
    width: cropWidth,
    height: cropHeight,
  };
}
