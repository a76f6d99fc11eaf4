/** What the running parts tell of themselves: whether each can do its work, and what the page of health is handed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { problemOf } from './base/errors.ts';
import { findFfmpeg } from './drivers/ffmpeg/ffmpeg.ts';
import type { LogKeeping } from './main-evidence.ts';
import { spaceRules, type WholeStanding } from './main-ground.ts';
import type { ReadinessCheck, SystemWatch } from './web/web.ts';

export function systemWatch({ config, blobs, queue, space }: WholeStanding): SystemWatch {
  return {
    queueDepth: () => queue.depth(),
    store: () => ({ state: space.state, space: space.space }),
    storeRules: spaceRules(config),
    countFiles: () => blobs.usage(),
  };
}

const NO_FFMPEG = 'not on the path: streams that browsers cannot play, such as H.265, are not shown live';

export async function readiness(
  uiDir: string,
  { db, queue, space, serverClock }: WholeStanding,
  keeping: LogKeeping,
): Promise<ReadinessCheck[]> {
  const check = async (name: string, ask: () => Promise<string>): Promise<ReadinessCheck> => {
    try {
      return { name, ok: true, detail: await ask() };
    } catch (thrown) {
      return { name, ok: false, detail: problemOf(thrown) };
    }
  };
  return Promise.all([
    check('database', async () => {
      const { cameras } = await db
        .selectFrom('camera')
        .select((eb) => eb.fn.countAll<number>().as('cameras'))
        .executeTakeFirstOrThrow();
      return `${cameras} cameras`;
    }),
    check('queue', async () => {
      const { waiting, active, failed } = await queue.depth();
      return `${waiting} waiting, ${active} active, ${failed} failed`;
    }),
    Promise.resolve({ name: 'clock', ok: true, detail: clockDetail(serverClock.state) }),
    Promise.resolve({ name: 'store', ok: space.state !== 'out', detail: space.detail }),
    Promise.resolve(keeping.readiness()),
    // Without it nothing else suffers, so it is told and no more.
    findFfmpeg().then((file) => ({ name: 'ffmpeg', ok: true, detail: file ?? NO_FFMPEG })),
    check('pages', async () => {
      await readFile(path.join(uiDir, 'index.html'));
      return 'built';
    }),
  ]);
}

function clockDetail(state: WholeStanding['serverClock']['state']): string {
  if (state?.synchronised === null || state === null) return 'it cannot be told whether it is kept right';
  return state.synchronised ? `kept right (${state.source ?? ''})` : 'nothing keeps it right';
}
