/** What this screen shows: as it was assigned, told of every change at once, and reporting how it is. */
import { onBeforeUnmount, reactive, readonly, watch } from 'vue';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { ShownScreen } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem } from '../api.ts';
import { onHappened, onReset } from '../live.ts';
import { setServerTime } from '../now.ts';

const REPORT_MS = 10_000;
/** Frames are drawn for nothing but being counted: only every so many reports. */
const MEASURED_EVERY = 6;
const MEASURED_MS = 250;
/** Who draws nothing for so long is hidden, or as good as that. */
const LATE_MS = 3_000;
const RETRY_MS = 3_000;
const IDENTIFIED_MS = 6_000;

export function useScreen(number: () => number) {
  const page = pageNumber();
  const state = reactive({
    shown: undefined as ShownScreen | undefined,
    problem: undefined as ApiProblem | undefined,
    /** It was asked to say which one it is. */
    isIdentifying: false,
  });
  let isOver = false;
  let reports = 0;
  let framesPerS: number | null = null;
  let retry: Timer | undefined;
  let identified: Timer | undefined;

  async function load(): Promise<void> {
    retry?.cancel();
    const wanted = number();
    try {
      const askedAtMs = systemClock.nowMs();
      const shown = await api.screen(wanted);
      setServerTime(shown.serverTime, systemClock.nowMs() - askedAtMs);
      if (number() !== wanted) return;
      state.shown = shown;
      state.problem = undefined;
      void report();
    } catch (thrown) {
      state.problem = asProblem(thrown);
      if (!isOver) retry = systemClock.after(RETRY_MS, () => void load());
    }
  }

  const hasLeft = (reported: number): boolean => isOver || number() !== reported;

  async function report(): Promise<void> {
    const { shown } = state;
    if (!shown || isOver) return;
    try {
      if (document.hidden) framesPerS = null;
      else if (framesPerS === null || reports % MEASURED_EVERY === 0) framesPerS = await measureFrames();
      reports++;
      if (hasLeft(shown.number)) return;
      const askedAtMs = systemClock.nowMs();
      const { version, serverTime } = await api.reportScreen(shown.number, {
        ...{ page, framesPerS, version: shown.version, pixelRatio: window.devicePixelRatio },
        ...{ widthPx: Math.max(1, window.innerWidth), heightPx: Math.max(1, window.innerHeight) },
      });
      setServerTime(serverTime, systemClock.nowMs() - askedAtMs);
      // A change that the event did not tell of.
      if (version !== state.shown?.version) void load();
    } catch {
      // The next report says as much; the console sees that none came.
    }
  }

  const stops = [
    onHappened(({ kind, data }) => {
      if (kind !== 'screen.changed') return;
      if (data.change !== 'identify') void load();
      else if (data.screen === undefined || data.screen === number()) {
        state.isIdentifying = true;
        identified?.cancel();
        identified = systemClock.after(IDENTIFIED_MS, () => (state.isIdentifying = false));
      }
    }),
    onReset(() => void load()),
  ];
  const reporting = systemClock.every(REPORT_MS, () => void report());
  watch(
    number,
    () => {
      state.shown = undefined;
      void load();
    },
    { immediate: true },
  );
  onBeforeUnmount(() => {
    isOver = true;
    reporting.cancel();
    retry?.cancel();
    identified?.cancel();
    for (const stop of stops) stop();
  });
  return { screen: readonly(state), load };
}

/** A UUID (RFC 9562, version 4); `crypto.randomUUID` is there over https only. */
function pageNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Pictures that the browser draws in a second; measured for a moment, so that an idle screen may rest. */
function measureFrames(): Promise<number> {
  return new Promise((resolve) => {
    const beganMs = systemClock.monotonicMs();
    let frames = 0;
    // A page that is hidden meanwhile draws no more.
    const late = systemClock.after(LATE_MS, () => resolve(frames / ((systemClock.monotonicMs() - beganMs) / 1000)));
    const onFrame = (): void => {
      frames++;
      const tookMs = systemClock.monotonicMs() - beganMs;
      if (tookMs < MEASURED_MS) {
        requestAnimationFrame(onFrame);
        return;
      }
      late.cancel();
      resolve(Math.round((frames / tookMs) * 10_000) / 10);
    };
    requestAnimationFrame(onFrame);
  });
}
