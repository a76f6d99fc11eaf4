/** The alerts of the wall, kept as they change: handed over after each event, and fetched after every loss of the line. */
import { onBeforeUnmount, shallowReactive, shallowReadonly } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';
import { ALERT_EVENTS, type AlertList } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { keepSame } from '../keep-same.ts';
import { onAlerts, onHappened, onReset } from '../live.ts';
import { putOffBeat, setServerTime } from '../now.ts';

/** Being seen again raises no event, and is part of what a card says. */
const AGAIN_MS = 30_000;
const RETRY_MS = 2_000;

/** What is not handed over by then is fetched. */
const HANDED_WITHIN_MS = 2_000;

export function useAlerts() {
  const state = shallowReactive({
    list: undefined as AlertList | undefined,
    problem: undefined as ApiProblem | undefined,
  });
  let isLoading = false;
  /** The newest event that was heard of, and the newest that a list which was handed over knows of. */
  let heard = 0;
  let handedAfter = 0;
  let waiting: Timer | undefined;
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
      const handedBefore = handedAfter;
      const list = await api.alerts(after);
      if (isOver) return;
      setServerTime(list.serverTime, systemClock.nowMs() - askedAtMs);
      // What was handed over meanwhile is newer.
      if (handedAfter === handedBefore) show(list);
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

  function show(list: AlertList): void {
    state.list = { ...list, items: keepSame(state.list?.items, list.items, ({ id }) => id) };
    state.problem = undefined;
  }

  const stops = [
    onAlerts((list, after) => {
      handedAfter = after;
      show(list);
      if (after < heard) return;
      waiting?.cancel();
      waiting = undefined;
    }),
    onHappened(({ id, kind }) => {
      if (!ALERT_EVENTS.has(kind)) return;
      putOffBeat();
      heard = id;
      waiting ??= systemClock.after(HANDED_WITHIN_MS, () => {
        waiting = undefined;
        void load(heard);
      });
    }),
    onReset(() => void load(0)),
  ];
  const again = systemClock.every(AGAIN_MS, () => void load(0));
  onBeforeUnmount(() => {
    isOver = true;
    again.cancel();
    retry?.cancel();
    waiting?.cancel();
    for (const stop of stops) stop();
  });
  void load(0);
  return { alerts: shallowReadonly(state), load };
}
