/**
 * One connection a stream, however many look at it: the sampler, live viewers, a patrol. Whoever holds a stream gets a
 * {@link SharedPull}; the first starts the connection, the last to let go ends it.
 */
import { createHash } from 'node:crypto';
import type { SentinelError } from '../../base/errors.ts';
import type { AccessUnit, MediaCounters } from './access-unit.ts';
import { RtspPull, type ClockOffset, type PullOptions, type PullState, type SubscribeOptions } from './pull.ts';
import type { RtspTarget } from './target.ts';

/** One holder's part in a connection. */
export interface SharedPull {
  readonly state: PullState;
  readonly clockOffset: ClockOffset | undefined;
  readonly counters: Readonly<MediaCounters>;
  /** Connects where nobody has yet. */
  start(): void;
  /** Ends this holder's waits and subscriptions, and the connection where nobody else holds it. */
  stop(): Promise<void>;
  /** As {@link RtspPull.nextKeyFrame}. */
  nextKeyFrame(signal?: AbortSignal): Promise<AccessUnit>;
  /** As {@link RtspPull.subscribe}. */
  subscribe(listener: (unit: AccessUnit) => void, options?: SubscribeOptions): () => void;
}

export interface HoldOptions {
  /** Once for each attempt or connection that ended badly. */
  onError?(problem: SentinelError): void;
  /** At each change of the connection's state. */
  onState?(state: PullState): void;
}

interface Shared {
  readonly pull: RtspPull;
  readonly holders: Set<HoldOptions>;
}

export class SharedPulls {
  readonly #options: Omit<PullOptions, 'onError' | 'onState'>;
  readonly #shared = new Map<string, Shared>();

  constructor(options: Omit<PullOptions, 'onError' | 'onState'>) {
    this.#options = options;
  }

  /** Streams that are connected to now, or being connected to. */
  get size(): number {
    return this.#shared.size;
  }

  /** A part in the connection to `target`; nothing happens before it is started. */
  hold(target: RtspTarget, options: HoldOptions = {}): SharedPull {
    const key = targetKey(target);
    const shared = this.#shared.get(key) ?? this.#open(key, target);
    shared.holders.add(options);
    const stopped = new AbortController();
    const subscriptions = new Set<() => void>();
    const { pull } = shared;
    return {
      get state() {
        return pull.state;
      },
      get clockOffset() {
        return pull.clockOffset;
      },
      get counters() {
        return pull.counters;
      },
      start: () => {
        if (!stopped.signal.aborted) pull.start();
      },
      stop: async () => {
        if (stopped.signal.aborted) return;
        stopped.abort(new Error('the pull was stopped'));
        for (const end of subscriptions) end();
        shared.holders.delete(options);
        if (shared.holders.size > 0) return;
        this.#shared.delete(key);
        await pull.stop();
      },
      nextKeyFrame: (signal) => pull.nextKeyFrame(signal ? AbortSignal.any([signal, stopped.signal]) : stopped.signal),
      subscribe: (listener, options) => {
        if (stopped.signal.aborted) return () => {};
        const end = pull.subscribe(listener, options);
        subscriptions.add(end);
        return () => {
          subscriptions.delete(end);
          end();
        };
      },
    };
  }

  #open(key: string, target: RtspTarget): Shared {
    const holders = new Set<HoldOptions>();
    const pull = new RtspPull(target, {
      ...this.#options,
      onError: (problem) => {
        for (const holder of holders) holder.onError?.(problem);
      },
      onState: (state) => {
        for (const holder of holders) holder.onState?.(state);
      },
    });
    const shared = { pull, holders };
    this.#shared.set(key, shared);
    return shared;
  }
}

/** The same for the same stream: the same address with another login is another one. No password stays in it. */
export function targetKey({ url, credentials, tls }: RtspTarget): string {
  return createHash('sha256')
    .update(JSON.stringify([url, credentials, tls]))
    .digest('base64');
}
