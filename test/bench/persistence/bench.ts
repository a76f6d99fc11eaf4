/**
 * `npm run eval:persistence -- DIR...`: what the rule of persistence makes of real pictures. DIRs as for `npm run eval`.
 *
 * For each view and seed K = 8 lawful pictures are drawn; all other unchanged pictures are judged, and days of looks are
 * drawn from them in random order: each picture, with its light, its passers-by and its false regions, stays for a while
 * (the "hold", on average) before another one is drawn. Whatever is raised is a false candidate: at most one a place and day.
 * Where the view has series of a standing structure, days are drawn from those likewise, and the delay until it is raised is
 * measured from the first look.
 *
 *   --seeds N   draws of lawful pictures, each with a day for every rule and hold (6)
 *   --days N    days for each (4)
 *   --score S   regions of at least this score (the model's default)
 *   --every S   seconds between two looks (60)
 *   --pool N    unchanged pictures of a view that days are drawn from, at most (24)
 *   --out DIR   persistence.json, persistence.png (var/persistence)
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { persistenceOf } from '../../../src/candidate/candidate.ts';
import { openEye, type ComparisonResult } from '../../../src/comparison/comparison.ts';
import { cellsIn } from '../../../src/comparison/outline.ts';
import { readPicture } from '../../../src/drivers/codec/codec.ts';
import type { PersistenceRule } from '../../../src/drivers/postgres/schema.ts';
import { seeded } from '../../support/scenery.ts';
import { Encoder } from '../eye/encoder.ts';
import { readMarks } from '../eye/masks.ts';
import { drawChart } from '../eye/sheets.ts';
import { drawn, readView, type JudgedView } from '../eye/views.ts';
import { dayOf, Places, raisedAfter, raisedIn, stays } from './days.ts';

const MODELS = path.resolve(import.meta.dirname, '../../../models');
const K = 8;
const RULES: readonly PersistenceRule[] = [
  { found: 1, of: 1, spanS: 0 },
  { found: 3, of: 4, spanS: 300 },
  { found: 3, of: 4, spanS: 1200 },
  { found: 4, of: 5, spanS: 1200 },
  { found: 5, of: 6, spanS: 1800 },
  { found: 4, of: 5, spanS: 3600 },
  { found: 6, of: 8, spanS: 7200 },
  { found: 8, of: 10, spanS: 14_400 },
];
const HOLDS_S = [60, 600, 3600, 14_400];
const DAY_S = 86_400;
/** Of a structure this much must be covered by a region for it to be that place's. */
const COVERED = 0.25;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '6' },
    days: { type: 'string', default: '4' },
    score: { type: 'string' },
    every: { type: 'string', default: '60' },
    pool: { type: 'string', default: '24' },
    out: { type: 'string', default: 'var/persistence' },
  },
});
const everyS = Number(values.every);
const looksADay = Math.floor(DAY_S / everyS);

const eye = await openEye({ modelDir: MODELS, threads: 1 });
const minScore = values.score === undefined ? eye.defaultMinScore : Number(values.score);
const encoder = new Encoder(eye);

interface Tally {
  candidates: number;
  days: number;
  delaysS: number[];
  never: number;
}
const tallies = new Map<string, Tally>();
const tallyOf = (rule: PersistenceRule, holdS: number): Tally => {
  const key = `${inWords(rule)}, hold ${holdS}`;
  const kept = tallies.get(key) ?? { candidates: 0, days: 0, delaysS: [], never: 0 };
  tallies.set(key, kept);
  return kept;
};
const candidatesByView: Record<string, number> = {};

for (const view of positionals.map(readView)) {
  for (let seed = 0; seed < Number(values.seeds); seed++) await drawDays(view, seeded(seed * 7919 + 1));
  console.log(
    `${view.name}: ${(candidatesByView[view.name] ?? 0).toFixed(0)} false candidates over all rules and holds`,
  );
}
await eye.close();

async function drawDays(view: JudgedView, random: () => number): Promise<void> {
  const baselines = drawn(view.unchanged, Math.min(K, view.unchanged.length - 2), random);
  const rest = view.unchanged.filter((file) => !baselines.includes(file));
  const others = drawn(rest, Math.min(Number(values.pool), rest.length), random);
  const regions: ComparisonResult[] = [];
  for (const file of others) regions.push(await lookAt(view, file, baselines));
  const places = new Places(
    regions.map((result) => (result.judged ? result.regions.map(({ polygon }) => polygon) : [])),
  );

  const standing: Uint8Array[] = [];
  for (const series of view.standing) {
    const usable = series.filter(({ of }) => of === undefined || !baselines.includes(of));
    const shows: number[] = [];
    for (const { image, mask } of usable) {
      const result = await lookAt(view, image, baselines);
      const marks = await readMarks(mask, image);
      const size = marks.labels.reduce((sum, label) => sum + (label > 0 ? 1 : 0), 0);
      const found =
        result.judged &&
        result.regions.some(({ polygon }) => {
          const cells = cellsIn([polygon], marks.width, marks.height);
          return (
            cells.reduce((sum, inside, cell) => sum + (inside && marks.labels[cell]! > 0 ? 1 : 0), 0) > COVERED * size
          );
        });
      shows.push(found ? 1 : 0);
    }
    if (shows.length > 1) standing.push(Uint8Array.from(shows));
  }

  for (const holdS of HOLDS_S) {
    for (let count = 0; count < Number(values.days); count++) {
      const day = dayOf(others.length, looksADay, everyS, holdS, random);
      check(places, day);
      for (const rule of RULES) {
        const tally = tallyOf(rule, holdS);
        const raised = raisedIn(places, day, everyS, rule);
        tally.candidates += raised;
        tally.days++;
        candidatesByView[view.name] = (candidatesByView[view.name] ?? 0) + raised;
      }
      for (const shows of standing) {
        const there = dayOf(shows.length, looksADay, everyS, holdS, random);
        for (const rule of RULES) {
          const after = raisedAfter(shows, there, everyS, rule);
          if (after === undefined) tallyOf(rule, holdS).never++;
          else tallyOf(rule, holdS).delaysS.push(after * everyS);
        }
      }
    }
  }
}

async function lookAt(view: JudgedView, file: string, baselines: readonly string[]): Promise<ComparisonResult> {
  const encoded = await encoder.baselines(view.name, file, baselines);
  return eye.compare({ frame: await readPicture(file), baselines: encoded, ignore: [], minScore });
}

/** The short way must answer as the program's own rule does. */
function check(places: Places, day: Uint16Array): void {
  const rule = RULES[3]!;
  for (let look = 40; look < day.length; look += 97) {
    const [region] = places.regionsOf[day[look]!]!;
    if (region === undefined) continue;
    const quick = stays(places.shows[region]!, day, look, everyS, rule);
    const own = persistenceOf(places.polygon(region), places.looks(day, look, 100, everyS), rule).stays;
    if (!isDeepStrictEqual(quick, own))
      throw new Error(`look ${look}: the simulation says ${quick}, the program ${own}`);
  }
}

function inWords({ found, of, spanS }: PersistenceRule): string {
  return `${found} of ${of}, ${spanS / 60} min`;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

const rows = RULES.flatMap((rule) =>
  HOLDS_S.map((holdS) => {
    const { candidates, days, delaysS, never } = tallyOf(rule, holdS);
    const sorted = [...delaysS].sort((a, b) => a - b);
    return {
      rule: inWords(rule),
      holdMin: holdS / 60,
      candidatesPerCameraDay: candidates / Math.max(1, days),
      days,
      delayMedianMin: percentile(sorted, 0.5) / 60,
      delay90Min: percentile(sorted, 0.9) / 60,
      neverInADay: never / Math.max(1, never + delaysS.length),
    };
  }),
);
await mkdir(values.out, { recursive: true });
await writeFile(path.join(values.out, 'persistence.json'), JSON.stringify({ minScore, everyS, rows }, null, 1));
console.log(`\nregions of at least ${minScore}, a look every ${everyS} s`);
console.log('rule               hold min   false a camera-day   delay median / 90 % min   not within a day');
for (const row of rows) {
  console.log(
    [
      row.rule.padEnd(18),
      String(row.holdMin).padStart(8),
      row.candidatesPerCameraDay.toFixed(4).padStart(20),
      `${row.delayMedianMin.toFixed(0)} / ${row.delay90Min.toFixed(0)}`.padStart(25),
      row.neverInADay.toFixed(2).padStart(18),
    ].join(' '),
  );
}
const colours = ['#9cc4e4', '#4b93c9', '#1f5c8b', '#c0392b'];
await drawChart(
  {
    title: 'Rules of persistence: false candidates against the delay of a true one',
    across: {
      title: 'minutes until a standing structure is raised (median)',
      marks: [1, 5, 10, 20, 60, 120, 240, 480],
      label: String,
      logarithmic: true,
    },
    up: {
      title: 'false candidates a camera-day',
      marks: [0.001, 0.01, 0.02, 0.1, 1, 10],
      label: String,
      logarithmic: true,
    },
    curves: HOLDS_S.map((holdS, index) => ({
      name: `a picture stays ${holdS / 60} min`,
      colour: colours[index]!,
      dots: true,
      points: rows
        .filter((row) => row.holdMin === holdS / 60 && Number.isFinite(row.delayMedianMin))
        .map((row) => [Math.max(1, row.delayMedianMin), Math.max(0.001, row.candidatesPerCameraDay)] as const),
    })),
  },
  path.join(values.out, 'persistence.png'),
);
