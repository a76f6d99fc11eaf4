/** The pictures of an evaluation: curves, and the worst misses and false alarms side by side. */
import sharp, { type OverlayOptions } from 'sharp';
import type { Polygon } from '../../../src/base/picture.ts';
import { drawOverlay } from '../../../src/comparison/comparison.ts';
import { readPicture, writeJpeg } from '../../../src/drivers/codec/codec.ts';

export interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly dashed?: boolean;
  readonly dots?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly title: string;
  readonly marks: readonly number[];
  readonly label: (value: number) => string;
  readonly logarithmic?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly across: Axis;
  readonly up: Axis;
  readonly curves: readonly Curve[];
}

const [WIDTH, HEIGHT] = [900, 560];
const EDGE = { left: 80, right: 230, top: 50, bottom: 60 };

/** Draws curves as a PNG. */
export async function drawChart(chart: Chart, file: string): Promise<void> {
  const { across, up, curves } = chart;
  const scale = (axis: Axis, value: number): number => (axis.logarithmic ? Math.log(value) : value);
  const shareOf = (axis: Axis, value: number): number => {
    const [from, to] = [scale(axis, axis.marks[0]!), scale(axis, axis.marks.at(-1)!)];
    return Math.min(1, Math.max(0, (scale(axis, value) - from) / (to - from)));
  };
  const inner = { width: WIDTH - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const x = (value: number): number => EDGE.left + shareOf(across, value) * inner.width;
  const y = (value: number): number => HEIGHT - EDGE.bottom - shareOf(up, value) * inner.height;
  const text = (at: [number, number], words: string, more = ''): string =>
    `<text x="${at[0]}" y="${at[1]}" font-family="DejaVu Sans, Noto Sans, sans-serif" font-size="13" fill="#333" ${more}>${escape(words)}</text>`;
  const parts = [
    ...across.marks.map(
      (mark) =>
        `<line x1="${x(mark)}" x2="${x(mark)}" y1="${EDGE.top}" y2="${HEIGHT - EDGE.bottom}" stroke="#ddd"/>` +
        text([x(mark), HEIGHT - EDGE.bottom + 20], across.label(mark), 'text-anchor="middle"'),
    ),
    ...up.marks.map(
      (mark) =>
        `<line x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${y(mark)}" y2="${y(mark)}" stroke="#ddd"/>` +
        text([EDGE.left - 8, y(mark) + 4], up.label(mark), 'text-anchor="end"'),
    ),
    ...curves.map(({ points, colour, dashed, dots }) => {
      const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ');
      const marks = dots
        ? points.map(([px, py]) => `<circle cx="${x(px)}" cy="${y(py)}" r="4" fill="${colour}"/>`)
        : [];
      return (
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.2" ${dashed ? 'stroke-dasharray="6 4"' : ''}/>` +
        marks.join('')
      );
    }),
    ...curves.map(({ name, colour, dashed }, index) => {
      const at = EDGE.top + 10 + index * 22;
      const left = WIDTH - EDGE.right + 14;
      return (
        `<line x1="${left}" x2="${left + 24}" y1="${at}" y2="${at}" stroke="${colour}" stroke-width="3" ${dashed ? 'stroke-dasharray="6 4"' : ''}/>` +
        text([left + 32, at + 4], name)
      );
    }),
    text([EDGE.left, 28], chart.title, 'font-weight="bold"'),
    text([EDGE.left + inner.width / 2, HEIGHT - 16], across.title, 'text-anchor="middle"'),
    text(
      [20, EDGE.top + inner.height / 2],
      up.title,
      `text-anchor="middle" transform="rotate(-90 20 ${EDGE.top + inner.height / 2})"`,
    ),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>`;
  await sharp(Buffer.from(svg)).png({ palette: true }).toFile(file);
}

export interface Tile {
  readonly picture: string;
  readonly regions: readonly { readonly polygon: Polygon }[];
  /** Its marked structures are drawn beside it. */
  readonly mask?: string;
  readonly words: string;
}

const [TILE_WIDTH, TILE_HEIGHT, CAPTION, COLUMNS] = [300, 200, 22, 4];

/** Draws pictures with what was reported on them, in rows, as a JPEG. */
export async function drawSheet(tiles: readonly Tile[], file: string): Promise<void> {
  const rows = Math.ceil(tiles.length / COLUMNS);
  const layers: OverlayOptions[] = [];
  for (const [index, { picture, regions, mask, words }] of tiles.entries()) {
    const [left, top] = [(index % COLUMNS) * TILE_WIDTH, Math.floor(index / COLUMNS) * (TILE_HEIGHT + CAPTION)];
    const drawn = await writeJpeg(drawOverlay(await readPicture(picture), regions));
    const shown = sharp(drawn).resize(TILE_WIDTH - 4, TILE_HEIGHT - 4, { fit: 'fill' });
    layers.push({ input: await shown.toBuffer(), left: left + 2, top: top + CAPTION });
    if (mask !== undefined) {
      const inset = sharp(mask).resize(TILE_WIDTH / 4, TILE_HEIGHT / 4, { fit: 'fill' });
      layers.push({ input: await inset.png().toBuffer(), left: left + 2, top: top + CAPTION });
    }
    const caption = `<svg xmlns="http://www.w3.org/2000/svg" width="${TILE_WIDTH}" height="${CAPTION}"><text x="4" y="16" font-family="DejaVu Sans, Noto Sans, sans-serif" font-size="13">${escape(words)}</text></svg>`;
    layers.push({ input: Buffer.from(caption), left, top });
  }
  await sharp({
    create: {
      width: COLUMNS * TILE_WIDTH,
      height: Math.max(1, rows) * (TILE_HEIGHT + CAPTION),
      channels: 3,
      background: '#fff',
    },
  })
    .composite(layers)
    .jpeg({ quality: 82 })
    .toFile(file);
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
