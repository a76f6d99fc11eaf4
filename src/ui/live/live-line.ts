/**
 * The page's one line for live pictures: all its tiles over one WebSocket. It opens with the first tile and closes with
 * the last; lost, it opens again by itself and asks for every tile anew.
 */
import { systemClock, type Timer } from '../../base/clock.ts';
import {
  LIVE_HEADER_BYTES,
  LIVE_KEY_FLAG,
  LIVE_LOSS_FLAG,
  LIVE_MPEG1_FLAG,
  LIVE_TILE_BYTES,
  LIVE_URL,
  type LiveAsk,
  type LiveTile,
} from '../../web/contract.ts';

export interface LiveUnit {
  readonly isKey: boolean;
  readonly followsLoss: boolean;
  /** When it reached the server, by the server's clock. */
  readonly arrivedAtMs: number;
  /** The stream's own clock: 90 kHz, 32 bits, wraps. */
  readonly mediaTime: number;
  /** Annex B. */
  readonly bytes: Uint8Array;
}

/** What the server is asked for: the camera's own stream, or MPEG-1 made from it. */
export type LiveFormat = 'source' | 'mpeg1';

export interface TileListener {
  /** A few at a time. */
  onUnits(units: readonly LiveUnit[]): void;
  /** Of MPEG-1: some bytes of its transport stream, and when they were made by the server's clock. */
  onPiece(bytes: Uint8Array, atMs: number): void;
  /** `lost`: the line to the server is. */
  onState(state: LiveTile['state'] | 'lost', about: Pick<LiveTile, 'codec' | 'problem'>): void;
}

export interface LiveWish {
  readonly camera: number;
  readonly stream: 'sub' | 'main';
  readonly format: LiveFormat;
  /** For one who steers by it. */
  readonly soon: boolean;
}

interface Watched {
  readonly wish: LiveWish;
  readonly listener: TileListener;
}

const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 10_000;

const tiles = new Map<number, Watched>();
let nextTile = 0;
let socket: WebSocket | undefined;
let retry: Timer | undefined;
let attempts = 0;

/** @returns ends it */
export function watchLive(wish: LiveWish, listener: TileListener): () => void {
  // Numbers are not used again soon: what is still on its way for an ended tile must reach no other.
  while (tiles.has(nextTile)) nextTile = (nextTile + 1) % 65_536;
  const tile = nextTile;
  nextTile = (nextTile + 1) % 65_536;
  tiles.set(tile, { wish, listener });
  if (socket?.readyState === WebSocket.OPEN) ask({ watch: { tile, ...wish } });
  else if (!socket && !retry) open();
  return () => {
    if (!tiles.delete(tile)) return;
    if (socket?.readyState === WebSocket.OPEN) ask({ unwatch: { tile } });
    if (tiles.size === 0) close();
  };
}

function open(): void {
  let tile = 0;
  const opened = new WebSocket(new URL(LIVE_URL, location.href.replace(/^http/, 'ws')));
  opened.binaryType = 'arraybuffer';
  opened.onopen = () => {
    attempts = 0;
    for (const [tile, { wish }] of tiles) ask({ watch: { tile, ...wish } });
  };
  opened.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === 'string') hearState(JSON.parse(data) as LiveTile);
    else if (data.byteLength === LIVE_TILE_BYTES) tile = new DataView(data).getUint16(0);
    else hearPieces(tile, data);
  };
  opened.onclose = () => {
    if (socket !== opened) return;
    socket = undefined;
    for (const { listener } of tiles.values()) listener.onState('lost', {});
    if (tiles.size === 0) return;
    const waitMs = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** attempts) * (0.5 + Math.random() / 2);
    attempts++;
    retry = systemClock.after(waitMs, () => {
      retry = undefined;
      if (tiles.size > 0) open();
    });
  };
  socket = opened;
}

function close(): void {
  retry?.cancel();
  retry = undefined;
  const closing = socket;
  socket = undefined;
  closing?.close();
}

function ask(what: LiveAsk): void {
  socket?.send(JSON.stringify(what));
}

function hearState({ tile, state, ...about }: LiveTile): void {
  tiles.get(tile)?.listener.onState(state, about);
}

function hearPieces(tile: number, message: ArrayBuffer): void {
  const view = new DataView(message);
  const listener = tiles.get(tile)?.listener;
  if (!listener) return;
  const units: LiveUnit[] = [];
  for (let at = 0; at + LIVE_HEADER_BYTES <= message.byteLength;) {
    const length = view.getUint32(at + 16);
    const bytes = new Uint8Array(message, at + LIVE_HEADER_BYTES, length);
    const flags = view.getUint8(at);
    const arrivedAtMs = view.getFloat64(at + 4);
    if ((flags & LIVE_MPEG1_FLAG) !== 0) listener.onPiece(bytes, arrivedAtMs);
    else {
      units.push({
        isKey: (flags & LIVE_KEY_FLAG) !== 0,
        followsLoss: (flags & LIVE_LOSS_FLAG) !== 0,
        mediaTime: view.getUint32(at + 12),
        ...{ arrivedAtMs, bytes },
      });
    }
    at += LIVE_HEADER_BYTES + length;
  }
  if (units.length > 0) listener.onUnits(units);
}
