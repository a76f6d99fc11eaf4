/** A stream decoded picture by picture, from a key unit on. */
import { afterEach, expect, test } from 'vitest';
import { H264Encoder, LiveDecoder, type StreamUnit } from '../../../src/drivers/codec/codec.ts';
import { syntheticPicture } from '../../support/coded.ts';
import type { Picture } from '../../../src/base/picture.ts';

let decoder: LiveDecoder | undefined;
afterEach(() => decoder?.close());

const SIZE = { widthPx: 640, heightPx: 360 };
const pictures = [1, 2, 3, 4, 5, 6].map((seed) => syntheticPicture(SIZE.widthPx, SIZE.heightPx, seed));

async function streamOf(list: readonly Picture[], keyAt: readonly number[] = [0]): Promise<StreamUnit[]> {
  const encoder = await H264Encoder.open({ ...SIZE, fps: 25, quality: 20 });
  const units = list.map((picture, index) => {
    const isKey = keyAt.includes(index);
    const bytes = encoder.encode(planesOf(picture), isKey);
    return { codec: 'h264' as const, bytes: Buffer.from(bytes), isKey, followsLoss: false };
  });
  encoder.close();
  return units;
}

/** BT.709, limited range, chroma of each square of four. */
function planesOf({ widthPx, heightPx, rgb }: Picture): Buffer {
  const planes = Buffer.alloc((widthPx * heightPx * 3) / 2);
  const chroma = (widthPx * heightPx) / 4;
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const [r = 0, g = 0, b = 0] = rgb.subarray((y * widthPx + x) * 3, (y * widthPx + x) * 3 + 3);
      planes[y * widthPx + x] = 16 + (0.2126 * r + 0.7152 * g + 0.0722 * b) * (219 / 255);
      if (x % 2 === 1 || y % 2 === 1) continue;
      const at = widthPx * heightPx + (y / 2) * (widthPx / 2) + x / 2;
      planes[at] = 128 + (-0.1146 * r - 0.3854 * g + 0.5 * b) * (224 / 255);
      planes[at + chroma] = 128 + (0.5 * r - 0.4542 * g - 0.0458 * b) * (224 / 255);
    }
  }
  return planes;
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += Math.abs((a[index] ?? 0) - (b[index] ?? 0));
  return sum / a.length;
}

test('each picture comes out as it went in, at once', async () => {
  decoder = new LiveDecoder();
  for (const [index, unit] of (await streamOf(pictures)).entries()) {
    const decoded = await decoder.decode(unit, true);
    expect(decoded).toMatchObject({ sourceWidthPx: 640, sourceHeightPx: 360 });
    expect(meanDifference(decoded!.picture.rgb, pictures[index]!.rgb)).toBeLessThan(9);
  }
});

test('pictures that nobody wants are carried along for those that depend on them', async () => {
  decoder = new LiveDecoder();
  const units = await streamOf(pictures);
  for (const unit of units.slice(0, -1)) expect(await decoder.decode(unit, false)).toBeUndefined();
  const last = await decoder.decode(units.at(-1)!, true);
  expect(meanDifference(last!.picture.rgb, pictures.at(-1)!.rgb)).toBeLessThan(9);
});

test('nothing is yielded before the first key unit, nor after a loss until the next', async () => {
  decoder = new LiveDecoder();
  const units = await streamOf(pictures, [0, 4]);
  expect(await decoder.decode(units[1]!, true)).toBeUndefined();
  expect(await decoder.decode(units[0]!, true)).toBeDefined();
  expect(await decoder.decode({ ...units[2]!, followsLoss: true }, true)).toBeUndefined();
  expect(await decoder.decode(units[3]!, true)).toBeUndefined();
  const again = await decoder.decode(units[4]!, true);
  expect(meanDifference(again!.picture.rgb, pictures[4]!.rgb)).toBeLessThan(9);
  expect(await decoder.decode(units[5]!, true)).toBeDefined();
});

test.each([
  ['cut short', (bytes: Uint8Array) => bytes.subarray(0, Math.floor(bytes.length / 3))],
  [
    'filled with noise',
    (bytes: Uint8Array) =>
      Buffer.concat([bytes.subarray(0, 40), Buffer.alloc(bytes.length - 40, Buffer.from('2f9c71e5a83b46d0', 'hex'))]),
  ],
])('a unit %s is refused, and what follows it until the next key unit', async (_what, damage) => {
  decoder = new LiveDecoder();
  const units = await streamOf(pictures, [0, 4]);
  await decoder.decode(units[0]!, false);
  expect(await decoder.decode({ ...units[1]!, bytes: damage(units[1]!.bytes) }, true)).toBeUndefined();
  expect(await decoder.decode(units[2]!, true)).toBeUndefined();
  expect(await decoder.decode(units[4]!, true)).toBeDefined();
});
