/**
 * `npm run bench:fitness -- [DIR …]`: how well what cannot be judged is told from what can, and how well a picture that
 * moved is put back. On the simulated estate's recordings, spoiled and moved by known amounts; with folders of pictures
 * from fixed cameras (`*.jpg`, one camera a folder) on those instead.
 *
 *   --seed N     of all that is drawn (1)
 *   --each N     pictures of each kind from each place (3)
 *   --out FILE   JSON (var/bench/fitness.json)
 *
 * Judges nothing by itself: ends with exit code 0.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { digestOf, type Picture } from '../../../src/base/picture.ts';
import { HealthTracker } from '../../../src/camera/camera.ts';
import { workingSizeOf } from '../../../src/comparison/comparison.ts';
import { thumbnailOf } from '../../../src/comparison/gate.ts';
import { judgeable, type KnownPicture } from '../../../src/comparison/judgeable.ts';
import { poseOf, posePictureOf } from '../../../src/comparison/pose.ts';
import { resampled, type Motion } from '../../../src/comparison/resample.ts';
import { readPicture } from '../../../src/drivers/codec/codec.ts';
import { LIGHTINGS } from '../../../src/simulator/schedule.ts';
import { readDemoEstate } from '../../../src/simulator/simulator.ts';
import { Recordings } from '../../support/recordings.ts';
import { mapped, noisy, seeded, windowOf } from '../../support/scenery.ts';
import { JUDGEABLE, SPOILERS } from './spoiled.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const LOOK = [640, 360] as const;
/** Share of a large picture that a window shows; the rest is what a moved one brings in. */
const WINDOW = 0.78;
const KNOWN = 4;
const MOST_PICTURES = 24;

const { values: flags, positionals: dirs } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    each: { type: 'string', default: '3' },
    out: { type: 'string', default: 'var/bench/fitness.json' },
  },
});
const each = Number(flags.each);
const random = seeded(Number(flags.seed));

/** One fixed camera: large pictures of it in different light. */
interface Place {
  readonly name: string;
  readonly pictures: readonly Picture[];
}

const places = dirs.length > 0 ? await photographed(dirs) : await recorded();

async function photographed(folders: readonly string[]): Promise<Place[]> {
  return Promise.all(
    folders.map(async (folder) => {
      const names = (await readdir(folder)).filter((name) => /\.(jpe?g|png)$/i.test(name)).sort();
      if (names.length === 0) throw new Error(`no pictures in ${folder}`);
      const step = Math.max(1, names.length / MOST_PICTURES);
      const chosen = names.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
      const pictures = await Promise.all(chosen.map((name) => readPicture(path.join(folder, name))));
      return { name: path.basename(folder), pictures };
    }),
  );
}

async function recorded(): Promise<Place[]> {
  const recordings = new Recordings();
  const { cameras } = await readDemoEstate(path.join(ROOT, 'config/estate.demo.yaml'));
  const found: Place[] = [];
  for (const { scene } of cameras) {
    recordings.addScene(scene);
    const pictures: Picture[] = [];
    for (const lighting of LIGHTINGS) {
      for (const index of [0, 1]) {
        pictures.push(
          await recordings.picture(scene, { lighting, state: 'plain' }, index, '2026-06-01 08:00:00', 'main'),
        );
      }
    }
    found.push({ name: scene, pictures });
  }
  await recordings.close();
  return found;
}

// --- fitness ---------------------------------------------------------------------------------------------------------

const size = workingSizeOf(...LOOK);
const knownOf = (picture: Picture): KnownPicture => {
  const working = resampled(picture, size.widthPx, size.heightPx);
  return { posePicture: posePictureOf(working), thumbnail: thumbnailOf(working) };
};
const seen = (picture: Picture, motion?: Motion): Picture => windowOf(picture, LOOK, WINDOW, motion);

interface Told {
  readonly made: string;
  readonly said: string;
  readonly place: string;
}
const told: Told[] = [];

function judge(place: string, made: string, picture: Picture, known: readonly KnownPicture[]): void {
  const answer = judgeable(picture, size, known);
  told.push({ made, said: answer.judged ? 'judged' : answer.reason, place });
}

/** Beyond what can be judged, one way or both. */
function farMotion(): Motion {
  const far = (): number => (0.095 + random() * 0.02) * (random() < 0.5 ? -1 : 1);
  const near = (): number => (random() - 0.5) * 0.1;
  return random() < 0.5 ? { dx: far(), dy: near(), zoom: 1 } : { dx: near(), dy: far(), zoom: 1 };
}

for (const [index, { name, pictures }] of places.entries()) {
  const known = pictures.filter((_, at) => at % Math.max(1, Math.floor(pictures.length / KNOWN)) === 0).slice(0, KNOWN);
  const past = known.map((picture) => knownOf(seen(picture)));
  const others = places[(index + 1) % places.length]?.pictures ?? [];
  for (let round = 0; round < each; round++) {
    const source = pictures[Math.floor(random() * pictures.length)] as Picture;
    const plain = seen(source);
    for (const [kind, change] of Object.entries(JUDGEABLE))
      judge(name, `judgeable: ${kind}`, change(plain, random), past);
    for (const [reason, spoil] of Object.entries(SPOILERS)) judge(name, reason, spoil(plain, random), past);
    judge(name, 'pose', noisy(seen(source, farMotion()), 2, round), past);
    const other = others[Math.floor(random() * others.length)];
    if (other && places.length > 1) judge(name, 'pose: another camera', seen(other), past);
  }
  // Every picture as it is.
  for (const picture of pictures) judge(name, 'judgeable: as it is', seen(picture), past);
}

/** A frozen camera sends one picture for ever while its clock runs; a still scene has noise of its own each time. */
function frozen(picture: Picture, isStuck: boolean, seed: number): boolean {
  const tracker = new HealthTracker({ offlineAfterS: 60, frozenAfterS: 60, clockLimitMs: 5_000 } as never, 0);
  for (let atS = 0; atS <= 90; atS += 10) {
    const now = isStuck ? picture : noisy(picture, 1, seed + atS);
    tracker.frame(atS * 1000, { digest: digestOf(now), codec: 'h264', widthPx: now.widthPx, heightPx: now.heightPx });
  }
  return tracker.health.state === 'frozen';
}
for (const [index, { name, pictures }] of places.entries()) {
  const picture = seen(pictures[0] as Picture);
  told.push({ made: 'frozen', said: frozen(picture, true, index) ? 'frozen' : 'judged', place: name });
  told.push({ made: 'judgeable: still', said: frozen(picture, false, index) ? 'frozen' : 'judged', place: name });
}

const reasons = [...Object.keys(SPOILERS), 'pose', 'frozen'];
const reasonOf = (made: string): string => (made.startsWith('judgeable') ? 'judged' : made.replace(/:.*/, ''));
const table = [...reasons, 'judged'].map((reason) => {
  const made = told.filter((one) => reasonOf(one.made) === reason);
  const said = told.filter((one) => one.said === reason);
  const right = said.filter((one) => reasonOf(one.made) === reason);
  return {
    reason,
    made: made.length,
    recall: right.length / made.length,
    /** Not judged, for whatever reason: none of them may pass as unchanged. */
    heldBack: made.filter((one) => one.said !== 'judged').length / made.length,
    precision: said.length === 0 ? null : right.length / said.length,
  };
});

// --- pose ------------------------------------------------------------------------------------------------------------

interface Registered {
  readonly kind: string;
  readonly state: string;
  readonly errorPx: number;
}
const registered: Registered[] = [];

/** Mean distance, in pixels of a look, between where the picture's quarters are put and where they are. */
function errorOf(found: Motion, true_: Motion): number {
  const corners = [-0.35, 0.35].flatMap((x) => [-0.35, 0.35].map((y) => [x, y] as const));
  const distances = corners.map(([x, y]) =>
    Math.hypot(
      (found.zoom * x + found.dx - true_.zoom * x - true_.dx) * LOOK[0],
      (found.zoom * y + found.dy - true_.zoom * y - true_.dy) * LOOK[1],
    ),
  );
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
}

const within = (most: number): number => (random() * 2 - 1) * most;
const MOTIONS: Readonly<Record<string, () => Motion>> = {
  still: () => ({ dx: 0, dy: 0, zoom: 1 }),
  'shift to 8 %': () => ({ dx: within(0.08), dy: within(0.08), zoom: 1 }),
  'zoom to 3 %': () => ({ dx: 0, dy: 0, zoom: 1 + within(0.03) }),
  both: () => ({ dx: within(0.08), dy: within(0.08), zoom: 1 + within(0.03) }),
};
const LIGHT: Readonly<Record<string, (picture: Picture) => Picture>> = {
  'same light': (picture) => noisy(picture, 2, Math.floor(random() * 1e6)),
  'other exposure': (picture) => {
    const gain = 0.5 + random();
    return noisy(
      mapped(picture, (value) => value * gain),
      2,
      Math.floor(random() * 1e6),
    );
  },
};

for (const { pictures } of places) {
  for (let round = 0; round < each; round++) {
    for (const [kind, motionOf] of Object.entries(MOTIONS)) {
      const source = pictures[Math.floor(random() * pictures.length)] as Picture;
      const reference = posePictureOf(resampled(seen(source), size.widthPx, size.heightPx));
      for (const [light, change] of Object.entries(LIGHT)) {
        const motion = motionOf();
        register(`${kind}, ${light}`, change(seen(source, motion)), reference, motion);
      }
      // Another picture of the same camera: other light, other passers-by.
      const other = pictures[Math.floor(random() * pictures.length)] as Picture;
      const motion = motionOf();
      register(`${kind}, other picture`, seen(other, motion), reference, motion);
    }
  }
}

function register(kind: string, picture: Picture, reference: Uint8Array, motion: Motion): void {
  const pose = poseOf(posePictureOf(resampled(picture, size.widthPx, size.heightPx)), [reference]);
  registered.push({ kind, state: pose.state, errorPx: errorOf(pose.motion, motion) });
}

const quantile = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
const poses = [...new Set(registered.map(({ kind }) => kind))].map((kind) => {
  const all = registered.filter((one) => one.kind === kind);
  const sure = all.filter(({ state }) => state === 'told');
  const errors = sure.map(({ errorPx }) => errorPx).sort((a, b) => a - b);
  return {
    kind,
    pictures: all.length,
    told: sure.length / all.length,
    moved: all.filter(({ state }) => state === 'moved').length / all.length,
    medianPx: quantile(errors, 0.5),
    p95Px: quantile(errors, 0.95),
    withinTwoPx: errors.filter((error) => error < 2).length / Math.max(1, errors.length),
  };
});

// --- the report ------------------------------------------------------------------------------------------------------

const out = path.resolve(ROOT, flags.out);
await mkdir(path.dirname(out), { recursive: true });
const wrong = told.filter(({ made, said }) => reasonOf(made) !== said);
await writeFile(
  out,
  `${JSON.stringify({ places: places.map(({ name }) => name), table, poses, wrong }, undefined, 2)}\n`,
);

const percent = (share: number | null): string => (share === null ? '–' : `${(share * 100).toFixed(1)} %`).padStart(9);
const px = (value: number | null): string => (value === null ? '–' : value.toFixed(2)).padStart(8);
process.stdout.write(
  [
    `${places.length} places, ${told.length} pictures judged, ${registered.length} registered\n\n`,
    `${'reason'.padEnd(14)}${'made'.padStart(6)}${'recall'.padStart(9)}${'held back'.padStart(11)}${'precision'.padStart(11)}\n`,
    ...table.map(
      ({ reason, made, recall, heldBack, precision }) =>
        `${reason.padEnd(14)}${String(made).padStart(6)}${percent(recall)}${percent(reason === 'judged' ? null : heldBack).padStart(11)}${percent(precision).padStart(11)}\n`,
    ),
    `\n${'motion'.padEnd(32)}${'told'.padStart(9)}${'refused'.padStart(9)}${'median'.padStart(8)}${'p95 px'.padStart(8)}${'< 2 px'.padStart(9)}\n`,
    ...poses.map(
      ({ kind, told: share, moved, medianPx, p95Px, withinTwoPx }) =>
        `${kind.padEnd(32)}${percent(share)}${percent(moved)}${px(medianPx)}${px(p95Px)}${percent(withinTwoPx)}\n`,
    ),
    ...(wrong.length > 0 ? [`\n${wrong.length} said otherwise; the first:\n`] : []),
    ...wrong.slice(0, 12).map(({ made, said, place }) => `  ${place}: ${made}, said ${said}\n`),
  ].join(''),
);
