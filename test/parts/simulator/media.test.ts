import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyFrameDecoder } from '../../../src/drivers/codec/codec.ts';
import { readClip } from '../../../src/simulator/clip.ts';
import { FPS, FRAMES_PER_GROUP } from '../../../src/simulator/clip-shelf.ts';
import { PanoramaShelf } from '../../../src/simulator/panorama.ts';
import { LIGHTINGS } from '../../../src/simulator/schedule.ts';
import { readDemoEstate } from '../../../src/simulator/simulator.ts';
import { annexB } from '../../support/recordings.ts';

const MEDIA = 'src/simulator/media';
const files = readdirSync(MEDIA, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.h264'))
  .sort();

describe('the recordings of the simulated estate', () => {
  it('are small enough to come with the program', () => {
    const bytes = files.reduce((sum, name) => sum + statSync(path.join(MEDIA, name)).size, 0);
    expect(bytes).toBeLessThan(25_000_000);
  });

  it('belong to a camera each', async () => {
    const { cameras } = await readDemoEstate('config/estate.demo.yaml');
    const scenes = [...new Set(files.map((name) => path.dirname(name)))];
    expect(scenes).toEqual(cameras.map(({ scene }) => scene).sort());
  });

  it('have a key frame every two seconds, and none of it is damaged', async () => {
    const decoder = new KeyFrameDecoder();
    for (const name of files) {
      const isMain = path.basename(name).startsWith('main');
      const { groups } = readClip(path.join(MEDIA, name), isMain ? 2 : 1);
      expect(groups.length, name).toBe(2);
      for (const [index, { frames, captioned }] of groups.entries()) {
        expect(
          frames.map(({ isKey }) => isKey),
          name,
        ).toEqual(Array.from({ length: FRAMES_PER_GROUP }, (_, frame) => frame === 0));
        if (index > 0) continue;
        const unit = captioned?.('2026-11-24 08:09:35');
        expect(unit?.isKey).toBe(true);
        const bytes = annexB(unit!.bytes, unit!.offsets);
        const { sourceWidthPx, sourceHeightPx } = await decoder.decode({ codec: 'h264', bytes });
        expect([sourceWidthPx, sourceHeightPx], name).toEqual(isMain ? [1280, 720] : [640, 360]);
      }
    }
    expect(FRAMES_PER_GROUP / FPS).toBe(2);
  });
});

describe('the panorama of the simulated domes', () => {
  const dir = path.join(MEDIA, 'panorama');
  const pictures = readdirSync(dir).filter((name) => name.endsWith('.webp'));

  it('is small enough to come with the program', () => {
    const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(path.join(dir, name)).size, 0);
    expect(bytes).toBeLessThan(15_000_000);
  });

  it('is there in every lighting, with every stage of what is put up', { timeout: 60_000 }, async () => {
    const { schedule, domes } = await readDemoEstate('config/estate.demo.yaml');
    let failed: unknown;
    const shelf = new PanoramaShelf(dir, (thrown) => (failed = thrown));
    for (const { structure, stage } of schedule.works) {
      expect(shelf.stages.get(structure), structure).toBeGreaterThanOrEqual(stage);
    }
    const wanted = LIGHTINGS.flatMap((lighting) => [
      `${lighting}.webp`,
      ...[...shelf.stages].flatMap(([key, stages]) =>
        Array.from({ length: stages + 1 }, (_, stage) => `${lighting}-${key}-${stage}.webp`),
      ),
    ]);
    expect([...pictures].sort()).toEqual([...wanted].sort());
    for (const lighting of LIGHTINGS) {
      for (const stage of [2, 1, 0]) {
        const works = new Map([...shelf.stages.keys()].map((key) => [key, stage]));
        const text =
          stage === 0
            ? ''
            : [...works.keys()]
                .map((key) => `${key}:${stage}`)
                .sort()
                .join();
        await expect.poll(() => failed ?? shelf.at(lighting, works)?.works, { timeout: 20_000 }).toBe(text);
      }
    }
    for (const { key } of domes) expect(statSync(path.join(dir, `name-${key}.png`)).size).toBeGreaterThan(500);
  });
});
