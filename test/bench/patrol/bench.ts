/**
 * `npm run bench:patrol`: stops an hour of Sentinel's patrol, which waits until the turret and its picture stand still, beside
 * a loop that sends the turret on and takes a picture after a fixed 1.5 s, on the same simulated motors, presets and moments.
 * Both look the moment they may: no dwell. The patrol is the program's own with its database; the fixed loop pays for no
 * database, no lease and no log, and takes the camera's own still.
 *
 * A picture counts as good where it lies over a picture of the same preset taken after five seconds of standing, and is as
 * sharp but for its coding. The routes are those of the published domes; `far` turns half round between stops.
 *
 *   --rounds N    rounds of each measurement (3)
 *   --route NAME  this route alone
 *   --out FILE    JSON (var/bench/patrol.json)
 *
 * Ends with exit code 1 when a bar is missed.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { Picture } from '../../../src/base/picture.ts';
import { shiftBetween } from '../../../src/comparison/comparison.ts';
import { readPicture } from '../../../src/drivers/codec/codec.ts';
import { openDevice } from '../../../src/drivers/onvif/onvif.ts';
import { startEmbeddedPostgres } from '../../../src/drivers/postgres/embedded.ts';
import { migrate, openDatabase } from '../../../src/drivers/postgres/postgres.ts';
import { parseDemoEstate, startSimulator, type Simulator } from '../../../src/simulator/simulator.ts';
import { registerDome, startTestPatrol } from '../../support/patrol.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { LOGIN } from '../../support/simulated.ts';

/** A patrol that brings nothing for so long does not go. */
const NO_LOOK_MS = 60_000;
const FIXED_MS = 1_500;
/**
 * Good pictures lie over the standing one to this, in pixels of a look, and have this share of its sharpness: a picture
 * coded from others just after a turn is a little softer than a key picture at rest, in all directions alike. Motion takes
 * sharpness along its own direction only.
 */
const LIES_OVER_PX = 1.5;
const SHARP_SHARE = 0.8;
const EVEN_SHARE = 0.94;
const BAR = 1.25;
/** As the published domes have them: pan, tilt in degrees, zoom. */
const ROUTES: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  east: [
    ...([
      [68, -26, 4],
      [29, -44, 2.2],
      [38.8, -45, 1.8],
      [59.5, -25.6, 2.6],
    ] as const),
    ...([
      [16.2, -31.4, 3],
      [38.5, -31.4, 3.2],
      [25.5, -20.4, 4],
      [40, -19, 1],
    ] as const),
  ],
  west: [
    ...([
      [41.5, -43, 2.2],
      [42.2, -44.5, 1.9],
      [48.3, -25.4, 3.2],
      [61.1, -23.9, 4.2],
    ] as const),
    ...([
      [75.2, -38.2, 2.6],
      [34, -26.3, 3],
      [81.6, -25.2, 3.4],
    ] as const),
  ],
  far: [
    [20, -30, 2],
    [-160, -30, 2],
    [70, -25, 2.5],
    [-100, -25, 2.5],
  ],
};

interface Measured {
  readonly route: string;
  readonly way: 'patrol' | 'fixed';
  readonly stops: number;
  readonly seconds: number;
  readonly good: number;
  /** Means of the patrol's own record: the move, and from standing until the picture was believed. */
  readonly moveS?: number;
  readonly settleS?: number;
}

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    route: { type: 'string' },
    out: { type: 'string', default: 'var/bench/patrol.json' },
  },
});
const rounds = Number(flags.rounds);
if (!(rounds >= 1)) throw new Error('at least 1 round');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function estateOf(route: string): ReturnType<typeof parseDemoEstate> {
  const presets = (ROUTES[route] ?? []).map(
    ([pan, tilt, zoom], index) => `      - { name: p${index + 1}, pan_deg: ${pan}, tilt_deg: ${tilt}, zoom: ${zoom} }`,
  );
  return parseDemoEstate(
    `estate: { name: 测试小区, time_zone: Asia/Shanghai }
cameras:
  - { key: roof-1, name: 1号楼屋顶, place: 1号楼, scene: roof-1, clock_offset_s: 0 }
domes:
  - key: dome
    name: 楼顶球机
    place: 30号楼
    north_deg: ${route === 'west' ? -90 : 0}
    clock_offset_s: 0
    presets:
${presets.join('\n')}
schedule:
  opening: []
  cycle: [{ lighting: clear, for_s: 86400 }]
  structures: []
  vans: []
  dropouts: []
`,
    route,
  );
}

/** Mean difference of neighbours along rows and down columns. */
function sharpness({ widthPx, heightPx, rgb }: Picture): { across: number; down: number } {
  let [across, down] = [0, 0];
  const pixels = widthPx * (heightPx - 1) - 1;
  for (let i = 0; i < pixels; i++) {
    const here = rgb[3 * i + 1] ?? 0;
    across += Math.abs(here - (rgb[3 * i + 4] ?? 0));
    down += Math.abs(here - (rgb[3 * (i + widthPx) + 1] ?? 0));
  }
  return { across: across / pixels, down: down / pixels };
}

function isGood(picture: Picture, standing: Picture): boolean {
  const shift = shiftBetween(standing, picture);
  const [seen, still] = [sharpness(picture), sharpness(standing)];
  const shares = [seen.across / still.across, seen.down / still.down];
  const [soft, even] = [Math.min(...shares), Math.min(...shares) / Math.max(...shares)];
  const good = shift.kind === 'told' && shift.px < LIES_OVER_PX && soft >= SHARP_SHARE && even >= EVEN_SHARE;
  if (!good) {
    const lies = shift.kind === 'told' ? `${shift.px.toFixed(1)} px off` : shift.kind;
    say(`  not good: ${lies}, ${soft.toFixed(2)} as sharp, ${even.toFixed(2)} alike both ways`);
  }
  return good;
}

async function fixedLoop(simulator: Simulator, route: string): Promise<Measured> {
  const device = await openDevice({
    ...{ url: simulator.domes[0]?.onvifUrl ?? '', credentials: LOGIN, clock: systemClock, timeoutMs: 5_000 },
  });
  const turret = await device.turret();
  const presets = await turret.presets();
  const still = async (): Promise<Picture> =>
    readPicture(await simulator.snapshotOf('dome'), { widthPx: 640, heightPx: 360 });
  const standing = new Map<string, Picture>();
  for (const { token } of presets) {
    await turret.goToPreset(token);
    await sleep(5_000);
    standing.set(token, await still());
  }
  const taken: [string, Picture][] = [];
  const beganMs = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (const { token } of presets) {
      await turret.goToPreset(token);
      await sleep(FIXED_MS);
      taken.push([token, await still()]);
    }
  }
  const seconds = (performance.now() - beganMs) / 1000;
  const good = taken.filter(([token, picture]) => isGood(picture, standing.get(token) as Picture)).length;
  return { route, way: 'fixed', stops: taken.length, seconds, good };
}

async function untilLooks(looks: readonly unknown[], wanted: number): Promise<void> {
  for (let [had, sinceMs] = [looks.length, performance.now()]; looks.length < wanted;) {
    await sleep(10);
    if (looks.length > had) [had, sinceMs] = [looks.length, performance.now()];
    else if (performance.now() - sinceMs > NO_LOOK_MS) throw new Error(`no look within ${NO_LOOK_MS / 1000} s`);
  }
}

async function patrolLoop(simulator: Simulator, route: string): Promise<Measured> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-bench-'));
  const server = await startEmbeddedPostgres({ dir, clock: systemClock, log: silentLogger });
  const db = openDatabase(server.url, silentLogger);
  try {
    await migrate(db);
    const count = ROUTES[route]?.length ?? 0;
    const stops = Array.from({ length: count }, (_, index) => `{ preset: "${index + 1}", dwell_s: 0 }`);
    await registerDome(
      db,
      simulator,
      `routes:\n  - camera: dome\n    name: bench\n    windows: [{ days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00" }]\n    stops: [${stops.join(', ')}]\n`,
    );
    const patrol = await startTestPatrol({ db, url: server.url }, simulator, { pictures: new MemoryPictures() });
    const wanted = rounds * count;
    // The first round opens the device and the stream.
    await untilLooks(patrol.looks, count);
    const beganMs = performance.now();
    await untilLooks(patrol.looks, count + wanted);
    const seconds = (performance.now() - beganMs) / 1000;
    const looks = patrol.looks.slice(count, count + wanted);
    const visits = patrol.visits.slice(count, count + wanted);
    const meanS = (of: (visit: (typeof visits)[number]) => number | null): number =>
      visits.reduce((sum, visit) => sum + (of(visit) ?? 0), 0) / visits.length / 1000;
    await patrol.close();
    const standing = await standingPictures(simulator, db, looks);
    const good = looks.filter(({ picture, unfit, viewId }) => {
      const reference = standing.get(viewId);
      return unfit === null && picture && reference && isGood(picture, reference);
    }).length;
    const looked = looks.filter(({ unfit }) => unfit === null).length;
    const [moveS, settleS] = [meanS(({ moveMs }) => moveMs), meanS(({ settleMs }) => settleMs)];
    return { route, way: 'patrol', stops: looked, seconds, good, moveS, settleS };
  } finally {
    await db.destroy();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** What the small stream shows of each view after five seconds of standing: a patrol whose stops are that long. */
async function standingPictures(
  simulator: Simulator,
  db: ReturnType<typeof openDatabase>,
  looks: readonly { viewId: number }[],
): Promise<Map<number, Picture>> {
  const views = await db.selectFrom('view').select(['id', 'key']).execute();
  const device = await openDevice({
    ...{ url: simulator.domes[0]?.onvifUrl ?? '', credentials: LOGIN, clock: systemClock, timeoutMs: 5_000 },
  });
  const turret = await device.turret();
  const standing = new Map<number, Picture>();
  const { RtspPull, HostConnections } = await import('../../../src/drivers/rtsp/rtsp.ts');
  const { KeyFrameDecoder } = await import('../../../src/drivers/codec/codec.ts');
  const decoder = new KeyFrameDecoder();
  const pull = new RtspPull(
    { url: simulator.domes[0]?.subUrl ?? '', credentials: LOGIN },
    { clock: systemClock, connections: new HostConnections({ clock: systemClock }), log: silentLogger },
  );
  pull.start();
  for (const viewId of new Set(looks.map((look) => look.viewId))) {
    await turret.goToPreset(views.find(({ id }) => id === viewId)?.key ?? '');
    await sleep(5_000);
    const { picture } = await decoder.decode(await pull.nextKeyFrame());
    standing.set(viewId, { ...picture, rgb: picture.rgb.slice() });
  }
  await pull.stop();
  await decoder.close();
  return standing;
}

const results: Measured[] = [];
const routes = Object.keys(ROUTES).filter((route) => flags.route === undefined || flags.route === route);
for (const route of routes) {
  const simulator = await startSimulator({
    ...{ host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger, credentials: LOGIN },
    schedule: estateOf(route),
  });
  say(`${route}: fixed 1.5 s …`);
  results.push(await fixedLoop(simulator, route));
  say(`${route}: patrol …`);
  results.push(await patrolLoop(simulator, route));
  await simulator.close();
}

const perHour = ({ stops, seconds }: Measured): number => (3600 * stops) / seconds;
const goodPerHour = ({ good, seconds }: Measured): number => (3600 * good) / seconds;
const of = (route: string, way: Measured['way']): Measured => {
  const found = results.find((one) => one.route === route && one.way === way);
  if (!found) throw new Error(`${route} ${way} was not measured`);
  return found;
};
const published = routes
  .filter((route) => route !== 'far')
  .map((route) => ({
    route,
    ratio: perHour(of(route, 'patrol')) / perHour(of(route, 'fixed')),
  }));
const blurred = results.filter(({ way }) => way === 'patrol').reduce((sum, { stops, good }) => sum + stops - good, 0);
const bars = [
  ...published.map(({ route, ratio }) => ({
    what: `${route}: stops an hour over the fixed loop's`,
    bar: `>= ${BAR}`,
    found: ratio.toFixed(2),
    held: ratio >= BAR,
  })),
  { what: 'blurred looks of the patrol', bar: '0', found: String(blurred), held: blurred === 0 },
];
const line = (...cells: (string | number)[]): string => `| ${cells.join(' | ')} |`;
process.stdout.write(
  [
    line('route', 'way', 'stops', 'stops/h', 'good', 'good/h', 's a stop', 'of it moving', 'settling'),
    line('---', '---', '---', '---', '---', '---', '---', '---', '---'),
    ...results.map((one) =>
      line(
        ...[one.route, one.way, one.stops, Math.round(perHour(one)), one.good, Math.round(goodPerHour(one))],
        ...[one.seconds / one.stops, one.moveS, one.settleS].map((s) => s?.toFixed(2) ?? ''),
      ),
    ),
    '',
    ...bars.map(({ what, bar, found, held }) => `${held ? '✓' : '✗'} ${what}: ${found} (${bar})`),
    '',
  ].join('\n'),
);
const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version, load: loadavg()[0] ?? 0 };
await mkdir(path.dirname(flags.out), { recursive: true });
await writeFile(flags.out, `${JSON.stringify({ at: new Date().toISOString(), machine, results, bars }, null, 2)}\n`);
process.exitCode = bars.every(({ held }) => held) ? 0 : 1;
