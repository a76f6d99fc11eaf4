/** The tiles of a screen's grid, asked for again every few seconds and whenever a camera or a view changes. */
import { onBeforeUnmount, reactive, readonly, watch } from 'vue';
import { systemClock } from '../../base/clock.ts';
import type { TileList } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { onHappened, onReset } from '../live.ts';
import { setServerTime } from '../now.ts';
import { soon } from '../patrol/domes.ts';

const AGAIN_MS = 4_000;

export function useTiles(screen: () => number, version: () => number) {
  const state = reactive({
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
        state.list = list;
        state.problem = undefined;
      }
    } catch (thrown) {
      state.problem = asProblem(thrown);
    } finally {
      isLoading = false;
    }
  }

  const changed = soon(() => void load(), 500);
  const stops = [
    onHappened(({ kind }) => {
      if (kind === 'camera.changed' || kind === 'view.changed' || kind === 'alert.changed') changed.ask();
      if (kind === 'candidate.raised') changed.ask();
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
  return { tiles: readonly(state), load };
}
