/**
 * The server's side of HTTP authentication as RTSP uses it: Basic (RFC 7617) and Digest (RFC 7616, and RFC 2069 where no
 * `qop` is offered, which is what most cameras do).
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type AuthScheme = 'basic' | 'digest-md5' | 'digest-sha256';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface ChallengeOptions {
  readonly credentials: Credentials;
  /** Offered in this order; none: everybody may come in. */
  readonly schemes: readonly AuthScheme[];
  /** Offers `qop="auth"`. */
  readonly qop: boolean;
  readonly nonceLifetimeMs: number;
  readonly nowMs: () => number;
}

/** `stale`: the answer was right for a nonce that has since expired (RFC 7616 section 3.3). */
export type Verdict = 'accepted' | 'refused' | 'stale';

const REALM = 'Sentinel simulator';

export class Challenge {
  readonly #options: ChallengeOptions;
  readonly #secret = randomBytes(32);

  constructor(options: ChallengeOptions) {
    this.#options = options;
  }

  /** Values of the `WWW-Authenticate` lines. */
  offers(stale: boolean): string[] {
    const issued = this.#options.nowMs().toString(16).padStart(12, '0');
    const nonce = `${issued}${this.#seal(issued)}`;
    return this.#options.schemes.map((scheme) => {
      if (scheme === 'basic') return `Basic realm="${REALM}"`;
      const algorithm = scheme === 'digest-sha256' ? ', algorithm=SHA-256' : '';
      const qop = this.#options.qop ? ', qop="auth"' : '';
      return `Digest realm="${REALM}", nonce="${nonce}"${algorithm}${qop}${stale ? ', stale=true' : ''}`;
    });
  }

  /** @param header value of `Authorization`, undefined when there was none */
  judge(method: string, uri: string, header: string | undefined): Verdict {
    const { schemes, credentials } = this.#options;
    if (schemes.length === 0) return 'accepted';
    const [, scheme, rest] = /^\s*(\w+)\s+(.*)$/s.exec(header ?? '') ?? [];
    if (scheme === undefined || rest === undefined) return 'refused';
    if (scheme.toLowerCase() === 'basic' && schemes.includes('basic')) {
      const given = Buffer.from(rest.trim(), 'base64').toString();
      return same(given, `${credentials.username}:${credentials.password}`) ? 'accepted' : 'refused';
    }
    if (scheme.toLowerCase() !== 'digest') return 'refused';
    return this.#judgeDigest(method, uri, fieldsOf(rest));
  }

  #judgeDigest(method: string, uri: string, fields: ReadonlyMap<string, string>): Verdict {
    const { schemes, credentials, qop, nonceLifetimeMs, nowMs } = this.#options;
    const field = (name: string): string => fields.get(name) ?? '';
    const sha256 = field('algorithm').toUpperCase() === 'SHA-256';
    if (!schemes.includes(sha256 ? 'digest-sha256' : 'digest-md5')) return 'refused';
    if (field('username') !== credentials.username || field('realm') !== REALM || field('uri') !== uri)
      return 'refused';
    if (fields.has('qop') && !qop) return 'refused';
    const nonce = field('nonce');
    const issued = nonce.slice(0, 12);
    if (!same(nonce.slice(12), this.#seal(issued))) return 'refused';

    const digest = (text: string): string =>
      createHash(sha256 ? 'sha256' : 'md5')
        .update(text)
        .digest('hex');
    const who = digest(`${credentials.username}:${REALM}:${credentials.password}`);
    const what = digest(`${method}:${uri}`);
    const middle = fields.has('qop') ? `${nonce}:${field('nc')}:${field('cnonce')}:${field('qop')}` : nonce;
    if (!same(field('response').toLowerCase(), digest(`${who}:${middle}:${what}`))) return 'refused';
    return nowMs() - parseInt(issued, 16) > nonceLifetimeMs ? 'stale' : 'accepted';
  }

  #seal(issued: string): string {
    return createHmac('sha256', this.#secret).update(issued).digest('hex').slice(0, 24);
  }
}

/** `name=value` and `name="value"` pairs, names in lower case. */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [, name, quoted, bare] of text.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))/g)) {
    if (name !== undefined) fields.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  }
  return fields;
}

function same(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}
