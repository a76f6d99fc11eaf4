/**
 * Coded pictures in and out: a key access unit of a camera becomes a {@link Picture}, a file becomes one, a picture
 * becomes a JPEG. Decoding is FFmpeg's through node-av's low-level calls; stills are sharp's (libvips).
 *
 * FFmpeg conceals damage and answers a picture whatever comes in. A look must not be judged on concealed blocks, so a
 * picture that FFmpeg marks as damaged is refused here.
 *
 * Errors: `picture.unreadable` (with what and why), `picture.too_large`.
 */
import { readFile, stat } from 'node:fs/promises';
import { AV_LOG_QUIET } from 'node-av/constants';
import { Frame, Log, Packet, type CodecContext } from 'node-av/lib';
import sharp from 'sharp';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Picture } from '../../base/picture.ts';
import { isWhole, openDecoder, PictureScaler, type CodecName } from './decoding.ts';

export { H264Encoder, type EncoderSetup } from './h264-encoder.ts';
export { LiveDecoder, type StreamUnit } from './live-decoder.ts';
export { drawOn, type Drawing } from './drawing.ts';
export { playableOf, type CodedUnit } from './playable.ts';

/** A key access unit: Annex B bytes that start with their parameter sets; of MPEG-4 its own bit stream, configuration first. */
export interface CodedKeyFrame {
  readonly codec: CodecName;
  readonly bytes: Uint8Array;
}

export interface DecodedKeyFrame {
  readonly picture: Picture;
  /** Size of the stream before scaling. */
  readonly sourceWidthPx: number;
  readonly sourceHeightPx: number;
  /**
   * Gives the picture's bytes back to the decoder, which overwrites them with a later one. Optional, and worth it: at
   * hundreds of cameras the collector would be busier with three quarters of a megabyte a look than the decoder is.
   */
  readonly release: () => void;
}

/**
 * Decodes key frames one after another; calls made meanwhile wait their turn. One decoder a codec serves every camera of
 * the process: it is flushed before each frame, so nothing of one camera reaches the next.
 */
export class KeyFrameDecoder {
  readonly #contexts = new Map<CodedKeyFrame['codec'], CodecContext>();
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  readonly #scaler = new PictureScaler();
  readonly #free: Buffer[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor() {
    Log.setLevel(AV_LOG_QUIET);
    this.#packet.alloc();
    this.#frame.alloc();
  }

  /**
   * @param widthPx the picture is scaled down to this width, its height keeping the stream's proportions (at most as tall
   *   as wide); a smaller stream keeps its size
   */
  decode(unit: CodedKeyFrame, widthPx: number = LIMITS.lookWidthPx): Promise<DecodedKeyFrame> {
    const turn = this.#turn.then(() => this.#decode(unit, widthPx));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.#turn;
    this.#closed = true;
    for (const context of this.#contexts.values()) context.freeContext();
    this.#contexts.clear();
    this.#scaler.close();
    this.#frame.free();
    this.#packet.free();
  }

  async #decode(unit: CodedKeyFrame, widthPx: number): Promise<DecodedKeyFrame> {
    if (this.#closed) throw unreadable(unit, 'the decoder is closed');
    const context = this.#contexts.get(unit.codec) ?? (await this.#open(unit));
    context.flushBuffers();
    this.#packet.unref();
    this.#packet.data = Buffer.from(unit.bytes.buffer, unit.bytes.byteOffset, unit.bytes.byteLength);
    this.#packet.isKeyframe = true;
    try {
      // A small picture is decoded sooner than another thread would have woken for it; a large one must not hold up the rest.
      const inPlace = unit.bytes.length <= LIMITS.decodedInPlaceBytes;
      const send = (packet: Packet | null) => (inPlace ? context.sendPacketSync(packet) : context.sendPacket(packet));
      if ((await send(this.#packet)) < 0) throw unreadable(unit, 'damaged');
      // End of stream hands out a picture that reordering would hold back; the next flush opens the stream again.
      await send(null);
      if (context.receiveFrameSync(this.#frame) < 0) throw unreadable(unit, 'no picture in it');
      return this.#scale(unit, widthPx);
    } finally {
      this.#frame.unref();
    }
  }

  #scale(unit: CodedKeyFrame, widthPx: number): DecodedKeyFrame {
    const { width: sourceWidthPx, height: sourceHeightPx } = this.#frame;
    if (!isWhole(this.#frame)) throw unreadable(unit, 'damaged');
    let rgb: Buffer | undefined;
    const picture = this.#scaler.scale(this.#frame, widthPx, (length) => (rgb = this.#takeBytes(length)));
    if (!picture) throw unreadable(unit, 'no picture in it');
    let released = false;
    const release = (): void => {
      if (!released && rgb && this.#free.length < LIMITS.decodedPicturesKept) this.#free.push(rgb);
      released = true;
    };
    return { picture, sourceWidthPx, sourceHeightPx, release };
  }

  #takeBytes(length: number): Buffer {
    const at = this.#free.findIndex((bytes) => bytes.length === length);
    return this.#free.splice(at, at < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(length);
  }

  async #open({ codec, ...unit }: CodedKeyFrame): Promise<CodecContext> {
    const context = await openDecoder(codec, false);
    if (!context) throw unreadable({ codec, ...unit }, `the ${codec} decoder did not open`);
    this.#contexts.set(codec, context);
    return context;
  }
}

function unreadable(unit: CodedKeyFrame, problem: string): SentinelError {
  return new SentinelError('picture.unreadable', {
    what: `${unit.codec} key frame (${unit.bytes.length} bytes)`,
    problem,
  });
}

/**
 * Reads a picture file (JPEG, PNG, WebP, …) upright, without alpha.
 * @param source a path, or the file's bytes
 * @param size exact size to scale to; absent: the file's own
 */
export async function readPicture(
  source: string | Uint8Array,
  size?: { widthPx: number; heightPx: number },
): Promise<Picture> {
  const what = typeof source === 'string' ? source : `of ${source.length} bytes`;
  try {
    if (typeof source === 'string' && (await stat(source)).size > LIMITS.pictureFileBytes) {
      throw new Error(`the file is larger than ${LIMITS.pictureFileBytes} bytes`);
    }
    const bytes = typeof source === 'string' ? await readFile(source) : source;
    let image = sharp(bytes, { limitInputPixels: LIMITS.picturePixels, failOn: 'error' })
      .rotate()
      .flatten({ background: '#000' })
      .toColourspace('srgb');
    if (size) image = image.resize(size.widthPx, size.heightPx, { fit: 'fill' });
    const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return { widthPx: info.width, heightPx: info.height, rgb: info.channels === 3 ? data : grey(data) };
  } catch (thrown) {
    throw new SentinelError('picture.unreadable', { what, problem: problemOf(thrown) }, { cause: thrown });
  }
}

/** JPEG of a picture. @param quality 1..100; 88 keeps edges that a comparison needs */
export function writeJpeg(picture: Picture, quality = 88): Promise<Buffer> {
  return sharp(picture.rgb, { raw: { width: picture.widthPx, height: picture.heightPx, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** JPEG of a picture for screens: a third of {@link writeJpeg}'s bytes, and nothing is ever compared with it. */
export function writeStill(picture: Picture): Promise<Buffer> {
  return sharp(picture.rgb, { raw: { width: picture.widthPx, height: picture.heightPx, channels: 3 } })
    .jpeg({ quality: 74 })
    .toBuffer();
}

/** A small JPEG of a picture file, no wider than `widthPx`, for lists. */
export async function shrinkJpeg(source: Uint8Array, widthPx: number): Promise<Buffer> {
  try {
    return await sharp(source, { limitInputPixels: LIMITS.picturePixels, failOn: 'error' })
      .rotate()
      .resize({ width: widthPx, withoutEnlargement: true })
      .jpeg({ quality: 80 })
      .toBuffer();
  } catch (thrown) {
    const what = `of ${source.length} bytes`;
    throw new SentinelError('picture.unreadable', { what, problem: problemOf(thrown) }, { cause: thrown });
  }
}

/**
 * Makes a picture file anew as a JPEG, upright, on white, no side longer than `sidePx`; nothing else of the file is kept.
 * @throws SentinelError picture.unreadable
 */
export async function recodePicture(
  source: Uint8Array,
  sidePx: number,
): Promise<{ jpeg: Buffer; widthPx: number; heightPx: number }> {
  try {
    const { data, info } = await sharp(source, { limitInputPixels: LIMITS.picturePixels, failOn: 'error' })
      .rotate()
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .resize({ width: sidePx, height: sidePx, fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 86, chromaSubsampling: '4:4:4' })
      .toBuffer({ resolveWithObject: true });
    return { jpeg: data, widthPx: info.width, heightPx: info.height };
  } catch (thrown) {
    const what = `of ${source.length} bytes`;
    throw new SentinelError('picture.unreadable', { what, problem: problemOf(thrown) }, { cause: thrown });
  }
}

/** JPEG of a drawing of ours in SVG; never of one that came from outside. */
export async function rasterise(
  svg: string,
  size: { readonly widthPx: number; readonly heightPx: number },
): Promise<{ jpeg: Buffer; widthPx: number; heightPx: number }> {
  const jpeg = await sharp(Buffer.from(svg))
    .resize(size.widthPx, size.heightPx, { fit: 'fill' })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 86, chromaSubsampling: '4:4:4' })
    .toBuffer();
  return { jpeg, widthPx: size.widthPx, heightPx: size.heightPx };
}

function grey(data: Buffer): Buffer {
  const rgb = Buffer.alloc(data.length * 3);
  data.forEach((value, index) => rgb.fill(value, index * 3, index * 3 + 3));
  return rgb;
}
