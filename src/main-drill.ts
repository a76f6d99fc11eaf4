/** The verb `drill`: which structures a view would find, tried on its own lawful pictures. */
import { parseArgs } from 'node:util';
import type { Clock } from './base/clock.ts';
import { SentinelError } from './base/errors.ts';
import type { Config } from './config.ts';
import { Judge, openEye } from './comparison/comparison.ts';
import {
  askDrills,
  cancelDrills,
  DRILL_KINDS,
  DRILL_LIGHTS,
  DrillWorker,
  readDrillsById,
  type Drill,
} from './drill/drill.ts';
import { openBlobs } from './drivers/blobs/blobs.ts';
import type { Db } from './drivers/postgres/postgres.ts';
import { placeOf, standOnDatabase } from './main-ground.ts';

const USAGE = `usage: sentinel drill --view VIEW [--view VIEW ...] [--json]
       sentinel drill --all [--json]

Draws structures of several kinds and sizes into each view's own lawful pictures and tells the smallest that would be
found by day, dusk and night, as a share of the picture. VIEW is a view's number or its camera's key.

  --all    every view that watches
  --json   one JSON object a view on standard output

A drill that was broken off is gone on with. Exit codes: 0 done, 1 failed or broken off, 2 wrong usage`;

const LOOKED_AFTER_MS = 500;

export async function drill(config: Config, args: readonly string[]): Promise<number> {
  const { views, json } = wishOf(args);
  const { db, clock, log, life } = await standOnDatabase(config, 'clerk');
  const closing = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => closing.abort(new Error(signal)));
  try {
    const viewIds = views && (await viewIdsOf(db, views));
    const blobs = await openBlobs({ ...placeOf(config.blobs), clock });
    const eye = await openEye({ modelDir: config.comparison.modelDir, threads: config.comparison.threads });
    try {
      const judge = new Judge({ ...{ db, blobs, eye, clock, log }, onJudged: async () => {} });
      const subjectOf = (viewId: number) => judge.subjectOf(viewId);
      const ids = await askDrills(db, viewIds, null, clock.nowMs());
      if (ids.length === 0) throw new SentinelError('config.usage', { problem: 'No such view has accepted pictures' });
      const worker = new DrillWorker({ ...{ db, blobs, eye, clock, log, subjectOf } });
      const ended = await untilEnded(worker, { db, clock, ids, signal: closing.signal });
      process.stdout.write(await linesOf(db, ended, json));
      return ended.every(({ state }) => state === 'done') ? 0 : 1;
    } finally {
      await eye.close();
    }
  } finally {
    await life.close();
  }
}

function wishOf(args: readonly string[]): { views: readonly string[] | undefined; json: boolean } {
  const usage = (problem: string): SentinelError =>
    new SentinelError('config.usage', { problem: `${problem}\n\n${USAGE}` });
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        view: { type: 'string', multiple: true, default: [] },
        all: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    }));
  } catch (thrown) {
    throw usage((thrown as Error).message);
  }
  if (values.all === values.view.length > 0) throw usage('Which views? --view VIEW, or --all');
  return { views: values.all ? undefined : values.view, json: values.json };
}

async function viewIdsOf(db: Db, names: readonly string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const name of names) {
    const rows = await db
      .selectFrom('view')
      .innerJoin('camera', 'camera.id', 'view.camera_id')
      .select('view.id')
      .where((eb) =>
        eb.or([eb('camera.key', '=', name), eb('view.id', '=', /^\d{1,9}$/.test(name) ? Number(name) : 0)]),
      )
      .execute();
    if (rows.length === 0) throw new SentinelError('config.usage', { problem: `There is no view or camera ${name}` });
    ids.push(...rows.map(({ id }) => id));
  }
  return ids;
}

/** Works, beside whoever else does, until all of them have ended. Told to stop, it breaks off what is still open. */
async function untilEnded(
  worker: DrillWorker,
  { db, clock, ids, signal }: { db: Db; clock: Clock; ids: readonly number[]; signal: AbortSignal },
): Promise<Drill[]> {
  const isOpen = ({ state }: Drill): boolean => state === 'waiting' || state === 'running';
  let told = '';
  const tell = (drills: readonly Drill[]): void => {
    const ended = drills.filter((one) => !isOpen(one)).length;
    const now = drills.find(({ state }) => state === 'running');
    const text = `${ended} of ${drills.length} views${now ? `, view ${now.viewId}: ${now.stepsDone} of ${now.steps} steps` : ''}`;
    if (text !== told) process.stderr.write(`${text}\n`);
    told = text;
  };
  const work = worker.work(signal, ids);
  const looking = new AbortController();
  const stop = AbortSignal.any([signal, looking.signal]);
  const watch = (async (): Promise<void> => {
    while (!stop.aborted) {
      tell(await readDrillsById(db, ids));
      await clock.sleep(LOOKED_AFTER_MS, stop).catch(() => undefined);
    }
  })();
  try {
    await work;
    // Others may have taken some of them.
    for (;;) {
      const drills = await readDrillsById(db, ids);
      tell(drills);
      if (!drills.some(isOpen)) return drills;
      if (signal.aborted) {
        const open = drills.filter(isOpen).map(({ viewId }) => viewId);
        await cancelDrills(db, open, null, clock.nowMs());
        continue;
      }
      await clock.sleep(LOOKED_AFTER_MS, signal).catch(() => undefined);
      await worker.work(signal, ids);
    }
  } finally {
    looking.abort();
    await watch;
  }
}

async function linesOf(db: Db, drills: readonly Drill[], json: boolean): Promise<string> {
  const names = await db
    .selectFrom('view')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .select(['view.id', 'view.name', 'camera.key'])
    .execute();
  return drills
    .map((one) => {
      const view = names.find(({ id }) => id === one.viewId);
      if (json) {
        const { viewId, state, findings, problem, conditions } = one;
        return `${JSON.stringify({ viewId, camera: view?.key, view: view?.name, state, problem, minScore: conditions?.minScore, findings })}\n`;
      }
      return tableOf(one, `${view?.key ?? ''} ${view?.name ?? ''}`.trim());
    })
    .join('');
}

function tableOf({ viewId, state, findings, conditions, problem }: Drill, name: string): string {
  const head = `view ${viewId} ${name}: ${state}${problem === null ? '' : ` (${problem})`}`;
  if (findings.length === 0) return `${head}\n`;
  const lights = DRILL_LIGHTS.filter((light) => findings.some((finding) => finding.light === light));
  const cell = (smallest: number | null | undefined): string =>
    smallest === undefined ? '–' : smallest === null ? 'none' : `${(smallest * 100).toFixed(1)} %`;
  const rows = DRILL_KINDS.map((kind) =>
    [
      kind.padEnd(12),
      ...lights.map((light) =>
        cell(findings.find((finding) => finding.light === light && finding.kind === kind)?.smallest).padStart(8),
      ),
    ].join(' '),
  );
  const titles = [''.padEnd(12), ...lights.map((light) => light.padStart(8))].join(' ');
  return `${head}, from score ${conditions?.minScore.toFixed(2) ?? ''}\n${titles}\n${rows.join('\n')}\n\n`;
}
