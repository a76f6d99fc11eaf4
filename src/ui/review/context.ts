/** What lies around the item that is looked at. Read beside the item, and ahead for the one that comes next. */
import { computed, ref, watch, type Ref } from 'vue';
import type { CandidateContext } from '../../web/contract.ts';
import { api } from '../api.ts';

/** Contexts held: the present one, the next, and those just left. */
const KEPT = 6;

export function useContext(selectedId: Ref<number | undefined>, nextId: Ref<number | undefined>) {
  const kept = ref(new Map<number, CandidateContext>());
  const failed = ref<number>();

  async function load(id: number | undefined): Promise<void> {
    if (id === undefined || kept.value.has(id)) return;
    try {
      kept.value.set(id, await api.candidateContext(id));
      for (const oldest of [...kept.value.keys()].slice(0, -KEPT))
        if (oldest !== selectedId.value) kept.value.delete(oldest);
      if (failed.value === id) failed.value = undefined;
    } catch {
      // It helps to judge and is not needed to: the strip says that it is missing.
      if (selectedId.value === id) failed.value = id;
    }
  }

  watch(
    selectedId,
    async (id) => {
      // What was read ahead may be a while old; it is shown at once and read again.
      const wasKept = id !== undefined && kept.value.has(id);
      await load(id);
      if (wasKept && selectedId.value === id) {
        const again = await api.candidateContext(id).catch(() => undefined);
        if (again) kept.value.set(id, again);
      }
    },
    { immediate: true },
  );
  watch(nextId, (id) => void load(id));

  return {
    context: computed(() => (selectedId.value === undefined ? undefined : kept.value.get(selectedId.value))),
    isMissing: computed(() => failed.value !== undefined && failed.value === selectedId.value),
  };
}
