/** Masks of marked structures, read onto the grid of the eye's map. */
import sharp from 'sharp';
import { workingSizeOf } from '../../../src/comparison/comparison.ts';
import { readPicture } from '../../../src/drivers/codec/codec.ts';
import { marksOf, type Marks } from './marks.ts';

/** The map is this much smaller than the working picture. */
export const GRID_SHARE = 4;

const kept = new Map<string, Marks>();

export async function readMarks(mask: string, picture: string): Promise<Marks> {
  const known = kept.get(mask);
  if (known) return known;
  const { widthPx, heightPx } = await readPicture(picture);
  const size = workingSizeOf(widthPx, heightPx);
  const grid = { width: size.widthPx / GRID_SHARE, height: size.heightPx / GRID_SHARE };
  const grey = await sharp(mask)
    .resize(grid.width, grid.height, { fit: 'fill', kernel: 'nearest' })
    .toColourspace('b-w')
    .extractChannel(0)
    .raw()
    .toBuffer();
  const marks = marksOf(
    grey.map((value) => (value > 127 ? 1 : 0)),
    grid,
  );
  kept.set(mask, marks);
  return marks;
}
