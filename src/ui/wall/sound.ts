/**
 * The sound of an alert, made by the browser itself. It can be silenced for a while and comes back by itself. Browsers
 * play nothing before somebody has touched the page unless they were started so that they may: until then the page says
 * that it is silent.
 */
import { computed, onBeforeUnmount, ref, watch } from 'vue';
import { systemClock } from '../../base/clock.ts';
import type { Alert } from '../../web/contract.ts';
import { recall, remember } from '../memory.ts';
import { nowMs } from '../now.ts';

export const MUTED_MS = 600_000;
/** A matter of safety that nobody acknowledges sounds again. */
const AGAIN_MS = 30_000;
/** However many come at once, one sound is enough. */
const QUIET_MS = 2_500;

/** Frequencies in Hz, one after another: the graver the more. */
const TONES: Readonly<Record<Alert['severity'], readonly number[]>> = {
  safety: [988, 740, 988, 740, 988],
  high: [784, 988],
  normal: [660],
};
const TONE_S = 0.22;
const LOUDNESS = 0.25;

export function useAlarm(alerts: () => readonly Alert[] | undefined, isOn: () => boolean) {
  const mutedUntilMs = ref(Number(recall('muted-until') ?? 0));
  const isBlocked = ref(false);
  /** How many alerts have sounded: what a test can hear. */
  const sounded = ref(0);
  /** What is left of the silence, by this machine's own clock: it ticks with the page's. */
  const mutedForMs = computed(() => (nowMs.value, Math.max(0, mutedUntilMs.value - systemClock.nowMs())));
  const isMuted = computed(() => mutedForMs.value > 0);
  let context: AudioContext | undefined;
  /** Tones that have not ended. */
  let sounding = 0;
  let known: Set<number> | undefined;
  let lastAtMs = Number.NEGATIVE_INFINITY;

  /** Lets the page be heard. Until somebody has touched it that waits, and each touch has to ask anew. */
  async function open(): Promise<void> {
    if (context && !isBlocked.value) return;
    try {
      context ??= new AudioContext();
    } catch {
      // A machine without a sound card is silent, and says so.
      isBlocked.value = true;
      return;
    }
    isBlocked.value = context.state !== 'running';
    await context.resume();
    isBlocked.value = false;
    rest();
  }

  /** Silence that is played costs as much as sound. */
  function rest(): void {
    if (sounding === 0) context?.suspend().catch(() => undefined);
  }

  async function play(severity: Alert['severity']): Promise<void> {
    if (!context || isBlocked.value) return;
    const audio = context;
    // Counted before it is heard, so that what ends meanwhile does not put it to rest.
    sounding += TONES[severity].length;
    await audio.resume();
    TONES[severity].forEach((frequency, at) => {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      const beginsAt = audio.currentTime + at * TONE_S;
      tone.frequency.value = frequency;
      // Without a ramp a tone clicks at both ends.
      volume.gain.setValueAtTime(0, beginsAt);
      volume.gain.linearRampToValueAtTime(LOUDNESS, beginsAt + 0.02);
      volume.gain.setValueAtTime(LOUDNESS, beginsAt + TONE_S - 0.06);
      volume.gain.linearRampToValueAtTime(0, beginsAt + TONE_S - 0.02);
      tone.connect(volume).connect(audio.destination);
      tone.onended = () => {
        tone.disconnect();
        volume.disconnect();
        sounding--;
        rest();
      };
      tone.start(beginsAt);
      tone.stop(beginsAt + TONE_S);
    });
  }

  function sound(severity: Alert['severity']): void {
    const atMs = systemClock.monotonicMs();
    if (!isOn() || isMuted.value || atMs - lastAtMs < QUIET_MS) return;
    lastAtMs = atMs;
    sounded.value++;
    // A page that closes meanwhile closes its sound too.
    play(severity).catch(() => undefined);
  }

  const unseen = (): readonly Alert[] => (alerts() ?? []).filter(({ acknowledgement }) => acknowledgement === null);

  // What stood before the page was opened is no news.
  watch(alerts, (list) => {
    if (!list) return;
    const [gravest] = known ? unseen().filter(({ id }) => !known?.has(id)) : [];
    known = new Set(list.map(({ id }) => id));
    if (gravest) sound(gravest.severity);
  });
  const again = systemClock.every(AGAIN_MS, () => {
    if (unseen().some(({ severity }) => severity === 'safety')) sound('safety');
  });

  const wake = (): void => {
    if (isOn()) open().catch(() => undefined);
  };
  window.addEventListener('pointerdown', wake);
  window.addEventListener('keydown', wake);
  watch(isOn, wake, { immediate: true });
  onBeforeUnmount(() => {
    again.cancel();
    window.removeEventListener('pointerdown', wake);
    window.removeEventListener('keydown', wake);
    context?.close().catch(() => undefined);
  });

  function mute(forMs: number): void {
    mutedUntilMs.value = forMs === 0 ? 0 : systemClock.nowMs() + forMs;
    remember('muted-until', String(mutedUntilMs.value));
  }

  return { isMuted, isBlocked, sounded, mutedForMs, mute, wake };
}
