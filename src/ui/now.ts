/**
 * The present, as the server's clock has it: ages and countdowns are told by one clock, not by each desk's. Ticks once a
 * second while the page is open; where much is drawn it is told in beats.
 */
import { computed, readonly, ref } from 'vue';
import { systemClock } from '../base/clock.ts';
import { Beat, TICK_MS } from './beat.ts';
import { useWords } from './i18n.ts';
import { session } from './session.ts';
import { formatTime, spanOf } from './time.ts';

const offsetMs = ref(0);
const tickMs = ref(systemClock.nowMs());
const lastBeatMs = ref(tickMs.value);
const beat = new Beat();
systemClock.every(TICK_MS, () => {
  tickMs.value = systemClock.nowMs() + offsetMs.value;
  if (beat.tick(systemClock.monotonicMs())) lastBeatMs.value = tickMs.value;
});

/** Something comes that must be drawn at once. */
export function putOffBeat(): void {
  beat.putOff(systemClock.monotonicMs());
}

export const nowMs = readonly(tickMs);
/** The present of the last beat. */
export const beatMs = readonly(lastBeatMs);

/** Answers differ in this by how long they took; only a clock that is truly another makes all ages anew at once. */
const MOVED_MS = 500;

/**
 * @param serverTime what the server said its clock shows, just now
 * @param tookMs how long the answer took; the server read its clock somewhere in between
 */
export function setServerTime(serverTime: string, tookMs = 0): void {
  const said = Date.parse(serverTime) + tookMs / 2;
  if (Number.isNaN(said)) return;
  const next = said - systemClock.nowMs();
  const hasMoved = Math.abs(next - offsetMs.value) > MOVED_MS;
  offsetMs.value = next;
  if (hasMoved) lastBeatMs.value = tickMs.value = systemClock.nowMs() + next;
}

export function useTimes() {
  const { t } = useWords();
  const timeZone = computed(() => session.me?.estate.timeZone ?? 'Asia/Shanghai');
  const span = (ms: number): string => {
    const { n, unit } = spanOf(ms);
    return t(`time.span.${unit}`, { n });
  };
  return {
    timeZone,
    /** `yyyy-MM-dd HH:mm:ss` in the estate's zone, or a dash for never. */
    at: (time: string | number | null | undefined): string =>
      time === null || time === undefined ? '—' : formatTime(time, timeZone.value),
    /** How long ago, in one unit. */
    age: (time: string): string => t('time.ago', { span: span(tickMs.value - Date.parse(time)) }),
    span,
  };
}
