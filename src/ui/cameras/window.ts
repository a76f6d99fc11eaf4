/** Draws only the rows that are seen, so that hundreds of cameras cost what a screenful does. */
import { computed, onBeforeUnmount, onMounted, ref, type Ref } from 'vue';

const ROWS_BEYOND = 6;

export function useWindow<T>(
  rows: Ref<readonly T[]>,
  rowRem: Ref<number>,
  scroller: Readonly<Ref<HTMLElement | null>>,
) {
  const scrollTop = ref(0);
  const height = ref(800);
  const remPx = ref(16);
  const rowPx = computed(() => rowRem.value * remPx.value);
  let observer: ResizeObserver | undefined;

  const onScroll = (): void => {
    scrollTop.value = scroller.value?.scrollTop ?? 0;
  };
  onMounted(() => {
    observer = new ResizeObserver(() => {
      height.value = scroller.value?.clientHeight ?? 800;
      remPx.value = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    });
    if (scroller.value) observer.observe(scroller.value);
    scroller.value?.addEventListener('scroll', onScroll, { passive: true });
  });
  onBeforeUnmount(() => {
    observer?.disconnect();
    scroller.value?.removeEventListener('scroll', onScroll);
  });

  const first = computed(() => Math.max(0, Math.floor(scrollTop.value / rowPx.value) - ROWS_BEYOND));
  const count = computed(() => Math.ceil(height.value / rowPx.value) + 2 * ROWS_BEYOND);
  return {
    seen: computed(() => rows.value.slice(first.value, first.value + count.value)),
    before: computed(() => first.value * rowPx.value),
    after: computed(() => Math.max(0, rows.value.length - first.value - count.value) * rowPx.value),
    first,
  };
}
