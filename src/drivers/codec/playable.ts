/**
 * Access units in an MP4 file, for players that do not open bare streams. Nothing is coded anew: the NAL units are the
 * same, with lengths in place of start codes (ISO/IEC 14496-15).
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_LOG_QUIET, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { FormatContext, Log, Packet, Rational } from 'node-av/lib';
import { SentinelError } from '../../base/errors.ts';

export interface CodedUnit {
  /** Annex B. */
  readonly bytes: Uint8Array;
  /** Media clock at 90 kHz, 32 bits, wraps. */
  readonly rtpTimestamp: number;
  readonly isKey: boolean;
}

const CLOCK_HZ = 90_000;
const WRAP = 2 ** 32;
/** Shown for so long where nothing says how long: the last picture, and one alone. */
const LAST_TICKS = CLOCK_HZ / 25;

/**
 * @param units in the order in which they were sent, the first one a key unit with its parameter sets
 * @returns undefined for pictures that are sent in another order than they are shown in: their times would be guessed
 */
export async function playableOf(
  codec: 'h264' | 'h265',
  units: readonly CodedUnit[],
  size: { widthPx: number; heightPx: number },
): Promise<Buffer | undefined> {
  const first = units[0];
  if (!first?.isKey) return undefined;
  const ticks = units.map(({ rtpTimestamp }) => (((rtpTimestamp - first.rtpTimestamp) % WRAP) + WRAP) % WRAP);
  if (ticks.some((tick, index) => index > 0 && tick <= (ticks[index - 1] ?? 0))) return undefined;

  Log.setLevel(AV_LOG_QUIET);
  const file = path.join(tmpdir(), `sentinel-${randomUUID()}.mp4`);
  const context = new FormatContext();
  const packet = new Packet();
  const done = (result: number, step: string): void => {
    if (result < 0) throw new SentinelError('picture.unreadable', { what: `${codec} stream`, problem: step });
  };
  try {
    done(context.allocOutputContext2(null, 'mp4', file), 'no MP4 writer');
    const stream = context.newStream();
    const { codecpar } = stream;
    codecpar.codecType = AVMEDIA_TYPE_VIDEO;
    codecpar.codecId = codec === 'h264' ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC;
    codecpar.width = size.widthPx;
    codecpar.height = size.heightPx;
    // The key unit begins with the parameter sets, from which the writer makes its own description.
    codecpar.extradata = bufferOf(first.bytes);
    stream.timeBase = new Rational(1, CLOCK_HZ);
    done(await context.openOutput(), 'the file cannot be opened');
    done(await context.writeHeader(null), 'no header');
    packet.alloc();
    for (const [index, unit] of units.entries()) {
      packet.unref();
      packet.data = bufferOf(unit.bytes);
      packet.streamIndex = stream.index;
      packet.isKeyframe = unit.isKey;
      const tick = ticks[index] ?? 0;
      packet.pts = BigInt(tick);
      packet.dts = BigInt(tick);
      packet.duration = BigInt((ticks[index + 1] ?? tick + LAST_TICKS) - tick);
      packet.timeBase = { num: 1, den: CLOCK_HZ };
      packet.rescaleTs({ num: 1, den: CLOCK_HZ }, stream.timeBase);
      done(await context.interleavedWriteFrame(packet), `unit ${index} cannot be written`);
    }
    done(await context.writeTrailer(), 'no end');
    await context.closeOutput();
    return await readFile(file);
  } finally {
    packet.free();
    context.freeContext();
    await rm(file, { force: true });
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
