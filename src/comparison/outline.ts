/** Outlines of areas as polygons in fractions, and areas of polygons as cells. Pure. */
import type { Point, Polygon } from '../base/picture.ts';

/**
 * The outer outline of a connected area, simplified to at most `mostPoints`. Holes are filled.
 * @param cells of a grid of `width` by `height`, connected by their sides
 */
export function outlineOf(cells: Uint32Array, width: number, height: number, mostPoints: number): Polygon {
  const inside = new Uint8Array(width * height);
  let first = width * height;
  for (const cell of cells) {
    inside[cell] = 1;
    first = Math.min(first, cell);
  }
  const corners = trace(inside, width, height, first);
  let simple = corners;
  for (let tolerance = 0.75; simple.length > mostPoints || tolerance === 0.75; tolerance *= 1.5) {
    simple = simplified(corners, tolerance);
  }
  // A sliver may shrink to a line: its box is the honest outline.
  if (simple.length < 3) simple = boxCorners(corners);
  return simple.map(([x, y]): Point => [round(x / width), round(y / height)]);
}

/** 1 for each cell of a `width` by `height` grid whose middle lies in any of the polygons. */
export function cellsIn(polygons: readonly Polygon[], width: number, height: number): Uint8Array {
  const inside = new Uint8Array(width * height);
  for (const polygon of polygons) {
    for (let row = 0; row < height; row++) {
      const y = (row + 0.5) / height;
      const crossings: number[] = [];
      polygon.forEach(([x0, y0], index) => {
        const [x1, y1] = polygon[(index + 1) % polygon.length]!;
        if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
      });
      crossings.sort((a, b) => a - b);
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        const from = Math.max(0, Math.ceil(crossings[i]! * width - 0.5));
        const to = Math.min(width - 1, Math.ceil(crossings[i + 1]! * width - 0.5) - 1);
        if (from <= to) inside.fill(1, row * width + from, row * width + to + 1);
      }
    }
  }
  return inside;
}

function round(fraction: number): number {
  return Math.round(fraction * 1e5) / 1e5;
}

/** Walks the outer border along cell sides, the area on the right hand, from the top left corner of its first cell. */
function trace(inside: Uint8Array, width: number, height: number, first: number): [number, number][] {
  const at = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && inside[y * width + x] === 1;
  const steps = [
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ] as const;
  const [startX, startY] = [first % width, Math.floor(first / width)];
  const corners: [number, number][] = [];
  // Arriving from below, so that the first corner is turned at and kept.
  let [x, y, heading] = [startX, startY, 3];
  do {
    // The cells ahead on the left and right of the corner (x, y) decide the turn.
    const ahead = [
      [x - 1, y - 1],
      [x, y - 1],
      [x, y],
      [x - 1, y],
    ] as const;
    const [left, right] = [ahead[(heading + 1) % 4]!, ahead[(heading + 2) % 4]!];
    const turn = !at(...right) ? 1 : at(...left) ? -1 : 0;
    if (turn !== 0) corners.push([x, y]);
    heading = (heading + turn + 4) % 4;
    x += steps[heading]![0];
    y += steps[heading]![1];
  } while (x !== startX || y !== startY || corners.length === 0);
  return corners;
}

/** Douglas and Peucker (1973) on a closed line, from its two farthest-apart points found greedily. */
function simplified(corners: readonly [number, number][], tolerance: number): [number, number][] {
  if (corners.length <= 3) return [...corners];
  const start = corners[0]!;
  let far = 0;
  corners.forEach((corner, index) => {
    if (distance(corner, start) > distance(corners[far]!, start)) far = index;
  });
  const there = reduced(corners.slice(0, far + 1), tolerance);
  const back = reduced([...corners.slice(far), start], tolerance);
  return [...there.slice(0, -1), ...back.slice(0, -1)];
}

function reduced(line: readonly [number, number][], tolerance: number): [number, number][] {
  const [from, to] = [line[0]!, line[line.length - 1]!];
  let [worst, worstAt] = [0, 0];
  line.forEach((point, index) => {
    const away = distanceToLine(point, from, to);
    if (away > worst) [worst, worstAt] = [away, index];
  });
  if (worst <= tolerance) return [from, to];
  return [...reduced(line.slice(0, worstAt + 1), tolerance).slice(0, -1), ...reduced(line.slice(worstAt), tolerance)];
}

function distance(a: readonly [number, number], b: readonly [number, number]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function distanceToLine(
  point: readonly [number, number],
  from: readonly [number, number],
  to: readonly [number, number],
): number {
  const length = distance(from, to);
  if (length === 0) return distance(point, from);
  const cross = (to[0] - from[0]) * (point[1] - from[1]) - (to[1] - from[1]) * (point[0] - from[0]);
  return Math.abs(cross) / length;
}

function boxCorners(corners: readonly [number, number][]): [number, number][] {
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}
