/**
 * From an address to a described stream: connect, OPTIONS, DESCRIBE (RFC 2326 sections 10.1, 10.2), following redirects
 * (section 11.3). Credentials go to the host they were given for and no further, and never from TLS to plain text.
 */
import type { Clock } from '../../base/clock.ts';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { Authorization, type Credentials } from './authorization.ts';
import { RtspConnection, type RtspTimeouts, type TlsTrust } from './connection.ts';
import type { HostConnections } from './host-connections.ts';
import { headerOf, printable, type RtspResponse } from './message-parser.ts';
import { fromServer, resolveRtspUrl, withoutUserinfo, type RtspUrl } from './rtsp-url.ts';
import { readDescription, type VideoDescription } from './sdp.ts';

export interface HandshakeOptions {
  readonly url: RtspUrl;
  readonly credentials: Credentials | undefined;
  readonly tls: TlsTrust | undefined;
  readonly clock: Clock;
  readonly connections: HostConnections;
  readonly timeouts: RtspTimeouts;
  readonly signal: AbortSignal | undefined;
  /** Ask what the server can do first; a short visit does without. */
  readonly askMethods: boolean;
  /** The answer bore the server's time (RFC 2326 section 12.18): its time minus ours, good to about half a second. */
  onServerDate?(offsetMs: number, measuredAtMs: number): void;
  /** How far it came, for whoever tells people of each step. */
  onStep?(step: OpeningStep): void;
}

/** Connected; logged in and told what it streams; set up and playing. */
export type OpeningStep = 'connected' | 'described' | 'playing';

/** Where the connection's events go; the session puts itself here before it asks for media. */
export interface ConnectionRoute {
  onInterleaved(channel: number, bytes: Buffer, start: number, end: number): void;
  onClosed(problem: SentinelError): void;
}

export interface DescribedStream {
  readonly connection: RtspConnection;
  readonly video: VideoDescription;
  /** What relative control addresses are relative to. */
  readonly base: string;
  /** Upper-case methods of the `Public` header; empty where the server did not say. */
  readonly publicMethods: ReadonlySet<string>;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302]);

/**
 * @throws SentinelError for whatever step failed; the signal's reason when it aborts
 */
export async function openDescribed(options: HandshakeOptions, route: ConnectionRoute): Promise<DescribedStream> {
  let url = options.url;
  for (let redirects = 0; redirects <= LIMITS.rtspRedirects; redirects += 1) {
    const outcome = await describeAt(url, options, route);
    if ('connection' in outcome) return outcome;
    url = outcome.redirectedTo;
  }
  throw new SentinelError('rtsp.protocol', {
    host: options.url.hostAndPort,
    problem: `it sends us on more than ${LIMITS.rtspRedirects} times`,
  });
}

async function describeAt(
  url: RtspUrl,
  options: HandshakeOptions,
  route: ConnectionRoute,
): Promise<DescribedStream | { redirectedTo: RtspUrl }> {
  const { clock, timeouts, signal, tls } = options;
  const release = await options.connections.acquire(url.hostAndPort, signal);
  let sentOn = false;
  let connection: RtspConnection;
  try {
    connection = await RtspConnection.open({
      url,
      clock,
      timeouts,
      ...(tls ? { tls } : {}),
      signal,
      authorization: new Authorization(mayCarryCredentials(options.url, url) ? options.credentials : undefined),
      onInterleaved: (channel, bytes, start, end) => route.onInterleaved(channel, bytes, start, end),
      onClosed(problem) {
        release();
        // The end of a connection that a redirect replaces is no end of the stream.
        if (!sentOn) route.onClosed(problem);
      },
    });
  } catch (thrown) {
    release();
    throw thrown;
  }

  options.onStep?.('connected');
  const sendOn = (redirectedTo: RtspUrl): { redirectedTo: RtspUrl } => {
    sentOn = true;
    connection.close(
      new SentinelError('rtsp.closed', { host: url.hostAndPort, problem: 'it sent us to another address' }),
    );
    return { redirectedTo };
  };
  return await unlessAborted(connection, signal, async () => {
    let publicMethods: ReadonlySet<string> = new Set();
    if (options.askMethods) {
      const answer = await connection.request('OPTIONS', url.href, {}, 'options');
      const redirectedTo = redirectOf(answer, url);
      if (redirectedTo) return sendOn(redirectedTo);
      // Some cameras know no OPTIONS; DESCRIBE will tell what is wrong, if anything is.
      publicMethods = methodsOf(answer);
    }
    const answer = await connection.request('DESCRIBE', url.href, { Accept: 'application/sdp' }, 'describe');
    const redirectedTo = redirectOf(answer, url);
    if (redirectedTo) return sendOn(redirectedTo);
    readDate(answer, options);
    requireSuccess(answer, 'DESCRIBE', url.hostAndPort);
    const described = { connection, publicMethods, video: videoOf(answer, url), base: baseOf(answer, url) };
    options.onStep?.('described');
    return described;
  });
}

/**
 * Runs a step of the dialogue; a failure or the signal ends the connection.
 * @throws the signal's reason when it aborted
 */
export async function unlessAborted<T>(
  connection: RtspConnection,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  const abandon = (cause?: unknown): void => {
    connection.close(
      new SentinelError('rtsp.closed', { host: connection.host, problem: 'it was given up here' }, { cause }),
    );
  };
  const onAbort = (): void => abandon(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    return await run();
  } catch (thrown) {
    abandon(thrown);
    signal?.throwIfAborted();
    throw thrown;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** @throws SentinelError saying what the server refused */
export function requireSuccess(response: RtspResponse, method: string, host: string): void {
  const { statusCode } = response;
  if (statusCode >= 200 && statusCode < 300) return;
  if (statusCode === 404) throw new SentinelError('rtsp.not_found', { host });
  if (statusCode === 403)
    throw new SentinelError('rtsp.unauthorised', { host, problem: 'this user may not see it (403)' });
  throw new SentinelError('rtsp.refused', { host, method, statusCode, reason: response.reason });
}

function mayCarryCredentials(given: RtspUrl, now: RtspUrl): boolean {
  return given.host.toLowerCase() === now.host.toLowerCase() && (now.secure || !given.secure);
}

function redirectOf(response: RtspResponse, url: RtspUrl): RtspUrl | undefined {
  if (!REDIRECTS.has(response.statusCode)) return undefined;
  const location = headerOf(response, 'location');
  if (location === undefined) {
    throw new SentinelError('rtsp.protocol', { host: url.hostAndPort, problem: 'it sends us on without saying where' });
  }
  return fromServer(url.hostAndPort, () => resolveRtspUrl(url, location));
}

function methodsOf(response: RtspResponse): ReadonlySet<string> {
  if (response.statusCode !== 200) return new Set();
  const listed = (response.headers.get('public') ?? []).join(',');
  return new Set(listed.split(',').map((method) => method.trim().toUpperCase()));
}

/** The server cuts its time to a whole second. */
function readDate(response: RtspResponse, options: HandshakeOptions): void {
  const nowMs = options.clock.nowMs();
  const dateMs = Date.parse(headerOf(response, 'date') ?? '');
  // A camera that has lost its time sends 1970; that is a measurement too.
  if (Number.isFinite(dateMs)) options.onServerDate?.(dateMs + 500 - nowMs, nowMs);
}

function videoOf(response: RtspResponse, url: RtspUrl): VideoDescription {
  const host = url.hostAndPort;
  const contentType = headerOf(response, 'content-type');
  if (contentType !== undefined && !/^application\/sdp\b/i.test(contentType)) {
    throw new SentinelError('rtsp.protocol', {
      host,
      problem: `its description is "${printable(contentType)}", not SDP`,
    });
  }
  const found = readDescription(response.body.toString('utf8'));
  if (!('kind' in found)) return found;
  if (found.kind === 'unsupported_codec') {
    throw new SentinelError('rtsp.unsupported_codec', { host, codec: found.codec });
  }
  throw new SentinelError('rtsp.protocol', { host, problem: 'its description has no video' });
}

/** RFC 2326 appendix C.1.1: Content-Base, else Content-Location, else what was asked for. */
function baseOf(response: RtspResponse, url: RtspUrl): string {
  const given = headerOf(response, 'content-base') ?? headerOf(response, 'content-location');
  if (given === undefined || given.trim() === '') return url.href;
  try {
    return resolveRtspUrl(url, withoutUserinfo(given.trim())).href;
  } catch {
    // Blanks and the like in it; what was asked for is as good a base.
    return url.href;
  }
}
