/**
 * A window onto a picture that is moved and scaled: by wheel, by dragging, by two fingers, by keys, and by flying to a
 * place. Positions on the screen are `plan × scale + offset`.
 */
import { computed, onBeforeUnmount, onMounted, reactive, ref, type Ref } from 'vue';

/** Scale of the closest look: so many screen pixels for one of the plan. */
const CLOSEST = 8;
const FLIGHT_MS = 420;
/** A pointer that moved no further than this was a click. */
const CLICK_PX = 5;
const USUAL_TYPE_PX = 16;

export interface PlanSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

export function usePanZoom(stage: Readonly<Ref<HTMLElement | null>>, plan: Readonly<Ref<PlanSize | undefined>>) {
  const at = reactive({ scale: 1, x: 0, y: 0 });
  const size = reactive({ width: 0, height: 0 });
  /** How much larger than usual the root's type is, as on the wall: what is drawn in pixels grows with it. */
  const grown = ref(1);
  /** Once somebody has moved it, another size of the window no longer fits it anew. */
  const isMoved = ref(false);
  const isPanning = ref(false);
  const pointers = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  let flight = 0;
  /** Where the flight under way ends. */
  let ahead: { scale: number; x: number; y: number } | undefined;
  let observer: ResizeObserver | undefined;

  const fitScale = computed(() => {
    const { widthPx, heightPx } = plan.value ?? { widthPx: 1, heightPx: 1 };
    return Math.min(size.width / widthPx, size.height / heightPx) || 1;
  });

  function limit(scale: number): number {
    return Math.min(Math.max(CLOSEST, fitScale.value), Math.max(Math.min(fitScale.value, 1) * 0.8, scale));
  }

  /** Something of the plan always stays in the window. */
  function keepInside(): void {
    const { widthPx, heightPx } = plan.value ?? { widthPx: 1, heightPx: 1 };
    const hold = (offset: number, window: number, length: number): number =>
      length <= window ? (window - length) / 2 : Math.min(window * 0.5, Math.max(window * 0.5 - length, offset));
    at.x = hold(at.x, size.width, widthPx * at.scale);
    at.y = hold(at.y, size.height, heightPx * at.scale);
  }

  function stopFlight(): void {
    cancelAnimationFrame(flight);
    ahead = undefined;
  }

  function fit(): void {
    stopFlight();
    at.scale = fitScale.value;
    isMoved.value = false;
    keepInside();
  }

  /** Scales about the middle: from where a flight under way will end, so that an early press loses none of it. */
  function zoomMiddle(by: number): void {
    if (ahead) Object.assign(at, ahead);
    zoom(by, size.width / 2, size.height / 2);
  }

  /** Scales about a point of the window, as it stands. */
  function zoom(by: number, x: number, y: number): void {
    stopFlight();
    const scale = limit(at.scale * by);
    at.x = x - ((x - at.x) / at.scale) * scale;
    at.y = y - ((y - at.y) / at.scale) * scale;
    at.scale = scale;
    isMoved.value = true;
    keepInside();
  }

  function pan(dx: number, dy: number): void {
    at.x += dx;
    at.y += dy;
    isMoved.value = true;
    keepInside();
  }

  /** Brings a point of the plan (in its pixels) into the middle. */
  function flyTo(planX: number, planY: number, scale = Math.max(at.scale, fitScale.value * 3)): void {
    stopFlight();
    isMoved.value = true;
    const to = limit(scale);
    const from = { scale: at.scale, x: at.x, y: at.y };
    const end = { scale: to, x: size.width / 2 - planX * to, y: size.height / 2 - planY * to };
    ahead = end;
    const isStill = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    let beganMs: number | undefined;
    const step = (nowMs: number): void => {
      beganMs ??= nowMs;
      const share = isStill ? 1 : Math.min(1, (nowMs - beganMs) / FLIGHT_MS);
      const eased = share * share * (3 - 2 * share);
      at.scale = from.scale + (end.scale - from.scale) * eased;
      at.x = from.x + (end.x - from.x) * eased;
      at.y = from.y + (end.y - from.y) * eased;
      if (share < 1) flight = requestAnimationFrame(step);
      else {
        ahead = undefined;
        keepInside();
      }
    };
    flight = requestAnimationFrame(step);
  }

  function local(event: MouseEvent): { x: number; y: number } {
    const box = stage.value?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  }

  /** The point of the plan under the pointer, in fractions of its picture, held within it. */
  function planPoint(event: MouseEvent): [x: number, y: number] {
    const { x, y } = local(event);
    const { widthPx, heightPx } = plan.value ?? { widthPx: 1, heightPx: 1 };
    const share = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 100_000) / 100_000;
    return [share((x - at.x) / at.scale / widthPx), share((y - at.y) / at.scale / heightPx)];
  }

  function onWheel(event: WheelEvent): void {
    event.preventDefault();
    const { x, y } = local(event);
    // A wheel that counts lines moves three at a click.
    const lines = event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY;
    zoom(2 ** (-Math.max(-240, Math.min(240, lines)) / 240), x, y);
  }

  function onPointerDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    stopFlight();
    if (pointers.size === 0) travelled = 0;
    pointers.set(event.pointerId, local(event));
  }

  function onPointerMove(event: PointerEvent): void {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = local(event);
    const others = [...pointers].filter(([id]) => id !== event.pointerId);
    const other = others[0]?.[1];
    pointers.set(event.pointerId, now);
    travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (travelled > CLICK_PX && !isPanning.value) {
      isPanning.value = true;
      // Only now: a captured pointer's click would never reach what stands under it.
      stage.value?.setPointerCapture(event.pointerId);
    }
    if (other) {
      const was = Math.hypot(before.x - other.x, before.y - other.y);
      const is = Math.hypot(now.x - other.x, now.y - other.y);
      if (was > 0) zoom(is / was, (now.x + other.x) / 2, (now.y + other.y) / 2);
    } else if (isPanning.value) pan(now.x - before.x, now.y - before.y);
  }

  function onPointerUp(event: PointerEvent): void {
    pointers.delete(event.pointerId);
    if (pointers.size === 0) isPanning.value = false;
  }

  /** Whether the click that is just heard ended a drag. */
  function wasDrag(): boolean {
    return travelled > CLICK_PX;
  }

  onMounted(() => {
    observer = new ResizeObserver(() => {
      grown.value = parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL_TYPE_PX || 1;
      size.width = stage.value?.clientWidth ?? 0;
      size.height = stage.value?.clientHeight ?? 0;
      if (isMoved.value) keepInside();
      else fit();
    });
    if (stage.value) observer.observe(stage.value);
  });
  onBeforeUnmount(() => {
    observer?.disconnect();
    stopFlight();
  });

  const hears = { onWheel, onPointerDown, onPointerMove, onPointerUp };
  return { at, size, grown, fitScale, isPanning, fit, zoomMiddle, pan, flyTo, planPoint, wasDrag, hears };
}
