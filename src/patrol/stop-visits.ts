/** Visits as they are made: under a lease, written down, their picture handed on, and broken off when a hand comes. */
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Picture } from '../base/picture.ts';
import type { DomeBook } from './dome-book.ts';
import type { DrivenTurret } from './driven-turret.ts';
import { isSameHolder, type Holder } from './lease.ts';
import type { Recentre } from './recentre.ts';
import { routeAt, type Route, type Stop } from './route.ts';
import type { PictureShift, SettleRules } from './settling.ts';
import { offsetPx, visit, type Seen, type Sight, type StopPose, type VisitResult } from './visit.ts';
import type { Visit } from './visit-store.ts';

/** One visit's picture on its way to be judged; without a picture it says only why there is none. */
export interface StopLook {
  readonly cameraId: number;
  readonly viewId: number;
  readonly capturedAtMs: number;
  readonly picture: Picture | undefined;
  readonly frozen: boolean;
  /** Why it cannot be judged; null: it may be. */
  readonly unfit: 'pose' | 'unsettled' | 'stuck' | 'turret' | null;
}

export interface StandingSignals {
  /** The dwell is over: what is under way may end, nothing more is begun. */
  readonly over: AbortSignal;
  /** The dome moves, or is about to: what is under way is of no use. */
  readonly moved: AbortSignal;
}

export interface StopParts {
  readonly cameraId: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sight: Sight;
  readonly book: DomeBook;
  readonly settle: SettleRules;
  /** A dwell longer than this brings further looks. */
  readonly lookAgainS: number;
  readonly shift: (before: Picture, after: Picture) => PictureShift;
  readonly poseOf: (viewId: number, picture: Picture) => Promise<StopPose>;
  readonly onLook: (look: StopLook) => Promise<void>;
  /** What a standing dome is needed for. */
  readonly onStanding: (viewId: number, standing: StandingSignals) => Promise<void>;
  readonly onVisit: (visit: Visit) => void;
}

export interface Visiting {
  readonly stop: Stop;
  readonly holder: Holder;
  /** Moves only while this route's window is open; undefined: no timetable binds it. */
  readonly route: Route | undefined;
  readonly dwellS: number;
  /** Asked now and then while it dwells: a dwell ends early where its route does not go any more. */
  readonly stillGoes?: () => Promise<boolean>;
}

export interface Visited {
  readonly visit: Visit;
  /** What failed; the visit's outcome is `failed` then. */
  readonly thrown?: unknown;
}

/** The patrol's own lease lasts so long after its last command; a dwell renews it. */
const PATROL_LEASE_MS = 20_000;
/** How long what is done while standing may go on after the dwell. */
const STANDING_GRACE_MS = 15_000;
/** How often a dwell asks whether its route still goes. */
const STILL_GOES_EVERY_MS = 5_000;
/** How long a further look waits for its picture. */
const LOOK_AGAIN_MOST_MS = 3_000;

/** A visit that was broken off: by a hand, by a window that closed. */
export class Interrupted extends Error {}

export class StopVisits {
  readonly #parts: StopParts;
  readonly #driven: DrivenTurret;
  readonly #recentre: Recentre;
  /** The view at which it stands, where that is known. */
  #standingAt: number | undefined;
  #interrupt: AbortController | undefined;
  #holder: Holder | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: StopParts, driven: DrivenTurret, recentre: Recentre) {
    this.#parts = parts;
    this.#driven = driven;
    this.#recentre = recentre;
  }

  /** Somebody else may have turned it. */
  forget(): void {
    this.#standingAt = undefined;
  }

  /** Nobody drives it for the patrol any more. @param given the lease is another's already */
  async release(given: boolean): Promise<void> {
    const holder = this.#holder;
    this.#holder = undefined;
    if (holder && !given) await this.#parts.book.release(holder);
  }

  /** Breaks a visit under way off where the turret is no longer its own. */
  async yieldToOthers(): Promise<void> {
    const interrupt = this.#interrupt;
    const holder = this.#holder;
    if (!interrupt || !holder) return;
    const lease = await this.#parts.book.lease();
    if (lease && !isSameHolder(lease, holder)) interrupt.abort(new Interrupted('a hand took the turret'));
  }

  async visit(visiting: Visiting, signal: AbortSignal): Promise<Visited> {
    const { stop, holder } = visiting;
    const { clock, cameraId, book, onVisit } = this.#parts;
    const interrupt = new AbortController();
    const ended = AbortSignal.any([signal, interrupt.signal]);
    this.#interrupt = interrupt;
    this.#holder = holder;
    const stopId = stop.id > 0 ? stop.id : null;
    this.#driven.aim(holder.routeId, stopId);
    let made: Visit = {
      ...{ cameraId, routeId: holder.routeId, stopId, viewId: stop.viewId, beganAtMs: clock.nowMs() },
      ...{ outcome: 'interrupted', moveMs: null, settleMs: null, lookedAtMs: null },
      ...{ offset: null, recentred: false, problem: null },
    };
    let thrown: unknown;
    try {
      made = await this.#conclude(stop, made, await this.#go(visiting, ended));
      // Also where nothing came of it: a turret that does not follow is not sent about without a pause.
      await this.#dwell(visiting, made.outcome === 'looked' && stop.judged, ended);
    } catch (failure) {
      this.#standingAt = undefined;
      if (signal.aborted) throw failure;
      // What was looked at before a hand came stays looked at, and the stop is still the one to come back to.
      if (interrupt.signal.aborted || failure instanceof Interrupted) made = { ...made, outcome: 'interrupted' };
      else {
        const problem = failure instanceof SentinelError ? failure.code : problemOf(failure);
        made = { ...made, outcome: 'failed', problem };
        // The device answers; it only does not know this one place any more.
        if (problem === 'onvif.no_preset') await this.#driven.readPresets(true);
        else thrown = failure;
      }
    } finally {
      this.#interrupt = undefined;
    }
    if (made.outcome === 'failed') await this.#look(stop, undefined, 'turret');
    if (stop.viewId > 0) book.visit(made);
    onVisit(made);
    return thrown === undefined ? { visit: made } : { visit: made, thrown };
  }

  async #go({ stop, holder, route }: Visiting, signal: AbortSignal): Promise<VisitResult> {
    const { clock, sight, settle, shift, poseOf } = this.#parts;
    const turret = await this.#driven.open();
    await this.#driven.readPresets();
    return visit(
      stop,
      this.#standingAt,
      {
        ...{ clock, turret, sight, settle, shift, poseOf, recentre: this.#recentre },
        positionOf: (preset) => this.#driven.positionOf(preset),
        command: (action, details, give) => this.#command({ holder, route, signal }, { action, details }, give),
        onPhase: (phase, position) => this.#driven.enter(phase, { position }),
      },
      signal,
    );
  }

  /** Gives a command where it is the holder's to give at that moment; the lease is prolonged by it. */
  async #command(
    { holder, route, signal }: { holder: Holder; route: Route | undefined; signal: AbortSignal },
    entry: { action: string; details: Readonly<Record<string, unknown>> },
    give: () => Promise<void>,
  ): Promise<void> {
    const { book, clock } = this.#parts;
    if (!(await book.take(holder, PATROL_LEASE_MS))) throw new Interrupted('somebody else holds the turret');
    // From here to the command nothing is waited for.
    signal.throwIfAborted();
    if (route && routeAt([route], clock.nowMs()) === undefined) throw new Interrupted('its window has closed');
    try {
      await give();
    } catch (thrown) {
      const problem = thrown instanceof SentinelError ? thrown.code : problemOf(thrown);
      book.log({ by: holder, ...entry, outcome: 'failed', problem });
      throw thrown;
    }
    book.log({ by: holder, ...entry, outcome: 'done' });
  }

  async #conclude(stop: Stop, draft: Visit, result: VisitResult): Promise<Visit> {
    const { book, cameraId } = this.#parts;
    const { outcome, seen, moveSeen, position } = result;
    if (moveSeen) await this.#driven.followed(moveSeen, stop.id);
    // One that did not follow is where it was; of any other it is known where it went.
    if (outcome !== 'stuck') this.#standingAt = stop.viewId;
    const offset = offsetPx(result.offset, seen?.picture);
    const made: Visit = {
      ...draft,
      ...{ outcome, moveMs: result.moveMs, settleMs: result.settleMs, offset, recentred: result.recentred },
      lookedAtMs: outcome === 'looked' ? (seen?.capturedAtMs ?? null) : null,
    };
    this.#driven.enter('looking', { position });
    if (outcome === 'pose') {
      const task = { kind: 'pose', cameraId, viewId: stop.viewId, subject: '' } as const;
      await book.openTask(task, { stopId: stop.id, preset: stop.preset, ...offset });
    } else if (outcome === 'looked' && offset) await book.settleTasks({ kind: 'pose', cameraId, viewId: stop.viewId });
    if (stop.preset !== null && outcome !== 'stuck') await this.#driven.cameTo(stop.preset);
    if (outcome === 'looked' && stop.preset !== null && stop.zoom === null && seen) {
      await book.presetPicture(stop.preset, seen.picture, false);
    }
    await this.#look(stop, seen, outcome === 'looked' ? null : outcome === 'not_settled' ? 'unsettled' : outcome);
    return made;
  }

  /** Hands the picture on. The dome does not wait for what becomes of it, only for what became of the one before. */
  async #look(stop: Stop, seen: Seen | undefined, unfit: StopLook['unfit']): Promise<void> {
    if (!stop.judged) return;
    const { cameraId, clock, log, onLook } = this.#parts;
    await this.#looking;
    const capturedAtMs = seen?.capturedAtMs ?? clock.nowMs();
    const frozen = seen?.frozen ?? false;
    this.#looking = onLook({
      cameraId,
      viewId: stop.viewId,
      capturedAtMs,
      picture: seen?.picture,
      frozen,
      unfit,
    }).catch((thrown: unknown) => {
      log.error({ viewId: stop.viewId, problem: problemOf(thrown) }, 'a look of a dome could not be taken further');
    });
  }

  /** What was handed on has been taken. */
  settled(): Promise<void> {
    return this.#looking;
  }

  /**
   * Stays for the live viewer, keeps the lease, looks again now and then, and lets what needs a standing camera have it.
   * @param inPlace what is seen there is what should be
   */
  async #dwell(visiting: Visiting, inPlace: boolean, signal: AbortSignal): Promise<void> {
    const { stop, holder } = visiting;
    const { clock, book, log, onStanding } = this.#parts;
    this.#driven.enter('dwelling');
    const over = new AbortController();
    const moved = new AbortController();
    const standing = inPlace
      ? onStanding(stop.viewId, { over: over.signal, moved: moved.signal }).catch((thrown: unknown) => {
          log.warn({ problem: problemOf(thrown) }, 'what a standing dome is for failed');
        })
      : Promise.resolve();
    const renewal = clock.every(PATROL_LEASE_MS / 3, () => {
      void book.take(holder, PATROL_LEASE_MS).catch(() => undefined);
    });
    try {
      await this.#stay(visiting, inPlace, signal);
      over.abort(new Error('the dwell is over'));
      await within(STANDING_GRACE_MS, standing, clock, signal);
    } finally {
      over.abort(new Error('the dwell is over'));
      moved.abort(new Error('the dome goes on'));
      renewal.cancel();
    }
  }

  async #stay({ stop, dwellS, stillGoes }: Visiting, inPlace: boolean, signal: AbortSignal): Promise<void> {
    const { clock, lookAgainS } = this.#parts;
    const untilMs = clock.monotonicMs() + dwellS * 1000;
    let lookAtMs = clock.monotonicMs() + lookAgainS * 1000;
    for (;;) {
      const leftMs = untilMs - clock.monotonicMs();
      await clock.sleep(Math.max(0, Math.min(leftMs, STILL_GOES_EVERY_MS)), signal);
      if (leftMs <= STILL_GOES_EVERY_MS) return;
      if (stillGoes && !(await stillGoes())) return;
      if (inPlace && clock.monotonicMs() >= lookAtMs) {
        lookAtMs = clock.monotonicMs() + lookAgainS * 1000;
        await this.#lookAgain(stop, signal);
      }
    }
  }

  /** One more look from where it stands: somebody may have turned it by its own keys. */
  async #lookAgain(stop: Stop, signal: AbortSignal): Promise<void> {
    const { clock, sight, poseOf } = this.#parts;
    const release = sight.watch();
    const late = new AbortController();
    const timer = clock.after(LOOK_AGAIN_MOST_MS, () => late.abort(new Error('no picture')));
    try {
      const seen = await sight.next(clock.monotonicMs(), AbortSignal.any([signal, late.signal]));
      const pose = await poseOf(stop.viewId, seen.picture);
      const isThere = pose.kind === 'untold' || (pose.kind === 'told' && this.#recentre.isWithin(pose.offset));
      await this.#look(stop, seen, isThere ? null : 'pose');
    } catch {
      signal.throwIfAborted();
      await this.#look(stop, undefined, 'unsettled');
    } finally {
      timer.cancel();
      release();
    }
  }
}

/** Waits for work, but no longer than so, nor beyond the signal, with whose reason it rejects. */
async function within(mostMs: number, work: Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  void work.then(() => done.abort(new Error('done')));
  await clock.sleep(mostMs, AbortSignal.any([signal, done.signal])).catch(() => undefined);
  signal.throwIfAborted();
}
