/**
 * Letters for print and pictures: Noto Sans SC (SIL Open Font License 1.1) as the npm package brings it, so that a machine
 * without any Chinese font prints the same. Opened once, when first needed.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { create, type Font } from 'fontkit';

const require = createRequire(import.meta.url);
const FILES = {
  regular: require.resolve('@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf'),
  bold: require.resolve('@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf'),
} as const;

export type Weight = keyof typeof FILES;

const bytes = new Map<Weight, Buffer>();
const fonts = new Map<Weight, Font>();

export function fontBytes(weight: Weight): Buffer {
  let kept = bytes.get(weight);
  if (!kept) bytes.set(weight, (kept = readFileSync(FILES[weight])));
  return kept;
}

function fontOf(weight: Weight): Font {
  let kept = fonts.get(weight);
  if (!kept) fonts.set(weight, (kept = create(fontBytes(weight)) as Font));
  return kept;
}

export interface OutlinedText {
  /** SVG path data, its baseline at y = 0 and its beginning at x = 0. */
  readonly path: string;
  readonly widthPx: number;
}

/**
 * Text as an outline, for pictures: what draws them need then know of no font.
 * @param sizePx of the em square
 */
export function outlineText(text: string, sizePx: number, weight: Weight = 'bold'): OutlinedText {
  const font = fontOf(weight);
  const scale = sizePx / font.unitsPerEm;
  const { glyphs, positions } = font.layout(text);
  let x = 0;
  const paths = glyphs.map((glyph, index) => {
    const path = glyph.path.transform(scale, 0, 0, -scale, x, 0).toSVG();
    x += (positions[index]?.xAdvance ?? 0) * scale;
    return path;
  });
  return { path: paths.join(''), widthPx: x };
}
