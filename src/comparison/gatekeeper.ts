/**
 * The first steps of a comparison, beside the camera: privacy masks are burned in before anything is stored, a look that
 * cannot be judged says so, a learning view gathers, and a look that shows nothing new at thumbnail size ends here. Only
 * the rest is stored as a picture and waits for the network. Costs about a millisecond a look.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf, SentinelError, type ErrorCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import { writeJpeg } from '../drivers/codec/codec.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { Frame, LookLog, NewLook } from '../frame/frame.ts';
import {
  changedContexts,
  endLearning,
  proposeBaseline,
  proposedBaselines,
  type ViewContext,
} from './comparison-store.ts';
import { fitness } from './fitness.ts';
import { gate, thumbnailOf } from './gate.ts';
import { chooseBaselines, learningIntervalMs } from './learning.ts';
import { burnIn } from './masking.ts';

export interface LearningRules {
  readonly spanS: number;
  readonly pictures: number;
}

export interface GateRules {
  readonly fullComparisonEveryS: number;
  readonly learning: LearningRules;
  /** For views of the built-in simulation, the only ones that accept their pictures without a person. */
  readonly simulatedLearning: LearningRules;
}

export interface GateParts {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly looks: Pick<LookLog, 'add'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A look waits for the network: the job that will take it. */
  readonly onPending: (viewId: number) => Promise<void>;
  /** Handed each new picture once its privacy masks are burned in, before it is judged. */
  readonly onPicture?: (
    seen: Pick<Frame, 'viewId' | 'capturedAtMs' | 'picture'> & { version: number },
  ) => Promise<void>;
}

interface Known {
  context: ViewContext | undefined;
  lastLearnedAtMs: number;
  lastInFullAtMs: number;
  endingLearning: boolean;
}

/** Contexts are looked up again this often: a person's accept or a new mask takes effect within it. */
const REFRESH_MS = 2_000;
const NO_ROOM: ReadonlySet<ErrorCode> = new Set(['blob.pictures_stopped', 'blob.disk_full']);

export class Gatekeeper {
  readonly #rules: GateRules;
  readonly #parts: GateParts;
  readonly #known = new Map<number, Known>();
  #timer: Timer | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(rules: GateRules, parts: GateParts) {
    this.#rules = rules;
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.clock.every(REFRESH_MS, () => void this.#refresh());
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#refreshing;
  }

  /** Takes one frame as far as it goes here. Resolves when the look is written down. */
  async look(frame: Frame): Promise<void> {
    const known = await this.#knownOf(frame.viewId);
    const { context } = known;
    if (!context || context.state === 'paused') return;
    burnIn(frame.picture, context.privacy);
    // A frozen camera's picture is of no moment: its age must go on growing.
    if (!frame.frozen) await this.#parts.onPicture?.({ ...frame, version: context.version });
    const thumbnail = thumbnailOf(frame.picture);
    const fit = frame.frozen
      ? ({ fit: false, reason: 'frozen', lighting: null } as const)
      : fitness(frame.picture, thumbnail);
    if (!fit.fit) {
      await this.#write(frame, { result: 'not_judged', stage: 'capture', reason: fit.reason, lighting: fit.lighting });
      return;
    }
    if (context.state === 'learning' || context.state === 'proposed') {
      await this.#learn(frame, known, context, thumbnail, fit.lighting);
      return;
    }
    const answer = gate(
      thumbnail,
      context.baselines.filter(({ polygon }) => polygon === null).map((baseline) => baseline.thumbnail),
    );
    const inFullDue = frame.capturedAtMs - known.lastInFullAtMs >= this.#rules.fullComparisonEveryS * 1000;
    if (!answer.changed && !inFullDue) {
      await this.#write(frame, {
        result: 'unchanged',
        stage: 'gate',
        reason: null,
        lighting: fit.lighting,
        gateScore: answer.score,
      });
      return;
    }
    const pictureSha256 = await this.#store(frame, fit.lighting);
    if (pictureSha256 === undefined) return;
    known.lastInFullAtMs = frame.capturedAtMs;
    const rest = { reason: null, lighting: fit.lighting, gateScore: answer.score, pictureSha256 };
    await this.#write(frame, { result: 'pending', stage: 'gate', ...rest });
    await this.#parts.onPending(frame.viewId);
  }

  /** Notes a look that could not be judged for what is known beside its picture: a dome that moved, or stood elsewhere. */
  async unfit(viewId: number, capturedAtMs: number, reason: string): Promise<void> {
    const { context } = await this.#knownOf(viewId);
    if (!context || context.state === 'paused') return;
    await this.#write({ viewId, capturedAtMs }, { result: 'not_judged', stage: 'capture', reason, lighting: null });
  }

  async #learn(
    frame: Frame,
    known: Known,
    context: ViewContext,
    thumbnail: Uint8Array,
    lighting: string,
  ): Promise<void> {
    const { spanS, pictures } = context.simulated ? this.#rules.simulatedLearning : this.#rules.learning;
    const dueMs = known.lastLearnedAtMs + learningIntervalMs(spanS, pictures);
    if (context.state === 'proposed' || frame.capturedAtMs < dueMs) {
      await this.#write(frame, { result: 'not_judged', stage: 'capture', reason: context.state, lighting });
      return;
    }
    const pictureSha256 = await this.#store(frame, lighting);
    if (pictureSha256 === undefined) return;
    known.lastLearnedAtMs = frame.capturedAtMs;
    const lookId = await this.#write(frame, {
      result: 'learning',
      stage: 'capture',
      reason: 'learning',
      lighting,
      pictureSha256,
    });
    const { db } = this.#parts;
    await proposeBaseline(db, {
      ...{ viewId: frame.viewId, lookId, pictureSha256, thumbnail, lighting },
      atMs: frame.capturedAtMs,
    });
    if (frame.capturedAtMs < context.learningSinceMs + spanS * 1000 || known.endingLearning) return;
    known.endingLearning = true;
    try {
      const gathered = await proposedBaselines(db, frame.viewId);
      // A camera that was away most of the time has not shown its past yet: learning goes on until it has.
      if (gathered.length < pictures) return;
      const chosen = chooseBaselines(gathered, pictures);
      await endLearning(db, frame.viewId, chosen, context.simulated, frame.capturedAtMs);
      await this.#refresh();
    } finally {
      known.endingLearning = false;
    }
  }

  /** @returns undefined where the disk has no room for it: the look cannot be judged then, and says so */
  async #store(frame: Frame, lighting: string): Promise<string | undefined> {
    try {
      return await this.#parts.blobs.put(await writeJpeg(frame.picture));
    } catch (thrown) {
      const isFull = thrown instanceof SentinelError && NO_ROOM.has(thrown.code);
      if (!isFull) throw thrown;
      await this.#write(frame, { result: 'not_judged', stage: 'capture', reason: 'no_room', lighting });
      return undefined;
    }
  }

  /** The last that is done with a frame: its picture is not needed any more. */
  #write(
    frame: Pick<Frame, 'viewId' | 'capturedAtMs' | 'release'>,
    look: Pick<NewLook, 'result' | 'stage' | 'reason' | 'lighting'> & Partial<NewLook>,
  ): Promise<number> {
    frame.release?.();
    return this.#parts.looks.add({
      viewId: frame.viewId,
      capturedAtMs: frame.capturedAtMs,
      gateScore: null,
      pictureSha256: null,
      ...look,
    });
  }

  async #knownOf(viewId: number): Promise<Known> {
    let known = this.#known.get(viewId);
    if (!known) {
      known = { context: undefined, lastLearnedAtMs: 0, lastInFullAtMs: 0, endingLearning: false };
      this.#known.set(viewId, known);
      if (this.#known.size > LIMITS.cameras * 2) this.#known.delete(this.#known.keys().next().value as number);
    }
    if (!known.context) await this.#load([viewId]);
    return known;
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#load([...this.#known.keys()])
      .catch((thrown: unknown) => {
        this.#parts.log.error({ problem: problemOf(thrown) }, 'views could not be refreshed; the last known stand');
      })
      .finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #load(viewIds: readonly number[]): Promise<void> {
    const known = new Map(viewIds.map((id) => [id, this.#known.get(id)?.context]));
    for (const context of await changedContexts(this.#parts.db, known)) {
      const entry = this.#known.get(context.viewId);
      if (entry) entry.context = context;
    }
  }
}
