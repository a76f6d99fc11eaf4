/** The picture of a plan: what may be uploaded, and what is kept of it. */
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { recodePicture } from '../drivers/codec/codec.ts';

export interface PlanPicture {
  readonly jpeg: Buffer;
  readonly widthPx: number;
  readonly heightPx: number;
}

const asText = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1');

/**
 * By its first bytes, so that no parser of richer formats is woken by what somebody uploads.
 * @returns undefined for anything but PNG (ISO/IEC 15948), JPEG (ITU-T T.81) and WebP (RFC 9649)
 */
export function plainPictureFormat(bytes: Uint8Array): 'png' | 'jpeg' | 'webp' | undefined {
  if (asText(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (asText(bytes, 0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (asText(bytes, 0, 4) === 'RIFF' && asText(bytes, 8, 12) === 'WEBP') return 'webp';
  return undefined;
}

/**
 * Made anew: upright, on white, at most {@link LIMITS.planSidePx} wide and tall, and without whatever else the file carried.
 * @throws SentinelError plan.not_a_picture, picture.unreadable
 */
export async function readPlanPicture(bytes: Uint8Array): Promise<PlanPicture> {
  if (plainPictureFormat(bytes) === undefined) {
    const text = asText(bytes, 0, 256).trimStart();
    const format = text.startsWith('<')
      ? 'SVG, XML'
      : text.startsWith('%PDF')
        ? 'PDF'
        : text.startsWith('GIF8')
          ? 'GIF'
          : '?';
    throw new SentinelError('plan.not_a_picture', { format });
  }
  const picture = await recodePicture(bytes, LIMITS.planSidePx);
  const side = Math.min(picture.widthPx, picture.heightPx);
  if (side < LIMITS.planSmallestSidePx) {
    throw new SentinelError('picture.unreadable', {
      what: `of ${picture.widthPx} × ${picture.heightPx}`,
      problem: `each side needs ${LIMITS.planSmallestSidePx} pixels at least`,
    });
  }
  return picture;
}
