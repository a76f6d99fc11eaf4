/**
 * Pictures into H.264 as a small camera codes them: one slice a picture, each coded at once from the one before, CAVLC, no
 * B pictures, key pictures only where they are asked for (ITU-T H.264; x264 through FFmpeg's low-level calls).
 */
import {
  AV_LOG_QUIET,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, Frame, Log, Packet, Rational } from 'node-av/lib';
import { SentinelError } from '../../base/errors.ts';

/** References of one picture, no weights, no scene cuts: what the simulator's slice reader understands. */
const STYLE = 'cabac=0:weightp=0:ref=1:bframes=0:scenecut=0:keyint=infinite:sliced-threads=0:aud=0';

export interface EncoderSetup {
  /** Multiples of 16 wide, of 8 high. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly fps: number;
  /** x264's constant rate factor: lower is better and larger, 18..35. */
  readonly quality: number;
}

/** Not to be used after `close`; calls block for some milliseconds of processor time. */
export class H264Encoder {
  readonly #setup: EncoderSetup;
  readonly #context = new CodecContext();
  readonly #frame = new Frame();
  readonly #packet = new Packet();
  #count = 0n;

  private constructor(setup: EncoderSetup) {
    this.#setup = setup;
  }

  /** @throws SentinelError `picture.unreadable` where FFmpeg has no such encoder or will not open it */
  static async open(setup: EncoderSetup): Promise<H264Encoder> {
    const encoder = new H264Encoder(setup);
    await encoder.#open();
    return encoder;
  }

  async #open(): Promise<void> {
    const setup = this.#setup;
    Log.setLevel(AV_LOG_QUIET);
    const encoder = Codec.findEncoderByName(FF_ENCODER_LIBX264);
    if (!encoder) throw this.#failed('there is no H.264 encoder');
    const context = this.#context;
    context.allocContext3(encoder);
    context.width = setup.widthPx;
    context.height = setup.heightPx;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.timeBase = new Rational(1, setup.fps);
    context.framerate = new Rational(setup.fps, 1);
    context.threadCount = 1;
    context.maxBFrames = 0;
    context.colorRange = AVCOL_RANGE_MPEG;
    context.colorSpace = AVCOL_SPC_BT709;
    context.colorPrimaries = AVCOL_PRI_BT709;
    context.colorTrc = AVCOL_TRC_BT709;
    const options = Dictionary.fromObject({
      preset: 'superfast',
      tune: 'zerolatency',
      crf: String(setup.quality),
      'forced-idr': '1',
      'x264-params': STYLE,
    });
    // The blocking call leaves its options to be freed twice.
    if ((await context.open2(encoder, options)) < 0) throw this.#failed('the H.264 encoder did not open');
    this.#frame.alloc();
    this.#frame.width = setup.widthPx;
    this.#frame.height = setup.heightPx;
    this.#frame.format = AV_PIX_FMT_YUV420P;
    this.#frame.getBuffer(0);
    this.#packet.alloc();
  }

  /**
   * @param planes luma, then both chroma planes at half size, without gaps: width * height * 1.5 bytes
   * @param key a picture that refers to nothing, with its parameter sets before it
   * @returns Annex B bytes of its own
   */
  encode(planes: Buffer, key: boolean): Buffer {
    const frame = this.#frame;
    frame.makeWritable();
    if (frame.fromBuffer(planes) < 0) throw this.#failed('the picture has another size');
    frame.pts = this.#count++;
    frame.pictType = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    if (this.#context.sendFrameSync(frame) < 0 || this.#context.receivePacketSync(this.#packet) < 0) {
      throw this.#failed('the H.264 encoder gave nothing back');
    }
    const bytes = Buffer.from(this.#packet.data ?? []);
    this.#packet.unref();
    return bytes;
  }

  close(): void {
    this.#frame.free();
    this.#packet.free();
    this.#context.freeContext();
  }

  #failed(problem: string): SentinelError {
    return new SentinelError('picture.unreadable', {
      what: `${this.#setup.widthPx}x${this.#setup.heightPx} to be coded as H.264`,
      problem,
    });
  }
}
