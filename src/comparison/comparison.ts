/**
 * The eye: what stands in a frame that did not stand in any lawful picture of its view?
 *
 * Steps, each a pure rule in a file of its own: fitness (can it be judged), pose (does it line up), the network (encoder,
 * nearest lawful past of each place, decoder), regions, their rims, and the people and vehicles that explain some of them.
 * The gate runs before, beside the camera. What cannot be judged is answered as such with a reason, never as "no change".
 *
 * A lawful picture with a polygon is lawful only inside it: a verdict of "permitted" or "false alarm" accepts one place of
 * one frame, and the rest of that frame explains nothing. At least one picture must be lawful everywhere.
 *
 * Working size: multiples of 32 px of about 512 x 288 and nearly the picture's shape; places are fractions throughout.
 * Errors: `model.unreadable`, `model.failed`.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { readFile } from 'node:fs/promises';
import { problemOf, SentinelError } from '../base/errors.ts';
import type { Box, Picture, Polygon } from '../base/picture.ts';
import { OnnxModel, type ModelTensor } from '../drivers/onnx/onnx.ts';
import type { StoredRegion } from '../drivers/postgres/schema.ts';
import { lightingOf, type Lighting } from './fitness.ts';
import { thumbnailOf } from './gate.ts';
import { judgeable, type Unjudgeable } from './judgeable.ts';
import { nearestLawful, pack, unpack, type Level, type PackedLevel } from './lawful.ts';
import { moversOf, withoutMovers } from './movers.ts';
import { cellsIn } from './outline.ts';
import { POSE_HEIGHT, POSE_WIDTH, poseOf, posePictureOf, type PoseAnswer } from './pose.ts';
import { areasOf, regionsOf, type Area, type Heat } from './regions.ts';
import { heldBack, rimGain } from './rims.ts';
import { aligned, covered, resampled, type Motion } from './resample.ts';
import { evened, FEWEST, unevened, unrestOf, unrestOfFew, type Unrest } from './unrest.ts';
import { workingSizeOf, type WorkingSize } from './working-size.ts';

export { fitness, type Fitness, type Lighting, type NotJudgedReason } from './fitness.ts';
export { thumbnailOf } from './gate.ts';
export { forgottenViews } from './comparison-store.ts';
export { Gatekeeper, type GateRules, type LearningRules } from './gatekeeper.ts';
export { Judge, type ViewSubject } from './judge.ts';
export { burnIn } from './masking.ts';
export { cellsIn } from './outline.ts';
export { MoverFinder } from './mover-finder.ts';
export { drawOverlay } from './overlay.ts';
export type { Heat } from './regions.ts';
export { presetPicture, shiftBetween, StopPoses } from './stop-poses.ts';
export { workingSizeOf, type WorkingSize } from './working-size.ts';

/** What is kept of a lawful picture: about half a megabyte. */
export interface Encoding {
  /** Working size it was made at. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly levels: readonly PackedLevel[];
  readonly posePicture: Uint8Array;
  readonly thumbnail: Uint8Array;
  /** People and vehicles in it. */
  readonly movers: readonly Box[];
}

export interface EncodedBaseline {
  readonly id: number;
  readonly encoding: Encoding;
  /** Lawful only there, in fractions; null: everywhere. */
  readonly polygon: Polygon | null;
  readonly lighting: string;
}

export interface Pose {
  /** How far the frame is shifted against the nearest lawful picture, in pixels of the frame. */
  readonly dxPx: number;
  readonly dyPx: number;
  /** How far its parts are from agreeing with that shift; null when there was too little to see to tell. */
  readonly residualPx: number | null;
}

export type ComparisonResult =
  | {
      readonly judged: true;
      /** Highest score first. */
      readonly regions: StoredRegion[];
      /** Would have been reported, but people or vehicles stand there. */
      readonly setAside: StoredRegion[];
      /** Highest score of any region that is not set aside, reported or not; 0 without any. */
      readonly maxScore: number;
      readonly pose: Pose;
      readonly lighting: Lighting;
      /** The lawful picture that explains most of the frame. */
      readonly nearestBaselineId: number;
      /** Change by place, a quarter of the working size. */
      readonly heat: Heat;
    }
  | Unjudgeable;

export interface Eye {
  /** SHA-256 over the model's files. */
  readonly modelSha256: string;
  readonly defaultMinScore: number;
  /**
   * @param options.size working size to use, that of the pictures it will be compared with; absent: by the picture's shape
   * @param options.reference another lawful picture of the view, to which this one is aligned where it can be
   */
  encode(picture: Picture, options?: { size?: WorkingSize; reference?: Encoding }): Promise<Encoding>;
  compare(input: {
    frame: Picture;
    baselines: readonly EncodedBaseline[];
    ignore: readonly Polygon[];
    minScore?: number;
  }): Promise<ComparisonResult>;
  close(): Promise<void>;
}

const LEVEL_NAMES = ['0', '1', '2', '3', '4'] as const;
/** Shift of the working picture below which moving it would blur more than it helps. */
const STILL_PX = 0.6;

/**
 * Loads the model.
 * @param options.modelDir folder with encoder.onnx, decoder.onnx, detector.onnx and eye.json
 * @param options.threads cores one comparison may use
 */
export async function openEye(options: { modelDir: string; threads: number }): Promise<Eye> {
  const { modelDir, threads } = options;
  const settings = await readSettings(path.join(modelDir, 'eye.json'));
  const opened: OnnxModel[] = [];
  const open = async (file: string, inputs: readonly string[], outputs: readonly string[]): Promise<OnnxModel> => {
    const model = await OnnxModel.open(path.join(modelDir, file), { threads, inputs, outputs });
    opened.push(model);
    return model;
  };
  const levels = (side: string): string[] => LEVEL_NAMES.map((name) => side + name);
  try {
    const encoder = await open('encoder.onnx', ['rgb'], levels('level'));
    const decoder = await open('decoder.onnx', [...levels('frame'), ...levels('lawful')], ['heat']);
    const detector = await open('detector.onnx', ['rgb'], ['score', 'box']);
    return new NetworkEye({ encoder, decoder, detector }, settings.defaultMinScore);
  } catch (thrown) {
    for (const model of opened) await model.close();
    throw thrown;
  }
}

async function readSettings(file: string): Promise<{ defaultMinScore: number }> {
  try {
    const settings = JSON.parse(await readFile(file, 'utf8')) as { defaultMinScore?: unknown };
    const { defaultMinScore } = settings;
    if (typeof defaultMinScore !== 'number' || !(defaultMinScore > 0 && defaultMinScore < 1)) {
      throw new Error('defaultMinScore is not between 0 and 1');
    }
    return { defaultMinScore };
  } catch (thrown) {
    throw new SentinelError('model.unreadable', { file, problem: problemOf(thrown) }, { cause: thrown });
  }
}

class NetworkEye implements Eye {
  readonly modelSha256: string;
  readonly defaultMinScore: number;
  readonly #encoder: OnnxModel;
  readonly #decoder: OnnxModel;
  readonly #detector: OnnxModel;
  readonly #unrest = new WeakMap<Encoding, { of: readonly Encoding[]; setting: string; unrest: Unrest }>();

  constructor(models: Record<'encoder' | 'decoder' | 'detector', OnnxModel>, defaultMinScore: number) {
    this.#encoder = models.encoder;
    this.#decoder = models.decoder;
    this.#detector = models.detector;
    this.defaultMinScore = defaultMinScore;
    const hash = createHash('sha256');
    for (const { sha256 } of [models.encoder, models.decoder, models.detector]) hash.update(sha256);
    this.modelSha256 = hash.digest('hex');
  }

  async encode(picture: Picture, options: { size?: WorkingSize; reference?: Encoding } = {}): Promise<Encoding> {
    const { reference } = options;
    const { widthPx, heightPx } = options.size ?? reference ?? workingSizeOf(picture.widthPx, picture.heightPx);
    let working = resampled(picture, widthPx, heightPx);
    if (reference) {
      const pose = poseOf(posePictureOf(working), [reference.posePicture]);
      if (pose.state === 'told' && moves(pose.motion, widthPx, heightPx)) working = aligned(working, pose.motion);
    }
    const levels = await this.#levelsOf(working);
    const thumbnail = thumbnailOf(working);
    return {
      widthPx,
      heightPx,
      levels: levels.map(pack),
      posePicture: posePictureOf(working),
      thumbnail,
      movers: await this.#moversIn(working, lightingOf(working, thumbnail)),
    };
  }

  async compare(input: Parameters<Eye['compare']>[0]): Promise<ComparisonResult> {
    const { frame, ignore, minScore = this.defaultMinScore } = input;
    const first = input.baselines.find(({ polygon }) => polygon === null);
    if (!first) return { judged: false, reason: 'no_baseline', detail: 'no picture of the view is lawful everywhere' };
    const { widthPx, heightPx } = first.encoding;
    // The stream's shape may have changed since some were taken; they explain nothing at this one.
    const baselines = input.baselines.filter(
      ({ encoding }) => encoding.widthPx === widthPx && encoding.heightPx === heightPx,
    );
    const whole = baselines.filter(({ polygon }) => polygon === null).map(({ encoding }) => encoding);

    const seen = judgeable(frame, { widthPx, heightPx }, whole);
    if (!seen.judged) return seen;
    const { lighting, pose } = seen;
    const moved = pose.state === 'told' && moves(pose.motion, widthPx, heightPx);
    const working = moved ? aligned(seen.working, pose.motion) : seen.working;
    const posePicture = moved ? posePictureOf(working) : seen.posePicture;

    const levels = await this.#levelsOf(working);
    const nearest = nearestLawful(
      levels,
      baselines.map(({ encoding, polygon }) => ({ levels: encoding.levels, polygon })),
    );
    const heat = await this.#heatOf(levels, nearest.levels);
    silence(heat, ignore, moved ? pose.motion : undefined);
    const explains = nearest.shares.indexOf(Math.max(...nearest.shares));
    const areas = areasOf(heat);
    const unrest = await this.#unrestAmong(baselines, ignore);
    const past = whole.map((encoding) => encoding.posePicture);
    const held = heldByRim(heat, posePicture, past);
    const shown = regionsOf(heat, unevened(minScore, unrest), areas).map((region, index) => ({
      ...region,
      score: evened(held(areas[index]!), unrest),
    }));
    const found = shown.filter(({ score }) => score >= minScore).sort((a, b) => b.score - a.score);
    // People and vehicles are looked for only when something would be reported.
    const movers = found.length > 0 ? await this.#moversIn(working, lighting) : [];
    const { left: regions, setAside } = withoutMovers(found, movers);
    return {
      judged: true,
      regions,
      setAside,
      maxScore: regions[0]?.score ?? evened(highestOf(areas, shown, setAside, held), unrest),
      pose: poseIn(frame, pose),
      lighting,
      nearestBaselineId: (baselines[explains] ?? first).id,
      heat,
    };
  }

  async close(): Promise<void> {
    await this.#encoder.close();
    await this.#decoder.close();
    await this.#detector.close();
  }

  async #moversIn(working: Picture, lighting: Lighting): Promise<Box[]> {
    const shape = [1, working.heightPx, working.widthPx, 3];
    const { score, box } = await this.#detector.run({ rgb: { shape, values: working.rgb } });
    const [height, width] = score!.shape as [number, number];
    return moversOf({ width, height, scores: score!.values, reaches: box!.values }, lighting);
  }

  /**
   * How restless a view is: each picture that is lawful everywhere judged against all the others. Told once for a set of
   * lawful pictures.
   */
  async #unrestAmong(baselines: readonly EncodedBaseline[], ignore: readonly Polygon[]): Promise<Unrest> {
    const whole = baselines.filter(({ polygon }) => polygon === null);
    if (whole.length < FEWEST) return unrestOfFew(whole.length);
    const key = whole[0]!.encoding;
    const setting = JSON.stringify([ignore, baselines.map(({ polygon }) => polygon)]);
    const kept = this.#unrest.get(key);
    const same = (encoding: Encoding, index: number): boolean => encoding === baselines[index]?.encoding;
    if (kept?.setting === setting && kept.of.length === baselines.length && kept.of.every(same)) return kept.unrest;
    const peaks: number[] = [];
    for (const left of whole) {
      const levels = left.encoding.levels.map(unpack);
      const others = baselines.filter((one) => one !== left);
      const past = others.map(({ encoding, polygon }) => ({ levels: encoding.levels, polygon }));
      const heat = await this.#heatOf(levels, nearestLawful(levels, past).levels);
      silence(heat, ignore, undefined);
      const { movers } = left.encoding;
      const areas = areasOf(heat);
      const regions = movers.length === 0 ? [] : regionsOf(heat, 0, areas);
      const pictures = whole.filter((one) => one !== left).map((one) => one.encoding.posePicture);
      const held = heldByRim(heat, left.encoding.posePicture, pictures);
      peaks.push(highestOf(areas, regions, withoutMovers(regions, movers).setAside, held));
    }
    const unrest = unrestOf(peaks);
    this.#unrest.set(key, { of: baselines.map(({ encoding }) => encoding), setting, unrest });
    return unrest;
  }

  async #levelsOf(working: Picture): Promise<Level[]> {
    const shape = [1, working.heightPx, working.widthPx, 3];
    const answered = await this.#encoder.run({ rgb: { shape, values: working.rgb } });
    return LEVEL_NAMES.map((name) => {
      const { shape: dims, values } = answered[`level${name}`]!;
      return { height: dims[1]!, width: dims[2]!, channels: dims[3]!, values };
    });
  }

  async #heatOf(frame: readonly Level[], lawful: readonly Level[]): Promise<Heat> {
    const inputs: Record<string, ModelTensor> = {};
    LEVEL_NAMES.forEach((name, index) => {
      for (const [side, levels] of [
        ['frame', frame],
        ['lawful', lawful],
      ] as const) {
        const { width, height, channels, values } = levels[index]!;
        inputs[side + name] = { shape: [1, height, width, channels], values };
      }
    });
    const { shape, values } = (await this.#decoder.run(inputs))['heat']!;
    return { heightPx: shape[0]!, widthPx: shape[1]!, values };
  }
}

/** Whether a lawful picture stands so far from another that it should be encoded again, aligned to it. */
export function standsApart(encoding: Encoding, reference: Encoding): boolean {
  const pose = poseOf(encoding.posePicture, [reference.posePicture]);
  return pose.state === 'told' && moves(pose.motion, reference.widthPx, reference.heightPx);
}

function moves(motion: Motion, widthPx: number, heightPx: number): boolean {
  const edge = Math.abs(motion.zoom - 1) / 2;
  return Math.max((Math.abs(motion.dx) + edge) * widthPx, (Math.abs(motion.dy) + edge) * heightPx) >= STILL_PX;
}

/** The score of an area of the map, its rim looked at: of each once. */
function heldByRim(
  { widthPx: width, heightPx: height }: Heat,
  frame: Uint8Array,
  lawful: readonly Uint8Array[],
): (area: Area) => number {
  const known = new Map<Area, number>();
  return (area) => {
    let score = known.get(area);
    if (score === undefined) {
      score = heldBack(Math.min(1, area.score), rimGain({ cells: area.cells, width, height }, frame, lawful));
      known.set(area, score);
    }
    return score;
  };
}

/**
 * The highest score of any area that is not set aside, 0 of none.
 * @param areas highest first as the map has them; `regions` are the first of them, some of which are set aside
 */
function highestOf(
  areas: readonly Area[],
  regions: readonly StoredRegion[],
  setAside: readonly StoredRegion[],
  held: (area: Area) => number,
): number {
  let highest = 0;
  for (const [index, area] of areas.entries()) {
    // Rims only take from a score: what is lower before them stays lower.
    if (area.score <= highest) break;
    const region = regions[index];
    if (!region || !setAside.includes(region)) highest = Math.max(highest, held(area));
  }
  return highest;
}

/** Nothing is reported where the view is ignored, nor where the moved frame shows nothing or only a seam. */
function silence(heat: Heat, ignore: readonly Polygon[], motion: Motion | undefined): void {
  const { widthPx: width, heightPx: height, values } = heat;
  if (ignore.length > 0) {
    cellsIn(ignore, width, height).forEach((ignored, cell) => {
      if (ignored) values[cell] = 0;
    });
  }
  if (!motion) return;
  const [left, top, right, bottom] = covered(motion);
  // A seam disturbs features two cells around it; a border that the frame covers exactly has no seam.
  const from = (edge: number, size: number): number => (edge > 0 ? Math.ceil(edge * size) + 2 : 0);
  const to = (edge: number, size: number): number => (edge < 1 ? Math.floor(edge * size) - 2 : size);
  const [x0, y0, x1, y1] = [from(left, width), from(top, height), to(right, width), to(bottom, height)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x < x0 || x >= x1 || y < y0 || y >= y1) values[y * width + x] = 0;
    }
  }
}

function poseIn(frame: Picture, { motion, residualPx }: PoseAnswer): Pose {
  return {
    dxPx: motion.dx * frame.widthPx,
    dyPx: motion.dy * frame.heightPx,
    residualPx:
      residualPx === null ? null : residualPx * Math.max(frame.widthPx / POSE_WIDTH, frame.heightPx / POSE_HEIGHT),
  };
}
