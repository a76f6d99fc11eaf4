/**
 * The compare worker: takes the newest waiting look of a view through the network and records what came of it. Jobs carry
 * a view's id and nothing else; the database says what waits, so a job twice, late or lost changes nothing but time.
 */
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Picture } from '../base/picture.ts';
import { readPicture, writeJpeg } from '../drivers/codec/codec.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db, DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { StoredRegion } from '../drivers/postgres/schema.ts';
import {
  changedContexts,
  recordOutcome,
  takeNewestPending,
  type Outcome,
  type PendingLook,
  type StoredBaseline,
  type ViewContext,
} from './comparison-store.ts';
import type { ComparisonResult, EncodedBaseline, Encoding, Eye } from './comparison.ts';
import { Calibrator } from './calibrator.ts';
import { drawOverlay } from './overlay.ts';

/** A look that was judged, for whoever follows structures over time. */
export interface Judgement {
  readonly lookId: number;
  readonly viewId: number;
  readonly capturedAtMs: number;
  readonly regions: readonly StoredRegion[];
  readonly beforeSha256: string | null;
  readonly afterSha256: string;
  readonly machineResult: Readonly<Record<string, unknown>>;
  readonly overlayOf: (region: StoredRegion) => Promise<string>;
}

export interface ViewSubject {
  readonly context: ViewContext;
  readonly baselines: readonly EncodedBaseline[];
  /** Score from which a region is reported. */
  readonly minScore: number;
}

export interface JudgeParts {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'put' | 'get'>;
  readonly eye: Eye;
  readonly clock: Clock;
  readonly log: Logger;
  /** Runs in the transaction that records the look. */
  readonly onJudged: (trx: DbOrTrx, judgement: Judgement) => Promise<void>;
  readonly onCompared?: (outcome: Outcome['result'], compareMs: number) => void;
}

export class Judge {
  readonly #parts: JudgeParts;
  readonly #contexts = new Map<number, ViewContext>();
  /** Baselines with their encoder output, least recently used first. */
  readonly #encoded = new Map<number, EncodedBaseline>();
  readonly #calibrator: Calibrator;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
    this.#calibrator = new Calibrator(parts);
  }

  /** Judges what waits of a view until nothing does. */
  async judge(viewId: number, signal: AbortSignal): Promise<void> {
    const { db, clock } = this.#parts;
    for (let look; !signal.aborted && (look = await takeNewestPending(db, viewId, clock.nowMs()));) {
      const context = await this.#contextOf(viewId);
      if (!context) return;
      await this.#judgeOne(context, look);
    }
    // Looks first: a threshold that is a look late does no harm.
    const context = await this.#contextOf(viewId);
    if (context) await this.#calibrator.keep(context, () => this.#encode(context), signal);
  }

  /** What a view is judged with; undefined: there is no such view. */
  async subjectOf(viewId: number): Promise<ViewSubject | undefined> {
    const context = await this.#contextOf(viewId);
    return context && { context, baselines: await this.#encode(context), minScore: this.#minScoreOf(context) };
  }

  async #judgeOne(context: ViewContext, look: PendingLook): Promise<void> {
    const { db, clock, eye } = this.#parts;
    const beganMs = clock.monotonicMs();
    const baselines = await this.#encode(context);
    const { frame, result } = await this.#compare(context, look, baselines);
    const compareMs = clock.monotonicMs() - beganMs;
    const outcome: Outcome = {
      result: !result.judged ? 'not_judged' : result.regions.length > 0 ? 'changed' : 'unchanged',
      reason: result.judged ? null : result.reason,
      regions: result.judged ? result.regions.slice(0, LIMITS.regionsPerLook) : [],
      maxScore: result.judged ? result.maxScore : null,
      pose: result.judged ? result.pose : null,
      lighting: result.lighting ?? null,
      modelSha256: eye.modelSha256,
      compareMs,
    };
    await db.transaction().execute(async (trx) => {
      if (!(await recordOutcome(trx, context.viewId, look, outcome, clock.nowMs()))) return;
      if (!result.judged || !frame) return;
      const nearest = context.baselines.find(({ id }) => id === result.nearestBaselineId);
      await this.#parts.onJudged(trx, {
        lookId: look.id,
        viewId: context.viewId,
        capturedAtMs: look.capturedAtMs,
        regions: outcome.regions,
        beforeSha256: nearest?.pictureSha256 ?? null,
        afterSha256: look.pictureSha256,
        machineResult: {
          modelSha256: eye.modelSha256,
          minScore: this.#minScoreOf(context),
          maxScore: result.maxScore,
          pose: result.pose,
          lighting: result.lighting,
          baselineId: result.nearestBaselineId,
          baselineIds: context.baselines.map(({ id }) => id),
          compareMs: Math.round(compareMs),
        },
        overlayOf: async (region) => this.#parts.blobs.put(await writeJpeg(drawOverlay(frame, [region]))),
      });
    });
    this.#parts.onCompared?.(outcome.result, compareMs);
  }

  async #compare(
    context: ViewContext,
    look: PendingLook,
    baselines: EncodedBaseline[],
  ): Promise<{ frame?: Picture; result: ComparisonResult }> {
    if (baselines.every(({ polygon }) => polygon !== null)) {
      return { result: { judged: false, reason: 'no_baseline', detail: 'no lawful picture of the view is accepted' } };
    }
    try {
      const frame = await readPicture(await this.#parts.blobs.get(look.pictureSha256));
      const result = await this.#parts.eye.compare({
        frame,
        baselines,
        ignore: [...context.ignore, ...context.privacy],
        minScore: this.#minScoreOf(context),
      });
      return { frame, result };
    } catch (thrown) {
      // A picture that is gone or damaged will not come back: the look says so instead of being tried for ever.
      if (thrown instanceof SentinelError && /^(blob|picture)\./.test(thrown.code)) {
        return { result: { judged: false, reason: 'unreadable', detail: problemOf(thrown) } };
      }
      throw thrown;
    }
  }

  #minScoreOf({ minScore, calibratedScore }: ViewContext): number {
    return minScore ?? calibratedScore ?? this.#parts.eye.defaultMinScore;
  }

  async #encode(context: ViewContext): Promise<EncodedBaseline[]> {
    const encoded: EncodedBaseline[] = [];
    // The newest count where there are more than a comparison takes; places made lawful by a verdict always do.
    const whole = context.baselines.filter(({ polygon }) => polygon === null).slice(-LIMITS.baselinesPerView);
    const placed = context.baselines.filter(({ polygon }) => polygon !== null).slice(-LIMITS.placedBaselinesPerView);
    for (const baseline of [...whole, ...placed]) {
      const kept = this.#encoded.get(baseline.id) ?? (await this.#encodeOne(baseline, encoded[0]?.encoding));
      if (!kept) continue;
      this.#encoded.delete(baseline.id);
      this.#encoded.set(baseline.id, kept);
      encoded.push(kept);
    }
    while (this.#encoded.size > LIMITS.encodingsKept) this.#encoded.delete(this.#encoded.keys().next().value as number);
    return encoded;
  }

  /** @param reference another lawful picture of the view, to which this one is aligned */
  async #encodeOne(baseline: StoredBaseline, reference?: Encoding): Promise<EncodedBaseline | undefined> {
    const { blobs, eye, log } = this.#parts;
    try {
      const picture = await readPicture(await blobs.get(baseline.pictureSha256));
      const encoding = await eye.encode(picture, reference ? { reference } : {});
      return { id: baseline.id, encoding, polygon: baseline.polygon, lighting: baseline.lighting };
    } catch (thrown) {
      log.error({ baseline: baseline.id, problem: problemOf(thrown) }, 'a lawful picture cannot be read');
      return undefined;
    }
  }

  async #contextOf(viewId: number): Promise<ViewContext | undefined> {
    const [fresh] = await changedContexts(this.#parts.db, new Map([[viewId, this.#contexts.get(viewId)]]));
    if (fresh) {
      this.#contexts.set(viewId, fresh);
      if (this.#contexts.size > LIMITS.cameras) this.#contexts.delete(this.#contexts.keys().next().value as number);
    }
    return this.#contexts.get(viewId);
  }
}
