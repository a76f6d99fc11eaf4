/** The packages that were ordered, asked for again while one of them is being made; and what is chosen for the next. */
import { computed, reactive, readonly } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { Package, Snapshot } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';

const ASK_AGAIN_MS = 1_000;
const SHOWN = 50;

const state = reactive<{ items: Package[]; isLoaded: boolean; problem: ApiProblem | undefined }>({
  items: [],
  isLoaded: false,
  problem: undefined,
});
let again: Timer | undefined;
let watchers = 0;

const isUnderWay = ({ state: now }: Package): boolean => now === 'waiting' || now === 'working';
const busy = computed(() => state.items.filter(isUnderWay).length);

export const packages = readonly(reactive({ state, busy }));

export async function loadPackages(): Promise<void> {
  again?.cancel();
  try {
    state.items = (await api.packages({ limit: SHOWN })).items;
    state.problem = undefined;
  } catch (thrown) {
    state.problem = asProblem(thrown);
  }
  state.isLoaded = true;
  if (watchers > 0 && (busy.value > 0 || state.problem)) {
    again = systemClock.after(ASK_AGAIN_MS, () => void loadPackages());
  }
}

/** Keeps the list fresh until the function it answers is called. */
export function watchPackages(): () => void {
  watchers++;
  void loadPackages();
  return () => {
    watchers--;
    if (watchers === 0) again?.cancel();
  };
}

// --- what is chosen --------------------------------------------------------------------------------------------------

const chosen = reactive(new Map<string, Snapshot>());
export const MOST_CHOSEN = 500;

export function useChoice() {
  return {
    chosen: readonly(chosen) as ReadonlyMap<string, Snapshot>,
    isChosen: (id: string): boolean => chosen.has(id),
    toggle(snapshot: Snapshot): void {
      if (!chosen.delete(snapshot.id) && chosen.size < MOST_CHOSEN) chosen.set(snapshot.id, snapshot);
    },
    add(snapshots: readonly Snapshot[]): void {
      for (const one of snapshots) if (chosen.size < MOST_CHOSEN) chosen.set(one.id, one);
    },
    clear: (): void => chosen.clear(),
  };
}
