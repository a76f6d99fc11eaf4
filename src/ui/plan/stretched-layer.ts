/**
 * Moves and scales a layer of the page by its styles alone, so that Vue renders nothing. To pan is to move what was painted,
 * and to scale is to stretch it, until the scale has rested: only then is what stands on it painted at its new size, for
 * which it reads `--scale`.
 */
import { onBeforeUnmount, readonly, ref, watch, type Ref } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';

/** To no more than so many times the size that was painted; what shrinks brings more of the plan into sight. */
const GROWN_MOST = 4;
const SHRUNK_MOST = 2;
const RESTED_MS = 150;

/** @returns the scale of what is painted; NaN before anything is */
export function useStretchedLayer(
  layer: Readonly<Ref<HTMLElement | null>>,
  at: Readonly<{ x: number; y: number; scale: number }>,
): Readonly<Ref<number>> {
  const painted = ref(NaN);
  let resting: Timer | undefined;

  function move(): void {
    if (layer.value) layer.value.style.transform = `translate(${at.x}px, ${at.y}px) scale(${at.scale / painted.value})`;
  }

  function paint(): void {
    resting?.cancel();
    painted.value = at.scale;
    layer.value?.style.setProperty('--scale', String(at.scale));
    move();
  }

  watch(layer, paint);
  watch(
    () => [at.x, at.y, at.scale] as const,
    ([, , scale], [, , before]) => {
      const stretch = scale / painted.value;
      if (!(stretch <= GROWN_MOST && stretch >= 1 / SHRUNK_MOST)) paint();
      else {
        move();
        if (scale === before) return;
        resting?.cancel();
        resting = systemClock.after(RESTED_MS, paint);
      }
    },
  );
  onBeforeUnmount(() => resting?.cancel());
  return readonly(painted);
}
