/**
 * Cameras that send real streams over RTSP, made by ffmpeg: `/h264`, `/h265`. Each picture is painted with a
 * moving bar, so that a frozen one is told from one that plays. No login is asked.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Codec } from '../../src/drivers/rtsp/rtsp.ts';
import { interleaved, packetise, rtpPacket } from './rtsp-packets.ts';
import { startRtspServer, type Line } from './rtsp-server.ts';

/** What a camera sends. */
export interface CodedKind {
  readonly fps: number;
  /** Pictures from one key picture to the next. */
  readonly group: number;
  readonly kbitPerS: number;
  /** A recording to send with a sensor's noise; absent: a test picture with moving bars. */
  readonly source?: string;
}

const QUICK: CodedKind = { fps: 12, group: 12, kbitPerS: 512 };
const SECONDS = 8;

const run = promisify(execFile);

/** Encodes into `dir`. @returns the access units, each as its NAL units without start codes */
export async function encodeUnits(dir: string, codec: Codec, kind: CodedKind = QUICK): Promise<Buffer[][]> {
  const { fps, group, kbitPerS, source } = kind;
  const file = path.join(dir, `coded.${codec}`);
  const params = `keyint=${group}:min-keyint=${group}:scenecut=0:bframes=0:aud=1:repeat-headers=1`;
  const frames = fps * SECONDS;
  const input =
    source === undefined
      ? ['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=${fps}`]
      : ['-r', String(fps), '-i', source, '-vf', `loop=-1:${frames},scale=640:360,noise=alls=8:allf=t`];
  await run('ffmpeg', [
    ...['-v', 'error', '-y', ...input, '-frames:v', String(frames)],
    ...['-pix_fmt', 'yuv420p', '-c:v', codec === 'h264' ? 'libx264' : 'libx265', '-preset', 'ultrafast'],
    ...[codec === 'h264' ? '-x264-params' : '-x265-params', codec === 'h264' ? params : `${params}:log-level=none`],
    ...['-b:v', `${kbitPerS}k`, '-f', codec === 'h264' ? 'h264' : 'hevc', file],
  ]);
  return splitUnits(await readFile(file), codec);
}

function splitUnits(bytes: Buffer, codec: Codec): Buffer[][] {
  const units: Buffer[][] = [];
  for (const nal of nalsOf(bytes)) {
    const type = codec === 'h264' ? nal[0]! & 0x1f : (nal[0]! >> 1) & 0x3f;
    // Each access unit begins with its delimiter.
    if (type === (codec === 'h264' ? 9 : 35)) units.push([]);
    units.at(-1)?.push(nal);
  }
  return units;
}

function nalsOf(bytes: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf('000001', 0, 'hex'); at >= 0; at = bytes.indexOf('000001', at + 3, 'hex'))
    starts.push(at);
  return starts.map((start, index) => {
    let end = starts[index + 1] ?? bytes.length;
    while (end > start + 3 && bytes[end - 1] === 0) end--;
    return bytes.subarray(start + 3, end);
  });
}

export async function startCodedCamera(
  streams: Partial<Record<Codec, Buffer[][]>>,
  { fps }: Pick<CodedKind, 'fps'> = QUICK,
): Promise<{ url(codec: Codec): string; close(): Promise<void> }> {
  const timers = new Map<Line, NodeJS.Timeout>();
  const codecOf = (uri: string): Codec => (uri.includes('h265') ? 'h265' : 'h264');
  const server = await startRtspServer((asked, line) => {
    const codec = codecOf(asked.uri);
    if (asked.method === 'DESCRIBE') {
      const sdp = [
        ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=camera', 't=0 0', 'm=video 0 RTP/AVP 96'],
        ...[`a=rtpmap:96 ${codec.toUpperCase()}/90000`, `a=framerate:${fps}`, 'a=control:track1', ''],
      ].join('\r\n');
      line.reply(asked, '200 OK', { 'Content-Type': 'application/sdp', 'Content-Base': `${asked.uri}/` }, sdp);
      return true;
    }
    // As cameras behind a recorder do: whoever wants UDP is told to come over TCP.
    if (asked.method === 'SETUP' && !(asked.headers['transport'] ?? '').includes('TCP')) {
      line.reply(asked, '461 Unsupported Transport');
      return true;
    }
    if (asked.method === 'PLAY') {
      line.reply(asked, '200 OK', { Session: 'abc123;timeout=60' });
      const units = streams[codec] ?? [];
      let index = 0;
      timers.set(
        line,
        setInterval(() => {
          sendUnit(line, codec, units[index % units.length] ?? [], Math.round((index * 90_000) / fps));
          index++;
        }, 1000 / fps),
      );
      line.socket.once('close', () => clearInterval(timers.get(line)));
      return true;
    }
    if (asked.method === 'TEARDOWN') clearInterval(timers.get(line));
    return undefined;
  });
  return {
    url: (codec) => server.url(`/${codec}`),
    async close() {
      for (const timer of timers.values()) clearInterval(timer);
      await server.close();
    },
  };
}

function sendUnit(line: Line, codec: Codec, nals: Buffer[], timestamp: number): void {
  const payloads = packetise(codec, nals, 1200);
  for (const [at, payload] of payloads.entries()) {
    const packet = rtpPacket(payload, {
      sequence: line.sequence,
      payloadType: 96,
      timestamp,
      marker: at === payloads.length - 1,
    });
    line.sequence += 1;
    line.send(interleaved(line.channel, packet));
  }
}
