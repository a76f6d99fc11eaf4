/**
 * What a page fetches whole and keeps fresh: by what happens, gathered for a moment, and by the clock while somebody looks,
 * since last looks move all the time and no event tells of each. Never twice at once: what is asked for meanwhile is
 * fetched once more afterwards.
 */
import { onBeforeUnmount, reactive } from 'vue';
import { systemClock, type Timer } from '../base/clock.ts';
import { asProblem, type ApiProblem } from './api.ts';
import { onHappened, onReset } from './live.ts';

export interface FreshRules {
  readonly refreshMs: number;
  /** How long events are gathered before it is fetched again. */
  readonly gatherMs: number;
  /** Whether an event of this kind concerns it. */
  readonly concerns: (kind: string) => boolean;
}

/**
 * For the setup of a component. The first fetch is the caller's to ask for.
 * @param fetch fetches and shows everything; what it throws is shown as `state.problem`
 */
export function useFresh(fetch: () => Promise<void>, { refreshMs, gatherMs, concerns }: FreshRules) {
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
      await fetch();
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
    gathering ??= systemClock.after(gatherMs, () => {
      gathering = undefined;
      void load();
    });
  }
  const refreshing = systemClock.every(refreshMs, () => {
    if (document.visibilityState === 'visible') void load();
  });
  const stops = [onHappened(({ kind }) => concerns(kind) && soon()), onReset(soon)];
  onBeforeUnmount(() => {
    for (const stop of stops) stop();
    refreshing.cancel();
    gathering?.cancel();
  });
  return { state, load };
}
