/** What the pages show when there is nothing, when something fails, and when the line is gone. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser, until } from '../support/browser.ts';
import { startLine, type Line } from '../support/line.ts';
import { addSampleUser } from '../support/sample-user.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };

describeInBrowser('the pages’ states', (pages) => {
  let web: SampleWeb;
  let line: Line;
  let page: Page;
  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);

  beforeAll(async () => {
    web = await startSampleWeb({ candidates: 12 });
    line = await startLine(web.url);
  });
  afterAll(async () => {
    await line.close();
    await web.close();
  });

  async function withoutOpenItems(run: () => Promise<void>): Promise<void> {
    const open = await web.db.selectFrom('candidate').select('id').where('state', '=', 'open').execute();
    const ids = open.map(({ id }) => id);
    await web.db
      .updateTable('candidate')
      .set({ state: 'decided', verdict: 'violation' })
      .where('id', 'in', ids)
      .execute();
    try {
      await run();
    } finally {
      await web.db.updateTable('candidate').set({ state: 'open', verdict: null }).where('id', 'in', ids).execute();
    }
  }

  it('says of an empty queue what was not judged, and never that all is well', async () => {
    await withoutOpenItems(async () => {
      page = await pages.open({ url: web.url, as: ADMIN });
      await page.goto('/review');
      await byTest('empty-not-judged').waitFor();
      const said = (await byTest('empty').textContent()) ?? '';
      // Two dark or moved, one frozen, one offline.
      expect(said).toContain('有 4 个视图未能判断');
      expect(said).toMatch(/最近一次观察\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
      expect(said).toMatch(/监看中的视图\s*8\s*\/ 12/);
      expect(said).not.toMatch(/一切正常|全部合法|没有违建/);
      await byTest('empty').getByText('查看未能判断的视图').click();
      await byTest('camera-row').first().waitFor();
      expect(await byTest('camera-row').count()).toBe(4);
    });
  });

  it('says even where all is judged that an empty queue is no clearance', async () => {
    await withoutOpenItems(async () => {
      const before = await web.db.selectFrom('view').select(['id', 'not_judged_reason', 'not_judged_since']).execute();
      const health = await web.db.selectFrom('camera_health').select(['camera_id', 'state']).execute();
      await web.db.updateTable('view').set({ not_judged_reason: null, last_look_at: new Date() }).execute();
      await web.db.updateTable('camera_health').set({ state: 'online' }).execute();
      page = await pages.open({ url: web.url, as: ADMIN });
      await page.goto('/review');
      await byTest('empty').getByText('不代表现场一切合法').waitFor();
      for (const { id, ...part } of before) await web.db.updateTable('view').set(part).where('id', '=', id).execute();
      for (const { camera_id, state } of health) {
        await web.db.updateTable('camera_health').set({ state }).where('camera_id', '=', camera_id).execute();
      }
    });
  });

  it('shows why the list could not be loaded, and loads it on wish', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    let isBroken = true;
    await page.route(/\/api\/v1\/candidates\?/, (route) => {
      if (!isBroken) return route.continue();
      const error = { code: 'database.unreachable', message: '无法连接数据库：试验', details: {} };
      return route.fulfill({ status: 503, json: { error } });
    });
    await page.goto('/review');
    const note = page.getByRole('alert').filter({ hasText: '线索列表未能加载' });
    await note.getByText('无法连接数据库：试验').waitFor();
    await note.getByText('database.unreachable').waitFor();
    isBroken = false;
    await note.getByRole('button', { name: '重试' }).click();
    await byTest('queue-item').first().waitFor();
    expect(await note.count()).toBe(0);
  });

  it('shows a broken picture as broken', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.route(/after\.jpg/, (route) => route.fulfill({ status: 404, body: '' }));
    await page.goto('/review');
    await byTest('stage').getByText('图片未能加载').waitFor();
  });

  it('keeps its measure while it loads', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await page.route(/\/api\/v1\/candidates\?/, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto('/review');
    const ghost = page.locator('.queue .ghost').first();
    await ghost.waitFor();
    const before = await ghost.boundingBox();
    letGo();
    await byTest('queue-item').first().waitFor();
    const after = await byTest('queue-item').first().boundingBox();
    expect(Math.abs((after?.height ?? 0) - (before?.height ?? 0))).toBeLessThanOrEqual(2);
    expect(after?.y).toBe(before?.y);
  });

  it('says that the line is gone and since when, and is live again without missing anything', async () => {
    page = await pages.open({ url: line.url, as: ADMIN });
    await page.goto('/review');
    await until(async () => (await byTest('live').getAttribute('data-state')) === 'live', 'the page is live');
    await byTest('queue-item').first().waitFor();
    expect(await byTest('lost-banner').count()).toBe(0);
    const rows = await byTest('queue-item').count();

    await line.cut();
    await byTest('lost-banner').waitFor();
    expect(await byTest('lost-banner').textContent()).toMatch(/自 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d 起与服务器失去连接/);
    expect(await byTest('live').textContent()).toContain('正在重连');
    expect(await byTest('queue-item').count()).toBe(rows);
    await byTest('verdict-violation').click();
    await page.getByText('服务器没有应答').waitFor();

    // What happens while the line is down must not be lost.
    const { view_id } = await web.db.selectFrom('candidate').select('view_id').executeTakeFirstOrThrow();
    const raised = await raise(view_id);
    await line.restore();
    await until(async () => (await byTest('live').getAttribute('data-state')) === 'live', 'the page is live again');
    await byTest('lost-banner').waitFor({ state: 'detached' });
    await byTest('fresh').filter({ hasText: '新增 1 条' }).waitFor();
    await web.db.deleteFrom('candidate').where('id', '=', raised).execute();
  });

  it('does not take the silence of a dead line for life', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.clock.install();
    await page.goto('/review');
    await until(async () => (await byTest('live').getAttribute('data-state')) === 'live', 'the page is live');
    // The stream stays open and says nothing, as where a switch lost power; only what is asked anew fails.
    await page.route(/\/api\/v1\/me$/, (route) => route.abort());
    await page.clock.runFor(21_000);
    await byTest('lost-banner').waitFor();
    await page.unroute(/\/api\/v1\/me$/);
    await until(async () => {
      await page.clock.runFor(5_000);
      return (await byTest('live').getAttribute('data-state')) === 'live';
    }, 'the page is live again');
  });

  it('notices a browser that is offline', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/review');
    await until(async () => (await byTest('live').getAttribute('data-state')) === 'live', 'the page is live');
    await page.context().setOffline(true);
    await byTest('lost-banner').waitFor();
    await page.context().setOffline(false);
    await byTest('lost-banner').waitFor({ state: 'detached' });
  });

  it('asks to sign in again when the session has ended, and comes back to the same place', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/cameras?show=paused');
    await byTest('camera-row').first().waitFor();
    await web.db.deleteFrom('session').execute();
    await byTest('nav-review').click();
    await page.waitForURL(/\/sign-in/);
    await page.locator('input[name="name"]').fill(ADMIN.name);
    await page.locator('input[name="password"]').fill(ADMIN.password);
    await byTest('sign-in').click();
    await byTest('queue-item').first().waitFor();
  });

  it('lets a viewer look and nothing else, and says why', async () => {
    const viewer = await addSampleUser(web.db, 'viewer');
    page = await pages.open({ url: web.url, as: viewer });
    await page.goto('/review');
    await byTest('obstacle').filter({ hasText: '您的角色只能查看' }).waitFor();
    expect(await byTest('verdict-violation').isDisabled()).toBe(true);
    expect(await byTest('claim').isDisabled()).toBe(true);
    const first = await byTest('work').getAttribute('data-id');
    await page.keyboard.press('1');
    await page.keyboard.press('j');
    await until(async () => (await byTest('work').getAttribute('data-id')) !== first, 'the next item is shown');
    const row = await web.db
      .selectFrom('candidate')
      .select('state')
      .where('id', '=', Number(first))
      .executeTakeFirstOrThrow();
    expect(row.state).toBe('open');

    await page.goto('/cameras?view=4');
    await page.getByRole('tab').first().waitFor();
    for (const name of ['accept-all', 'import', 'pause', 'relearn']) expect(await byTest(name).count(), name).toBe(0);
  });

  async function raise(viewId: number): Promise<number> {
    const { id } = await web.db
      .insertInto('candidate')
      .values({
        view_id: viewId,
        box: JSON.stringify([0.1, 0.1, 0.2, 0.2]),
        polygon: JSON.stringify([
          [0.1, 0.1],
          [0.3, 0.1],
          [0.3, 0.3],
        ]),
        score: 0.9,
        occurrences: 4,
        first_seen_at: new Date(),
        last_seen_at: new Date(),
        raised_at: new Date(),
        raised_by_look_id: 1,
        machine_result: JSON.stringify({}),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const data = JSON.stringify({ candidateId: id, viewId });
    await web.db.insertInto('event').values({ at: new Date(), kind: 'candidate.raised', data }).execute();
    return id;
  }
});
