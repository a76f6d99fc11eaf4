/** What the server says to everybody on every page: that the disk fills up. Asked once, and when it is said to have changed. */
import { readonly, ref, watch } from 'vue';
import { systemClock, type Timer } from '../base/clock.ts';
import type { Notices } from '../web/contract.ts';
import { api } from './api.ts';
import { live, onHappened, onReset } from './live.ts';

/** How much is left moves without a word. */
const AGAIN_MS = 60_000;

const standing = ref<Notices>();
export const notices = readonly(standing);

let again: Timer | undefined;
let stops: (() => void)[] = [];

async function ask(): Promise<void> {
  try {
    standing.value = await api.notices();
  } catch {
    // That the server does not answer is said elsewhere; what it said last still stands.
  }
}

export function heedNotices(): void {
  if (again) return;
  void ask();
  again = systemClock.every(AGAIN_MS, () => void ask());
  stops = [
    onHappened(({ kind }) => {
      if (kind === 'store.changed') void ask();
    }),
    onReset(() => void ask()),
    // What was said between the first asking and the line that tells of changes would be missed.
    watch(
      () => live.name,
      (name) => {
        if (name === 'live') void ask();
      },
    ),
  ];
}

export function forgetNotices(): void {
  again?.cancel();
  again = undefined;
  for (const stop of stops) stop();
  standing.value = undefined;
}
