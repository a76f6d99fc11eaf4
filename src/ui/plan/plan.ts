/** A plan as a page holds it: fetched, and kept fresh by what happens to its cameras, their items, and itself. */
import { ref, watch, type Ref } from 'vue';
import type { PlanDetail } from '../../web/contract.ts';
import { api } from '../api.ts';
import { useFresh } from '../fresh.ts';
import type { Level } from './cluster.ts';

const GATHER_MS = 300;
const REFRESH_MS = 30_000;

/** Pictures that a plan may be, as of HTML's `accept`. */
export const PLAN_FILES = 'image/png,image/jpeg,image/webp';

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
  const { state, load } = useFresh(
    async () => {
      const id = planId.value ?? (await api.plans()).items[0]?.id;
      plan.value = id === undefined ? undefined : await api.plan(id);
    },
    {
      ...{ refreshMs: REFRESH_MS, gatherMs: GATHER_MS },
      concerns: (kind) => /^(?:candidate|camera|view|plan)\./.test(kind),
    },
  );
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
