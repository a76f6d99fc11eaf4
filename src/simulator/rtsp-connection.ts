/** One client's connection: answers its RTSP requests (RFC 2326) and carries its session's packets. */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import type { Challenge } from './challenge.ts';
import type { Channel } from './channel.ts';
import type { Fault } from './faults.ts';
import { RequestReader, type RtspRequest } from './rtsp-request.ts';
import { Viewer } from './viewer.ts';

const METHODS = 'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER';
/** A trickling stream: 5 KB a second. */
const TRICKLE_BYTES = 256;
const TRICKLE_MS = 50;

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  501: 'Not Implemented',
  505: 'RTSP Version Not Supported',
};

/** A stream as the server finds it under a path. */
export interface Stream {
  readonly channel: Channel;
  /** Session description (RFC 8866) of what plays now. */
  describe(): string;
  fault(): Fault | undefined;
  readonly faultAfterMs: number;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly challenge: Challenge;
  readonly sessionTimeoutS: number;
  /** Only requests keep a session alive; otherwise RTCP packets do as well. */
  readonly strictKeepAlive: boolean;
  readonly find: (path: string) => Stream | undefined;
  readonly newSessionId: () => string;
  readonly random: () => number;
}

interface Session {
  readonly id: string;
  readonly stream: Stream;
  videoChannel: number | undefined;
  audioChannel: number | undefined;
  viewer: Viewer | undefined;
}

export class RtspConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader = new RequestReader();
  #session: Session | undefined;
  #lastSignMs: number;
  #hung = false;
  #trickle: { queue: Buffer[]; bytes: number; timer: Timer } | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#lastSignMs = options.clock.monotonicMs();
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#release());
  }

  get isPlaying(): boolean {
    return this.#session?.viewer !== undefined;
  }

  /** The stream this connection has set up. */
  get stream(): Stream | undefined {
    return this.#session?.stream;
  }

  /** Cuts a connection that has been silent past its session's timeout. */
  sweep(): void {
    const silentMs = this.#options.clock.monotonicMs() - this.#lastSignMs;
    if (silentMs > this.#options.sessionTimeoutS * 1000) this.cut();
  }

  cut(): void {
    this.#release();
    this.#socket.destroy();
  }

  get backlogBytes(): number {
    return this.#socket.writableLength + (this.#trickle?.bytes ?? 0);
  }

  write(bytes: Buffer): void {
    if (this.#socket.destroyed) return;
    if (!this.#trickle) {
      this.#socket.write(bytes);
      return;
    }
    this.#trickle.queue.push(bytes);
    this.#trickle.bytes += bytes.length;
  }

  #receive(bytes: Buffer): void {
    for (const item of this.#reader.push(bytes)) {
      if (this.#hung || this.#socket.destroyed) return;
      if (item.kind === 'nonsense') {
        this.#answer(undefined, 400, ['Connection: close']);
        this.#socket.end();
        return;
      }
      if (item.kind === 'request') this.#handle(item);
      if (item.kind === 'request' || !this.#options.strictKeepAlive)
        this.#lastSignMs = this.#options.clock.monotonicMs();
    }
  }

  #handle(request: RtspRequest): void {
    if (request.version !== 'RTSP/1.0') {
      this.#answer(request, 505);
      return;
    }
    const { path, track } = placeOf(request.url);
    const stream = this.#options.find(path);
    const fault = stream?.fault();
    if (fault === 'offline') {
      this.cut();
      return;
    }
    if (fault === 'trickle') this.#startTrickle();
    if (fault === 'hang' || (fault && fault === hangOf(request.method))) {
      this.#hung = true;
      return;
    }
    if (request.method === 'OPTIONS') {
      this.#answer(request, 200, [`Public: ${METHODS}`]);
      return;
    }
    const verdict =
      fault === 'unauthorised'
        ? 'refused'
        : this.#options.challenge.judge(request.method, request.url, request.headers.get('authorization'));
    if (verdict !== 'accepted') {
      const offers = this.#options.challenge.offers(verdict === 'stale');
      this.#answer(
        request,
        401,
        offers.map((offer) => `WWW-Authenticate: ${offer}`),
      );
      return;
    }
    switch (request.method) {
      case 'DESCRIBE': {
        this.#describe(request, stream);
        return;
      }
      case 'SETUP': {
        this.#setup(request, stream, track, fault);
        return;
      }
      case 'PLAY': {
        this.#withSession(request, (session) => this.#play(request, session));
        return;
      }
      case 'PAUSE': {
        this.#withSession(request, (session) => {
          this.#stopPlaying(session);
          this.#answer(request, 200);
        });
        return;
      }
      case 'TEARDOWN': {
        this.#withSession(request, () => {
          this.#answer(request, 200);
          this.#release();
          this.#socket.end();
        });
        return;
      }
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        if (!request.headers.has('session')) {
          this.#answer(request, 200);
          return;
        }
        {
          this.#withSession(request, () => this.#answer(request, 200));
          return;
        }
      default: {
        this.#answer(request, 501);
        return;
      }
    }
  }

  #describe(request: RtspRequest, stream: Stream | undefined): void {
    if (!stream) {
      this.#answer(request, 404);
      return;
    }
    this.#answer(
      request,
      200,
      [`Content-Base: ${request.url.replace(/\/?$/, '/')}`, 'Content-Type: application/sdp'],
      stream.describe(),
    );
  }

  #setup(request: RtspRequest, stream: Stream | undefined, track: number, fault: Fault | undefined): void {
    if (!stream || track > 2) {
      this.#answer(request, 404);
      return;
    }
    if (fault === 'busy') {
      this.#answer(request, 453);
      return;
    }
    const transport = request.headers.get('transport') ?? '';
    if (!/RTP\/AVP\/TCP/i.test(transport)) {
      this.#answer(request, 461);
      return;
    }
    if (this.#session?.viewer) {
      this.#answer(request, 455);
      return;
    }
    const asked = request.headers.get('session');
    if (asked !== undefined && bareSession(asked) !== this.#session?.id) {
      this.#answer(request, 454);
      return;
    }
    const session = (this.#session ??= {
      id: this.#options.newSessionId(),
      stream,
      videoChannel: undefined,
      audioChannel: undefined,
      viewer: undefined,
    });
    const channel = Number(/interleaved=(\d{1,3})/i.exec(transport)?.[1] ?? (track - 1) * 2);
    if (channel > 254) {
      this.#answer(request, 461);
      return;
    }
    if (track === 1) session.videoChannel = channel;
    else session.audioChannel = channel;
    const ssrc = stream.channel.ssrc.toString(16).toUpperCase().padStart(8, '0');
    this.#answer(request, 200, [
      `Transport: RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1};ssrc=${ssrc};mode="PLAY"`,
      this.#sessionHeader(session),
    ]);
  }

  #play(request: RtspRequest, session: Session): void {
    const { stream, videoChannel } = session;
    if (videoChannel === undefined) {
      this.#answer(request, 455);
      return;
    }
    const { sequence, rtpTimestamp } = stream.channel.next;
    const track = `${request.url.replace(/\/?$/, '/')}trackID=1`;
    this.#answer(request, 200, [
      this.#sessionHeader(session),
      'Range: npt=now-',
      `RTP-Info: url=${track};seq=${sequence};rtptime=${rtpTimestamp}`,
    ]);
    if (session.viewer) return;
    session.viewer = new Viewer({
      clock: this.#options.clock,
      sink: this,
      videoChannel,
      audioChannel: session.audioChannel,
      fps: stream.channel.fps,
      fault: () => stream.fault(),
      faultAfterMs: stream.faultAfterMs,
      random: this.#options.random,
    });
    stream.channel.join(session.viewer);
  }

  #withSession(request: RtspRequest, run: (session: Session) => void): void {
    const id = request.headers.get('session');
    if (!this.#session || id === undefined || bareSession(id) !== this.#session.id) {
      this.#answer(request, 454);
      return;
    }
    run(this.#session);
  }

  #sessionHeader(session: Session): string {
    return `Session: ${session.id};timeout=${this.#options.sessionTimeoutS}`;
  }

  #answer(request: RtspRequest | undefined, status: number, headers: readonly string[] = [], body = ''): void {
    const cseq = request?.headers.get('cseq');
    const session = this.#session;
    const lines = [
      `RTSP/1.0 ${status} ${REASONS[status] ?? 'Error'}`,
      ...(cseq === undefined ? [] : [`CSeq: ${cseq}`]),
      'Server: Sentinel simulator',
      ...headers,
      ...(session && !headers.some((header) => header.startsWith('Session:')) ? [`Session: ${session.id}`] : []),
      ...(body ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
    ];
    this.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`));
  }

  #startTrickle(): void {
    this.#trickle ??= {
      queue: [],
      bytes: 0,
      timer: this.#options.clock.every(TRICKLE_MS, () => this.#drip()),
    };
  }

  #drip(): void {
    const trickle = this.#trickle;
    const first = trickle?.queue.shift();
    if (!trickle || !first) return;
    this.#socket.write(first.subarray(0, TRICKLE_BYTES));
    if (first.length > TRICKLE_BYTES) trickle.queue.unshift(first.subarray(TRICKLE_BYTES));
    trickle.bytes -= Math.min(first.length, TRICKLE_BYTES);
  }

  #stopPlaying(session: Session): void {
    if (session.viewer) session.stream.channel.leave(session.viewer);
    session.viewer = undefined;
  }

  #release(): void {
    if (this.#session) this.#stopPlaying(this.#session);
    this.#session = undefined;
    this.#trickle?.timer.cancel();
    this.#trickle = undefined;
  }
}

/** `/gate/sub/trackID=1` is track 1 of `gate/sub`; without a track it is the first. */
function placeOf(url: string): { path: string; track: number } {
  const whole = url.replace(/^rtsp:\/\/[^/]*/i, '').replace(/[?#].*$/, '');
  const [, path = '', track] = /^\/*(.*?)\/*(?:\/trackID=(\d{1,3}))?$/.exec(whole) ?? [];
  return { path, track: track === undefined ? 1 : Number(track) };
}

function hangOf(method: string): Fault | undefined {
  return method === 'SETUP' ? 'hang-setup' : method === 'PLAY' ? 'hang-play' : undefined;
}

function bareSession(header: string): string {
  return header.split(';')[0]?.trim() ?? '';
}
