/**
 * Cameras that send real streams over RTSP, made by ffmpeg: `/h264`, `/h265`, `/mpeg4`. Each picture is painted with a
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
  /** Width and height in pixels; absent: 640 x 360. */
  readonly size?: readonly [widthPx: number, heightPx: number];
  /** A recording to send with a sensor's noise; absent: a test picture with moving bars. */
  readonly source?: string;
}

const QUICK: CodedKind = { fps: 12, group: 12, kbitPerS: 512 };
const SECONDS = 8;

const run = promisify(execFile);

const FORMATS = { h264: 'h264', h265: 'hevc', mpeg4: 'm4v' } as const satisfies Record<Codec, string>;
const groupOf = ({ group }: CodedKind): string =>
  `keyint=${group}:min-keyint=${group}:scenecut=0:bframes=0:aud=1:repeat-headers=1`;
const ENCODERS = {
  h264: (kind) => ['-c:v', 'libx264', '-preset', 'ultrafast', '-x264-params', groupOf(kind)],
  h265: (kind) => ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', `${groupOf(kind)}:log-level=none`],
  mpeg4: ({ group }) => ['-c:v', 'mpeg4', '-g', String(group), '-bf', '0'],
} as const satisfies Record<Codec, (kind: CodedKind) => string[]>;

/** Encodes into `dir`. @returns the access units, each as its NAL units without start codes; of MPEG-4 each in one piece */
export async function encodeUnits(dir: string, codec: Codec, kind: CodedKind = QUICK): Promise<Buffer[][]> {
  const { fps, kbitPerS, source, size: [widthPx, heightPx] = [640, 360] } = kind;
  const file = path.join(dir, `coded-${heightPx}.${codec}`);
  const frames = fps * SECONDS;
  const input =
    source === undefined
      ? ['-f', 'lavfi', '-i', `testsrc2=size=${widthPx}x${heightPx}:rate=${fps}`]
      : ['-r', String(fps), '-i', source, '-vf', `loop=-1:${frames},scale=${widthPx}:${heightPx},noise=alls=8:allf=t`];
  await run('ffmpeg', [
    ...['-v', 'error', '-y', ...input, '-frames:v', String(frames)],
    ...['-pix_fmt', 'yuv420p', ...ENCODERS[codec](kind), '-b:v', `${kbitPerS}k`, '-f', FORMATS[codec], file],
  ]);
  return splitUnits(await readFile(file), codec);
}

function splitUnits(bytes: Buffer, codec: Codec): Buffer[][] {
  if (codec === 'mpeg4') return splitPictures(bytes);
  const units: Buffer[][] = [];
  for (const nal of nalsOf(bytes)) {
    const type = codec === 'h264' ? nal[0]! & 0x1f : (nal[0]! >> 1) & 0x3f;
    // Each access unit begins with its delimiter.
    if (type === (codec === 'h264' ? 9 : 35)) units.push([]);
    units.at(-1)?.push(nal);
  }
  return units;
}

/** MPEG-4 Visual: each picture with the headers before it. */
function splitPictures(bytes: Buffer): Buffer[][] {
  const PICTURE = 0xb6;
  const starts: number[] = [];
  let isBehindPicture = true;
  for (let at = bytes.indexOf('000001', 0, 'hex'); at >= 0; at = bytes.indexOf('000001', at + 3, 'hex')) {
    if (isBehindPicture) starts.push(at);
    isBehindPicture = bytes[at + 3] === PICTURE;
  }
  return starts.map((start, index) => [bytes.subarray(start, starts[index + 1] ?? bytes.length)]);
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

const CODECS: readonly Codec[] = ['h264', 'h265', 'mpeg4'];
const NAMES = { h264: 'H264', h265: 'H265', mpeg4: 'MP4V-ES' } as const satisfies Record<Codec, string>;

export async function startCodedCamera(
  streams: Partial<Record<Codec, Buffer[][]>>,
  { fps }: Pick<CodedKind, 'fps'> = QUICK,
): Promise<{ url(codec: Codec): string; close(): Promise<void> }> {
  const timers = new Map<Line, NodeJS.Timeout>();
  const codecOf = (uri: string): Codec => CODECS.find((codec) => uri.includes(codec)) ?? 'h264';
  const server = await startRtspServer((asked, line) => {
    const codec = codecOf(asked.uri);
    if (asked.method === 'DESCRIBE') {
      const sdp = [
        ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=camera', 't=0 0', 'm=video 0 RTP/AVP 96'],
        ...[`a=rtpmap:96 ${NAMES[codec]}/90000`, `a=framerate:${fps}`, 'a=control:track1', ''],
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
  const payloads = codec === 'mpeg4' ? pieces(Buffer.concat(nals), 1200) : packetise(codec, nals, 1200);
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

/** RFC 6416: the bit stream as it is, cut anywhere. */
function pieces(bytes: Buffer, mtu: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / mtu) }, (_, at) => bytes.subarray(at * mtu, (at + 1) * mtu));
}

/** What GStreamer's server shows in other codecs, as MPEG-4 Visual in an MP4 file: a white ball on black, a key picture a second. */
export async function writeMpeg4(dir: string): Promise<string> {
  const file = path.join(dir, 'ball.mp4');
  const ball = "geq=lum='if(lt(hypot(X-160-100*sin(T),Y-120),20),235,16)':cb=128:cr=128";
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `color=black:size=320x240:rate=15,${ball}`, '-frames:v', '300'],
    ...['-pix_fmt', 'yuv420p', '-c:v', 'mpeg4', '-g', '15', '-bf', '0', '-b:v', '300k', file],
  ]);
  return file;
}
