/**
 * What a person draws on the pictures of a package: frames, words, areas made unrecognisable, and the recipient's name.
 * Always into a copy. Letters are drawn as outlines, so that no font need be installed.
 */
import type { Box, Point } from '../base/picture.ts';
import { drawOn } from '../drivers/codec/codec.ts';
import { outlineText } from '../drivers/print/print.ts';

/** For one picture of one snapshot; places in fractions of the picture. */
export interface PictureMarks {
  readonly snapshotId: string;
  readonly role: string;
  readonly frames: readonly { readonly box: Box; readonly text: string }[];
  readonly words: readonly { readonly at: Point; readonly text: string }[];
  /** Faces, plates, windows. */
  readonly blurred: readonly Box[];
}

const COLOUR = '#ff3b30';

/**
 * @param recipient written across the picture so that a copy tells where it came from; null for none
 * @returns JPEG
 */
export function markPicture(
  jpeg: Uint8Array,
  marks: Pick<PictureMarks, 'frames' | 'words' | 'blurred'>,
  recipient: string | null,
): Promise<Buffer> {
  return drawOn(jpeg, {
    blurred: marks.blurred,
    over: (widthPx, heightPx) => {
      const unitPx = Math.max(widthPx, heightPx) / 100;
      const parts = recipient === null ? [] : [recipientMark(recipient, widthPx, heightPx, unitPx)];
      for (const { box, text } of marks.frames) {
        const [x, y, width, height] = [box[0] * widthPx, box[1] * heightPx, box[2] * widthPx, box[3] * heightPx];
        const line = unitPx * 0.3;
        parts.push(
          `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="none" stroke="#000" stroke-opacity="0.6" stroke-width="${line * 2}"/>`,
          `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="none" stroke="${COLOUR}" stroke-width="${line}"/>`,
        );
        if (text !== '') parts.push(plate(text, x, Math.max(unitPx * 3, y - unitPx * 0.6), unitPx * 2, widthPx));
      }
      for (const { at, text } of marks.words) {
        parts.push(plate(text, at[0] * widthPx, at[1] * heightPx, unitPx * 2, widthPx));
      }
      return parts.join('');
    },
  });
}

/** Words on a dark ground, their base line at y, moved left where they would run over the edge. */
function plate(text: string, x: number, y: number, sizePx: number, pictureWidthPx: number): string {
  const { path, widthPx } = outlineText(text, sizePx);
  const pad = sizePx * 0.3;
  const left = Math.max(pad, Math.min(x, pictureWidthPx - widthPx - pad));
  return (
    `<g transform="translate(${left} ${y})"><rect x="${-pad}" y="${-sizePx}" width="${widthPx + 2 * pad}" height="${sizePx * 1.35}" fill="#000" fill-opacity="0.65"/>` +
    `<path d="${path}" fill="#fff"/></g>`
  );
}

/** Across the whole picture, so that no part of it can be cut out without it, and pale, so that all can still be seen. */
function recipientMark(recipient: string, widthPx: number, heightPx: number, unitPx: number): string {
  const { path, widthPx: textWidthPx } = outlineText(recipient, unitPx * 2.4);
  const stepX = textWidthPx + unitPx * 12;
  const stepY = unitPx * 16;
  const marks: string[] = [];
  for (let y = 0, row = 0; y < heightPx * 1.6; y += stepY, row++) {
    for (let x = -stepX + (row % 2) * (stepX / 2); x < widthPx * 1.4; x += stepX) {
      marks.push(`<path transform="translate(${x} ${y})" d="${path}"/>`);
    }
  }
  return `<g transform="rotate(-18) translate(${-unitPx * 10} ${unitPx * 6})" fill="#fff" fill-opacity="0.34" stroke="#000" stroke-opacity="0.3" stroke-width="${unitPx * 0.08}">${marks.join('')}</g>`;
}
