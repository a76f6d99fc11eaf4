/**
 * What one view can see: structures drawn into its own lawful pictures, by lighting, kind and size, each judged against
 * the view's other lawful pictures as a look would be. A size counts as found when most of the places drawn are, and only
 * while every larger one is too.
 */
import type { Box, Picture, Polygon } from '../base/picture.ts';
import { cellsIn, type EncodedBaseline, type Eye } from '../comparison/comparison.ts';
import type { DrillKind, DrillLight, StoredDrawn, StoredFinding, StoredTrial } from '../drivers/postgres/schema.ts';
import { boxFor, drawStructure, mannerOf, seeded, type Manner } from './structures.ts';

export const DRILL_LIGHTS: readonly DrillLight[] = ['day', 'dusk', 'night'];
export const DRILL_KINDS: readonly DrillKind[] = ['hut', 'glass_room', 'wall', 'tarpaulin', 'stack', 'balcony'];
/** Shares of the picture, the largest first. */
export const DRILL_SIZES: readonly number[] = [0.1, 0.05, 0.025, 0.0125, 0.006, 0.003];
const PLACES = 3;
const FOUND_OF_PLACES = 2;
/** Share of a structure that reported regions must cover. */
const COVERED = 0.25;
const [GRID_WIDTH, GRID_HEIGHT] = [160, 90];
/** Share of a place that may lie in an area that is not looked at. */
const MOSTLY_FREE = 0.2;
const TRIES_AT_A_PLACE = 40;
const PICTURES_OF_A_LIGHT = 3;
/** Grey levels on the mean: below, colour is dusk; far below, or without colour, it is night. */
const DUSK_BELOW = 70;
const NIGHT_BELOW = 24;

/** A lawful picture of the view, taken in one light. */
export interface DrillPicture {
  readonly baselineId: number;
  readonly picture: Picture;
}

export interface DrillSubject {
  readonly eye: Pick<Eye, 'compare'>;
  readonly baselines: readonly EncodedBaseline[];
  readonly minScore: number;
  /** Areas that are not looked at, privacy areas among them. */
  readonly ignore: readonly Polygon[];
}

/** By what a picture shows, not by the hour: an infrared picture has no colour, whatever the sun does. */
export function lightOf(picture: Picture, isInfrared: boolean): DrillLight {
  let sum = 0;
  let count = 0;
  for (let at = 1; at < picture.rgb.length; at += 3 * 17) {
    sum += picture.rgb[at] ?? 0;
    count++;
  }
  const mean = sum / Math.max(1, count);
  if (isInfrared || mean < NIGHT_BELOW) return 'night';
  return mean < DUSK_BELOW ? 'dusk' : 'day';
}

/** Pictures of one light to draw into, and what is known of them. */
export class LightExercise {
  readonly light: DrillLight;
  readonly #subject: DrillSubject;
  readonly #pictures: readonly (DrillPicture & { readonly manner: Manner })[];
  /** By picture: cells that are not looked at, or where something is reported with nothing drawn. */
  readonly #taken: (Uint8Array | undefined)[] = [];

  constructor(light: DrillLight, pictures: readonly DrillPicture[], subject: DrillSubject) {
    this.light = light;
    this.#subject = subject;
    // Spread over all of that light.
    const step = Math.max(1, pictures.length / PICTURES_OF_A_LIGHT);
    const chosen = Array.from(
      { length: Math.min(pictures.length, PICTURES_OF_A_LIGHT) },
      (_, index) => pictures[Math.floor(index * step)] as DrillPicture,
    );
    this.#pictures = chosen.map((one) => ({ ...one, manner: mannerOf(one.picture) }));
  }

  get baselineId(): number {
    return (this.#pictures[0] as DrillPicture).baselineId;
  }

  /** Tries a kind from the largest size down to the first that is not found. Undefined: aborted half-way. */
  async find(kind: DrillKind, signal: AbortSignal, rest: () => Promise<void>): Promise<StoredFinding | undefined> {
    const trials: StoredTrial[] = [];
    let smallest: number | null = null;
    for (const areaFraction of DRILL_SIZES) {
      let found = 0;
      for (let place = 0; place < PLACES; place++) {
        if (signal.aborted) return undefined;
        if (await this.#isFound(kind, areaFraction, place)) found++;
        await rest();
      }
      trials.push({ areaFraction, found, of: PLACES });
      if (found < FOUND_OF_PLACES) break;
      smallest = areaFraction;
    }
    return { light: this.light, kind, smallest, trials };
  }

  /** One picture with every kind at the smallest size that is found, or at the largest where none is. */
  async show(findings: readonly StoredFinding[]): Promise<{ picture: Picture; drawn: StoredDrawn[] }> {
    const { picture: plain, manner } = this.#pictures[0] as DrillPicture & { manner: Manner };
    let picture = plain;
    const drawn: StoredDrawn[] = [];
    for (const [row, kinds] of [DRILL_KINDS.slice(0, 3), DRILL_KINDS.slice(3)].entries()) {
      const tried = kinds.flatMap((kind) => findings.filter((one) => one.kind === kind));
      const sizeOf = ({ smallest }: StoredFinding): number => smallest ?? (DRILL_SIZES[0] as number);
      const widths = tried.map((finding) => boxFor(finding.kind, sizeOf(finding), [0.5, 0.5], plain)[2]);
      const gap = (1 - widths.reduce((sum, width) => sum + width, 0)) / (tried.length + 1);
      // Side by side, so that none covers another.
      let left = gap;
      for (const [index, finding] of tried.entries()) {
        const width = widths[index] as number;
        const areaFraction = sizeOf(finding);
        const { kind } = finding;
        const box = boxFor(kind, areaFraction, [left + width / 2, row === 0 ? 0.28 : 0.74], plain);
        picture = drawStructure(picture, kind, box, seedOf(kind, areaFraction, PLACES), manner).picture;
        drawn.push({ kind, areaFraction, found: finding.smallest !== null, box: [...box] });
        left += width + gap;
      }
    }
    return { picture, drawn };
  }

  async #isFound(kind: DrillKind, areaFraction: number, place: number): Promise<boolean> {
    const index = place % this.#pictures.length;
    const one = this.#pictures[index] as DrillPicture & { manner: Manner };
    const { eye, ignore, minScore } = this.#subject;
    const baselines = this.#othersThan(one.baselineId);
    const taken = (this.#taken[index] ??= await this.#takenIn(one, baselines));
    const seed = seedOf(kind, areaFraction, place);
    const box = this.#place(kind, areaFraction, seeded(seed), one.picture, taken);
    const { picture, mask } = drawStructure(one.picture, kind, box, seed + 1, one.manner);
    const result = await eye.compare({ frame: picture, baselines, ignore, minScore });
    if (!result.judged) return false;
    const reported = cellsIn(
      result.regions.map(({ polygon }) => polygon),
      GRID_WIDTH,
      GRID_HEIGHT,
    );
    return coveredShare(picture, mask, reported) > COVERED;
  }

  /** The view's other pictures; the only one there is has itself to be compared with. */
  #othersThan(baselineId: number): readonly EncodedBaseline[] {
    const others = this.#subject.baselines.filter(({ id }) => id !== baselineId);
    return others.some(({ polygon }) => polygon === null) ? others : this.#subject.baselines;
  }

  async #takenIn({ picture }: DrillPicture, baselines: readonly EncodedBaseline[]): Promise<Uint8Array> {
    const { eye, ignore, minScore } = this.#subject;
    const plain = await eye.compare({ frame: picture, baselines, ignore, minScore });
    const reported = plain.judged ? plain.regions.map(({ polygon }) => polygon) : [];
    return cellsIn([...ignore, ...reported], GRID_WIDTH, GRID_HEIGHT);
  }

  #place(kind: DrillKind, areaFraction: number, random: () => number, picture: Picture, taken: Uint8Array): Box {
    let best: Box | undefined;
    let least = Infinity;
    for (let tried = 0; tried < TRIES_AT_A_PLACE && least > MOSTLY_FREE; tried++) {
      // Rather low than high: most of it stands on something.
      const box = boxFor(kind, areaFraction, [0.08 + random() * 0.84, 0.25 + random() * 0.65], picture);
      const share = takenShare(box, taken);
      if (share < least) [least, best] = [share, box];
    }
    return best as Box;
  }
}

/** The same place for the same kind and size: two drills of a view can be compared. */
function seedOf(kind: DrillKind, areaFraction: number, place: number): number {
  return 1 + place * 7919 + DRILL_KINDS.indexOf(kind) * 104_729 + Math.round(areaFraction * 1e4) * 31;
}

function takenShare([x, y, w, h]: Box, taken: Uint8Array): number {
  let [cells, found] = [0, 0];
  for (let row = Math.floor(y * GRID_HEIGHT); row < (y + h) * GRID_HEIGHT; row++) {
    for (let column = Math.floor(x * GRID_WIDTH); column < (x + w) * GRID_WIDTH; column++) {
      cells++;
      found += taken[row * GRID_WIDTH + column] ?? 0;
    }
  }
  return cells === 0 ? 0 : found / cells;
}

function coveredShare({ widthPx, heightPx }: Picture, mask: Uint8Array, reported: Uint8Array): number {
  let [pixels, covered] = [0, 0];
  for (let y = 0; y < heightPx; y++) {
    const row = Math.floor((y * GRID_HEIGHT) / heightPx) * GRID_WIDTH;
    for (let x = 0; x < widthPx; x++) {
      if (mask[y * widthPx + x] === 0) continue;
      pixels++;
      covered += reported[row + Math.floor((x * GRID_WIDTH) / widthPx)] as number;
    }
  }
  return pixels === 0 ? 0 : covered / pixels;
}
