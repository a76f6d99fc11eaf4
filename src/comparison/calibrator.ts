/**
 * Keeps each view's own threshold up to date: reckoned anew from its lawful pictures whenever they change or the model
 * does, and lowered, never raised, by what later unchanged looks show.
 */
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import { readPicture } from '../drivers/codec/codec.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { StoredCalibration } from '../drivers/postgres/schema.ts';
import { newestLookId, readCalibration, recordCalibration, unchangedLooks } from './calibration-store.ts';
import type { ViewContext } from './comparison-store.ts';
import type { EncodedBaseline, Eye } from './comparison.ts';
import { thresholdOf } from './threshold.ts';

export interface CalibratorParts {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly eye: Eye;
  readonly clock: Clock;
  readonly log: Logger;
}

type BaselinesOf = () => Promise<readonly EncodedBaseline[]>;

export class Calibrator {
  readonly #parts: CalibratorParts;
  /** By view, when it is due again: the database is asked no more often. */
  readonly #dueMs = new Map<number, { readonly version: number; readonly atMs: number }>();

  constructor(parts: CalibratorParts) {
    this.#parts = parts;
  }

  /**
   * Reckons the view's threshold where that is due.
   * @param baselinesOf the view’s lawful pictures, encoded; asked for only where they are needed
   */
  async keep(context: ViewContext, baselinesOf: BaselinesOf, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    const { viewId, version } = context;
    const due = this.#dueMs.get(viewId);
    if (context.state !== 'watching' || (due?.version === version && clock.monotonicMs() < due.atMs)) return;
    this.#dueMs.delete(viewId);
    this.#dueMs.set(viewId, { version, atMs: clock.monotonicMs() + LIMITS.calibratedEveryMs });
    if (this.#dueMs.size > LIMITS.cameras) this.#dueMs.delete(this.#dueMs.keys().next().value as number);
    try {
      await this.#reckon(context, baselinesOf, signal);
    } catch (thrown) {
      // The threshold stays what it was: a look must not be lost for it.
      if (!signal.aborted)
        log.error({ view: viewId, problem: problemOf(thrown) }, 'a view’s threshold cannot be reckoned');
    }
  }

  async #reckon(context: ViewContext, baselinesOf: BaselinesOf, signal: AbortSignal): Promise<void> {
    const { db, eye, clock } = this.#parts;
    const { viewId, version } = context;
    const { modelSha256, defaultMinScore: modelScore } = eye;
    const at = new Date(clock.nowMs()).toISOString();
    const before = await readCalibration(db, viewId);
    if (before?.version !== version || before.modelSha256 !== modelSha256) {
      const sinceLookId = await newestLookId(db, viewId);
      const pictures = await this.#judgeEach(context, await baselinesOf(), signal);
      if (signal.aborted) return;
      const found: StoredCalibration = {
        ...{ at, version, modelSha256, modelScore, pictures },
        ...{ looks: 0, highestLook: null, sinceLookId },
      };
      const score = pictures.length === 0 ? null : thresholdOf(scoresOf(found), modelScore);
      await recordCalibration(db, viewId, score, found);
      return;
    }
    const seen = await unchangedLooks(db, viewId, modelSha256, before.sinceLookId);
    const found = { ...before, at, looks: seen.looks, highestLook: seen.highestLook };
    const lowered = thresholdOf(scoresOf(found), modelScore);
    const score = Math.min(context.calibratedScore ?? modelScore, lowered);
    await recordCalibration(db, viewId, before.pictures.length === 0 && seen.looks === 0 ? null : score, found);
  }

  /** Each whole lawful picture against the others: the highest score of what nobody built. */
  async #judgeEach(
    context: ViewContext,
    baselines: readonly EncodedBaseline[],
    signal: AbortSignal,
  ): Promise<StoredCalibration['pictures'][number][]> {
    const { blobs, eye } = this.#parts;
    const scores: StoredCalibration['pictures'][number][] = [];
    for (const { id, polygon } of baselines) {
      const others = baselines.filter((other) => other.id !== id);
      const stored = context.baselines.find((one) => one.id === id);
      if (polygon !== null || !stored || !others.some((other) => other.polygon === null)) continue;
      if (signal.aborted) break;
      const result = await eye.compare({
        frame: await readPicture(await blobs.get(stored.pictureSha256)),
        baselines: others,
        ignore: [...context.ignore, ...context.privacy],
      });
      // One that cannot be judged by the others says nothing of how they score.
      if (result.judged) scores.push({ baselineId: id, score: result.maxScore });
    }
    return scores;
  }
}

function scoresOf({ pictures, looks, highestLook }: StoredCalibration) {
  return { pictures: pictures.map(({ score }) => score), looks, highestLook };
}
