/** The wall in a real browser: screens that need nobody, never lie about being live, and bring alerts to the eye. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { recordEvents } from '../../src/drivers/postgres/postgres.ts';
import { describeInBrowser, until } from '../support/browser.ts';
import { addSampleUser } from '../support/sample-user.ts';
import { SAMPLE_PASSWORD, startSampleWeb, WebClient, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };

describeInBrowser('the wall', (pages) => {
  let web: SampleWeb;
  let admin: WebClient;

  beforeAll(async () => {
    web = await startSampleWeb({ candidates: 6 });
    admin = await new WebClient(web.url).signIn(ADMIN.name, ADMIN.password);
  });
  afterAll(() => web.close());

  const assign = async (number: number, layout: object, name = ''): Promise<void> => {
    const { body } = await admin.get(`/api/v1/screens/${number}`);
    const full = { ...body.layout, ...layout };
    const put = await admin.ask('PUT', `/api/v1/screens/${number}`, { name, layout: full, version: body.version });
    expect(put.status).toBe(200);
  };
  const open = async (number: number, as = ADMIN): Promise<Page> => {
    const page = await pages.open({ url: web.url, as, widthPx: 1920, heightPx: 1080 });
    await page.goto(`/wall/${number}`);
    await page.locator('[data-test="alerts"]').waitFor();
    return page;
  };
  /** Another candidate of a view, raised as the pipeline does: row and event in one transaction. */
  const raise = (place: string): Promise<number> =>
    web.db.transaction().execute(async (trx) => {
      const {
        id,
        severity_rank: _rank,
        ...row
      } = await trx
        .selectFrom('candidate')
        .innerJoin('view', 'view.id', 'candidate.view_id')
        .innerJoin('camera', 'camera.id', 'view.camera_id')
        .selectAll('candidate')
        .where('camera.name', '=', place)
        .orderBy('candidate.id', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow();
      expect(id).toBeGreaterThan(0);
      const at = new Date(systemClock.nowMs());
      const made = await trx
        .insertInto('candidate')
        .values({
          ...row,
          ...{ state: 'open', verdict: null, verdict_id: null, version: 1, raised_at: at, claimed_by: null },
          ...{ box: JSON.stringify(row.box), polygon: JSON.stringify(row.polygon) },
          machine_result: JSON.stringify(row.machine_result),
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      await recordEvents(trx, 'candidate.raised', [{ candidateId: made.id, viewId: row.view_id }], at.getTime());
      return made.id;
    });
  const stillsAreNow = async (): Promise<void> => {
    const look = await web.db.selectFrom('look').select('view_id').where('picture_sha256', 'is not', null).execute();
    const views = [...new Set(look.map(({ view_id: id }) => id))];
    const jpeg = Buffer.from(await (await admin.raw('GET', `/api/v1/views/${views[0]}/still.jpg`)).arrayBuffer());
    await web.db.deleteFrom('still').execute();
    await web.db
      .insertInto('still')
      .values(views.map((id) => ({ view_id: id, captured_at: new Date(systemClock.nowMs()), version: 0, jpeg })))
      .execute();
  };
  const tileOf = (page: Page, name: string) => page.locator('article.tile').filter({ hasText: name });

  it('is paired by a code that is typed in at the console, and then needs nobody', async () => {
    const screen = await pages.open({ url: web.url, widthPx: 1920, heightPx: 1080 });
    await screen.goto('/wall/5');
    const code = (await screen.locator('[data-test="pairing-code"]').textContent()) ?? '';
    const desk = await pages.open({ url: web.url, as: ADMIN });
    await desk.goto('/screens');
    await desk.locator('[data-test="pair-code"] input, input[data-test="pair-code"]').first().fill(code.trim());
    await desk.locator('[data-test="pair-name"] input, input[data-test="pair-name"]').first().fill('墙机 <b>1</b>');
    await desk.locator('[data-test="pair"]').click();
    await screen.locator('[data-test="grid"]').waitFor();
    expect(await screen.locator('.bar').count()).toBe(0);
    await desk.locator('[data-test="screen-5"][data-connected="1"]').waitFor();
    expect(await desk.locator('[data-test="screen-5"]').textContent()).toContain('墙机 <b>1</b>');
    // Whatever address its machine is sent to, it shows its screens and nothing else.
    await screen.goto('/users');
    await screen.waitForURL('**/wall/1');
    await desk.getByRole('button', { name: '移除' }).click();
    await desk.locator('[data-test="confirm"]').click();
    await screen.locator('[data-test="pairing-code"]').waitFor({ timeout: 25_000 });
  });

  it('shows a tile’s picture with its age, and by itself as old when nothing comes any more', async () => {
    await stillsAreNow();
    const page = await pages.open({ url: web.url, as: ADMIN, widthPx: 1920, heightPx: 1080 });
    await page.clock.install();
    await page.goto('/wall/1');
    const tile = tileOf(page, '1号楼屋顶');
    await until(async () => (await tile.getAttribute('data-state')) === 'fresh', 'the tile is of now');
    expect(await tile.locator('[data-test="age"]').textContent()).toMatch(/\d+ 秒前/);
    await page.context().setOffline(true);
    await page.clock.fastForward(12_000);
    expect(await tile.getAttribute('data-state')).toBe('fresh');
    await page.clock.fastForward(35_000);
    await until(async () => (await tile.getAttribute('data-state')) === 'old', 'the tile says that it is old');
    expect(await tile.textContent()).toMatch(/画面已过时.*起，已 \d+/s);
    expect(await page.locator('[data-test="wall-live"]').textContent()).toContain('失去连接');
    await page.context().setOffline(false);
  });

  it('says of a camera that is frozen, gone or cannot be judged, since when and why', async () => {
    await stillsAreNow();
    const page = await open(1);
    await tileOf(page, '地下车库').filter({ hasText: '画面冻结' }).waitFor();
    const gone = tileOf(page, '7号楼走廊');
    await gone.filter({ hasText: '连接超时' }).waitFor();
    expect(await gone.textContent()).toMatch(/离线.*起，已 17 分钟/s);
    // Once its picture is there: of none nothing could be judged.
    await tileOf(page, '南大门').filter({ hasText: '未能判断' }).waitFor();
    // Frozen on purpose while somebody looks.
    const tile = tileOf(page, '2号楼屋顶');
    await until(async () => (await tile.getAttribute('data-state')) === 'fresh', 'it is well');
    const camera = await web.db
      .selectFrom('camera')
      .select('id')
      .where('name', '=', '2号楼屋顶')
      .executeTakeFirstOrThrow();
    await web.db
      .updateTable('camera_health')
      .set({ state: 'frozen', since: new Date() })
      .where('camera_id', '=', camera.id)
      .execute();
    await recordEvents(web.db, 'camera.changed', [{ cameraId: camera.id, change: 'frozen' }], systemClock.nowMs());
    await until(async () => (await tile.getAttribute('data-state')) === 'trouble', 'it says so');
    await web.db.updateTable('camera_health').set({ state: 'online' }).where('camera_id', '=', camera.id).execute();
  });

  it('shows what it is assigned the moment that is saved at the console', async () => {
    const page = await open(2);
    await page.locator('[data-test="grid"]').waitFor();
    const desk = await pages.open({ url: web.url, as: ADMIN });
    await desk.goto('/screens');
    await desk.locator('[data-test="assign-2"]').click();
    await desk
      .locator('[data-test="screen-name"] input, input[data-test="screen-name"]')
      .first()
      .fill('左下 <img src=x onerror=alert(1)>');
    await desk.locator('[data-test="screen-panel"]').click();
    await desk.getByRole('option', { name: '统计数字' }).click();
    await desk.locator('[data-test="save-screen"]').click();
    await page.locator('[data-test="figures"]').waitFor();
    expect(await page.locator('header.head').textContent()).toContain('<img src=x');
    await desk.locator('[data-test="identify"]').click();
    await page.locator('[data-test="identity"]').filter({ hasText: '2' }).waitFor();
  });

  it('brings a new alert to every screen with before, after and place; who has seen it is seen on all', async () => {
    await assign(3, { sound: true });
    await assign(4, { sound: true, takeover: 'safety' });
    const { name } = await addSampleUser(web.db, 'operator', '张三');
    const desk = await open(3, { name, password: SAMPLE_PASSWORD });
    const other = await open(4);
    const id = await raise('消防通道');
    for (const page of [desk, other]) await page.locator(`.column [data-alert="${id}"]`).waitFor();
    const card = desk.locator(`.column [data-alert="${id}"]`);
    expect(await card.textContent()).toMatch(/消防通道.*2号楼北侧消防车道.*之前.*现在.*秒前/s);
    expect(await card.locator('img').count()).toBe(2);
    expect(await card.textContent()).toContain('安全隐患');
    expect(await other.locator(`[data-test="alert-stage"][data-alert="${id}"]`).count()).toBe(1);
    await until(
      async () => (await desk.locator('[data-test="screen"]').getAttribute('data-sounded')) === '1',
      'it sounds',
    );
    await card.locator('[data-test="acknowledge"]').click();
    await other.locator(`.column [data-alert="${id}"]`).filter({ hasText: '张三' }).waitFor();
    await until(
      async () => (await other.locator(`[data-test="alert-stage"][data-alert="${id}"]`).count()) === 0,
      'the panel is free again',
    );
    await card.locator('[data-test="unacknowledge"]').click();
    await other.locator(`[data-test="alert-stage"][data-alert="${id}"]`).waitFor();
  });

  it('is silent for ten minutes when told to, says so, and sounds again by itself', async () => {
    await assign(6, { sound: true });
    const page = await pages.open({ url: web.url, as: ADMIN, widthPx: 1920, heightPx: 1080 });
    await page.clock.install();
    await page.goto('/wall/6');
    const sounded = async (): Promise<number> =>
      Number(await page.locator('[data-test="screen"]').getAttribute('data-sounded'));
    await page.locator('[data-test="alert-card"]').first().waitFor();
    await page.locator('[data-test="mute"]').click();
    expect(await page.locator('[data-test="unmute"]').textContent()).toMatch(/已静音，(10:00|9:5\d) 后恢复/);
    const before = await sounded();
    const quiet = await raise('消防通道');
    await page.locator(`.column [data-alert="${quiet}"]`).waitFor();
    expect(await sounded()).toBe(before);
    await page.clock.fastForward(601_000);
    await page.locator('[data-test="mute"]').waitFor();
    await until(
      async () => (await page.locator('[data-test="wall-live"]').getAttribute('data-state')) === 'live',
      'the line stands',
    );
    const loud = await raise('消防通道');
    await page.locator(`.column [data-alert="${loud}"]`).waitFor();
    await until(async () => (await sounded()) > before, 'it sounds again');
  });

  it('makes a ranked strip of many alerts, not a flood', async () => {
    const page = await open(7);
    for (let n = 0; n < 12; n++) await raise('1号楼屋顶');
    await page.locator('[data-test="more"]').waitFor();
    expect(await page.locator('[data-test="alert-card"]').count()).toBe(2);
    expect(await page.locator('.lines li').count()).toBe(2);
    const tooHigh = await page.evaluate(`(() => {
      const column = document.querySelector('.column');
      const lines = document.querySelector('.lines');
      return Math.max(column.scrollHeight - column.clientHeight, lines.scrollHeight - lines.clientHeight);
    })()`);
    expect(tooHigh).toBeLessThanOrEqual(0);
  });

  it('lets nobody acknowledge by the keyboard what came in another alert’s place', async () => {
    for (let n = 0; n < 3; n++) await raise('消防通道');
    const page = await open(12);
    const ranked = async (): Promise<number[]> =>
      Promise.all(
        (await page.locator('[data-test="alert-card"]').all()).map(async (card) =>
          Number(await card.getAttribute('data-alert')),
        ),
      );
    const cardOf = (id: number) => page.locator(`[data-test="alert-card"][data-alert="${id}"]`);
    const acknowledged = async (): Promise<number[]> => {
      const seen = web.db.selectFrom('acknowledgement').select('candidate_id').where('undone_at', 'is', null);
      return (await seen.execute()).map(({ candidate_id: one }) => one);
    };
    const before = await acknowledged();
    await page.locator('[data-test="alert-card"]').nth(1).waitFor();
    // One that is decided elsewhere leaves its card to another.
    const [first] = (await ranked()) as [number];
    await cardOf(first).locator('[data-test="acknowledge"]').focus();
    await web.db.updateTable('candidate').set({ state: 'decided' }).where('id', '=', first).execute();
    await recordEvents(web.db, 'candidate.changed', [{ candidateId: first }], systemClock.nowMs());
    await until(async () => !(await ranked()).includes(first), 'it has left');
    await page.keyboard.press('Enter');
    // One that is pushed down to a line leaves it too, and pictures are those of the new one.
    const second = (await ranked())[1]!;
    await cardOf(second).locator('[data-test="acknowledge"]').focus();
    const next = await raise('消防通道');
    await page.locator(`.lines [data-alert="${second}"]`).waitFor();
    expect(await cardOf(next).locator('img').first().getAttribute('src')).toContain(`/candidates/${next}/`);
    await page.keyboard.press('Enter');
    expect(await acknowledged()).toEqual(before);
    // One that only moves keeps the focus.
    await cardOf(next).locator('[data-test="acknowledge"]').focus();
    const after = await raise('消防通道');
    await cardOf(after).waitFor();
    await page.keyboard.press('Enter');
    await until(async () => (await acknowledged()).length > before.length, 'it is acknowledged');
    expect((await acknowledged()).filter((id) => !before.includes(id))).toEqual([next]);
  });

  it('catches up after a lost line, and says meanwhile since when it may be old', async () => {
    const page = await open(8);
    await until(
      async () => (await page.locator('[data-test="wall-live"]').getAttribute('data-state')) === 'live',
      'it is live',
    );
    await page.context().setOffline(true);
    await page.locator('[data-test="wall-live"][data-state="reconnecting"]').waitFor();
    const id = await raise('消防通道');
    expect(await page.locator('[data-test="wall-live"]').textContent()).toMatch(/自 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d 起/);
    expect(await page.locator(`[data-alert="${id}"]`).count()).toBe(0);
    await page.context().setOffline(false);
    await page.locator(`.column [data-alert="${id}"]`).waitFor();
    await page.locator('[data-test="wall-live"][data-state="live"]').waitFor();
  });

  it('takes a fixed camera closer by wheel, drag and keys', async () => {
    await stillsAreNow();
    const page = await open(9);
    await tileOf(page, '1号楼屋顶').locator('button.open').click();
    const stage = page.locator('[data-test="zoom-stage"]');
    const scale = async (): Promise<number> => Number(await stage.getAttribute('data-scale'));
    await stage.waitFor();
    expect(await scale()).toBe(1);
    const box = (await stage.boundingBox())!;
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 4);
    await page.mouse.wheel(0, -600);
    await until(async () => (await scale()) > 2, 'the wheel zooms');
    const moved = (): Promise<string> =>
      stage
        .locator('.inner')
        .evaluate((inner) => (inner as unknown as { style: { transform: string } }).style.transform);
    const before = await moved();
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    expect(await moved()).not.toBe(before);
    await page.keyboard.press('0');
    expect(await scale()).toBe(1);
    await page.keyboard.press('+');
    expect(await scale()).toBeGreaterThan(1);
    await page.keyboard.press('Escape');
    await until(async () => (await page.locator('[data-test="closer-look"]').count()) === 0, 'it is closed');
  });

  it('runs no script that a camera, a view or an account is named after', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    const camera = await web.db
      .selectFrom('camera')
      .select(['id', 'name'])
      .where('name', '=', '消防通道')
      .executeTakeFirstOrThrow();
    await web.db.updateTable('camera').set({ name: evil, place: evil }).where('id', '=', camera.id).execute();
    await web.db.updateTable('view').set({ name: evil }).where('camera_id', '=', camera.id).execute();
    await assign(10, { panel: { kind: 'alerts' } }, evil);
    const page = await open(10);
    await page.locator('[data-test="alert-stage"]').filter({ hasText: evil }).waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    await web.db.updateTable('camera').set({ name: camera.name }).where('id', '=', camera.id).execute();
  });

  it('is assigned by operators and seen by viewers, who find no console for it', async () => {
    const viewer = await addSampleUser(web.db, 'viewer');
    const page = await pages.open({ url: web.url, as: viewer });
    await page.goto('/screens');
    await page.waitForURL('**/review');
    expect(await page.locator('[data-test="nav-screens"]').count()).toBe(0);
    await page.goto('/wall/11');
    await page.locator('[data-test="grid"]').waitFor();
    expect(await page.locator('[data-test="acknowledge"]').count()).toBe(0);
  });
});
