/** A copy of a JPEG with things drawn into it; the file it is made from is left as it is. */
import sharp, { type CreateRaw, type OverlayOptions } from 'sharp';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Box } from '../../base/picture.ts';

export interface Drawing {
  /** Areas made unrecognisable, in fractions of the picture. */
  readonly blurred: readonly Box[];
  /** SVG elements to lie over it, in pixels of the picture. */
  readonly over: (widthPx: number, heightPx: number) => string;
}

/** Cells that are left of a blurred area, along its longer side. Fewer than any face or plate can be read from. */
const CELLS_LEFT = 8;

/** @returns JPEG of the same size */
export async function drawOn(jpeg: Uint8Array, { blurred, over }: Drawing): Promise<Buffer> {
  try {
    const upright = await sharp(jpeg, { limitInputPixels: LIMITS.picturePixels, failOn: 'error' })
      .rotate()
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const raw = { width: upright.info.width, height: upright.info.height, channels: upright.info.channels };
    const layers = await Promise.all(blurred.map((box) => blurredPart(upright.data, raw, box)));
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${raw.width}" height="${raw.height}">${over(raw.width, raw.height)}</svg>`;
    return await sharp(upright.data, { raw })
      .composite([...layers.filter((layer) => layer !== undefined), { input: Buffer.from(svg), left: 0, top: 0 }])
      .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
      .toBuffer();
  } catch (thrown) {
    const what = `of ${jpeg.length} bytes`;
    throw new SentinelError('picture.unreadable', { what, problem: problemOf(thrown) }, { cause: thrown });
  }
}

/** A few flat cells in place of an area: unlike a soft blur, nothing of them can be computed back. */
async function blurredPart(
  data: Buffer,
  raw: CreateRaw,
  [x, y, width, height]: Box,
): Promise<OverlayOptions | undefined> {
  const left = Math.max(0, Math.floor(x * raw.width));
  const top = Math.max(0, Math.floor(y * raw.height));
  const area = {
    left,
    top,
    width: Math.min(raw.width, Math.ceil((x + width) * raw.width)) - left,
    height: Math.min(raw.height, Math.ceil((y + height) * raw.height)) - top,
  };
  if (area.width < 1 || area.height < 1) return undefined;
  const cellPx = Math.max(1, Math.max(area.width, area.height) / CELLS_LEFT);
  const few = await sharp(data, { raw })
    .extract(area)
    .resize(Math.max(1, Math.round(area.width / cellPx)), Math.max(1, Math.round(area.height / cellPx)), {
      fit: 'fill',
    })
    .png()
    .toBuffer();
  const input = await sharp(few).resize(area.width, area.height, { fit: 'fill', kernel: 'nearest' }).png().toBuffer();
  return { input, left, top };
}
