/** A camera's own access units into a video element, through Media Source Extensions. */
import JMuxer from 'jmuxer';
import { systemClock } from '../../base/clock.ts';
import type { LiveUnit } from './live-line.ts';

/** A picture is shown until the next one comes: for how long is not known yet, so as long as the one before, within reason. */
const FIRST_DURATION_MS = 40;
const LONGEST_DURATION_MS = 1_000;
const MEDIA_TICKS_PER_MS = 90;
/** Behind the camera at most; beyond it the player jumps ahead. */
const DELAY_MS = 400;
const WAKE_MS = 2_000;

export class SourcePlayer {
  readonly #video: HTMLVideoElement;
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

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  get codec(): 'h264' | 'h265' {
    return this.#codec;
  }

  set codec(codec: 'h264' | 'h265') {
    if (codec === this.#codec) return;
    this.#stopMuxer();
    this.#codec = codec;
  }

  /** @returns whether it will be seen */
  take(unit: LiveUnit): boolean {
    // Behind a loss the picture smears until the next key unit: rather none.
    if (unit.followsLoss || (!this.#begun && !unit.isKey)) {
      this.#begun = false;
      return false;
    }
    this.#muxer ??= this.#startMuxer();
    this.#begun = true;
    if (this.#isReady) this.#feed(unit);
    else if (unit.isKey) this.#early = [unit];
    else this.#early.push(unit);
    return true;
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
      maxDelay: DELAY_MS,
      clearBuffer: true,
      onReady: () => {
        this.#isReady = true;
        for (const unit of this.#early.splice(0)) this.#feed(unit);
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

  /** Units come a few at a time: only the stream's own clock tells how far apart they belong. */
  #feed({ bytes, mediaTime }: LiveUnit): void {
    const before = this.#lastMediaTime;
    const gapMs = before === undefined ? FIRST_DURATION_MS : ((mediaTime - before) >>> 0) / MEDIA_TICKS_PER_MS;
    this.#lastMediaTime = mediaTime;
    const duration = Math.min(LONGEST_DURATION_MS, Math.max(1, Math.round(gapMs)));
    this.#muxer?.feed({ video: bytes, duration, isLastVideoFrameComplete: true });
  }
}
