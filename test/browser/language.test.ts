/** Both languages, on every page, on a desk and on a phone: translated, remembered, within the screen. */
import type { Locator, Page } from 'playwright-core';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };
const PAGES = [
  ...['/sign-in', '/review', '/evidence', '/evidence/packages', '/evidence/custody', '/patrol'],
  ...['/cameras', '/cameras?view=4', '/users', '/plan', '/estate', '/health', '/audit'],
];
/** Names and abbreviations that are the same in every language, and what the sample data is called by machines. */
const KNOWN = new Set([
  ...[
    'Sentinel',
    'English',
    'admin',
    'PTZ',
    'ONVIF',
    'RTSP',
    'CSV',
    'YAML',
    'API',
    'SHA',
    'UTC',
    'Esc',
    'Asia',
    'Shanghai',
    // sizes, what a check answers, and what entries of the audit call their parts
    ...['KiB', 'GiB', 'TiB', 'answers', 'name', 'address', 'Enter'],
  ],
  // What stands in a camera file.
  ...['kind', 'ptz'],
]);
/** A key that was shown instead of its message, e.g. `review.claim`. */
const KEY =
  /\b(?:app|do|time|account|live|problem|review|machine|evidence|empty|cameras|view|baseline|mask|import|users|tokens|help|words|lock|video|patrol|units|clock|bulk|connection|plan|notice|estate|health|store|audit)\.[a-z]\w*/;

describeInBrowser('the languages', (pages) => {
  let web: SampleWeb;
  let page: Page;
  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);

  beforeAll(async () => {
    web = await startSampleWeb({ candidates: 12 });
  });
  afterAll(() => web.close());

  async function texts(): Promise<string> {
    return page.evaluate<string>(`
      [document.title, document.body.innerText,
        ...[...document.querySelectorAll('[title],[aria-label],[placeholder],[alt]')].flatMap((element) =>
          ['title', 'aria-label', 'placeholder', 'alt'].map((name) => element.getAttribute(name) ?? ''))].join('\\n')`);
  }

  describe.each(['zh-CN', 'en'] as const)('%s', (language) => {
    it.each(PAGES)('leaves nothing untranslated on %s', async (path) => {
      page = await pages.open({ url: web.url, language, ...(path !== '/sign-in' && { as: ADMIN }) });
      await page.goto(path);
      await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => undefined);
      await page.getByRole('button').first().waitFor();
      if (path.includes('view=')) {
        for (const tab of await page.getByRole('tab').all()) await tab.click();
      }
      const said = await texts();
      expect(said).not.toMatch(KEY);
      expect(await page.getAttribute('html', 'lang')).toBe(language);
      // What the sample itself says is Chinese; what the page says around it is not.
      if (language === 'en' && path === '/sign-in') expect(said.replace('中文', '')).not.toMatch(/\p{Script=Han}/u);
      if (language === 'zh-CN') expect(said).not.toMatch(/\b(?:Sign in|Review|Cameras|Loading|Cancel|Save)\b/);
    });

    it.each(PAGES)('speaks no other language on %s', async (path) => {
      // What people named is in the language of the page here, so that whatever is left is the page's own.
      await web.db.transaction().execute(async (trx) => {
        for (const table of ['camera', 'view'] as const) {
          await sql`update ${sql.table(table)} set name = ${language === 'en' ? 'Roof' : '屋顶'}`.execute(trx);
        }
        await sql`update camera set key = id`.execute(trx);
        await sql`update camera set place = ${language === 'en' ? 'Building' : '楼'} || id`.execute(trx);
        await sql`update estate set name = ${language === 'en' ? 'Garden' : '花园'}`.execute(trx);
        await sql`update mask set name = ${language === 'en' ? 'Lane' : '通道'}`.execute(trx);
        await sql`update verdict set reason = ${language === 'en' ? 'seen' : '看过'}`.execute(trx);
      });
      page = await pages.open({ url: web.url, language, ...(path !== '/sign-in' && { as: ADMIN }) });
      await page.goto(path);
      await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => undefined);
      await page.getByRole('button').first().waitFor();
      const said = await texts();
      if (language === 'en') {
        expect(said.replaceAll('中文', '').match(/.{0,20}\p{Script=Han}+.{0,20}/gu) ?? []).toEqual([]);
      } else {
        // Codes of the error table and digests are the machine's in every language.
        const own = said.replaceAll(/\b[a-z]+\.[a-z_]+\b|\b[0-9a-f]{32,}\b/g, '');
        const words = [...own.matchAll(/[A-Za-z]{3,}/g)].map(([word]) => word).filter((word) => !KNOWN.has(word));
        expect([...new Set(words)]).toEqual([]);
      }
    });

    it('fits a phone without a sideways scroll, and its controls are big enough for a finger', async () => {
      page = await pages.open({ url: web.url, language, as: ADMIN, widthPx: 390, heightPx: 844, isTouch: true });
      for (const path of ['/review', '/review/12', '/cameras', '/cameras?view=4', '/users']) {
        await page.goto(path);
        await page.getByRole('button').first().waitFor();
        const [content, screen] = await page.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
        );
        expect(content, path).toBeLessThanOrEqual(screen);
      }
      await page.goto('/review/12');
      for (const kind of ['violation', 'false_alarm', 'permitted', 'duplicate', 'transferred']) {
        const bounds = await byTest(`verdict-${kind}`).boundingBox();
        expect(bounds?.height, kind).toBeGreaterThanOrEqual(44);
      }
    });
  });

  it('are switched in the menu and remembered', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/review');
    await byTest('nav-cameras').filter({ hasText: '摄像机' }).waitFor();
    await byTest('account').click();
    await byTest('language').click();
    await byTest('nav-cameras').filter({ hasText: 'Cameras' }).waitFor();
    await page.reload();
    await byTest('nav-cameras').filter({ hasText: 'Cameras' }).waitFor();
    expect(await page.getAttribute('html', 'lang')).toBe('en');
    const refused = page.waitForResponse(/\/api\/v1\/me$/);
    await page.reload();
    expect(await (await refused).request().headerValue('accept-language')).toBe('en');
  });

  it('show a machine word that they do not know as the machine said it', async () => {
    await web.db.updateTable('view').set({ not_judged_reason: 'swarm_of_bees' }).where('id', '=', 5).execute();
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/cameras?show=not-judged');
    await byTest('camera-row').filter({ hasText: 'swarm_of_bees' }).waitFor();
  });
});
