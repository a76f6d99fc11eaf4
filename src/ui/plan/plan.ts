/** A plan as a page holds it: fetched, and kept fresh by what happens to its cameras, their items, and itself. */
import { onBeforeUnmount, reactive, ref, watch, type Ref } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { PlanDetail } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { onHappened, onReset } from '../live.ts';
import type { Level } from './cluster.ts';

const GATHER_MS = 300;
/** Last looks move all the time and no event tells of each. */
const REFRESH_MS = 30_000;

export type Placed = PlanDetail['placed'][number];

export function levelOf({ enabled, safety, high, open, state, notJudged }: Placed): Level {
  if (safety > 0) return 'safety';
  if (high > 0) return 'high';
  if (open > 0) return 'open';
  if (!enabled) return 'off';
  if (state !== 'online' && state !== 'unknown') return 'faulty';
  return notJudged ? 'blind' : 'fine';
}

/** @param planId undefined shows the first there is */
export function usePlan(planId: Readonly<Ref<number | undefined>>) {
  const plan = ref<PlanDetail>();
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
      const id = planId.value ?? (await api.plans()).items[0]?.id;
      plan.value = id === undefined ? undefined : await api.plan(id);
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
  const refreshing = systemClock.every(REFRESH_MS, () => {
    if (document.visibilityState === 'visible') void load();
  });
  const stops = [
    onHappened(({ kind }) => {
      if (/^(?:candidate|camera|view|plan)\./.test(kind)) soon();
    }),
    onReset(soon),
  ];
  onBeforeUnmount(() => {
    for (const stop of stops) stop();
    refreshing.cancel();
    gathering?.cancel();
  });
  watch(
    planId,
    () => {
      state.isLoaded = false;
      plan.value = undefined;
      void load();
    },
    { immediate: true },
  );
  return { plan, state, load };
}
