/** The plan: what is open in its place, hundreds of cameras kept clear, and putting things where they belong. */
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeInBrowser, until } from '../support/browser.ts';
import { addSampleUser } from '../support/sample-user.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };
const EVIL = `<img src=x onerror="window.hurt=1">"><svg onload=window.hurt=1>{{7*7}}`;

describeInBrowser('the plan', (pages) => {
  let web: SampleWeb;
  let page: Page;
  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);
  const field = (name: string): Locator => byTest(name).locator('input').or(byTest(name)).last();
  const sign = (cameraId: number): Locator => page.locator(`[data-camera="${cameraId}"]`);
  const placedAt = (cameraId: number) =>
    web.db.selectFrom('plan_camera').selectAll().where('camera_id', '=', cameraId).executeTakeFirst();

  beforeAll(async () => {
    web = await startSampleWeb({ candidates: 30 });
  });
  afterAll(() => web.close());
  beforeEach(async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
  });

  /** In the window, of a point of the plan in fractions. */
  async function at(x: number, y: number): Promise<[number, number]> {
    const box = await page.locator('.world img').boundingBox();
    if (!box) throw new Error('no picture');
    return [box.x + x * box.width, box.y + y * box.height];
  }

  it('is uploaded where there is none, and cameras are put on it by a click', async () => {
    await page.goto('/plan');
    await byTest('no-plan').waitFor();
    await byTest('plan-add').click();
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600"/>');
    await byTest('plan-file').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: svg });
    await byTest('plan-save').click();
    await page.getByText('plan.not_a_picture').waitFor();
    const picture = await sharp({ create: { width: 1200, height: 800, channels: 3, background: '#cfe0c3' } })
      .png()
      .toBuffer();
    await byTest('plan-file').setInputFiles({ name: '总平面图.png', mimeType: 'image/png', buffer: picture });
    await byTest('plan-save').click();
    await byTest('plan-editor').waitFor();
    await byTest('plan-camera-row').filter({ hasText: '2号楼北侧消防车道' }).click();
    await byTest('plan-waiting').filter({ hasText: '消防通道' }).waitFor();
    await page.mouse.click(...(await at(0.3, 0.4)));
    await until(async () => (await placedAt(4)) !== undefined, 'it is placed');
    expect(await placedAt(4)).toMatchObject({ heading_deg: 0, spread_deg: 80 });
    expect((await placedAt(4))?.x).toBeCloseTo(0.3, 2);
    await byTest('plan-figures').filter({ hasText: '2号楼北侧消防车道' }).waitFor();
  });

  it('moves and turns a camera by hand, by keys and by figures, and takes each back', async () => {
    await page.goto('/plan?edit=1');
    await sign(4).click();
    await byTest('handle-body').waitFor();
    const drag = async (handle: string, x: number, y: number): Promise<void> => {
      await byTest(handle).hover();
      await page.mouse.down();
      await page.mouse.move(...(await at(x, y)), { steps: 5 });
      await page.mouse.up();
    };
    await drag('handle-body', 0.6, 0.5);
    await until(async () => Math.abs(((await placedAt(4))?.x ?? 0) - 0.6) < 0.01, 'it was moved');
    await drag('handle-heading', 0.9, 0.5);
    await until(async () => Math.abs(((await placedAt(4))?.heading_deg ?? 0) - 90) <= 1, 'it looks to the right');
    expect((await placedAt(4))?.reach).toBeCloseTo(0.3, 1);
    await page.keyboard.press(']');
    await page.keyboard.press('Shift+ArrowLeft');
    await until(async () => Math.abs(((await placedAt(4))?.x ?? 0) - 0.59) < 0.005, 'keys moved it');
    await field('figure-spreadDeg').fill('120');
    await page.keyboard.press('Enter');
    await until(async () => (await placedAt(4))?.spread_deg === 120, 'a figure was written');
    await byTest('plan-undo').click();
    await until(async () => (await placedAt(4))?.spread_deg === 80, 'the figure was taken back');
    await byTest('plan-stage').focus();
    await page.keyboard.press('Control+z');
    await until(async () => Math.abs(((await placedAt(4))?.x ?? 0) - 0.6) < 0.002, 'the keys were taken back');
    await byTest('plan-undo').click();
    await until(async () => (await placedAt(4))?.heading_deg === 0, 'the turn was taken back');
    await byTest('plan-take-off').click();
    await until(async () => (await placedAt(4)) === undefined, 'it was taken off');
    await byTest('plan-undo').click();
    await until(async () => (await placedAt(4)) !== undefined, 'and came back');
  });

  it('gets a building’s outline, and what a view sees', async () => {
    const estate = await web.db.selectFrom('estate').select('id').executeTakeFirstOrThrow();
    await web.db.insertInto('building').values({ estate_id: estate.id, name: EVIL, sort_key: 'a' }).execute();
    await page.goto('/plan?edit=1');
    await page.getByRole('tab', { name: '楼栋' }).click();
    await byTest('plan-draw').click();
    for (const [x, y] of [
      [0.1, 0.1],
      [0.3, 0.1],
      [0.3, 0.3],
      [0.1, 0.3],
    ] as const)
      await page.mouse.click(...(await at(x, y)));
    await until(async () => (await byTest('outline-corner').count()) === 4, 'four corners');
    await byTest('plan-keep-outline').click();
    await until(
      async () => (await web.db.selectFrom('plan_building').select('building_id').execute()).length === 1,
      'it is kept',
    );
    await page.locator('.building').waitFor();
    await page.getByRole('tab', { name: '视图' }).click();
    await field('plan-search').fill('消防');
    await byTest('plan-draw').click();
    for (const [x, y] of [
      [0.6, 0.6],
      [0.8, 0.6],
      [0.8, 0.8],
    ] as const)
      await page.mouse.click(...(await at(x, y)));
    await page.keyboard.press('Enter');
    await page.locator('.area.safety').waitFor();
    expect(await page.evaluate('window.hurt')).toBeUndefined();
  });

  it('shows what is open in its place, leads there, and to the item', async () => {
    await page.goto('/plan');
    await byTest('plan-open').filter({ hasText: '安全隐患' }).filter({ hasText: '2号楼北侧消防车道' }).click();
    await byTest('plan-camera').filter({ hasText: '消防通道' }).waitFor();
    expect(await sign(4).getAttribute('data-level')).toBe('safety');
    expect(await sign(4).getAttribute('aria-pressed')).toBe('true');
    // What is decided is open no longer, here as everywhere.
    const open = await web.db
      .selectFrom('candidate')
      .select('id')
      .where('view_id', '=', 4)
      .where('state', '=', 'open')
      .execute();
    await web.db
      .updateTable('candidate')
      .set({ state: 'decided', verdict: 'violation' })
      .where('view_id', '=', 4)
      .execute();
    const data = JSON.stringify({ candidateId: 1, viewId: 4 });
    await web.db.insertInto('event').values({ at: new Date(), kind: 'candidate.changed', data }).execute();
    await until(async () => (await sign(4).getAttribute('data-level')) === 'fine', 'it is fine now');
    await web.db
      .updateTable('candidate')
      .set({ state: 'open', verdict: null })
      .where(
        'id',
        'in',
        open.map(({ id }) => id),
      )
      .execute();
    await web.db.insertInto('event').values({ at: new Date(), kind: 'candidate.raised', data }).execute();
    await until(async () => (await sign(4).getAttribute('data-level')) === 'safety', 'it is urgent again');
    await byTest('plan-item').first().click();
    await page.waitForURL(/\/review\/\d+/);
  });

  it('keeps hundreds clear: close ones are counted together, part when one comes nearer, and are found by name', async () => {
    const estate = await web.db.selectFrom('estate').select('id').executeTakeFirstOrThrow();
    const plan = await web.db.selectFrom('plan').select('id').executeTakeFirstOrThrow();
    const cameras = await web.db
      .insertInto('camera')
      .values(
        Array.from({ length: 364 }, (_, n) => ({
          ...{ estate_id: estate.id, key: `many-${n}`, name: `多路 ${n}`, place: n === 77 ? EVIL : `区 ${n}` },
          sub_url: `rtsp://127.0.0.1/${n}`,
        })),
      )
      .returning('id')
      .execute();
    await web.db
      .insertInto('plan_camera')
      .values(
        cameras.map(({ id }, n) => ({
          ...{ plan_id: plan.id, camera_id: id, x: 0.05 + (n % 26) * 0.034, y: 0.05 + Math.floor(n / 26) * 0.064 },
          ...{ heading_deg: (n * 37) % 360, spread_deg: 70, reach: 0.03 },
        })),
      )
      .execute();
    await page.goto('/plan');
    await byTest('plan-sign').first().waitFor();
    const whole = await byTest('plan-sign').count();
    expect(whole).toBeLessThan(300);
    expect(whole).toBeGreaterThan(20);
    const counted = await page
      .locator('[data-test="plan-sign"] .count')
      .allTextContents()
      .then((texts) => texts.reduce((sum, text) => sum + Number(text), 0));
    const alone = await page.locator('[data-camera]').count();
    expect(counted + alone).toBe(365);

    await byTest('plan-find').click();
    await page.keyboard.type('多路 200');
    await page.getByRole('option', { name: /多路 200/ }).click();
    const wanted = cameras[200]?.id ?? 0;
    await byTest('plan-camera').filter({ hasText: '多路 200' }).waitFor();
    await until(async () => {
      const box = await sign(wanted).boundingBox();
      const stage = await byTest('plan-stage').boundingBox();
      if (!box || !stage) return false;
      const [x, y] = [
        box.x + box.width / 2 - stage.x - stage.width / 2,
        box.y + box.height / 2 - stage.y - stage.height / 2,
      ];
      return Math.hypot(x, y) < 40;
    }, 'it stands in the middle');
    for (let n = 0; n < 6; n++) await byTest('plan-in').click();
    await until(async () => (await page.locator('[data-test="plan-sign"] .count').count()) === 0, 'all stand apart');
    await byTest('plan-fit').click();
    await until(async () => (await byTest('plan-sign').count()) <= whole + 1, 'together again');
    expect(await page.evaluate('window.hurt')).toBeUndefined();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    await web.db.deleteFrom('camera').where('key', 'like', 'many-%').execute();
  });

  it('is read-only for viewers, and goes for good only after asking', async () => {
    const viewer = await pages.open({ url: web.url, as: await addSampleUser(web.db, 'viewer') });
    await viewer.goto('/plan?edit=1');
    await viewer.locator('[data-test="plan-sign"]').first().waitFor();
    for (const name of ['plan-edit', 'plan-add', 'plan-editor'])
      expect(await viewer.locator(`[data-test="${name}"]`).count(), name).toBe(0);
    await web.db.updateTable('plan').set({ name: EVIL }).execute();
    await page.goto('/plan?edit=1');
    await page.getByText('onerror').first().waitFor();
    expect(await page.evaluate('window.hurt')).toBeUndefined();
    await page.getByRole('tab', { name: '本图' }).click();
    await byTest('plan-remove').click();
    await page.getByText('台摄像机的位置也会一并删除').waitFor();
    expect(await web.db.selectFrom('plan').select('id').execute()).toHaveLength(1);
    await byTest('confirm').click();
    await byTest('no-plan').waitFor();
    expect(await web.db.selectFrom('plan').select('id').execute()).toEqual([]);
  });
});
