/** How smoothly the pages move in Chromium: the times between drawn pictures while somebody scrolls, pans and zooms. */
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM_ARGUMENTS, findChromium } from '../../support/chromium.ts';

export interface Smoothness {
  readonly name: string;
  readonly fps: number;
  readonly longestMs: number;
  readonly frames: number;
}

const MEASURED_MS = 6_000;

/** Counts pictures while `move`, a script that is called for each with its number, keeps the page moving. */
async function measure(page: Page, name: string, move: string): Promise<Smoothness> {
  const times = await page.evaluate<number[]>(`new Promise((resolve) => {
    const times = [];
    const move = ${move};
    const step = (now) => {
      times.push(now);
      if (now - times[0] >= ${MEASURED_MS}) return resolve(times);
      move(times.length);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })`);
  const gaps = times.slice(1).map((time, n) => time - (times[n] ?? time));
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return { name, fps: (gaps.length * 1000) / spanMs, longestMs: Math.max(...gaps), frames: gaps.length };
}

export async function measureScrolling(url: string, password: string): Promise<Smoothness[]> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium found: set CHROMIUM_PATH, or give --no-browser');
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGUMENTS] });
  try {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1920, height: 1080 } });
    const answer = await context.request.post('/api/v1/session', { data: { name: 'admin', password } });
    if (!answer.ok()) throw new Error(`signing in: ${answer.status()}`);
    const page = await context.newPage();
    const found: Smoothness[] = [];

    await page.goto('/cameras');
    await page.locator('[data-test="camera-row"]').first().waitFor();
    const ROW = `document.querySelector('.scroller')`;
    found.push(
      await measure(
        page,
        'the table of cameras, scrolled',
        `(n) => { const box = ${ROW}; const most = box.scrollHeight - box.clientHeight; const at = (n * 40) % (2 * most);
          box.scrollTop = at > most ? 2 * most - at : at; }`,
      ),
    );

    await page.goto('/plan');
    await page.locator('[data-test="plan-sign"]').first().waitFor();
    const STAGE = `document.querySelector('[data-test="plan-stage"]')`;
    const send = (type: string, x: string, y: string): string =>
      `${STAGE}.dispatchEvent(new PointerEvent('${type}', { bubbles: true, pointerId: 7, button: 0, clientX: ${x}, clientY: ${y} }))`;
    for (let n = 0; n < 3; n++) await page.locator('[data-test="plan-in"]').click();
    // A pointer that no device stands behind cannot be captured.
    await page.evaluate(`${STAGE}.setPointerCapture = () => {}`);
    await page.evaluate(send('pointerdown', '900', '600'));
    found.push(
      await measure(
        page,
        'the plan, moved about',
        `(n) => ${send('pointermove', '900 + 400 * Math.sin(n / 25)', '600 + 250 * Math.sin(n / 40)')}`,
      ),
    );
    await page.evaluate(send('pointerup', '900', '600'));
    found.push(
      await measure(
        page,
        'the plan, scaled',
        `(n) => ${STAGE}.dispatchEvent(new WheelEvent('wheel', { bubbles: true, cancelable: true, clientX: 800, clientY: 500,
          deltaY: Math.floor(n / 60) % 2 === 0 ? -12 : 12 }))`,
      ),
    );
    await context.close();
    return found;
  } finally {
    await browser.close();
  }
}
