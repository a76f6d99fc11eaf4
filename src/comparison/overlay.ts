/** Regions drawn onto a picture for people to look at. Pure. */
import type { Picture, Point, Polygon } from '../base/picture.ts';
import { cellsIn } from './outline.ts';

const COLOUR = [255, 48, 32] as const;
/** How much of the colour lies over the inside of a region. */
const TINT = 0.12;

/** A copy of the picture with each region outlined and lightly tinted. */
export function drawOverlay(picture: Picture, regions: readonly { readonly polygon: Polygon }[]): Picture {
  const { widthPx, heightPx } = picture;
  const rgb = Uint8Array.from(picture.rgb);
  const thickness = Math.max(1, Math.round(Math.min(widthPx, heightPx) / 240));
  for (const { polygon } of regions) {
    cellsIn([polygon], widthPx, heightPx).forEach((inside, pixel) => {
      if (inside) blend(rgb, pixel * 3, TINT);
    });
    polygon.forEach((from, index) => {
      drawLine(rgb, widthPx, heightPx, from, polygon[(index + 1) % polygon.length]!, thickness);
    });
  }
  return { widthPx, heightPx, rgb };
}

function drawLine(rgb: Uint8Array, width: number, height: number, from: Point, to: Point, thickness: number): void {
  const [x0, y0, x1, y1] = [from[0] * width, from[1] * height, to[0] * width, to[1] * height];
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
  for (let step = 0; step <= steps; step++) {
    const left = Math.round(x0 + ((x1 - x0) * step) / steps - thickness / 2);
    const top = Math.round(y0 + ((y1 - y0) * step) / steps - thickness / 2);
    for (let y = Math.max(0, top); y < Math.min(height, top + thickness); y++) {
      for (let x = Math.max(0, left); x < Math.min(width, left + thickness); x++) blend(rgb, (y * width + x) * 3, 1);
    }
  }
}

function blend(rgb: Uint8Array, at: number, share: number): void {
  COLOUR.forEach((value, channel) => {
    rgb[at + channel] = Math.round(rgb[at + channel]! * (1 - share) + value * share);
  });
}
