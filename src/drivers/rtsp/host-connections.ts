/**
 * The cap on connections to one host, shared by all pulls, visits and recordings of a process. A recorder behind which
 * many cameras stand refuses, or drops others, past a few dozen.
 */
import type { Clock } from '../../base/clock.ts';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';

interface Waiting {
  grant(): void;
}

interface HostEntry {
  open: number;
  readonly waiting: Set<Waiting>;
}

export class HostConnections {
  readonly #clock: Clock;
  readonly #perHost: number;
  readonly #hosts = new Map<string, HostEntry>();

  /** @param options.perHost most connections open to one `host:port` at once */
  constructor(options: { clock: Clock; perHost?: number }) {
    this.#clock = options.clock;
    this.#perHost = options.perHost ?? LIMITS.rtspConnectionsPerHost;
  }

  /** Connections open to `hostAndPort` now. */
  openTo(hostAndPort: string): number {
    return this.#hosts.get(hostAndPort)?.open ?? 0;
  }

  /**
   * Waits for a place, first come first served.
   * @returns gives the place back; calling it again does nothing
   * @throws SentinelError `rtsp.host_full` after {@link LIMITS.rtspHostWaitMs}, or at once where too many wait already;
   *   the signal's reason as soon as it aborts
   */
  async acquire(hostAndPort: string, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const entry = this.#hosts.get(hostAndPort) ?? { open: 0, waiting: new Set<Waiting>() };
    this.#hosts.set(hostAndPort, entry);
    if (entry.open < this.#perHost) {
      entry.open += 1;
    } else {
      await this.#wait(entry, hostAndPort, signal);
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = entry.waiting.values().next();
      if (!next.done) {
        // The place passes on without becoming free, so nobody can slip in between.
        entry.waiting.delete(next.value);
        next.value.grant();
        return;
      }
      entry.open -= 1;
      if (entry.open === 0) this.#hosts.delete(hostAndPort);
    };
  }

  #wait(entry: HostEntry, hostAndPort: string, signal: AbortSignal | undefined): Promise<void> {
    const full = (): SentinelError => new SentinelError('rtsp.host_full', { host: hostAndPort, limit: this.#perHost });
    if (entry.waiting.size >= LIMITS.rtspHostWaiting) return Promise.reject(full());
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        entry.waiting.delete(waiting);
      };
      const waiting: Waiting = {
        grant() {
          settle();
          resolve();
        },
      };
      const onAbort = (): void => {
        settle();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const timer = this.#clock.after(LIMITS.rtspHostWaitMs, () => {
        settle();
        reject(full());
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      entry.waiting.add(waiting);
    });
  }
}
