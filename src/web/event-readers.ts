/**
 * Whoever follows what happens: a program by server-sent events, a page over a WebSocket. Each is handed what it missed,
 * then each event once in the order of the ids, and is let go when its session ends. People of a unit hear of their unit's
 * cameras only. Their number is bounded.
 */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../base/clock.ts';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { AlertBoard } from './alert-board.ts';
import type { EventFeed, FedEvent } from './event-feed.ts';
import { signedIn, type RecheckAccount } from './guard.ts';
import type { WebMetrics } from './metrics.ts';
import { camerasSeenBy } from './unit-store.ts';

interface ReaderParts {
  readonly db: Db;
  readonly feed: EventFeed;
  readonly board: AlertBoard;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recheck: RecheckAccount;
  readonly metrics: WebMetrics;
}

export interface EventReader {
  send(event: FedEvent): void;
  /** More was missed than is replayed: the lists must be loaded anew. */
  reset(latestId: number): void;
  /** Said when nothing happens, so that neither side takes silence for life. */
  alive(): void;
  end(): void;
}

export interface Following {
  /** To be called when the reader is gone. */
  end(): void;
  /** @param hand is called with the alerts, as one message, whenever an event has changed them; undefined: no longer */
  alerts(hand: ((message: string) => void) | undefined): void;
}

export class EventReaders {
  readonly #parts: ReaderParts;
  readonly #open = new Map<EventReader, number>();

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** @throws SentinelError web.too_many_streams */
  requireRoom(userId: number): void {
    const own = [...this.#open.values()].filter((one) => one === userId).length;
    if (this.#open.size < LIMITS.eventStreams && own < LIMITS.eventStreamsPerUser) return;
    const limit = own >= LIMITS.eventStreamsPerUser ? LIMITS.eventStreamsPerUser : LIMITS.eventStreams;
    throw new SentinelError('web.too_many_streams', { limit });
  }

  /** @param afterId the last event the reader knows of; undefined: it begins now */
  follow(request: FastifyRequest, reader: EventReader, afterId: number | undefined): Following {
    const { db, feed, board, clock, log, recheck, metrics } = this.#parts;
    const asking = signedIn(request);
    const { userId, sessionKey } = asking;
    /** Cameras that may be heard of; undefined: all. */
    let seen: readonly number[] | undefined;
    const waiting: FedEvent[] = [];
    let replaying = true;
    const throughId = feed.lastId;
    const unsubscribe = feed.subscribe((event) => {
      if (replaying) waiting.push(event);
      else send(event);
    });
    const send = (event: FedEvent): void => {
      const { cameraId } = event.data as { cameraId?: number };
      if (!seen || cameraId === undefined || seen.includes(cameraId)) reader.send(event);
    };
    this.#open.set(reader, userId);
    metrics.eventStreams.set(this.#open.size);
    const beat = async (): Promise<void> => {
      try {
        const account = await recheck(request);
        if (account?.userId !== userId || account.sessionKey !== sessionKey) {
          reader.end();
          return;
        }
        seen = await camerasSeenBy(db, account);
        reader.alive();
      } catch (thrown) {
        log.debug({ err: thrown }, 'an event stream could not check its session');
      }
    };
    const heartbeat = clock.every(LIMITS.eventHeartbeatMs, () => void beat());
    const replay = async (): Promise<void> => {
      seen = await camerasSeenBy(db, asking);
      const missed = afterId === undefined ? [] : await feed.replay(afterId, throughId).catch(() => undefined);
      if (missed) for (const event of missed) send(event);
      else reader.reset(throughId);
      for (const event of waiting.splice(0)) send(event);
      replaying = false;
    };
    replay().catch((thrown: unknown) => {
      log.debug({ err: thrown }, 'an event stream could not begin');
      reader.end();
    });
    let leaveBoard: (() => void) | undefined;
    return {
      end: () => {
        heartbeat.cancel();
        unsubscribe();
        leaveBoard?.();
        this.#open.delete(reader);
        metrics.eventStreams.set(this.#open.size);
      },
      alerts: (hand) => {
        leaveBoard?.();
        leaveBoard = hand && board.follow({ hand, scope: () => (replaying ? undefined : { cameras: seen }) });
      },
    };
  }

  endAll(): void {
    for (const reader of this.#open.keys()) reader.end();
  }
}
