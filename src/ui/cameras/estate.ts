/** All cameras and views, as the page holds them: fetched whole, kept fresh by events and, for the ages, by the clock. */
import { computed, onMounted, ref } from 'vue';
import type { Camera, View } from '../../web/contract.ts';
import { api, everything } from '../api.ts';
import { useFresh } from '../fresh.ts';
import { rowsOf } from './rows.ts';

const REFRESH_MS = 20_000;
const GATHER_MS = 500;

export function useEstate() {
  const cameras = ref<Camera[]>([]);
  const views = ref<View[]>([]);
  const { state, load } = useFresh(
    async () => {
      [cameras.value, views.value] = await Promise.all([everything(api.cameras), everything(api.views)]);
    },
    { refreshMs: REFRESH_MS, gatherMs: GATHER_MS, concerns: (kind) => kind !== 'candidate.changed' },
  );
  onMounted(load);
  return { rows: computed(() => rowsOf(cameras.value, views.value)), state, load };
}
