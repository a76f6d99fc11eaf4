/**
 * Slows guessing. An attempt counts from its beginning, so that a hundred at once are not all let through before the
 * first fails; success forgives that name from that address. Counted within a sliding minute: per name and address, per
 * address, and over all. Kept in this process's memory, within a bound.
 */
import type { Clock } from '../base/clock.ts';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

const WINDOW_MS = 60_000;
/** One address may try several names, as a control room's people do. */
const ATTEMPTS_PER_ADDRESS = LIMITS.loginAttemptsPerMinute * 6;
const EVERYBODY = '';

export class LoginThrottle {
  readonly #clock: Clock;
  /** Start of each attempt within the window; least recently tried first. */
  readonly #attempts = new Map<string, number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts an attempt.
   * @returns what to call when it succeeded
   * @throws `web.login_throttled` with the seconds to wait
   */
  begin(name: string, address: string): () => void {
    const nowMs = this.#clock.monotonicMs();
    const limits: [key: string, most: number][] = [
      [`${address} ${name.toLowerCase()}`, LIMITS.loginAttemptsPerMinute],
      [address, ATTEMPTS_PER_ADDRESS],
      [EVERYBODY, LIMITS.loginFailuresPerMinute],
    ];
    for (const [key, most] of limits) {
      const recent = this.#recent(key, nowMs);
      const oldest = recent[recent.length - most];
      if (oldest !== undefined) {
        const retryAfterS = Math.max(1, Math.ceil((oldest + WINDOW_MS - nowMs) / 1000));
        throw new SentinelError('web.login_throttled', { retryAfterS });
      }
    }
    for (const [key] of limits) this.#add(key, nowMs);
    return () => {
      for (const [key] of limits) this.#forgive(key, nowMs);
      this.#attempts.delete(limits[0]?.[0] ?? EVERYBODY);
    };
  }

  #recent(key: string, nowMs: number): number[] {
    return (this.#attempts.get(key) ?? []).filter((atMs) => atMs > nowMs - WINDOW_MS);
  }

  #add(key: string, nowMs: number): void {
    const attempts = [...this.#recent(key, nowMs), nowMs];
    this.#attempts.delete(key);
    this.#attempts.set(key, attempts);
    if (this.#attempts.size <= LIMITS.loginKeys) return;
    for (const oldest of this.#attempts.keys()) {
      if (oldest === EVERYBODY) continue;
      this.#attempts.delete(oldest);
      break;
    }
  }

  #forgive(key: string, atMs: number): void {
    const attempts = this.#attempts.get(key);
    const index = attempts?.lastIndexOf(atMs) ?? -1;
    if (attempts && index >= 0) attempts.splice(index, 1);
    if (attempts?.length === 0) this.#attempts.delete(key);
  }
}
