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
  LIVE_KEY_FLAG,
  LIVE_LOSS_FLAG,
  LIVE_MPEG1_FLAG,
  LIVE_TILE_BYTES,
  LIVE_URL,
  LiveAsk,
  type LiveTile,
} from '../contract.ts';
import { signedIn } from '../guard.ts';
import { LiveMessages, type LivePiece } from '../live-messages.ts';
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
  const messages = new LiveMessages(parts.clock);

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
        const page = new LivePage(socket, request, parts, sittings, messages);
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
  /** What came since the page was last written to. */
  gathered: LivePiece[];
}

class LivePage {
  readonly #socket: WebSocket;
  readonly #request: FastifyRequest;
  readonly #parts: WebParts;
  readonly #sittings: LiveSittings;
  readonly #messages: LiveMessages;
  readonly #tiles = new Map<number, Tile>();
  readonly #heartbeat: Timer;
  readonly #write = (): void => this.#flush();
  #gatheredBytes = 0;
  #grace: Timer | undefined;
  #alive = true;

  constructor(
    socket: WebSocket,
    request: FastifyRequest,
    parts: WebParts,
    sittings: LiveSittings,
    messages: LiveMessages,
  ) {
    this.#socket = socket;
    this.#request = request;
    this.#parts = parts;
    this.#sittings = sittings;
    this.#messages = messages;
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
    const tile: Tile = {
      ...{ cameraId: camera, rise: undefined, end: undefined, skipping: false, ended: false },
      gathered: [],
    };
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
              onPiece: (bytes, atMs) => this.#sendPiece(tile, bytes, atMs),
              onState,
            })
          : await live.watch(tile.cameraId, what, { onUnit: (unit) => this.#send(tile, unit), onState });
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

  #send(tile: Tile, { isKey, followsLoss, arrivedAtMs, rtpTimestamp, bytes }: LiveUnit): void {
    if (tile.ended || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#isFull()) tile.skipping = true;
    else if (isKey) tile.skipping = false;
    this.#parts.metrics.liveUnits[tile.skipping ? 'skipped' : 'sent']++;
    if (tile.skipping) return;
    const flags = (isKey ? LIVE_KEY_FLAG : 0) | (followsLoss ? LIVE_LOSS_FLAG : 0);
    this.#gather(tile, { flags, atMs: arrivedAtMs, mediaTime: rtpTimestamp, bytes });
  }

  /** The player finds its way back into a transport stream of which pieces are missing. */
  #sendPiece(tile: Tile, bytes: Uint8Array, atMs: number): void {
    if (tile.ended || this.#socket.readyState !== this.#socket.OPEN) return;
    const isSkipped = this.#isFull();
    this.#parts.metrics.liveUnits[isSkipped ? 'skipped' : 'sent']++;
    if (!isSkipped) this.#gather(tile, { flags: LIVE_MPEG1_FLAG, atMs, mediaTime: 0, bytes });
  }

  #isFull(): boolean {
    return this.#socket.bufferedAmount + this.#gatheredBytes > LIMITS.liveBytesWaiting;
  }

  #gather(tile: Tile, piece: LivePiece): void {
    tile.gathered.push(piece);
    this.#gatheredBytes += piece.bytes.length;
    if (this.#gatheredBytes >= LIMITS.liveMessageBytes) this.#flush();
    else this.#messages.soon(this.#write);
  }

  #flush(): void {
    this.#gatheredBytes = 0;
    const line = this.#request.raw.socket;
    // One call of the system for all that is written here.
    line.cork();
    for (const [number, tile] of this.#tiles) {
      const { gathered } = tile;
      if (gathered.length === 0) continue;
      tile.gathered = [];
      if (this.#socket.readyState !== this.#socket.OPEN) continue;
      this.#socket.send(numberOf(number), { binary: true, fin: false });
      this.#socket.send(this.#messages.of(gathered), { binary: true, fin: true });
    }
    line.uncork();
  }

  #tell(tile: LiveTile): void {
    // What came before it is sent before it.
    this.#flush();
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(tile));
  }
}

function numberOf(tile: number): Buffer {
  const bytes = Buffer.allocUnsafe(LIVE_TILE_BYTES);
  bytes.writeUInt16BE(tile, 0);
  return bytes;
}
