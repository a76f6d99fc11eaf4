/** Places on a picture, for tests of what is found where. */
import type { Polygon } from '../../src/base/picture.ts';

/** A square in fractions of the picture, its upper left corner at `x`, `y`. */
export function square(x: number, y: number, size: number): Polygon {
  return [
    [x, y],
    [x + size, y],
    [x + size, y + size],
    [x, y + size],
  ];
}
