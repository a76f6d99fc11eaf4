/**
 * One playing stream: SETUP, PLAY, packets, TEARDOWN (RFC 2326 section 10). Keeps the session alive, answers with
 * receiver reports, reads the camera's clock, and notices when the stream stalls.
 */
import { randomInt } from 'node:crypto';
import type { Timer } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Codec, MediaCounters } from './access-unit.ts';
import type { RtspConnection } from './connection.ts';
import {
  openDescribed,
  requireSuccess,
  unlessAborted,
  type ConnectionRoute,
  type DescribedStream,
  type HandshakeOptions,
} from './handshake.ts';
import { headerOf, printable, type RtspResponse } from './message-parser.ts';
import { newCanonicalName, readRtcp, writeReceiverReport } from './rtcp.ts';
import { Mpeg4Depacketizer } from './mpeg4-depacketizer.ts';
import { nextBeatMs, type Pace } from './read-beat.ts';
import {
  RefusedPacketisation,
  RtpDepacketizer,
  type AssembledUnit,
  type Demand,
  type Depacketizer,
  type UnitHandler,
} from './rtp-depacketizer.ts';
import { RtpReceiver } from './rtp.ts';
import { fromServer, resolveControl } from './rtsp-url.ts';

export interface SessionOptions extends HandshakeOptions {
  readonly counters: MediaCounters;
  /** What is wanted from the first packet on. */
  readonly demand: Demand;
  onUnit(unit: AssembledUnit, codec: Codec): void;
  /** The first unit, wanted or not, has come. */
  onMedia?(codec: Codec): void;
  /** A sender report with a wall clock came: the camera's time minus ours. */
  onClockOffset?(offsetMs: number, measuredAtMs: number): void;
  /** Once, when a session that played is over for any reason but {@link RtspSession.close}. */
  onEnded(problem: SentinelError): void;
}

const TICK_MS = 1_000;
/** RFC 3550 section 6.2: five seconds between reports, times 0.5 to 1.5 so that receivers do not fall into step. */
const REPORT_MS = 5_000;
/** RFC 2326 section 12.37. */
const DEFAULT_SESSION_S = 60;
/** The camera's clock is read this often. */
const CLOCK_EVERY_MS = 60_000;
/** For so long what comes is read at once so that a sender report's own time is known; cameras send one every few seconds. */
const CLOCK_WAIT_MS = 15_000;
const ASKED = { rtpChannel: 0, rtcpChannel: 1 };
/** RTCP packet types where RTP has marker and payload type, for servers that send both on one channel (RFC 5761 section 4). */
const FIRST_RTCP_TYPE = 200;
const LAST_RTCP_TYPE = 204;

export class RtspSession {
  readonly codec: Codec;
  readonly #options: SessionOptions;
  readonly #connection: RtspConnection;
  readonly #receiver: RtpReceiver;
  readonly #depacketizer: Depacketizer;
  readonly #ownSsrc = randomInt(2 ** 32 - 1);
  readonly #canonicalName = newCanonicalName();
  readonly #aggregateUrl: string;
  readonly #mediaUrl: string;
  readonly #payloadType: number;
  #keepAliveMethod: 'GET_PARAMETER' | 'OPTIONS';
  #rtpChannel = ASKED.rtpChannel;
  #rtcpChannel = ASKED.rtcpChannel;
  #sessionId: string | undefined;
  #sessionTimeoutS = DEFAULT_SESSION_S;
  #tick: Timer | undefined;
  #over = false;
  #paceOfAll: Pace = 'at_once';
  #playedAtMs = 0;
  #lastUnitEndMs: number | undefined;
  #nextKeepAliveMs = 0;
  #nextReportMs = 0;
  #lastSenderReport: { compactNtp: number; atMs: number } | undefined;
  #clockDueMs = 0;
  #awaitsReportUntilMs = 0;

  /**
   * @returns a session that plays; units may have come already
   * @throws SentinelError for whatever step failed; the signal's reason when it aborts
   */
  static async open(options: SessionOptions): Promise<RtspSession> {
    let closed: SentinelError | undefined;
    const route: ConnectionRoute = {
      onInterleaved() {},
      onClosed(problem) {
        closed = problem;
      },
    };
    const stream = await openDescribed(options, route);
    // The connection may have ended in the moment before anybody listened.
    if (closed) throw closed;
    return await unlessAborted(stream.connection, options.signal, async () => {
      const session = new RtspSession(options, stream);
      await session.#setup();
      route.onInterleaved = (channel, bytes, start, end) => session.#onInterleaved(channel, bytes, start, end);
      await session.#play();
      // What closed it so soon is the failure of opening it.
      if (closed) throw closed;
      options.onStep?.('playing');
      session.#begin();
      route.onClosed = (problem) => session.#onClosed(problem);
      return session;
    });
  }

  private constructor(options: SessionOptions, stream: DescribedStream) {
    const { video } = stream;
    this.codec = video.codec;
    this.#options = options;
    this.#connection = stream.connection;
    this.#payloadType = video.payloadType;
    const resolve = (base: string, control: string | undefined): string =>
      fromServer(stream.connection.host, () => resolveControl(base, control));
    this.#aggregateUrl = resolve(stream.base, video.sessionControl);
    // A session's own control address is what the media's is relative to, where it is a whole address.
    const mediaBase = /^rtsps?:/i.test(video.sessionControl ?? '') ? this.#aggregateUrl : stream.base;
    this.#mediaUrl = resolve(mediaBase, video.mediaControl);
    this.#keepAliveMethod = stream.publicMethods.has('GET_PARAMETER') ? 'GET_PARAMETER' : 'OPTIONS';
    const { codec, parameterSets } = video;
    const handler: UnitHandler = {
      onUnit: (unit) => options.onUnit(unit, codec),
      onUnitEnd: () => {
        const isFirst = this.#lastUnitEndMs === undefined;
        this.#lastUnitEndMs = options.clock.monotonicMs();
        if (!isFirst) return;
        this.#pace();
        options.onMedia?.(codec);
      },
      onDamaged: () => {
        options.counters.unitsDamaged += 1;
      },
    };
    this.#depacketizer =
      codec === 'mpeg4'
        ? new Mpeg4Depacketizer(parameterSets, handler)
        : new RtpDepacketizer(codec, parameterSets, handler);
    this.#depacketizer.demand = options.demand;
    this.#receiver = new RtpReceiver(video, options.counters, (bytes, start, end, timestamp, marker, lost) =>
      this.#depacketizer.push(bytes, start, end, timestamp, marker, lost),
    );
  }

  /** What is wanted from the next unit on; with `none` packets are only walked. */
  get demand(): Demand {
    return this.#depacketizer.demand;
  }

  set demand(demand: Demand) {
    this.#depacketizer.demand = demand;
    this.#pace();
  }

  /** With `all`: how hurriedly units are wanted. */
  set pace(pace: Pace) {
    this.#paceOfAll = pace;
    this.#pace();
  }

  #pace(): void {
    // Before the first unit its coming is waited for, and now and then a sender report's is.
    const awaitsReport = this.#options.clock.monotonicMs() < this.#awaitsReportUntilMs;
    const mayWait = this.#lastUnitEndMs !== undefined && !awaitsReport;
    const pace = { none: 'unhurried', key: 'soon', all: this.#paceOfAll } as const;
    this.#connection.pace = mayWait ? pace[this.demand] : 'at_once';
  }

  /** How long ago a unit ended last, wanted or not; undefined before the first. */
  get lastUnitAgoMs(): number | undefined {
    if (this.#lastUnitEndMs === undefined) return undefined;
    return this.#options.clock.monotonicMs() - this.#lastUnitEndMs;
  }

  /** Says goodbye with TEARDOWN, waits {@link LIMITS.rtspTeardownMs} for the answer at most, and closes. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#tick?.cancel();
    this.#depacketizer.demand = 'none';
    try {
      await this.#connection.request('TEARDOWN', this.#aggregateUrl, this.#sessionHeader(), 'teardown', {
        spareOnSilence: true,
        limitMs: LIMITS.rtspTeardownMs,
      });
    } catch {
      // Whatever it answers, or if it does not, we go.
    }
    this.#connection.close(this.#closed('it was closed here'));
  }

  async #setup(): Promise<void> {
    const response = await this.#connection.request(
      'SETUP',
      this.#mediaUrl,
      { Transport: `RTP/AVP/TCP;unicast;interleaved=${ASKED.rtpChannel}-${ASKED.rtcpChannel}` },
      'setup',
    );
    requireSuccess(response, 'SETUP', this.#connection.host);
    const transport = headerOf(response, 'transport');
    if (transport !== undefined) {
      const channels = /\binterleaved\s*=\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?/i.exec(transport);
      if (!channels && !/\bTCP\b/i.test(transport)) {
        throw this.#protocol(`it answers SETUP with the transport "${printable(transport)}" instead of TCP`);
      }
      // Some servers count their channels on instead of taking the ones asked for.
      if (channels) {
        this.#rtpChannel = Number(channels[1]) & 0xff;
        this.#rtcpChannel = channels[2] === undefined ? (this.#rtpChannel + 1) & 0xff : Number(channels[2]) & 0xff;
      }
    }
    this.#readSessionHeader(response);
  }

  async #play(): Promise<void> {
    const headers = { ...this.#sessionHeader(), Range: 'npt=0.000-' };
    let response = await this.#connection.request('PLAY', this.#aggregateUrl, headers, 'play');
    // 459 aggregate operation not allowed (RFC 2326 section 11.4.10): then the media's own address is meant.
    if (response.statusCode === 459 && this.#mediaUrl !== this.#aggregateUrl) {
      response = await this.#connection.request('PLAY', this.#mediaUrl, headers, 'play');
    }
    requireSuccess(response, 'PLAY', this.#connection.host);
    this.#readSessionHeader(response);
  }

  #begin(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#playedAtMs = nowMs;
    this.#nextKeepAliveMs = nowMs + this.#keepAliveEveryMs();
    this.#nextReportMs = nowMs + unevenReportMs();
    this.#awaitsReportUntilMs = nowMs + CLOCK_WAIT_MS;
    this.#pace();
    this.#tickOn();
  }

  /** On a beat that cameras are read on: one waking serves both. */
  #tickOn(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#tick = this.#options.clock.after(nextBeatMs(nowMs, TICK_MS) - nowMs, () => {
      this.#onTick();
      if (!this.#over) this.#tickOn();
    });
  }

  #readSessionHeader(response: RtspResponse): void {
    const value = headerOf(response, 'session');
    if (value === undefined) return;
    const id = value.split(';', 1)[0]?.trim() ?? '';
    if (id !== '') this.#sessionId = id;
    const timeout = /;\s*timeout\s*=\s*(\d{1,6})/i.exec(value)?.[1];
    if (timeout !== undefined) {
      this.#sessionTimeoutS = Math.min(
        LIMITS.rtspSessionLongestS,
        Math.max(LIMITS.rtspSessionShortestS, Number(timeout)),
      );
    }
  }

  #sessionHeader(): Record<string, string> {
    return this.#sessionId === undefined ? {} : { Session: this.#sessionId };
  }

  #keepAliveEveryMs(): number {
    return (this.#sessionTimeoutS * 1000) / 2;
  }

  #onInterleaved(channel: number, bytes: Buffer, start: number, end: number): void {
    if (this.#over) return;
    const type = bytes[start + 1] ?? 0;
    const isRtcp = type >= FIRST_RTCP_TYPE && type <= LAST_RTCP_TYPE;
    if (channel === this.#rtpChannel && !isRtcp) {
      try {
        // When bytes were left lying, the time they are read at says nothing of the network's jitter.
        this.#receiver.receive(
          bytes,
          start,
          end,
          this.#connection.pace === 'at_once' ? this.#options.clock.monotonicMs() : NaN,
        );
      } catch (thrown) {
        if (!(thrown instanceof RefusedPacketisation)) throw thrown;
        throw new SentinelError(
          'rtsp.unsupported_codec',
          { host: this.#connection.host, codec: `${this.codec.toUpperCase()} in ${thrown.message} packets` },
          { cause: thrown },
        );
      }
    } else if (channel === this.#rtcpChannel || channel === this.#rtpChannel) {
      this.#onRtcp(bytes, start, end);
    }
  }

  #onRtcp(bytes: Buffer, start: number, end: number): void {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const { senderReports, goodbyes } = readRtcp(bytes, start, end, nowMs);
    for (const report of senderReports) {
      // Before the first packet any source may be ours.
      if (this.#receiver.ssrc !== undefined && report.ssrc !== this.#receiver.ssrc) continue;
      this.#lastSenderReport = { compactNtp: report.compactNtp, atMs: clock.monotonicMs() };
      if (report.wallClockMs !== undefined) this.#onWallClock(report.wallClockMs, nowMs);
    }
    if (this.#receiver.ssrc !== undefined && goodbyes.includes(this.#receiver.ssrc)) {
      this.#connection.close(this.#closed('the camera said goodbye'));
    }
  }

  #onWallClock(wallClockMs: number, nowMs: number): void {
    const monotonicMs = this.#options.clock.monotonicMs();
    if (this.#connection.pace === 'at_once') {
      this.#options.onClockOffset?.(wallClockMs - nowMs, nowMs);
      this.#clockDueMs = monotonicMs + CLOCK_EVERY_MS;
      this.#awaitsReportUntilMs = 0;
    } else if (monotonicMs >= this.#clockDueMs) {
      // This one lay in the kernel for who knows how long; the next is read as it comes.
      this.#awaitsReportUntilMs = monotonicMs + CLOCK_WAIT_MS;
    }
    this.#pace();
  }

  #onTick(): void {
    const { clock, timeouts } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#pace();
    if (this.#lastUnitEndMs === undefined) {
      if (nowMs - this.#playedAtMs >= timeouts.firstMediaMs) {
        this.#connection.close(this.#noMedia());
        return;
      }
    } else if (nowMs - this.#lastUnitEndMs >= timeouts.mediaStallMs) {
      this.#connection.close(
        new SentinelError('rtsp.timeout', {
          host: this.#connection.host,
          step: 'media',
          limitMs: timeouts.mediaStallMs,
        }),
      );
      return;
    }
    if (nowMs >= this.#nextKeepAliveMs) {
      this.#nextKeepAliveMs = nowMs + this.#keepAliveEveryMs();
      void this.#keepAlive();
    }
    if (nowMs >= this.#nextReportMs) {
      this.#nextReportMs = nowMs + unevenReportMs();
      this.#sendReport(nowMs);
    }
  }

  #noMedia(): SentinelError {
    const other = this.#receiver.otherPayloadType;
    if (other !== undefined) {
      return this.#protocol(`it announced payload type ${this.#payloadType} and sends ${other}`);
    }
    return new SentinelError('rtsp.timeout', {
      host: this.#connection.host,
      step: 'first_media',
      limitMs: this.#options.timeouts.firstMediaMs,
    });
  }

  async #keepAlive(): Promise<void> {
    const method = this.#keepAliveMethod;
    let response: RtspResponse;
    try {
      response = await this.#connection.request(method, this.#aggregateUrl, this.#sessionHeader(), 'keep_alive', {
        spareOnSilence: true,
      });
    } catch (thrown) {
      // A camera that leaves it unanswered while pictures come is let be: the stall limit watches over it.
      const silent = thrown instanceof SentinelError && thrown.code === 'rtsp.timeout';
      if (!silent && !this.#over) {
        this.#connection.close(thrown instanceof SentinelError ? thrown : this.#protocol(problemOf(thrown)));
      }
      return;
    }
    if (response.statusCode === 454) {
      this.#connection.close(this.#closed('the camera has forgotten the session'));
    } else if (response.statusCode >= 300 && method === 'GET_PARAMETER') {
      this.#keepAliveMethod = 'OPTIONS';
      this.#nextKeepAliveMs = 0;
    }
  }

  #sendReport(nowMs: number): void {
    const last = this.#lastSenderReport;
    const block = this.#receiver.report(last ? { compactNtp: last.compactNtp, agoMs: nowMs - last.atMs } : undefined);
    this.#connection.sendInterleaved(this.#rtcpChannel, writeReceiverReport(this.#ownSsrc, this.#canonicalName, block));
  }

  #onClosed(problem: SentinelError): void {
    this.#tick?.cancel();
    if (this.#over) return;
    this.#over = true;
    this.#options.onEnded(problem);
  }

  #closed(problem: string): SentinelError {
    return new SentinelError('rtsp.closed', { host: this.#connection.host, problem });
  }

  #protocol(problem: string): SentinelError {
    return new SentinelError('rtsp.protocol', { host: this.#connection.host, problem });
  }
}

function unevenReportMs(): number {
  return REPORT_MS * (0.5 + Math.random());
}
