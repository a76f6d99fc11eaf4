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
import { ErrorBody, LIVE_TILE_BYTES, LIVE_URL, LiveAsk, type LiveTile } from '../contract.ts';
import { fromKeyUnit, type LiveState, type LiveUnit, type Mpeg1Piece } from '../../wall/wall.ts';
import { signedIn } from '../guard.ts';
import type { Account } from '../people-store.ts';
import { piecesMessage, unitsMessage } from '../live-messages.ts';
import { LiveSittings } from '../live-sittings.ts';
import type { Server, WebParts } from '../server.ts';
import { seesCamera } from '../unit-scope.ts';
import { messageOf } from '../validation.ts';
import { eventLineRoute } from './events.ts';

/** RFC 6455 section 7.4.1. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

export async function liveRoutes(server: Server, parts: WebParts): Promise<void> {
  const pages = new Map<LivePage, number>();
  const sittings = new LiveSittings(parts);
  let checking: Promise<void> | undefined;
  const heartbeat = parts.clock.every(LIMITS.liveHeartbeatMs, () => {
    for (const page of pages.keys()) page.probe();
    checking ??= check(parts, [...pages.keys()]).finally(() => (checking = undefined));
  });

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
    scope.addHook('onClose', () => {
      heartbeat.cancel();
      return sittings.close();
    });
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

type LiveWatch = Extract<LiveAsk, { watch: unknown }>['watch'];

/** Whether pages may still look, and at what: once for all pages of a session, and for all cameras. */
async function check({ recheck, live, log }: WebParts, pages: readonly LivePage[]): Promise<void> {
  try {
    const accounts = new Map<string | LivePage, Account | undefined>();
    for (const page of pages) {
      const key = signedIn(page.request).sessionKey ?? page;
      if (!accounts.has(key)) accounts.set(key, await recheck(page.request));
      page.recheck(accounts.get(key));
    }
    // A mask that was drawn since holds at once.
    const masked = await live.maskedOf([...new Set(pages.flatMap(({ cameraIds }) => cameraIds))]);
    for (const page of pages) page.mask(masked);
  } catch (thrown) {
    log.debug({ err: thrown }, 'what live pages may show could not be checked');
  }
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
  /** Of which the page takes pictures to be. */
  #toldTile: number | undefined;
  #behind: boolean | undefined;
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
  }

  get request(): FastifyRequest {
    return this.#request;
  }

  get cameraIds(): readonly number[] {
    return [...this.#tiles.values()].map(({ cameraId }) => cameraId);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    // A page that does not read does not answer either.
    this.#grace ??= this.#parts.clock.after(LIMITS.httpCloseGraceMs, () => this.#socket.terminate());
  }

  /** The line is gone. */
  ended(): void {
    this.#grace?.cancel();
    for (const number of [...this.#tiles.keys()]) this.#unwatch(number);
  }

  /** Ends the line of a page that did not answer since the last heartbeat, or asks it again. */
  probe(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  /** @param account whoever its session is of by now; undefined for nobody any more */
  recheck(account: Account | undefined): void {
    const before = signedIn(this.#request);
    if (account?.userId === before.userId && account.sessionKey === before.sessionKey) return;
    this.close(POLICY_VIOLATION, 'signed out');
  }

  /** Shows none of these any more. */
  mask(cameraIds: ReadonlySet<number>): void {
    for (const [number, { cameraId }] of this.#tiles) {
      if (!cameraIds.has(cameraId)) continue;
      this.#unwatch(number);
      this.#tell({ tile: number, state: 'masked' });
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
    const { tile: number, camera } = ask.watch;
    this.#unwatch(number);
    if (this.#tiles.size >= LIMITS.liveTilesPerPage) {
      this.#tell({ tile: number, state: 'refused', problem: 'web.too_many_streams' });
      return;
    }
    const tile: Tile = { cameraId: camera, rise: undefined, end: undefined, skipping: false, ended: false };
    this.#tiles.set(number, tile);
    this.#parts.metrics.liveTiles.inc();
    void this.#watch(number, tile, ask.watch);
  }

  async #watch(number: number, tile: Tile, { stream, format, soon }: LiveWatch): Promise<void> {
    try {
      if (!(await seesCamera(this.#parts.db, signedIn(this.#request), tile.cameraId))) {
        throw new SentinelError('web.missing', { what: 'camera', id: tile.cameraId });
      }
      const onState = (state: LiveState): void => this.#show(number, tile, state);
      const { live } = this.#parts;
      const end =
        format === 'mpeg1'
          ? await live.watchMpeg1(tile.cameraId, {
              onPieces: (pieces) => this.#sendPieces(number, tile, pieces),
              onState,
            })
          : await live.watch(
              tile.cameraId,
              { stream, pace: soon ? 'soon' : 'calm' },
              { onUnits: (units) => this.#sendUnits(number, tile, units), onState },
            );
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

  #sendUnits(number: number, tile: Tile, units: readonly LiveUnit[]): void {
    if (tile.ended || !this.#isOpen()) return;
    const sent = this.#isBehind() ? [] : tile.skipping ? fromKeyUnit(units) : units;
    tile.skipping = sent.length === 0;
    this.#count(sent.length, units.length - sent.length);
    if (sent.length > 0) this.#send(number, unitsMessage(sent));
  }

  /** The player finds its way back into a transport stream of which pieces are missing. */
  #sendPieces(number: number, tile: Tile, pieces: readonly Mpeg1Piece[]): void {
    if (tile.ended || !this.#isOpen()) return;
    const isSkipped = this.#isBehind();
    this.#count(isSkipped ? 0 : pieces.length, isSkipped ? pieces.length : 0);
    if (!isSkipped) this.#send(number, piecesMessage(pieces));
  }

  #count(sent: number, skipped: number): void {
    const { liveUnits } = this.#parts.metrics;
    liveUnits.sent += sent;
    liveUnits.skipped += skipped;
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Whether much of what was written before still waits; what is handed on now, for all tiles, is written in one go. */
  #isBehind(): boolean {
    if (this.#behind === undefined) {
      this.#behind = this.#socket.bufferedAmount > LIMITS.liveBytesWaiting;
      const line = this.#request.raw.socket;
      line.cork();
      process.nextTick(() => {
        this.#behind = undefined;
        line.uncork();
      });
    }
    return this.#behind;
  }

  #send(number: number, message: Buffer): void {
    if (number !== this.#toldTile) this.#socket.send(numberOf(number));
    this.#toldTile = number;
    this.#socket.send(message);
  }

  #tell(tile: LiveTile): void {
    if (this.#isOpen()) this.#socket.send(JSON.stringify(tile));
  }
}

function numberOf(tile: number): Buffer {
  const bytes = Buffer.allocUnsafe(LIVE_TILE_BYTES);
  bytes.writeUInt16BE(tile, 0);
  return bytes;
}
