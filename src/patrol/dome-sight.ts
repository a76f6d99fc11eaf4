/**
 * What a dome shows: its one connection, whose units since the last key unit are kept, so that decoding can begin at any
 * moment; every picture is decoded while somebody watches, and one now and then for the camera's health otherwise.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { digestOf, type Picture } from '../base/picture.ts';
import type { HealthTracker } from '../camera/camera.ts';
import type { AccessUnit, ClockOffset } from '../drivers/rtsp/rtsp.ts';
import type { Seen, Sight } from './visit.ts';

/** A held connection to the dome's stream. */
export interface DomeStream {
  readonly clockOffset: ClockOffset | undefined;
  start(): void;
  stop(): Promise<void>;
  /** Every whole unit from the next key unit on. @returns ends it */
  subscribe(listener: (unit: AccessUnit) => void): () => void;
}

export interface PictureDecoder {
  decode(
    unit: AccessUnit,
    wanted: boolean,
  ): Promise<{ picture: Picture; sourceWidthPx: number; sourceHeightPx: number } | undefined>;
  close(): void;
}

export interface SightParts {
  readonly clock: Clock;
  readonly tracker: HealthTracker;
  readonly decoder: PictureDecoder;
  /** Finds out where the stream is and prepares the connection; may fail while the camera cannot be asked. */
  readonly connect: (onError: (problem: SentinelError) => void) => Promise<DomeStream>;
  /** Told of each failure, for the count. */
  readonly onError: (problem: SentinelError) => void;
}

interface Arrived {
  readonly unit: AccessUnit;
  readonly arrivedMs: number;
  readonly mediaMs: number;
}

interface Waiter {
  readonly sinceMs: number;
  readonly resolve: (seen: Seen) => void;
}

/** Pictures nearer together than this are carried along only. */
const APART_MS = 60;
const RECONNECT_MS = 10_000;
/** How far pictures may arrive behind the time at which they were taken. */
const LATE_MOST_MS = 10_000;
/** Decoding goes on so long after the last watcher has left. */
const LINGER_MS = 500;
/** How often a dome that nobody watches is looked at for its health, and for how long at most. */
const PULSE_EVERY_MS = 10_000;
const PULSE_LONGEST_MS = 8_000;

export class DomeSight implements Sight {
  readonly #parts: SightParts;
  readonly #stopped = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #running: Promise<void> | undefined;
  #pulse: Timer | undefined;
  #stream: DomeStream | undefined;
  /** Since the last key unit, that one first. */
  #kept: Arrived[] = [];
  #keptBytes = 0;
  #queue: Arrived[] = [];
  #decoding: Promise<void> | undefined;
  #watchers = 0;
  #wantedMs = -Infinity;
  #seen: Seen | undefined;
  readonly #mediaClock = new MediaClock();

  constructor(parts: SightParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock } = this.#parts;
    this.#running ??= this.#run();
    this.#pulse ??= clock.every(PULSE_EVERY_MS, () => void this.#feelPulse());
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the dome was let go'));
    this.#pulse?.cancel();
    await this.#running;
    await this.#decoding;
    this.#parts.decoder.close();
  }

  watch(): () => void {
    if (this.#watchers++ === 0) this.#begin();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      // A dome that goes on at once is watched again in a moment: what has been decoded so far is not thrown away.
      this.#parts.clock.after(LINGER_MS, () => {
        if (--this.#watchers === 0) this.#queue = [];
      });
    };
  }

  next(sinceMs: number, signal: AbortSignal): Promise<Seen> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#seen && this.#seen.arrivedMs >= sinceMs) return Promise.resolve(this.#seen);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        sinceMs,
        resolve: (seen) => {
          signal.removeEventListener('abort', onAbort);
          this.#waiters.delete(waiter);
          resolve(seen);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** Asked through a function, since it turns while something is waited for. */
  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #run(): Promise<void> {
    const { clock, connect } = this.#parts;
    const { signal } = this.#stopped;
    while (!signal.aborted && !this.#stream) {
      try {
        const stream = await connect((problem) => this.#report(problem));
        if (this.#isStopped()) break;
        stream.subscribe((unit) => this.#take(unit));
        stream.start();
        this.#stream = stream;
      } catch (thrown) {
        this.#report(thrown);
        await clock.sleep(RECONNECT_MS, signal).catch(() => undefined);
      }
    }
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    await this.#stream?.stop();
  }

  #take(unit: AccessUnit): void {
    const arrivedMs = this.#parts.clock.monotonicMs();
    const arrived = { unit, arrivedMs, mediaMs: this.#mediaClock.at(unit.rtpTimestamp, arrivedMs) };
    if (unit.isKey) {
      this.#kept = [];
      this.#keptBytes = 0;
    }
    const begun = unit.isKey || this.#kept.length > 0;
    const fits = this.#kept.length < LIMITS.liveUnits && this.#keptBytes + unit.bytes.length <= LIMITS.liveUnitBytes;
    if (begun && fits) {
      this.#kept.push(arrived);
      this.#keptBytes += unit.bytes.length;
    } else {
      // Without all that came before it a unit is of no use: the next key unit begins anew.
      this.#kept = [];
      this.#keptBytes = 0;
    }
    if (this.#watchers === 0) return;
    this.#queue.push(arrived);
    // A decoder that cannot keep up goes on from the newest key unit.
    if (this.#queue.length > LIMITS.liveUnits) this.#queue = [...this.#kept];
    this.#decodeOn();
  }

  /** Decodes from the last key unit on; only the newest of those pictures is of use. */
  #begin(): void {
    this.#seen = undefined;
    this.#wantedMs = -Infinity;
    this.#queue = [...this.#kept];
    this.#decodeOn();
  }

  #decodeOn(): void {
    this.#decoding ??= this.#decode().finally(() => {
      this.#decoding = undefined;
      if (this.#queue.length > 0) this.#decodeOn();
    });
  }

  async #decode(): Promise<void> {
    for (let next = this.#queue.shift(); next && !this.#stopped.signal.aborted; next = this.#queue.shift()) {
      const { unit, arrivedMs } = next;
      const wanted = this.#queue.length === 0 && arrivedMs - this.#wantedMs >= APART_MS;
      try {
        const decoded = await this.#parts.decoder.decode(unit, wanted);
        if (!decoded) continue;
        this.#wantedMs = arrivedMs;
        this.#show(next, decoded);
      } catch (thrown) {
        this.#report(thrown);
      }
    }
  }

  #show(
    { unit, arrivedMs, mediaMs }: Arrived,
    { picture, sourceWidthPx, sourceHeightPx }: { picture: Picture; sourceWidthPx: number; sourceHeightPx: number },
  ): void {
    const { tracker } = this.#parts;
    const seenAs = { digest: digestOf(picture), codec: unit.codec, widthPx: sourceWidthPx, heightPx: sourceHeightPx };
    tracker.frame(unit.arrivedAtMs, seenAs);
    if (this.#stream?.clockOffset) tracker.clock(this.#stream.clockOffset);
    const frozen = tracker.health.state === 'frozen';
    const seen: Seen = { picture, arrivedMs, mediaMs, capturedAtMs: unit.arrivedAtMs, frozen };
    this.#seen = seen;
    for (const waiter of [...this.#waiters]) if (waiter.sinceMs <= arrivedMs) waiter.resolve(seen);
  }

  /** A dome that stands, is held or rests is seen to be alive all the same. */
  async #feelPulse(): Promise<void> {
    if (this.#watchers > 0 || this.#stopped.signal.aborted) return;
    const { clock } = this.#parts;
    const release = this.watch();
    const late = new AbortController();
    const timer = clock.after(PULSE_LONGEST_MS, () => late.abort(new Error('no picture')));
    try {
      await this.next(clock.monotonicMs(), AbortSignal.any([late.signal, this.#stopped.signal]));
    } catch {
      // The tracker hears of silence by the clock.
    } finally {
      timer.cancel();
      release();
    }
  }

  #report(thrown: unknown): void {
    const problem =
      thrown instanceof SentinelError
        ? thrown
        : new SentinelError('capture.failed', { problem: problemOf(thrown) }, { cause: thrown });
    this.#parts.tracker.error(this.#parts.clock.nowMs(), problem.code, problem.message);
    this.#parts.onError(problem);
  }
}

/** A stream's own clock (RFC 3550, 5.1: 90 kHz, 32 bits that wrap) as ms that only grow, over reconnections too. */
class MediaClock {
  #last: { timestamp: number; arrivedMs: number; mediaMs: number } | undefined;

  at(timestamp: number, arrivedMs: number): number {
    const last = this.#last;
    const passedMs = last ? ((timestamp - last.timestamp) >>> 0) / 90 : 0;
    // Another connection begins at another number: there the time of arrival stands for the stream's.
    const isOn = last !== undefined && passedMs <= arrivedMs - last.arrivedMs + LATE_MOST_MS;
    const mediaMs = last ? last.mediaMs + (isOn ? passedMs : arrivedMs - last.arrivedMs) : 0;
    this.#last = { timestamp, arrivedMs, mediaMs };
    return mediaMs;
  }
}
