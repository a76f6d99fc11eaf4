/** How the reviewer looks at before and after; kept from one item to the next, but for the zoom. */
import { reactive } from 'vue';
import { recall, remember } from '../memory.ts';
import { WHOLE, type Zoom } from './zoom.ts';

export type CompareMode = 'slide' | 'side' | 'blink';
export const COMPARE_MODES: readonly CompareMode[] = ['slide', 'side', 'blink'];

export interface Compare {
  mode: CompareMode;
  hasOverlay: boolean;
  /** Share of the picture, from the left, that shows before. */
  split: number;
  zoom: Zoom;
}

export function useCompare() {
  const remembered = COMPARE_MODES.find((mode) => mode === recall('compare-mode'));
  const compare = reactive<Compare>({ mode: remembered ?? 'slide', hasOverlay: true, split: 0.5, zoom: WHOLE });
  let beforeBlink: CompareMode = compare.mode === 'blink' ? 'slide' : compare.mode;
  function setMode(mode: CompareMode): void {
    if (mode !== 'blink') beforeBlink = mode;
    compare.mode = mode;
    remember('compare-mode', mode);
  }
  return {
    compare,
    setMode,
    toggleBlink(): void {
      setMode(compare.mode === 'blink' ? beforeBlink : 'blink');
    },
    slideBy(share: number): void {
      compare.split = Math.min(1, Math.max(0, compare.split + share));
    },
    /** Another item: its own picture, whole, the border just beside what is to be looked at. */
    startOver(box?: readonly [number, number, number, number]): void {
      compare.zoom = WHOLE;
      if (box) compare.split = Math.max(0.08, box[0] - 0.04);
    },
  };
}
