/**
 * One dome on patrol: goes the route that its timetable says, stop by stop, and stands aside as soon as a hand takes the
 * turret; parks when it has nothing to do; comes back by itself after whatever failed. Nothing is moved without holding
 * the lease at that moment, and nothing of a route outside its window.
 */
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { StoredTestStop } from '../drivers/postgres/schema.ts';
import { DrivenTurret } from './driven-turret.ts';
import { Hands } from './hands.ts';
import { isHand, type Holder } from './lease.ts';
import { Recentre, type RecentreRules } from './recentre.ts';
import { Round } from './round.ts';
import { routeAt, type Route, type Stop } from './route.ts';
import { Interrupted, StopVisits, type StopParts } from './stop-visits.ts';
import type { Turret } from './turret.ts';
import { waitingStops, type OpenTest } from './visit-store.ts';

export interface DomeRules {
  readonly recentre: RecentreRules;
  /** Where the turret's own settings say nothing. */
  readonly parkAfterS: number;
}

export interface DomeParts extends StopParts {
  readonly random: () => number;
  readonly openTurret: () => Promise<Turret>;
  /** Views of this dome that somebody waits to have looked at, the most urgent first. */
  readonly wantedViews: (cameraId: number) => Promise<readonly number[]>;
}

interface TestUnderWay {
  readonly open: OpenTest;
  readonly stops: readonly Stop[];
  at: number;
  progress: StoredTestStop[];
}

/** Waiting where there is nothing to do: woken by what changes, else to look at the clock again. */
const IDLE_POLL_MS = 2_000;
/** While a hand holds it, where it points is asked this often. */
const HELD_POLL_MS = 1_000;
/** After a visit was broken off for another reason than a hand's, which wakes. */
const INTERRUPTED_MS = 500;
/** The last of them is well under the shortest round. */
const BACK_OFF_MS = [1_000, 2_000, 4_000, 8_000, 15_000] as const;
/** A parked dome looks at its park view this often. */
const PARKED_LOOK_MS = 60_000;
/** A test run does not stay for the live viewer. */
const TEST_DWELL_S = 1;
/** An errand stays until what it is for has been taken up. */
const ERRAND_DWELL_S = 5;
/** A view at which nothing could be had is not gone to again before this. */
const ERRAND_AGAIN_MS = 60_000;

export class Dome {
  readonly #parts: DomeParts;
  readonly #rules: DomeRules;
  readonly #stopped = new AbortController();
  readonly #rounds = new Map<number, Round>();
  readonly #driven: DrivenTurret;
  readonly #visits: StopVisits;
  readonly #hands: Hands;
  #running: Promise<void> | undefined;
  #woken = false;
  #wake: () => void = () => {};
  #parked: { preset: string; lookAtMs: number } | undefined;
  #idleSinceMs: number;
  #test: TestUnderWay | undefined;
  /** When each view was last gone to on an errand, monotonic ms. */
  readonly #errandsMs = new Map<number, number>();
  #failures = 0;

  constructor(rules: DomeRules, parts: DomeParts) {
    this.#rules = rules;
    this.#parts = parts;
    const recentre = new Recentre(rules.recentre);
    this.#driven = new DrivenTurret(parts);
    this.#visits = new StopVisits(parts, this.#driven, recentre);
    this.#hands = new Hands({ ...parts, onTurned: () => this.#visits.forget() }, this.#driven, recentre);
    this.#idleSinceMs = parts.clock.monotonicMs();
  }

  start(): void {
    this.#running ??= this.#run(this.#stopped.signal);
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the dome was stopped'));
    await this.#running;
  }

  /** Asked through a function, since it turns while the loop waits. */
  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Something may have changed: the holder, a command, a route, a setting. */
  wake(): void {
    this.#woken = true;
    this.#wake();
    // A visit under way is not woken but asked whether the turret is still its own; a hand that only reads is served beside.
    void this.#visits
      .yieldToOthers()
      .then(() => this.#hands.serve())
      .catch(() => undefined);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { book, log, cameraId } = this.#parts;
    let remembered = false;
    while (!signal.aborted) {
      this.#woken = false;
      try {
        if (!remembered) await this.#remember();
        remembered = true;
        await this.#turn(signal);
        this.#failures = 0;
      } catch (thrown) {
        if (this.#isStopped()) break;
        if (thrown instanceof Interrupted) continue;
        const waitMs = BACK_OFF_MS[Math.min(this.#failures++, BACK_OFF_MS.length - 1)] ?? IDLE_POLL_MS;
        log.warn({ cameraId, problem: problemOf(thrown), waitMs }, 'patrol of a dome failed; it is tried again');
        this.#driven.lose();
        this.#driven.enter('unreachable', { problem: thrown instanceof SentinelError ? thrown.code : 'web.internal' });
        await this.#pause(waitMs, signal);
      }
    }
    await this.#visits.release(false).catch(() => undefined);
    // The stop it was at is kept: whoever drives it next goes on from there.
    this.#driven.enter('unknown');
    await this.#visits.settled();
    await book.settled();
  }

  async #remember(): Promise<void> {
    const { routeId, stopId, stuckSinceMs } = await this.#parts.book.remembered();
    if (routeId !== null && stopId !== null) this.#rounds.set(routeId, new Round(this.#parts.random, stopId));
    this.#driven.remember(stuckSinceMs);
    this.#driven.aim(routeId, stopId);
  }

  /** One thing: a hand's commands, one stop, or a rest. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { book, clock } = this.#parts;
    await this.#hands.serve();
    const [lease, open, routes] = await Promise.all([book.lease(), book.test(), book.routes()]);
    if (lease && isHand(lease)) {
      await this.#whileHeld(signal);
      return;
    }
    await this.#hands.stopWhatGoesOn(true);
    if (this.#driven.phase === 'held') this.#idleSinceMs = clock.monotonicMs();
    const test = await this.#testToGo(open, routes);
    if (test) {
      await this.#testStop(test, signal);
      return;
    }
    const wanted = await this.#wanted(routes);
    if (wanted) {
      await this.#errand(wanted, signal);
      return;
    }
    const route = routeAt(routes, clock.nowMs());
    const round = route && this.#roundOf(route);
    const stop = route && round?.stop(route);
    if (!route || !round || !stop) {
      await this.#rest(routes, signal);
      return;
    }
    this.#parked = undefined;
    const holder: Holder = { kind: 'route', userId: null, routeId: route.id, name: route.name, purpose: '' };
    const stillGoes = async (): Promise<boolean> => {
      const now = await book.routes();
      return routeAt(now, clock.nowMs())?.id === route.id && !(await this.#wanted(now, stop.viewId));
    };
    const visiting = { stop, holder, route, dwellS: stop.dwellS, stillGoes };
    const { visit, thrown } = await this.#visits.visit(visiting, signal);
    if (visit.outcome !== 'interrupted') round.leave(route);
    else await this.#pause(INTERRUPTED_MS, signal);
    this.#idleSinceMs = clock.monotonicMs();
    if (thrown !== undefined) throw thrown as Error;
  }

  #roundOf(route: Route): Round {
    const kept = this.#rounds.get(route.id);
    if (kept) return kept;
    const round = new Round(this.#parts.random);
    this.#rounds.set(route.id, round);
    if (this.#rounds.size > LIMITS.routesPerCamera) this.#rounds.delete(this.#rounds.keys().next().value as number);
    return round;
  }

  async #whileHeld(signal: AbortSignal): Promise<void> {
    if (this.#driven.phase !== 'held') {
      this.#visits.forget();
      this.#parked = undefined;
      await this.#visits.release(true);
      this.#driven.enter('held');
    }
    await this.#hands.stopWhatGoesOn(false);
    await this.#pause(Math.min(HELD_POLL_MS, this.#hands.stopInMs ?? HELD_POLL_MS), signal);
    if (this.#woken || signal.aborted) return;
    const { position } = await (await this.#driven.open()).status();
    this.#driven.enter('held', { position });
  }

  async #rest(routes: readonly Route[], signal: AbortSignal): Promise<void> {
    const { book, clock } = this.#parts;
    const { parkPreset, parkAfterS } = await book.settings();
    const nowMs = clock.monotonicMs();
    if (this.#parked?.preset !== parkPreset) this.#parked = undefined;
    const isDue = this.#parked
      ? nowMs >= this.#parked.lookAtMs
      : nowMs - this.#idleSinceMs >= (parkAfterS ?? this.#rules.parkAfterS) * 1000;
    if (parkPreset !== null && isDue) {
      const holder: Holder = { kind: 'system', userId: null, routeId: null, name: '', purpose: 'park' };
      const stop = parkStopOf(parkPreset, routes);
      const { visit, thrown } = await this.#visits.visit({ stop, holder, route: undefined, dwellS: 0 }, signal);
      if (visit.outcome === 'interrupted') return;
      this.#parked = { preset: parkPreset, lookAtMs: clock.monotonicMs() + PARKED_LOOK_MS };
      if (thrown !== undefined) throw thrown as Error;
    }
    await this.#visits.release(false);
    this.#driven.aim(null, null);
    const phase = this.#parked ? 'parked' : 'resting';
    if (this.#driven.phase !== phase) this.#driven.enter(phase);
    await this.#pause(IDLE_POLL_MS, signal);
  }

  // --- errands -------------------------------------------------------------------------------------------------------

  /** A stop whose view somebody waits for, if it is not the one at which it stands. */
  async #wanted(routes: readonly Route[], standingAt?: number): Promise<Stop | undefined> {
    const { cameraId, clock, wantedViews } = this.#parts;
    const nowMs = clock.monotonicMs();
    for (const viewId of await wantedViews(cameraId)) {
      const lastMs = this.#errandsMs.get(viewId);
      if (viewId === standingAt || (lastMs !== undefined && nowMs - lastMs < ERRAND_AGAIN_MS)) continue;
      const stop = routes.flatMap(({ stops }) => stops).find((one) => one.viewId === viewId);
      if (stop) return stop;
    }
    return undefined;
  }

  /** Goes there at once, whatever the timetable says; the route goes on at the stop it left. */
  async #errand(stop: Stop, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    this.#parked = undefined;
    const holder: Holder = { kind: 'system', userId: null, routeId: null, name: '', purpose: 'evidence' };
    const { visit, thrown } = await this.#visits.visit(
      { stop, holder, route: undefined, dwellS: ERRAND_DWELL_S },
      signal,
    );
    // One that a hand broke off is still to be made.
    if (visit.outcome !== 'interrupted') this.#errandsMs.set(stop.viewId, clock.monotonicMs());
    if (this.#errandsMs.size > LIMITS.routesPerCamera * LIMITS.stopsPerRoute) this.#errandsMs.clear();
    this.#idleSinceMs = clock.monotonicMs();
    if (thrown !== undefined) throw thrown as Error;
  }

  // --- test runs -----------------------------------------------------------------------------------------------------

  async #testToGo(open: OpenTest | undefined, routes: readonly Route[]): Promise<TestUnderWay | undefined> {
    const { book } = this.#parts;
    if (open && this.#test?.open.id === open.id) return this.#test;
    this.#test = undefined;
    if (!open) return undefined;
    const route = routes.find(({ id }) => id === open.routeId);
    const stops = route?.stops ?? [];
    if (stops.length === 0) await book.progressTest(open, [], { state: 'failed', problem: 'no_stops' });
    else this.#test = { open, stops, at: 0, progress: waitingStops(stops) };
    return this.#test;
  }

  async #testStop(test: TestUnderWay, signal: AbortSignal): Promise<void> {
    const { book } = this.#parts;
    const stop = test.stops[test.at];
    if (!stop) return;
    const { userId, userName, routeId } = test.open;
    const note = (change: Partial<StoredTestStop>): void => {
      test.progress = test.progress.map((one, index) => (index === test.at ? { ...one, ...change } : one));
    };
    note({ outcome: 'moving' });
    if (!(await book.progressTest(test.open, test.progress, undefined))) return;
    const holder: Holder = { kind: 'system', userId, routeId, name: userName, purpose: 'test run' };
    const dwellS = Math.min(stop.dwellS, TEST_DWELL_S);
    const { visit, thrown } = await this.#visits.visit({ stop, holder, route: undefined, dwellS }, signal);
    const { outcome, offset, problem, moveMs, settleMs } = visit;
    if (outcome === 'interrupted') note({ outcome: 'waiting' });
    else {
      const inS = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
      note({ outcome, offset, problem, moveS: inS(moveMs), settleS: inS(settleMs) });
      test.at++;
    }
    const isOver = test.at >= test.stops.length;
    await book.progressTest(test.open, test.progress, isOver ? { state: 'done' } : undefined);
    if (thrown !== undefined) throw thrown as Error;
  }

  /** Waits, or less when woken. */
  async #pause(forMs: number, signal: AbortSignal): Promise<void> {
    if (this.#woken) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort(new Error('woken'));
    await this.#parts.clock.sleep(forMs, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    this.#wake = () => {};
  }
}

/** A parked dome looks where a route looks through the same preset, and else only points there. */
function parkStopOf(preset: string, routes: readonly Route[]): Stop {
  const same = routes.flatMap(({ stops }) => stops).find((stop) => stop.preset === preset && stop.zoom === null);
  return {
    ...{ id: 0, name: '', preset, position: null, zoom: null, dwellS: 0, speed: null },
    ...{ judged: same?.judged ?? false, viewId: same?.viewId ?? 0 },
  };
}
