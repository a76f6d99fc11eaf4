/** Pictures with something in them, and real H.264 and H.265 key frames made of them by FFmpeg's encoders. */
import { AV_PIX_FMT_RGB24, AV_PIX_FMT_YUV420P, SWS_BILINEAR } from 'node-av/constants';
import { Codec, CodecContext, Dictionary, Frame, Packet, Rational, SoftwareScaleContext } from 'node-av/lib';
import type { Picture } from '../../src/base/picture.ts';

/** A picture of blocks and gradients, the same for the same seed. */
export function syntheticPicture(widthPx: number, heightPx: number, seed = 1): Picture {
  const rgb = Buffer.alloc(widthPx * heightPx * 3);
  let state = seed >>> 0 || 1;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const at = (y * widthPx + x) * 3;
      rgb[at] = 60 + (100 * y) / heightPx;
      rgb[at + 1] = 70 + (80 * x) / widthPx;
      rgb[at + 2] = 90;
    }
  }
  for (let block = 0; block < 40; block++) {
    const x0 = Math.floor(random() * widthPx * 0.9);
    const y0 = Math.floor(random() * heightPx * 0.9);
    const width = Math.max(4, Math.floor(random() * widthPx * 0.15));
    const height = Math.max(4, Math.floor(random() * heightPx * 0.2));
    const colour = [random() * 255, random() * 255, random() * 255];
    paint({ widthPx, heightPx, rgb }, x0, y0, width, height, colour);
  }
  return { widthPx, heightPx, rgb };
}

/** Paints a filled rectangle into a picture, cut at its edges. */
export function paint(
  picture: Picture,
  x0: number,
  y0: number,
  width: number,
  height: number,
  colour: readonly number[],
): void {
  for (let y = y0; y < Math.min(picture.heightPx, y0 + height); y++) {
    for (let x = x0; x < Math.min(picture.widthPx, x0 + width); x++) {
      for (let channel = 0; channel < 3; channel++) {
        picture.rgb[(y * picture.widthPx + x) * 3 + channel] = colour[channel] ?? 0;
      }
    }
  }
}

/** One key access unit (Annex B, parameter sets first) of a picture. */
export async function encodeKeyFrame(picture: Picture, codec: 'h264' | 'h265'): Promise<Buffer> {
  const encoder = Codec.findEncoderByName((codec === 'h264' ? 'libx264' : 'libx265') as never);
  if (!encoder) throw new Error(`no encoder for ${codec}`);
  const context = new CodecContext();
  context.allocContext3(encoder);
  context.width = picture.widthPx;
  context.height = picture.heightPx;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, 25);
  context.gopSize = 1;
  context.maxBFrames = 0;
  context.threadCount = 1;
  const options = {
    preset: 'ultrafast',
    tune: 'zerolatency',
    ...(codec === 'h265' && { 'x265-params': 'log-level=none' }),
  };
  const opened = await context.open2(encoder, Dictionary.fromObject(options));
  if (opened < 0) throw new Error(`the ${codec} encoder did not open: ${opened}`);

  const source = frameOf(picture.widthPx, picture.heightPx, AV_PIX_FMT_YUV420P);
  const scaler = new SoftwareScaleContext();
  scaler.getContext(
    ...[picture.widthPx, picture.heightPx, AV_PIX_FMT_RGB24],
    ...[picture.widthPx, picture.heightPx, AV_PIX_FMT_YUV420P, SWS_BILINEAR],
  );
  const rgb = Buffer.from(picture.rgb);
  scaler.scaleSync([rgb], [picture.widthPx * 3], 0, picture.heightPx, source.data as Buffer[], source.linesize);
  source.pts = 0n;
  const packet = new Packet();
  packet.alloc();
  await context.sendFrame(source);
  await context.sendFrame(null);
  const units: Buffer[] = [];
  while ((await context.receivePacket(packet)) >= 0) {
    units.push(Buffer.from(packet.data as Buffer));
    packet.unref();
  }
  context.freeContext();
  scaler.freeContext();
  source.free();
  packet.free();
  return Buffer.concat(units);
}

function frameOf(widthPx: number, heightPx: number, format: number): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = widthPx;
  frame.height = heightPx;
  frame.format = format as never;
  if (frame.getBuffer(32) < 0) throw new Error('no frame buffer');
  return frame;
}
