/**
 * `npm run eval -- DIR...`: how much the eye finds and how often it cries wolf, on pictures of real fixed cameras, beside
 * plain methods on the same pictures.
 *
 * A DIR is one fixed camera: a folder with `view.json` (see views.ts), or plain pictures in which nothing new stands. For each
 * view K lawful pictures are drawn by seed, several times, and everything else is judged against them through the program's
 * own comparison. Recall: share of marked structures of which more than 25 % is covered by regions reported. False alarms:
 * share of unchanged pictures with any region. A picture that is refused raises nothing and finds nothing.
 *
 *   --k 1,4,8,16     lawful pictures of a view
 *   --draws N        times they are drawn (3)
 *   --unchanged N    unchanged pictures judged at most, of a view and draw (16)
 *   --seed N         (0)
 *   --plain          the plain methods too (needs Debian's python3-opencv)
 *   --out DIR        figures.json, curves.png, sheet-misses.jpg, sheet-alarms.jpg (var/eval)
 *   --bars           exit 1 when recall with 8 lawful pictures is under 0.85 at 5 % or under 0.70 at 1 %
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { openEye, workingSizeOf, type Eye } from '../../../src/comparison/comparison.ts';
import { regionsOf } from '../../../src/comparison/regions.ts';
import { readPicture } from '../../../src/drivers/codec/codec.ts';
import { seeded } from '../../support/scenery.ts';
import { Encoder } from './encoder.ts';
import { GRID_SHARE, readMarks } from './masks.ts';
import { outcomeOf, pointAt, pointOf, type Marks, type Outcome, type Point } from './marks.ts';
import { drawChart, drawSheet, type Curve } from './sheets.ts';
import { readView, tasksOf, type Task } from './views.ts';

const MODELS = path.resolve(import.meta.dirname, '../../../models');
const CLASSICAL = path.join(import.meta.dirname, 'classical.py');
const RATES = [0.01, 0.02, 0.05, 0.1, 0.2];
const BARS = { 0.05: 0.85, 0.01: 0.7 };
const BAR_K = 8;
const WORST = 24;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    k: { type: 'string', default: '1,4,8,16' },
    draws: { type: 'string', default: '3' },
    unchanged: { type: 'string', default: '16' },
    seed: { type: 'string', default: '0' },
    plain: { type: 'boolean', default: false },
    out: { type: 'string', default: 'var/eval' },
    bars: { type: 'boolean', default: false },
  },
});
if (positionals.length === 0) throw new Error('usage: npm run eval -- DIR... (folders of one fixed camera each)');
const ks = values.k.split(',').map(Number);

const tasks: Task[] = [];
for (const view of positionals.map(readView)) {
  for (const k of ks) {
    const random = seeded(Number(values.seed) * 1000 + k);
    tasks.push(...tasksOf(view, { k, draws: Number(values.draws), mostUnchanged: Number(values.unchanged), random }));
  }
}

// --- the eye -----------------------------------------------------------------------------------------------------------

const marks = ({ mask, frame }: Task): Promise<Marks> | undefined =>
  mask === undefined ? undefined : readMarks(mask, frame);

async function judgeByEye(eye: Eye): Promise<Outcome[]> {
  const encoder = new Encoder(eye);
  const outcomes: Outcome[] = [];
  for (const [index, task] of tasks.entries()) {
    const frame = await readPicture(task.frame);
    const result = await eye.compare({
      frame,
      baselines: await encoder.baselines(task.view, task.frame, task.baselines),
      ignore: [],
      minScore: 0,
    });
    const regions = result.judged ? result.regions : [];
    const refused = result.judged ? undefined : result.reason;
    outcomes.push(outcomeOf(task.view, task.frame, regions, await marks(task), refused));
    if (index % 200 === 199) console.log(`${index + 1} of ${tasks.length} judged`);
  }
  return outcomes;
}

// --- the plain methods -------------------------------------------------------------------------------------------------

async function judgePlainly(): Promise<Record<'correlation' | 'MOG2', Outcome[]>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sentinel-eval-'));
  try {
    const sized = await Promise.all(
      tasks.map(async ({ frame, baselines }) => {
        const { widthPx, heightPx } = await readPicture(frame);
        const { widthPx: width, heightPx: height } = workingSizeOf(widthPx, heightPx);
        return { frame, baselines, width, height };
      }),
    );
    const [asked, answered] = [path.join(folder, 'tasks.json'), path.join(folder, 'heat')];
    await writeFile(asked, JSON.stringify(sized));
    await promisify(execFile)('/usr/bin/python3', [CLASSICAL, asked, answered]);
    const bytes = await readFile(answered);
    const found = { correlation: [] as Outcome[], MOG2: [] as Outcome[] };
    let at = 0;
    for (const [index, task] of tasks.entries()) {
      const { width, height } = sized[index]!;
      const [w, h] = [width / GRID_SHARE, height / GRID_SHARE];
      for (const method of ['correlation', 'MOG2'] as const) {
        const heat = Float32Array.from(bytes.subarray(at, at + w * h), (value) => value / 255);
        at += w * h;
        const regions = regionsOf({ widthPx: w, heightPx: h, values: heat }, 0);
        found[method].push(outcomeOf(task.view, task.frame, regions, await marks(task)));
      }
    }
    return found;
  } finally {
    await rm(folder, { recursive: true });
  }
}

// --- figures -----------------------------------------------------------------------------------------------------------

const started = process.cpuUsage();
const eye = await openEye({ modelDir: MODELS, threads: 1 });
const byWay: Record<string, Outcome[]> = { eye: await judgeByEye(eye) };
await eye.close();
const { user } = process.cpuUsage(started);
if (values.plain) Object.assign(byWay, await judgePlainly());

const of = (way: string, k: number): Outcome[] => byWay[way]!.filter((_, index) => tasks[index]!.k === k);
const round = (value: number): number => Math.round(value * 1000) / 1000;
const figures: Record<string, unknown> = {
  seed: Number(values.seed),
  draws: Number(values.draws),
  model: eye.modelSha256,
};
for (const way of Object.keys(byWay)) {
  for (const k of ks) {
    const outcomes = of(way, k);
    const refused = outcomes.filter((outcome) => outcome.refused !== undefined).length;
    const points = RATES.map((rate) => ({ rate, ...pointAt(outcomes, rate) }));
    const structures = outcomes.reduce((sum, { foundAt }) => sum + foundAt.length, 0);
    const unchanged = outcomes.filter(({ changed }) => !changed).length;
    figures[`${way}, K = ${k}`] = { structures, unchanged, refused, points };
    console.log(`\n${way}, K = ${k}: ${structures} structures, ${unchanged} unchanged pictures, ${refused} refused`);
    for (const { rate, score, recall, f1 } of points) {
      console.log(
        `  ${(rate * 100).toFixed(0).padStart(3)} % false alarms: score ${score.toFixed(3)}, recall ${recall.toFixed(3)}, pixel F1 ${f1.toFixed(3)}`,
      );
    }
    if (way !== 'eye' || k !== BAR_K) continue;
    const five = points.find(({ rate }) => rate === 0.05)!;
    console.log(`  at 5 %, by view: recall ${inWords(five.recallByView)}`);
    console.log(`                   alarms ${inWords(five.alarmsByView)}`);
  }
}
console.log(
  `\nCPU ${((user / 1e6 / tasks.length) * 1000).toFixed(0)} ms for each judged picture, reading and encoding included`,
);

await mkdir(values.out, { recursive: true });
await writeFile(
  path.join(values.out, 'figures.json'),
  JSON.stringify(figures, (_, value: unknown) => (typeof value === 'number' ? round(value) : value), 1),
);
await drawCurves();
await drawWorst();

if (values.bars) {
  for (const [rate, bar] of Object.entries(BARS)) {
    const { recall } = pointAt(of('eye', BAR_K), Number(rate));
    if (recall >= bar) continue;
    console.error(`recall ${recall.toFixed(3)} at ${Number(rate) * 100} % false alarms is under ${bar}`);
    process.exitCode = 1;
  }
}

function inWords(byView: Point['recallByView']): string {
  return Object.entries(byView)
    .map(([view, share]) => `${view} ${share.toFixed(2)}`)
    .join(', ');
}

async function drawCurves(): Promise<void> {
  const colours = ['#9cc4e4', '#4b93c9', '#c0392b', '#1f5c8b'];
  const swept = (outcomes: readonly Outcome[]): [number, number][] => {
    const scores = new Set(outcomes.map(({ regions }) => regions[0]?.score ?? 0));
    const points = [...scores].sort((a, b) => b - a).map((score) => pointOf(outcomes, score));
    return points.map(({ falseAlarms, recall }) => [Math.max(falseAlarms, 0.005), recall]);
  };
  const curves: Curve[] = ks.map((k, index) => ({
    name: `eye, K = ${k}`,
    colour: colours[index % colours.length]!,
    points: swept(of('eye', k)),
  }));
  if (values.plain && ks.includes(BAR_K)) {
    for (const [way, colour] of [
      ['correlation', '#777777'],
      ['MOG2', '#b08d57'],
    ] as const) {
      curves.push({ name: `${way}, K = ${BAR_K}`, colour, dashed: true, points: swept(of(way, BAR_K)) });
    }
  }
  const percent = (value: number): string => `${(value * 100).toFixed(value < 0.01 ? 1 : 0)} %`;
  await drawChart(
    {
      title: `${new Set(positionals).size} fixed cameras, one look`,
      across: {
        title: 'unchanged pictures with any region',
        marks: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
        label: percent,
        logarithmic: true,
      },
      up: { title: 'marked structures found', marks: [0, 0.2, 0.4, 0.6, 0.8, 1], label: percent },
      curves,
    },
    path.join(values.out, 'curves.png'),
  );
}

/** Each picture once: the structures missed by most, and the alarms that score highest. */
async function drawWorst(): Promise<void> {
  const k = ks.includes(BAR_K) ? BAR_K : ks[0]!;
  const outcomes = of('eye', k);
  const { score } = pointAt(outcomes, 0.05);
  const masks = new Map(tasks.flatMap(({ frame, mask }) => (mask === undefined ? [] : [[frame, mask] as const])));
  const once = (list: Outcome[]): Outcome[] =>
    [...new Map(list.reverse().map((one) => [one.frame, one])).values()].reverse().slice(0, WORST);
  const lowest = ({ foundAt }: Outcome): number => Math.min(...foundAt);
  const shown = ({ regions }: Outcome): Outcome['regions'] => regions.filter((region) => region.score > score);
  const missed = once(
    outcomes
      .filter(({ changed, foundAt }) => changed && foundAt.some((at) => at <= score))
      .sort((a, b) => lowest(a) - lowest(b)),
  );
  await drawSheet(
    missed.map((outcome) => ({
      picture: outcome.frame,
      regions: shown(outcome),
      ...(masks.has(outcome.frame) && { mask: masks.get(outcome.frame)! }),
      words: `${outcome.view}: ${outcome.refused ?? outcome.foundAt.map((at) => at.toFixed(2)).join(', ')}`,
    })),
    path.join(values.out, 'sheet-misses.jpg'),
  );
  const top = ({ regions }: Outcome): number => regions[0]?.score ?? 0;
  const alarms = once(
    outcomes.filter((outcome) => !outcome.changed && top(outcome) > score).sort((a, b) => top(b) - top(a)),
  );
  await drawSheet(
    alarms.map((outcome) => ({
      picture: outcome.frame,
      regions: shown(outcome),
      words: `${outcome.view}: ${top(outcome).toFixed(3)}`,
    })),
    path.join(values.out, 'sheet-alarms.jpg'),
  );
}
