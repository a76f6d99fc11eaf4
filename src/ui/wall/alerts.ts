/** The alerts of the wall, kept as they change: fetched anew for each event, and after every loss of the line. */
import { onBeforeUnmount, shallowReactive, shallowReadonly } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { AlertList } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { keepSame } from '../keep-same.ts';
import { onHappened, onReset } from '../live.ts';
import { setServerTime } from '../now.ts';

/** Being seen again raises no event, and is part of what a card says. */
const AGAIN_MS = 30_000;
const RETRY_MS = 2_000;

const TELLING = ['candidate.raised', 'candidate.changed', 'alert.changed'];

export function useAlerts() {
  const state = shallowReactive({
    list: undefined as AlertList | undefined,
    problem: undefined as ApiProblem | undefined,
  });
  let isLoading = false;
  /** The newest event that the next answer must know of; set while one is under way, it is fetched again. */
  let wantedAfter: number | undefined;
  let isOver = false;
  let retry: Timer | undefined;

  async function load(after: number): Promise<void> {
    if (isLoading) {
      wantedAfter = Math.max(wantedAfter ?? 0, after);
      return;
    }
    isLoading = true;
    try {
      const askedAtMs = systemClock.nowMs();
      const list = await api.alerts(after);
      if (isOver) return;
      setServerTime(list.serverTime, systemClock.nowMs() - askedAtMs);
      state.list = { ...list, items: keepSame(state.list?.items, list.items, ({ id }) => id) };
      state.problem = undefined;
    } catch (thrown) {
      state.problem = asProblem(thrown);
      // What is shown stays; the line's own state says how old it may be.
      retry?.cancel();
      if (!isOver) retry = systemClock.after(RETRY_MS, () => void load(after));
    } finally {
      isLoading = false;
    }
    if (wantedAfter === undefined) return;
    const again = wantedAfter;
    wantedAfter = undefined;
    void load(again);
  }

  const stops = [
    onHappened(({ id, kind }) => {
      if (TELLING.includes(kind)) void load(id);
    }),
    onReset(() => void load(0)),
  ];
  const again = systemClock.every(AGAIN_MS, () => void load(0));
  onBeforeUnmount(() => {
    isOver = true;
    again.cancel();
    retry?.cancel();
    for (const stop of stops) stop();
  });
  void load(0);
  return { alerts: shallowReadonly(state), load };
}
