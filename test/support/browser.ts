/**
 * The system's Chromium for tests of the pages. Every page that a test opens is watched: an uncaught error, a violation of
 * the content security policy or a request to another host fails the test that caused it.
 */
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { CHROMIUM_ARGUMENTS, findChromium } from './chromium.ts';

export interface OpenOptions {
  readonly url: string;
  /** Signs this person in first. */
  readonly as?: { readonly name: string; readonly password: string };
  readonly language?: 'zh-CN' | 'en';
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly isTouch?: boolean;
}

export interface Pages {
  /** A browser of its own (cookies, storage) with one page, not yet at an address. */
  open(options: OpenOptions): Promise<Page>;
  /** What went wrong on the pages of this test so far; a test that provokes a fault takes it from here. */
  readonly faults: string[];
}

/** A suite that has Chromium; without one it is skipped and says so, but for CI, where it fails. */
export function describeInBrowser(name: string, suite: (pages: Pages) => void): void {
  const executablePath = findChromium();
  if (executablePath === undefined && !process.env['CI']) {
    describe.skip(`${name} (no Chromium: set CHROMIUM_PATH or install the package chromium)`, () => undefined);
    return;
  }
  describe(name, () => {
    let browser: Browser | undefined;
    const contexts: BrowserContext[] = [];
    const faults: string[] = [];

    beforeAll(async () => {
      if (executablePath === undefined) throw new Error('no Chromium found: set CHROMIUM_PATH');
      browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
    });
    afterEach(async () => {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
      expect(faults.splice(0)).toEqual([]);
    });
    afterAll(() => browser?.close());

    suite({
      faults,
      async open({ url, as, language = 'zh-CN', widthPx = 1440, heightPx = 900, isTouch = false }) {
        if (!browser) throw new Error('the browser is not up');
        const context = await browser.newContext({
          baseURL: url,
          viewport: { width: widthPx, height: heightPx },
          hasTouch: isTouch,
          isMobile: isTouch,
          // Far from the estate's zone, and of another language: neither may show.
          timezoneId: 'America/New_York',
          locale: 'de-DE',
        });
        contexts.push(context);
        await context.addInitScript(`
          if (!localStorage.getItem('sentinel.language')) localStorage.setItem('sentinel.language', '${language}');
          window.addEventListener('securitypolicyviolation', (event) =>
            console.error('CSP ' + event.violatedDirective + ' ' + event.blockedURI));
        `);
        if (as) {
          const answer = await context.request.post('/api/v1/session', { data: as });
          if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
        }
        const page = await context.newPage();
        page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
        page.on('console', (message) => {
          if (/^CSP |Content Security Policy/.test(message.text())) faults.push(message.text());
        });
        page.on('request', (request) => {
          if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).host !== new URL(url).host) {
            faults.push(`a request to another host: ${request.url()}`);
          }
        });
        return page;
      },
    });
  });
}

/** Waits until `check` holds. */
export async function until(check: () => Promise<boolean> | boolean, what: string): Promise<void> {
  await expect.poll(check, { timeout: 10_000, interval: 50, message: what }).toBe(true);
}
