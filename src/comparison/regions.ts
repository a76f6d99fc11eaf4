/**
 * Regions: from a map of change to scored, connected areas with simple outlines. Pure.
 *
 * A region's score is the highest level at which its connected area is still as large as a region must be: reporting
 * "regions of at least score S" is then the same as cutting the map at S and keeping the areas that are large enough,
 * whatever S is. Its extent is where the map stays above 0.3 of its score around that core.
 */
import type { Polygon } from '../base/picture.ts';
import { LIMITS } from '../base/limits.ts';
import type { StoredRegion } from '../drivers/postgres/schema.ts';
import { outlineOf } from './outline.ts';

/** Map of change, row-major, 0..1; a place that is not judged holds 0. */
export interface Heat {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly values: Float32Array;
}

/** Smallest region, as a share of the picture. */
export const SMALLEST_REGION = 0.003;
/** Where a region ends, as a share of its score. */
const EXTENT = 0.3;
const TAKEN = -1;

/** An area that changed: `cells` of the map, and the highest level at which it is still large enough. */
export interface Area {
  readonly score: number;
  readonly cells: Uint32Array;
}

/** @returns the regions of at least `minScore`, highest first, at most as many as a look keeps */
export function regionsOf(heat: Heat, minScore: number, areas: readonly Area[] = areasOf(heat)): StoredRegion[] {
  return areas
    .slice(0, LIMITS.regionsPerLook)
    .filter(({ score }) => score >= minScore)
    .map(({ score, cells }) => regionOf(score, cells, heat.widthPx, heat.heightPx));
}

/** Every area that is large enough at any level, highest first. */
export function areasOf(heat: Heat): Area[] {
  const { widthPx: width, heightPx: height, values } = heat;
  const smallest = Math.max(1, Math.ceil(SMALLEST_REGION * width * height));
  const order = descending(values);
  const forest = new Forest(values.length);

  for (const cell of order) {
    const level = values[cell]!;
    forest.settle(level);
    let root = forest.add(cell);
    const x = cell % width;
    if (x > 0) root = forest.join(root, cell - 1);
    if (x < width - 1) root = forest.join(root, cell + 1);
    if (cell >= width) root = forest.join(root, cell - width);
    if (cell < values.length - width) root = forest.join(root, cell + width);
    forest.ripen(root, level, smallest);
  }
  forest.settle(0);

  return forest.found.sort((a, b) => b.score - a.score || b.cells.length - a.cells.length);
}

function regionOf(score: number, cells: Uint32Array, width: number, height: number): StoredRegion {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const cell of cells) {
    const [x, y] = [cell % width, Math.floor(cell / width)];
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
  }
  const polygon: Polygon = outlineOf(cells, width, height, LIMITS.polygonPoints);
  return {
    score: round(Math.min(1, score)),
    box: [round(left / width), round(top / height), round((right - left) / width), round((bottom - top) / height)],
    polygon,
    areaFraction: cells.length / (width * height),
  };
}

function round(fraction: number): number {
  return Math.round(fraction * 1e5) / 1e5;
}

/** Below this nothing is told from noise. */
const FLOOR = 1e-3;

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/**
 * Cells above the floor, highest first, of equals the first. Bits of floats above zero order as the floats do: three rounds
 * of counting, the lowest digits of the bits first, take a tenth of the time of comparing.
 */
function descending(values: Float32Array): Uint32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let cells = new Uint32Array(values.length);
  let count = 0;
  for (let cell = 0; cell < values.length; cell++) {
    if (values[cell]! > FLOOR) cells[count++] = cell;
  }
  cells = cells.subarray(0, count);
  let sorted = new Uint32Array(count);
  for (let shift = 0; shift < 31; shift += DIGIT_BITS) {
    const places = new Uint32Array(DIGITS);
    for (let i = 0; i < count; i++) places[(bits[cells[i]!]! >>> shift) & (DIGITS - 1)]!++;
    // Where the cells of each digit begin, those of the highest first.
    for (let digit = DIGITS - 1, from = 0; digit >= 0; digit--) {
      const many = places[digit]!;
      places[digit] = from;
      from += many;
    }
    for (let i = 0; i < count; i++) {
      const cell = cells[i]!;
      sorted[places[(bits[cell]! >>> shift) & (DIGITS - 1)]!++] = cell;
    }
    [cells, sorted] = [sorted, cells];
  }
  return cells;
}

/** Union-find over the cells above a sinking level; each tree is one connected area. */
class Forest {
  readonly #parent: Int32Array;
  readonly #next: Int32Array;
  readonly #size: Int32Array;
  /** Of a root: the score at which the area became a region; 0 before, TAKEN once its extent is. */
  readonly #score: Float32Array;
  /** Roots of ripe areas whose extent still grows, the highest score first. */
  #growing: number[] = [];
  readonly found: Area[] = [];

  constructor(cells: number) {
    this.#parent = new Int32Array(cells).fill(-1);
    this.#next = new Int32Array(cells);
    this.#size = new Int32Array(cells);
    this.#score = new Float32Array(cells);
  }

  /** @returns the root of the cell's tree: itself */
  add(cell: number): number {
    this.#parent[cell] = cell;
    this.#next[cell] = cell;
    this.#size[cell] = 1;
    return cell;
  }

  #root(cell: number): number {
    let root = cell;
    while (this.#parent[root] !== root) root = this.#parent[root]!;
    for (let at = cell; at !== root;) {
      const up = this.#parent[at]!;
      this.#parent[at] = root;
      at = up;
    }
    return root;
  }

  /** Joins the tree of root `ra` with that of a neighbour, where it has one. @returns the root of both */
  join(ra: number, neighbour: number): number {
    if (this.#parent[neighbour] === -1) return ra;
    const rb = this.#root(neighbour);
    if (ra === rb) return ra;
    const isFirstLarger = this.#size[ra]! >= this.#size[rb]!;
    const keep = isFirstLarger ? ra : rb;
    const give = isFirstLarger ? rb : ra;
    // What reaches the rim of a region whose extent is taken ends there.
    const keepTaken = this.#score[keep] === TAKEN;
    const giveTaken = this.#score[give] === TAKEN;
    if (keepTaken && this.#score[give]! > 0) this.#take(give);
    if (giveTaken && this.#score[keep]! > 0) this.#take(keep);
    this.#parent[give] = keep;
    this.#size[keep]! += this.#size[give]!;
    // The two rings of cells become one.
    const next = this.#next[keep]!;
    this.#next[keep] = this.#next[give]!;
    this.#next[give] = next;
    if (keepTaken || giveTaken) {
      this.#score[keep] = TAKEN;
    } else if (this.#score[give]! > 0) {
      // Two growing regions that meet are one, at the higher score. What merely joins a growing one changes nothing in it.
      this.#score[keep] = Math.max(this.#score[keep]!, this.#score[give]!);
      this.#growing = this.#growing.filter((root) => root !== give && root !== keep);
      this.#enlist(keep);
    }
    return keep;
  }

  ripen(root: number, level: number, smallest: number): void {
    if (this.#score[root] !== 0 || this.#size[root]! < smallest) return;
    this.#score[root] = level;
    this.#enlist(root);
  }

  /** Takes the extent of every region that ends above `level`. */
  settle(level: number): void {
    for (let root = this.#growing[0]; root !== undefined; root = this.#growing[0]) {
      if (level >= this.#score[root]! * EXTENT) return;
      this.#take(root);
    }
  }

  #take(root: number): void {
    const cells = new Uint32Array(this.#size[root]!);
    let cell = root;
    for (let i = 0; i < cells.length; i++) {
      cells[i] = cell;
      cell = this.#next[cell]!;
    }
    this.found.push({ score: this.#score[root]!, cells });
    this.#score[root] = TAKEN;
    this.#growing = this.#growing.filter((other) => other !== root);
  }

  #enlist(root: number): void {
    this.#growing.push(root);
    this.#growing.sort((a, b) => this.#score[b]! - this.#score[a]!);
  }
}
