/**
 * `npm run bench:wall`: twenty screens of the wall as twenty windows of one Chromium, on a server of its own process. Each
 * has a profile of its own, as each screen's machine has: tabs of one window would be painted as if nobody saw them, once
 * a second.
 *
 * 1. Idle: processor time of the server (and of its PostgreSQL) while nothing happens but that the stills of every tile
 *    are renewed every ten seconds. Bar: less than 0.2 of a core.
 * 2. Alerts: candidates raised in the database as the pipeline does (row and event in one transaction), from the moment
 *    before its commit until the frame after it stands in a page's document. Bar: 500 ms at the 99th percentile, over all
 *    pages and alerts.
 * 3. Soak: heap of every page after a forced collection, over minutes of alerts, acknowledgements and stills. Bar: what it
 *    grows by, fitted over the second half, is less than 1 MB an hour and page, or lost in its own scatter.
 *
 *   --alerts N     alerts raised (60)
 *   --gap MS       from one alert to the next (2500): what all twenty paint of one is done before the next
 *   --idle S       seconds of idling (60)
 *   --soak MIN     minutes of soak (0: none)
 *   --screens N    (20)
 *   --out FILE     JSON (var/bench/wall.json)
 *
 * Ends with exit code 1 when a bar is missed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium, type CDPSession, type Page } from 'playwright-core';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { openDatabase, recordEvents, type Db } from '../../../src/drivers/postgres/postgres.ts';
import { StillKeeper } from '../../../src/wall/wall.ts';
import { CHROMIUM_ARGUMENTS, findChromium } from '../../support/chromium.ts';
import { WebClient } from '../../support/web.ts';

const PAINTED_P99_MS = 500;
const IDLE_CORES = 0.2;
const GROWTH_MB_PER_HOUR = 1;
const CADENCE_MS = 10_000;
/** An alert that is not painted by then is lost. */
const PATIENCE_MS = 15_000;

const { values: flags } = parseArgs({
  options: {
    alerts: { type: 'string', default: '60' },
    gap: { type: 'string', default: '2500' },
    idle: { type: 'string', default: '60' },
    soak: { type: 'string', default: '0' },
    screens: { type: 'string', default: '20' },
    out: { type: 'string', default: 'var/bench/wall.json' },
  },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;

interface Started {
  readonly url: string;
  readonly databaseUrl: string;
  readonly password: string;
}

/** In every page: when the frame with a new alert was painted, by the clock that this program has too. */
const WATCH = `
  window.painted = {};
  new MutationObserver(() => {
    for (const place of document.querySelectorAll('.column [data-alert]')) {
      const id = place.getAttribute('data-alert');
      if (id in window.painted) continue;
      window.painted[id] = 0;
      const [oldest, ...others] = Object.keys(window.painted);
      if (others.length >= 200) delete window.painted[oldest];
      requestAnimationFrame(() => setTimeout(() => { window.painted[id] = Date.now(); }, 0));
    }
  }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-alert'] });
`;

async function startServer(): Promise<{ child: ChildProcess; started: Started }> {
  const child = spawn(process.execPath, ['test/support/run-ts.mjs', 'test/bench/wall/server.ts', '240'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout }))
    return { child, started: JSON.parse(line) as Started };
  throw new Error('the server did not start');
}

/** Processor seconds of a process, proc(5): utime and stime in clock ticks of a hundredth. */
async function processorS(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

async function childrenOf(pid: number): Promise<number[]> {
  const all: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    if (Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid) all.push(Number(name));
  }
  return [...all, ...(await Promise.all(all.map(childrenOf))).flat()];
}

/** Processor seconds of the browser: whatever this program started that is not the server. */
async function browserS(): Promise<number> {
  const server = new Set([child.pid!, ...(await childrenOf(child.pid!))]);
  const own = (await childrenOf(process.pid)).filter((pid) => !server.has(pid));
  return (await Promise.all(own.map(processorS))).reduce((sum, s) => sum + s, 0);
}

/** Every look's still of every view, as capture keeps them. */
function keepStills(db: Db): { close(): Promise<void> } {
  const keeper = new StillKeeper({ db, clock: systemClock, log: silentLogger });
  keeper.start();
  let over = false;
  const isOver = (): boolean => over;
  const run = async (): Promise<void> => {
    const views = await db.selectFrom('view').select('id').execute();
    for (let beat = 0; !isOver(); beat++) {
      const beganMs = systemClock.monotonicMs();
      for (const [at, { id: viewId }] of views.entries()) {
        if (isOver()) return;
        const rgb = new Uint8Array(640 * 360 * 3).fill((viewId * 37 + beat * 11) % 200);
        await keeper.keep({
          viewId,
          version: 0,
          capturedAtMs: systemClock.nowMs(),
          picture: { widthPx: 640, heightPx: 360, rgb },
        });
        const aheadMs = ((at + 1) * CADENCE_MS) / views.length - (systemClock.monotonicMs() - beganMs);
        if (aheadMs > 20) await sleep(aheadMs);
      }
    }
  };
  const running = run();
  return {
    async close() {
      over = true;
      await running;
      await keeper.close();
    },
  };
}

async function raise(db: Db, n: number): Promise<{ id: number; atMs: number }> {
  const template = await db.selectFrom('candidate').selectAll().orderBy('id').limit(1).executeTakeFirstOrThrow();
  const views = await db.selectFrom('view').select('id').orderBy('id').execute();
  const viewId = views[(n * 7) % views.length]!.id;
  const { id: _, severity_rank: _rank, ...row } = template;
  let atMs = 0;
  const id = await db.transaction().execute(async (trx) => {
    const at = new Date(systemClock.nowMs());
    const made = await trx
      .insertInto('candidate')
      .values({
        ...row,
        ...{ view_id: viewId, state: 'open', severity: 'safety', verdict: null, verdict_id: null, version: 1 },
        ...{ raised_at: at, first_seen_at: at, last_seen_at: at, claimed_by: null, claimed_until: null },
        ...{ box: JSON.stringify(row.box), polygon: JSON.stringify(row.polygon) },
        machine_result: JSON.stringify(row.machine_result),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await recordEvents(trx, 'candidate.raised', [{ candidateId: made.id, viewId }], at.getTime());
    atMs = systemClock.nowMs();
    return made.id;
  });
  return { id, atMs };
}

const screens = Number(flags.screens);
const { child, started } = await startServer();
const db = openDatabase(started.databaseUrl, silentLogger, 4);
const browser = await chromium.launch({
  executablePath: findChromium()!,
  args: [...CHROMIUM_ARGUMENTS, '--js-flags=--expose-gc'],
});
const report: Record<string, unknown> = { machine: `${cpus().length} × ${cpus()[0]?.model ?? ''}`, screens };
let missed = false;
let stills: { close(): Promise<void> } | undefined;
try {
  const admin = await new WebClient(started.url).signIn('admin', started.password);
  stills = keepStills(db);
  const pages: Page[] = [];
  for (let number = 1; number <= screens; number++) {
    const context = await browser.newContext({ baseURL: started.url, viewport: { width: 1920, height: 1080 } });
    await context.addInitScript(WATCH);
    await context.request.post('/api/v1/session', { data: { name: 'admin', password: started.password } });
    const page = await context.newPage();
    await page.goto(`/wall/${number}`);
    await page.locator('[data-test="wall-live"][data-state="live"]').waitFor({ timeout: 30_000 });
    pages.push(page);
  }
  say(`${screens} screens are up`);
  await sleep(15_000);

  // Idle.
  const idleS = Number(flags.idle);
  const others = await childrenOf(child.pid!);
  const before = await Promise.all([child.pid!, ...others].map(processorS));
  const browserBeforeS = await browserS();
  const beganMs = systemClock.monotonicMs();
  await sleep(idleS * 1000);
  const tookS = (systemClock.monotonicMs() - beganMs) / 1000;
  const after = await Promise.all([child.pid!, ...others].map(processorS));
  const serverCores = (after[0]! - before[0]!) / tookS;
  // A connection that was closed meanwhile is a process that is gone, and its time with it.
  const databaseCores = after.slice(1).reduce((sum, s, at) => sum + Math.max(0, s - before[at + 1]!), 0) / tookS;
  const browserCores = ((await browserS()) - browserBeforeS) / tookS;
  const fresh = await Promise.all(pages.map((page) => page.locator('.tile[data-state="fresh"]').count()));
  report['idle'] = {
    ...{ seconds: round(tookS), serverCores: round(serverCores, 3), databaseCores: round(databaseCores, 3) },
    browserCores: round(browserCores, 2),
    ...{ freshTiles: fresh.reduce((sum, count) => sum + count, 0), tiles: screens * 12, load: round(loadavg()[0]!, 2) },
  };
  say(
    `idle: server ${round(serverCores, 3)} cores, PostgreSQL ${round(databaseCores, 3)}, the browser that draws all screens ${round(browserCores, 2)}; ${fresh.reduce((a, b) => a + b, 0)} of ${screens * 12} tiles fresh`,
  );
  if (!(serverCores < IDLE_CORES)) missed = true;

  // Alerts.
  const wanted = Number(flags.alerts);
  const latencies: number[] = [];
  let lost = 0;
  const raisedIds: number[] = [];
  for (let n = 0; n < wanted; n++) {
    const { id, atMs } = await raise(db, n);
    raisedIds.push(id);
    let painted: number[] = [];
    for (let waitedMs = 0; waitedMs < PATIENCE_MS && (painted.length === 0 || painted.includes(0)); waitedMs += 1_000) {
      await sleep(waitedMs === 0 ? Number(flags.gap) * (0.9 + Math.random() * 0.2) : 1_000);
      painted = await Promise.all(pages.map((page) => page.evaluate<number>(`window.painted[${id}] ?? 0`)));
    }
    for (const ms of painted) {
      if (ms > 0) latencies.push(ms - atMs);
      else lost++;
    }
  }
  latencies.sort((a, b) => a - b);
  const p99 = lost > 0 ? Number.POSITIVE_INFINITY : quantile(latencies, 0.99);
  report['alerts'] = {
    ...{
      raised: wanted,
      painted: latencies.length,
      lost,
      p50Ms: quantile(latencies, 0.5),
      p95Ms: quantile(latencies, 0.95),
    },
    ...{ p99Ms: p99, longestMs: latencies.at(-1), load: round(loadavg()[0]!, 2) },
  };
  say(
    `alerts: ${latencies.length} paints, p50 ${quantile(latencies, 0.5)} ms, p95 ${quantile(latencies, 0.95)} ms, p99 ${p99} ms, longest ${latencies.at(-1)} ms, lost ${lost}`,
  );
  if (!(p99 <= PAINTED_P99_MS)) missed = true;

  // Soak.
  const soakMin = Number(flags.soak);
  if (soakMin > 0) {
    const watched = pages.slice(0, 4);
    const sessions = await Promise.all(watched.map((page) => page.context().newCDPSession(page)));
    const heapOf = async (session: CDPSession): Promise<number> => {
      await session.send('HeapProfiler.enable');
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      return usedSize / 1e6;
    };
    const samples: { minutes: number; heapMb: number[]; nodes: number[] }[] = [];
    const soakBeganMs = systemClock.monotonicMs();
    const minutes = (): number => (systemClock.monotonicMs() - soakBeganMs) / 60_000;
    for (let n = 0; minutes() < soakMin; n++) {
      const { id } = await raise(db, n);
      raisedIds.push(id);
      // As many go as come, so that what is listed stays as long as it is.
      const old = raisedIds.shift()!;
      await admin.post(`/api/v1/candidates/${old}/acknowledgement`);
      await db.deleteFrom('candidate').where('id', '=', old).execute();
      await recordEvents(db, 'candidate.changed', [{ candidateId: old }], systemClock.nowMs());
      await sleep(3_000);
      if (n % 5 !== 0) continue;
      samples.push({
        minutes: round(minutes(), 2),
        heapMb: (await Promise.all(sessions.map(heapOf))).map((mb) => round(mb, 3)),
        nodes: (await Promise.all(
          watched.map((page) => page.evaluate(`document.getElementsByTagName('*').length`)),
        )) as number[],
      });
    }
    const settled = samples.filter((sample) => sample.minutes > soakMin / 3);
    const points = settled.map((sample) => ({
      x: sample.minutes / 60,
      y: sample.heapMb.reduce((sum, mb) => sum + mb, 0) / sample.heapMb.length,
    }));
    const fit = slopeOf(points);
    report['soak'] = {
      minutes: soakMin,
      growthMbPerHour: round(fit.slope, 2),
      errorMbPerHour: round(fit.error, 2),
      samples,
    };
    say(
      `soak: ${soakMin} min, heap ${points[0]?.y.toFixed(2)} → ${points.at(-1)?.y.toFixed(2)} MB, ${fit.slope.toFixed(2)} ± ${fit.error.toFixed(2)} MB an hour and page`,
    );
    if (fit.slope - 2 * fit.error > GROWTH_MB_PER_HOUR) missed = true;
  }
} finally {
  await stills?.close();
  await browser.close();
  await db.destroy();
  child.stdin?.end();
  await new Promise((resolve) => child.once('exit', resolve));
}
await mkdir(path.dirname(flags.out), { recursive: true });
await writeFile(flags.out, `${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = missed ? 1 : 0;

/** Least squares; the error is the slope's standard error. */
function slopeOf(points: readonly { x: number; y: number }[]): { slope: number; error: number } {
  const n = points.length;
  if (n < 3) return { slope: Number.NaN, error: Number.NaN };
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / n;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / n;
  const xx = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / xx;
  const rest = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (n - 2) / xx) };
}
