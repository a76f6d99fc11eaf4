/**
 * One socket to one RTSP server: requests out, replies matched to them, interleaved packets handed on. Authorisation is
 * answered here, so that whoever asks only sees the final reply. Every failure ends the connection, once, with one error.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Authorization } from './authorization.ts';
import { hostLookup } from './host-lookup.ts';
import {
  headerOf,
  MessageParser,
  printable,
  type RtspMessage,
  type RtspRequest,
  type RtspResponse,
} from './message-parser.ts';
import { ReadBeat, type Pace } from './read-beat.ts';
import type { RtspUrl } from './rtsp-url.ts';

/** What a wait was for; `details.step` of `rtsp.timeout`. */
export type Step =
  | 'connect'
  | 'options'
  | 'describe'
  | 'setup'
  | 'play'
  | 'keep_alive'
  | 'first_media'
  | 'media'
  | 'key_frame'
  | 'teardown';

/** The longest wait of each kind, ms. */
export interface RtspTimeouts {
  readonly connectMs: number;
  readonly replyMs: number;
  readonly firstMediaMs: number;
  readonly mediaStallMs: number;
}

export const DEFAULT_TIMEOUTS: RtspTimeouts = {
  connectMs: LIMITS.rtspConnectMs,
  replyMs: LIMITS.rtspReplyMs,
  firstMediaMs: LIMITS.rtspFirstMediaMs,
  mediaStallMs: LIMITS.rtspMediaStallMs,
};

/** For rtsps: what to trust beside the system's authorities. */
export interface TlsTrust {
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string;
  /** Cameras mostly sign their own certificates; true accepts any, which protects against listeners alone. */
  readonly acceptAny?: boolean;
}

export interface ConnectionOptions {
  readonly url: RtspUrl;
  readonly clock: Clock;
  readonly timeouts: RtspTimeouts;
  readonly authorization: Authorization;
  readonly tls?: TlsTrust;
  readonly signal?: AbortSignal | undefined;
  /** One packet; the memory is used again after the call. */
  onInterleaved(channel: number, bytes: Buffer, start: number, end: number): void;
  /** Called once when the connection is over, for whatever reason. */
  onClosed(problem: SentinelError): void;
}

interface PendingReply {
  resolve(response: RtspResponse): void;
  reject(problem: SentinelError): void;
}

const USER_AGENT = 'Sentinel';

/**
 * Every plain socket reads into this one piece of memory: a read's bytes are walked, and what must stay is copied, before
 * the next read of any socket begins. It saves an allocation per read, which over hundreds of cameras is most of the cost.
 */
const sharedReadBuffer = Buffer.allocUnsafeSlow(128 * 1024);
const ABANDONED_KEPT = 16;
const TLS_READ_BYTES = 32 * 1024;

export class RtspConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #parser: MessageParser;
  readonly #beat: ReadBeat;
  readonly #pending = new Map<number, PendingReply>();
  /** Requests given up for want of an answer, which may still come. */
  readonly #abandoned = new Set<number>();
  #cseq = 0;
  #opened = false;
  #authorized = false;
  #problem: SentinelError | undefined;

  /**
   * @returns a connected connection
   * @throws SentinelError `rtsp.unreachable`, `rtsp.timeout` (step connect), `rtsp.closed`; the signal's reason
   */
  static async open(options: ConnectionOptions): Promise<RtspConnection> {
    options.signal?.throwIfAborted();
    const connection = new RtspConnection(options);
    try {
      await connection.#connected();
      connection.#opened = true;
    } catch (thrown) {
      connection.#socket.destroy();
      throw thrown;
    }
    return connection;
  }

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#parser = new MessageParser({
      onInterleaved: (channel, bytes, start, end) => options.onInterleaved(channel, bytes, start, end),
      onMessage: (message) => this.#onMessage(message),
    });
    this.#beat = new ReadBeat(options.clock, () => this.#socket.resume());
    const { url, tls } = options;
    const onread = {
      buffer: url.secure ? Buffer.allocUnsafeSlow(TLS_READ_BYTES) : sharedReadBuffer,
      callback: (length: number, bytes: Uint8Array): boolean => {
        this.#read(bytes as Buffer, length);
        // A reply that is waited for must not lie there.
        return this.#beat.readsOn(length, length === bytes.length || this.#pending.size > 0);
      },
    };
    const target = {
      host: url.host,
      port: url.port,
      lookup: hostLookup.lookup,
      onread,
      noDelay: true,
      keepAlive: true,
    };
    this.#socket = url.secure
      ? connectTls({
          ...target,
          ...(isIP(url.host) === 0 ? { servername: url.host } : {}),
          ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
          rejectUnauthorized: tls?.acceptAny !== true,
        })
      : connectTcp(target);
    this.#socket.on('error', (thrown) => this.close(this.#closedBy(problemOf(thrown), thrown)));
    this.#socket.on('end', () => this.close(this.#closedBy('the camera closed the connection')));
    this.#socket.on('close', () => this.close(this.#closedBy('the connection was closed')));
  }

  get host(): string {
    return this.#options.url.hostAndPort;
  }

  /** Whether what comes may lie in the kernel for a moment. */
  get pace(): Pace {
    return this.#beat.pace;
  }

  set pace(pace: Pace) {
    if (!this.#problem) this.#beat.pace = pace;
  }

  /**
   * Sends one request and waits for its reply, answering an authorisation challenge on the way.
   * @param step named in the error when the reply does not come in time
   * @param options.spareOnSilence a missing reply fails the request alone, not the connection
   * @throws SentinelError `rtsp.timeout`, `rtsp.unauthorised`, `rtsp.closed`, `rtsp.protocol`
   */
  async request(
    method: string,
    uri: string,
    headers: Readonly<Record<string, string>>,
    step: Step,
    options: { spareOnSilence?: boolean; limitMs?: number } = {},
  ): Promise<RtspResponse> {
    const { authorization } = this.#options;
    let answered = 0;
    for (;;) {
      const nonceUsed = authorization.nonce;
      const header = authorization.headerFor(method, uri);
      const response = await this.#exchange(method, uri, headers, header, step, options);
      if (response.statusCode !== 401) {
        if (header !== undefined) this.#authorized = true;
        const info = headerOf(response, 'authentication-info');
        if (info !== undefined) authorization.acceptNextNonce(info);
        return response;
      }
      const challenge = authorization.accept(response.headers.get('www-authenticate') ?? []);
      const problem = !authorization.hasCredentials
        ? 'it asks for a user name and password, and none are set'
        : challenge === undefined
          ? 'it asks for a kind of authorisation that is not known here'
          : undefined;
      if (problem !== undefined) throw this.#unauthorised(problem);
      if (header !== undefined) {
        // The signature was refused. It may be old rather than wrong: the server says so, or let us in before with it and
        // now names another nonce. Then once more; a second refusal means the password.
        const stale = challenge?.parameters.get('stale')?.toLowerCase() === 'true';
        const renewed = this.#authorized && authorization.nonce !== nonceUsed;
        if (answered > 0 || !(stale || renewed)) {
          // "Stale" says that the password was right (RFC 7616 section 3.3), so this is no case for sparing the account.
          throw stale
            ? this.#protocol('it calls its own new nonce stale at once')
            : this.#unauthorised('the user name or password is wrong');
        }
        answered += 1;
      }
    }
  }

  /** Sends one interleaved packet (RFC 2326 section 10.12). */
  sendInterleaved(channel: number, packet: Buffer): void {
    const frame = Buffer.allocUnsafe(4 + packet.length);
    frame[0] = 0x24;
    frame[1] = channel;
    frame.writeUInt16BE(packet.length, 2);
    packet.copy(frame, 4);
    this.#write(frame);
  }

  /** Ends the connection; what waits for replies fails with `problem`. */
  close(problem: SentinelError): void {
    if (this.#problem) return;
    this.#problem = problem;
    this.#beat.end();
    this.#parser.stop();
    this.#socket.destroy();
    for (const pending of [...this.#pending.values()]) pending.reject(problem);
    this.#pending.clear();
    if (this.#opened) this.#options.onClosed(problem);
  }

  #connected(): Promise<void> {
    const { clock, timeouts, signal, url } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#socket.off('error', onError);
      };
      const onAbort = (): void => {
        settle();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const onError = (thrown: Error): void => {
        settle();
        reject(
          new SentinelError(
            'rtsp.unreachable',
            { host: this.host, problem: connectProblem(thrown) },
            { cause: thrown },
          ),
        );
      };
      const timer = clock.after(timeouts.connectMs, () => {
        settle();
        reject(this.#timeout('connect', timeouts.connectMs));
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#socket.once('error', onError);
      this.#socket.once(url.secure ? 'secureConnect' : 'connect', () => {
        settle();
        resolve();
      });
    });
  }

  #exchange(
    method: string,
    uri: string,
    headers: Readonly<Record<string, string>>,
    authorization: string | undefined,
    step: Step,
    options: { spareOnSilence?: boolean; limitMs?: number },
  ): Promise<RtspResponse> {
    if (this.#problem) return Promise.reject(this.#problem);
    const cseq = (this.#cseq += 1);
    const lines = [`${method} ${uri} RTSP/1.0`, `CSeq: ${cseq}`, `User-Agent: ${USER_AGENT}`];
    if (authorization !== undefined) lines.push(`Authorization: ${authorization}`);
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    // What servers told us (addresses, nonce, Session) is in these lines: none may smuggle in a line of its own.
    if (/\s/.test(uri) || lines.some((line) => /[\r\n\0]/.test(line))) {
      return Promise.reject(this.#protocol('it handed out an address or value with a line break or blank in it'));
    }
    const limitMs = options.limitMs ?? this.#options.timeouts.replyMs;
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(limitMs, () => {
        const problem = this.#timeout(step, limitMs);
        this.#abandon(cseq);
        reject(problem);
        if (options.spareOnSilence !== true) this.close(problem);
      });
      const settle = (): void => {
        timer.cancel();
        this.#pending.delete(cseq);
      };
      this.#pending.set(cseq, {
        resolve(response) {
          settle();
          resolve(response);
        },
        reject(problem) {
          settle();
          reject(problem);
        },
      });
      this.#write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
      this.#socket.resume();
    });
  }

  #read(bytes: Buffer, length: number): void {
    if (this.#problem) return;
    try {
      this.#parser.push(bytes, length);
    } catch (thrown) {
      this.close(thrown instanceof SentinelError ? thrown : this.#protocol(problemOf(thrown), thrown));
    }
  }

  #onMessage(message: RtspMessage): void {
    if (message.kind === 'request') {
      this.#answer(message);
      return;
    }
    const cseq = Number(headerOf(message, 'cseq') ?? NaN);
    const exact = this.#pending.get(cseq);
    if (exact) {
      exact.resolve(message);
      return;
    }
    if (this.#abandoned.delete(cseq)) return;
    // Some servers count on their own or leave CSeq out: then the oldest question is meant.
    this.#pending.values().next().value?.resolve(message);
  }

  /** Requests from the server (RFC 2326 section 10): it may ask what we can do, and nothing else. */
  #answer(request: RtspRequest): void {
    const cseq = headerOf(request, 'cseq');
    const lines =
      request.method === 'OPTIONS' ? ['RTSP/1.0 200 OK', 'Public: OPTIONS'] : ['RTSP/1.0 501 Not Implemented'];
    if (cseq !== undefined) lines.push(`CSeq: ${cseq}`);
    this.#write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  }

  #write(bytes: Buffer): void {
    if (this.#problem) return;
    if (this.#socket.writableLength > LIMITS.rtspUnsentBytes) {
      this.close(this.#protocol('it asks without reading our answers'));
      return;
    }
    this.#socket.write(bytes);
  }

  #abandon(cseq: number): void {
    this.#pending.delete(cseq);
    this.#abandoned.add(cseq);
    const oldest = this.#abandoned.values().next().value;
    if (this.#abandoned.size > ABANDONED_KEPT && oldest !== undefined) this.#abandoned.delete(oldest);
  }

  #timeout(step: Step, limitMs: number): SentinelError {
    return new SentinelError('rtsp.timeout', { host: this.host, step, limitMs });
  }

  #unauthorised(problem: string): SentinelError {
    return new SentinelError('rtsp.unauthorised', { host: this.host, problem });
  }

  #protocol(problem: string, cause?: unknown): SentinelError {
    return new SentinelError('rtsp.protocol', { host: this.host, problem }, { cause });
  }

  #closedBy(problem: string, cause?: unknown): SentinelError {
    return new SentinelError('rtsp.closed', { host: this.host, problem }, { cause });
  }
}

/** What a failed connect means, in words where the code alone says little. */
function connectProblem(thrown: Error & { code?: string }): string {
  const code = thrown.code ?? '';
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_/.test(code)) return `its certificate is not trusted (${code})`;
  if (/^ERR_SSL|EPROTO/.test(code)) return `it does not speak TLS as expected (${code})`;
  const words: Record<string, string> = {
    ECONNREFUSED: 'nothing listens on that port',
    EHOSTUNREACH: 'no route to the host',
    ENETUNREACH: 'no route to the network',
    ENOTFOUND: 'the host name is not known',
    EAI_AGAIN: 'the name server does not answer',
    ETIMEDOUT: 'no answer',
    ECONNRESET: 'it closed the connection at once',
  };
  const problem = words[code];
  return problem === undefined ? printable(thrown.message || code) : `${problem} (${code})`;
}
