/**
 * The clock that cameras write into their picture, coded without an encoder: a strip of macroblock rows above the recorded
 * picture, as a slice of its own. Its digits are raw samples (I_PCM, ITU-T H.264 clause 7.3.5), the rest of the strip is
 * predicted from them; between key frames it is skipped. So every key frame of a simulated camera is a different picture,
 * and a frozen one can be told by its clock.
 */
import type { BitWriter } from './bits.ts';

const MB = 16;
const BLACK = 16;
const WHITE = 235;
const GREY = 128;
/** Macroblock types of I slices (table 7-11). */
const I_PCM = 25;
const I_16X16_DC = 3;
/** Characters that a caption has room for, `yyyy-MM-dd HH:mm:ss`. */
const CHARACTERS = 19;
const CELL_WIDTH = 8;
const GLYPH_TOP = 3;
const GLYPH_LEFT = 1;

const GLYPHS: Readonly<Record<string, readonly string[]>> = {
  0: [' #### ', '##  ##', '##  ##', '##  ##', '##  ##', '##  ##', '##  ##', '##  ##', '##  ##', ' #### '],
  1: ['  ##  ', ' ###  ', '####  ', '  ##  ', '  ##  ', '  ##  ', '  ##  ', '  ##  ', '  ##  ', '######'],
  2: [' #### ', '##  ##', '##  ##', '    ##', '   ## ', '  ##  ', ' ##   ', '##    ', '##    ', '######'],
  3: [' #### ', '##  ##', '    ##', '    ##', '  ### ', '    ##', '    ##', '    ##', '##  ##', ' #### '],
  4: ['   ## ', '  ### ', ' #### ', '## ## ', '## ## ', '## ## ', '######', '   ## ', '   ## ', '   ## '],
  5: ['######', '##    ', '##    ', '##    ', '##### ', '    ##', '    ##', '    ##', '##  ##', ' #### '],
  6: [' #### ', '##  ##', '##    ', '##    ', '##### ', '##  ##', '##  ##', '##  ##', '##  ##', ' #### '],
  7: ['######', '    ##', '    ##', '   ## ', '   ## ', '  ##  ', '  ##  ', ' ##   ', ' ##   ', ' ##   '],
  8: [' #### ', '##  ##', '##  ##', '##  ##', ' #### ', '##  ##', '##  ##', '##  ##', '##  ##', ' #### '],
  9: [' #### ', '##  ##', '##  ##', '##  ##', '##  ##', ' #####', '    ##', '    ##', '##  ##', ' #### '],
  '-': ['      ', '      ', '      ', '      ', '##### ', '##### ', '      ', '      ', '      ', '      '],
  ':': ['      ', '      ', '  ##  ', '  ##  ', '      ', '      ', '  ##  ', '  ##  ', '      ', '      '],
};

/** Writes the strip of a key frame, `rows` macroblock rows of `widthMbs`; letters grow with the rows. */
export function writeCaption(writer: BitWriter, text: string, rows: number, widthMbs: number): void {
  const writtenMbs = Math.min(widthMbs, captionMbs(rows));
  const luma = drawCaption(text, rows, writtenMbs);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < widthMbs; column++) {
      if (column < writtenMbs) writePcm(writer, luma, writtenMbs * MB, column * MB, row * MB);
      else writePredicted(writer, column === writtenMbs);
    }
  }
}

/** Writes the strip of any other frame: as it was. */
export function writeUnchangedCaption(writer: BitWriter, rows: number, widthMbs: number): void {
  writer.ue(rows * widthMbs);
}

/** Macroblocks that a caption needs in width. */
export function captionMbs(scale: number): number {
  return Math.ceil((CHARACTERS * CELL_WIDTH * scale + MB / 2) / MB);
}

/** Luma of the written part of the strip: `widthMbs` macroblocks wide and `scale` high, row by row. */
export function drawCaption(text: string, scale: number, widthMbs: number): Buffer {
  const widthPx = widthMbs * MB;
  const luma = Buffer.alloc(widthPx * scale * MB, BLACK);
  for (let index = 0; index < Math.min(text.length, CHARACTERS); index++) {
    GLYPHS[text.charAt(index)]?.forEach((line, y) => {
      for (let x = 0; x < line.length; x++) {
        if (line[x] !== '#') continue;
        const left = (index * CELL_WIDTH + GLYPH_LEFT + x) * scale;
        const top = (GLYPH_TOP + y) * scale;
        for (let dy = 0; dy < scale; dy++) {
          const from = (top + dy) * widthPx + left;
          luma.fill(WHITE, from, from + scale);
        }
      }
    });
  }
  return luma;
}

function writePcm(writer: BitWriter, luma: Buffer, widthPx: number, left: number, top: number): void {
  writer.ue(I_PCM);
  writer.align();
  for (let y = 0; y < MB; y++) {
    const from = (top + y) * widthPx + left;
    writer.bytes(luma.subarray(from, from + MB));
  }
  writer.bytes(CHROMA);
}

const CHROMA = Buffer.alloc((MB * MB) / 2, GREY);

/**
 * A macroblock like its left neighbour's edge, which is black: no coefficients. How "none" is coded depends on how many
 * the neighbours have (clause 9.2.1), and I_PCM counts as 16.
 */
function writePredicted(writer: BitWriter, besidePcm: boolean): void {
  writer.ue(I_16X16_DC);
  writer.ue(0);
  writer.se(0);
  if (besidePcm) writer.bits(0b000011, 6);
  else writer.bits(1, 1);
}
