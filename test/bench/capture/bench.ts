/**
 * `npm run bench:capture`: what looking costs, from the camera's stream to the gate's answer, beside what it would cost by
 * (a) one `ffmpeg -skip_frame nokey` process a camera and (b) decoding to 5 pictures a second as video recorders do, on the
 * same streams, on one machine, in one run. The capture process is the program's own, as `sentinel capture` runs it.
 *
 *   --cameras N   sub-streams (364, the estate's own number); a quarter as many main streams
 *   --seconds S   length of each measurement (120)
 *   --quick       12 cameras, 30 s, the 10 s cadence only
 *   --full        364 sub-streams at 10 s for 5 minutes, and nothing else
 *   --dead N      so many cameras more that refuse or never answer (0)
 *   --out FILE    JSON (var/bench/capture.json)
 *
 * Ends with exit code 1 when a bar is missed.
 */
import { spawn, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { costOf } from './process-cost.ts';
import { barsOf, tableOf, type Measurement, type Peer, type Report } from './report.ts';
import {
  countLooks,
  deadHosts,
  end,
  fillBaselines,
  install,
  serveStreams,
  untilWatching,
  type Installation,
  type Streams,
} from './rig.ts';
import { CAMERAS_PER_HOST, CREDENTIALS, makeStreams, type StreamKind } from './stream-media.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const MEDIA_DIR = path.join(ROOT, 'src/simulator/media');
/** Processes by which the other ways are measured; their cost grows evenly with their number. */
const PEERS = { sub: 6, main: 3 } as const;
const SETTLE_S = 10;

const { values: flags } = parseArgs({
  options: {
    cameras: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    dead: { type: 'string', default: '0' },
    out: { type: 'string', default: 'var/bench/capture.json' },
  },
});
const cameras = Number(flags.cameras ?? (flags.quick ? 12 : 364));
const deadCameras = Number(flags.dead);
const seconds = Number(flags.seconds ?? (flags.full ? 300 : flags.quick ? 30 : 120));
if (!(cameras >= 1 && seconds >= 20)) throw new Error('at least 1 camera and 20 seconds');
if (!existsSync(path.join(ROOT, 'dist/main.js'))) throw new Error('build first: npm run build');

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-bench-'));
const report = await run().finally(() => rm(dir, { recursive: true, force: true }));
await mkdir(path.dirname(path.resolve(ROOT, flags.out)), { recursive: true });
await writeFile(path.resolve(ROOT, flags.out), `${JSON.stringify(report, undefined, 2)}\n`);
process.stdout.write(tableOf(report));
process.exit(report.bars.some(({ held }) => !held) ? 1 : 0);

async function run(): Promise<Report> {
  const kinds: StreamKind[] = flags.full ? ['sub'] : ['sub', 'main'];
  say('encoding the streams');
  const mediaDir = path.join(dir, 'streams');
  const scenes = await makeStreams(MEDIA_DIR, mediaDir, kinds);
  const streams = await serveStreams(mediaDir, scenes, cameras, kinds, CAMERAS_PER_HOST);
  const hosts = await deadHosts();
  const dead = Array.from({ length: deadCameras }, (_, number) => hosts.url(number));
  const measurements: Measurement[] = [];
  const peers: Peer[] = [];
  try {
    for (const kind of kinds) {
      const count = kind === 'sub' ? cameras : Math.max(4, Math.round(cameras / 4));
      const installation = await install(path.join(dir, kind), streams, count, kind, dead);
      try {
        for (const cadenceS of flags.full || flags.quick ? [10] : [10, 60]) {
          measurements.push(await measure(installation, streams, kind, count, cadenceS));
        }
      } finally {
        await installation.close();
      }
      if (flags.full) continue;
      for (const way of ['key frames', '5 per second'] as const)
        peers.push(await measurePeer(streams, kind, count, way));
    }
  } finally {
    await hosts.close();
    await end(streams.process);
  }
  const machine = {
    processor: cpus()[0]?.model ?? '',
    cores: cpus().length,
    node: process.version,
    ffmpeg: execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' }).split('\n')[0] ?? '',
    memory: /MemTotal:\s+(\d+ kB)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? '',
  };
  const found = { at: new Date().toISOString(), machine, measurements, peers };
  return { ...found, bars: barsOf(found, flags.full) };
}

async function measure(
  installation: Installation,
  streams: Streams,
  kind: StreamKind,
  count: number,
  cadenceS: number,
): Promise<Measurement> {
  const windowS = Math.max(seconds, cadenceS === 60 ? 120 : 0);
  say(`${count} ${kind} streams every ${cadenceS} s: learning, then ${windowS} s`);
  const startedAtMs = Date.now();
  const capture = installation.capture(cadenceS);
  try {
    const first = cadenceS === 10;
    await untilWatching(installation, count, startedAtMs, 120 + cadenceS * 2);
    if (first) await fillBaselines(installation);
    // The first look after a start is compared in full; the window begins when all have had theirs.
    await untilWatching(installation, count, Date.now(), 120 + cadenceS * 2);
    await sleep(SETTLE_S * 1000);
    const pid = capture.pid!;
    const cost = async () => ({
      atMs: Date.now(),
      capture: await costOf([pid]),
      database: await installation.databaseCost(),
      cameras: await costOf([streams.process.pid!]),
    });
    const before = await cost();
    let residentBytes = 0;
    for (let passedS = 0; passedS < windowS; passedS += 5) {
      await sleep(Math.min(5, windowS - passedS) * 1000);
      residentBytes = Math.max(residentBytes, (await costOf([pid])).residentBytes);
    }
    const after = await cost();
    if (capture.exitCode !== null) throw new Error('the capture process ended');
    // Looks are written down a little after they were taken.
    await sleep(3_000);
    const tookS = (after.atMs - before.atMs) / 1000;
    const msPerCameraS = (name: 'capture' | 'database' | 'cameras'): number =>
      ((after[name].cpuS - before[name].cpuS) * 1000) / tookS / count;
    return {
      kind,
      cameras: count,
      cadenceS,
      seconds: tookS,
      captureMs: msPerCameraS('capture'),
      databaseMs: msPerCameraS('database'),
      streamServerMs: msPerCameraS('cameras'),
      coreShare: (after.capture.cpuS - before.capture.cpuS) / tookS,
      residentBytes,
      looks: await countLooks(installation, before.atMs, after.atMs, cadenceS),
      loadAverage: loadavg()[0] ?? 0,
    };
  } finally {
    await end(capture);
  }
}

async function measurePeer(streams: Streams, kind: StreamKind, cameraCount: number, way: Peer['way']): Promise<Peer> {
  const count = Math.min(cameraCount, PEERS[kind]);
  const windowS = Math.min(seconds, 60);
  say(`${count} ffmpeg processes, ${kind} streams, ${way}: ${windowS} s`);
  const children = Array.from({ length: count }, (_, camera) => {
    const url = new URL(streams.url(camera, kind));
    Object.assign(url, CREDENTIALS);
    const input = [
      '-rtsp_transport',
      'tcp',
      '-threads',
      '1',
      ...(way === 'key frames' ? ['-skip_frame', 'nokey'] : []),
    ];
    const rate = way === 'key frames' ? 'fps=1/10' : 'fps=5';
    const args = ['-v', 'fatal', '-nostdin', ...input, '-i', url.href, '-an', '-vf', rate, '-f', 'null', '-'];
    return spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  });
  try {
    await sleep(SETTLE_S * 1000);
    const pids = children.map(({ pid }) => pid!);
    const [beganMs, before] = [Date.now(), await costOf(pids)];
    await sleep(windowS * 1000);
    const [endedMs, after] = [Date.now(), await costOf(pids)];
    if (children.some(({ exitCode }) => exitCode !== null)) throw new Error('an ffmpeg process ended');
    return {
      way,
      kind,
      processes: count,
      msPerCameraS: ((after.cpuS - before.cpuS) * 1000) / ((endedMs - beganMs) / 1000) / count,
      residentBytes: after.residentBytes / count,
      proportionalBytes: after.proportionalBytes / count,
    };
  } finally {
    await Promise.all(children.map(end));
  }
}
