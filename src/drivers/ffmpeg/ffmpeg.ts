/**
 * ffmpeg, for streams that a browser cannot play: access units in at its standard input, MPEG-1 video in an MPEG transport
 * stream (ISO/IEC 11172-2, 13818-1) out, which JSMpeg plays in any browser. A program of its own, found on the path; where
 * there is none, nothing else suffers.
 *
 * It is run through node-rtsp-stream, with that package's input and its server replaced: ffmpeg is not given the camera's
 * address, so no password stands in the list of processes and the camera is not connected to a second time; and no port is
 * opened, so pictures leave only through our own authenticated line. `docs/decisions.md` says more.
 *
 * Errors: `live.no_ffmpeg`.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import VideoStream from 'node-rtsp-stream';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';

/** What comes in, by the name of ffmpeg's demuxer. */
const DEMUXERS = { h264: 'h264', h265: 'hevc', mpeg4: 'm4v' } as const;
export type EncodedCodec = keyof typeof DEMUXERS;

/**
 * An access unit delimiter behind each unit: the demuxer then knows at once that it is whole, rather than when the next
 * one begins (H.264 7.3.2.4, H.265 7.3.2.5; MPEG-4 part 2 has no such thing).
 */
const DELIMITERS: Readonly<Record<EncodedCodec, Uint8Array>> = {
  h264: Buffer.from([0, 0, 0, 1, 0x09, 0xf0]),
  h265: Buffer.from([0, 0, 0, 1, 0x46, 0x01, 0x50]),
  mpeg4: Buffer.alloc(0),
};

export interface Mpeg1Ears {
  /** A piece of the transport stream; it begins and ends anywhere. */
  onPiece(piece: Buffer): void;
  /** It ended by itself. @param problem what it said last, or ''; no address and no password can be in it */
  onEnded(problem: string): void;
}

/** @returns the path of the program; undefined where there is none */
export async function findFfmpeg(searched: string = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const folder of searched.split(path.delimiter)) {
    if (folder === '') continue;
    const file = path.join(folder, 'ffmpeg');
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/**
 * @param searched where to look, as in `PATH`
 * @returns what starts one
 * @throws SentinelError live.no_ffmpeg
 */
export async function findMpeg1Encoder(
  searched?: string,
): Promise<(codec: EncodedCodec, ears: Mpeg1Ears) => Mpeg1Encoder> {
  const file = await findFfmpeg(searched);
  if (file === undefined) throw new SentinelError('live.no_ffmpeg');
  return (codec, ears) => new Mpeg1Encoder(file, codec, ears);
}

/** One running ffmpeg. */
export class Mpeg1Encoder {
  readonly #codec: EncodedCodec;
  readonly #piped: PipedVideoStream;
  #isSkipping = false;

  constructor(file: string, codec: EncodedCodec, ears: Mpeg1Ears) {
    this.#codec = codec;
    this.#piped = new PipedVideoStream(file, codec, ears);
  }

  /** Takes one access unit, Annex B; the first is a key unit. Where ffmpeg falls behind it begins anew with a later one. */
  write(unit: Uint8Array, isKey: boolean): void {
    const { stdin } = this.#piped.child;
    if (!stdin.writable) return;
    if (stdin.writableLength > LIMITS.mpegBytesWaiting) this.#isSkipping = true;
    else if (isKey) this.#isSkipping = false;
    if (this.#isSkipping) return;
    stdin.write(unit);
    stdin.write(DELIMITERS[this.#codec]);
  }

  /** Ends it; no ear hears of it any more. */
  close(): void {
    this.#piped.stop();
  }
}

/** node-rtsp-stream's stream with ffmpeg fed by us, and without a server of its own. */
class PipedVideoStream extends VideoStream {
  declare stream: ChildProcessWithoutNullStreams;

  constructor(file: string, codec: EncodedCodec, ears: Mpeg1Ears) {
    super({ name: 'live', streamUrl: `pipe:${codec}`, ffmpegPath: file });
    const said: string[] = [];
    let isOver = false;
    const end = (problem: string): void => {
      if (isOver) return;
      isOver = true;
      if (this.inputStreamStarted) ears.onEnded(problem);
    };
    this.on('camdata', (piece: Buffer) => {
      if (this.inputStreamStarted) ears.onPiece(piece);
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.push(text.slice(-LIMITS.mpegSaidCharacters));
      if (said.length > 4) said.shift();
    });
    // It went while it was written to; that it is gone is told below.
    this.child.stdin.on('error', () => {});
    this.child.on('error', (thrown) => end(thrown.message));
    this.child.on('close', () => end(said.join('').trim().split('\n').at(-1) ?? ''));
  }

  get child(): ChildProcessWithoutNullStreams {
    return this.stream;
  }

  override startMpeg1Stream(): void {
    const codec = this.options.streamUrl.slice('pipe:'.length) as EncodedCodec;
    this.stream = spawn(this.options.ffmpegPath ?? 'ffmpeg', argumentsFor(codec), {
      stdio: 'pipe',
      // Of our environment, which may hold secrets, it needs nothing.
      env: {},
    });
    this.inputStreamStarted = true;
    this.stream.stdout.on('data', (piece: Buffer) => this.emit('camdata', piece));
  }

  override pipeStreamToSocketServer(): void {
    this.wsServer = { close: () => {} };
  }

  override stop(): this {
    this.inputStreamStarted = false;
    this.stream.stdin.destroy();
    // It holds nothing that would have to be put away.
    this.stream.kill('SIGKILL');
    this.wsServer.close();
    return this;
  }
}

function argumentsFor(codec: EncodedCodec): string[] {
  return [
    ...['-hide_banner', '-loglevel', 'error', '-nostats', '-protocol_whitelist', 'pipe'],
    // Nothing is gathered before the first picture: the codec is known, and the stream's clock is not needed.
    ...['-f', DEMUXERS[codec], '-probesize', '32', '-analyzeduration', '0', '-fflags', 'nobuffer'],
    // Several threads would each hold a picture back.
    ...['-flags', 'low_delay', '-threads', '1', '-i', 'pipe:0'],
    ...['-an', '-vf', `scale='min(${LIMITS.mpegWidthPx},iw)':-2`, '-c:v', 'mpeg1video'],
    // MPEG-1 knows no rate below 23.976; each picture becomes one, whatever the camera's rate.
    ...['-r', '25', '-g', '25', '-bf', '0', '-q:v', '6', '-maxrate', '1500k', '-bufsize', '1500k', '-threads', '1'],
    ...['-f', 'mpegts', '-muxdelay', '0', '-flush_packets', '1', 'pipe:1'],
  ];
}
