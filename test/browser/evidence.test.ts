/** The evidence page: why one looks, what was sealed, any two dates of a view, and a package to take away. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { MoverFinder } from '../../src/comparison/comparison.ts';
import type { PackageDesk } from '../../src/evidence/evidence.ts';
import { checkFile } from '../../src/evidence/package-file.ts';
import { ensureFirstAdmin } from '../../src/web/web.ts';
import { describeInBrowser, until } from '../support/browser.ts';
import { sealSample, TestBlobs, TestSigner, type SealedSample } from '../support/evidence.ts';
import { packageDesk } from '../support/package-desk.ts';
import { freshDatabase, type FreshDatabase } from '../support/postgres.ts';
import { fillSample } from '../support/sample-estate.ts';
import { sealSample as sealPictures } from '../support/sample-snapshot.ts';
import { SAMPLE_PASSWORD, startTestWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };
const SHOTS = process.env['SENTINEL_SHOTS'];

describeInBrowser('the evidence page', (pages) => {
  let database: FreshDatabase;
  let web: { url: string; close(): Promise<void> };
  let desk: PackageDesk;
  let dir: string;
  let signer: TestSigner;
  const movers = new MoverFinder({ modelDir: 'models', threads: 1 });
  let pictures: TestBlobs;
  let page: Page;
  const sealed: SealedSample[] = [];
  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);

  beforeAll(async () => {
    pictures = new TestBlobs();
    database = await freshDatabase();
    dir = await mkdtemp(path.join(tmpdir(), 'sentinel-packages-'));
    await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
    const nowMs = systemClock.nowMs();
    await fillSample(database.db, pictures, nowMs, 12);
    signer = new TestSigner(database.db, () => systemClock.nowMs());
    await signer.accept();
    for (let n = 0; n < 6; n++) {
      const sealedAtMs = nowMs - (6 - n) * 3_600_000;
      sealed.push(...(await sealSample(database.db, pictures, { sealedAtMs, variant: n % 4, candidateId: n + 1 })));
    }
    desk = packageDesk(database.db, pictures, systemClock, { signer, dir, page: 'dist/verifier/index.html' });
    desk.start();
    web = await startTestWeb(database, { pictures, packages: desk, movers });
  }, 120_000);
  afterAll(async () => {
    await desk.close();
    await web.close();
    await movers.close();
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function enter(
    options: { widthPx?: number; heightPx?: number; language?: 'zh-CN' | 'en' } = {},
  ): Promise<void> {
    page = await pages.open({ url: web.url, as: ADMIN, ...options });
    await page.goto('/evidence');
    await byTest('access').or(byTest('cards')).first().waitFor();
    if (await byTest('access').isVisible()) {
      await shot('access');
      await byTest('reason').fill('核查 1 号楼屋顶搭建举报');
      await byTest('purpose').fill('立案');
      await byTest('enter').click();
    }
    await byTest('cards').waitFor();
  }

  async function shot(name: string): Promise<void> {
    if (SHOTS === undefined) return;
    await page.waitForTimeout(350);
    const { width } = page.viewportSize() ?? { width: 0 };
    const language = await page.locator('html').getAttribute('lang');
    await page.screenshot({ path: path.join(SHOTS, `${name}-${width}-${language ?? ''}.png`) });
  }

  beforeEach(() => enter());

  it('asks why before it shows anything, and tells the log', async () => {
    await database.db.deleteFrom('evidence_access').execute();
    await page.reload();
    await byTest('access').waitFor();
    expect(await byTest('cards').count()).toBe(0);
    expect(await byTest('enter').isDisabled()).toBe(true);
    await byTest('reason').fill('复核');
    expect(await byTest('enter').isDisabled()).toBe(true);
    await byTest('purpose').fill('答复投诉');
    await byTest('enter').click();
    await byTest('snapshot').first().waitFor();
    expect(await byTest('why').textContent()).toContain('答复投诉');
    const entries = await database.db
      .selectFrom('log_entry')
      .select('body')
      .where('kind', '=', 'snapshots.searched')
      .execute();
    expect(entries.some(({ body }) => body.includes('答复投诉'))).toBe(true);
  });

  it('finds by place, item and cause, and says so when nothing matches', async () => {
    await until(async () => (await byTest('snapshot').count()) === 12, 'all twelve');
    await byTest('snapshot').first().locator('img.shown').waitFor();
    await byTest('place').fill('3号楼');
    await until(async () => (await byTest('snapshot').count()) === 2, 'those of one place');
    await byTest('place').fill('没有这个地方');
    await byTest('empty').waitFor();
    expect(await byTest('empty').textContent()).toContain('没有符合条件的快照');
    await byTest('clear').click();
    await until(async () => (await byTest('snapshot').count()) === 12, 'all again');
    await byTest('item').fill('2');
    await until(async () => (await byTest('snapshot').count()) === 2, 'those of one item');
    expect(page.url()).toContain('candidateId=2');
  });

  it('opens one: before and after, what the record says, its matter, who touched it', async () => {
    await byTest('snapshot').nth(1).locator('.open').click();
    const pane = byTest('snapshot-pane');
    await pane.locator('[data-test="record"]').waitFor();
    expect(await pane.textContent()).toMatch(/\+0\.740 秒，测于存证前/);
    expect(await pane.textContent()).toContain('Hikvision');
    await expect
      .poll(() =>
        pane
          .locator('[data-test="frame-after"] img')
          .evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth),
      )
      .toBe(640);
    await page.getByRole('tab', { name: /文件/ }).click();
    expect(await pane.locator('[data-test="files"] li').count()).toBeGreaterThanOrEqual(3);
    await page.getByRole('tab', { name: '调取记录' }).click();
    await pane.locator('[data-test="custody"] li').first().waitFor();
    expect(await pane.locator('[data-test="custody"]').textContent()).toContain('查看');
    await page.keyboard.press('Escape');
    await pane.waitFor({ state: 'detached' });
    await page.keyboard.press('j');
    await pane.waitFor();
  });

  it('holds a snapshot with a reason', async () => {
    await byTest('snapshot').first().locator('.open').click();
    await page.getByRole('tab', { name: /保全/ }).click();
    const holds = byTest('holds');
    await holds.locator('[data-test="reason"]').fill('案件未结');
    await holds.locator('[data-test="purpose"]').fill('诉讼');
    await byTest('place-hold').click();
    await holds.getByText('案件未结').waitFor();
    await until(async () => (await byTest('snapshot').first().locator('.held').count()) === 1, 'the card shows it');
  });

  it('pulls a snapshot now', async () => {
    await byTest('pull').click();
    await byTest('pull-view').click();
    await page.getByRole('option').first().click();
    expect(await byTest('pull-form').locator('[data-test="reason"]').inputValue()).not.toBe('');
    await byTest('pull-now').click();
    await until(
      async () => (await byTest('snapshot').first().textContent())?.includes('人工提取') ?? false,
      'it is there',
    );
    expect(await byTest('snapshot').first().textContent()).toContain('码流随后另记');
  });

  it('compares any two kept pictures of a view, by slider, side by side, and blinking', async () => {
    await page.goto('/evidence/views/1');
    await byTest('kept').first().waitFor();
    const count = await byTest('kept').count();
    expect(count).toBeGreaterThan(3);
    await byTest('pick-first').click();
    await byTest('kept')
      .nth(count - 1)
      .click();
    await byTest('pick-second').click();
    await byTest('kept').nth(0).click();
    await until(() => page.url().includes('first=') && page.url().includes('second='), 'the address has both');
    const shown = await byTest('stage').textContent();
    expect(shown).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*\d{4}-\d\d-\d\d/s);
    await page.keyboard.press('d');
    expect(await byTest('stage').getAttribute('data-mode')).toBe('side');
    await page.keyboard.press('b');
    await byTest('blink-plate').waitFor();
    await page.keyboard.press('s');
    await byTest('slider').waitFor();
    await page.keyboard.press('1');
    await page.keyboard.press('ArrowRight');
    await until(() => page.url().includes('first='), 'moved by key');
  });

  it('shows to whoever answers for it who touched what', async () => {
    await byTest('tab-evidence-custody').click();
    await byTest('custody').locator('li').first().waitFor();
    expect(await byTest('custody').textContent()).toContain('检索');
    await byTest('custody-kind').click();
    await page.getByRole('option', { name: '保全', exact: true }).click();
    await until(async () => (await byTest('custody').locator('li').count()) === 1, 'the one hold');
    expect(await byTest('custody').textContent()).toContain('案件未结');
    await shot('custody');
  });

  it('proposes to cover people and vehicles, to be kept, moved or removed one by one', async () => {
    const street = pictures.put(await readFile('test/parts/comparison/pictures/street.jpg'));
    await sealPictures(database.db, {
      ...{
        viewId: 4,
        sealedAt: new Date(systemClock.nowMs()),
        cause: 'pulled',
        pictures: [{ role: 'still', sha256: street }],
      },
    });
    await page.reload();
    await byTest('snapshot').first().locator('[data-test="choose"]').check();
    await byTest('pack').click();
    await byTest('chosen').locator('[data-test="mark"]').first().click();
    await byTest('mark-propose').click();
    await byTest('mark-said').waitFor();
    await byTest('mark-drawn').first().waitFor();
    await shot('proposed');
    const count = await byTest('mark-drawn').count();
    expect(await byTest('mark-said').textContent()).toContain(`建议遮盖 ${count} 处`);
    expect(await byTest('mark-canvas').locator('.mark.proposed').count()).toBe(count);

    // One that was moved is somebody's own, and stays when the rest is dropped.
    const first = byTest('mark-drawn').first();
    const before = (await first.boundingBox())!;
    await first.focus();
    await page.keyboard.press('ArrowDown');
    const after = (await first.boundingBox())!;
    expect(after.y).toBeGreaterThan(before.y + 1);
    expect(await byTest('mark-canvas').locator('.mark.proposed').count()).toBe(count - 1);
    const middle = [after.x + after.width / 2, after.y + after.height / 2] as const;
    await page.mouse.move(...middle);
    await page.mouse.down();
    await page.mouse.move(middle[0] + 40, middle[1], { steps: 4 });
    await page.mouse.up();
    expect(Math.abs((await first.boundingBox())!.x - after.x - 40)).toBeLessThan(3);
    await byTest('mark-drop-proposed').click();
    expect(await byTest('mark-drawn').count()).toBe(1);
    await byTest('mark-drawn').first().hover();
    await byTest('mark-drop').first().click();
    expect(await byTest('mark-drawn').count()).toBe(0);
    expect(await database.db.selectFrom('evidence_package').select('id').execute()).toEqual([]);
  });

  it('packs what was chosen, with marks on a copy, and hands it out', { timeout: 120_000 }, async () => {
    await byTest('snapshot').filter({ hasText: '系统发现' }).first().locator('[data-test="choose"]').check();
    await byTest('snapshot').filter({ hasText: '系统发现' }).nth(1).locator('[data-test="choose"]').check();
    await byTest('pack').click();
    await until(async () => (await byTest('chosen').locator('li').count()) === 2, 'both are listed');
    await byTest('chosen').locator('[data-test="mark"]').first().click();
    const canvas = byTest('mark-canvas');
    await canvas.waitFor();
    await byTest('mark-text').fill('彩钢板房');
    const box = (await canvas.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.3);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.55, { steps: 4 });
    await page.mouse.up();
    await byTest('mark-blur').click();
    await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.6);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.8, { steps: 4 });
    await page.mouse.up();
    expect(await canvas.locator('.mark').count()).toBe(2);
    await shot('marks');
    await byTest('marked').click();
    await byTest('recipient').fill('崇川区综合执法局');
    await byTest('order').click();
    await byTest('package').first().waitFor();
    await page.locator('[data-test="package"][data-state="ready"]').first().waitFor({ timeout: 60_000 });
    await shot('package-ready');
    const [download] = await Promise.all([page.waitForEvent('download'), byTest('download').first().click()]);
    const report = await checkFile(await download.path(), { keyId: signer.key.id });
    expect(report.findings).toEqual([]);
    expect(report.facts.manifest?.recipient).toBe('崇川区综合执法局');
    expect(report.facts.manifest?.snapshots).toHaveLength(4);
    expect(report.facts.manifest?.files.filter(({ role }) => role === 'marked').length).toBeGreaterThanOrEqual(6);
  });

  it('shows all of it on a wall screen and on a telephone, in both languages', { timeout: 120_000 }, async () => {
    for (const [widthPx, heightPx] of [
      [1920, 1080],
      [400, 860],
    ] as const) {
      for (const language of ['zh-CN', 'en'] as const) {
        await enter({ widthPx, heightPx, language });
        const fits = async (): Promise<void> => {
          expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
        };
        await byTest('snapshot').first().waitFor();
        await shot('gallery');
        await fits();
        await byTest('snapshot').nth(3).locator('.open').click();
        await byTest('record').waitFor();
        await shot('snapshot');
        await fits();
        await page.goto('/evidence/views/2');
        await byTest('kept').first().waitFor();
        await shot('timeline');
        await fits();
        await page.goto('/evidence/views');
        await byTest('no-view').waitFor();
        await page.goto('/evidence/packages');
        await byTest('package').or(byTest('no-packages')).first().waitFor();
        await shot('packages');
        await fits();
        await byTest('new-package').click();
        await byTest('source-item').waitFor();
        await shot('builder');
        await fits();
      }
    }
  });
});
