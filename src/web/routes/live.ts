/**
 * Live pictures over one WebSocket a page (RFC 6455), as `contract-live.ts` says. A page that reads too slowly skips to
 * the next key unit of each tile; what it shows is late by no more than what may wait for it. The line ends when the
 * session does.
 */
import websocket, { type WebSocket } from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import type { Timer } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  ErrorBody,
  LIVE_HEADER_BYTES,
  LIVE_KEY_FLAG,
  LIVE_LOSS_FLAG,
  LIVE_MPEG1_FLAG,
  LIVE_URL,
  LiveAsk,
  type LiveTile,
} from '../contract.ts';
import { signedIn } from '../guard.ts';
import { LiveSittings } from '../live-sittings.ts';
import type { Server, WebParts } from '../server.ts';
import { seesCamera } from '../unit-scope.ts';
import { messageOf } from '../validation.ts';
import { eventLineRoute } from './events.ts';

/** RFC 6455 section 7.4.1. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

type LiveUnit = Parameters<Parameters<WebParts['live']['watch']>[2]['onUnit']>[0];
type LiveState = Parameters<Parameters<WebParts['live']['watch']>[2]['onState']>[0];

export async function liveRoutes(server: Server, parts: WebParts): Promise<void> {
  const pages = new Map<LivePage, number>();
  const sittings = new LiveSittings(parts);

  await server.register(async (scope) => {
    await scope.register(websocket, { options: { maxPayload: LIMITS.liveAskBytes, perMessageDeflate: false } });
    scope.addHook('onRequest', async (request, reply) => {
      if (request.ws) return;
      reply.header('upgrade', 'websocket');
      throw new SentinelError('web.wants_websocket', { path: request.routeOptions.url ?? '' });
    });
    // A refused upgrade leaves its socket with nobody: HTTP has let go of it, and there is no WebSocket.
    scope.addHook('onResponse', (request, _reply, done) => {
      request.raw.socket.destroySoon();
      done();
    });
    scope.addHook('onClose', () => sittings.close());
    scope.addHook('preClose', () => {
      for (const page of pages.keys()) page.close(GOING_AWAY, 'the server is closing');
    });
    eventLineRoute(scope, parts);
    (scope as unknown as Server).get(
      LIVE_URL,
      {
        websocket: true,
        exposeHeadRoute: false,
        config: { permission: 'live.read' },
        schema: {
          tags: ['live'],
          summary: 'Live pictures of many cameras over one WebSocket',
          response: { '4xx': ErrorBody, '5xx': ErrorBody },
        },
        preValidation: async (request) => {
          const { userId } = signedIn(request);
          const own = [...pages.values()].filter((one) => one === userId).length;
          if (pages.size < LIMITS.livePages && own < LIMITS.livePagesPerUser) return;
          const limit = own >= LIMITS.livePagesPerUser ? LIMITS.livePagesPerUser : LIMITS.livePages;
          throw new SentinelError('web.too_many_streams', { limit });
        },
      },
      (socket: WebSocket, request: FastifyRequest) => {
        const page = new LivePage(socket, request, parts, sittings);
        pages.set(page, signedIn(request).userId);
        parts.metrics.livePages.set(pages.size);
        socket.on('close', () => {
          pages.delete(page);
          parts.metrics.livePages.set(pages.size);
          page.ended();
        });
      },
    );
  });
}

interface Tile {
  readonly cameraId: number;
  /** Writes down that its picture is no longer looked at. */
  rise: (() => void) | undefined;
  end: (() => Promise<void>) | undefined;
  /** Units are skipped until a key unit finds room. */
  skipping: boolean;
  ended: boolean;
}

class LivePage {
  readonly #socket: WebSocket;
  readonly #request: FastifyRequest;
  readonly #parts: WebParts;
  readonly #sittings: LiveSittings;
  readonly #tiles = new Map<number, Tile>();
  readonly #heartbeat: Timer;
  /** What came in this turn of the event loop, for one message. */
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #grace: Timer | undefined;
  #alive = true;

  constructor(socket: WebSocket, request: FastifyRequest, parts: WebParts, sittings: LiveSittings) {
    this.#socket = socket;
    this.#request = request;
    this.#parts = parts;
    this.#sittings = sittings;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#onMessage(messageOf(LiveAsk, data, isBinary)));
    socket.on('pong', () => (this.#alive = true));
    // What went wrong with the line shows in its end; there is nobody else to tell.
    socket.on('error', () => {});
    this.#heartbeat = parts.clock.every(LIMITS.liveHeartbeatMs, () => void this.#beat());
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    // A page that does not read does not answer either.
    this.#grace ??= this.#parts.clock.after(LIMITS.httpCloseGraceMs, () => this.#socket.terminate());
  }

  /** The line is gone. */
  ended(): void {
    this.#heartbeat.cancel();
    this.#grace?.cancel();
    for (const number of [...this.#tiles.keys()]) this.#unwatch(number);
  }

  async #beat(): Promise<void> {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
    try {
      const before = signedIn(this.#request);
      const account = await this.#parts.recheck(this.#request);
      if (account?.userId !== before.userId || account.sessionKey !== before.sessionKey) {
        this.close(POLICY_VIOLATION, 'signed out');
        return;
      }
      // A mask that was drawn since holds at once.
      const masked = await this.#parts.live.maskedOf([
        ...new Set([...this.#tiles.values()].map((tile) => tile.cameraId)),
      ]);
      for (const [number, { cameraId }] of this.#tiles) {
        if (!masked.has(cameraId)) continue;
        this.#unwatch(number);
        this.#tell({ tile: number, state: 'masked' });
      }
    } catch (thrown) {
      this.#parts.log.debug({ err: thrown }, 'a live page could not check what it may show');
    }
  }

  #onMessage(ask: LiveAsk | undefined): void {
    if (!ask) {
      this.close(POLICY_VIOLATION, 'not a message of this contract');
      return;
    }
    if ('unwatch' in ask) {
      this.#unwatch(ask.unwatch.tile);
      return;
    }
    const { tile: number, camera, stream, format } = ask.watch;
    this.#unwatch(number);
    if (this.#tiles.size >= LIMITS.liveTilesPerPage) {
      this.#tell({ tile: number, state: 'refused', problem: 'web.too_many_streams' });
      return;
    }
    const tile: Tile = { cameraId: camera, rise: undefined, end: undefined, skipping: false, ended: false };
    this.#tiles.set(number, tile);
    this.#parts.metrics.liveTiles.inc();
    void this.#watch(number, tile, format === 'mpeg1' ? 'mpeg1' : stream);
  }

  async #watch(number: number, tile: Tile, what: 'sub' | 'main' | 'mpeg1'): Promise<void> {
    try {
      if (!(await seesCamera(this.#parts.db, signedIn(this.#request), tile.cameraId))) {
        throw new SentinelError('web.missing', { what: 'camera', id: tile.cameraId });
      }
      const onState = (state: LiveState): void => this.#show(number, tile, state);
      const { live } = this.#parts;
      const end =
        what === 'mpeg1'
          ? await live.watchMpeg1(tile.cameraId, {
              onPiece: (bytes, atMs) => this.#sendPiece(number, tile, bytes, atMs),
              onState,
            })
          : await live.watch(tile.cameraId, what, { onUnit: (unit) => this.#send(number, tile, unit), onState });
      if (tile.ended) await end();
      else tile.end = end;
    } catch (thrown) {
      const problem = thrown instanceof SentinelError ? thrown.code : 'web.internal';
      if (problem === 'web.internal') this.#parts.log.error({ problem: problemOf(thrown) }, 'a live tile failed');
      if (!tile.ended) this.#tell({ tile: number, state: 'refused', problem });
    }
  }

  #unwatch(number: number): void {
    const tile = this.#tiles.get(number);
    if (!tile) return;
    tile.ended = true;
    this.#tiles.delete(number);
    this.#parts.metrics.liveTiles.dec();
    tile.rise?.();
    void tile.end?.();
  }

  #show(number: number, tile: Tile, { name, codec, problem }: LiveState): void {
    if (tile.ended) return;
    if (name === 'playing') tile.rise ??= this.#sittings.sit(signedIn(this.#request).userId, tile.cameraId);
    this.#tell({ tile: number, state: name, ...(codec && { codec }), ...(problem && { problem }) });
  }

  #send(number: number, tile: Tile, unit: LiveUnit): void {
    if (tile.ended || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#isFull()) tile.skipping = true;
    else if (unit.isKey) tile.skipping = false;
    this.#parts.metrics.liveUnits[tile.skipping ? 'skipped' : 'sent']++;
    if (tile.skipping) return;
    const flags = (unit.isKey ? LIVE_KEY_FLAG : 0) | (unit.followsLoss ? LIVE_LOSS_FLAG : 0);
    this.#gather(headerOf(number, flags, unit.arrivedAtMs, unit.rtpTimestamp, unit.bytes.length), unit.bytes);
  }

  /** The player finds its way back into a transport stream of which pieces are missing. */
  #sendPiece(number: number, tile: Tile, bytes: Uint8Array, atMs: number): void {
    if (tile.ended || this.#socket.readyState !== this.#socket.OPEN) return;
    const isSkipped = this.#isFull();
    this.#parts.metrics.liveUnits[isSkipped ? 'skipped' : 'sent']++;
    if (!isSkipped) this.#gather(headerOf(number, LIVE_MPEG1_FLAG, atMs, 0, bytes.length), bytes);
  }

  #isFull(): boolean {
    return this.#socket.bufferedAmount + this.#gatheredBytes > LIMITS.liveBytesWaiting;
  }

  #gather(header: Uint8Array, bytes: Uint8Array): void {
    if (this.#gathered.length === 0) setImmediate(() => this.#flush());
    this.#gathered.push(header, bytes);
    this.#gatheredBytes += header.length + bytes.length;
    if (this.#gatheredBytes >= LIMITS.liveMessageBytes) this.#flush();
  }

  #flush(): void {
    if (this.#gathered.length === 0) return;
    const message = Buffer.concat(this.#gathered, this.#gatheredBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(message);
  }

  #tell(tile: LiveTile): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(tile));
  }
}

function headerOf(tile: number, flags: number, atMs: number, mediaTime: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(LIVE_HEADER_BYTES);
  header.writeUInt16BE(tile, 0);
  header[2] = flags;
  header[3] = 0;
  header.writeDoubleBE(atMs, 4);
  header.writeUInt32BE(mediaTime >>> 0, 12);
  header.writeUInt32BE(length, 16);
  return header;
}
