/** A camera whose stream this browser cannot play: shown all the same, and where it cannot be, said so. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { SentinelError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { findMpeg1Encoder } from '../../src/drivers/ffmpeg/ffmpeg.ts';
import { HostConnections, SharedPulls } from '../../src/drivers/rtsp/rtsp.ts';
import { LiveRelay } from '../../src/wall/wall.ts';
import { describeInBrowser, until } from '../support/browser.ts';
import { encodeUnits, startCodedCamera } from '../support/coded-camera.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };

describeInBrowser('live pictures that no browser plays', (pages) => {
  let dir: string;
  let camera: Awaited<ReturnType<typeof startCodedCamera>>;
  let web: SampleWeb;
  let pulls: SharedPulls;
  let hasFfmpeg = true;
  let codec: 'h265' | 'mpeg4' = 'h265';

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'sentinel-h265-'));
    camera = await startCodedCamera({ h265: await encodeUnits(dir, 'h265'), mpeg4: await encodeUnits(dir, 'mpeg4') });
    pulls = new SharedPulls({
      ...{ clock: systemClock, log: silentLogger, connections: new HostConnections({ clock: systemClock }) },
    });
    web = await startSampleWeb({
      candidates: 3,
      live: () =>
        new LiveRelay({
          ...{ clock: systemClock, log: silentLogger },
          findEncoder: () => {
            if (!hasFfmpeg) throw new SentinelError('live.no_ffmpeg');
            return findMpeg1Encoder();
          },
          hold: (target, options) => pulls.hold(target, options),
          aim: async () => ({ target: { url: camera.url(codec) } }),
          cameraOf: async (id) => ({ id }) as never,
          maskedOf: async () => new Set(),
        }),
    });
  });
  afterAll(async () => {
    await web.close();
    await camera.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function watch(): Promise<Page> {
    const page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/cameras?view=1');
    await page.getByRole('tab', { name: '实时画面' }).click();
    return page;
  }

  /** A sum over the canvas, which moves while its pictures do. */
  const drawn = (page: Page): Promise<number> =>
    page.evaluate<number>(`(() => {
      const canvas = document.querySelector('[data-test="drawn"]');
      const copy = document.createElement('canvas');
      copy.width = 64;
      copy.height = 36;
      const context = copy.getContext('2d');
      context.drawImage(canvas, 0, 0, 64, 36);
      return context.getImageData(0, 0, 64, 36).data.reduce((sum, value, at) => sum + value * (at % 97), 0);
    })()`);

  it.each(['h265', 'mpeg4'] as const)('in %s are made playable and move', async (sent) => {
    codec = sent;
    const page = await watch();
    await page.locator('[data-test="drawn"]').waitFor();
    const seen = new Set<number>();
    await until(async () => {
      seen.add(await drawn(page));
      return seen.size > 4;
    }, 'the picture moves');
    expect(await page.locator('.live .note').count()).toBe(0);
    expect(await page.evaluate(`document.querySelector('[data-test="drawn"]').width`)).toBe(640);
    await page.getByRole('tab', { name: '概况' }).click();
    await until(() => pulls.size === 0, 'nothing is pulled any more');
  });

  it('that cannot be made playable say so where the server has no ffmpeg', async () => {
    hasFfmpeg = false;
    const page = await watch();
    await page.locator('.live .note').filter({ hasText: 'ffmpeg' }).waitFor();
    expect(pulls.size).toBe(0);
  });
});
