/**
 * Regions over time: a suspected structure is a region that stays. Every judged look comes here in the transaction that
 * records it. A changed place strengthens the item that stands for it, or, once it has stayed long enough, is raised as
 * one new item: one open item per place, whatever the number of looks. Of a structure that shows in several pieces the
 * largest is raised; what stays near it, or hangs together with what is near it in the same look, widens its place. Of
 * what is decided a further piece is no news, unless it is as much as makes it built on.
 *
 * The rule of persistence: of the last `of` judged samples of the view at least `found` show the place changed, and the
 * first and last look that does lie at least `spanS` apart. Where looks come faster than that, a sample is a stretch of
 * `spanS / (of - 1)` seconds, which shows the place changed when most of its judged looks do.
 */
import type { Box, Polygon } from '../base/picture.ts';
import type { PersistenceRule, StoredRegion } from '../drivers/postgres/schema.ts';

export { CandidateDesk, type CandidateRules, type JudgedLook } from './candidate-desk.ts';
export { bySeverity, isGraver, LARGE_AREA_FRACTION, PLAIN_SCORE, SEVERITIES, severityOf } from './severity.ts';

/** A judged look as persistence needs it. */
export interface LookBack {
  readonly capturedAtMs: number;
  /** Empty when the look found nothing changed. */
  readonly regions: readonly StoredRegion[];
}

export interface Persistence {
  readonly stays: boolean;
  readonly occurrences: number;
  readonly firstSeenAtMs: number;
}

/**
 * Whether `place`, found changed in the newest look, has stayed.
 * @param looks judged looks of the view, newest first, the newest one included
 */
export function persistenceOf(place: Polygon, looks: readonly LookBack[], rule: PersistenceRule): Persistence {
  const newest = looks[0];
  if (!newest) return { stays: false, occurrences: 0, firstSeenAtMs: 0 };
  const sampleMs = rule.of > 1 ? (rule.spanS * 1000) / (rule.of - 1) : 0;
  let samples = 0;
  let foundSamples = 0;
  let occurrences = 0;
  let firstSeenAtMs = newest.capturedAtMs;
  let at = 0;
  while (samples < rule.of && at < looks.length) {
    const beganMs = (looks[at] as LookBack).capturedAtMs;
    let judged = 0;
    let found = 0;
    let earliestFoundMs: number | undefined;
    do {
      const look = looks[at] as LookBack;
      judged++;
      if (look.regions.some((region) => samePlace(region.polygon, place))) {
        found++;
        earliestFoundMs = look.capturedAtMs;
      }
      at++;
    } while (at < looks.length && beganMs - (looks[at] as LookBack).capturedAtMs < sampleMs);
    samples++;
    occurrences += found;
    firstSeenAtMs = earliestFoundMs ?? firstSeenAtMs;
    if (found * 2 > judged) foundSamples++;
  }
  const stays = foundSamples >= rule.found && newest.capturedAtMs - firstSeenAtMs >= rule.spanS * 1000;
  return { stays, occurrences, firstSeenAtMs };
}

/** Two polygons mean one place when they share a quarter of their union, or one lies mostly inside the other. */
export function samePlace(a: Polygon, b: Polygon): boolean {
  if (areApart(boxOf(a), boxOf(b))) return false;
  const shared = sharedArea(a, b);
  return shared.union > 0 && (shared.both / shared.union >= 0.25 || shared.both / Math.min(shared.a, shared.b) >= 0.6);
}

/** How near two regions of one structure lie, as a share of the larger one's extent and at most of the picture. */
const NEAR = 0.25;
const NEAR_MOST = 0.05;
/** The same of a small piece over or under a larger one: a wall of which hardly more shows than its foot. */
const FOOT = 0.5;
const FOOT_MOST = 0.1;
/** A piece is small where its box is no larger than this share of the larger one's, which it is over or under with half its width. */
const FOOT_AREA = 0.25;
const FOOT_SHARED = 0.5;

/** Whether two regions may be pieces of one structure: a roof that stands out, and a wall below it that hardly does. */
export function areNear(a: Polygon, b: Polygon): boolean {
  const [small, large] = [boxOf(a), boxOf(b)].toSorted((one, other) => one[2] * one[3] - other[2] * other[3]) as [
    Box,
    Box,
  ];
  const margin = (axis: 2 | 3): number => Math.min(NEAR_MOST, NEAR * Math.max(small[axis], large[axis]));
  const marginX = margin(2);
  const marginY = isFootOf(small, large) ? Math.min(FOOT_MOST, FOOT * large[3]) : margin(3);
  const [x, y, width, height] = large;
  return !areApart([x - marginX, y - marginY, width + 2 * marginX, height + 2 * marginY], small);
}

function isFootOf([ax, , aw, ah]: Box, [bx, , bw, bh]: Box): boolean {
  const shared = Math.min(ax + aw, bx + bw) - Math.max(ax, bx);
  return aw * ah <= FOOT_AREA * bw * bh && shared >= FOOT_SHARED * aw;
}

/** Regions of one look that hang together with `region`, piece by piece; itself first. */
export function chainOf<R extends { readonly polygon: Polygon }>(region: R, regions: readonly R[]): R[] {
  const chain = [region];
  for (const piece of chain) {
    for (const other of regions) if (!chain.includes(other) && areNear(other.polygon, piece.polygon)) chain.push(other);
  }
  return chain;
}

/** The convex hull of polygons (Andrew's monotone chain), counter-clockwise in the picture's axes. */
export function hullOf(...polygons: readonly Polygon[]): Polygon {
  const points = polygons.flat().toSorted(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const half = (ordered: Polygon): Polygon => {
    const chain: Polygon[number][] = [];
    for (const point of ordered) {
      for (;;) {
        const [before, last] = chain.slice(-2);
        if (!before || !last || turn(before, last, point) > 0) break;
        chain.pop();
      }
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(points), ...half(points.toReversed())];
}

/** Above zero where the way from `a` over `b` to `c` turns left. */
function turn(a: Polygon[number], b: Polygon[number], c: Polygon[number]): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** What was decided is built on when it grows by more than this share of itself, and of the picture. */
const BUILT_ON = 0.5;
const BUILT_ON_LEAST = 0.003;

/** The place has outgrown what was decided of it: a decided structure that is built on is a new finding. */
export function hasOutgrown(region: Polygon, decided: Polygon): boolean {
  const shared = sharedArea(region, decided);
  return shared.a > shared.b * (1 + BUILT_ON) && shared.a - shared.both > BUILT_ON_LEAST;
}

/** Of pieces that hang together with a decided structure one has outgrown it, or those beside it are as much all together. */
export function isBuiltOn(pieces: readonly Polygon[], decided: Polygon): boolean {
  if (pieces.some((piece) => hasOutgrown(piece, decided))) return true;
  let beside = 0;
  let area = 0;
  for (const piece of pieces.filter((piece) => !samePlace(piece, decided))) {
    const shared = sharedArea(piece, decided);
    beside += shared.a - shared.both;
    area = shared.b;
  }
  return beside > area * BUILT_ON && beside > BUILT_ON_LEAST;
}

/** Whether a region touches an area by at least a tenth of itself. */
export function touches(region: Polygon, area: Polygon): boolean {
  const shared = sharedArea(region, area);
  return shared.a > 0 && shared.both / shared.a >= 0.1;
}

export function boxOf(polygon: Polygon): Box {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
}

function areApart([ax, ay, aw, ah]: Box, [bx, by, bw, bh]: Box): boolean {
  return ax + aw <= bx || bx + bw <= ax || ay + ah <= by || by + bh <= ay;
}

/** Areas in fractions of the picture, counted on a grid of 64 x 36 cells around both polygons. */
function sharedArea(a: Polygon, b: Polygon): { a: number; b: number; both: number; union: number } {
  const [ax, ay, aw, ah] = boxOf(a);
  const [bx, by, bw, bh] = boxOf(b);
  const x0 = Math.min(ax, bx);
  const y0 = Math.min(ay, by);
  const width = Math.max(ax + aw, bx + bw) - x0;
  const height = Math.max(ay + ah, by + bh) - y0;
  const columns = 64;
  const rows = 36;
  let inA = 0;
  let inB = 0;
  let both = 0;
  for (let row = 0; row < rows; row++) {
    const y = y0 + ((row + 0.5) / rows) * height;
    for (let column = 0; column < columns; column++) {
      const x = x0 + ((column + 0.5) / columns) * width;
      const hitA = contains(a, x, y);
      const hitB = contains(b, x, y);
      if (hitA) inA++;
      if (hitB) inB++;
      if (hitA && hitB) both++;
    }
  }
  const cell = (width * height) / (columns * rows);
  return { a: inA * cell, b: inB * cell, both: both * cell, union: (inA + inB - both) * cell };
}

/** Even-odd rule. */
function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i] as Polygon[number];
    const [xj, yj] = polygon[j] as Polygon[number];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
