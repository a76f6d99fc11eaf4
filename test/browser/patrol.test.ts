/** The patrol page against a simulated dome that a real patrol process drives: routes drawn, tried and gone, and the hand. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureFirstAdmin } from '../../src/web/web.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { WIDEST_DEG } from '../../src/simulator/dome-window.ts';
import { turned } from '../../src/simulator/turret.ts';
import { describeInBrowser, until } from '../support/browser.ts';
import { liveOf } from '../support/live.ts';
import { oneDome, ONE_DOME, registerDome, startTestPatrol, type TestPatrol } from '../support/patrol.ts';
import { freshDatabase, type FreshDatabase } from '../support/postgres.ts';
import { MemoryPictures } from '../support/sample-estate.ts';
import { LOGIN } from '../support/simulated.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };
const EIGHT = Array.from({ length: 8 }, (_, n) => ({
  ...{ name: `${n + 1}号楼屋顶`, panDeg: 10 + n * 6, tiltDeg: -30 + (n % 3) * 4, zoom: 2 },
}));
const [DOME] = ONE_DOME.domes;

describeInBrowser('the patrol page', (pages) => {
  let simulator: Simulator;
  let database: FreshDatabase;
  let patrol: TestPatrol;
  let web: { url: string; close(): Promise<void> };
  let cameraId: number;

  beforeAll(async () => {
    simulator = await oneDome({ ...ONE_DOME, domes: [{ ...DOME!, presets: EIGHT }] });
    database = await freshDatabase();
    const pictures = new MemoryPictures();
    cameraId = await registerDome(database.db, simulator, '');
    await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
    patrol = await startTestPatrol(database, simulator, { pictures });
    web = await startTestWeb(database, { pictures, live: liveOf(database.db, LOGIN).live });
    const admin = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
    for (const [name, displayName, role] of [
      ['li', '李值班', 'operator'],
      ['guest', '访客', 'viewer'],
    ] as const) {
      await admin.post('/api/v1/users', { name, displayName, role, password: SAMPLE_PASSWORD });
    }
  }, 60_000);
  afterAll(async () => {
    await web.close();
    await patrol.close();
    await database.close();
    await simulator.close();
  });

  const presets = () =>
    database.db.selectFrom('turret_preset').selectAll().where('camera_id', '=', cameraId).orderBy('token').execute();
  const routes = () => database.db.selectFrom('patrol_route').selectAll().orderBy('id').execute();
  const turret = () => simulator.turretOf('dome');
  const byTest = (page: Page, name: string): Locator => page.locator(`[data-test="${name}"]`);

  async function opened(query = '', as = ADMIN, language: 'zh-CN' | 'en' = 'zh-CN', widthPx = 1440): Promise<Page> {
    const page = await pages.open({ url: web.url, as, language, widthPx, isTouch: widthPx < 600 });
    await page.goto(`/patrol${query}`);
    await byTest(page, 'dome').first().waitFor();
    return page;
  }

  /** Gives the turret back and lets it come to rest. */
  async function free(): Promise<void> {
    await database.db.deleteFrom('turret_lease').execute();
    await until(() => !turret().moving(), 'it stands still');
  }

  it(
    'lets an operator make a route of eight stops for the day and its copy for the night',
    { timeout: 120_000 },
    async () => {
      const page = await opened('', { name: 'li', password: SAMPLE_PASSWORD });
      let deeds = 0;
      const click = async (target: Locator): Promise<void> => {
        deeds++;
        await target.click();
      };
      await click(byTest(page, 'tab-routes'));
      await byTest(page, 'no-routes').waitFor();
      await click(byTest(page, 'route-new'));
      await byTest(page, 'route-name').fill('屋顶日间');
      await click(byTest(page, 'add-all'));
      expect(await byTest(page, 'stop').count()).toBe(8);
      await byTest(page, 'dwell-all').locator('input').fill('2');
      await click(byTest(page, 'dwell-all-set'));
      // Without times it would never go by itself, and the page says so before anything is saved.
      await page.getByText('不会自动运行').waitFor();
      await click(byTest(page, 'quick-day'));
      await page.getByText('没有问题，可以保存').waitFor();
      await click(byTest(page, 'route-save'));
      await byTest(page, 'route').waitFor();

      await click(byTest(page, 'route-more'));
      await click(byTest(page, 'route-copy'));
      await until(async () => (await byTest(page, 'stop').count()) === 8, 'the copy has the stops');
      await byTest(page, 'route-name').fill('屋顶夜间');
      await click(byTest(page, 'quick-night'));
      await page.getByText('没有问题，可以保存').waitFor();
      await click(byTest(page, 'route-save'));
      await until(async () => (await byTest(page, 'route').count()) === 2, 'both are listed');
      expect(deeds).toBeLessThan(12);

      const made = await routes();
      expect(made.map(({ name }) => name)).toEqual(['屋顶日间', '屋顶夜间']);
      const windows = await database.db.selectFrom('patrol_route').select('windows').orderBy('id').execute();
      expect(windows.map(({ windows: list }) => list)).toEqual([
        [{ days: [1, 2, 3, 4, 5, 6, 7], from: '06:00', to: '19:00' }],
        [{ days: [1, 2, 3, 4, 5, 6, 7], from: '19:00', to: '06:00' }],
      ]);
      for (const { id } of made) {
        const stops = await database.db
          .selectFrom('patrol_stop')
          .select('preset')
          .where('route_id', '=', id)
          .orderBy('ordinal')
          .execute();
        expect(stops.map(({ preset }) => preset)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
      }
      // One of them is in force whatever the hour, and the dome is on its way.
      await expect
        .poll(() => patrol.visits.length, { timeout: 40_000, message: 'the dome goes its route' })
        .toBeGreaterThan(0);
    },
  );

  it('shows the dome on its round: the stop, the picture of it, and live', { timeout: 60_000 }, async () => {
    const page = await opened();
    await until(
      async () => /第 \d\/8 站 · \d号楼屋顶/.test((await byTest(page, 'at-stop').textContent()) ?? ''),
      'where it is',
    );
    expect(await byTest(page, 'held-by').textContent()).toMatch(/巡航路线 · 屋顶(日|夜)间/);
    await until(
      async () => (await page.evaluate<number>(`document.querySelector('.stage video')?.currentTime ?? 0`)) > 0.5,
      'the picture is live',
    );
    await until(async () => (await byTest(page, 'preset').locator('img').count()) > 0, 'a preset has its picture');
    expect(await byTest(page, 'preset').first().textContent()).toContain('1号楼屋顶');
  });

  it('tries a route for one round and says how it goes, stop by stop', { timeout: 120_000 }, async () => {
    const page = await opened('?tab=routes');
    const first = byTest(page, 'route').first();
    await first.locator('[data-test="test-start"]').click();
    await expect
      .poll(() => first.locator('[data-test="test-state"]').textContent(), { timeout: 40_000 })
      .toMatch(/正在试运行|完成/);
    await expect
      .poll(() => first.locator('[data-test="test-state"]').textContent(), { timeout: 90_000, interval: 500 })
      .toMatch(/试运行完成\s*8\/8 站/);
    const outcomes = await first.locator('[data-test="test-stop"]').allTextContents();
    expect(outcomes).toHaveLength(8);
    expect(outcomes[0]).toContain('1号楼屋顶');
    for (const outcome of outcomes) expect(outcome).toMatch(/已观察.*转动 [\d.]+ 秒.*稳定 [\d.]+ 秒/);
  });

  it(
    'gives the turret to the hand at once: dragged, zoomed, turned by key, and given back',
    { timeout: 90_000 },
    async () => {
      const page = await opened();
      await byTest(page, 'take').click();
      await until(async () => (await byTest(page, 'held-by').textContent()) === '您正在操控', 'it is mine');
      await free();
      await byTest(page, 'take').click({ timeout: 10_000 });
      await until(() => !turret().moving(), 'it stands still');

      const stage = byTest(page, 'stage');
      const box = (await stage.boundingBox())!;
      const drag = async (dx: number, dy: number): Promise<void> => {
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        await page.mouse.move(x, y);
        await page.mouse.down();
        await page.mouse.move(x + dx / 2, y + dy / 2);
        await page.mouse.move(x + dx, y + dy);
        await page.mouse.up();
      };
      let before = turret().position();
      await drag(-box.width / 4, 0);
      await until(
        () => turned(turret().position().panDeg - before.panDeg) > 1,
        'pulled to the left, it turns to the right',
      );
      await until(() => !turret().moving(), 'it has arrived');
      // What was a quarter of the picture beside the middle is in the middle now: the scene went along with the hand.
      const quarterDeg = (Math.atan(Math.tan((WIDEST_DEG * Math.PI) / 360) / 2 / before.zoom) * 180) / Math.PI;
      expect(turned(turret().position().panDeg - before.panDeg) / quarterDeg).toBeCloseTo(1, 0.7);
      expect(Math.abs(turret().position().tiltDeg - before.tiltDeg)).toBeLessThan(1);

      before = turret().position();
      await stage.hover();
      await page.mouse.wheel(0, -300);
      await until(() => turret().position().zoom > before.zoom + 0.3, 'the wheel brings it closer');
      await until(() => !turret().moving(), 'it has arrived');

      before = turret().position();
      await stage.focus();
      await page.keyboard.down('ArrowLeft');
      await until(() => turned(turret().position().panDeg - before.panDeg) < -1, 'the key turns it to the left');
      await page.keyboard.up('ArrowLeft');
      await until(() => !turret().moving(), 'let go, it stops');

      await byTest(page, 'preset-add').click();
      await byTest(page, 'preset-name').fill('新看点');
      await byTest(page, 'preset-save').click();
      await until(async () => (await byTest(page, 'preset').count()) === 9, 'it is kept');
      await page.getByText('已将当前方向存为“新看点”').waitFor();
      const kept = (await presets()).find(({ name }) => name === '新看点');
      expect(kept?.picture_sha256).not.toBeNull();
      await byTest(page, 'presets-manage').click();
      await byTest(page, 'preset').filter({ hasText: '新看点' }).locator('[data-test="preset-remove"]').click();
      await byTest(page, 'confirm').click();
      await until(async () => (await byTest(page, 'preset').count()) === 8, 'it is gone again');

      await byTest(page, 'release').click();
      await expect.poll(() => byTest(page, 'held-by').textContent(), { timeout: 40_000 }).toMatch(/巡航路线/);
      await byTest(page, 'tab-log').click();
      await byTest(page, 'log-entry').first().waitFor();
      const log = (await byTest(page, 'log-entry').allTextContents()).join('\n');
      for (const deed of ['取得操控', '按画面移动', '手动转动', '停止', '保存预置位', '删除预置位', '交还操控'])
        expect(log).toContain(deed);
    },
  );

  it('tells one hand of the other, and lets a viewer watch alone', { timeout: 60_000 }, async () => {
    const mine = await opened();
    const other = await opened('', { name: 'li', password: SAMPLE_PASSWORD });
    await byTest(mine, 'take').click();
    await until(
      async () => (await byTest(other, 'held-by').textContent())?.includes('值班员 · admin') ?? false,
      'li sees who',
    );
    await byTest(other, 'take').click();
    await other.getByText(/patrol\.held/).waitFor();
    await byTest(mine, 'release').click();
    await until(async () => !/admin/.test((await byTest(other, 'held-by').textContent()) ?? 'admin'), 'it is free');

    const guest = await opened('', { name: 'guest', password: SAMPLE_PASSWORD });
    await guest.getByText('您的角色只能查看').waitFor();
    expect(await byTest(guest, 'take').count()).toBe(0);
    expect(await byTest(guest, 'pad-left').isDisabled()).toBe(true);
    await byTest(guest, 'tab-routes').click();
    await byTest(guest, 'route').first().waitFor();
    for (const deed of ['route-new', 'route-edit', 'test-start', 'route-enabled']) {
      expect(await byTest(guest, deed).count(), deed).toBe(0);
    }
  });

  it('orders stops by dragging and by key, and takes every slip back', { timeout: 60_000 }, async () => {
    const page = await opened('?tab=routes');
    await byTest(page, 'route-edit').first().click();
    await until(async () => (await byTest(page, 'stop').count()) === 8, 'the stops are there');
    const names = async (): Promise<string[]> =>
      (await byTest(page, 'stop').locator('.name').allTextContents()).map((name) => name.charAt(0));
    const handle = byTest(page, 'stop-handle');
    await handle.nth(0).dragTo(byTest(page, 'stop').nth(2), { targetPosition: { x: 200, y: 50 } });
    expect(await names()).toEqual(['2', '3', '1', '4', '5', '6', '7', '8']);
    await byTest(page, 'stop').nth(7).locator('.own').focus();
    await page.keyboard.press('Alt+ArrowUp');
    expect(await names()).toEqual(['2', '3', '1', '4', '5', '6', '8', '7']);
    await byTest(page, 'stop-remove').nth(0).click();
    expect(await names()).toHaveLength(7);
    await byTest(page, 'palette-preset')
      .nth(4)
      .dragTo(byTest(page, 'stop').nth(0), { targetPosition: { x: 200, y: 3 } });
    expect((await names())[0]).toBe('5');
    for (let n = 0; n < 4; n++) await byTest(page, 'undo').click();
    expect(await names()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    await page.keyboard.press('Control+y');
    expect(await names()).toEqual(['2', '3', '1', '4', '5', '6', '7', '8']);

    // What is drawn and not saved is not lost without a word.
    let asked = '';
    page.once('dialog', (dialog) => {
      asked = dialog.message();
      void dialog.dismiss();
    });
    await byTest(page, 'nav-cameras').click();
    await until(() => asked !== '', 'it asks');
    expect(page.url()).toContain('/patrol');
    await byTest(page, 'route-name').fill('');
    await page.getByText('请填写路线名称').waitFor();
    expect(await byTest(page, 'route-save').isDisabled()).toBe(true);
    page.once('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: '取消' }).click();

    await byTest(page, 'route-more').nth(1).click();
    await byTest(page, 'route-remove').last().click();
    await byTest(page, 'route-removed').waitFor();
    expect(await routes()).toHaveLength(1);
    await byTest(page, 'route-undo').click();
    await until(async () => (await routes()).length === 2, 'it is back');
    expect((await routes()).map(({ name }) => name).sort()).toEqual(['屋顶夜间', '屋顶日间'].sort());
  });

  it('paints a week by hand, by key and in words, and copies a day', { timeout: 60_000 }, async () => {
    const page = await opened('?tab=routes&edit=new');
    await byTest(page, 'add-all').click();
    const body = byTest(page, 'week-body');
    const box = (await body.boundingBox())!;
    const spot = (day: number, hour: number): [number, number] => [
      box.x + (box.width * (hour + 0.25)) / 24,
      box.y + (box.height * (day - 0.5)) / 7,
    ];
    const paint = async (from: [number, number], to: [number, number]): Promise<void> => {
      await page.mouse.move(...spot(...from));
      await page.mouse.down();
      await page.mouse.move(...spot(...to), { steps: 4 });
      await page.mouse.up();
    };
    const windows = async (): Promise<string[]> =>
      Promise.all(
        (await byTest(page, 'window').all()).map(async (row) => {
          const [days = '', ...rest] = await row.locator('.days').allTextContents();
          const inputs = await row.locator('input').all();
          return [days, ...rest, ...(await Promise.all(inputs.map((input) => input.inputValue())))].join(' ');
        }),
      );
    await paint([1, 8], [5, 17]);
    expect(await windows()).toEqual(['工作日 08:00 17:30']);
    // Begun on filled time, it clears.
    await paint([3, 12], [3, 12]);
    expect(await windows()).toEqual(['周一、周二、周四和周五 08:00 17:30', '周三 08:00 12:00', '周三 12:30 17:30']);
    await byTest(page, 'day-3').click();
    await byTest(page, 'copy-3-all').last().click();
    expect(await windows()).toEqual(['每天 08:00 12:00', '每天 12:30 17:30']);
    await body.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Space');
    expect((await windows()).some((one) => one.endsWith('00:00 01:00'))).toBe(true);
    const night = byTest(page, 'window').filter({ hasText: '周三' });
    await night.locator('input').nth(1).fill('1:15');
    await page.keyboard.press('Tab');
    await until(async () => (await windows()).some((one) => one.endsWith('00:00 01:15')), 'it is set to the minute');

    // Times that another route of the same priority has are told in words, and marked.
    await page
      .getByText(/时间重叠/)
      .first()
      .waitFor();
    await byTest(page, 'quick-clear').click();
    expect(await windows()).toEqual([]);
    page.once('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: '取消' }).click();
    await byTest(page, 'route').first().waitFor();
  });

  it('gives a stop its own zoom and rule, and takes the present direction as a stop', { timeout: 60_000 }, async () => {
    const page = await opened('?tab=routes&edit=new');
    await byTest(page, 'route-name').fill('近看');
    await byTest(page, 'palette-preset').nth(0).click();
    await byTest(page, 'stop-more').click();
    await byTest(page, 'stop-zoom-own').click();
    await byTest(page, 'stop-zoom').locator('input').fill('40');
    await byTest(page, 'stop-rule-own').click();
    await byTest(page, 'add-here').click();
    expect(await byTest(page, 'stop').count()).toBe(2);
    await page.getByText('没有设定时间，不会自动运行').waitFor();
    await byTest(page, 'route-save').click();
    await byTest(page, 'route').filter({ hasText: '近看' }).waitFor();
    const stops = await database.db
      .selectFrom('patrol_stop as stop')
      .innerJoin('patrol_route as route', 'route.id', 'stop.route_id')
      .innerJoin('view', 'view.id', 'stop.view_id')
      .select(['stop.preset', 'stop.position', 'stop.zoom', 'view.persistence_rule', 'view.key'])
      .where('route.name', '=', '近看')
      .orderBy('stop.ordinal')
      .execute();
    expect(stops[0]).toMatchObject({ preset: '1', zoom: 0.4, key: '1@z0.4' });
    expect(stops[0]?.persistence_rule).toEqual({ found: 3, of: 4, spanS: 600 });
    expect(stops[1]?.preset).toBeNull();
    expect(stops[1]?.position?.zoom).toBeGreaterThanOrEqual(0);
    await database.db.deleteFrom('patrol_route').where('name', '=', '近看').execute();
  });

  it('takes routes from a file: first what would become of each, then the deed', { timeout: 60_000 }, async () => {
    const page = await opened('?tab=routes', { name: 'li', password: SAMPLE_PASSWORD });
    const dialog = page.getByRole('dialog');
    const choose = (text: string): Promise<void> =>
      byTest(page, 'routes-file').setInputFiles({
        ...{ name: '路线.yaml', mimeType: 'application/yaml' },
        buffer: Buffer.from(text),
      });
    const { key } = await database.db.selectFrom('camera').select('key').executeTakeFirstOrThrow();
    const line = (name: string, preset: number): string =>
      `  - { camera: ${key}, name: ${name}, stops: [{ preset: "${preset}", dwell_s: 5 }] }\n`;

    await byTest(page, 'route-import').click();
    expect(await dialog.innerText()).toContain('选择文件…');
    await choose('routes: 3');
    await dialog.getByRole('alert').waitFor();
    expect(await byTest(page, 'routes-take').isDisabled()).toBe(true);
    await choose(`routes:\n${line('清晨补看', 1)}${line('没有这一站', 99)}`);
    await until(
      async () => /路线\.yaml.*新增 1 条.*1 条被拒绝/s.test(await dialog.innerText()),
      'it says what it would do',
    );
    expect(await dialog.innerText()).toMatch(/第 3 行\s*没有这一站.*没有预置位“99”/s);
    expect((await routes()).map(({ name }) => name)).not.toContain('清晨补看');

    await byTest(page, 'routes-take').click();
    await until(
      async () => (await byTest(page, 'route').getByText('清晨补看').count()) === 1,
      'it is among the routes',
    );
    expect((await routes()).map(({ name }) => name)).toContain('清晨补看');
    await database.db.deleteFrom('patrol_route').where('name', '=', '清晨补看').execute();
  });

  it('shows what was seen in a week, what is blind, and gives it as a table', { timeout: 60_000 }, async () => {
    const page = await opened('?tab=coverage');
    await until(async () => (await byTest(page, 'coverage-view').count()) === 8, 'every view has its line');
    expect(await byTest(page, 'period').textContent()).toMatch(/\d{4}-\d\d-\d\d – \d{4}-\d\d-\d\d/);
    const href = (await byTest(page, 'coverage-csv').getAttribute('href')) ?? '';
    const table = await page.request.get(href);
    expect(table.status()).toBe(200);
    expect((await table.text()).split('\n').length).toBeGreaterThan(8);
    await page.getByRole('heading', { name: '盲点' }).waitFor();
    expect(await byTest(page, 'coverage-view').first().textContent()).toContain('1号楼屋顶');
    await byTest(page, 'week-before').click();
    await until(async () => (await byTest(page, 'coverage-view').count()) === 8, 'so has the week before');
    // Nothing was planned before the route was drawn.
    expect(await byTest(page, 'coverage-view').first().textContent()).toContain('0 / 0');
  });

  it('asks operators to mend a drifted preset, and takes their word that it is done', { timeout: 60_000 }, async () => {
    const view = await database.db.selectFrom('view').select('id').orderBy('id').executeTakeFirstOrThrow();
    const now = new Date();
    await database.db
      .insertInto('operator_task')
      .values({
        ...{ kind: 'pose', camera_id: cameraId, view_id: view.id, subject: '', opened_at: now, last_seen_at: now },
        details: JSON.stringify({ dxPx: 30, dyPx: 40 }),
      })
      .execute();
    const page = await opened('?tab=tasks', { name: 'li', password: SAMPLE_PASSWORD });
    const task = byTest(page, 'task');
    await task.waitFor();
    expect(await task.textContent()).toMatch(/预置位偏移.*偏移约 50 像素/s);
    await byTest(page, 'task-close').click();
    await byTest(page, 'task-note').fill('已重新对准');
    await byTest(page, 'task-close-sure').click();
    await byTest(page, 'no-tasks').waitFor();
    await byTest(page, 'tasks-closed').click();
    await until(async () => /李值班.*已重新对准/s.test((await task.textContent()) ?? ''), 'it is told who closed it');
  });

  it('is all there in English, and fits a telephone', { timeout: 90_000 }, async () => {
    const own = /李值班|访客|测试小区|楼顶球机|号楼屋顶|号楼|屋顶[日夜]间|中文|已重新对准|新看点/g;
    for (const widthPx of [1440, 400]) {
      for (const tab of ['live', 'routes', 'coverage', 'tasks', 'log', 'routes&edit=new']) {
        const page = await opened(`?tab=${tab}`, ADMIN, 'en', widthPx);
        await page.waitForTimeout(700);
        const text = (await page.locator('#page').innerText()).replaceAll(own, '');
        expect(text, `${tab} at ${widthPx}`).not.toMatch(/\p{Script=Han}/u);
        const over = await page.evaluate<number>(
          `document.documentElement.scrollWidth - document.documentElement.clientWidth`,
        );
        expect(over, `${tab} at ${widthPx}`).toBe(0);
        await page.context().close();
      }
    }
  });
});
