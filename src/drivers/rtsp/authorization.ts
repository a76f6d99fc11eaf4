/**
 * Proving who asks, after the server demanded it: Basic (RFC 7617) and Digest (RFC 7616, which takes in RFC 2617) with
 * MD5, SHA-256 and SHA-512-256, each also as `-sess`; `qop` auth, auth-int (our requests have no body) or none. Of several
 * challenges the strongest is answered. Nothing is sent before a challenge, so a server that asks for nothing learns nothing.
 */
import { createHash, randomBytes } from 'node:crypto';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** One challenge of a `WWW-Authenticate` header; parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Node's name of each hash, and its rank: the higher the stronger. */
const HASHES: ReadonlyMap<string, { hash: string; rank: number }> = new Map([
  ['MD5', { hash: 'md5', rank: 1 }],
  ['SHA-256', { hash: 'sha256', rank: 2 }],
  ['SHA-512-256', { hash: 'sha512-256', rank: 3 }],
]);

interface DigestState {
  readonly challenge: Challenge;
  readonly hash: string;
  readonly session: boolean;
  readonly algorithm: string | undefined;
  readonly qop: 'auth' | 'auth-int' | undefined;
  readonly cnonce: string;
  nonce: string;
  count: number;
}

export class Authorization {
  readonly #credentials: Credentials | undefined;
  readonly #newClientNonce: () => string;
  #digest: DigestState | undefined;
  #basic = false;

  /** @param newClientNonce unpredictable text for `cnonce`; given by tests alone */
  constructor(
    credentials: Credentials | undefined,
    newClientNonce: () => string = () => randomBytes(16).toString('base64url'),
  ) {
    this.#credentials = credentials;
    this.#newClientNonce = newClientNonce;
  }

  get hasCredentials(): boolean {
    return this.#credentials !== undefined;
  }

  /** The nonce that requests are signed with now; undefined while not challenged, or with Basic. */
  get nonce(): string | undefined {
    return this.#digest?.nonce;
  }

  /** @returns the value of the `Authorization` header, one character a byte, or undefined while the server has not asked for one */
  headerFor(method: string, uri: string): string | undefined {
    const credentials = this.#credentials;
    if (!credentials) return undefined;
    if (this.#digest) return digestHeader(this.#digest, credentials, method, uri);
    if (!this.#basic) return undefined;
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`;
  }

  /**
   * Takes the strongest challenge that can be answered.
   * @param headerValues every `WWW-Authenticate` value of a 401
   * @returns the challenge taken, or undefined when none can be answered
   */
  accept(headerValues: readonly string[]): Challenge | undefined {
    const ranked = headerValues
      .flatMap(parseChallenges)
      .map((challenge) => ({ challenge, rank: rankOf(challenge) }))
      .filter(({ rank }) => rank >= 0)
      .sort((a, b) => b.rank - a.rank);
    const best = ranked[0]?.challenge;
    if (!best) return undefined;
    this.#basic = best.scheme === 'basic';
    this.#digest = best.scheme === 'digest' ? this.#beginDigest(best) : undefined;
    return best;
  }

  /** `Authentication-Info: nextnonce=...` of a successful reply (RFC 7616 section 3.5). */
  acceptNextNonce(headerValue: string): void {
    const next = parseParameters(headerValue).get('nextnonce');
    if (next === undefined || next === '' || !this.#digest) return;
    this.#digest.nonce = next;
    this.#digest.count = 0;
  }

  #beginDigest(challenge: Challenge): DigestState {
    const algorithm = challenge.parameters.get('algorithm');
    return {
      challenge,
      algorithm,
      hash: HASHES.get(baseAlgorithm(algorithm))?.hash ?? 'md5',
      session: /-sess$/i.test(algorithm ?? ''),
      qop: chosenQop(challenge.parameters.get('qop')),
      cnonce: this.#newClientNonce(),
      nonce: challenge.parameters.get('nonce') ?? '',
      count: 0,
    };
  }
}

function digestHeader(state: DigestState, credentials: Credentials, method: string, uri: string): string {
  const hash = (text: string): string => createHash(state.hash).update(text, 'latin1').digest('hex');
  const username = utf8Bytes(credentials.username);
  const password = utf8Bytes(credentials.password);
  const parameters = state.challenge.parameters;
  const realm = parameters.get('realm') ?? '';
  state.count += 1;
  const nc = state.count.toString(16).padStart(8, '0');

  const secret = hash(`${username}:${realm}:${password}`);
  const a1 = state.session ? hash(`${secret}:${state.nonce}:${state.cnonce}`) : secret;
  const a2 = hash(state.qop === 'auth-int' ? `${method}:${uri}:${hash('')}` : `${method}:${uri}`);
  const response = hash(
    state.qop ? `${a1}:${state.nonce}:${nc}:${state.cnonce}:${state.qop}:${a2}` : `${a1}:${state.nonce}:${a2}`,
  );

  const userhash = parameters.get('userhash')?.toLowerCase() === 'true';
  const fields = [
    `username=${quoted(userhash ? hash(`${username}:${realm}`) : username)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(state.nonce)}`,
    `uri=${quoted(uri)}`,
    `response="${response}"`,
  ];
  if (state.algorithm !== undefined) fields.push(`algorithm=${state.algorithm}`);
  // RFC 2617 section 3.2.2: cnonce goes with qop alone; a -sess algorithm without qop needs it all the same.
  if (state.qop) fields.push(`qop=${state.qop}`, `nc=${nc}`);
  if (state.qop || state.session) fields.push(`cnonce=${quoted(state.cnonce)}`);
  const opaque = parameters.get('opaque');
  if (opaque !== undefined) fields.push(`opaque=${quoted(opaque)}`);
  if (userhash) fields.push('userhash=true');
  return `Digest ${fields.join(', ')}`;
}

/** The text's UTF-8 bytes, one character a byte, to stand beside what the server sent (RFC 7616 section 4). */
function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function baseAlgorithm(algorithm: string | undefined): string {
  return (algorithm ?? 'MD5').toUpperCase().replace(/-SESS$/, '');
}

/** @returns 0 for Basic, 1 and up for Digest by hash, -1 for what cannot be answered */
function rankOf(challenge: Challenge): number {
  if (challenge.scheme === 'basic') return 0;
  if (challenge.scheme !== 'digest') return -1;
  if (!challenge.parameters.get('nonce')) return -1;
  const qop = challenge.parameters.get('qop');
  if (qop !== undefined && qop.trim() !== '' && !chosenQop(qop)) return -1;
  return HASHES.get(baseAlgorithm(challenge.parameters.get('algorithm')))?.rank ?? -1;
}

function chosenQop(offered: string | undefined): 'auth' | 'auth-int' | undefined {
  const options = (offered ?? '').split(',').map((option) => option.trim().toLowerCase());
  if (options.includes('auth')) return 'auth';
  return options.includes('auth-int') ? 'auth-int' : undefined;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;

/** Reads a `WWW-Authenticate` value, which may hold several challenges (RFC 7235 section 4.1). Unreadable rests end it. */
export function parseChallenges(headerValue: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = headerValue;
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '');
    const word = TOKEN.exec(rest)?.[0];
    if (word === undefined) return challenges;
    const behind = rest.slice(word.length);
    const value = /^\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/s.exec(behind);
    if (value) {
      const text = value[1]?.replace(/\\(.)/gs, '$1') ?? value[2] ?? '';
      challenges.at(-1)?.parameters.set(word.toLowerCase(), text);
      rest = behind.slice(value[0].length);
    } else {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
      rest = behind;
    }
  }
}

function parseParameters(headerValue: string): ReadonlyMap<string, string> {
  return parseChallenges(`digest ${headerValue}`)[0]?.parameters ?? new Map<string, string>();
}
