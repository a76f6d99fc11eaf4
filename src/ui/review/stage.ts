/**
 * The stage on which before and after are shown: where each picture lies, and what hands do to it. Lengths are CSS pixels
 * from the stage's top left corner.
 */
import { computed, onBeforeUnmount, onMounted, reactive, type Ref } from 'vue';
import type { Comparing } from './compare.ts';
import { fitInto, panBy, type Rect, WHOLE, zoomAt } from './zoom.ts';

export type Which = 'before' | 'after';

/** Between two pictures side by side. */
const GAP_PX = 2;
/** Pictures are put one above the other where that shows them this much larger. */
const WORTH_STACKING = 1.2;
const WHEEL_LINE_PX = 30;

/** @param aspect of the pictures, width / height */
export function useStage(stage: Readonly<Ref<HTMLElement | null>>, aspect: Ref<number>, comparing: Comparing) {
  const { state } = comparing;
  const size = reactive({ width: 0, height: 0 });
  let observer: ResizeObserver | undefined;
  onMounted(() => {
    observer = new ResizeObserver(([entry]) => {
      if (entry) Object.assign(size, { width: entry.contentRect.width, height: entry.contentRect.height });
    });
    if (stage.value) observer.observe(stage.value);
  });
  onBeforeUnmount(() => observer?.disconnect());

  /** Where each picture is allowed to be drawn. */
  const panes = computed((): Record<Which, Rect> => {
    const whole: Rect = { left: 0, top: 0, width: size.width, height: size.height };
    if (state.mode !== 'side') return { before: whole, after: whole };
    const width = (size.width - GAP_PX) / 2;
    const height = (size.height - GAP_PX) / 2;
    const beside = fitInto({ ...whole, width }, aspect.value).width;
    const stacked = fitInto({ ...whole, height }, aspect.value).width;
    return stacked > beside * WORTH_STACKING
      ? { before: { ...whole, height }, after: { ...whole, top: height + GAP_PX, height } }
      : { before: { ...whole, width }, after: { ...whole, left: width + GAP_PX, width } };
  });
  /** Where each whole picture lies inside its pane. */
  const frames = computed((): Record<Which, Rect> => {
    const { before, after } = panes.value;
    const inPane = (pane: Rect): Rect => fitInto({ ...pane, left: 0, top: 0 }, aspect.value);
    return { before: inPane(before), after: inPane(after) };
  });
  /** The picture's left and right edge, as far as they are seen: the way of the slider. */
  const way = computed(() => {
    const frame = frames.value.after;
    const from = Math.max(0, frame.left + state.zoom.x * frame.width);
    const to = Math.min(size.width, frame.left + (state.zoom.x + state.zoom.scale) * frame.width);
    return { from, to: Math.max(to, from + 1) };
  });
  const splitPx = computed(() => way.value.from + (way.value.to - way.value.from) * state.split);

  const pointers = new Map<number, { x: number; y: number }>();
  let drag: 'slide' | 'pan' | 'pinch' | undefined;

  /** A point of the page in fractions of the picture's frame, whichever pane it is over. */
  function inFrame(clientX: number, clientY: number): { x: number; y: number } {
    const box = stage.value?.getBoundingClientRect();
    if (!box) return { x: 0.5, y: 0.5 };
    const x = clientX - box.left;
    const y = clientY - box.top;
    const { after } = panes.value;
    const which: Which = x >= after.left && y >= after.top ? 'after' : 'before';
    const pane = panes.value[which];
    const frame = frames.value[which];
    return { x: (x - pane.left - frame.left) / frame.width, y: (y - pane.top - frame.top) / frame.height };
  }

  function slideTo(clientX: number): void {
    const box = stage.value?.getBoundingClientRect();
    const { from, to } = way.value;
    if (box) comparing.setSplit((clientX - box.left - from) / (to - from));
  }

  return {
    size,
    panes,
    frames,
    splitPx,
    hands: {
      pointerdown(event: PointerEvent): void {
        const on = event.target as Element;
        if (event.button !== 0 || on.closest('button')) return;
        stage.value?.setPointerCapture(event.pointerId);
        pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
        if (pointers.size >= 2) drag = 'pinch';
        else if (state.mode === 'slide' && (state.zoom.scale === 1 || on.closest('[role="slider"]'))) {
          drag = 'slide';
          slideTo(event.clientX);
        } else drag = 'pan';
      },
      pointermove(event: PointerEvent): void {
        const before = pointers.get(event.pointerId);
        if (!before) return;
        const now = { x: event.clientX, y: event.clientY };
        if (drag === 'slide') slideTo(now.x);
        if (drag === 'pan') {
          const { width, height } = frames.value.after;
          comparing.setZoom(panBy(state.zoom, (now.x - before.x) / width, (now.y - before.y) / height));
        }
        const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
        if (drag === 'pinch' && other) {
          const apart = (p: { x: number; y: number }): number => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
          const middle = inFrame((now.x + other.x) / 2, (now.y + other.y) / 2);
          comparing.setZoom(zoomAt(state.zoom, apart(now) / apart(before), middle.x, middle.y));
        }
        pointers.set(event.pointerId, now);
      },
      pointerup: letGo,
      pointercancel: letGo,
      wheel(event: WheelEvent): void {
        event.preventDefault();
        const { x, y } = inFrame(event.clientX, event.clientY);
        const wayPx = event.deltaMode === 0 ? event.deltaY : event.deltaY * WHEEL_LINE_PX;
        comparing.setZoom(zoomAt(state.zoom, Math.exp(-wayPx * 0.0018), x, y));
      },
      dblclick(event: MouseEvent): void {
        const { x, y } = inFrame(event.clientX, event.clientY);
        comparing.setZoom(state.zoom.scale > 1 ? WHOLE : zoomAt(WHOLE, 3, x, y));
      },
    },
  };

  function letGo(event: PointerEvent): void {
    pointers.delete(event.pointerId);
    drag = pointers.size === 1 && drag === 'pinch' ? 'pan' : undefined;
  }
}
