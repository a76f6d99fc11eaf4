/**
 * `npm run bench:live`: what live pictures cost the server, for 1, 10 and 50 viewers of one camera, beside node-rtsp-stream as
 * it comes, each given the camera's large stream (1920 x 1080, 4 Mbit/s) and then its small one (640 x 360, 512 kbit/s). Each
 * server is a process of its own; the processor time is that of it and all it has started, as the kernel counts it. Viewers
 * and the camera are other processes and are not counted.
 *
 *   --seconds S   length of each measurement (60): the kernel counts in ticks of 10 ms
 *   --viewers L   numbers of viewers (1,10,50)
 *   --streams L   of main, sub (both)
 *   --out FILE    JSON (var/bench/live.json)
 *
 * Also, for the H.264 stream and for an H.265 one that a browser cannot play: how soon the first picture comes, beside the
 * camera's time between key frames, and how old pictures are when they leave. Ends with exit code 1 when a bar is missed.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { costOf } from '../capture/process-cost.ts';
import { serveCamera, startServer, startViewers, type Kind } from './rig.ts';

const STREAMS = ['main', 'sub'] as const;
const TIMES_CHEAPER_LEAST = 8;
/** A server runs for months: what its compiler does in the first minutes is not what looking costs. With all who will look. */
const WARM_S = 180;
/** After other viewers have come. */
const SETTLE_S = 30;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    viewers: { type: 'string', default: '1,10,50' },
    streams: { type: 'string', default: 'main,sub' },
    out: { type: 'string', default: 'var/bench/live.json' },
  },
});
const seconds = Number(flags.seconds);
const counts = flags.viewers.split(',').map(Number);
const streams = STREAMS.filter((stream) => flags.streams.split(',').includes(stream));

interface Measured {
  readonly stream: (typeof STREAMS)[number];
  readonly viewers: number;
  readonly percentOfCore: number;
  /** Least bytes a second that one viewer got: none may starve. */
  readonly leastBytesPerS: number;
}

const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-bench-live-'));
const camera = await serveCamera(dir);
const report = await run().finally(async () => {
  await camera.close();
  await rm(dir, { recursive: true, force: true });
});
const out = path.resolve(flags.out);
await mkdir(path.dirname(out), { recursive: true });
await writeFile(out, `${JSON.stringify(report, undefined, 2)}\n`);
process.stdout.write(tableOf());
process.exit(report.bars.some(({ held }) => !held) ? 1 : 0);

async function run() {
  const ours = await measureAll('sentinel');
  const theirs = await measureAll('node-rtsp-stream');
  const ratios = ours.map(({ stream, viewers, percentOfCore }, index) => {
    const peer = theirs[index];
    return { stream, viewers, timesCheaper: peer ? peer.percentOfCore / percentOfCore : 0 };
  });
  const first = { h264: await firstPicture('sub'), h265: await firstPicture('h265') };
  return {
    seconds,
    ratios,
    sentinel: ours,
    nodeRtspStream: theirs,
    firstPicture: first,
    bars: [
      ...ratios.map(({ stream, viewers, timesCheaper }) => ({
        what: `${stream}: times cheaper with ${viewers} viewers`,
        least: TIMES_CHEAPER_LEAST,
        is: timesCheaper,
        held: timesCheaper >= TIMES_CHEAPER_LEAST,
      })),
      ...Object.entries(first).flatMap(([codec, { worstMs, groupMs, oldestMs }]) => [
        {
          what: `${codec}: first picture within a group and 300 ms`,
          most: groupMs + 300,
          is: worstMs,
          held: worstMs < groupMs + 300,
        },
        { what: `${codec}: pictures no older than`, most: 1_000, is: oldestMs, held: oldestMs < 1_000 },
      ]),
    ],
  };
}

async function measureAll(kind: Kind): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const stream of streams) measured.push(...(await measureStream(kind, stream)));
  return measured;
}

async function measureStream(kind: Kind, stream: Measured['stream']): Promise<Measured[]> {
  const measured: Measured[] = [];
  const server = await startServer(kind, camera, dir, stream);
  const watch = (viewers: number) => startViewers(server, viewers, kind === 'sentinel' ? 'source' : 'plain');
  const warming = await watch(Math.max(...counts));
  await sleep(WARM_S * 1000);
  await warming.close();
  for (const viewers of counts) {
    const watching = await watch(viewers);
    await sleep(SETTLE_S * 1000);
    await watching.restart();
    const before = await costOf([server.pid]);
    const beganMs = performance.now();
    await sleep(seconds * 1000);
    const after = await costOf([server.pid]);
    const tookS = (performance.now() - beganMs) / 1000;
    const { leastBytes } = await watching.read();
    await watching.close();
    measured.push({
      ...{ stream, viewers },
      percentOfCore: ((after.cpuS - before.cpuS) / tookS) * 100,
      leastBytesPerS: Math.round(leastBytes / tookS),
    });
    process.stderr.write(
      `${kind}, ${stream}, ${viewers} viewers: ${measured.at(-1)?.percentOfCore.toFixed(2)} % of a core\n`,
    );
  }
  await server.close();
  return measured;
}

/** Ten times from asking to the first picture that can be shown, with nobody looking before. */
async function firstPicture(kind: 'sub' | 'h265') {
  const server = await startServer('sentinel', camera, dir, kind);
  const firstsMs: number[] = [];
  let oldestMs = 0;
  for (let n = 0; n < 10; n++) {
    const watching = await startViewers(server, 1, kind === 'h265' ? 'mpeg1' : 'source');
    const { firstMs, oldestMs: oldest } = await watching.untilPictures(25);
    firstsMs.push(firstMs);
    oldestMs = Math.max(oldestMs, oldest);
    await watching.close();
    await sleep(400 + n * 37);
  }
  await server.close();
  const sorted = firstsMs.sort((a, b) => a - b);
  return { groupMs: camera.groupMs, medianMs: sorted[5] ?? 0, worstMs: sorted.at(-1) ?? 0, oldestMs };
}

function tableOf(): string {
  const { ratios, sentinel, nodeRtspStream, firstPicture: first } = report;
  const lines = ['stream   viewers   times cheaper   sentinel        node-rtsp-stream'];
  for (const [index, { stream, viewers, timesCheaper }] of ratios.entries()) {
    const ours = `${sentinel[index]?.percentOfCore.toFixed(2)} % core`;
    const theirs = `${nodeRtspStream[index]?.percentOfCore.toFixed(2)} % core`;
    lines.push(
      `${stream.padEnd(6)}   ${String(viewers).padStart(7)}   ${timesCheaper.toFixed(1).padStart(13)}   ${ours.padEnd(14)}  ${theirs}`,
    );
  }
  lines.push('', 'first picture   median    worst   time between key frames   oldest picture sent');
  for (const [codec, { medianMs, worstMs, groupMs, oldestMs }] of Object.entries(first)) {
    lines.push(
      `${codec.padEnd(13)}${[medianMs, worstMs].map((ms) => `${Math.round(ms)} ms`.padStart(9)).join('')}` +
        `${`${groupMs} ms`.padStart(26)}${`${Math.round(oldestMs)} ms`.padStart(22)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
