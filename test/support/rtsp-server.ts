/**
 * A small RTSP server whose every answer a test can replace: by default it plays a made-up H.264 stream to whoever asks,
 * and a script steps in where the test wants a camera to misbehave.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { NalCodec } from '../../src/drivers/rtsp/nal-units.ts';
import { interleaved, makeSets, makeUnit, packetise, rtpPacket, type MadeUnit } from './rtsp-packets.ts';

/** One request as it came. */
export interface Asked {
  method: string;
  uri: string;
  /** By lower-case name. */
  headers: Record<string, string>;
  /** Which connection, from 0. */
  connection: number;
  raw: string;
}

/** @returns true when the script has dealt with the request; otherwise the default answer is given */
export type Script = (asked: Asked, line: Line) => boolean | undefined;

export interface ScriptedServer {
  readonly port: number;
  readonly host: string;
  url(path?: string): string;
  /** All requests so far, in order. */
  readonly asked: Asked[];
  /** Interleaved packets that came from the client: channel and bytes. */
  readonly received: { channel: number; packet: Buffer }[];
  readonly lines: Line[];
  methods(): string[];
  close(): Promise<void>;
}

/** Every fifth picture is a key picture. */
const GROUP = 5;

/** Picture `index` of the made-up stream. */
export function streamUnit(codec: NalCodec, index: number): MadeUnit {
  const key = index % GROUP === 0;
  return makeUnit(codec, { key, sets: key, delimiter: true, sliceBytes: [key ? 3000 : 300] }, index);
}

export function sdpOf(
  codec: NalCodec,
  more: { control?: string; sessionControl?: string; sets?: boolean } = {},
): string {
  const sets = makeSets(codec).map((set) => Buffer.from(set).toString('base64'));
  const format =
    codec === 'h264'
      ? `packetization-mode=1;sprop-parameter-sets=${sets.join(',')}`
      : `sprop-vps=${sets[0]!};sprop-sps=${sets[1]!};sprop-pps=${sets[2]!}`;
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=camera', 't=0 0', `a=control:${more.sessionControl ?? '*'}`];
  lines.push('m=video 0 RTP/AVP 96', `a=rtpmap:96 ${codec.toUpperCase()}/90000`);
  if (more.sets !== false) lines.push(`a=fmtp:96 ${format}`);
  lines.push(`a=control:${more.control ?? 'track1'}`, '');
  return lines.join('\r\n');
}

/** One client's connection, as a script sees it. */
export class Line {
  readonly socket: Socket;
  readonly server: ScriptedServer;
  channel = 0;
  payloadType = 96;
  sequence = 65_530;
  nextUnit = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, server: ScriptedServer) {
    this.socket = socket;
    this.server = server;
  }

  send(bytes: Uint8Array | string): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  reply(asked: Asked, status: string, headers: Record<string, string | string[]> = {}, body = ''): void {
    const lines = [`RTSP/1.0 ${status}`];
    if (!('CSeq' in headers)) lines.push(`CSeq: ${asked.headers['cseq'] ?? ''}`);
    for (const [name, value] of Object.entries(headers)) {
      for (const one of [value].flat()) lines.push(`${name}: ${one}`);
    }
    if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    this.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  /** The interleaved packets of the next picture. */
  nextPackets(codec: NalCodec = 'h264'): Buffer[] {
    const index = this.nextUnit;
    this.nextUnit += 1;
    const payloads = packetise(codec, streamUnit(codec, index).nals, 1000);
    return payloads.map((payload, at) => {
      const marker = at === payloads.length - 1;
      const { sequence, payloadType } = this;
      const packet = rtpPacket(payload, { sequence, payloadType, timestamp: index * 3600, marker });
      this.sequence += 1;
      return interleaved(this.channel, packet);
    });
  }

  sendUnit(codec: NalCodec = 'h264'): void {
    this.send(Buffer.concat(this.nextPackets(codec)));
  }

  /** A picture every `everyMs`, `count` of them at most. */
  play(options: { everyMs?: number; count?: number; codec?: NalCodec } = {}): void {
    let left = options.count ?? Infinity;
    this.#timer = setInterval(() => {
      if (left <= 0 || this.socket.destroyed) {
        this.pause();
        return;
      }
      left -= 1;
      this.sendUnit(options.codec);
    }, options.everyMs ?? 15);
  }

  pause(): void {
    clearInterval(this.#timer);
  }
}

function defaultAnswer(asked: Asked, line: Line): void {
  const session = { Session: 'abc123;timeout=60' };
  switch (asked.method) {
    case 'OPTIONS':
      line.reply(asked, '200 OK', { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER' });
      break;
    case 'DESCRIBE':
      line.reply(
        asked,
        '200 OK',
        { 'Content-Type': 'application/sdp', 'Content-Base': `${asked.uri}/` },
        sdpOf('h264'),
      );
      break;
    case 'SETUP':
      line.reply(asked, '200 OK', { ...session, Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
      break;
    case 'PLAY':
      line.reply(asked, '200 OK', session);
      line.play();
      break;
    case 'TEARDOWN':
      line.pause();
      line.reply(asked, '200 OK', session);
      break;
    default:
      line.reply(asked, '200 OK', session);
  }
}

export async function startRtspServer(
  script: Script = () => undefined,
  options: { tls?: { key: string; cert: string } } = {},
): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  const received: { channel: number; packet: Buffer }[] = [];
  const lines: Line[] = [];
  const onSocket = (socket: Socket): void => {
    const connection = lines.length;
    const line = new Line(socket, server);
    lines.push(line);
    let pending = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => line.pause());
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        if (pending[0] === 0x24) {
          if (pending.length < 4 || pending.length < 4 + pending.readUInt16BE(2)) return;
          const end = 4 + pending.readUInt16BE(2);
          received.push({ channel: pending[1]!, packet: pending.subarray(4, end) });
          pending = pending.subarray(end);
          continue;
        }
        const end = pending.indexOf('\r\n\r\n');
        if (end < 0) return;
        const raw = pending.toString('latin1', 0, end);
        pending = pending.subarray(end + 4);
        if (raw.startsWith('RTSP/')) {
          // An answer to a question of ours.
          asked.push({ method: 'ANSWER', uri: '', headers: headersOf(raw), connection, raw });
          continue;
        }
        const [method = '', uri = ''] = raw.split(' ', 2);
        const one = { method, uri, headers: headersOf(raw), connection, raw };
        asked.push(one);
        if (script(one, line) !== true) defaultAnswer(one, line);
      }
    });
  };
  const listener: Server = options.tls ? createTlsServer(options.tls, onSocket) : createServer(onSocket);
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  const server: ScriptedServer = {
    port,
    host,
    asked,
    received,
    lines,
    url: (path = '/live') => `${options.tls ? 'rtsps' : 'rtsp'}://${host}${path}`,
    methods: () => asked.map(({ method }) => method),
    async close() {
      for (const { socket } of lines) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
  return server;
}

function headersOf(raw: string): Record<string, string> {
  const pairs = raw
    .split('\r\n')
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  return Object.fromEntries(pairs);
}
