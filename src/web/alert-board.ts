/**
 * The alerts as they stand: read once for all who see the same cameras, whether they ask or are told. Whoever follows is
 * handed the list after each event that changes it, one reading at a time: of a hundred events in a second the last
 * reading knows of all.
 */
import type { Clock } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { standingAlerts, type StandingAlert } from '../wall/wall.ts';
import { ALERT_EVENTS, type Alert, type AlertList, type EventMessage } from './contract.ts';
import type { EventFeed } from './event-feed.ts';
import { pictureUrl } from './picture.ts';

/** Cameras that may be seen; undefined: all. */
type Cameras = readonly number[] | undefined;

export interface AlertFollower {
  /** @returns undefined while it is not known what it may see: it is handed nothing */
  scope(): { readonly cameras: Cameras } | undefined;
  /** @param message an {@link EventMessage} as JSON, the same text for all who see the same */
  hand(message: string): void;
}

/** The list without the moment it is answered at. */
type Standing = Omit<AlertList, 'serverTime'>;

/** What every screen of a moment is told, made once. */
interface Shared {
  /** The newest event that this process had heard of when the list was read. */
  readonly knownId: number;
  readonly madeAtMs: number;
  readonly list: Promise<Standing>;
}

export class AlertBoard {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #feed: EventFeed;
  readonly #log: Logger;
  readonly #followers = new Set<AlertFollower>();
  #shared: Shared | undefined;
  #unsubscribe: (() => void) | undefined;
  #isHanding = false;
  #again = false;

  constructor(parts: { db: Db; clock: Clock; feed: EventFeed; log: Logger }) {
    this.#db = parts.db;
    this.#clock = parts.clock;
    this.#feed = parts.feed;
    this.#log = parts.log;
  }

  /** @param after an event that the list must know of */
  async list(cameras: Cameras, after: number): Promise<AlertList> {
    const standing = await (cameras === undefined ? this.#listForAll(after) : this.#read(cameras));
    return { ...standing, serverTime: new Date(this.#clock.nowMs()).toISOString() };
  }

  /** @returns ends it */
  follow(follower: AlertFollower): () => void {
    this.#followers.add(follower);
    this.#unsubscribe ??= this.#feed.subscribe(({ kind }) => {
      if (ALERT_EVENTS.has(kind)) this.#wake();
    });
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    };
  }

  #wake(): void {
    if (this.#isHanding) {
      this.#again = true;
      return;
    }
    this.#isHanding = true;
    // Who is not handed the list asks for it.
    this.#handOut()
      .catch((thrown: unknown) => this.#log.warn({ problem: problemOf(thrown) }, 'alerts could not be handed out'))
      .finally(() => {
        this.#isHanding = false;
        if (!this.#again) return;
        this.#again = false;
        this.#wake();
      });
  }

  async #handOut(): Promise<void> {
    const after = this.#feed.lastId;
    const made = new Map<string, Promise<string>>();
    for (const follower of [...this.#followers]) {
      const scope = follower.scope();
      if (!scope) continue;
      const key = scope.cameras === undefined ? 'all' : scope.cameras.join();
      const message = made.get(key) ?? this.#messageFor(scope.cameras, after);
      made.set(key, message);
      follower.hand(await message);
    }
  }

  async #messageFor(cameras: Cameras, after: number): Promise<string> {
    const message: EventMessage = { alerts: await this.list(cameras, after), after };
    return JSON.stringify(message);
  }

  /** Twenty screens that learn of the same event ask within the same moment: one query answers them all. */
  #listForAll(after: number): Promise<Standing> {
    const nowMs = this.#clock.monotonicMs();
    const knownId = this.#feed.lastId;
    const shared = this.#shared;
    // Another process may have heard of an event that this one has not.
    const isNewEnough = shared !== undefined && shared.knownId >= Math.max(knownId, after);
    if (isNewEnough && nowMs - shared.madeAtMs < LIMITS.alertsSharedMs) return shared.list;
    const made: Shared = { knownId, madeAtMs: nowMs, list: this.#read(undefined) };
    this.#shared = made;
    made.list.catch(() => {
      if (this.#shared === made) this.#shared = undefined;
    });
    return made.list;
  }

  async #read(cameras: Cameras): Promise<Standing> {
    const { alerts, counts } = await standingAlerts(this.#db, LIMITS.alertsListed, this.#clock.nowMs(), cameras);
    return {
      items: alerts.map(alertOf),
      counts: { ...counts.unacknowledged, acknowledged: counts.acknowledged },
    };
  }
}

function alertOf(one: StandingAlert): Alert {
  const url = (which: 'before' | 'after', sha256: string | null) =>
    sha256 === null ? null : pictureUrl(`/api/v1/candidates/${one.id}/pictures/${which}.jpg`, sha256);
  return {
    ...{ id: one.id, severity: one.severity, area: one.area, box: [...one.box] },
    camera: { id: one.cameraId, name: one.cameraName, place: one.place, kind: one.kind },
    view: { id: one.viewId, name: one.viewName },
    ...{ score: one.score, occurrences: one.occurrences, claimedBy: one.claimedBy },
    firstSeenAt: one.firstSeenAt.toISOString(),
    lastSeenAt: one.lastSeenAt.toISOString(),
    raisedAt: one.raisedAt.toISOString(),
    acknowledgement: one.acknowledgement && { ...one.acknowledgement, at: one.acknowledgement.at.toISOString() },
    pictures: { before: url('before', one.beforeSha256), after: url('after', one.afterSha256) },
  };
}
