/**
 * The queue as the page holds it. What arrives waits beside the list until the reviewer asks for it, and what others
 * decide stays where it stood, marked: nothing moves under the reviewer's hands.
 */
import { computed, onBeforeUnmount, reactive, ref, watch, type Ref } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { Candidate } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { onHappened, onReset } from '../live.ts';
import { matches, orderOf, queryOf, type QueueFilter } from './filter.ts';
import { compareIn, mergedIn } from './order.ts';

/** Events within this span are answered by one round of requests. */
const GATHER_MS = 250;
/** More changed items than this at once, and the list is fetched anew instead of one by one. */
const FETCHED_ONE_BY_ONE = 20;
/** No event tells of a further sighting, and an event may be lost: so the head of the list is read again now and then. */
const RENEW_MS = 20_000;
/** Rows that one list may grow to by "load more"; the filter finds what lies deeper. */
const ROWS_MOST = 1_000;

export function useQueue(filter: Ref<QueueFilter>, onChanged: (candidateId: number) => void) {
  const items = ref<Candidate[]>([]);
  const fresh = ref<Candidate[]>([]);
  const next = ref<string | null>(null);
  const state = reactive<{ loading: 'first' | 'more' | 'none'; problem: ApiProblem | undefined }>({
    loading: 'first',
    problem: undefined,
  });
  let request = new AbortController();

  async function load(): Promise<void> {
    request.abort();
    request = new AbortController();
    const { signal } = request;
    state.loading = 'first';
    state.problem = undefined;
    try {
      const page = await api.candidates(queryOf(filter.value), signal);
      items.value = page.items;
      fresh.value = [];
      next.value = page.next;
    } catch (thrown) {
      if (signal.aborted) return;
      state.problem = asProblem(thrown);
    }
    state.loading = 'none';
  }

  async function more(): Promise<void> {
    if (state.loading !== 'none' || next.value === null || items.value.length >= ROWS_MOST) return;
    const { signal } = request;
    state.loading = 'more';
    try {
      const page = await api.candidates({ ...queryOf(filter.value), cursor: next.value }, signal);
      const known = new Set(items.value.map((item) => item.id));
      items.value.push(...page.items.filter((item) => !known.has(item.id)));
      next.value = page.next;
    } catch (thrown) {
      if (signal.aborted) return;
      state.problem = asProblem(thrown);
    }
    state.loading = 'none';
  }

  /** Puts an item's present state in place of what is shown of it, or lets it wait if it is new here. */
  function put(candidate: Candidate): void {
    const at = items.value.findIndex((item) => item.id === candidate.id);
    if (at >= 0) {
      items.value[at] = candidate;
      return;
    }
    fresh.value = fresh.value.filter((item) => item.id !== candidate.id);
    if (!matches(filter.value, candidate)) return;
    fresh.value.push(candidate);
    fresh.value.sort(compareIn(orderOf(filter.value)));
    if (items.value.length === 0) showFresh();
  }

  function showFresh(): void {
    const order = orderOf(filter.value);
    const last = items.value.at(-1);
    // What belongs further down than was read is read there.
    const within = fresh.value.filter(
      (candidate) => next.value === null || !last || compareIn(order)(candidate, last) < 0,
    );
    items.value = mergedIn(order, items.value, within);
    fresh.value = [];
  }

  /** @returns where the item stood, or -1 */
  function take(candidateId: number): number {
    const at = items.value.findIndex((item) => item.id === candidateId);
    if (at >= 0) items.value.splice(at, 1);
    fresh.value = fresh.value.filter((item) => item.id !== candidateId);
    return at;
  }

  function putBack(candidate: Candidate, at: number): void {
    take(candidate.id);
    items.value.splice(Math.min(Math.max(at, 0), items.value.length), 0, candidate);
  }

  const told = new Set<number>();
  let gathering: Timer | undefined;

  async function fetchTold(): Promise<void> {
    gathering = undefined;
    const ids = [...told];
    told.clear();
    if (ids.length > FETCHED_ONE_BY_ONE) {
      await renew();
      return;
    }
    for (const id of ids) {
      try {
        put(await api.candidate(id));
        onChanged(id);
      } catch {
        // It cannot be read at this moment; the row stays as it was and the connection's state says why.
      }
    }
  }

  /** Reads the head of the list again without taking away what is being looked at. */
  async function renew(): Promise<void> {
    if (state.problem || items.value.length === 0) {
      await load();
      return;
    }
    try {
      const { signal } = request;
      const page = await api.candidates(queryOf(filter.value), signal);
      if (signal.aborted) return;
      for (const candidate of [...page.items].reverse()) put(candidate);
      const listed = new Set(page.items.map((item) => item.id));
      const last = page.next === null ? undefined : page.items.at(-1);
      const compare = compareIn(orderOf(filter.value));
      for (const item of items.value) if (!listed.has(item.id) && (!last || compare(item, last) < 0)) tell(item.id);
    } catch {
      // Still away: the next connection resets again.
    }
  }

  function tell(candidateId: number): void {
    told.add(candidateId);
    gathering ??= systemClock.after(GATHER_MS, () => void fetchTold());
  }

  const stopListening = onHappened(({ kind, data }) => {
    if (kind === 'candidate.raised' || kind === 'candidate.changed') {
      if (data.candidateId !== undefined) tell(data.candidateId);
    }
  });
  const stopResets = onReset(() => void renew());
  const renewing = systemClock.every(RENEW_MS, () => {
    if (document.visibilityState === 'visible' && state.loading === 'none') void renew();
  });
  onBeforeUnmount(() => {
    renewing.cancel();
    stopListening();
    stopResets();
    gathering?.cancel();
    request.abort();
  });
  watch(filter, () => void load(), { deep: true });

  return {
    items,
    fresh,
    state,
    hasMore: computed(() => next.value !== null && items.value.length < ROWS_MOST),
    load,
    more,
    put,
    showFresh,
    take,
    putBack,
  };
}

export type Queue = ReturnType<typeof useQueue>;
