/** All cameras and views, as the page holds them: fetched whole, kept fresh by events and, for the ages, by the clock. */
import { computed, onBeforeUnmount, onMounted, reactive, ref } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { Camera, View } from '../../web/contract.ts';
import { api, asProblem, everything, type ApiProblem } from '../api.ts';
import { onHappened, onReset } from '../live.ts';
import { rowsOf } from './rows.ts';

/** Last looks move all the time and no event tells of each. */
const REFRESH_MS = 20_000;
const GATHER_MS = 500;

export function useEstate() {
  const cameras = ref<Camera[]>([]);
  const views = ref<View[]>([]);
  const state = reactive({ isLoaded: false, problem: undefined as ApiProblem | undefined });
  let isBusy = false;
  let isWanted = false;

  async function load(): Promise<void> {
    if (isBusy) {
      isWanted = true;
      return;
    }
    isBusy = true;
    try {
      [cameras.value, views.value] = await Promise.all([everything(api.cameras), everything(api.views)]);
      state.problem = undefined;
      state.isLoaded = true;
    } catch (thrown) {
      state.problem = asProblem(thrown);
    }
    isBusy = false;
    if (isWanted) {
      isWanted = false;
      await load();
    }
  }

  let gathering: Timer | undefined;
  function soon(): void {
    gathering ??= systemClock.after(GATHER_MS, () => {
      gathering = undefined;
      void load();
    });
  }

  const stops = [
    onHappened(({ kind }) => {
      if (kind !== 'candidate.changed') soon();
    }),
    onReset(soon),
  ];
  let refreshing: Timer | undefined;
  onMounted(() => {
    void load();
    refreshing = systemClock.every(REFRESH_MS, () => {
      if (document.visibilityState === 'visible') void load();
    });
  });
  onBeforeUnmount(() => {
    for (const stop of stops) stop();
    refreshing?.cancel();
    gathering?.cancel();
  });

  return { rows: computed(() => rowsOf(cameras.value, views.value)), state, load };
}
