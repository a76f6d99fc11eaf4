/**
 * Printed sheets: A4, PDF/A-2b (ISO 19005-2), the letters that are used embedded. Lengths are points, 1/72 inch.
 *
 * Errors: `print.failed`.
 */
import PDFDocument from 'pdfkit';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { fontBytes, type Weight } from './fonts.ts';

export { outlineText, type OutlinedText } from './fonts.ts';

export interface SheetInfo {
  readonly title: string;
  readonly author: string;
  readonly subject: string;
  readonly madeAtMs: number;
  /** At the foot of each page, left; its number and the count stand right. */
  readonly foot: string;
}

export interface PrintedPicture {
  readonly jpeg: Uint8Array;
  readonly caption: string;
}

const MARGIN = 54;
const FOOT_HEIGHT = 28;
const INK = '#111820';
const QUIET = '#52606d';
const RULE = '#c9d1d9';
const ACCENT = '#0b5c7a';
const GAP = 12;
/** So that a page has room for a picture and for what is said of it. */
const TALLEST_PICTURE = 240;
/** In several rows, so that what is said of them stands on the same page. */
const TALLEST_OF_MANY = 118;

/** What may stand on a sheet, from top to bottom; a page ends by itself where it is full. */
export class Sheet {
  readonly #pdf: PDFKit.PDFDocument;

  constructor(pdf: PDFKit.PDFDocument) {
    this.#pdf = pdf;
  }

  get #width(): number {
    return this.#pdf.page.width - 2 * MARGIN;
  }

  get #bottom(): number {
    return this.#pdf.page.height - MARGIN - FOOT_HEIGHT;
  }

  title(text: string, under: string): void {
    this.#write('bold', 20, INK, text, { lineGap: 2 });
    this.#write('regular', 11.5, QUIET, under);
    this.#pdf.moveDown(0.6);
    this.rule();
  }

  /** @param under the same in another language */
  heading(text: string, under = ''): void {
    this.#need(64);
    this.#pdf.moveDown(0.5);
    this.#pdf.font('bold').fontSize(12.5).fillColor(ACCENT);
    this.#pdf.text(text, MARGIN, this.#pdf.y, { width: this.#width, continued: under !== '' });
    if (under !== '') this.#pdf.font('regular').fontSize(10).fillColor(QUIET).text(`   ${under}`);
    this.#pdf.moveDown(0.45);
  }

  text(text: string): void {
    this.#write('regular', 10.5, INK, text, { lineGap: 3 });
    this.#pdf.moveDown(0.25);
  }

  /** Smaller and paler: the same once more in another language, or a remark. */
  aside(text: string): void {
    this.#write('regular', 9, QUIET, text, { lineGap: 2 });
    this.#pdf.moveDown(0.35);
  }

  points(texts: readonly string[]): void {
    for (const text of texts) {
      this.#need(28);
      const { y } = this.#pdf;
      this.#pdf.font('regular').fontSize(10).fillColor(INK);
      this.#pdf.text('•', MARGIN, y, { width: 10 });
      this.#pdf.text(text, MARGIN + 12, y, { width: this.#width - 12, lineGap: 2 });
      this.#pdf.moveDown(0.2);
    }
  }

  rule(): void {
    const { y } = this.#pdf;
    this.#pdf
      .moveTo(MARGIN, y)
      .lineTo(MARGIN + this.#width, y)
      .lineWidth(0.75)
      .stroke(RULE);
    this.#pdf.y = y + 6;
  }

  /** Rows of a name and what it is; a row is kept whole. */
  facts(rows: readonly (readonly [name: string, value: string])[], print: 'plain' | 'fine' = 'plain'): void {
    const [size, gap] = print === 'fine' ? [8, 2.5] : [9, 5];
    const nameWidth = this.#width * 0.3;
    const valueWidth = this.#width - nameWidth - GAP;
    for (const [name, value] of rows) {
      this.#pdf.font('regular').fontSize(size);
      const height =
        Math.max(
          this.#pdf.heightOfString(name, { width: nameWidth }),
          this.#pdf.heightOfString(value || '—', { width: valueWidth }),
        ) + gap;
      this.#need(height);
      const { y } = this.#pdf;
      this.#pdf.fillColor(QUIET).text(name, MARGIN, y, { width: nameWidth });
      this.#pdf.fillColor(INK).text(value || '—', MARGIN + nameWidth + GAP, y, { width: valueWidth });
      this.#pdf
        .moveTo(MARGIN, y + height - gap / 2)
        .lineTo(MARGIN + this.#width, y + height - gap / 2)
        .lineWidth(0.4)
        .stroke(RULE);
      this.#pdf.y = y + height;
    }
    this.#pdf.x = MARGIN;
    this.#pdf.moveDown(0.4);
  }

  /** One or two pictures in a row, their JPEG bytes as they are. */
  pictures(pictures: readonly PrintedPicture[]): void {
    const across = Math.min(2, pictures.length);
    if (across === 0) return;
    const width = (this.#width - GAP * (across - 1)) / across;
    const most = pictures.length > across ? TALLEST_OF_MANY : TALLEST_PICTURE;
    for (let from = 0; from < pictures.length; from += across) {
      const row = pictures.slice(from, from + across).map(({ jpeg, caption }) => {
        const image = openImage(this.#pdf, Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength));
        return { image, caption, height: Math.min(most, (width * image.height) / image.width) };
      });
      const tallest = Math.max(...row.map(({ height }) => height));
      this.#need(tallest + 30);
      const { y } = this.#pdf;
      let below = y + tallest;
      row.forEach(({ image, caption, height }, index) => {
        const x = MARGIN + index * (width + GAP);
        this.#pdf.image(image, x, y, { fit: [width, height], align: 'center' });
        this.#pdf.font('regular').fontSize(8.5).fillColor(QUIET);
        this.#pdf.text(caption, x, y + tallest + 3, { width });
        below = Math.max(below, this.#pdf.y);
      });
      this.#pdf.x = MARGIN;
      this.#pdf.y = below + 6;
    }
  }

  /** Things that happened, one below the other along a line. */
  timeline(entries: readonly { readonly at: string; readonly what: string }[]): void {
    const atWidth = 118;
    entries.forEach(({ at, what }, index) => {
      this.#pdf.font('regular').fontSize(9);
      const height = this.#pdf.heightOfString(what, { width: this.#width - atWidth - 20 }) + 4;
      this.#need(height);
      const { y } = this.#pdf;
      const lineX = MARGIN + atWidth + 4;
      this.#pdf
        .moveTo(lineX, index === 0 ? y + 6 : y)
        .lineTo(lineX, index === entries.length - 1 ? y + 6 : y + height)
        .lineWidth(1)
        .stroke(RULE);
      this.#pdf.circle(lineX, y + 6, 2.6).fill(ACCENT);
      this.#pdf.fillColor(QUIET).text(at, MARGIN, y, { width: atWidth });
      this.#pdf.fillColor(INK).text(what, MARGIN + atWidth + 16, y, { width: this.#width - atWidth - 16 });
      this.#pdf.y = y + height;
    });
    this.#pdf.x = MARGIN;
    this.#pdf.moveDown(0.4);
  }

  newPage(): void {
    this.#pdf.addPage();
  }

  /** Lines to be signed by hand. */
  signatures(names: readonly string[]): void {
    this.#need(70);
    this.#pdf.moveDown(1.5);
    const width = (this.#width - GAP * (names.length - 1)) / names.length;
    const { y } = this.#pdf;
    names.forEach((name, index) => {
      const x = MARGIN + index * (width + GAP);
      this.#pdf
        .moveTo(x, y + 26)
        .lineTo(x + width, y + 26)
        .lineWidth(0.75)
        .stroke(INK);
      this.#pdf
        .font('regular')
        .fontSize(8.5)
        .fillColor(QUIET)
        .text(name, x, y + 30, { width });
    });
    this.#pdf.x = MARGIN;
    this.#pdf.moveDown(0.5);
  }

  #write(weight: Weight, size: number, colour: string, text: string, options: PDFKit.Mixins.TextOptions = {}): void {
    this.#pdf.font(weight).fontSize(size).fillColor(colour);
    this.#pdf.text(text, MARGIN, this.#pdf.y, { width: this.#width, ...options });
  }

  /** A new page unless so much is left of this one. */
  #need(height: number): void {
    if (this.#pdf.y + height > this.#bottom) this.newPage();
  }
}

/** Known to the library, not to its types. */
function openImage(pdf: PDFKit.PDFDocument, jpeg: Buffer): PDFKit.Mixins.ImageSrc & { width: number; height: number } {
  const opener = pdf as unknown as {
    openImage(src: Buffer): PDFKit.Mixins.ImageSrc & { width: number; height: number };
  };
  return opener.openImage(jpeg);
}

/** @returns the PDF */
export async function print(info: SheetInfo, draw: (sheet: Sheet) => void): Promise<Buffer> {
  try {
    const pdf = new PDFDocument({
      size: 'A4',
      margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: MARGIN + FOOT_HEIGHT },
      pdfVersion: '1.7',
      subset: 'PDF/A-2b',
      lang: 'zh-CN',
      bufferPages: true,
      // Given by its bytes; without one the library would look for a font file of its own.
      font: fontBytes('regular') as unknown as string,
      info: {
        Title: info.title,
        Author: info.author,
        Subject: info.subject,
        Creator: 'Sentinel',
        Producer: 'Sentinel',
        CreationDate: new Date(info.madeAtMs),
        ModDate: new Date(info.madeAtMs),
      },
    });
    const chunks: Buffer[] = [];
    const ended = new Promise<Buffer>((resolve, reject) => {
      pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
      pdf.on('end', () => resolve(Buffer.concat(chunks)));
      pdf.on('error', reject);
    });
    pdf.registerFont('regular', fontBytes('regular'));
    pdf.registerFont('bold', fontBytes('bold'));
    draw(new Sheet(pdf));
    number(pdf, info.foot);
    pdf.end();
    return await ended;
  } catch (thrown) {
    throw new SentinelError('print.failed', { what: info.title, problem: problemOf(thrown) }, { cause: thrown });
  }
}

/** Writes the foot of each page, which can only be done once they are counted. */
function number(pdf: PDFKit.PDFDocument, foot: string): void {
  const { start, count } = pdf.bufferedPageRange();
  for (let index = start; index < start + count; index++) {
    pdf.switchToPage(index);
    // Below the margin the library would begin a new page.
    pdf.page.margins.bottom = 0;
    const y = pdf.page.height - MARGIN - 4;
    const width = pdf.page.width - 2 * MARGIN;
    pdf.font('regular').fontSize(7.5).fillColor(QUIET);
    pdf.text(foot, MARGIN, y, { width: width - 60, lineBreak: false, ellipsis: true });
    pdf.text(`${index - start + 1} / ${count}`, MARGIN + width - 60, y, {
      width: 60,
      align: 'right',
      lineBreak: false,
    });
  }
}
