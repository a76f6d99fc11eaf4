/** Health of the cameras that a process looks through, on its way into the database: what changed at once, the rest now and then. */
import type { Clock } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { CameraStore } from './camera-store.ts';
import type { CameraHealth, HealthTracker } from './camera.ts';

export interface HealthWriterParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly cameras: Pick<CameraStore, 'saveHealth'>;
}

/** Health that did not change state is written this often. */
const HEALTH_EVERY_MS = 10_000;

export class HealthWriter {
  readonly #parts: HealthWriterParts;
  readonly #saved = new Map<number, { health: CameraHealth; atMs: number }>();
  #saving: Promise<void> | undefined;

  constructor(parts: HealthWriterParts) {
    this.#parts = parts;
  }

  /** Writes what is due; one writing at a time. */
  write(trackers: Iterable<readonly [cameraId: number, tracker: HealthTracker]>): void {
    this.#saving ??= this.#save([...trackers], false).finally(() => (this.#saving = undefined));
  }

  /** Writes all there is to write, for a process that ends. */
  async writeLast(trackers: Iterable<readonly [cameraId: number, tracker: HealthTracker]>): Promise<void> {
    await this.#saving;
    await this.#save([...trackers], true);
  }

  async #save(trackers: readonly (readonly [number, HealthTracker])[], last: boolean): Promise<void> {
    const { cameras, clock, log } = this.#parts;
    const nowMs = clock.nowMs();
    const reports: { cameraId: number; health: CameraHealth; errorsSinceLast: number }[] = [];
    for (const [cameraId, tracker] of trackers) {
      tracker.tick(nowMs);
      const { health } = tracker;
      // Nothing is known yet: what the process before us knew stands.
      if (health.state === 'unknown') continue;
      const saved = this.#saved.get(cameraId);
      const due = !saved || saved.health.state !== health.state || nowMs - saved.atMs >= HEALTH_EVERY_MS || last;
      if (!due || saved?.health === health) continue;
      // A session begun anew counts from nought again.
      const before = saved && saved.health.errors <= health.errors ? saved.health.errors : 0;
      reports.push({ cameraId, health, errorsSinceLast: health.errors - before });
    }
    try {
      await cameras.saveHealth(reports, nowMs);
      for (const { cameraId, health } of reports) this.#saved.set(cameraId, { health, atMs: nowMs });
    } catch (thrown) {
      log.error({ problem: problemOf(thrown) }, 'camera health could not be written');
    }
  }
}
