/**
 * What happened, to whoever listens: reads the `event` table whenever PostgreSQL tells of a new row (and every few
 * seconds unasked, since a notification can be lost) and hands each event out once, in the order of the ids.
 *
 * Ids are given out when a row is written, but rows become visible when their transactions commit; so a later id may be
 * seen before an earlier one. A missing id holds the later ones back for `eventGapMs`, which outlasts any transaction
 * here, and is then taken for rolled back. A listener that resumes after an id has thereby missed nothing.
 */
import { sql } from 'kysely';
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../drivers/postgres/postgres.ts';

export interface FedEvent {
  readonly id: number;
  readonly at: Date;
  readonly kind: string;
  readonly data: Record<string, unknown>;
}

/** Calls back for each notification; the driver keeps the connection up. */
export type ListenForEvents = (callbacks: { onPayload: (payload: string) => void; onReconnected: () => void }) => {
  close(): Promise<void>;
};

export class EventFeed {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listeners = new Set<(event: FedEvent) => void>();
  #lastId = 0;
  /** Events held back by a gap before them, and when each was first seen. */
  readonly #heldSinceMs = new Map<number, number>();
  #reading: Promise<void> | undefined;
  #again = false;
  #poll: Timer | undefined;
  #gapTimer: Timer | undefined;
  #notifications: { close(): Promise<void> } | undefined;
  #closed = false;

  constructor(options: { db: Db; clock: Clock; log: Logger }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Begins after the newest event there is. */
  async start(listen: ListenForEvents): Promise<void> {
    const newest = await this.#db
      .selectFrom('event')
      .select((eb) => eb.fn.max('id').as('id'))
      .executeTakeFirst();
    this.#lastId = newest?.id ?? 0;
    this.#notifications = listen({ onPayload: () => this.#wake(), onReconnected: () => this.#wake() });
    this.#poll = this.#clock.every(LIMITS.eventPollMs, () => this.#wake());
  }

  /** The newest event handed out. */
  get lastId(): number {
    return this.#lastId;
  }

  /** @returns stops listening */
  subscribe(listener: (event: FedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Events after one id, up to and with another, oldest first.
   * @returns undefined where that is more than is replayed, or where some of them are no longer kept
   */
  async replay(afterId: number, throughId: number): Promise<FedEvent[] | undefined> {
    if (afterId > throughId) return undefined;
    if (afterId === throughId) return [];
    const oldest = await this.#db.selectFrom('event').select('id').orderBy('id').limit(1).executeTakeFirst();
    // Ids that were rolled back look the same as those pruned; reloading once too often is the harmless mistake.
    if (!oldest || oldest.id > afterId + 1) return undefined;
    const events = await this.#read(afterId, throughId, LIMITS.eventsReplayed + 1);
    return events.length > LIMITS.eventsReplayed ? undefined : events;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#poll?.cancel();
    this.#gapTimer?.cancel();
    this.#listeners.clear();
    await this.#notifications?.close();
    await this.#reading;
  }

  #wake(): void {
    if (this.#closed) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = this.#drain()
      .catch((thrown: unknown) => this.#log.warn({ problem: problemOf(thrown) }, 'events could not be read'))
      .finally(() => {
        this.#reading = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.#wake();
      });
  }

  async #drain(): Promise<void> {
    for (;;) {
      const events = await this.#read(this.#lastId, Number.MAX_SAFE_INTEGER, LIMITS.eventsReplayed);
      for (const event of events) {
        if (event.id > this.#lastId + 1 && !this.#gapIsOver(event.id)) {
          this.#hold(events);
          return;
        }
        this.#lastId = event.id;
        this.#heldSinceMs.delete(event.id);
        for (const listener of [...this.#listeners]) listener(event);
      }
      if (events.length < LIMITS.eventsReplayed) return;
    }
  }

  /** Whether the ids missing before this one have been waited for long enough. */
  #gapIsOver(id: number): boolean {
    const sinceMs = this.#heldSinceMs.get(id);
    return sinceMs !== undefined && this.#clock.monotonicMs() - sinceMs >= LIMITS.eventGapMs;
  }

  #hold(events: readonly FedEvent[]): void {
    const nowMs = this.#clock.monotonicMs();
    for (const event of events) {
      if (event.id > this.#lastId && !this.#heldSinceMs.has(event.id)) this.#heldSinceMs.set(event.id, nowMs);
    }
    this.#gapTimer?.cancel();
    this.#gapTimer = this.#clock.after(LIMITS.eventGapMs + 1, () => this.#wake());
  }

  #read(afterId: number, throughId: number, rows: number): Promise<FedEvent[]> {
    return this.#db
      .selectFrom('event')
      .select(['id', 'at', 'kind', 'data'])
      .where('id', '>', sql<number>`${afterId}::bigint`)
      .where('id', '<=', sql<number>`${throughId}::bigint`)
      .orderBy('id')
      .limit(rows)
      .execute();
  }
}
