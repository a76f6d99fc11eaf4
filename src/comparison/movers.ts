/**
 * People and vehicles. Whatever stands where one of them is seen is no structure: a detector says where they are, and a
 * region that they cover is set aside. Pure.
 *
 * The detector answers, on a grid, how sure it is that a person, vehicle or animal is centred on a cell, and how far that
 * one reaches from the cell's corner.
 */
import type { Box } from '../base/picture.ts';
import type { StoredRegion } from '../drivers/postgres/schema.ts';
import type { Lighting } from './fitness.ts';
import { cellsIn } from './outline.ts';

/** What the detector answers: `scores[cell]`, and `reaches` left, up, right and down of it in fractions of the picture. */
export interface Detections {
  readonly width: number;
  readonly height: number;
  readonly scores: Float32Array;
  readonly reaches: Float32Array;
}

/** From which a mover is seen at all: low, for what is to be hidden must not be missed. */
const SEEN = 0.16;
/** Sure enough to explain a change: still low, since the change is known already. In infrared the detector is never sure. */
const SURE: Readonly<Record<Lighting, number>> = { day: 0.3, low_light: 0.3, infrared: SEEN };
/** Boxes are drawn this much wider on each side, as a share of their size: shadows, bags, what the camera smears. */
const MARGIN = 0.05;
/** Share of a region that movers must cover to explain it. */
const EXPLAINED = 0.5;
const GRID = { width: 128, height: 72 } as const;

/** A person, vehicle or animal that the detector sees; the box in fractions, within the picture. */
export interface SeenMover {
  readonly box: Box;
  readonly score: number;
}

/** Boxes of the people and vehicles that explain changes in a picture taken in this light. */
export function moversOf(detections: Detections, lighting: Lighting): Box[] {
  return moversSeen(detections)
    .filter(({ score }) => score >= SURE[lighting])
    .map(({ box }) => box);
}

/** The people and vehicles seen, each with how sure the detector is of it. */
export function moversSeen({ width, height, scores, reaches }: Detections): SeenMover[] {
  const seen: SeenMover[] = [];
  scores.forEach((score, cell) => {
    if (score < SEEN) return;
    const [x, y] = [(cell % width) / width, Math.floor(cell / width) / height];
    const [left, up, right, down] = reaches.subarray(cell * 4, cell * 4 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const [across, along] = [(left + right) * MARGIN, (up + down) * MARGIN];
    const [x0, y0] = [Math.max(0, x - left - across), Math.max(0, y - up - along)];
    const [x1, y1] = [Math.min(1, x + right + across), Math.min(1, y + down + along)];
    if (x1 > x0 && y1 > y0) seen.push({ box: [x0, y0, x1 - x0, y1 - y0], score });
  });
  return seen;
}

/** The regions that no mover explains, and those that one does. */
export function withoutMovers(
  regions: readonly StoredRegion[],
  movers: readonly Box[],
): { left: StoredRegion[]; setAside: StoredRegion[] } {
  const covered = new Uint8Array(GRID.width * GRID.height);
  for (const [x, y, width, height] of movers) {
    const [x0, x1] = [Math.floor(x * GRID.width), Math.ceil((x + width) * GRID.width)];
    for (let row = Math.floor(y * GRID.height); row < Math.ceil((y + height) * GRID.height); row++) {
      covered.fill(1, row * GRID.width + x0, row * GRID.width + x1);
    }
  }
  const left: StoredRegion[] = [];
  const setAside: StoredRegion[] = [];
  for (const region of regions) {
    const cells = cellsIn([region.polygon], GRID.width, GRID.height);
    let [size, explained] = [0, 0];
    cells.forEach((inside, cell) => {
      if (!inside) return;
      size++;
      explained += covered[cell]!;
    });
    (size > 0 && explained >= EXPLAINED * size ? setAside : left).push(region);
  }
  return { left, setAside };
}
