/**
 * What is started, in one list, and closed in reverse. A part that fails to start closes what stood before it, and the
 * failure is the caller's to report.
 */
import type { Clock } from './clock.ts';
import { problemOf } from './errors.ts';
import type { Logger } from './log.ts';

export interface Part {
  readonly name: string;
  close(): Promise<void>;
}

export class Lifecycle {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onProgress: (name: string, tookMs: number) => void;
  readonly #parts: Part[] = [];
  #closing: Promise<void> | undefined;

  /** @param onProgress told of each part once it stands, with how long that took */
  constructor(clock: Clock, log: Logger, onProgress: (name: string, tookMs: number) => void = () => {}) {
    this.#clock = clock;
    this.#log = log;
    this.#onProgress = onProgress;
  }

  /** Starts one part; `close` of what it yields is called at {@link close}, in reverse order. */
  async start<T>(name: string, start: () => Promise<T> | T, close: (started: T) => Promise<void> | void): Promise<T> {
    const beganMs = this.#clock.monotonicMs();
    let started: T;
    try {
      started = await start();
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
    this.#parts.push({ name, close: async () => close(started) });
    this.#onProgress(name, this.#clock.monotonicMs() - beganMs);
    return started;
  }

  /** Closes all in reverse. A part that fails to close is logged and does not keep the others open. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      try {
        await part.close();
        this.#log.debug({ part: part.name }, 'closed');
      } catch (thrown) {
        this.#log.error({ part: part.name, problem: problemOf(thrown) }, 'a part did not close cleanly');
      }
    }
  }
}
