/**
 * `npm run bench:review`: how long a verdict takes. A scripted person works through the queue by keyboard in Chromium: looks
 * closer, at a picture of the time line, at two blinks, decides; false alarms with their reason, violations without. Measured are
 * the whole verdict, from the item's pictures on the screen to the next item's, and the part of it that is the
 * machine's: from the last key to the next item's pictures.
 *
 *   --items N   verdicts (60)
 *   --out FILE  JSON (var/bench/review.json)
 *
 * Ends with exit code 1 when the median verdict takes 4 s or more.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM_ARGUMENTS, findChromium } from '../../support/chromium.ts';
import { drawScene, fillSample, insertCandidate } from '../../support/sample-estate.ts';
import { startSampleServer } from '../../support/sample-server.ts';
import { SAMPLE_PASSWORD } from '../../support/web.ts';

const MEDIAN_MOST_MS = 4_000;
/** What the scripted person takes to see, at each step. */
const LOOKS_MS = 350;
const BLINKS_MS = 1_300;

const { values: flags } = parseArgs({
  options: { items: { type: 'string', default: '60' }, out: { type: 'string', default: 'var/bench/review.json' } },
});
const items = Number(flags.items);
const executablePath = findChromium();
if (executablePath === undefined) throw new Error('no Chromium found: set CHROMIUM_PATH');

const web = await startSampleServer({
  fill: async (db, pictures) => {
    await fillSample(db, pictures, Date.now(), 24);
    const views = await db.selectFrom('view').select('id').where('state', '=', 'watching').orderBy('id').execute();
    const scenes = await Promise.all(views.map((_, index) => drawScene(pictures, index)));
    const { id: decidedBy } = await db.selectFrom('app_user').select('id').orderBy('id').executeTakeFirstOrThrow();
    for (let n = 0; n < items + 20; n++) {
      const at = n % views.length;
      const raisedAt = new Date(Date.now() - n * 90_000);
      await insertCandidate(db, { viewId: views[at]!.id, scene: scenes[at]!, raisedAt, decidedBy });
    }
  },
});
const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
const context = await browser.newContext({ baseURL: web.url, viewport: { width: 1920, height: 1080 } });
await context.request.post('/api/v1/session', { data: { name: 'admin', password: SAMPLE_PASSWORD } });
const page = await context.newPage();
await page.goto('/review');

const wholeMs: number[] = [];
const machineMs: number[] = [];
let shown = await painted(page, 0);
for (let n = 0; n < items; n++) {
  const beganMs = performance.now();
  await page.keyboard.press('z');
  await page.waitForTimeout(LOOKS_MS);
  await page.keyboard.press(']');
  await page.waitForTimeout(LOOKS_MS);
  await page.keyboard.press('Escape');
  await page.keyboard.press('b');
  await page.waitForTimeout(BLINKS_MS);
  await page.keyboard.press('b');
  if (n % 3 !== 0) await page.keyboard.press('2');
  const decidedMs = performance.now();
  await page.keyboard.press('1');
  shown = await painted(page, shown);
  machineMs.push(performance.now() - decidedMs);
  wholeMs.push(performance.now() - beganMs);
}
const { decided } = await web.db
  .selectFrom('verdict')
  .select((eb) => eb.fn.countAll<number>().as('decided'))
  .where('reason', '!=', '现场核实')
  .executeTakeFirstOrThrow();
await browser.close();
await web.close();
if (decided !== items) throw new Error(`${decided} verdicts were written, not ${items}`);

const report = {
  items,
  scriptedLooksMs: LOOKS_MS * 2 + BLINKS_MS,
  verdictMs: figuresOf(wholeMs),
  machineMs: figuresOf(machineMs),
  bars: [{ what: 'median verdict', mostMs: MEDIAN_MOST_MS, held: figuresOf(wholeMs).p50 < MEDIAN_MOST_MS }],
};
const out = path.resolve(flags.out);
await mkdir(path.dirname(out), { recursive: true });
await writeFile(out, `${JSON.stringify(report, undefined, 2)}\n`);
const row = (name: string, { p50, p95, most }: ReturnType<typeof figuresOf>): string =>
  `${name.padEnd(44)}${[p50, p95, most].map((ms) => `${Math.round(ms)} ms`.padStart(10)).join('')}\n`;
process.stdout.write(
  `${''.padEnd(44)}${['median', 'p95', 'most'].map((name) => name.padStart(10)).join('')}\n` +
    row(`a verdict, of which ${report.scriptedLooksMs} ms are looking`, report.verdictMs) +
    row('of it, last key to the next pictures', report.machineMs),
);
process.exit(report.bars.every(({ held }) => held) ? 0 : 1);

/** Waits until an item other than `before` is on the screen with both its pictures. @returns its number */
async function painted(on: Page, before: number): Promise<number> {
  return on.evaluate<number>(`new Promise((resolve, reject) => {
    const beganMs = performance.now();
    const look = () => {
      const id = Number(document.querySelector('[data-test="work"]')?.dataset.id ?? 0);
      const pictures = [...document.querySelectorAll('[data-test="stage"] img')];
      const isThere = id !== 0 && id !== ${before} && pictures.length === 2 &&
        pictures.every((one) => one.complete && one.naturalWidth > 0 && one.style.display !== 'none');
      if (isThere) requestAnimationFrame(() => resolve(id));
      else if (performance.now() - beganMs > 20_000) reject(new Error('no next item'));
      else requestAnimationFrame(look);
    };
    look();
  })`);
}

function figuresOf(ms: readonly number[]): { p50: number; p95: number; most: number } {
  const sorted = [...ms].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), most: sorted.at(-1) ?? 0 };
}
