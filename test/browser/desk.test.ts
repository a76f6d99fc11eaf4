/** The review desk by keyboard: orders, bundles, the time line, what was said before, marks of having seen; and the lock. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeInBrowser, until } from '../support/browser.ts';
import { insertCandidate, type SampleScene } from '../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };
const MINUTE_MS = 60_000;
const IDLE_S = 10;

describeInBrowser('the review desk', (pages) => {
  let web: SampleWeb;
  let page: Page;
  let scene: SampleScene;
  let adminId: number;
  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);
  const shownId = async (): Promise<number> => Number(await byTest('work').getAttribute('data-id'));
  const listed = (): Promise<number[]> =>
    page.evaluate<number[]>(`[...document.querySelectorAll('.list [data-id]')].map((row) => Number(row.dataset.id))`);

  async function raise(more: Partial<Parameters<typeof insertCandidate>[1]> & { minutesAgo: number }): Promise<number> {
    const { minutesAgo, ...rest } = more;
    const raisedAt = new Date(Date.now() - minutesAgo * MINUTE_MS);
    return insertCandidate(web.db, { viewId: 1, scene, raisedAt, decidedBy: adminId, ...rest });
  }

  beforeAll(async () => {
    web = await startSampleWeb({ candidates: 12 });
    const row = await web.db.selectFrom('candidate').selectAll().orderBy('id').executeTakeFirstOrThrow();
    scene = {
      before: row.before_sha256!,
      after: row.after_sha256!,
      overlay: row.overlay_sha256!,
      box: [...row.box] as SampleScene['box'],
      polygon: row.polygon,
    };
    ({ id: adminId } = await web.db.selectFrom('app_user').select('id').executeTakeFirstOrThrow());
  });
  afterAll(() => web.close());
  beforeEach(async () => {
    await web.db.updateTable('candidate').set({ verdict_id: null }).execute();
    await web.db.deleteFrom('verdict').execute();
    await web.db.deleteFrom('evidence_stream').execute();
    await web.db.deleteFrom('candidate').execute();
  });

  async function open(path = '/review', url = web.url): Promise<void> {
    page = await pages.open({ url, as: ADMIN });
    await page.goto(path);
    await byTest('work').waitFor();
  }

  it('puts what blocks a way of escape first, and sorts by place and time by one key', async () => {
    const plain = await raise({ minutesAgo: 5 });
    const safety = await raise({ viewId: 4, minutesAgo: 300, severity: 'safety' });
    const high = await raise({ viewId: 2, minutesAgo: 200, severity: 'high' });
    await open();
    expect(await listed()).toEqual([safety, high, plain]);
    expect(await shownId()).toBe(safety);
    expect(await byTest('work').textContent()).toContain('安全隐患');
    await page.keyboard.press('g');
    await until(async () => (await byTest('queue-place').count()) === 3, 'places stand over their items');
    expect(await byTest('queue-place').allTextContents()).toEqual([
      expect.stringContaining('1号楼 30层屋面'),
      expect.stringContaining('2号楼 30层屋面'),
      expect.stringContaining('2号楼北侧消防车道'),
    ]);
    expect(await shownId()).toBe(safety);
    await page.keyboard.press('g');
    await until(async () => (await listed())[0] === plain, 'the newest is first');
    await page.reload();
    await byTest('work').waitFor();
    expect(await listed()).toEqual([plain, high, safety]);
  });

  it('folds what one view raised many of, and opens it by key', async () => {
    const ids: number[] = [];
    for (let n = 0; n < 13; n++) ids.push(await raise({ minutesAgo: 10 + n }));
    const other = await raise({ viewId: 2, minutesAgo: 60 });
    await open();
    await byTest('queue-bundle').filter({ hasText: '另有 10 条' }).waitFor();
    expect(await listed()).toEqual([...ids.slice(0, 3), other]);
    await page.keyboard.press('x');
    await until(async () => (await listed()).length === 14, 'all are shown');
    await page.keyboard.press('x');
    await until(async () => (await listed()).length === 4, 'they are folded');
    for (let n = 0; n < 3; n++) await page.keyboard.press('j');
    expect(await shownId()).toBe(other);
    // Verdicts go on through the bundle.
    await byTest('queue-item').first().click();
    for (const id of ids.slice(0, 4)) {
      await until(async () => (await shownId()) === id, `item ${id} is shown`);
      await page.keyboard.press('1');
    }
    await until(async () => (await shownId()) === ids[4], 'the next of the bundle is shown');
  });

  it('steps along the time line by key, and shows that look’s picture in the place of the item’s', async () => {
    await raise({ minutesAgo: 2 });
    await open();
    await byTest('look').first().waitFor();
    const after = (): Promise<string | null> => byTest('frame-after').locator('img').getAttribute('src');
    const own = await after();
    expect(own).toContain('/candidates/');
    await page.keyboard.press(']');
    await until(async () => (await after())?.includes('/looks/') ?? false, 'a look is shown');
    const first = await after();
    const plate = await byTest('stage').locator('.plate.after').textContent();
    expect(plate).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    await page.keyboard.press(']');
    await until(async () => (await after()) !== first, 'the next look is shown');
    await page.keyboard.press('[');
    await until(async () => (await after()) === first, 'the look before is shown');
    await page.keyboard.press('Escape');
    await until(async () => (await after()) === own, 'the item’s own picture is back');
    await byTest('look').last().click();
    expect(await byTest('look').last().getAttribute('aria-pressed')).toBe('true');
  });

  it('says what was said of the place before, and says it again by one key', async () => {
    for (const minutesAgo of [9_000, 8_000]) await raise({ minutesAgo, verdict: 'false_alarm' });
    await web.db.updateTable('verdict').set({ reason: '晾衣' }).execute();
    const id = await raise({ minutesAgo: 3 });
    const near = await raise({ viewId: 2, minutesAgo: 8 });
    await open(`/review/${id}`);
    const past = byTest('past-verdicts');
    await past.filter({ hasText: '2 次' }).filter({ hasText: '晾衣' }).waitFor();
    expect(await past.textContent()).toMatch(/最近 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
    expect(await byTest('neighbour').count()).toBe(1);
    await page.keyboard.press('r');
    await until(async () => (await shownId()) === near, 'the next item is shown');
    const said = await web.db.selectFrom('verdict').selectAll().where('candidate_id', '=', id).executeTakeFirst();
    expect(said).toMatchObject({ verdict: 'false_alarm', reason: '晾衣' });
    await page.keyboard.press('u');
    await until(async () => (await shownId()) === id, 'it was taken back');
    await page.keyboard.press('h');
    await until(async () => (await shownId()) === near, 'the neighbour is shown');
  });

  it('marks what one has looked at, for oneself', async () => {
    const first = await raise({ minutesAgo: 1 });
    await raise({ viewId: 2, minutesAgo: 2 });
    await open();
    const unseen = (): Promise<number> => byTest('not-seen').count();
    await until(async () => (await unseen()) === 1, 'the item that is looked at is marked');
    const marks = await web.db.selectFrom('candidate_seen').select(['candidate_id', 'user_id']).execute();
    expect(marks).toEqual([{ candidate_id: first, user_id: adminId }]);
    await page.keyboard.press('m');
    await until(async () => (await unseen()) === 2, 'the mark is gone');
  });

  it('does not jump while it is worked on', async () => {
    for (let n = 0; n < 8; n++) await raise({ viewId: 1 + (n % 4), minutesAgo: 10 + n });
    for (const [widthPx, heightPx] of [
      [1920, 1080],
      [3840, 2160],
    ] as const) {
      page = await pages.open({ url: web.url, as: ADMIN, widthPx, heightPx });
      // Layout Instability: shifts that no hand caused a moment before.
      await page.addInitScript(`
        window.shifted = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });`);
      await page.goto('/review');
      await byTest('work').waitFor();
      await byTest('look').first().waitFor();
      for (let n = 0; n < 4; n++) {
        await page.keyboard.press('j');
        // Longer than a hand excuses.
        await page.waitForTimeout(700);
      }
      expect(await page.evaluate<number>('window.shifted'), `${widthPx}`).toBeLessThan(0.02);
    }
  });

  describe('the lock', () => {
    // Its own pages over the same items: here nobody needs to sit still for a quarter of an hour.
    let hasty: SampleWeb['url'];
    let close: () => Promise<void>;
    beforeAll(async () => {
      const other = await web.again({ idleLockS: IDLE_S });
      ({ url: hasty, close } = other);
    });
    afterAll(() => close());

    it('comes when nobody touches the page, hides it, and gives it back as it was', { timeout: 60_000 }, async () => {
      const first = await raise({ minutesAgo: 1 });
      const second = await raise({ viewId: 2, minutesAgo: 2 });
      await open('/review', hasty);
      await page.keyboard.press('j');
      await page.keyboard.press('2');
      await byTest('reason-panel').waitFor();
      await byTest('lock').waitFor({ timeout: 20_000 });
      const covered = await page.evaluate<boolean>(
        `document.elementFromPoint(200, 400).closest('[data-test="lock"]') !== null`,
      );
      expect(covered).toBe(true);
      const answer = await page.request.get('/api/v1/candidates');
      expect(answer.status()).toBe(423);
      // Neither Escape nor a key of the page beneath gets through.
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await byTest('lock').waitFor();
      await byTest('lock-password').locator('input').or(byTest('lock-password')).last().fill('not the password');
      await page.keyboard.press('Enter');
      await byTest('lock').getByText('未能解锁').waitFor();
      await byTest('lock-password').locator('input').or(byTest('lock-password')).last().fill(SAMPLE_PASSWORD);
      await page.keyboard.press('Enter');
      await byTest('lock').waitFor({ state: 'detached' });
      expect(await shownId()).toBe(second);
      expect(await byTest('reason-panel').count()).toBe(1);
      const verdicts = await web.db.selectFrom('verdict').select('id').execute();
      expect(verdicts).toEqual([]);
      expect(await listed()).toEqual([first, second]);
    });

    it('is set by hand from the menu, and a page opened meanwhile shows nothing else', async () => {
      await raise({ minutesAgo: 1 });
      await open();
      await byTest('account').click();
      await byTest('lock-now').click();
      await byTest('lock').waitFor();
      await page.reload();
      await byTest('lock').waitFor();
      expect(await byTest('queue-item').count()).toBe(0);
      await byTest('lock-leave').click();
      await page.waitForURL(/sign-in/);
    });
  });
});
