/** A camera's own access units into a video element, through Media Source Extensions. */
import JMuxer from 'jmuxer';
import { systemClock } from '../../base/clock.ts';
import type { LiveUnit } from './live-line.ts';

/** A picture is shown until the next one comes: for how long is not known yet, so as long as the one before, within reason. */
const FIRST_DURATION_MS = 40;
const LONGEST_DURATION_MS = 1_000;
const MEDIA_TICKS_PER_MS = 90;
/** Behind the camera at most, what comes at one time included; beyond it the player jumps ahead. */
const DELAY_MS = { soon: 400, calm: 900 } as const;
const WAKE_MS = 2_000;

export class SourcePlayer {
  readonly #video: HTMLVideoElement;
  readonly #delayMs: number;
  #muxer: JMuxer | undefined;
  #isReady = false;
  /** What came before the browser was ready to take it, from the last key unit on. */
  #early: LiveUnit[] = [];
  #codec: 'h264' | 'h265' = 'h264';
  #begun = false;
  #lastMediaTime: number | undefined;
  // A browser may have paused what it thought was not seen.
  readonly #awake = systemClock.every(WAKE_MS, () => {
    if (this.#begun && this.#video.paused) void this.#video.play().catch(() => {});
  });

  /** @param pace at which units come */
  constructor(video: HTMLVideoElement, pace: keyof typeof DELAY_MS) {
    this.#video = video;
    this.#delayMs = DELAY_MS[pace];
  }

  get codec(): 'h264' | 'h265' {
    return this.#codec;
  }

  set codec(codec: 'h264' | 'h265') {
    if (codec === this.#codec) return;
    this.#stopMuxer();
    this.#codec = codec;
  }

  /** @returns those that will be seen */
  take(units: readonly LiveUnit[]): readonly LiveUnit[] {
    const seen = units.filter((unit) => {
      // Behind a loss the picture smears until the next key unit: rather none.
      this.#begun = !unit.followsLoss && (this.#begun || unit.isKey);
      return this.#begun;
    });
    if (seen.length === 0) return seen;
    this.#muxer ??= this.#startMuxer();
    if (this.#isReady) this.#feed(seen);
    else {
      for (const unit of seen) {
        if (unit.isKey) this.#early = [];
        this.#early.push(unit);
      }
    }
    return seen;
  }

  close(): void {
    this.#awake.cancel();
    this.#stopMuxer();
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #startMuxer(): JMuxer {
    return new JMuxer({
      node: this.#video,
      mode: 'video',
      videoCodec: this.#codec === 'h265' ? 'H265' : 'H264',
      flushingTime: 0,
      maxDelay: this.#delayMs,
      clearBuffer: true,
      onReady: () => {
        this.#isReady = true;
        this.#feed(this.#early.splice(0));
      },
      onError: () => {
        // A buffer that failed takes nothing more; the next key unit begins a new one.
        this.#stopMuxer();
      },
    });
  }

  #stopMuxer(): void {
    this.#muxer?.destroy();
    this.#muxer = undefined;
    this.#isReady = false;
    this.#begun = false;
    this.#early = [];
    this.#lastMediaTime = undefined;
  }

  /** In one piece: a buffer that is still taking one leaves the next lying until more comes. */
  #feed(units: readonly LiveUnit[]): void {
    if (units.length === 0) return;
    const duration = units.reduce((sum, unit) => sum + this.#durationOf(unit), 0);
    this.#muxer?.feed({ video: joined(units), duration, isLastVideoFrameComplete: true });
  }

  /** Only the stream's own clock tells how far apart units belong, ms. */
  #durationOf({ mediaTime }: LiveUnit): number {
    const before = this.#lastMediaTime;
    const gapMs = before === undefined ? FIRST_DURATION_MS : ((mediaTime - before) >>> 0) / MEDIA_TICKS_PER_MS;
    this.#lastMediaTime = mediaTime;
    return Math.min(LONGEST_DURATION_MS, Math.max(1, Math.round(gapMs)));
  }
}

function joined(units: readonly LiveUnit[]): Uint8Array {
  const whole = new Uint8Array(units.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of units) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}
