/**
 * The estate all round the domes' mast, as pictures on disk (`media/panorama`): one a lighting, in equal steps of pan and
 * tilt, and a small one for each stage of each structure, laid into it where it stands. Held as luma and chroma planes at
 * three sizes, so that a window into it is read at a size near its own.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Picture } from '../base/picture.ts';
import { readPicture } from '../drivers/codec/codec.ts';
import type { SceneLighting } from './schedule.ts';

/** Samples of one kind. Pixel (x, y) stands at `(y + PAD) * stride + x + PAD`; the rim repeats the picture. */
export interface Plane {
  readonly data: Uint8Array;
  readonly stride: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Level {
  readonly pxPerDeg: number;
  readonly luma: Plane;
  readonly blue: Plane;
  readonly red: Plane;
}

export interface Panorama {
  readonly lighting: SceneLighting;
  /** Which structures stand in it: the same text, the same picture. */
  readonly works: string;
  readonly topDeg: number;
  /** From full size down, each half of the one before. */
  readonly levels: readonly Level[];
}

/** Rim round every plane, so that a window near the seam or an edge needs no questions asked. */
export const PAD = 96;
const LEVELS = 3;
/** Rows worked on before others get their turn. */
const BAND_ROWS = 32;

const Area = {
  left_px: Type.Integer({ minimum: 0 }),
  top_px: Type.Integer({ minimum: 0 }),
  width_px: Type.Integer({ minimum: 2 }),
  height_px: Type.Integer({ minimum: 2 }),
};
const About = Type.Object({
  px_per_deg: Type.Number({ minimum: 1 }),
  top_deg: Type.Number(),
  width_px: Type.Integer({ minimum: 64 }),
  height_px: Type.Integer({ minimum: 64 }),
  works: Type.Record(Type.String(), Type.Object({ stages: Type.Integer({ minimum: 1 }), ...Area })),
});

/** Stage by structure; one that is not named does not stand. */
export type Works = ReadonlyMap<string, number>;

interface Held extends Panorama {
  works: string;
  standing: Works;
  busy: boolean;
}

export class PanoramaShelf {
  readonly #dir: string;
  readonly #about: Static<typeof About>;
  readonly #held = new Map<SceneLighting, Held>();
  readonly #loading = new Set<SceneLighting>();
  readonly #failed: (thrown: unknown) => void;

  /**
   * @param failed told when a picture cannot be read later on; the domes then keep what they show
   * @throws SentinelError `simulator.media`
   */
  constructor(dir: string, failed: (thrown: unknown) => void) {
    this.#dir = dir;
    this.#failed = failed;
    const file = path.join(dir, 'panorama.json');
    let about: unknown;
    try {
      about = JSON.parse(readFileSync(file, 'utf8'));
    } catch (thrown) {
      throw new SentinelError('simulator.media', { file, problem: problemOf(thrown) }, { cause: thrown });
    }
    if (!Value.Check(About, about))
      throw new SentinelError('simulator.media', { file, problem: 'it says something else' });
    this.#about = about;
  }

  /** Stages of each structure that may be put up. */
  get stages(): ReadonlyMap<string, number> {
    return new Map(Object.entries(this.#about.works).map(([key, { stages }]) => [key, stages]));
  }

  /** What was loaded last in any lighting, for whoever would rather see an old picture than none. */
  get any(): Panorama | undefined {
    return [...this.#held.values()].at(-1);
  }

  /** The picture as it should be, or as it was before while the new one is being made; undefined while it is loaded. */
  at(lighting: SceneLighting, works: Works): Panorama | undefined {
    const held = this.#held.get(lighting);
    if (!held) {
      void this.#load(lighting);
      return undefined;
    }
    if (held.works !== textOf(works)) void this.#build(held, works);
    this.#held.delete(lighting);
    this.#held.set(lighting, held);
    return held;
  }

  async #load(lighting: SceneLighting): Promise<void> {
    if (this.#loading.has(lighting)) return;
    this.#loading.add(lighting);
    try {
      const file = path.join(this.#dir, `${lighting}.webp`);
      const { width_px: widthPx, height_px: heightPx, px_per_deg, top_deg } = this.#about;
      const picture = await readSized(file, widthPx, heightPx);
      const levels: Level[] = [levelOf(widthPx, heightPx, px_per_deg)];
      const [full] = levels as [Level];
      for (let row = 0; row < heightPx; row += BAND_ROWS) {
        fill(full, picture, 0, row, row, Math.min(BAND_ROWS, heightPx - row));
        await turn();
      }
      for (let step = 1; step < LEVELS; step++) {
        const above = levels[step - 1] as Level;
        const level = levelOf(widthPx >> step, heightPx >> step, px_per_deg / 2 ** step);
        for (const kind of ['luma', 'blue', 'red'] as const) {
          halve(above[kind], level[kind], 0, 0, level[kind].widthPx, level[kind].heightPx);
          await turn();
        }
        levels.push(level);
      }
      for (const level of levels) for (const kind of ['luma', 'blue', 'red'] as const) repeatRim(level[kind]);
      this.#held.set(lighting, {
        ...{ lighting, levels, topDeg: top_deg },
        ...{ works: '', standing: new Map(), busy: false },
      });
      for (const [oldest] of this.#held) {
        if (this.#held.size <= LIMITS.simulatorPanoramas) break;
        this.#held.delete(oldest);
      }
      this.#loading.delete(lighting);
    } catch (thrown) {
      // It stays marked as loading: a file that cannot be read is not tried again with every picture.
      this.#failed(thrown);
    }
  }

  async #build(held: Held, works: Works): Promise<void> {
    if (held.busy) return;
    held.busy = true;
    try {
      const changes: { at: [leftPx: number, topPx: number]; picture: Picture }[] = [];
      for (const [key, { left_px, top_px, width_px, height_px }] of Object.entries(this.#about.works)) {
        const stage = works.get(key) ?? 0;
        if (stage === (held.standing.get(key) ?? 0)) continue;
        const file = path.join(this.#dir, `${held.lighting}-${key}-${stage}.webp`);
        changes.push({ at: [left_px, top_px], picture: await readSized(file, width_px, height_px) });
      }
      // All at once: no window sees half of it.
      for (const { at, picture } of changes) lay(held.levels, picture, ...at);
      held.standing = new Map(works);
      held.works = textOf(works);
      held.busy = false;
    } catch (thrown) {
      // It stays busy: a file that cannot be read is not tried again with every picture.
      this.#failed(thrown);
    }
  }
}

/** @throws SentinelError `simulator.media` */
async function readSized(file: string, widthPx: number, heightPx: number): Promise<Picture> {
  let picture: Picture;
  try {
    picture = await readPicture(file);
  } catch (thrown) {
    throw new SentinelError('simulator.media', { file, problem: problemOf(thrown) }, { cause: thrown });
  }
  if (picture.widthPx === widthPx && picture.heightPx === heightPx) return picture;
  throw new SentinelError('simulator.media', { file, problem: `it is not ${widthPx}x${heightPx}` });
}

function textOf(works: Works): string {
  return [...works]
    .filter(([, stage]) => stage > 0)
    .map(([key, stage]) => `${key}:${stage}`)
    .sort()
    .join();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function planeOf(widthPx: number, heightPx: number): Plane {
  const stride = widthPx + 2 * PAD;
  return { data: new Uint8Array(stride * (heightPx + 2 * PAD)), stride, widthPx, heightPx };
}

function levelOf(widthPx: number, heightPx: number, pxPerDeg: number): Level {
  const [halfWidthPx, halfHeightPx] = [widthPx >> 1, heightPx >> 1];
  return {
    pxPerDeg,
    luma: planeOf(widthPx, heightPx),
    blue: planeOf(halfWidthPx, halfHeightPx),
    red: planeOf(halfWidthPx, halfHeightPx),
  };
}

/**
 * Writes rows of an RGB picture as luma and chroma (BT.709, limited range). All numbers even.
 * @param fromRow first row of the picture; `rows` of them go to `leftPx`, `topPx`
 */
function fill(level: Level, picture: Picture, leftPx: number, topPx: number, fromRow: number, rows: number): void {
  const { rgb, widthPx } = picture;
  const { luma, blue, red } = level;
  for (let row = 0; row < rows; row += 2) {
    let from = (fromRow + row) * widthPx * 3;
    const below = widthPx * 3;
    let to = (topPx + row + PAD) * luma.stride + leftPx + PAD;
    let toHalf = (((topPx + row) >> 1) + PAD) * blue.stride + (leftPx >> 1) + PAD;
    for (let column = 0; column < widthPx; column += 2, from += 6, to += 2, toHalf++) {
      let [r, g, b] = [0, 0, 0];
      for (let corner = 0; corner < 4; corner++) {
        const at = from + (corner & 1) * 3 + (corner >> 1) * below;
        const red1 = rgb[at] ?? 0;
        const green1 = rgb[at + 1] ?? 0;
        const blue1 = rgb[at + 2] ?? 0;
        // 0.1826, 0.6142 and 0.0620 of 65536.
        luma.data[to + (corner & 1) + (corner >> 1) * luma.stride] =
          (red1 * 11966 + green1 * 40252 + blue1 * 4064 + 1_081_344) >> 16;
        r += red1;
        g += green1;
        b += blue1;
      }
      blue.data[toHalf] = (b * 28784 - r * 6596 - g * 22188 + 33_685_504) >> 18;
      red.data[toHalf] = (r * 28784 - g * 26145 - b * 2639 + 33_685_504) >> 18;
    }
  }
}

/** Writes a part of a plane at half size from the plane above; left, top, width and height are of the half. */
function halve(full: Plane, half: Plane, leftPx: number, topPx: number, widthPx: number, heightPx: number): void {
  for (let row = topPx; row < topPx + heightPx; row++) {
    let from = (row * 2 + PAD) * full.stride + leftPx * 2 + PAD;
    let to = (row + PAD) * half.stride + leftPx + PAD;
    for (let column = 0; column < widthPx; column++, from += 2, to++) {
      const sum =
        (full.data[from] ?? 0) +
        (full.data[from + 1] ?? 0) +
        (full.data[from + full.stride] ?? 0) +
        (full.data[from + full.stride + 1] ?? 0);
      half.data[to] = (sum + 2) >> 2;
    }
  }
}

/** Left and right, the other end of the way round; above and below, the outermost row. */
function repeatRim({ data, stride, widthPx, heightPx }: Plane): void {
  for (let row = PAD; row < heightPx + PAD; row++) {
    const at = row * stride;
    data.copyWithin(at, at + widthPx, at + widthPx + PAD);
    data.copyWithin(at + widthPx + PAD, at + PAD, at + 2 * PAD);
  }
  for (let row = 0; row < PAD; row++) {
    data.copyWithin(row * stride, PAD * stride, (PAD + 1) * stride);
    const last = (heightPx + PAD - 1) * stride;
    data.copyWithin((heightPx + PAD + row) * stride, last, last + stride);
  }
}

/** Lays a picture into every level; the rim is left, since nothing is built behind the mast. */
function lay(levels: readonly Level[], picture: Picture, leftPx: number, topPx: number): void {
  levels.forEach((level, step) => {
    if (step === 0) {
      fill(level, picture, leftPx, topPx, 0, picture.heightPx);
      return;
    }
    const above = levels[step - 1];
    if (!above) return;
    for (const kind of ['luma', 'blue', 'red'] as const) {
      const shift = step + (kind === 'luma' ? 0 : 1);
      const [left, top] = [leftPx >> shift, topPx >> shift];
      const right = (leftPx + picture.widthPx + (1 << shift) - 1) >> shift;
      const bottom = (topPx + picture.heightPx + (1 << shift) - 1) >> shift;
      halve(above[kind], level[kind], left, top, right - left, bottom - top);
    }
  });
}
