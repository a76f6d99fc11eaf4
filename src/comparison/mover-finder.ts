/**
 * Looks for people and vehicles in a picture while somebody waits, apart from the eye, so that a process that judges no looks
 * can: the detector alone is loaded, when it is first asked for. One picture at a time.
 *
 * A large picture is also looked at in windows, each as large as the detector works at best, for what is small in the whole.
 *
 * Errors: `model.unreadable`, `model.failed`, `picture.unreadable`, `picture.too_many_searches`.
 */
import path from 'node:path';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Box, Picture } from '../base/picture.ts';
import { readPicture } from '../drivers/codec/codec.ts';
import { OnnxModel } from '../drivers/onnx/onnx.ts';
import { areasToConceal } from './concealment.ts';
import { moversSeen, type SeenMover } from './movers.ts';
import { resampled } from './resample.ts';
import { workingSizeOf } from './working-size.ts';

const WHOLE: Box = [0, 0, 1, 1];
/** Four that overlap by a fifth of the picture, so that what one cuts stands whole in another. */
const WINDOWS: readonly Box[] = [0, 0.4].flatMap((y) => [0, 0.4].map((x): Box => [x, y, 0.6, 0.6]));
/** From this width on nothing would be gained by the whole picture alone. */
const WINDOWS_FROM_PX = 1_000;
/** What touches the inner edge of its window closer than this share of it was cut by it. */
const CUT = 0.01;

export class MoverFinder {
  readonly #options: { readonly modelDir: string; readonly threads: number };
  #model: Promise<OnnxModel> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param options.threads cores one search may use */
  constructor(options: { modelDir: string; threads: number }) {
    this.#options = options;
  }

  /** Proposes what to make unrecognisable in a picture file. @returns boxes in fractions, and how many more there would be */
  async conceal(file: Uint8Array): Promise<{ areas: Box[]; left: number }> {
    if (this.#waiting >= LIMITS.concealmentsWaiting) {
      throw new SentinelError('picture.too_many_searches', { limit: LIMITS.concealmentsWaiting });
    }
    this.#waiting += 1;
    const turn = this.#turn.then(() => this.#conceal(file));
    this.#turn = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  async close(): Promise<void> {
    await this.#turn;
    await (await this.#model?.catch(() => undefined))?.close();
    this.#model = undefined;
  }

  async #conceal(file: Uint8Array): Promise<{ areas: Box[]; left: number }> {
    const picture = await readPicture(file);
    const windows = picture.widthPx >= WINDOWS_FROM_PX ? [WHOLE, ...WINDOWS] : [WHOLE];
    const seen: SeenMover[] = [];
    for (const window of windows) seen.push(...(await this.#seenIn(picture, window)));
    return areasToConceal(seen, picture, LIMITS.areasConcealed);
  }

  async #seenIn(picture: Picture, window: Box): Promise<SeenMover[]> {
    const part = window === WHOLE ? picture : cut(picture, window);
    const { widthPx, heightPx } = workingSizeOf(part.widthPx, part.heightPx);
    const { rgb } = resampled(part, widthPx, heightPx);
    const { score, box } = await (await this.#opened()).run({ rgb: { shape: [1, heightPx, widthPx, 3], values: rgb } });
    const [height, width] = score!.shape as [number, number];
    const [x, y, across, down] = window;
    return moversSeen({ width, height, scores: score!.values, reaches: box!.values })
      .filter((one) => !isCut(one.box, window))
      .map((one) => ({
        box: [x + one.box[0] * across, y + one.box[1] * down, one.box[2] * across, one.box[3] * down],
        score: one.score,
      }));
  }

  /** A model that could not be read is tried again when next asked for: somebody may have put it there. */
  async #opened(): Promise<OnnxModel> {
    const { modelDir, threads } = this.#options;
    this.#model ??= OnnxModel.open(path.join(modelDir, 'detector.onnx'), {
      ...{ threads, inputs: ['rgb'], outputs: ['score', 'box'] },
    });
    try {
      return await this.#model;
    } catch (thrown) {
      this.#model = undefined;
      throw thrown;
    }
  }
}

/** Whether a box of a window ends at one of its edges that is none of the picture's. */
function isCut([x, y, width, height]: Box, window: Box): boolean {
  return (
    (window[0] > 0 && x < CUT) ||
    (window[1] > 0 && y < CUT) ||
    (window[0] + window[2] < 1 && x + width > 1 - CUT) ||
    (window[1] + window[3] < 1 && y + height > 1 - CUT)
  );
}

function cut({ widthPx, heightPx, rgb }: Picture, [x, y, width, height]: Box): Picture {
  const [left, top] = [Math.round(x * widthPx), Math.round(y * heightPx)];
  const size = { widthPx: Math.round(width * widthPx), heightPx: Math.round(height * heightPx) };
  const part = new Uint8Array(size.widthPx * size.heightPx * 3);
  for (let row = 0; row < size.heightPx; row++) {
    const from = ((top + row) * widthPx + left) * 3;
    part.set(rgb.subarray(from, from + size.widthPx * 3), row * size.widthPx * 3);
  }
  return { ...size, rgb: part };
}
