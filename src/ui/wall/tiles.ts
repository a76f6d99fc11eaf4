/** The tiles of a screen's grid, asked for again every few seconds and whenever a camera or a view changes. */
import { onBeforeUnmount, shallowReactive, shallowReadonly, watch } from 'vue';
import { systemClock } from '../../base/clock.ts';
import type { TileList } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { keepSame } from '../keep-same.ts';
import { onHappened, onReset } from '../live.ts';
import { setServerTime } from '../now.ts';
import { soon } from '../patrol/domes.ts';

const AGAIN_MS = 4_000;

const TELLING = ['camera.changed', 'view.changed', 'candidate.raised', 'alert.changed'];

export function useTiles(screen: () => number, version: () => number) {
  const state = shallowReactive({
    list: undefined as TileList | undefined,
    problem: undefined as ApiProblem | undefined,
  });
  let isLoading = false;

  async function load(): Promise<void> {
    if (isLoading || document.hidden) return;
    isLoading = true;
    const wanted = screen();
    try {
      const askedAtMs = systemClock.nowMs();
      const list = await api.screenTiles(wanted);
      setServerTime(list.serverTime, systemClock.nowMs() - askedAtMs);
      if (screen() === wanted) {
        state.list = { ...list, tiles: keepSame(state.list?.tiles, list.tiles, ({ cameraId }) => cameraId) };
        state.problem = undefined;
      }
    } catch (thrown) {
      state.problem = asProblem(thrown);
    } finally {
      isLoading = false;
    }
  }

  /** Nineteen of twenty screens have nothing to ask of what happens to one camera. */
  const isShown = (camera: number | undefined): boolean =>
    camera === undefined || !state.list || state.list.tiles.some(({ cameraId }) => cameraId === camera);
  const changed = soon(() => void load(), 500);
  const stops = [
    onHappened(({ kind, data }) => {
      if (TELLING.includes(kind) && isShown(data.cameraId)) changed.ask();
    }),
    onReset(() => void load()),
  ];
  const again = systemClock.every(AGAIN_MS, () => void load());
  watch([screen, version], () => void load(), { immediate: true });
  onBeforeUnmount(() => {
    again.cancel();
    changed.cancel();
    for (const stop of stops) stop();
  });
  return { tiles: shallowReadonly(state), load };
}
