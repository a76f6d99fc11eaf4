/** What decoding a key frame and decoding a stream have in common: FFmpeg's decoders opened strictly, and its scaler. */
import {
  AV_CODEC_FLAG_LOW_DELAY,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MPEG4,
  AV_FRAME_FLAG_CORRUPT,
  AV_PIX_FMT_NONE,
  AV_PIX_FMT_RGB24,
  SWS_AREA,
  type AVPixelFormat,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, Frame, SoftwareScaleContext } from 'node-av/lib';
import { LIMITS } from '../../base/limits.ts';
import type { Picture } from '../../base/picture.ts';

export type CodecName = 'h264' | 'h265' | 'mpeg4';

const CODEC_IDS = { h264: AV_CODEC_ID_H264, h265: AV_CODEC_ID_HEVC, mpeg4: AV_CODEC_ID_MPEG4 } as const;

/**
 * @param lowDelay pictures come out as they go in: of streams without reordering, as cameras send them
 * @returns undefined where it does not open
 */
export async function openDecoder(codec: CodecName, lowDelay: boolean): Promise<CodecContext | undefined> {
  const decoder = Codec.findDecoder(CODEC_IDS[codec]);
  if (!decoder) return undefined;
  const context = new CodecContext();
  context.allocContext3(decoder);
  context.threadCount = 1;
  if (lowDelay) context.setFlags(AV_CODEC_FLAG_LOW_DELAY);
  const options = Dictionary.fromObject({ max_pixels: String(LIMITS.picturePixels), err_detect: 'explode' });
  if ((await context.open2(decoder, options)) >= 0) return context;
  context.freeContext();
  return undefined;
}

/** Damage that FFmpeg has concealed is damage still. */
export function isWhole(frame: Frame): boolean {
  return frame.decodeErrorFlags === 0 && !frame.hasFlags(AV_FRAME_FLAG_CORRUPT);
}

/** What brings frames of one size and format to one size, with a frame of its own to scale into. */
interface Scaler {
  readonly context: SoftwareScaleContext;
  readonly target: Frame;
  /** The target's own memory: gone with it, so it is never handed out. */
  readonly bytes: Buffer;
  readonly strideBytes: number;
}

/**
 * Decoded frames as RGB of the size asked for. A decoded frame's own memory is never looked at from here: showing it to
 * JavaScript makes the collector count it, and at hundreds of cameras collect every second.
 */
export class PictureScaler {
  readonly #scalers = new Map<string, Scaler>();

  /**
   * @param widthPx the picture is scaled down to this width, its height keeping the frame's proportions (at most as tall
   *   as wide); a smaller frame keeps its size
   * @param takeBytes yields the picture's bytes, of a length
   * @returns undefined for a frame without a picture in it
   */
  scale(frame: Frame, widthPx: number, takeBytes: (length: number) => Buffer): Picture | undefined {
    const { width: fromWidthPx, height: fromHeightPx } = frame;
    if (frame.format === AV_PIX_FMT_NONE || fromWidthPx < 16 || fromHeightPx < 16) return undefined;
    const width = Math.min(widthPx, fromWidthPx);
    const height = Math.min(width, Math.max(2, Math.round((width * fromHeightPx) / fromWidthPx / 2) * 2));
    const scaler = this.#scalerFor(frame, width, height);
    if (!scaler || scaler.context.scaleFrameSync(scaler.target, frame) < 0) return undefined;
    const rowBytes = width * 3;
    const rgb = takeBytes(rowBytes * height);
    const { bytes, strideBytes } = scaler;
    if (strideBytes === rowBytes) bytes.copy(rgb, 0, 0, rgb.length);
    else for (let y = 0; y < height; y++) bytes.copy(rgb, y * rowBytes, y * strideBytes, y * strideBytes + rowBytes);
    return { widthPx: width, heightPx: height, rgb };
  }

  close(): void {
    for (const { context, target } of this.#scalers.values()) {
      context.freeContext();
      target.free();
    }
    this.#scalers.clear();
  }

  /** Kept a size: cameras of an estate come in a handful of them, and making a scaler costs more than using it. */
  #scalerFor(frame: Frame, width: number, height: number): Scaler | undefined {
    const key = `${frame.width}x${frame.height}:${frame.format}>${width}x${height}`;
    const kept = this.#scalers.get(key);
    if (kept) return kept;
    if (this.#scalers.size >= LIMITS.scalersKept) this.close();
    const context = new SoftwareScaleContext();
    const format = frame.format as AVPixelFormat;
    context.getContext(frame.width, frame.height, format, width, height, AV_PIX_FMT_RGB24, SWS_AREA);
    const target = new Frame();
    target.alloc();
    target.format = AV_PIX_FMT_RGB24;
    target.width = width;
    target.height = height;
    const bytes = target.getBuffer(1) < 0 ? undefined : target.data?.[0];
    if (!bytes) {
      context.freeContext();
      target.free();
      return undefined;
    }
    const fresh = { context, target, bytes, strideBytes: target.linesize[0] ?? width * 3 };
    this.#scalers.set(key, fresh);
    return fresh;
  }
}
