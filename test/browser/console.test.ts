/** The console: many cameras at once, a connection test, the estate, the audit, the state of the system. */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SentinelError } from '../../src/base/errors.ts';
import type { ConnectionReport } from '../../src/camera/connection-test.ts';
import { describeInBrowser, until } from '../support/browser.ts';
import { addSampleUser } from '../support/sample-user.ts';
import { quietSystem, SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };
const EVIL = `<img src=x onerror="window.hurt=1">"><svg onload=window.hurt=1>{{7*7}}`;

describeInBrowser('the console', (pages) => {
  let web: SampleWeb;
  let page: Page;
  let room: ReturnType<typeof quietSystem.store> = quietSystem.store();
  let report: ConnectionReport;
  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);
  const field = (name: string): Locator => byTest(name).locator('input').or(byTest(name)).last();
  const row = (place: string): Locator => byTest('camera-row').filter({ hasText: place });

  beforeAll(async () => {
    const jpeg = await sharp({ create: { width: 320, height: 180, channels: 3, background: '#357' } })
      .jpeg()
      .toBuffer();
    const step = { stream: 'sub', outcome: 'done', tookMs: 12, detail: '', problem: null } as const;
    report = {
      steps: [
        { ...step, stream: null, step: 'device', detail: EVIL },
        { ...step, step: 'connect' },
        { ...step, step: 'describe' },
        { ...step, step: 'play' },
        { ...step, step: 'picture', detail: 'H264 640 × 360' },
        {
          ...{ stream: 'main', step: 'connect', outcome: 'failed', tookMs: 5000, detail: '' },
          problem: new SentinelError('rtsp.timeout', { host: EVIL, step: 'connect', limitMs: 5000 }),
        },
        { stream: 'main', step: 'describe', outcome: 'not_tried', tookMs: null, detail: '', problem: null },
      ],
      picture: jpeg,
      pictureOf: 'sub',
    };
    web = await startSampleWeb({
      candidates: 12,
      parts: {
        connections: { test: () => Promise.resolve(report) },
        system: { ...quietSystem, store: () => room },
      },
    });
  });
  afterAll(() => web.close());

  describe('for many cameras', () => {
    beforeEach(async () => {
      page = await pages.open({ url: web.url, as: ADMIN });
      await page.goto('/cameras');
      await byTest('camera-row').first().waitFor();
    });

    it('filters by place and kind, and sorts by a column, one way and the other', async () => {
      await byTest('filter-place').click();
      await page.getByRole('option', { name: '2号楼', exact: true }).click();
      await until(async () => (await byTest('camera-row').count()) === 2, 'those of building 2');
      await byTest('filter-place').hover();
      await byTest('filter-place').locator('.el-select__clear').click();
      await until(async () => (await byTest('camera-row').count()) === 12, 'all again');
      const first = async (): Promise<string> => (await byTest('camera-row').first().textContent()) ?? '';
      await byTest('sort-state').click();
      expect(await first()).toContain('7号楼 18层走廊');
      await byTest('sort-state').click();
      expect(await first()).not.toContain('7号楼 18层走廊');
      await byTest('sort-place').click();
      const places = await byTest('camera-row').locator('.name').allTextContents();
      expect(places.map((text) => text.trim()).slice(0, 2)).toEqual(['1号楼 30层屋面', '2号楼 30层屋面']);
    });

    it('sets what is switched on for those chosen, and names what could not be set', async () => {
      await row('1号楼 30层屋面').locator('[data-test="choose"]').check();
      await row('3号楼 东侧外墙')
        .locator('[data-test="choose"]')
        .click({ modifiers: ['Shift'] });
      await byTest('bulk-bar').filter({ hasText: '已选 3 台' }).waitFor();
      await byTest('bulk-open').click();
      expect(await byTest('bulk-apply').isDisabled()).toBe(true);
      await byTest('bulk-set-cadence').click();
      await field('bulk-cadence').fill('45');
      await byTest('bulk-set-place').click();
      await field('bulk-place').fill('新位置');
      await byTest('bulk-apply').click();
      await page.getByText('已设置：3 台摄像机，3 个视图').waitFor();
      const views = await web.db.selectFrom('view').select('cadence_s').where('id', 'in', [1, 2, 3]).execute();
      expect(views.map(({ cadence_s: cadence }) => cadence)).toEqual([45, 45, 45]);
      await until(async () => (await row('新位置').count()) === 3, 'the table shows it');
      for (const [id, place] of [
        [1, '1号楼 30层屋面'],
        [2, '2号楼 30层屋面'],
        [3, '3号楼 东侧外墙'],
      ] as const)
        await web.db.updateTable('camera').set({ place }).where('id', '=', id).execute();

      await web.db.deleteFrom('baseline').where('view_id', '=', 2).execute();
      await web.db.updateTable('view').set({ state: 'paused' }).where('id', 'in', [1, 2]).execute();
      await page.reload();
      for (const place of ['1号楼 30层屋面', '2号楼 30层屋面'])
        await row(place).locator('[data-test="choose"]').check();
      await byTest('bulk-open').click();
      await byTest('bulk-set-state').click();
      await byTest('bulk-apply').click();
      await byTest('bulk-refused').filter({ hasText: '已设置 1 个视图，1 个未能设置' }).waitFor();
    });

    it('tries a connection, tells each step, and shows the picture', async () => {
      await page.goto('/cameras?view=1');
      await page.getByRole('tab', { name: '连接测试' }).click();
      await byTest('test-connection').click();
      await byTest('connection-picture').waitFor();
      const steps = await byTest('connection-step').allTextContents();
      expect(steps).toHaveLength(7);
      expect(steps[0]).toContain(EVIL);
      expect(steps[4]).toMatch(/已收到完整画面.*H264 640 × 360.*12 毫秒/s);
      expect(steps[5]).toMatch(/网络连接失败.*rtsp\.timeout/s);
      expect(steps[6]).toContain('未尝试登录');
      const [width] = await page.evaluate<[number]>(
        `[document.querySelector('[data-test="connection-picture"]').naturalWidth]`,
      );
      expect(width).toBe(320);
      expect(await page.evaluate('window.hurt')).toBeUndefined();
    });

    it('redraws an area that stands', async () => {
      await web.db
        .insertInto('mask')
        .values({
          ...{ view_id: 1, kind: 'watch' as const, name: '消防通道' },
          polygon: JSON.stringify([
            [0.1, 0.1],
            [0.4, 0.1],
            [0.4, 0.4],
          ]),
          persistence_rule: JSON.stringify({ found: 2, of: 3, spanS: 120 }),
        })
        .execute();
      await page.goto('/cameras?view=1');
      await page.getByRole('tab', { name: /区域/ }).click();
      await byTest('redraw-mask').click();
      const canvas = await byTest('mask-canvas').boundingBox();
      if (!canvas) throw new Error('no canvas');
      const at = (x: number, y: number): [number, number] => [
        canvas.x + x * canvas.width,
        canvas.y + y * canvas.height,
      ];
      await page.mouse.move(...at(0.4, 0.4));
      await page.mouse.down();
      await page.mouse.move(...at(0.6, 0.7), { steps: 4 });
      await page.mouse.up();
      await field('mask-name').fill('东侧消防通道');
      await byTest('save-mask').click();
      await byTest('mask').filter({ hasText: '东侧消防通道' }).waitFor();
      const mask = await web.db.selectFrom('mask').selectAll().where('view_id', '=', 1).executeTakeFirstOrThrow();
      expect(mask.persistence_rule).toEqual({ found: 2, of: 3, spanS: 120 });
      expect(mask.polygon.map(([x, y]) => [Math.round(x * 10), Math.round(y * 10)])).toEqual([
        [1, 1],
        [4, 1],
        [6, 7],
      ]);
    });
  });

  describe('for the estate', () => {
    it('imports households from a file, finds, changes and removes them', async () => {
      page = await pages.open({ url: web.url, as: ADMIN });
      await page.goto('/estate');
      await byTest('estate-empty').waitFor();
      await byTest('import-households').click();
      const lines = Array.from({ length: 120 }, (_, n) => `${1 + (n % 3)}号楼,${1 + (n % 2)}单元,${100 + n},住户${n}`);
      await byTest('import-file').setInputFiles({
        name: '住户.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(
          `楼栋,单元,室号,住户\n${lines.join('\n')}\n,1单元,999,无楼\n3号楼,1单元,998,"${EVIL.replaceAll('"', '""')}"\n`,
        ),
      });
      await byTest('import-verdict').filter({ hasText: '试运行结果，尚未写入' }).waitFor();
      await byTest('import-line').first().filter({ hasText: '缺少楼栋' }).waitFor();
      expect(await web.db.selectFrom('household').select('id').execute()).toEqual([]);
      await byTest('import-apply').click();
      await byTest('import-verdict').filter({ hasText: '已导入' }).waitFor();
      await page.keyboard.press('Escape');
      await byTest('households-shown').filter({ hasText: '第 1–50 户，共 121 户' }).waitFor();
      await byTest('households-next').click();
      await byTest('households-shown').filter({ hasText: '第 51–100 户' }).waitFor();
      await byTest('building').filter({ hasText: '3号楼' }).click();
      await byTest('entrance').filter({ hasText: '1单元' }).click();
      await until(async () => (await byTest('household').count()) === 21, 'those of the entrance');

      await field('household-search').fill('onerror');
      await until(async () => (await byTest('household').count()) === 1, 'one is found');
      expect(await byTest('household').textContent()).toContain(EVIL);
      await byTest('edit-household').click();
      await field('household-resident').fill('李四');
      await byTest('save-household').click();
      await byTest('no-households').waitFor();
      await field('household-search').fill('李四');
      await byTest('household').filter({ hasText: '李四' }).waitFor();
      await byTest('remove-household').click();
      await page.getByText('删除后无法恢复').waitFor();
      await byTest('confirm').click();
      await byTest('no-households').waitFor();
      expect(await page.evaluate('window.hurt')).toBeUndefined();
      expect(await page.locator('img[src="x"]').count()).toBe(0);
    });

    it('asks before a building goes with its households', async () => {
      page = await pages.open({ url: web.url, as: ADMIN });
      await page.goto('/estate');
      await byTest('building').filter({ hasText: '2号楼' }).click();
      await byTest('remove-building').click();
      await page.getByText('其中 40 户将一并删除，无法恢复').waitFor();
      await byTest('confirm').click();
      await until(async () => (await byTest('building').count()) === 2, 'it is gone');
      await byTest('add-building').click();
      await field('building-name').fill('22号楼');
      await byTest('save-building').click();
      await byTest('building').filter({ hasText: '22号楼' }).waitFor();
    });

    it('lets an operator read and nothing more, and keeps viewers out', async () => {
      page = await pages.open({ url: web.url, as: await addSampleUser(web.db, 'operator') });
      await page.goto('/estate');
      await byTest('household').first().waitFor();
      for (const name of ['import-households', 'add-building', 'add-household', 'edit-household', 'remove-household'])
        expect(await byTest(name).count(), name).toBe(0);
      expect(await byTest('console-audit').count()).toBe(0);
      await page.goto('/audit');
      await page.waitForURL(/\/review/);
      page = await pages.open({ url: web.url, as: await addSampleUser(web.db, 'viewer') });
      await page.goto('/console');
      await page.waitForURL(/\/users$/);
      expect(await page.locator('[data-test^="console-"]').count()).toBe(1);
      for (const path of ['/estate', '/health', '/audit']) {
        await page.goto(path);
        await page.waitForURL(/\/review/);
      }
    });
  });

  describe('for those who keep it', () => {
    it('searches the audit, narrows it to one object, and gives it away as a table', async () => {
      await web.db
        .insertInto('audit')
        .values({
          ...{ at: new Date('2026-02-03T20:00:00Z'), user_id: 1, action: 'odd.action', subject: 'camera 1' },
          details: JSON.stringify({ note: EVIL }),
        })
        .execute();
      page = await pages.open({ url: web.url, as: ADMIN });
      await page.goto('/audit');
      await byTest('audit-entry').first().waitFor();
      await field('audit-search').fill('onerror');
      await until(async () => (await byTest('audit-entry').count()) === 1, 'one entry');
      const entry = (await byTest('audit-entry').textContent()) ?? '';
      expect(entry).toContain('2026-02-04 04:00:00');
      expect(entry).toContain('1号楼屋顶');
      expect(entry).toContain('window.hurt');
      expect(page.url()).toContain('search=onerror');
      const saving = page.waitForEvent('download');
      await byTest('audit-csv').click();
      const text = await readFile(await (await saving).path(), 'utf8');
      expect(text.trim().split('\n')).toHaveLength(2);
      expect(text).toContain('2026-02-04 04:00:00');
      await byTest('audit-clear').click();
      await until(async () => (await byTest('audit-entry').count()) > 5, 'all again');
      await byTest('audit-entry').filter({ hasText: '删除楼栋' }).locator('.thing').click();
      await until(async () => (await byTest('audit-entry').count()) === 1, 'of that building alone');
      expect(await page.evaluate('window.hurt')).toBeUndefined();
    });

    it('tells how the system is: looks, reasons, processes, disk', async () => {
      await web.db
        .insertInto('capture_process')
        .values([
          { holder: 'alive-1', seen_at: new Date(), part: 'capture' },
          { holder: 'dead-1', seen_at: new Date(Date.now() - 3_600_000), part: 'patrol' },
        ])
        .execute();
      page = await pages.open({ url: web.url, as: ADMIN });
      await page.goto('/health');
      await byTest('health-not-judged').filter({ hasText: '画面过暗' }).waitFor();
      const processes = (await byTest('health-processes').textContent()) ?? '';
      expect(processes).toMatch(/1 个进程没有响应/);
      expect(processes).toContain('alive-1');
      expect(Number(await byTest('health-rate').textContent())).toBeGreaterThan(0);
      await byTest('store-left').filter({ hasText: '剩余 512 GiB，共 1.0 TiB' }).waitFor();
    });

    it('says on every page that the disk fills up, as soon as it is known, and no longer when it has room', async () => {
      page = await pages.open({ url: web.url, as: ADMIN });
      await page.goto('/review');
      await until(async () => (await byTest('live').getAttribute('data-state')) === 'live', 'the page is live');
      expect(await byTest('store-banner').count()).toBe(0);
      const say = async (state: 'low' | 'out' | 'ample'): Promise<void> => {
        room = { state, space: { totalBytes: 2 ** 40, freeBytes: 3 * 2 ** 30 } };
        const data = JSON.stringify({ change: state });
        await web.db.insertInto('event').values({ at: new Date(), kind: 'store.changed', data }).execute();
      };
      await say('low');
      await byTest('store-banner').filter({ hasText: '磁盘空间不足，仅剩 3.0 GiB' }).waitFor();
      await page.goto('/cameras');
      await byTest('store-banner').waitFor();
      await say('out');
      await byTest('store-banner').filter({ hasText: '新的观察画面已停止保存' }).waitFor();
      await say('ample');
      await byTest('store-banner').waitFor({ state: 'detached' });
    });
  });
});
