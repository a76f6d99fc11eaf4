/**
 * What is being placed on a plan at the moment: a camera waiting for a click, a camera whose handles are moved, or an outline
 * being drawn. What is finished goes to the server at once and can be taken back.
 */
import { onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { CameraPlacing, PlanDetail } from '../../web/contract.ts';
import { turned } from './cone.ts';
import { usePlacing, type AreaKind, type Polygon } from './placing.ts';
import type { Placed } from './plan.ts';

/** Keys come in a row; what they move is kept once they rest. */
const KEYS_REST_MS = 600;
const FEWEST_CORNERS = 3;
const MOST_CORNERS = 64;
/** A camera that is placed for the first time: as most fixed cameras see, to the top of the picture. */
const FIRST = { headingDeg: 0, spreadDeg: 80, reach: 0.08 } as const;

export interface Outline {
  readonly kind: AreaKind;
  readonly id: number;
  readonly name: string;
  points: Polygon;
  isClosed: boolean;
}

export interface Waiting {
  readonly cameraId: number;
  readonly name: string;
}

export function useEditing(
  plan: Readonly<Ref<PlanDetail | undefined>>,
  selected: Ref<number | undefined>,
  isEditing: Readonly<Ref<boolean>>,
  reload: () => Promise<void>,
) {
  const placing = usePlacing(plan, reload);
  const waiting = ref<Waiting>();
  const draft = shallowRef<Placed>();
  const outline = ref<Outline>();
  let resting: Timer | undefined;
  let isDirty = false;

  /** The chosen camera as the server has it, unless it is under somebody's hand just now. */
  watch(
    [plan, selected, isEditing],
    () => {
      if (isDirty && draft.value?.cameraId === selected.value && isEditing.value) return;
      isDirty = false;
      draft.value = isEditing.value
        ? plan.value?.placed.find(({ cameraId }) => cameraId === selected.value)
        : undefined;
    },
    { immediate: true },
  );
  watch(isEditing, () => {
    waiting.value = undefined;
    outline.value = undefined;
    placing.forget();
  });
  watch(
    () => plan.value?.id,
    () => {
      waiting.value = undefined;
      outline.value = undefined;
      placing.forget();
    },
  );
  onBeforeUnmount(() => resting?.cancel());

  function move(at: CameraPlacing): void {
    if (!draft.value) return;
    isDirty = true;
    draft.value = { ...draft.value, ...at };
  }

  async function keep(): Promise<void> {
    resting?.cancel();
    resting = undefined;
    const { value } = draft;
    if (!value || !isDirty) return;
    const { cameraId, x, y, headingDeg, spreadDeg, reach, name } = value;
    const isKept = await placing.putCamera(cameraId, { x, y, headingDeg, spreadDeg, reach }, name);
    // Moved on meanwhile: the next rest keeps that.
    if (draft.value !== value) return;
    isDirty = false;
    if (!isKept) draft.value = plan.value?.placed.find((one) => one.cameraId === cameraId);
  }

  function keepSoon(): void {
    resting?.cancel();
    resting = systemClock.after(KEYS_REST_MS, () => void keep());
  }

  return {
    placing,
    waiting,
    draft,
    outline,
    move,
    keep,

    /** By keys: fractions of the picture, and degrees. */
    nudge(dx: number, dy: number, deg: number): void {
      const { value } = draft;
      if (!value) return;
      const hold = (share: number): number => Math.min(1, Math.max(0, share));
      move({ ...value, x: hold(value.x + dx), y: hold(value.y + dy), headingDeg: turned(value.headingDeg, deg) });
      keepSoon();
    },

    /** Takes the last step back; keys that have not come to rest are one. */
    undo(): void {
      if (resting) void keep();
      void placing.undo();
    },

    /** A click on the plan: puts what waits, or sets a corner. */
    async point([x, y]: [number, number]): Promise<void> {
      if (waiting.value) {
        const { cameraId, name } = waiting.value;
        waiting.value = undefined;
        if (await placing.putCamera(cameraId, { ...FIRST, x, y }, name)) selected.value = cameraId;
        return;
      }
      const drawn = outline.value;
      if (drawn && !drawn.isClosed && drawn.points.length < MOST_CORNERS) drawn.points.push([x, y]);
    },

    begin(kind: AreaKind, id: number, name: string, points: Polygon): void {
      waiting.value = undefined;
      selected.value = undefined;
      outline.value = { kind, id, name, points: points.map(([x, y]) => [x, y]), isClosed: points.length > 0 };
    },
    undoCorner(): void {
      const drawn = outline.value;
      if (!drawn) return;
      if (drawn.isClosed) drawn.isClosed = false;
      else drawn.points.pop();
    },
    async keepOutline(): Promise<void> {
      const drawn = outline.value;
      if (!drawn || drawn.points.length < FEWEST_CORNERS) return;
      if (await placing.putArea(drawn.kind, drawn.id, drawn.points, drawn.name)) outline.value = undefined;
    },
  };
}

export type Editing = ReturnType<typeof useEditing>;
