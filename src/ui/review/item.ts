/** The one item being worked on: loading it, claiming it, judging it, taking a verdict back. */
import { computed, onBeforeUnmount, reactive, watch, type Ref } from 'vue';
import { systemClock } from '../../base/clock.ts';
import type { CandidateDetail, VerdictKind } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { i18n } from '../i18n.ts';
import { nowMs } from '../now.ts';
import { tell, tellProblem } from '../say.ts';
import { may, session } from '../session.ts';
import type { Queue } from './queue.ts';
import type { useUndo } from './undo.ts';

const RENEW_MS = 10_000;

interface ItemOptions {
  selectedId: Ref<number | undefined>;
  queue: Queue;
  undo: ReturnType<typeof useUndo>;
  /** Whether a decided item leaves the list. */
  isOpenQueue: () => boolean;
  select: (candidateId: number | undefined) => void;
}

export function useItem({ selectedId, queue, undo, isOpenQueue, select }: ItemOptions) {
  const state = reactive({
    detail: undefined as CandidateDetail | undefined,
    problem: undefined as ApiProblem | undefined,
    /** Why the last claim or verdict was refused: usually that somebody else was quicker. */
    conflict: undefined as ApiProblem | undefined,
    isBusy: false,
  });

  /** What the list knows is shown at once; the rest follows. */
  const shown = computed(() => {
    const id = selectedId.value;
    if (id === undefined) return undefined;
    return state.detail?.id === id ? state.detail : queue.items.value.find((item) => item.id === id);
  });

  async function load(): Promise<void> {
    const id = selectedId.value;
    state.detail = undefined;
    state.problem = undefined;
    state.conflict = undefined;
    if (id === undefined) return;
    try {
      const detail = await api.candidate(id);
      if (selectedId.value === id) state.detail = detail;
    } catch (thrown) {
      if (selectedId.value === id) state.problem = asProblem(thrown);
    }
  }

  /** Reads the item again and leaves what is shown in place meanwhile. */
  async function renew(): Promise<void> {
    const id = selectedId.value;
    if (id === undefined) return;
    try {
      const detail = await api.candidate(id);
      if (selectedId.value === id) state.detail = detail;
    } catch {
      // What is shown stays; the connection's state tells how old it may be.
    }
  }

  function accept(detail: CandidateDetail): void {
    if (selectedId.value === detail.id) state.detail = detail;
    queue.put(detail);
  }

  async function act(run: () => Promise<void>): Promise<void> {
    if (state.isBusy) return;
    state.isBusy = true;
    state.conflict = undefined;
    try {
      await run();
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.status === 409) {
        state.conflict = problem;
        await renew();
        if (state.detail) queue.put(state.detail);
      } else tellProblem(problem);
    } finally {
      state.isBusy = false;
    }
  }

  async function toggleClaim(): Promise<void> {
    const candidate = shown.value;
    if (!candidate || candidate.state !== 'open' || !may('candidates.judge')) return;
    const claim = candidate.claim;
    const isMine = claim !== null && claim.userId === session.me?.id && Date.parse(claim.until) > nowMs.value;
    await act(async () => accept(await (isMine ? api.release(candidate.id) : api.claim(candidate.id))));
  }

  async function judge(verdict: VerdictKind, reason: string, duplicateOf: number | undefined): Promise<void> {
    const candidate = shown.value;
    if (!candidate || !may('candidates.judge')) return;
    await act(async () => {
      const detail = await api.judge(candidate.id, {
        verdict,
        version: candidate.version,
        ...(reason === '' ? {} : { reason }),
        ...(duplicateOf === undefined ? {} : { duplicateOf }),
      });
      if (!isOpenQueue()) {
        accept(detail);
        undo.add(detail, verdict, -1);
        return;
      }
      const at = queue.take(detail.id);
      undo.add(detail, verdict, at);
      const isLeft = (item: { state: string } | undefined): boolean => item?.state === 'open';
      const list = queue.items.value;
      const next = list.slice(Math.max(at, 0)).find(isLeft) ?? list.slice(0, Math.max(at, 0)).findLast(isLeft);
      if (!next && queue.fresh.value.length > 0) queue.showFresh();
      select((next ?? queue.items.value.find(isLeft))?.id);
    });
  }

  /** One's own mark, which may come late: what was done to the item meanwhile stands. */
  async function markSeen(isSeen: boolean): Promise<void> {
    const candidate = shown.value;
    if (!candidate || (candidate.seenAt !== null) === isSeen) return;
    try {
      const detail = await api.markSeen(candidate.id, isSeen);
      const listed = queue.items.value.find(({ id }) => id === detail.id);
      if (listed && listed.version <= detail.version) queue.put(detail);
      if (state.detail?.id === detail.id && state.detail.version <= detail.version) state.detail = detail;
    } catch {
      // A mark that could not be made is made the next time.
    }
  }

  async function takeBack(): Promise<void> {
    const last = undo.newest.value;
    const id = last?.candidate.id ?? (state.detail?.undoUntil ? state.detail.id : undefined);
    if (id === undefined) return;
    await act(async () => {
      try {
        const detail = await api.undo(id);
        undo.drop(id);
        if (isOpenQueue()) queue.putBack(detail, last?.at ?? 0);
        else accept(detail);
        tell(i18n.global.t('review.undone', { id }));
        select(id);
      } catch (thrown) {
        undo.drop(id);
        tellProblem(thrown);
      }
    });
  }

  watch(selectedId, () => void load(), { immediate: true });
  // Further sightings raise no event, and how lately it was seen is part of what is judged.
  const renewing = systemClock.every(RENEW_MS, () => {
    if (document.visibilityState === 'visible' && !state.isBusy) void renew();
  });
  onBeforeUnmount(() => renewing.cancel());

  return { state, shown, load, renew, toggleClaim, judge, takeBack, markSeen };
}
