/**
 * A dome on simulated time: a turret with motors, a stream that lags behind them, and a book kept in memory, each of which
 * can fail. What patrol does to it is watched: a command that was not the patrol's to give stops the test.
 */
import type { Clock } from '../../src/base/clock.ts';
import { SentinelError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { Picture } from '../../src/base/picture.ts';
import type { StoredPosition, StoredTestStop } from '../../src/drivers/postgres/schema.ts';
import type { DomeBook, DomeReport } from '../../src/patrol/dome-book.ts';
import { Dome } from '../../src/patrol/dome.ts';
import { askForLease, isHand, standingAt, type Holder, type Lease } from '../../src/patrol/lease.ts';
import { routeAt, type Route, type Stop } from '../../src/patrol/route.ts';
import { SETTLE_RULES, type PictureShift } from '../../src/patrol/settling.ts';
import type { StopLook } from '../../src/patrol/stop-visits.ts';
import type { TaskSubject } from '../../src/patrol/task-store.ts';
import type { Turret, TurretPosition, TurretStatus } from '../../src/patrol/turret.ts';
import type { HandCommand, WaitingCommand } from '../../src/patrol/turret-store.ts';
import type { OpenTest, Visit } from '../../src/patrol/visit-store.ts';
import type { Seen, Sight, StopPose } from '../../src/patrol/visit.ts';

export type DomeFault = 'dead' | 'slow' | 'stuck' | 'slipping' | 'blind' | 'no_status' | 'no_database';

export interface Command {
  readonly atMs: number;
  readonly what: string;
  readonly holder: Lease | undefined;
}

const FRAME_MS = 40;
const LAG_MS = 240;
const SOAP_MS = 25;
const DATABASE_MS = 3;
const DEAD_MS = 5_000;
/** Of a full turn of 2 a second. */
const SPEED = 0.5;
const PICTURE_WIDTH = 60 / 180;

export class FakeDome {
  readonly dome: Dome;
  readonly clock: Clock;
  readonly faults = new Set<DomeFault>();
  readonly presets = new Map<string, StoredPosition>();
  readonly commands: Command[] = [];
  readonly looks: (StopLook & { at: StoredPosition | null })[] = [];
  readonly visits: Visit[] = [];
  readonly reports: DomeReport[] = [];
  readonly logged: string[] = [];
  readonly tasks = new Map<string, Record<string, unknown>>();
  /** What went wrong that must not; the test looks at it in the end. */
  readonly crimes: string[] = [];
  /** Where each view's reference was taken; absent: it has none yet. */
  readonly references = new Map<number, StoredPosition>();
  routes: Route[] = [];
  park: { parkPreset: string | null; parkAfterS: number | null } = { parkPreset: null, parkAfterS: null };
  lease: Lease | undefined;
  asked: WaitingCommand[] = [];
  answers = new Map<number, string>();
  test: OpenTest | undefined;
  /** Views that somebody waits for. */
  wanted: number[] = [];
  progress: readonly StoredTestStop[] = [];
  /** Where the lens looks beyond what the motors count. */
  drift = { pan: 0, tilt: 0 };
  offer = { absolute: true, relative: true, continuous: true, inPicture: true, home: true, presetsMost: 16 };
  tellsPosition = true;
  tellsMoving = true;
  #move: { from: StoredPosition; to: StoredPosition; beganMs: number; tookMs: number };
  #lensAt: StoredPosition | undefined;
  #commandId = 0;

  constructor(clock: Clock, random: () => number) {
    this.clock = clock;
    const home = { pan: 0, tilt: 0, zoom: 0 };
    this.#move = { from: home, to: home, beganMs: 0, tookMs: 0 };
    this.dome = new Dome(
      { recentre: { from: 0.015, upTo: 0.08 }, parkAfterS: 30 },
      {
        cameraId: 1,
        clock,
        log: silentLogger,
        random,
        openTurret: () => this.#soap(() => this.#turret()),
        sight: this.#sight(),
        book: this.#book(),
        settle: SETTLE_RULES,
        lookAgainS: 20,
        shift: (before, after) => this.#shift(before, after),
        poseOf: (viewId, picture) => Promise.resolve(this.#poseOf(viewId, picture)),
        onLook: (look) => {
          this.looks.push({ ...look, at: look.picture ? positionIn(look.picture) : null });
          return Promise.resolve();
        },
        onStanding: (viewId, { over }) =>
          new Promise((resolve) => {
            this.wanted = this.wanted.filter((wanted) => wanted !== viewId);
            over.addEventListener('abort', () => resolve());
          }),
        wantedViews: () => this.#database(() => this.wanted),
        onVisit: (visit) => this.visits.push(visit),
      },
    );
  }

  // --- the turret ----------------------------------------------------------------------------------------------------

  #turret(): Turret {
    const command = (what: string, give: () => void): Promise<void> => {
      this.#watch(what);
      return this.#soap(give);
    };
    const towards = (to: Partial<StoredPosition>) => () => this.#go({ ...this.count(), ...to });
    return {
      offer: this.offer,
      status: () => this.#soap(() => this.#status()),
      presets: () =>
        this.#soap(() =>
          [...this.presets].map(([token, position]) => ({
            ...{ token, name: token, position: this.tellsPosition ? position : null },
          })),
        ),
      goToPreset: (token) =>
        command(`preset ${token}`, () => {
          const to = this.presets.get(token);
          if (!to) throw new SentinelError('onvif.no_preset', { host: 'fake', token });
          this.#go(to);
        }),
      goTo: ({ pan, tilt, zoom }) => command('position', towards({ pan, tilt, zoom: zoom ?? 0 })),
      moveBy: ({ pan = 0, tilt = 0, zoom = 0 }) =>
        command('relative', () => {
          const at = this.count();
          this.#go({ pan: at.pan + pan, tilt: at.tilt + tilt, zoom: at.zoom + zoom });
        }),
      moveInPicture: ({ pan, tilt }) =>
        command('picture', () => {
          const at = this.count();
          this.#go({ ...at, pan: at.pan + (pan / 2) * PICTURE_WIDTH, tilt: at.tilt + (tilt / 2) * PICTURE_WIDTH });
        }),
      moveContinuously: ({ pan = 0 }) => command('continuous', towards({ pan: this.count().pan + pan })),
      stop: () => command('stop', towards({})),
      goHome: () => command('home', towards({ pan: 0, tilt: 0, zoom: 0 })),
      setPreset: (name, token = name) =>
        this.#soap(() => {
          this.presets.set(token, this.count());
          return token;
        }),
      removePreset: (token) => this.#soap(() => void this.presets.delete(token)),
    };
  }

  /** What the motors count. */
  count(atMs = this.clock.monotonicMs()): StoredPosition {
    const { from, to, beganMs, tookMs } = this.#move;
    const share = tookMs === 0 ? 1 : Math.min(1, Math.max(0, (atMs - beganMs) / tookMs));
    const between = (a: number, b: number): number => a + (b - a) * share;
    return { pan: between(from.pan, to.pan), tilt: between(from.tilt, to.tilt), zoom: between(from.zoom, to.zoom) };
  }

  /** Where the lens looks. */
  lens(atMs = this.clock.monotonicMs()): StoredPosition {
    if (this.#lensAt) return this.#lensAt;
    const at = this.count(atMs);
    return { ...at, pan: at.pan + this.drift.pan, tilt: at.tilt + this.drift.tilt };
  }

  fail(fault: DomeFault): void {
    if (fault === 'slipping') this.#lensAt = this.lens();
    this.faults.add(fault);
  }

  mend(fault: DomeFault): void {
    this.faults.delete(fault);
    if (fault === 'slipping') this.#lensAt = undefined;
  }

  #go(to: StoredPosition): void {
    if (this.faults.has('stuck')) return;
    const from = this.count();
    const far = Math.max(Math.abs(to.pan - from.pan), Math.abs(to.tilt - from.tilt), Math.abs(to.zoom - from.zoom));
    this.#move = { from, to, beganMs: this.clock.monotonicMs() + 80, tookMs: (far / SPEED) * 1000 };
  }

  #status(): TurretStatus {
    if (this.faults.has('no_status'))
      throw new SentinelError('onvif.timeout', { host: 'fake', request: 'GetStatus', timeoutMs: 1 });
    const { beganMs, tookMs } = this.#move;
    const sinceMs = this.clock.monotonicMs() - beganMs;
    const position: TurretPosition | null = this.tellsPosition ? this.count() : null;
    return { position, moving: this.tellsMoving ? sinceMs >= 0 && sinceMs < tookMs : null };
  }

  async #soap<T>(answer: () => T): Promise<T> {
    if (this.faults.has('dead')) {
      await this.clock.sleep(DEAD_MS);
      throw new SentinelError('onvif.timeout', { host: 'fake', request: 'any', timeoutMs: DEAD_MS });
    }
    await this.clock.sleep(this.faults.has('slow') ? SOAP_MS * 40 : SOAP_MS);
    return answer();
  }

  /** Every command as it is given: by whom, and was it theirs to give? */
  #watch(what: string): void {
    const atMs = this.clock.nowMs();
    const holder = standingAt(this.lease, atMs);
    this.commands.push({ atMs, what, holder });
    const at = new Date(atMs).toISOString();
    if (!holder) {
      // Ending a hand's move that outlived its lease is the one thing done without holding it.
      if (what !== 'stop') this.crimes.push(`${at} ${what}: nobody held the turret`);
      return;
    }
    if (holder.kind !== 'route') return;
    const route = routeAt(this.routes, atMs);
    if (route?.id !== holder.routeId && !this.routes.some(({ id }) => id === holder.routeId)) return;
    const own = this.routes.filter(({ id }) => id === holder.routeId);
    if (!routeAt(own, atMs)) this.crimes.push(`${at} ${what}: the window of route ${holder.routeId} was closed`);
  }

  // --- the stream ----------------------------------------------------------------------------------------------------

  #sight(): Sight {
    return {
      watch: () => () => undefined,
      next: async (sinceMs, signal): Promise<Seen> => {
        const nowMs = this.clock.monotonicMs();
        const arrivedMs = Math.ceil(Math.max(sinceMs, nowMs - FRAME_MS + 1) / FRAME_MS) * FRAME_MS;
        if (arrivedMs > nowMs) await this.clock.sleep(arrivedMs - nowMs, signal);
        while (this.faults.has('blind')) await this.clock.sleep(500, signal);
        signal.throwIfAborted();
        const shownMs = this.clock.monotonicMs() - LAG_MS;
        const picture = pictureOf(this.lens(shownMs), this.#isTurning(shownMs));
        const arrived = this.clock.monotonicMs();
        return { picture, arrivedMs: arrived, mediaMs: arrived, capturedAtMs: this.clock.nowMs(), frozen: false };
      },
    };
  }

  #isTurning(atMs: number): boolean {
    const { beganMs, tookMs } = this.#move;
    return !this.#lensAt && tookMs > 0 && atMs >= beganMs && atMs < beganMs + tookMs;
  }

  #shift(before: Picture, after: Picture): PictureShift {
    const [a, b] = [positionIn(before), positionIn(after)];
    const px = (Math.hypot(a.pan - b.pan, a.tilt - b.tilt) / PICTURE_WIDTH + Math.abs(a.zoom - b.zoom)) * 640;
    return px > 640 * 0.08 ? { kind: 'strange' } : { kind: 'told', px };
  }

  #poseOf(viewId: number, picture: Picture): StopPose {
    const reference = this.references.get(viewId);
    if (!reference) return { kind: 'untold' };
    const at = positionIn(picture);
    // What the reference shows in the middle stands right of it where the camera points too far left.
    const offset = { right: (reference.pan - at.pan) / PICTURE_WIDTH, up: (reference.tilt - at.tilt) / PICTURE_WIDTH };
    return Math.max(Math.abs(offset.right), Math.abs(offset.up)) > 0.4
      ? { kind: 'lost', offset: null }
      : { kind: 'told', offset };
  }

  // --- the book ------------------------------------------------------------------------------------------------------

  async #database<T>(answer: () => T): Promise<T> {
    await this.clock.sleep(DATABASE_MS);
    if (this.faults.has('no_database')) throw new SentinelError('database.unreachable', { problem: 'fault' });
    return answer();
  }

  #book(): DomeBook {
    const key = (task: Pick<TaskSubject, 'kind' | 'viewId' | 'subject'>): string =>
      `${task.kind} ${task.viewId ?? ''} ${task.subject}`;
    return {
      remembered: () => this.#database(() => ({ routeId: null, stopId: null, stuckSinceMs: null })),
      settings: () => this.#database(() => ({ ...this.park, resumeAfterS: null })),
      routes: () => this.#database(() => this.routes),
      test: () => this.#database(() => this.test),
      progressTest: (_test, progress, ended) =>
        this.#database(() => {
          this.progress = progress;
          if (ended) this.test = undefined;
          return true;
        }),
      lease: () => this.#database(() => standingAt(this.lease, this.clock.nowMs())),
      take: (holder, forMs) => this.#database(() => this.#take(holder, forMs)),
      release: (holder) => this.#database(() => this.#release(holder)),
      commands: () =>
        this.#database(() => this.asked.map((one) => ({ ...one, ageMs: this.clock.nowMs() - one.ageMs }))),
      answer: (id, answer) =>
        this.#database(() => {
          this.asked = this.asked.filter((one) => one.id !== id);
          this.answers.set(id, answer.state);
        }),
      log: ({ by, action, outcome }) => void this.logged.push(`${by.kind} ${action} ${outcome}`),
      report: (report) => void this.reports.push(report),
      settled: () => Promise.resolve(),
      visit: () => undefined,
      presets: (listed) =>
        this.#database(() => {
          const tokens = listed.map(({ token }) => token);
          const used = this.routes.flatMap(({ stops }) => stops.map(({ preset }) => preset ?? ''));
          const missing = [...new Set(used)].filter((token) => token !== '' && !tokens.includes(token));
          return { missing: missing.map((token) => ({ token, name: token })), back: tokens };
        }),
      forgetPreset: () => this.#database(() => undefined),
      presetPicture: () => this.#database(() => undefined),
      openTask: (task, details) => this.#database(() => void this.tasks.set(key(task), { ...details })),
      settleTasks: ({ kind, viewId = null, subjects }) =>
        this.#database(() => {
          for (const subject of subjects ?? ['']) this.tasks.delete(key({ kind, viewId, subject }));
        }),
    };
  }

  #take(asker: Holder, forMs: number): boolean {
    const answer = askForLease(this.lease, asker, this.clock.nowMs(), forMs);
    if (answer.granted) this.lease = answer.lease;
    return answer.granted;
  }

  #release(holder: Holder): void {
    if (this.lease && this.lease.kind === holder.kind) this.lease = undefined;
  }

  // --- people --------------------------------------------------------------------------------------------------------

  /** @param told false: the notification is lost, as on a broken connection */
  takeByHand(userId: number, forMs: number, kind: 'operator' | 'enforcement' = 'operator', told = true): boolean {
    const taken = this.#take({ kind, userId, routeId: null, name: `${userId}`, purpose: '' }, forMs);
    if (taken && told) this.dome.wake();
    return taken;
  }

  letGo(): void {
    if (this.lease && isHand(this.lease)) this.lease = undefined;
    this.dome.wake();
  }

  ask(userId: number, command: HandCommand): number {
    const id = ++this.#commandId;
    this.asked.push({ id, userId, userName: `${userId}`, kind: 'operator', command, ageMs: this.clock.nowMs() });
    this.dome.wake();
    return id;
  }
}

function pictureOf(at: StoredPosition, turning: boolean): Picture {
  const rgb = new Uint8Array(Float64Array.of(at.pan, at.tilt, at.zoom, turning ? 1 : 0).buffer);
  return { widthPx: 16, heightPx: 9, rgb };
}

export function positionIn({ rgb }: Picture): StoredPosition & { turning: boolean } {
  const [pan = 0, tilt = 0, zoom = 0, turning = 0] = new Float64Array(rgb.slice().buffer);
  return { pan, tilt, zoom, turning: turning > 0 };
}

export function stopAt(id: number, preset: string, dwellS = 5): Stop {
  return { id, name: '', preset, position: null, zoom: null, dwellS, speed: null, judged: true, viewId: id };
}

export function routeOf(id: number, stops: readonly Stop[], change: Partial<Route> = {}): Route {
  return {
    ...{ id, cameraId: 1, name: `route ${id}`, enabled: true, priority: 0, timeZone: 'UTC', randomOrder: false },
    windows: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }],
    stops,
    ...change,
  };
}
