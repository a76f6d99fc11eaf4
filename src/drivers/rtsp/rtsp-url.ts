/**
 * Addresses of streams: `rtsp://host[:port][/path][?query]`, `rtsps://` over TLS (RFC 2326 section 3.2, RFC 7826
 * section 4.2). Path and query are kept letter for letter, since cameras compare them so. A user name or password
 * inside an address is refused: credentials are kept apart, so that no address can leak them.
 */
import { domainToASCII } from 'node:url';
import { isIP } from 'node:net';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';

export interface RtspUrl {
  readonly secure: boolean;
  /** Host name or address, no brackets. */
  readonly host: string;
  readonly port: number;
  /** The whole address as it goes on the wire. */
  readonly href: string;
  /** `host:port`, brackets around IPv6: what errors and the connection cap name. */
  readonly hostAndPort: string;
}

const DEFAULT_PORT = 554;
const DEFAULT_SECURE_PORT = 322;

/**
 * @param text the address as a person wrote it
 * @throws SentinelError `rtsp.bad_url`, whose text never repeats what may be a password
 */
export function parseRtspUrl(text: string): RtspUrl {
  if (text.length > LIMITS.rtspUrlCharacters) {
    throw badUrl(`it is longer than ${LIMITS.rtspUrlCharacters} characters`);
  }
  // A line break here would let whoever writes addresses write request headers.
  const unprintable = /[\p{Cc}\s]/u.exec(text);
  if (unprintable) throw badUrl(`it has a blank or control character at position ${unprintable.index + 1}`);
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)(#.*)?$/i.exec(text);
  if (!parts) throw badUrl('it does not begin with rtsp:// or rtsps://');
  const [, scheme = '', authority = '', rest = '', fragment] = parts;
  const secure = scheme.toLowerCase() === 'rtsps';
  if (!secure && scheme.toLowerCase() !== 'rtsp') throw badUrl('it does not begin with rtsp:// or rtsps://');
  if (authority.includes('@')) {
    throw badUrl('it contains a user name or password; give the credentials apart from the address');
  }
  if (fragment !== undefined) throw badUrl('it has a part behind "#", which RTSP does not know');

  const { host, port } = parseAuthority(authority, secure ? DEFAULT_SECURE_PORT : DEFAULT_PORT);
  const hostAndPort = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const portGiven = port !== (secure ? DEFAULT_SECURE_PORT : DEFAULT_PORT);
  const shownHost = portGiven ? hostAndPort : hostAndPort.slice(0, hostAndPort.lastIndexOf(':'));
  return { secure, host, port, hostAndPort, href: `${secure ? 'rtsps' : 'rtsp'}://${shownHost}${toAscii(rest)}` };
}

function parseAuthority(authority: string, defaultPort: number): { host: string; port: number } {
  // An unescaped "/" in a password cuts the authority short, so the text may hold half a password: never repeat it.
  const parts = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(authority);
  if (!parts) {
    throw badUrl(authority === '' ? 'the host is missing' : 'the host or port is malformed (is a password in it?)');
  }
  const [, rawHost = '', rawPort] = parts;
  let host = rawHost;
  if (rawHost.startsWith('[')) {
    host = rawHost.slice(1, -1);
    if (isIP(host) !== 6) throw badUrl('the address in brackets is not IPv6');
  } else if (isIP(rawHost) !== 4) {
    host = domainToASCII(rawHost);
    if (!/^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?$/i.test(host)) throw badUrl('the host name is malformed');
  }
  const port = rawPort === undefined ? defaultPort : Number(rawPort);
  if (port < 1 || port > 65_535) throw badUrl('the port is not between 1 and 65535');
  return { host, port };
}

/** Percent-encodes what is not ASCII, and leaves what is already encoded alone. */
function toAscii(text: string): string {
  try {
    return text.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  } catch (thrown) {
    throw new SentinelError('rtsp.bad_url', { problem: 'it is not well-formed Unicode' }, { cause: thrown });
  }
}

/**
 * A `Location` or `Content-Base` that a server sent, as an address.
 * @param base the address that was asked for
 * @throws SentinelError `rtsp.bad_url`
 */
export function resolveRtspUrl(base: RtspUrl, reference: string): RtspUrl {
  const trimmed = reference.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)) return parseRtspUrl(trimmed);
  const root = /^[a-z]+:\/\/[^/?]*/.exec(base.href)?.[0] ?? base.href;
  if (trimmed.startsWith('/')) return parseRtspUrl(root + trimmed);
  const path = base.href
    .slice(root.length)
    .replace(/\?.*$/, '')
    .replace(/[^/]*$/, '');
  return parseRtspUrl(`${root}${path === '' ? '/' : path}${trimmed}`);
}

/**
 * The address to SETUP or PLAY, from an SDP `a=control` (RFC 2326 appendix C.1.1). A relative one is put behind the base
 * with a slash between, as cameras expect, also behind a query, where RFC 3986 would cut the base's last segment off.
 * @param base `Content-Base`, else `Content-Location`, else the address that was described
 * @throws SentinelError `rtsp.bad_url`
 */
export function resolveControl(base: string, control: string | undefined): string {
  const wanted = control?.trim() ?? '*';
  if (wanted === '*' || wanted === '') return base;
  if (/^rtsps?:\/\//i.test(wanted)) return parseRtspUrl(withoutUserinfo(wanted)).href;
  if (/[^\x21-\x7e]/.test(wanted)) throw badUrl('a control address has blank, control or non-ASCII characters');
  const root = /^[a-z]+:\/\/[^/?]*/i.exec(base)?.[0] ?? base;
  if (wanted.startsWith('/')) return root + wanted;
  return `${base}${base.endsWith('/') ? '' : '/'}${wanted}`;
}

/** Some servers repeat the user name in the addresses they hand out; what is sent on carries none. */
export function withoutUserinfo(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
}

/**
 * Runs `resolve` on what a server handed out: where that is no address, it is the server that is wrong.
 * @throws SentinelError `rtsp.protocol`
 */
export function fromServer<T>(host: string, resolve: () => T): T {
  try {
    return resolve();
  } catch (thrown) {
    if (!(thrown instanceof SentinelError) || thrown.code !== 'rtsp.bad_url') throw thrown;
    const problem = `an address it handed out is not usable: ${String(thrown.details['problem'])}`;
    throw new SentinelError('rtsp.protocol', { host, problem }, { cause: thrown });
  }
}

function badUrl(problem: string): SentinelError {
  return new SentinelError('rtsp.bad_url', { problem });
}
