/** A small panorama of coloured columns for tests of the simulated domes, and an estate with a dome in the middle of it. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { DemoEstate } from '../../src/simulator/simulator.ts';
import { ESTATE } from './simulated.ts';

export const PX_PER_DEG = 8;
export const TOP_DEG = 14;
const WIDTH_PX = 360 * PX_PER_DEG;
const HEIGHT_PX = 76 * PX_PER_DEG;
/** Where the hut of the test panorama stands: ten degrees of pan from 20 on, five of tilt from -20 down. */
const HUT = {
  left_px: 200 * PX_PER_DEG,
  top_px: 34 * PX_PER_DEG,
  width_px: 10 * PX_PER_DEG,
  height_px: 5 * PX_PER_DEG,
};

/** Brightness of the test panorama by day: dark and bright patches of 2 degrees, no two rows or columns alike. */
export function brightnessAt(panDeg: number, tiltDeg: number): number {
  const column = Math.floor((panDeg + 180) / 2);
  const row = Math.floor((TOP_DEG - tiltDeg) / 2);
  return 60 + ((Math.imul(column * 73 + row * 179 + 11, 0x9e3779b1) >>> 8) % 130);
}

async function picture(
  file: string,
  widthPx: number,
  heightPx: number,
  at: (x: number, y: number) => number,
): Promise<void> {
  const rgb = Buffer.alloc(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) rgb.fill(at(x, y), (y * widthPx + x) * 3, (y * widthPx + x) * 3 + 3);
  }
  await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .webp({ lossless: true })
    .toFile(file);
}

/** @returns a media folder that holds it */
export async function makePanorama(): Promise<string> {
  const media = await mkdtemp(path.join(os.tmpdir(), 'sentinel-panorama-'));
  const dir = path.join(media, 'panorama');
  await mkdir(dir);
  const light = (x: number, y: number): number => brightnessAt(x / PX_PER_DEG - 180, TOP_DEG - y / PX_PER_DEG);
  for (const [lighting, dim] of [
    ['clear', 1],
    ['night', 0.4],
  ] as const) {
    await picture(path.join(dir, `${lighting}.webp`), WIDTH_PX, HEIGHT_PX, (x, y) => light(x, y) * dim);
    for (const stage of [0, 1, 2]) {
      await picture(path.join(dir, `${lighting}-hut-${stage}.webp`), HUT.width_px, HUT.height_px, (x, y) =>
        stage === 0 ? light(HUT.left_px + x, HUT.top_px + y) * dim : stage * 100,
      );
    }
  }
  const about = { px_per_deg: PX_PER_DEG, top_deg: TOP_DEG, width_px: WIDTH_PX, height_px: HEIGHT_PX };
  await writeFile(path.join(dir, 'panorama.json'), JSON.stringify({ ...about, works: { hut: { stages: 2, ...HUT } } }));
  return media;
}

export const DOME_ESTATE: DemoEstate = {
  ...ESTATE,
  cameras: [],
  domes: [
    {
      ...{ key: 'dome', name: '楼顶球机', place: '30号楼 屋面', northDeg: 0, clockOffsetS: 2 },
      presets: [{ name: '大门', panDeg: 20, tiltDeg: -20, zoom: 2 }],
    },
  ],
};
