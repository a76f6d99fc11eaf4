/**
 * Works on drills, one at a time, whoever asked for them. Each step is written down as it ends, so that one that is broken
 * off is gone on with where it stopped, by this process or another. A look goes first: between two judgements it rests as
 * long as the judgement took.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import { fitness, type Eye, type ViewSubject } from '../comparison/comparison.ts';
import { readPicture, writeJpeg } from '../drivers/codec/codec.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { DrillLight, StoredDrillPicture, StoredFinding } from '../drivers/postgres/schema.ts';
import { beginDrill, endDrill, isStillOurs, recordFinding, takeDrill, type TakenDrill } from './drill-store.ts';
import { DRILL_KINDS, DRILL_LIGHTS, LightExercise, lightOf, type DrillPicture } from './exercise.ts';

export interface DrillParts {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'get' | 'put'>;
  readonly eye: Eye;
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: there is no such view. */
  readonly subjectOf: (viewId: number) => Promise<ViewSubject | undefined>;
}

export class DrillWorker {
  readonly #parts: DrillParts;
  readonly #closing = new AbortController();
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;

  constructor(parts: DrillParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock, log } = this.#parts;
    this.#timer = clock.every(LIMITS.drillsLookedForEveryMs, () => {
      this.#working ??= this.work(this.#closing.signal)
        .catch((thrown: unknown) => log.error({ problem: problemOf(thrown) }, 'drills could not be worked on'))
        .finally(() => (this.#working = undefined));
    });
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#closing.abort(new Error('closing'));
    await this.#working;
  }

  /** Works on what waits until nothing does. @param of only among these */
  async work(signal: AbortSignal, of?: readonly number[]): Promise<void> {
    const { db, clock } = this.#parts;
    const leaseMs = LIMITS.drillLeaseMs;
    for (let drill; !signal.aborted && (drill = await takeDrill(db, leaseMs, clock.nowMs(), of));) {
      await this.#workOn(drill, signal);
    }
  }

  async #workOn(drill: TakenDrill, signal: AbortSignal): Promise<void> {
    const { db, clock, log } = this.#parts;
    try {
      await this.#exercise(drill, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      const problem = problemOf(thrown);
      log.warn({ drill: drill.id, view: drill.viewId, problem }, 'a drill failed');
      const isLast = drill.attempts >= LIMITS.jobAttempts;
      await endDrill(db, drill, { state: isLast ? 'failed' : 'waiting', problem }, clock.nowMs());
    } finally {
      // Whoever works next goes on with it at once, instead of when the lease ends.
      if (signal.aborted) await endDrill(db, drill, { state: 'waiting' }, clock.nowMs()).catch(() => undefined);
    }
  }

  async #exercise(drill: TakenDrill, signal: AbortSignal): Promise<void> {
    const { db, blobs, clock, eye, subjectOf } = this.#parts;
    const subject = await subjectOf(drill.viewId);
    if (!subject?.baselines.some(({ polygon }) => polygon === null)) {
      await endDrill(db, drill, { state: 'failed', problem: 'the view has no accepted pictures' }, clock.nowMs());
      return;
    }
    const { context, baselines, minScore } = subject;
    const ignore = [...context.ignore, ...context.privacy];
    const byLight = await this.#picturesByLight(subject);
    const lights = DRILL_LIGHTS.filter((light) => byLight.has(light));
    const conditions = { baselineVersion: context.version, modelSha256: eye.modelSha256, minScore };
    const findings: StoredFinding[] = [
      ...(await beginDrill(db, drill, conditions, lights.length * DRILL_KINDS.length)),
    ];
    const pictures: StoredDrillPicture[] = [];
    const pictureSha256s: Partial<Record<DrillLight, string>> = {};
    for (const light of lights) {
      const exercise = new LightExercise(light, byLight.get(light) ?? [], { eye, baselines, minScore, ignore });
      for (const kind of DRILL_KINDS) {
        if (findings.some((finding) => finding.light === light && finding.kind === kind)) continue;
        if (!(await isStillOurs(db, drill))) return;
        const finding = await exercise.find(kind, signal, this.#rester(signal));
        if (!finding) return;
        if (!(await recordFinding(db, drill, finding, LIMITS.drillLeaseMs, clock.nowMs()))) return;
        findings.push(finding);
      }
      const shown = await exercise.show(findings.filter((finding) => finding.light === light));
      pictures.push({ light, baselineId: exercise.baselineId, drawn: shown.drawn });
      pictureSha256s[light] = await blobs.put(await writeJpeg(shown.picture));
    }
    await endDrill(db, drill, { state: 'done', pictures, pictureSha256s }, clock.nowMs());
  }

  /** Whole lawful pictures by the light they were taken in. */
  async #picturesByLight({ context, baselines }: ViewSubject): Promise<Map<DrillLight, DrillPicture[]>> {
    const byLight = new Map<DrillLight, DrillPicture[]>();
    for (const { id, polygon } of baselines) {
      const stored = context.baselines.find((one) => one.id === id);
      if (polygon !== null || !stored) continue;
      const picture = await readPicture(await this.#parts.blobs.get(stored.pictureSha256));
      const light = lightOf(picture, fitness(picture).lighting === 'infrared');
      byLight.set(light, [...(byLight.get(light) ?? []), { baselineId: id, picture }]);
    }
    return byLight;
  }

  /** Waits as long as it was worked since the last time. */
  #rester(signal: AbortSignal): () => Promise<void> {
    const { clock } = this.#parts;
    let sinceMs = clock.monotonicMs();
    return async () => {
      await clock.sleep(clock.monotonicMs() - sinceMs, signal).catch(() => undefined);
      sinceMs = clock.monotonicMs();
    };
  }
}
