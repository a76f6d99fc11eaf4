/** Shapes on a plan. Pure; lengths are pixels of the plan, angles degrees clockwise from the top of the picture. */

const RADIAN = Math.PI / 180;

/** Where one comes to from (x, y) in a direction. */
export function towards(x: number, y: number, deg: number, length: number): [x: number, y: number] {
  return [x + Math.sin(deg * RADIAN) * length, y - Math.cos(deg * RADIAN) * length];
}

/** The direction from one point to another, 0 ≤ deg < 360. */
export function headingOf(fromX: number, fromY: number, toX: number, toY: number): number {
  return turned(Math.atan2(toX - fromX, fromY - toY) / RADIAN, 0);
}

/** @returns the sum, 0 ≤ deg < 360 */
export function turned(deg: number, by: number): number {
  return (((deg + by) % 360) + 360) % 360;
}

/** SVG path of a field of view: a sector, or the whole round where it sees all about. */
export function conePath(x: number, y: number, headingDeg: number, spreadDeg: number, reach: number): string {
  const round = (value: number): number => Math.round(value * 10) / 10;
  if (spreadDeg >= 359) {
    const left = round(x - reach);
    const across = round(2 * reach);
    return `M${left} ${round(y)}a${round(reach)} ${round(reach)} 0 1 0 ${across} 0a${round(reach)} ${round(reach)} 0 1 0 ${-across} 0Z`;
  }
  const [fromX, fromY] = towards(x, y, headingDeg - spreadDeg / 2, reach);
  const [toX, toY] = towards(x, y, headingDeg + spreadDeg / 2, reach);
  const isLarge = spreadDeg > 180 ? 1 : 0;
  return `M${round(x)} ${round(y)}L${round(fromX)} ${round(fromY)}A${round(reach)} ${round(reach)} 0 ${isLarge} 1 ${round(toX)} ${round(toY)}Z`;
}

/** The middle of a polygon's corners' box: where its name is written. */
export function middleOf(polygon: readonly (readonly [number, number])[]): [x: number, y: number] {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  return [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
}
