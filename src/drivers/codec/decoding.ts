/** What decoding a key frame and decoding a stream have in common: FFmpeg's decoders opened strictly, and its scaler. */
import {
  AV_CODEC_FLAG_LOW_DELAY,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_FRAME_FLAG_CORRUPT,
  AV_PIX_FMT_RGB24,
  SWS_AREA,
  type AVPixelFormat,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, SoftwareScaleContext, type Frame } from 'node-av/lib';
import { LIMITS } from '../../base/limits.ts';
import type { Picture } from '../../base/picture.ts';

export type CodecName = 'h264' | 'h265';

const CODEC_IDS = { h264: AV_CODEC_ID_H264, h265: AV_CODEC_ID_HEVC } as const;

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

/** Decoded frames as RGB of the size asked for. */
export class PictureScaler {
  readonly #scalers = new Map<string, SoftwareScaleContext>();

  /**
   * @param widthPx the picture is scaled down to this width, its height keeping the frame's proportions (at most as tall
   *   as wide); a smaller frame keeps its size
   * @param takeBytes yields the picture's bytes, of a length
   * @returns undefined for a frame without a picture in it
   */
  scale(frame: Frame, widthPx: number, takeBytes: (length: number) => Buffer): Picture | undefined {
    const { width: fromWidthPx, height: fromHeightPx } = frame;
    if (!frame.data || fromWidthPx < 16 || fromHeightPx < 16) return undefined;
    const width = Math.min(widthPx, fromWidthPx);
    const height = Math.min(width, Math.max(2, Math.round((width * fromHeightPx) / fromWidthPx / 2) * 2));
    const rgb = takeBytes(width * height * 3);
    this.#scalerFor(frame, width, height).scaleSync(frame.data, frame.linesize, 0, fromHeightPx, [rgb], [width * 3]);
    return { widthPx: width, heightPx: height, rgb };
  }

  close(): void {
    for (const scaler of this.#scalers.values()) scaler.freeContext();
    this.#scalers.clear();
  }

  /** Kept a size: cameras of an estate come in a handful of them, and making a scaler costs more than using it. */
  #scalerFor(frame: Frame, width: number, height: number): SoftwareScaleContext {
    const key = `${frame.width}x${frame.height}:${frame.format}>${width}x${height}`;
    const kept = this.#scalers.get(key);
    if (kept) return kept;
    if (this.#scalers.size >= LIMITS.scalersKept) this.close();
    const fresh = new SoftwareScaleContext();
    fresh.getContext(
      frame.width,
      frame.height,
      frame.format as AVPixelFormat,
      width,
      height,
      AV_PIX_FMT_RGB24,
      SWS_AREA,
    );
    this.#scalers.set(key, fresh);
    return fresh;
  }
}
