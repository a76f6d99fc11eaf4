/**
 * `npm run bench:lists`: how long every list of the API takes to answer when there is much behind it, and how smoothly the
 * table of cameras and the plan move in Chromium. Real PostgreSQL, the real web, the built pages.
 *
 *   --cameras N   cameras, each with a view and on the plan (364)
 *   --open N      open items (10000)
 *   --past N      decided items (1000000)
 *   --asks N      requests of each list (60)
 *   --no-browser  without Chromium
 *
 * Ends with exit code 1 when one list in twenty takes longer than 100 ms, or when the pages draw fewer than 50 pictures a
 * second while somebody scrolls.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import sharp from 'sharp';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../../src/drivers/postgres/embedded.ts';
import { migrate, openDatabase } from '../../../src/drivers/postgres/postgres.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { fillSample, MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';
import { fillLists, fillPlan } from './fill.ts';
import { measureScrolling } from './scrolling.ts';

const { values: flags } = parseArgs({
  options: {
    cameras: { type: 'string', default: '364' },
    open: { type: 'string', default: '10000' },
    past: { type: 'string', default: '1000000' },
    asks: { type: 'string', default: '60' },
    'no-browser': { type: 'boolean', default: false },
  },
});
const BAR_MS = 100;
const BAR_FPS = 50;
const [cameras, open, past, asks] = [flags.cameras, flags.open, flags.past, flags.asks].map(Number) as [
  number,
  number,
  number,
  number,
];
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-lists-'));
const server = await startEmbeddedPostgres({
  ...{ dir, clock: systemClock, log: silentLogger },
  settings: { fsync: 'off', synchronous_commit: 'off' },
});
const db = openDatabase(server.url, silentLogger);
let isMet = true;
try {
  await migrate(db);
  await ensureFirstAdmin(db, SAMPLE_PASSWORD);
  const pictures = new MemoryPictures();
  await fillSample(db, pictures, Date.now(), 60);
  const beganMs = performance.now();
  await db.connection().execute(async (filling) => {
    // What fills takes longer than any request may.
    await sql`set statement_timeout = 0`.execute(filling);
    await fillLists(filling, { cameras, open, past, looks: 400_000, audit: 300_000, households: 1142 });
  });
  const drawing = sharp({ create: { width: 2400, height: 1500, channels: 3, background: '#cfe0c3' } });
  const plan = await fillPlan(db, pictures.put(await drawing.jpeg().toBuffer()));
  say(
    `${cameras} cameras, ${open} open and ${past} past items, filled in ${((performance.now() - beganMs) / 1000).toFixed(0)} s`,
  );
  const web = await startTestWeb({ db, url: server.url }, { pictures });
  const client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
  const unit = await client.post('/api/v1/units', { name: '一队', seesAll: false, cameraIds: [], places: ['7号楼'] });
  await client.post('/api/v1/users', {
    ...{ name: 'narrow', displayName: '', role: 'operator', password: SAMPLE_PASSWORD, unitId: unit.body.id },
  });
  const narrow = await new WebClient(web.url).signIn('narrow', SAMPLE_PASSWORD);

  const since = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
  const at = (id: number): string => Buffer.from(JSON.stringify([id])).toString('base64url');
  const some = (n: number): number => 1 + ((n * 37) % cameras);
  const lists: Record<string, { who?: WebClient; path: (n: number) => string }> = {
    'cameras, 200 of them': { path: () => '/cameras?limit=200' },
    'cameras by words': { path: (n) => `/cameras?search=${encodeURIComponent(`${1 + (n % 60)}号楼`)}` },
    'cameras by state': { path: () => '/cameras?state=offline' },
    'cameras of a unit': { who: narrow, path: () => '/cameras?limit=200' },
    'views, 200 of them': { path: () => '/views?limit=200' },
    'views of a camera': { path: (n) => `/views?cameraId=${some(n)}` },
    'a view': { path: (n) => `/views/${some(n)}` },
    'looks of a view': { path: (n) => `/views/${some(n)}/looks` },
    'looks of a view by result': { path: (n) => `/views/${some(n)}/looks?result=changed` },
    'open items': { path: () => '/candidates?state=open&limit=50' },
    'open items, of safety': { path: () => '/candidates?state=open&severity=safety&limit=50' },
    'open items by place': {
      path: (n) => `/candidates?state=open&place=${encodeURIComponent(`${1 + (n % 60)}号楼`)}`,
    },
    'open items of a camera': { path: (n) => `/candidates?state=open&cameraId=${some(n)}` },
    'past items': { path: () => '/candidates?state=decided&limit=50' },
    'past items by verdict': { path: () => '/candidates?verdict=permitted&limit=50' },
    'past items by time': {
      path: (n) => `/candidates?state=decided&since=${since(700 - n)}&until=${since(695 - n)}`,
    },
    'past items of a view': { path: (n) => `/candidates?state=decided&viewId=${some(n)}` },
    'past items by place': {
      path: (n) => `/candidates?state=decided&place=${encodeURIComponent(`${1 + (n % 60)}号楼`)}`,
    },
    'past items by a place that is not there': { path: (n) => `/candidates?state=decided&place=nowhere${n}` },
    'items of a unit': { who: narrow, path: () => '/candidates?limit=50' },
    'an item': { path: (n) => `/candidates/${1001 + ((n * 17) % past)}` },
    plans: { path: () => '/plans' },
    'a plan with all cameras': { path: () => `/plans/${plan}` },
    buildings: { path: () => '/buildings' },
    households: { path: (n) => `/households?limit=50&cursor=${at((n * 50) % 1000)}` },
    'households by words': { path: (n) => `/households?search=${encodeURIComponent(`住户${n}`)}` },
    users: { path: () => '/users' },
    units: { path: () => '/units' },
    tokens: { path: () => '/tokens' },
    'the audit': { path: () => '/audit?limit=100' },
    'the audit by who and what': { path: () => '/audit?userId=1&action=view.changed&limit=100' },
    'the audit of one thing': { path: (n) => `/audit?subject=${encodeURIComponent(`candidate ${1 + n}`)}` },
    'the audit by text, of a month': {
      path: (n) => `/audit?search=${encodeURIComponent(`核查 ${290_000 + n}`)}&since=${since(30)}`,
    },
    'the audit deep in its pages': { path: (n) => `/audit?limit=100&cursor=${at(1000 + n * 100)}` },
    'the audit’s words': { path: () => '/audit/words' },
    'patrol routes': { path: () => '/patrol-routes' },
    tasks: { path: () => '/tasks' },
    coverage: { path: () => '/coverage' },
    'the system': { path: () => '/system/health' },
    'disk and retention': { path: () => '/system/store' },
    notices: { path: () => '/notices' },
  };
  for (const [name, { who = client, path: pathOf }] of Object.entries(lists)) {
    const took: number[] = [];
    for (let n = 0; n < asks; n++) {
      const askedMs = performance.now();
      const answer = await who.get(`/api/v1${pathOf(n)}`);
      took.push(performance.now() - askedMs);
      if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    }
    took.sort((a, b) => a - b);
    const within = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
    const isFast = within(0.95) <= BAR_MS;
    isMet &&= isFast;
    say(
      `${isFast ? '✓' : '✗'} ${name.padEnd(42)} median ${within(0.5).toFixed(1).padStart(6)} ms   19 of 20 within ` +
        `${within(0.95).toFixed(1).padStart(6)} ms`,
    );
  }
  if (!flags['no-browser']) {
    for (const { name, fps, longestMs, frames } of await measureScrolling(web.url, SAMPLE_PASSWORD)) {
      const isSmooth = fps >= BAR_FPS;
      isMet &&= isSmooth;
      say(
        `${isSmooth ? '✓' : '✗'} ${name.padEnd(42)} ${fps.toFixed(1).padStart(6)} pictures a second, the longest ` +
          `${longestMs.toFixed(0)} ms, of ${frames}`,
      );
    }
  }
  await web.close();
} finally {
  await db.destroy();
  await server.close();
  await rm(dir, { recursive: true, force: true });
}
process.exitCode = isMet ? 0 : 1;
