/**
 * `npm run screenshots`: every page of `pages.ts`, in both languages, with no, little and much data, on a desk and on a
 * telephone, into `var/screenshots/<data>/<page>-<language>-<size>.png`; on a desk in the light theme too, and at
 * 3840x2160. What went wrong in a browser is told at the end, and is exit code 1.
 *
 *   --only NAME   pages whose name begins with it
 *   --data LIST   of none, little, much (all)
 *   --quick       1920x1080 and 390x844 in the dark theme only
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Browser } from 'playwright-core';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { CHROMIUM_ARGUMENTS, findChromium } from '../support/chromium.ts';
import { fillConsole } from '../support/sample-console.ts';
import { fillSample, type MemoryPictures } from '../support/sample-estate.ts';
import { fillMany } from '../support/sample-many.ts';
import { startSampleServer } from '../support/sample-server.ts';
import { SAMPLE_PASSWORD, type SampleWeb } from '../support/web.ts';
import { SHOT_PAGES, type ShotPage } from './pages.ts';

const OUT = path.resolve('var/screenshots');
const SETTLE_MS = 400;

const DATA = {
  none: async () => {},
  little: async (db: Db, pictures: MemoryPictures) => {
    await fillSample(db, pictures, Date.now(), 12);
    await fillConsole(db, pictures, 30);
  },
  much: async (db: Db, pictures: MemoryPictures) => {
    await fillSample(db, pictures, Date.now(), 24);
    await fillMany(db, { cameras: 364, open: 600, decided: 2_000 });
    await fillConsole(db, pictures, 1_142);
  },
} as const;

const SHOTS = [
  { name: 'desk', widthPx: 1920, heightPx: 1080, theme: 'dark', isQuick: true },
  { name: 'phone', widthPx: 390, heightPx: 844, theme: 'dark', isQuick: true },
  { name: 'light', widthPx: 1920, heightPx: 1080, theme: 'light', isQuick: false },
  { name: '4k', widthPx: 3840, heightPx: 2160, theme: 'dark', isQuick: false },
] as const;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    data: { type: 'string', default: 'none,little,much' },
    quick: { type: 'boolean', default: false },
  },
});
const executablePath = findChromium();
if (executablePath === undefined) throw new Error('no Chromium found: set CHROMIUM_PATH');
const pages = SHOT_PAGES.filter(({ name }) => name.startsWith(flags.only));
const shots = SHOTS.filter(({ isQuick }) => isQuick || !flags.quick);
const faults: string[] = [];
let taken = 0;

const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
for (const [name, fill] of Object.entries(DATA)) {
  if (!flags.data.split(',').includes(name)) continue;
  const web = await startSampleServer({ fill });
  const dir = path.join(OUT, name);
  if (flags.only === '') await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  for (const language of ['zh-CN', 'en'] as const) {
    for (const shot of shots) await photograph(browser, web, dir, language, shot);
  }
  await web.close();
}
await browser.close();
process.stdout.write(`${taken} pictures in ${path.relative(process.cwd(), OUT)}\n`);
for (const fault of new Set(faults)) process.stdout.write(`fault: ${fault}\n`);
process.exit(faults.length > 0 ? 1 : 0);

async function photograph(
  launched: Browser,
  web: SampleWeb,
  dir: string,
  language: 'zh-CN' | 'en',
  shot: (typeof SHOTS)[number],
): Promise<void> {
  const isPhone = shot.name === 'phone';
  for (const one of pages) {
    const context = await launched.newContext({
      baseURL: web.url,
      viewport: { width: shot.widthPx, height: shot.heightPx },
      ...(isPhone && { hasTouch: true, isMobile: true, deviceScaleFactor: 2 }),
      timezoneId: 'America/New_York',
    });
    await context.addInitScript(`
      localStorage.setItem('sentinel.language', '${language}');
      localStorage.setItem('sentinel.theme', '${shot.theme}');
      localStorage.removeItem('sentinel.queue-order');`);
    if (!one.isOpen) {
      const answer = await context.request.post('/api/v1/session', {
        data: { name: 'admin', password: SAMPLE_PASSWORD },
      });
      if (!answer.ok()) throw new Error(`signing in: ${answer.status()}`);
    }
    await take(one, context, path.join(dir, `${one.name}-${language}-${shot.name}.png`));
    await context.close();
  }
}

async function take(one: ShotPage, context: Awaited<ReturnType<Browser['newContext']>>, file: string): Promise<void> {
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`${path.basename(file)}: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) faults.push(`${path.basename(file)}: ${message.text()}`);
  });
  try {
    await page.goto(one.path);
    // A page that holds a stream of events is never idle for long; it has what it shows by then.
    await page.waitForLoadState('networkidle', { timeout: 4_000 }).catch(() => undefined);
    await one.prepare?.(page);
    await page.waitForTimeout(SETTLE_MS);
    await page.screenshot({ path: file, timeout: 20_000 });
    taken++;
  } catch (thrown) {
    faults.push(`${path.basename(file)}: ${String(thrown)}`);
  }
}
