/**
 * Who looks at which camera live, and when: one line of the audit log a sitting, `live.watched`, with its begin and end.
 * While it goes on it stands in `live_sitting`; so what a process leaves behind that dies is ended by another. Looking
 * away for less than {@link LIMITS.liveSittingGapMs}, or at several tiles of one camera, is one sitting.
 */
import { sql } from 'kysely';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Timer } from '../base/clock.ts';
import { recordAudit } from '../drivers/postgres/postgres.ts';
import type { WebParts } from './server.ts';

interface Sitting {
  readonly userId: number;
  readonly cameraId: number;
  tiles: number;
}

export class LiveSittings {
  readonly #parts: Pick<WebParts, 'db' | 'clock' | 'log'>;
  readonly #open = new Map<string, Sitting>();
  readonly #beat: Timer;
  /** Writes go one after the other, so that an end never overtakes its begin. */
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: Pick<WebParts, 'db' | 'clock' | 'log'>) {
    this.#parts = parts;
    this.#beat = parts.clock.every(LIMITS.liveSittingBeatMs, () => this.#sweep());
  }

  /** Somebody's tile shows a camera. @returns it no longer does; calling it again does nothing */
  sit(userId: number, cameraId: number): () => void {
    const key = `${userId} ${cameraId}`;
    const sitting = this.#open.get(key) ?? { userId, cameraId, tiles: 0 };
    sitting.tiles++;
    if (sitting.tiles === 1) {
      this.#open.set(key, sitting);
      this.#prolong([sitting]);
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      sitting.tiles--;
      if (sitting.tiles > 0) return;
      this.#open.delete(key);
      this.#prolong([sitting]);
    };
  }

  /** What is open is written down as far as it went; it is ended by whoever sweeps next. */
  async close(): Promise<void> {
    this.#beat.cancel();
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#prolong(open);
    await this.#writing;
  }

  #write(work: () => Promise<void>): void {
    this.#writing = this.#writing.then(work).catch((thrown: unknown) => {
      this.#parts.log.error({ problem: problemOf(thrown) }, 'who looks live could not be written down');
    });
  }

  /** As far as now, which may be written down a little later; begins those that are new. */
  #prolong(sittings: readonly Sitting[]): void {
    if (sittings.length === 0) return;
    const now = new Date(this.#parts.clock.nowMs());
    const rows = sittings.map(({ userId, cameraId }) => ({
      ...{ user_id: userId, camera_id: cameraId, began_at: now, seen_until: now },
    }));
    this.#write(async () => {
      await this.#parts.db
        .insertInto('live_sitting')
        .values(rows)
        .onConflict((conflict) => conflict.columns(['user_id', 'camera_id']).doUpdateSet({ seen_until: now }))
        .execute();
    });
  }

  /** Prolongs what goes on, and makes lines of the log out of what has ended. */
  #sweep(): void {
    this.#prolong([...this.#open.values()]);
    const nowMs = this.#parts.clock.nowMs();
    this.#write(() => this.#end(new Date(nowMs - LIMITS.liveSittingGapMs), nowMs));
  }

  async #end(seenBefore: Date, nowMs: number): Promise<void> {
    await this.#parts.db.transaction().execute(async (trx) => {
      const ended = await sql<{ user_id: number; camera_id: number; began_at: Date; seen_until: Date }>`
        delete from live_sitting where seen_until < ${seenBefore}
        returning user_id, camera_id, began_at, seen_until`.execute(trx);
      for (const { user_id: userId, camera_id: cameraId, began_at: from, seen_until: until } of ended.rows) {
        await recordAudit(trx, {
          userId,
          action: 'live.watched',
          subject: `camera ${cameraId}`,
          details: {
            from: from.toISOString(),
            until: until.toISOString(),
            seconds: Math.round((until.getTime() - from.getTime()) / 1000),
          },
          atMs: nowMs,
        });
      }
    });
  }
}
