/**
 * Time, passed in. This is the only file that touches `Date.now`, `performance.now` and timers, so that everything
 * that waits or stamps can be run on simulated time. Stamps are UTC milliseconds since 1970 (`...AtMs`), spans are
 * milliseconds (`...Ms`) or seconds (`...S`).
 */

/** A started timer; cancelling one that has fired or been cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** UTC wall clock, ms since 1970. It can step: use it to stamp, never to measure a span. */
  nowMs(): number;
  /** Monotonic, ms since an arbitrary origin. Use it to measure spans. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`; after none, when all that has arrived by now was taken. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` every `periodMs`, the first time after one period. */
  every(periodMs: number, run: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    // A timer of no time at all rings a millisecond later, for which the process is woken once more.
    if (delayMs <= 0) {
      const soon = setImmediate(run);
      return { cancel: () => clearImmediate(soon) };
    }
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, run) {
    const handle = setInterval(run, periodMs);
    return { cancel: () => clearInterval(handle) };
  },
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(asError(signal.reason));
        return;
      }
      const onAbort = (): void => {
        clearTimeout(handle);
        reject(asError(signal?.reason));
      };
      const handle = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, delayMs);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
