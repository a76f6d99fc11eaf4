/** One's own verdicts that can still be taken back, newest last. The server's word on how long counts. */
import { computed, ref } from 'vue';
import type { CandidateDetail, VerdictKind } from '../../web/contract.ts';
import { nowMs } from '../now.ts';

export interface Undoable {
  readonly candidate: CandidateDetail;
  readonly verdict: VerdictKind;
  /** Where it stood in the list. */
  readonly at: number;
  readonly untilMs: number;
}

const KEPT = 10;

export function useUndo() {
  const given = ref<Undoable[]>([]);
  const open = computed(() => given.value.filter((one) => one.untilMs > nowMs.value));
  return {
    newest: computed(() => open.value.at(-1)),
    count: computed(() => open.value.length),
    add(candidate: CandidateDetail, verdict: VerdictKind, at: number): void {
      if (candidate.undoUntil === null) return;
      given.value = [...open.value, { candidate, verdict, at, untilMs: Date.parse(candidate.undoUntil) }].slice(-KEPT);
    },
    drop(candidateId: number): void {
      given.value = given.value.filter((one) => one.candidate.id !== candidateId);
    },
  };
}
