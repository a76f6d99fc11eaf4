/** Reviewing, as a person does it: by mouse, by keyboard and by hand, against the real web. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeInBrowser, until } from '../support/browser.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };

describeInBrowser('the review page', (pages) => {
  let web: SampleWeb;
  let page: Page;

  beforeAll(async () => {
    web = await startSampleWeb({ candidates: 24 });
  });
  afterAll(() => web.close());

  beforeEach(async () => {
    // Every test starts from the same open items.
    await web.db.updateTable('candidate').set({ claimed_by: null, claimed_until: null }).execute();
    await web.db
      .updateTable('candidate')
      .set({ state: 'open', verdict: null, verdict_id: null })
      .where('id', '>', 16)
      .execute();
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/review');
    await item(0).waitFor();
    await byTest('work').waitFor();
  });

  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);
  const item = (index: number): Locator => byTest('queue-item').nth(index);
  const count = (): Promise<number> => byTest('queue-item').count();
  const shownId = async (): Promise<number> => Number(await byTest('work').getAttribute('data-id'));
  const verdictOf = async (id: number) =>
    (await web.db.selectFrom('candidate').select(['state', 'verdict']).where('id', '=', id).executeTakeFirstOrThrow())
      .verdict;

  it('leads the first item through a verdict by mouse and goes on to the next', async () => {
    const before = await count();
    const first = await shownId();
    expect(await byTest('place').textContent()).toContain('4号楼西侧');
    await byTest('verdict-violation').click();
    await until(async () => (await shownId()) !== first, 'the next item is shown');
    expect(await verdictOf(first)).toBe('violation');
    expect(await count()).toBe(before - 1);
    expect(await shownId()).toBe(first - 1);
    expect(page.url()).toContain(`/review/${first - 1}`);
  });

  it('asks for the reason of a false alarm and takes a quick one', async () => {
    const first = await shownId();
    await byTest('verdict-false_alarm').click();
    await byTest('reason-panel').waitFor();
    expect(await byTest('decide').isDisabled()).toBe(true);
    await byTest('chip').filter({ hasText: '停放的车辆' }).click();
    await until(async () => (await shownId()) !== first, 'the next item is shown');
    const row = await web.db
      .selectFrom('verdict')
      .selectAll()
      .where('candidate_id', '=', first)
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ verdict: 'false_alarm', reason: '停放的车辆' });
  });

  it('takes a reason of one’s own, as text and nothing else', async () => {
    const first = await shownId();
    await byTest('verdict-permitted').click();
    await byTest('reason').locator('input').or(byTest('reason')).last().fill('<b>已批</b> 编号 12');
    await byTest('decide').click();
    await until(async () => (await shownId()) !== first, 'the next item is shown');
    await page.goto(`/review/${first}`);
    await byTest('history').getByText('<b>已批</b> 编号 12').waitFor();
  });

  it('names the item that is repeated', async () => {
    const first = await shownId();
    await byTest('verdict-duplicate').click();
    await byTest('duplicate-panel').waitFor();
    await byTest('duplicate-choice').first().click();
    await until(async () => (await shownId()) !== first, 'the next item is shown');
    const row = await web.db
      .selectFrom('verdict')
      .selectAll()
      .where('candidate_id', '=', first)
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(row.verdict).toBe('duplicate');
    expect(row.duplicate_of).not.toBeNull();
  });

  it('is worked by keyboard alone: next, previous, claim, verdicts, undo, help', async () => {
    const first = await shownId();
    const before = await count();
    await page.keyboard.press('j');
    expect(await shownId()).toBe(first - 1);
    await page.keyboard.press('ArrowDown');
    expect(await shownId()).toBe(first - 2);
    await page.keyboard.press('k');
    await page.keyboard.press('ArrowUp');
    expect(await shownId()).toBe(first);

    await page.keyboard.press('c');
    await byTest('holder').waitFor();
    expect(await byTest('holder').textContent()).toContain('我在处理');
    await page.keyboard.press('c');
    await byTest('holder').waitFor({ state: 'detached' });

    await page.keyboard.press('2');
    await byTest('reason-panel').waitFor();
    await page.keyboard.press('Escape');
    await byTest('reason-panel').waitFor({ state: 'detached' });
    await page.keyboard.press('2');
    await byTest('reason-panel').waitFor();
    await page.keyboard.press('1');
    await until(async () => (await shownId()) === first - 1, 'the next item is shown');
    expect(await verdictOf(first)).toBe('false_alarm');

    await page.keyboard.press('u');
    await until(async () => (await shownId()) === first, 'the item is back');
    expect(await verdictOf(first)).toBeNull();
    expect(await count()).toBe(before);

    await page.keyboard.press('?');
    await page.getByRole('dialog').filter({ hasText: '键盘操作' }).waitFor();
    await page.keyboard.press('1');
    expect(await verdictOf(first)).toBeNull();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').filter({ hasText: '键盘操作' }).waitFor({ state: 'hidden' });
  });

  it('shows how long a verdict can be taken back, and takes it back by the button', async () => {
    const first = await shownId();
    await page.keyboard.press('1');
    await byTest('undo-tray').waitFor();
    const left = (): Promise<number> =>
      byTest('undo-left')
        .textContent()
        .then((text) => Number.parseInt(text ?? '', 10));
    const shown = await left();
    expect(shown).toBeGreaterThan(50);
    expect(shown).toBeLessThanOrEqual(60);
    await until(async () => (await left()) < shown, 'the time runs');
    await byTest('undo').click();
    await until(async () => (await shownId()) === first, 'the item is back');
    expect(await byTest('undo-tray').count()).toBe(0);
    expect(await byTest('holder').textContent()).toContain('我在处理');
  });

  it('offers no undo once its time is over', async () => {
    await page.route(/\/verdict$/, async (route) => {
      const answer = await route.fetch();
      const detail = (await answer.json()) as { undoUntil: string };
      const undoUntil = new Date(Date.parse(detail.undoUntil) - 57_000).toISOString();
      await route.fulfill({ response: answer, json: { ...detail, undoUntil } });
    });
    await page.keyboard.press('1');
    await byTest('undo-tray').waitFor();
    await byTest('undo-tray').waitFor({ state: 'detached' });
  });

  it('compares by a border that mouse, keys and fingers move', async () => {
    const slider = byTest('slider');
    const stage = await box(byTest('stage'));
    const frame = await box(byTest('frame-after'));
    const value = async (): Promise<number> => Number(await slider.getAttribute('aria-valuenow'));

    await page.mouse.move(frame.x + frame.width * 0.3, stage.y + stage.height / 2);
    await page.mouse.down();
    await page.mouse.move(frame.x + frame.width * 0.7, stage.y + stage.height / 2, { steps: 4 });
    await page.mouse.up();
    expect(await value()).toBe(70);
    expect(await byTest('stage').locator('.pane.after').getAttribute('style')).toMatch(
      /clip-path: inset\(0px 0px 0px \d/,
    );

    await slider.focus();
    await page.keyboard.press('ArrowLeft');
    expect(await value()).toBe(68);
    await page.keyboard.press('Home');
    expect(await value()).toBe(0);
    await page.keyboard.press('End');
    expect(await value()).toBe(100);
  });

  it('blinks between before and now, and says which is shown', async () => {
    await page.keyboard.press('b');
    const plate = byTest('blink-plate');
    await plate.filter({ hasText: '现在' }).waitFor();
    await plate.filter({ hasText: '之前' }).waitFor();
    for (let n = 0; n < 20; n++) {
      const [said, visibility] = await page.evaluate<[string, string]>(`[
        document.querySelector('[data-test="blink-plate"]').textContent.trim(),
        getComputedStyle(document.querySelector('.pane.after')).visibility,
      ]`);
      expect(visibility).toBe(said === '现在' ? 'visible' : 'hidden');
    }
    await plate.filter({ hasText: '现在' }).waitFor();
    await page.keyboard.press('b');
    expect(await byTest('stage').getAttribute('data-mode')).toBe('slide');
  });

  it('zooms both pictures alike, by wheel and by key, and draws the outline on wish', async () => {
    const transform = async (which: string): Promise<string> =>
      /transform: ([^;]*)/.exec((await byTest(`frame-${which}`).getAttribute('style')) ?? '')?.[1] ?? '';
    const stage = await box(byTest('stage'));
    await page.mouse.move(stage.x + stage.width / 3, stage.y + stage.height / 3);
    await page.mouse.wheel(0, -400);
    await until(async () => !(await transform('after')).includes('scale(1)'), 'the picture grows');
    expect(await transform('before')).toBe(await transform('after'));
    await page.keyboard.press('0');
    await until(async () => (await transform('after')).includes('scale(1)'), 'the picture is whole');

    await byTest('to-place').click();
    await until(async () => !(await transform('after')).includes('scale(1)'), 'the place is near');

    expect(await byTest('overlay').count()).toBe(2);
    await page.keyboard.press('o');
    expect(await byTest('overlay').count()).toBe(0);
    await byTest('overlay-toggle').click();
    expect(await byTest('overlay').count()).toBe(2);
  });

  it('says plainly that another person was quicker', async () => {
    const id = await shownId();
    const other = await web.db
      .insertInto('app_user')
      .values({ name: `zhang-${id}`, display_name: '张三', password_hash: '-', role: 'operator' })
      .returning('id')
      .executeTakeFirstOrThrow();
    await web.db
      .updateTable('candidate')
      .set({ claimed_by: other.id, claimed_until: new Date('2099-01-01T00:00:00Z') })
      .where('id', '=', id)
      .execute();
    await byTest('verdict-violation').click();
    await byTest('conflict').waitFor();
    const said = await byTest('conflict').textContent();
    expect(said).toContain('张三');
    expect(said).toContain('2099-01-01 08:00:00');
    expect(said).toContain('review.held');
    await byTest('obstacle').filter({ hasText: '张三' }).waitFor();
    expect(await byTest('verdict-violation').isDisabled()).toBe(true);
    expect(await verdictOf(id)).toBeNull();
  });

  it('lets new items wait beside the list without moving what is looked at', async () => {
    const id = await shownId();
    const before = await count();
    const place = await box(item(0));
    const view = await web.db.selectFrom('candidate').selectAll().where('id', '=', 1).executeTakeFirstOrThrow();
    const raised = await web.db
      .insertInto('candidate')
      .values({
        view_id: view.view_id,
        severity: 'safety',
        box: JSON.stringify(view.box),
        polygon: JSON.stringify(view.polygon),
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
    await web.db
      .insertInto('event')
      .values({
        at: new Date(),
        kind: 'candidate.raised',
        data: JSON.stringify({ candidateId: raised.id, viewId: view.view_id }),
      })
      .execute();

    await byTest('fresh').waitFor();
    expect(await byTest('fresh').textContent()).toContain('新增 1 条');
    expect(await count()).toBe(before);
    expect(await shownId()).toBe(id);
    expect(await box(item(0))).toEqual(place);

    await byTest('fresh').click();
    expect(await count()).toBe(before + 1);
    expect(await shownId()).toBe(id);
    await web.db.deleteFrom('candidate').where('id', '=', raised.id).execute();
  });

  it('marks what a colleague decided meanwhile and leaves it where it stood', async () => {
    const id = await shownId();
    const colleague = await pages.open({ url: web.url, as: ADMIN });
    const answer = await colleague.request.get(`/api/v1/candidates/${id}`);
    const { version } = (await answer.json()) as { version: number };
    await colleague.request.post(`/api/v1/candidates/${id}/verdict`, { data: { verdict: 'violation', version } });
    await byTest('obstacle').filter({ hasText: '判定为“属实”' }).waitFor();
    expect(await shownId()).toBe(id);
    expect(await item(0).locator('.settled').count()).toBe(1);
  });

  it('narrows the list by state, verdict and place', async () => {
    await byTest('state-decided').click();
    await until(
      async () => (await byTest('queue-item').first().locator('.verdict').count()) === 1,
      'decided items are shown',
    );
    await byTest('filter').click();
    await byTest('filters').getByPlaceholder('位置或摄像机').fill('消防');
    await until(async () => {
      const shown = await byTest('queue-item').allTextContents();
      return shown.length > 0 && shown.every((text) => text.includes('消防'));
    }, 'one place is shown');
    expect(await count()).toBeGreaterThan(0);
    await byTest('filters').getByPlaceholder('位置或摄像机').fill('没有这个地方');
    await byTest('list-empty').filter({ hasText: '没有符合条件的线索' }).waitFor();
  });

  it('shows times in the estate’s zone, whatever the browser’s', async () => {
    const id = await shownId();
    const { first_seen_at } = await web.db
      .selectFrom('candidate')
      .select('first_seen_at')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const inShanghai = new Date(first_seen_at.getTime() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
    await byTest('facts').getByText(inShanghai).waitFor();
  });

  it('works on a phone: list, item, swipe of the border, verdict, back', async () => {
    const phone = await pages.open({ url: web.url, as: ADMIN, widthPx: 390, heightPx: 844, isTouch: true });
    page = phone;
    await page.goto('/review');
    await item(0).tap();
    await byTest('work').waitFor();
    const first = await shownId();
    const frame = await box(byTest('frame-after'));
    await page.touchscreen.tap(frame.x + frame.width / 2, frame.y + frame.height / 2);
    expect(Number(await byTest('slider').getAttribute('aria-valuenow'))).toBe(50);
    await byTest('verdict-violation').tap();
    await until(async () => (await shownId()) === first - 1, 'the next item is shown');
    await byTest('back').tap();
    await until(async () => !(await byTest('work').isVisible()), 'the list is shown');
    expect(await item(0).isVisible()).toBe(true);
  });
});

async function box(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const bounds = await locator.boundingBox();
  if (!bounds) throw new Error('not on the page');
  return bounds;
}
