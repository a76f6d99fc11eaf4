/** What the running parts tell of themselves: whether each can do its work, and what the page of health is handed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { problemOf, SentinelError } from './base/errors.ts';
import { untranslated, type Said } from './base/said.ts';
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

const NO_FFMPEG: Said = {
  en: 'not on the path: streams that browsers cannot play, such as H.265, are not shown live',
  zh: '未安装：浏览器不能播放的码流（如 H.265）无法实时显示',
};

export async function readiness(
  uiDir: string,
  { db, queue, space, serverClock }: WholeStanding,
  keeping: LogKeeping,
): Promise<ReadinessCheck[]> {
  const check = async (name: string, ask: () => Promise<Said>): Promise<ReadinessCheck> => {
    try {
      return { name, ok: true, detail: await ask() };
    } catch (thrown) {
      return { name, ok: false, detail: saidOf(thrown) };
    }
  };
  return Promise.all([
    check('database', async () => {
      const { cameras } = await db
        .selectFrom('camera')
        .select((eb) => eb.fn.countAll<number>().as('cameras'))
        .executeTakeFirstOrThrow();
      return { en: `${cameras} cameras`, zh: `${cameras} 台摄像机` };
    }),
    check('queue', async () => {
      const { waiting, active, failed } = await queue.depth();
      return {
        en: `${waiting} waiting, ${active} active, ${failed} failed`,
        zh: `等待 ${waiting}，进行中 ${active}，失败 ${failed}`,
      };
    }),
    Promise.resolve({ name: 'clock', ok: true, detail: clockDetail(serverClock.state) }),
    Promise.resolve({ name: 'store', ok: space.state !== 'out', detail: space.detail }),
    Promise.resolve(keeping.readiness()),
    // Without it nothing else suffers, so it is told and no more.
    findFfmpeg().then((file) => ({ name: 'ffmpeg', ok: true, detail: file ? untranslated(file) : NO_FFMPEG })),
    check('pages', async () => {
      await readFile(path.join(uiDir, 'index.html'));
      return { en: 'built', zh: '已构建' };
    }),
  ]);
}

function clockDetail(state: WholeStanding['serverClock']['state']): Said {
  if (state?.synchronised === null || state === null) {
    return { en: 'it cannot be told whether it is kept right', zh: '无法得知是否已校时' };
  }
  if (!state.synchronised) return { en: 'nothing keeps it right', zh: '未校时' };
  const source = state.source ?? '';
  return { en: `kept right (${source})`, zh: `已校时（${source}）` };
}

function saidOf(thrown: unknown): Said {
  if (thrown instanceof SentinelError) return { en: thrown.messageIn('en'), zh: thrown.messageIn('zh') };
  return untranslated(problemOf(thrown));
}
