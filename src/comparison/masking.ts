/** Privacy masks: what nobody may see is black before anything is stored, shown or sent. */
import type { Picture, Polygon } from '../base/picture.ts';

/** Blackens the polygons in the picture itself. */
export function burnIn(picture: Picture, polygons: readonly Polygon[]): void {
  const { widthPx, heightPx, rgb } = picture;
  for (const polygon of polygons) {
    const xs = polygon.map(([x]) => x * widthPx);
    const ys = polygon.map(([, y]) => y * heightPx);
    // A pixel belongs to the mask as soon as the polygon touches its row; rather a pixel too many than one too few.
    const top = Math.max(0, Math.floor(Math.min(...ys)));
    const bottom = Math.min(heightPx - 1, Math.ceil(Math.max(...ys)));
    for (let row = top; row <= bottom; row++) {
      const crossings: number[] = [];
      const y = Math.min(Math.max(row + 0.5, Math.min(...ys) + 1e-6), Math.max(...ys) - 1e-6);
      for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
        const [xi, yi] = [xs[i] as number, ys[i] as number];
        const [xj, yj] = [xs[j] as number, ys[j] as number];
        if (yi > y !== yj > y) crossings.push(((xj - xi) * (y - yi)) / (yj - yi) + xi);
      }
      crossings.sort((a, b) => a - b);
      for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
        const from = Math.max(0, Math.floor(crossings[pair] as number));
        const to = Math.min(widthPx, Math.ceil(crossings[pair + 1] as number));
        if (to > from) rgb.fill(0, (row * widthPx + from) * 3, (row * widthPx + to) * 3);
      }
    }
  }
}
