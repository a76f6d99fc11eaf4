/** The page inside every package, opened from the disk: it must verify without any network. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { PackageBench } from '../support/built-package.ts';

const PAGE = 'dist/verifier/index.html';

describeInBrowser('the verifier in a package', (pages) => {
  let bench: PackageBench;
  let dir: string;
  let packageFile: string;
  let pageFile: string;

  beforeAll(async () => {
    bench = await PackageBench.open(2);
    dir = await mkdtemp(path.join(bench.dir, 'page-'));
    [packageFile = ''] = await bench.build({}, { verifierPage: () => readFile(PAGE) });
    pageFile = path.join(dir, 'verifier.html');
    // As it comes out of the package, not as it was built.
    const bytes = await readFile(packageFile);
    const page = await readFile(PAGE);
    const at = bytes.indexOf(page);
    await writeFile(pageFile, bytes.subarray(at, at + page.length));
  }, 120_000);
  afterAll(async () => {
    await bench.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function openPage(widthPx = 1440): Promise<Page> {
    const page = await pages.open({ url: 'file:///', widthPx });
    await page.goto(pathToFileURL(pageFile).href);
    return page;
  }

  it('verifies the package, in two languages, and shows what is in it', async () => {
    const page = await openPage();
    await page.locator('#file').setInputFiles(packageFile);
    await page.locator('[data-ok="true"]').waitFor();
    expect(await page.locator('.verdict').textContent()).toContain('Verified');
    expect(await page.locator('.claims .proven').count()).toBe(8);
    expect(await page.locator('.claims .open').count()).toBe(3);
    expect(await page.locator('.facts').textContent()).toContain('赵刚');
    expect(await page.locator('.facts').textContent()).toContain(bench.signer.key.id.slice(0, 8));

    await page.locator('#key').fill(bench.signer.key.id);
    await page.locator('#key').blur();
    await page.locator('.claims .proven').nth(8).waitFor();
    await page.locator('#key').fill('0'.repeat(64));
    await page.locator('#key').blur();
    await page.locator('[data-ok="false"]').waitFor();

    await page.locator('#key').fill('');
    await page.locator('#key').blur();
    await page.locator('[data-ok="true"]').waitFor();
    await page.getByRole('button', { name: '中文' }).click();
    expect(await page.locator('.verdict').textContent()).toContain('核验通过');
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    const pictures = page.locator('.contents img');
    await pictures.first().scrollIntoViewIfNeeded();
    await expect
      .poll(() => pictures.first().evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(640);
    const video = page.locator('.contents video').first();
    await video.scrollIntoViewIfNeeded();
    expect(await video.count()).toBe(1);
  });

  it('points at a damaged byte', async () => {
    const bytes = await readFile(packageFile);
    const { record } = bench.sealed[1]!;
    const at = bytes.indexOf(await bench.blobs.get(record.stream.file!.sha256));
    bytes[at + record.stream.units[0]!.bytes + 5]! ^= 1;
    const damaged = path.join(dir, 'damaged.zip');
    await writeFile(damaged, bytes);
    const page = await openPage(420);
    await page.locator('#file').setInputFiles(damaged);
    await page.locator('[data-ok="false"]').waitFor();
    const found = await page.locator('.findings').textContent();
    expect(found).toContain('snapshots/0002/original.h264');
    expect(found).toContain('access unit 2');
  });

  it('says so of a file that is no package', async () => {
    const page = await openPage();
    await page
      .locator('#file')
      .setInputFiles({ name: 'x.zip', mimeType: 'application/zip', buffer: Buffer.from('no') });
    await page.locator('[data-ok="false"]').waitFor();
    expect(await page.locator('.findings').textContent()).toContain('not a Sentinel evidence package');
  });
});
