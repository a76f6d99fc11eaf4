/** What was just placed can be taken back, step by step. Pure but for running the steps. */
import { computed, ref } from 'vue';

const STEPS_KEPT = 50;

export interface Step {
  /** What undoing it brings back, in words. */
  readonly what: string;
  readonly undo: () => Promise<void>;
}

export function useUndo() {
  const steps = ref<Step[]>([]);
  return {
    last: computed(() => steps.value.at(-1)),
    did(step: Step): void {
      steps.value = [...steps.value, step].slice(-STEPS_KEPT);
    },
    /** @returns whether there was one; a step that fails stays */
    async undo(): Promise<boolean> {
      const step = steps.value.at(-1);
      if (!step) return false;
      await step.undo();
      steps.value = steps.value.filter((one) => one !== step);
      return true;
    },
    forget(): void {
      steps.value = [];
    },
  };
}
