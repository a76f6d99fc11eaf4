/** Live pictures in a real browser: that they play, that they are of now, and that an old one never passes for live. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SharedPulls } from '../../src/drivers/rtsp/rtsp.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { describeInBrowser, until } from '../support/browser.ts';
import { liveOf } from '../support/live.ts';
import { LOGIN, simulated } from '../support/simulated.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };

describeInBrowser('live pictures', (pages) => {
  let web: SampleWeb;
  let simulator: Simulator;
  let pulls: SharedPulls;

  beforeAll(async () => {
    simulator = await simulated();
    web = await startSampleWeb({
      candidates: 3,
      live: (db) => {
        const made = liveOf(db, LOGIN);
        pulls = made.pulls;
        return made.live;
      },
    });
    const [camera] = simulator.cameras;
    await web.db
      .updateTable('camera')
      .set({ main_url: camera!.mainUrl, sub_url: camera!.subUrl })
      .where('kind', '=', 'fixed')
      .execute();
  });
  afterAll(async () => {
    await web.close();
    await simulator.close();
  });

  async function watch(place: string): Promise<Page> {
    const page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/cameras');
    await page.locator('[data-test="camera-row"]').filter({ hasText: place }).click();
    await page.getByRole('tab', { name: '实时画面' }).click();
    return page;
  }
  const seconds = (page: Page): Promise<number> => page.evaluate(`document.querySelector('.live video').currentTime`);
  const width = (page: Page): Promise<number> => page.evaluate(`document.querySelector('.live video').videoWidth`);

  it('play, small and large, and end with the tab', async () => {
    const page = await watch('小区南门');
    await until(async () => (await seconds(page)) > 1, 'the picture moves');
    expect(await width(page)).toBe(640);
    expect(await page.locator('.live .note').count()).toBe(0);
    await page.locator('[data-test="live-size"]').click();
    await until(async () => (await width(page)) > 640, 'the main stream is shown');
    await page.getByRole('tab', { name: '概况' }).click();
    await until(() => pulls.size === 0, 'nothing is pulled any more');
  });

  it('are of now: no more than a second behind what reached the server', async () => {
    const page = await watch('小区南门');
    await until(async () => (await seconds(page)) > 3, 'it has played for a while');
    const behindS: number = await page.evaluate(`(() => {
      const video = document.querySelector('.live video');
      return video.buffered.end(video.buffered.length - 1) - video.currentTime;
    })()`);
    expect(behindS).toBeLessThan(1);
  });

  it('say so when no new picture comes, and go on by themselves', async () => {
    const page = await watch('小区南门');
    await until(async () => (await seconds(page)) > 0.5, 'the picture moves');
    const { port } = simulator;
    await simulator.close();
    await page.locator('.live.old .note').waitFor();
    expect(await page.locator('.live .note').textContent()).toMatch(/没有画面|没有新画面/);
    simulator = await simulated({ port });
    await until(async () => (await page.locator('.live .note').count()) === 0, 'it is live again');
  });

  it('say why there is none of a picture that must not be shown', async () => {
    const view = await web.db
      .selectFrom('view')
      .innerJoin('camera', 'camera.id', 'view.camera_id')
      .select('view.id')
      .where('camera.place', 'like', '%南门%')
      .executeTakeFirstOrThrow();
    const polygon = JSON.stringify([
      [0, 0],
      [0.2, 0],
      [0.2, 0.2],
    ]);
    await web.db.insertInto('mask').values({ view_id: view.id, kind: 'privacy', polygon }).execute();
    const page = await watch('小区南门');
    await page.locator('.live .note').filter({ hasText: '隐私遮挡' }).waitFor();
    expect(pulls.size).toBe(0);
  });
});
