/**
 * Who may ask a simulated ONVIF device: the UsernameToken profile of WS-Security with password digests, or HTTP Digest.
 * A token's time must lie near the device's own clock, and no token is taken twice (Core Specification, 5.9.1).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { LIMITS } from '../base/limits.ts';
import type { Challenge, Credentials } from './challenge.ts';
import { Element } from './onvif-xml.ts';

export type OnvifLogin = 'token' | 'digest';

export interface LoginOptions {
  readonly credentials: Credentials;
  readonly accepts: readonly OnvifLogin[];
  /** How far a token's time may be from the device's. */
  readonly windowMs: number;
  /** The device's clock, UTC ms since 1970. */
  readonly deviceNowMs: () => number;
  readonly challenge: Challenge;
}

/** `challenge`: whoever asks shall log in by HTTP Digest; `stale` as there. `refused`: a SOAP fault tells. */
export type LoginVerdict = 'accepted' | 'refused' | 'challenge' | 'stale';

export class LoginDesk {
  readonly #options: LoginOptions;
  /** Nonces taken, with the device's time at which they may be forgotten. */
  readonly #taken = new Map<string, number>();

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  judge(uri: string, authorization: string | undefined, header: string): LoginVerdict {
    const { accepts, challenge } = this.#options;
    if (accepts.includes('digest') && authorization !== undefined) {
      const verdict = challenge.judge('POST', uri, authorization);
      return verdict === 'refused' ? 'challenge' : verdict;
    }
    const token = Element.of(header).child('UsernameToken');
    if (accepts.includes('token') && token) return this.#judgeToken(token) ? 'accepted' : 'refused';
    return accepts.includes('digest') ? 'challenge' : 'refused';
  }

  #judgeToken(token: Element): boolean {
    const { credentials, windowMs, deviceNowMs } = this.#options;
    const created = token.text('Created') ?? '';
    const nonce = token.text('Nonce') ?? '';
    const given = Buffer.from(token.text('Password') ?? '');
    const expected = Buffer.from(
      createHash('sha1')
        .update(Buffer.from(nonce, 'base64'))
        .update(created)
        .update(credentials.password)
        .digest('base64'),
    );
    const nowMs = deviceNowMs();
    const timely = Math.abs(Date.parse(created) - nowMs) <= windowMs;
    if (token.text('Username') !== credentials.username || !timely) return false;
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    return this.#takeNonce(nonce, nowMs);
  }

  #takeNonce(nonce: string, nowMs: number): boolean {
    for (const [old, untilMs] of this.#taken) {
      if (untilMs < nowMs || this.#taken.size > LIMITS.simulatorNonces) this.#taken.delete(old);
    }
    if (nonce === '' || this.#taken.has(nonce)) return false;
    this.#taken.set(nonce, nowMs + 2 * this.#options.windowMs);
    return true;
  }
}
