/** How the reviewer looks at before and after; kept from one item to the next, but for the zoom. */
import { reactive, readonly } from 'vue';
import type { Candidate } from '../../web/contract.ts';
import { recall, remember } from '../memory.ts';
import { WHOLE, type Zoom } from './zoom.ts';

export type CompareMode = 'slide' | 'side' | 'blink';
export const COMPARE_MODES: readonly CompareMode[] = ['slide', 'side', 'blink'];

/** Two pictures of one place. */
export interface PicturePair {
  /** Addresses; null where a picture was not kept. */
  readonly before: string | null;
  readonly after: string | null;
  readonly place: string;
  /** What to look at, in fractions of the picture. */
  readonly polygon?: readonly (readonly [number, number])[];
  readonly box?: readonly [number, number, number, number];
  /** What stands under them, where "before" and "now" would not be right. */
  readonly labels?: { readonly before: string; readonly after: string };
}

/** The pictures of an item. */
export function pairOf({ camera, pictures, polygon, box }: Candidate): PicturePair {
  return { before: pictures.before, after: pictures.after, place: camera.place || camera.name, polygon, box };
}

export type Comparing = ReturnType<typeof useCompare>;

export function useCompare() {
  const remembered = COMPARE_MODES.find((mode) => mode === recall('compare-mode'));
  const state = reactive({
    mode: remembered ?? 'slide',
    hasOverlay: true,
    /** Share of the picture, from the left, that shows before. */
    split: 0.5,
    zoom: WHOLE,
  });
  let beforeBlink: CompareMode = state.mode === 'blink' ? 'slide' : state.mode;

  function setMode(mode: CompareMode): void {
    if (mode !== 'blink') beforeBlink = mode;
    state.mode = mode;
    remember('compare-mode', mode);
  }
  function setSplit(share: number): void {
    state.split = Math.min(1, Math.max(0, share));
  }
  return {
    state: readonly(state),
    setMode,
    setSplit,
    slideBy: (share: number): void => setSplit(state.split + share),
    setZoom(zoom: Zoom): void {
      state.zoom = zoom;
    },
    toggleBlink(): void {
      setMode(state.mode === 'blink' ? beforeBlink : 'blink');
    },
    toggleOverlay(): void {
      state.hasOverlay = !state.hasOverlay;
    },
    /** Another item: its own picture, whole, the border just beside what is to be looked at. */
    startOver(box?: readonly [number, number, number, number]): void {
      state.zoom = WHOLE;
      if (box) setSplit(Math.max(0.08, box[0] - 0.04));
    },
  };
}
