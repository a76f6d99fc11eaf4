/** Time by hand: nothing moves until `advance`. Timers fire in order, promises between them get their turn. */
import type { Clock, Timer } from '../../src/base/clock.ts';

interface Pending {
  dueMs: number;
  order: number;
  periodMs: number | undefined;
  run: () => void;
}

export class ManualClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /** Lets the wall clock jump without time passing, as an NTP correction does. */
  stepWallClock(byMs: number): void {
    this.#nowMs += byMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add(delayMs, undefined, run);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#add(periodMs, periodMs, run);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason as Error);
      };
      const timer = this.after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Lets `byMs` pass, firing what falls due; I/O callbacks and promises run between timers. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + byMs;
    await settle();
    for (;;) {
      const next = [...this.#pending].sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];
      if (!next || next.dueMs > untilMs) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      if (next.periodMs === undefined) this.#pending.delete(next);
      else next.dueMs += next.periodMs;
      next.run();
      await settle();
    }
    this.#elapsedMs = untilMs;
    await settle();
  }

  #add(delayMs: number, periodMs: number | undefined, run: () => void): Timer {
    const pending = { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, periodMs, run };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
