/**
 * `npm run screenshots`: the pages of `pages.ts`, in both languages, with no, little and much data, on a desk and on a
 * telephone, into `var/screenshots/<data>/<page>-<language>-<size>.png`; with little data in the light theme too, and what
 * is read on large screens at 3840x2160. What went wrong in a browser is told at the end, and is exit code 1.
 *
 *   --only LIST       pages whose name begins with one of these
 *   --data LIST       of none, little, much (all)
 *   --size LIST       of desk, phone, light, 4k (all)
 *   --language LIST   of zh-CN, en (both)
 *   --quick           desk and phone, little data
 *
 * What it takes on two cores is told at the end; all of it is some five hundred pictures.
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { MoverFinder } from '../../src/comparison/comparison.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createUser } from '../../src/web/user-store.ts';
import { CHROMIUM_ARGUMENTS, findChromium } from '../support/chromium.ts';
import { liveOf } from '../support/live.ts';
import { ONE_DOME } from '../support/patrol.ts';
import { fillConsole } from '../support/sample-console.ts';
import { fillEvidence } from '../support/sample-evidence.ts';
import { fillSample, type MemoryPictures } from '../support/sample-estate.ts';
import { fillMany } from '../support/sample-many.ts';
import { fillPatrol, fillScreens, fillStills, keepFresh, type SamplePatrol } from '../support/sample-patrol.ts';
import { startSampleServer } from '../support/sample-server.ts';
import { LOGIN } from '../support/simulated.ts';
import { SAMPLE_PASSWORD, type SampleWeb } from '../support/web.ts';
import { isShownWith, SHOT_PAGES, type DataName, type ShotPage } from './pages.ts';

const OUT = path.resolve('var/screenshots');
const SETTLE_MS = 400;
/** A live picture's first group of pictures takes its time. */
const SETTLE_LIVE_MS = 2_500;
/** Signs in to pages that ask something of whoever comes for the first time. */
const NEWCOMER = 'newcomer';

type Fill = (db: Db, pictures: MemoryPictures, simulator: Simulator) => Promise<void>;

const filled =
  (
    sizes: Omit<SamplePatrol, 'streams'> & { candidates: number; households: number; matters: number },
    more: (db: Db) => Promise<void> = async () => {},
  ): Fill =>
  async (db, pictures, { cameras: [fixed], domes: [dome] }) => {
    const nowMs = Date.now();
    await fillSample(db, pictures, nowMs, sizes.candidates);
    const domes = await fillPatrol(db, pictures, nowMs, { ...sizes, ...(dome && { streams: dome }) });
    await more(db);
    // Whoever is well shows a real stream when looked at live.
    if (fixed) {
      await db
        .updateTable('camera')
        .set({ main_url: fixed.mainUrl, sub_url: fixed.subUrl })
        .where('kind', '=', 'fixed')
        .where('id', 'in', (eb) => eb.selectFrom('camera_health').select('camera_id').where('state', '=', 'online'))
        .execute();
    }
    await fillConsole(db, pictures, sizes.households);
    await fillEvidence(db, pictures, sizes.matters);
    await fillStills(db, pictures);
    await fillScreens(db, domes[0] ?? 0);
  };

const DATA: Readonly<Record<DataName, Fill>> = {
  none: async () => {},
  little: filled({ candidates: 12, households: 30, matters: 6, domes: 2, presets: 8, routes: 2, logged: 22 }),
  much: filled(
    { candidates: 24, households: 1_142, matters: 40, domes: 12, presets: 40, routes: 40, logged: 600 },
    (db) => fillMany(db, { cameras: 364, open: 2_000, decided: 2_000 }),
  ),
};

const SHOTS = [
  { name: 'desk', widthPx: 1920, heightPx: 1080, theme: 'dark' },
  { name: 'phone', widthPx: 390, heightPx: 844, theme: 'dark' },
  { name: 'light', widthPx: 1920, heightPx: 1080, theme: 'light' },
  { name: '4k', widthPx: 3840, heightPx: 2160, theme: 'dark' },
] as const;
type Shot = (typeof SHOTS)[number];
const LANGUAGES = ['zh-CN', 'en'] as const;

const list = { type: 'string', default: '' } as const;
const { values: flags } = parseArgs({
  options: { only: list, data: list, size: list, language: list, quick: { type: 'boolean', default: false } },
});
const chosen = (given: string, otherwise: readonly string[]): readonly string[] =>
  given === '' ? otherwise : given.split(',');
const executablePath = findChromium();
if (executablePath === undefined) throw new Error('no Chromium found: set CHROMIUM_PATH');
const prefixes = chosen(flags.only, ['']);
const pages = SHOT_PAGES.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
const shots = SHOTS.filter(({ name }) =>
  chosen(flags.size, flags.quick ? ['desk', 'phone'] : SHOTS.map((shot) => shot.name)).includes(name),
);
const languages = LANGUAGES.filter((language) => chosen(flags.language, LANGUAGES).includes(language));
const states = (Object.keys(DATA) as DataName[]).filter((name) =>
  chosen(flags.data, flags.quick ? ['little'] : Object.keys(DATA)).includes(name),
);
const faults: string[] = [];
const movers = new MoverFinder({ modelDir: 'models', threads: 1 });
let taken = 0;
const beganMs = Date.now();

const simulator = await startSimulator({
  ...{ host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger },
  ...{ credentials: LOGIN, schedule: ONE_DOME },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
for (const state of states) {
  const web = await startSampleServer({
    fill: (db, pictures) => DATA[state](db, pictures, simulator),
    live: (db) => liveOf(db, LOGIN).live,
    parts: { movers },
  });
  const newcomer = { name: NEWCOMER, displayName: '', role: 'admin', password: SAMPLE_PASSWORD } as const;
  await createUser(web.db, newcomer, 1, beganMs);
  const dir = path.join(OUT, state);
  if (flags.only === '') await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  for (const language of languages) {
    for (const shot of shots) await photograph(browser, web, { state, dir, language, shot });
  }
  await web.close();
}
await browser.close();
await simulator.close();
await movers.close();
const tookS = Math.round((Date.now() - beganMs) / 1000);
process.stdout.write(`${taken} pictures in ${path.relative(process.cwd(), OUT)}, ${tookS} s\n`);
for (const fault of new Set(faults)) process.stdout.write(`fault: ${fault}\n`);
process.exit(faults.length > 0 ? 1 : 0);

interface Setting {
  readonly state: DataName;
  readonly dir: string;
  readonly language: (typeof LANGUAGES)[number];
  readonly shot: Shot;
}

async function photograph(launched: Browser, web: SampleWeb, setting: Setting): Promise<void> {
  const { state, shot } = setting;
  const wanted = pages.filter(
    (one) =>
      isShownWith(one, state) &&
      (shot.name !== '4k' || one.isLarge === true) &&
      (shot.name !== 'light' || (state === 'little' && !one.name.startsWith('wall'))),
  );
  if (wanted.length === 0) return;
  const open = await contextOf(launched, web, setting);
  const signedIn = await contextOf(launched, web, setting, 'admin');
  const newcomer = await contextOf(launched, web, setting, NEWCOMER);
  for (const one of wanted) {
    await keepFresh(web.db);
    const file = path.join(setting.dir, `${one.name}-${setting.language}-${shot.name}.png`);
    await take(one, one.isOpen ? open : one.isNewcomer ? newcomer : signedIn, file);
  }
  await open.close();
  await signedIn.close();
  await newcomer.close();
}

async function contextOf(
  launched: Browser,
  web: SampleWeb,
  { language, shot }: Setting,
  name?: string,
): Promise<BrowserContext> {
  const context = await launched.newContext({
    baseURL: web.url,
    viewport: { width: shot.widthPx, height: shot.heightPx },
    ...(shot.name === 'phone' && { hasTouch: true, isMobile: true, deviceScaleFactor: 2 }),
    timezoneId: 'America/New_York',
  });
  await context.addInitScript(`
    localStorage.clear();
    localStorage.setItem('sentinel.language', '${language}');
    localStorage.setItem('sentinel.theme', '${shot.theme}');`);
  if (name !== undefined) await signIn(context, name);
  return context;
}

async function signIn(context: BrowserContext, name: string): Promise<void> {
  const answer = await context.request.post('/api/v1/session', { data: { name, password: SAMPLE_PASSWORD } });
  if (!answer.ok()) throw new Error(`signing in: ${answer.status()}`);
}

async function take(one: ShotPage, context: BrowserContext, file: string): Promise<void> {
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
    if ((await page.locator('video').count()) > 0) await page.waitForTimeout(SETTLE_LIVE_MS);
    await page.screenshot({ path: file, timeout: 20_000 });
    taken++;
  } catch (thrown) {
    faults.push(`${path.basename(file)}: ${String(thrown)}`);
  }
  await page.close();
  // The lock is the session's own.
  if (one.name === 'lock') await signIn(context, 'admin');
}
