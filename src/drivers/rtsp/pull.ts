/** Hold mode: one connection to one stream, kept up by itself through whatever happens to it. */
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { emptyCounters, type AccessUnit, type Codec, type MediaCounters } from './access-unit.ts';
import { DEFAULT_TIMEOUTS, type RtspTimeouts } from './connection.ts';
import type { HostConnections } from './host-connections.ts';
import type { AssembledUnit, Demand } from './rtp-depacketizer.ts';
import type { Pace } from './read-beat.ts';
import { parseRtspUrl } from './rtsp-url.ts';
import { RtspSession } from './session.ts';
import type { RtspTarget } from './target.ts';

export interface PullState {
  /** `playing` from the first unit on; `waiting` for the next attempt after `error`. */
  readonly name: 'connecting' | 'playing' | 'waiting' | 'stopped';
  /** UTC ms at which it took this name. */
  readonly since: number;
  readonly codec?: Codec;
  /** UTC ms at which the last unit ended, wanted or not. */
  readonly lastUnitAtMs?: number;
  /** While `waiting`, and while connecting anew: why the last attempt ended. */
  readonly error?: SentinelError;
  /** While `waiting`: UTC ms of the next attempt. */
  readonly retryAtMs?: number;
}

export interface PullOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** The cap per host, shared with all else that connects. */
  readonly connections: HostConnections;
  /** Called at each change of name. */
  onState?(state: PullState): void;
  /** Called once for each attempt or connection that ended badly. */
  onError?(problem: SentinelError): void;
  readonly timeouts?: Partial<RtspTimeouts>;
  /** In [0, 1), for the back-off's jitter. */
  readonly random?: () => number;
}

/** The camera's clock minus ours, and when that was measured (UTC ms). */
export interface ClockOffset {
  readonly offsetMs: number;
  readonly measuredAtMs: number;
  /** Its last sender report, or where none came the `Date` of an answer. */
  readonly source: 'rtcp' | 'rtsp_date';
}

export interface SubscribeOptions {
  /** `at_once` by default; never slower than another's. */
  readonly pace?: Pace;
}

interface KeyFrameWaiter {
  resolve(unit: AccessUnit): void;
  reject(problem: Error): void;
}

interface Subscription {
  readonly listener: (unit: AccessUnit) => void;
  /** A decoder begins with a key unit: what comes before the first one is kept from the listener. */
  begun: boolean;
  readonly pace: Pace;
}

/**
 * Hold mode. While no key frame is asked for and nobody listens, packets are only walked header by header.
 */
export class RtspPull {
  readonly #target: RtspTarget;
  readonly #options: PullOptions;
  readonly #stopping = new AbortController();
  readonly #waiters = new Set<KeyFrameWaiter>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #counters = emptyCounters();
  #running: Promise<void> | undefined;
  #session: RtspSession | undefined;
  #name: PullState['name'] = 'stopped';
  #since: number;
  #codec: Codec | undefined;
  #lastUnitAtMs: number | undefined;
  #error: SentinelError | undefined;
  #retryAtMs: number | undefined;
  #clockOffset: ClockOffset | undefined;
  #playingSinceMs: number | undefined;
  #failures = 0;

  constructor(target: RtspTarget, options: PullOptions) {
    this.#target = target;
    this.#options = options;
    this.#since = options.clock.nowMs();
  }

  get state(): PullState {
    const lastUnitAtMs = this.#lastUnit();
    return {
      name: this.#name,
      since: this.#since,
      ...(this.#codec ? { codec: this.#codec } : {}),
      ...(lastUnitAtMs === undefined ? {} : { lastUnitAtMs }),
      ...(this.#error ? { error: this.#error } : {}),
      ...(this.#retryAtMs === undefined ? {} : { retryAtMs: this.#retryAtMs }),
    };
  }

  get clockOffset(): ClockOffset | undefined {
    return this.#clockOffset;
  }

  /** Since the pull began, over all its connections. */
  get counters(): Readonly<MediaCounters> {
    return this.#counters;
  }

  /** Connects and stays connected; a bad address shows as an error, like an unreachable camera. Once a pull's life. */
  start(): void {
    if (this.#stopping.signal.aborted) return;
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** TEARDOWN, and no more. Those who wait for a key frame get `rtsp.closed`. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the pull was stopped'));
    for (const waiter of [...this.#waiters]) waiter.reject(this.#stoppedProblem());
    this.#subscriptions.clear();
    await this.#running;
  }

  /**
   * The next whole, undamaged key unit to arrive, however long that takes and over reconnections: bound it with `signal`.
   * @throws SentinelError `rtsp.closed` when the pull is stopped, `rtsp.too_many_waiting`; the signal's reason
   */
  nextKeyFrame(signal?: AbortSignal): Promise<AccessUnit> {
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    if (this.#stopping.signal.aborted) return Promise.reject(this.#stoppedProblem());
    if (this.#waiters.size >= LIMITS.rtspKeyFrameWaiters) {
      return Promise.reject(this.#tooMany(LIMITS.rtspKeyFrameWaiters));
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        signal?.removeEventListener('abort', onAbort);
        this.#waiters.delete(waiter);
        this.#applyDemand();
      };
      const waiter: KeyFrameWaiter = {
        resolve(unit) {
          settle();
          resolve(unit);
        },
        reject(problem) {
          settle();
          reject(problem);
        },
      };
      const onAbort = (): void => waiter.reject(signal ? reasonOf(signal) : new Error('aborted'));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#applyDemand();
    });
  }

  /**
   * Every whole unit from the next key unit on. Reconnections are silent: units with `followsLoss` follow until a key unit.
   * @param options.pace other than `at_once`: units may come a few at a time, on the short beat or, after the first, on
   *   the long one, which costs a fraction; their media clock then tells more of when they belong than their arrival does
   * @returns ends the subscription; calling it again does nothing
   * @throws SentinelError `rtsp.too_many_waiting`
   */
  subscribe(listener: (unit: AccessUnit) => void, { pace = 'at_once' }: SubscribeOptions = {}): () => void {
    if (this.#subscriptions.size >= LIMITS.rtspListeners) throw this.#tooMany(LIMITS.rtspListeners);
    const subscription: Subscription = { listener, begun: false, pace };
    this.#subscriptions.add(subscription);
    this.#applyDemand();
    return () => {
      this.#subscriptions.delete(subscription);
      this.#applyDemand();
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#enter('connecting');
      let problem: SentinelError;
      try {
        problem = await this.#playUntilEnd(signal);
      } catch (thrown) {
        problem = this.#asProblem(thrown);
      }
      this.#lastUnitAtMs = this.#lastUnit();
      this.#session = undefined;
      if (signal.aborted) break;
      const delayMs = this.#nextDelayMs(problem);
      this.#error = problem;
      this.#retryAtMs = this.#options.clock.nowMs() + delayMs;
      this.#guarded(() => this.#options.onError?.(problem));
      this.#enter('waiting');
      try {
        await this.#options.clock.sleep(delayMs, signal);
      } catch {
        break;
      }
      this.#retryAtMs = undefined;
    }
    this.#retryAtMs = undefined;
    this.#enter('stopped');
  }

  /** @returns why the session ended; on abort, whatever */
  async #playUntilEnd(signal: AbortSignal): Promise<SentinelError> {
    const { clock, connections, timeouts } = this.#options;
    let end: (problem: SentinelError) => void = () => {};
    const ended = new Promise<SentinelError>((resolve) => {
      end = resolve;
    });
    this.#playingSinceMs = undefined;
    const session = await RtspSession.open({
      url: parseRtspUrl(this.#target.url),
      credentials: this.#target.credentials,
      tls: this.#target.tls,
      clock,
      connections,
      timeouts: { ...DEFAULT_TIMEOUTS, ...timeouts },
      counters: this.#counters,
      signal,
      askMethods: true,
      demand: this.#demand(),
      onUnit: (unit, codec) => this.#onUnit(unit, codec),
      onMedia: (codec) => this.#onMedia(codec),
      onClockOffset: (offsetMs, measuredAtMs) => {
        this.#clockOffset = { offsetMs, measuredAtMs, source: 'rtcp' };
      },
      onServerDate: (offsetMs, measuredAtMs) => {
        if (this.#clockOffset?.source !== 'rtcp') this.#clockOffset = { offsetMs, measuredAtMs, source: 'rtsp_date' };
      },
      onEnded: end,
    });
    this.#session = session;
    // What is wanted may have changed while it opened.
    this.#applyDemand();
    const onAbort = (): void => {
      void session.close().then(() => end(this.#stoppedProblem()));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await ended;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #onMedia(codec: Codec): void {
    this.#codec = codec;
    this.#error = undefined;
    this.#playingSinceMs = this.#options.clock.monotonicMs();
    this.#enter('playing');
  }

  #onUnit(assembled: AssembledUnit, codec: Codec): void {
    const unit: AccessUnit = { ...assembled, codec, arrivedAtMs: this.#options.clock.nowMs() };
    if (unit.isKey) for (const waiter of [...this.#waiters]) waiter.resolve(unit);
    for (const subscription of [...this.#subscriptions]) {
      if (!subscription.begun && unit.isKey) {
        subscription.begun = true;
        this.#applyDemand();
      }
      if (subscription.begun) this.#guarded(() => subscription.listener(unit));
    }
  }

  #demand(): Demand {
    if (this.#subscriptions.size > 0) return 'all';
    return this.#waiters.size > 0 ? 'key' : 'none';
  }

  /** As hurried as the most hurried wants it; a key unit that somebody waits for is never left for the long beat. */
  #pace(): Pace {
    const paces = [...this.#subscriptions].map(({ pace, begun }) => (begun || pace === 'at_once' ? pace : 'soon'));
    if (paces.includes('at_once')) return 'at_once';
    return this.#waiters.size > 0 || paces.includes('soon') ? 'soon' : 'unhurried';
  }

  #applyDemand(): void {
    if (!this.#session) return;
    this.#session.pace = this.#pace();
    this.#session.demand = this.#demand();
  }

  /**
   * Full jitter: anywhere between nothing and a bound that doubles, so that cameras behind one switch do not come back in
   * step (Brooker, "Exponential Backoff And Jitter", 2015). A refused password waits much longer.
   */
  #nextDelayMs(problem: SentinelError): number {
    const { clock, random = Math.random } = this.#options;
    const playedMs = this.#playingSinceMs === undefined ? 0 : clock.monotonicMs() - this.#playingSinceMs;
    if (playedMs >= LIMITS.reconnectStableMs) this.#failures = 0;
    const boundMs = Math.min(LIMITS.reconnectLongestMs, LIMITS.reconnectFirstMs * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    const jitteredMs = random() * boundMs;
    return problem.code === 'rtsp.unauthorised' ? LIMITS.reconnectUnauthorisedMs + jitteredMs : jitteredMs;
  }

  #enter(name: PullState['name']): void {
    if (name === this.#name) return;
    this.#name = name;
    this.#since = this.#options.clock.nowMs();
    this.#guarded(() => this.#options.onState?.(this.state));
  }

  #lastUnit(): number | undefined {
    const agoMs = this.#session?.lastUnitAgoMs;
    return agoMs === undefined ? this.#lastUnitAtMs : this.#options.clock.nowMs() - agoMs;
  }

  /** What a listener throws is its own affair: it must not end the stream of the others. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#options.log.error({ problem: problemOf(thrown) }, 'a listener of an rtsp pull failed');
    }
  }

  #asProblem(thrown: unknown): SentinelError {
    if (thrown instanceof SentinelError) return thrown;
    this.#options.log.error({ err: thrown }, 'an rtsp pull failed in an unforeseen way');
    return new SentinelError('rtsp.protocol', { host: this.#host(), problem: problemOf(thrown) }, { cause: thrown });
  }

  #stoppedProblem(): SentinelError {
    return new SentinelError('rtsp.closed', { host: this.#host(), problem: 'the pull was stopped' });
  }

  #tooMany(limit: number): SentinelError {
    return new SentinelError('rtsp.too_many_waiting', { host: this.#host(), limit });
  }

  #host(): string {
    try {
      return parseRtspUrl(this.#target.url).hostAndPort;
    } catch {
      return 'a camera with a bad address';
    }
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
}
