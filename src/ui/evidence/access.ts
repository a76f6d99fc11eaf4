/** Why somebody looks at evidence: asked once, kept for some hours by the server, told in the log with each sight. */
import { computed, reactive } from 'vue';
import type { EvidenceAccess } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { nowMs } from '../now.ts';
import { session } from '../session.ts';

const state = reactive<{
  access: EvidenceAccess | null;
  /** Whose it is: another person's reason is not one's own. */
  userId: number | undefined;
  isChecked: boolean;
  isBusy: boolean;
  problem: ApiProblem | undefined;
}>({ access: null, userId: undefined, isChecked: false, isBusy: false, problem: undefined });

/** The number to show with each question; undefined while none was given, or it has run out. */
export const accessId = computed(() =>
  state.access && state.userId === session.me?.id && Date.parse(state.access.until) > nowMs.value
    ? state.access.id
    : undefined,
);

export function useAccess() {
  async function run(ask: () => Promise<EvidenceAccess | null>): Promise<void> {
    state.isBusy = true;
    state.problem = undefined;
    try {
      state.access = await ask();
      state.userId = session.me?.id;
    } catch (thrown) {
      state.problem = asProblem(thrown);
    }
    state.isChecked = true;
    state.isBusy = false;
  }
  return {
    state,
    check: () => run(async () => (await api.access()).access),
    open: (reason: string, purpose: string) => run(() => api.openAccess({ reason, purpose })),
    /** The reason no longer holds: it is asked for again. */
    forget(): void {
      state.access = null;
    },
  };
}
