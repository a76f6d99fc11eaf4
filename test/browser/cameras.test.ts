/** The cameras page: what each sees, what is lawful there, and what people change about it. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { beginDrill, endDrill, recordFinding, takeDrill } from '../../src/drill/drill-store.ts';
import { describeInBrowser, until } from '../support/browser.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };

describeInBrowser('the cameras page', (pages) => {
  let web: SampleWeb;
  let page: Page;
  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);
  const row = (place: string): Locator => byTest('camera-row').filter({ hasText: place });
  const tab = (name: RegExp): Locator => page.getByRole('tab', { name });

  beforeAll(async () => {
    web = await startSampleWeb({ candidates: 12 });
  });
  afterAll(() => web.close());
  beforeEach(async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/cameras');
    await byTest('camera-row').first().waitFor();
  });

  it('shows of every view its health, its last look and why it says nothing', async () => {
    expect(await byTest('camera-row').count()).toBe(12);
    expect(await row('小区南门').textContent()).toMatch(/未能判断.*画面过暗，已 4\d 分钟/s);
    expect(await row('7号楼 18层走廊').textContent()).toMatch(/离线.*连接超时/s);
    expect(await row('7号楼 18层走廊').textContent()).toContain('未能判断');
    expect(await row('B1 车库入口').textContent()).toContain('画面冻结');
    expect(await row('别墅区 A 排').textContent()).toMatch(/学习中.*42%/s);
    expect(await row('1号楼 30层屋面').textContent()).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
    expect(await row('1号楼 30层屋面').locator('img').count()).toBe(1);
  });

  it('finds by words and by state', async () => {
    await byTest('search').locator('input').or(byTest('search')).last().fill('tower');
    await until(async () => (await byTest('camera-row').count()) === 3, 'three towers');
    expect(await byTest('show-all').textContent()).toContain('3');
    await byTest('show-faulty').click();
    await byTest('no-rows').waitFor();
    await byTest('search').locator('input').or(byTest('search')).last().fill('');
    await until(async () => (await byTest('camera-row').count()) === 3, 'three faulty cameras');
    expect(page.url()).toContain('show=faulty');
  });

  it('says how right a clock is and how that is known, and asks why before it is set', async () => {
    await web.db.updateTable('camera').set({ onvif_url: 'http://127.0.0.1:9/onvif' }).where('id', '=', 1).execute();
    await web.db
      .updateTable('camera_health')
      .set({ clock_offset_ms: 61_240, clock_source: 'rtcp', clock_measured_at: new Date() })
      .where('camera_id', '=', 1)
      .execute();
    await page.reload();
    await row('1号楼 30层屋面').locator('[data-test="clock-offset"]').filter({ hasText: '+61.2 s' }).waitFor();
    await row('1号楼 30层屋面').locator('.name').click();
    const clock = byTest('camera-clock');
    await clock.filter({ hasText: /偏差超限.*\+61\.24 s.*RTCP 报告/s }).waitFor();
    await byTest('set-clock').click();
    expect(await byTest('confirm-clock').isDisabled()).toBe(true);
    await byTest('clock-reason').locator('input').or(byTest('clock-reason')).last().fill('时钟快了一分钟');
    await byTest('confirm-clock').click();
    // No camera is there to be set.
    await page.getByText('camera.no_onvif').waitFor();
    await page.keyboard.press('Escape');
    await row('2号楼 30层屋面').locator('.name').click();
    await clock.filter({ hasText: '准确' }).waitFor();
    expect(await byTest('set-clock').count()).toBe(0);
  });

  it('takes where a camera hangs, pasted as a pair, and refuses what is no place', async () => {
    await row('3号楼 东侧外墙').locator('.name').click();
    const location = byTest('camera-location');
    await location.filter({ hasText: '未登记' }).waitFor();
    await byTest('edit-location').click();
    await byTest('location-latitude').fill('31.980123');
    expect(await byTest('location-wrong').textContent()).toBe('纬度和经度须同时填写');
    expect(await byTest('save-location').isDisabled()).toBe(true);
    await byTest('location-latitude').fill('31.980123, 120.894130');
    await byTest('location-wrong').waitFor({ state: 'detached' });
    await byTest('location-height').fill('1001');
    await byTest('location-wrong').waitFor();
    await byTest('location-height').fill('21.5');
    await byTest('location-code').fill('NT-0101-003');
    await byTest('save-location').click();
    await location.filter({ hasText: /NT-0101-003.*31\.980123°, 120\.894130°.*离地 21\.5 米/s }).waitFor();
    const kept = await web.db.selectFrom('camera').selectAll().where('location_code', '=', 'NT-0101-003').execute();
    expect(kept).toMatchObject([{ latitude_deg: 31.980123, longitude_deg: 120.89413, mounting_height_m: 21.5 }]);
  });

  it('draws only the rows that are seen of hundreds', async () => {
    const estate = await web.db.selectFrom('estate').select('id').executeTakeFirstOrThrow();
    const many = Array.from({ length: 400 }, (_, n) => ({
      estate_id: estate.id,
      key: `many-${n}`,
      name: `多路 ${String(n).padStart(3, '0')}`,
      place: '测试楼',
      sub_url: `rtsp://127.0.0.1/${n}`,
    }));
    const added = await web.db.insertInto('camera').values(many).returning('id').execute();
    await web.db
      .insertInto('view')
      .values(added.map(({ id }, n) => ({ camera_id: id, name: `多路 ${n}` })))
      .execute();
    await page.goto('/cameras');
    await until(async () => (await byTest('show-all').textContent())?.includes('412') ?? false, 'all are counted');
    expect(await byTest('camera-row').count()).toBeLessThan(60);
    await page.evaluate(`document.querySelector('.scroller').scrollTop = 1e9`);
    await row('多路 399').waitFor();
    expect(await row('1号楼 30层屋面').count()).toBe(0);
    await web.db.deleteFrom('camera').where('key', 'like', 'many-%').execute();
  });

  it('accepts the proposed pictures of one view, which then watches', async () => {
    await row('5号楼 12层露台').click();
    await tab(/基准画面/).click();
    await byTest('baselines-proposed').waitFor();
    expect(await byTest('baselines-proposed').locator('li').count()).toBe(3);
    await byTest('accept').click();
    await until(async () => (await byTest('baselines-accepted').locator('li').count()) === 3, 'they are accepted');
    expect(await byTest('baselines-accepted').textContent()).toMatch(/admin 于 \d{4}/);
    const { state } = await web.db.selectFrom('view').select('state').where('id', '=', 8).executeTakeFirstOrThrow();
    expect(state).toBe('watching');

    await byTest('remove-baseline').first().click();
    expect(await byTest('baselines-accepted').locator('li').count()).toBe(3);
    await byTest('confirm').click();
    await until(async () => (await byTest('baselines-accepted').locator('li').count()) === 2, 'one is gone');
  });

  it('accepts all at once, after asking once more', async () => {
    await byTest('accept-all').click();
    await page.getByText('都是合法现状？').waitFor();
    await byTest('confirm').click();
    await until(
      async () => (await web.db.selectFrom('view').select('id').where('state', '=', 'proposed').execute()).length === 0,
      'no view waits',
    );
    await byTest('accept-all').waitFor({ state: 'detached' });
  });

  it('pauses and resumes a view, and lets it learn anew', async () => {
    await row('3号楼 东侧外墙').click();
    await byTest('pause').click();
    await byTest('resume').click();
    await byTest('pause').waitFor();
    await byTest('relearn').click();
    await byTest('confirm').click();
    await until(
      async () =>
        (await web.db.selectFrom('view').select('state').where('id', '=', 3).executeTakeFirstOrThrow()).state ===
        'learning',
      'it learns',
    );
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/cameras$/);
  });

  it('draws an area point by point, takes a point back, saves and removes it', async () => {
    await row('1号楼 30层屋面').click();
    await tab(/区域/).click();
    await byTest('new-privacy').click();
    const canvas = await byTest('mask-canvas').boundingBox();
    if (!canvas) throw new Error('no canvas');
    const at = (x: number, y: number): Promise<void> =>
      page.mouse.click(canvas.x + x * canvas.width, canvas.y + y * canvas.height);
    expect(await byTest('save-mask').isDisabled()).toBe(true);
    for (const [x, y] of [
      [0.2, 0.2],
      [0.6, 0.2],
      [0.6, 0.7],
      [0.9, 0.9],
    ] as const)
      await at(x, y);
    await byTest('undo-point').click();
    await byTest('mask-name').locator('input').or(byTest('mask-name')).last().fill('301 室窗户');
    await byTest('save-mask').click();
    await byTest('mask').filter({ hasText: '301 室窗户' }).waitFor();
    const mask = await web.db.selectFrom('mask').selectAll().where('view_id', '=', 1).executeTakeFirstOrThrow();
    expect(mask.kind).toBe('privacy');
    expect(mask.polygon.map(([x, y]) => [Math.round(x * 10), Math.round(y * 10)])).toEqual([
      [2, 2],
      [6, 2],
      [6, 7],
    ]);
    await byTest('remove-mask').click();
    await byTest('confirm').click();
    await byTest('mask').waitFor({ state: 'detached' });
  });

  it('tells what the looks of a view found', async () => {
    await page.goto('/cameras?view=1');
    await tab(/观察记录/).click();
    await byTest('look').first().waitFor();
    expect(await byTest('look').count()).toBe(30);
    expect(await byTest('look').first().textContent()).toMatch(/有变化.*最高得分 0\.80/s);
  });

  it('drills a view: asked for, followed, stopped, and shown with its picture', async () => {
    await row('1号楼 30层屋面').locator('.name').click();
    await tab(/识别演练/).click();
    await byTest('drill').getByText('还没有演练过').waitFor();
    await byTest('drill-start').click();
    await byTest('drill').getByText('排队中').waitFor();
    await byTest('drill-cancel').click();
    await byTest('drill').getByText('上次演练已停止').waitFor();
    await byTest('drill-start').click();
    await byTest('drill-cancel').waitFor();

    // What a worker does, seen by the page as it happens.
    const drill = (await takeDrill(web.db, 60_000, Date.now()))!;
    await beginDrill(web.db, drill, { baselineVersion: 0, modelSha256: 'm', minScore: 0.42 }, 3);
    const trials = [{ areaFraction: 0.1, found: 3, of: 3 }];
    const kinds = ['hut', 'wall', 'balcony'] as const;
    for (const [index, kind] of kinds.entries()) {
      const smallest = kind === 'balcony' ? null : 0.0125;
      await recordFinding(web.db, drill, { light: 'day', kind, smallest, trials }, 60_000, Date.now());
      await byTest('drill-progress')
        .filter({ hasText: `${index + 1} / 3` })
        .waitFor();
    }
    const { picture_sha256: day } = await web.db
      .selectFrom('baseline')
      .select('picture_sha256')
      .where('view_id', '=', drill.viewId)
      .executeTakeFirstOrThrow();
    const drawn = [{ kind: 'hut' as const, areaFraction: 0.0125, found: true, box: [0.2, 0.3, 0.1, 0.1] as const }];
    await endDrill(
      web.db,
      drill,
      { state: 'done', pictures: [{ light: 'day', baselineId: 1, drawn }], pictureSha256s: { day } },
      Date.now(),
    );
    await byTest('drill-table').getByRole('row').filter({ hasText: '彩钢棚' }).filter({ hasText: '1.3%' }).waitFor();
    await byTest('drill-table')
      .getByRole('row')
      .filter({ hasText: '封阳台' })
      .filter({ hasText: '发现不了' })
      .waitFor();
    await byTest('drill').locator('img').waitFor();
    expect(await byTest('drill-start').textContent()).toContain('重新演练');
  });

  it('reads a file of cameras twice: what it would do, then doing it', async () => {
    await byTest('import').click();
    await byTest('import-file').setInputFiles({
      name: '摄像机.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('key,name\na,甲\nb,乙\n'),
    });
    await byTest('import-verdict').filter({ hasText: '试运行结果，尚未写入' }).waitFor();
    expect(await byTest('import-line').count()).toBe(3);
    await byTest('import-apply').click();
    await byTest('import-verdict').filter({ hasText: '已导入' }).waitFor();
  });

  it('shows names and reasons from outside as text, whatever they hold', async () => {
    // A camera with an open item.
    const SHOWN = 11;
    const evil = `<img src=x onerror="window.hurt=1">"><svg onload=window.hurt=1>{{7*7}}javascript:alert(1)`;
    await web.db.updateTable('camera').set({ name: evil, place: evil }).where('id', '=', SHOWN).execute();
    await web.db.updateTable('view').set({ name: evil, not_judged_reason: evil }).where('id', '=', SHOWN).execute();
    await web.db
      .updateTable('camera_health')
      .set({ reason: evil, last_error: evil, state: 'offline' })
      .where('camera_id', '=', SHOWN)
      .execute();
    await web.db
      .insertInto('mask')
      .values({
        view_id: SHOWN,
        kind: 'ignore',
        name: evil,
        polygon: JSON.stringify([
          [0, 0],
          [1, 0],
          [1, 1],
        ]),
      })
      .execute();
    await web.db.updateTable('verdict').set({ reason: evil }).execute();
    await web.db
      .updateTable('candidate')
      .set({ machine_result: JSON.stringify({ lighting: evil, modelSha256: evil }) })
      .execute();

    await page.goto(`/cameras?view=${SHOWN}`);
    await page.getByRole('dialog').getByText('onerror').first().waitFor();
    await tab(/区域/).click();
    await byTest('mask').getByText('{{7*7}}').waitFor();
    await tab(/观察记录/).click();
    await byTest('look').first().waitFor();
    await page.goto('/review');
    await byTest('queue-item').filter({ hasText: 'onerror' }).click();
    await byTest('machine').getByText('onerror').first().waitFor();
    await byTest('state-decided').click();
    await byTest('history').getByText('onerror').waitFor();
    expect(await page.evaluate('window.hurt')).toBeUndefined();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  });
});
