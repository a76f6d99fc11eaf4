/**
 * What stands too close together on the screen becomes one sign with a count, so that hundreds of cameras stay clear. Pure.
 * Whatever is grave or at fault shows through: a cluster bears the worst of what it holds.
 */

/** Worst first. */
export const LEVELS = ['safety', 'high', 'open', 'faulty', 'blind', 'fine', 'off'] as const;
export type Level = (typeof LEVELS)[number];

export interface Sign<T> {
  readonly key: string;
  /** On the plan, in its pixels. */
  readonly x: number;
  readonly y: number;
  readonly level: Level;
  readonly items: readonly T[];
}

export interface Spot<T> {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly level: Level;
  readonly item: T;
}

/**
 * Greedy by distance, the worst first: what is grave keeps its own place and draws in what stands about it. The same spots
 * at the same scale always give the same signs, so that nothing jumps while one pans.
 * @param apart least distance between two signs, in pixels of the plan
 * @param alone a spot that is never drawn into another, such as the one that is chosen
 */
export function clustersOf<T>(spots: readonly Spot<T>[], apart: number, alone?: string): Sign<T>[] {
  const order = [...spots].sort(
    (a, b) =>
      Number(b.key === alone) - Number(a.key === alone) ||
      LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) ||
      (a.key < b.key ? -1 : 1),
  );
  const cell = Math.max(apart, 1e-6);
  const at = (value: number): number => Math.floor(value / cell);
  const grid = new Map<string, { x: number; y: number; key: string; level: Level; items: T[] }[]>();
  const signs: { x: number; y: number; key: string; level: Level; items: T[] }[] = [];
  for (const spot of order) {
    let near: (typeof signs)[number] | undefined;
    let nearest = apart;
    if (spot.key !== alone) {
      for (let column = at(spot.x) - 1; column <= at(spot.x) + 1; column++) {
        for (let line = at(spot.y) - 1; line <= at(spot.y) + 1; line++) {
          for (const sign of grid.get(`${column} ${line}`) ?? []) {
            const distance = Math.hypot(sign.x - spot.x, sign.y - spot.y);
            if (sign.key !== alone && distance < nearest) {
              near = sign;
              nearest = distance;
            }
          }
        }
      }
    }
    if (near) {
      near.items.push(spot.item);
      continue;
    }
    const sign = { x: spot.x, y: spot.y, key: spot.key, level: spot.level, items: [spot.item] };
    signs.push(sign);
    const place = `${at(spot.x)} ${at(spot.y)}`;
    const same = grid.get(place);
    if (same) same.push(sign);
    else grid.set(place, [sign]);
  }
  return signs;
}
