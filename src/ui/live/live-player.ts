/** Access units into a video element, through Media Source Extensions. What cannot be played says why. */
import JMuxer from 'jmuxer';
import { systemClock } from '../../base/clock.ts';
import type { LiveTile } from '../../web/contract.ts';
import { watchLive, type LiveUnit } from './live-line.ts';

export interface LiveShown {
  /** `lost`: the line to the server is; `unsupported`: this browser cannot play what the camera sends. */
  readonly state: LiveTile['state'] | 'lost' | 'unsupported';
  readonly problem?: string;
}

export interface LivePlayer {
  close(): void;
}

export interface LiveEars {
  onShown(shown: LiveShown): void;
  /** A picture came; by the server's clock. */
  onUnit(arrivedAtMs: number): void;
}

/** A picture is shown until the next one comes: for how long is not known yet, so as long as the one before, within reason. */
const FIRST_DURATION_MS = 40;
const LONGEST_DURATION_MS = 1_000;
/** Behind the camera at most; beyond it the player jumps ahead. */
const DELAY_MS = 400;

/** What a browser must be able to play of each; the exact profile is the stream's own. */
const TYPES = { h264: 'video/mp4; codecs="avc1.42e01e"', h265: 'video/mp4; codecs="hvc1.1.6.L93.B0"' } as const;

/** Plays a camera's stream in `video` until closed. */
export function playLive(video: HTMLVideoElement, camera: number, stream: 'sub' | 'main', ears: LiveEars): LivePlayer {
  let muxer: JMuxer | undefined;
  let isReady = false;
  /** What came before the browser was ready to take it, from the last key unit on. */
  let early: LiveUnit[] = [];
  let codec: 'h264' | 'h265' = 'h264';
  let begun = false;
  let lastArrivedAtMs: number | undefined;

  const stopMuxer = (): void => {
    muxer?.destroy();
    muxer = undefined;
    isReady = false;
    begun = false;
    early = [];
    lastArrivedAtMs = undefined;
  };
  const startMuxer = (): void => {
    muxer = new JMuxer({
      node: video,
      mode: 'video',
      videoCodec: codec === 'h265' ? 'H265' : 'H264',
      flushingTime: 0,
      maxDelay: DELAY_MS,
      clearBuffer: true,
      onReady: () => {
        isReady = true;
        for (const unit of early.splice(0)) feed(unit);
      },
      onError: () => {
        // A buffer that failed takes nothing more; the next key unit begins a new one.
        stopMuxer();
      },
    });
  };
  const feed = ({ bytes, arrivedAtMs }: LiveUnit): void => {
    const gapMs = lastArrivedAtMs === undefined ? FIRST_DURATION_MS : arrivedAtMs - lastArrivedAtMs;
    lastArrivedAtMs = arrivedAtMs;
    const duration = Math.min(LONGEST_DURATION_MS, Math.max(1, Math.round(gapMs)));
    muxer?.feed({ video: bytes, duration, isLastVideoFrameComplete: true });
  };
  const onUnit = (unit: LiveUnit): void => {
    // Behind a loss the picture smears until the next key unit: rather none.
    if (unit.followsLoss || (!begun && !unit.isKey)) {
      begun = false;
      return;
    }
    if (!muxer) startMuxer();
    begun = true;
    if (isReady) feed(unit);
    else if (unit.isKey) early = [unit];
    else early.push(unit);
    ears.onUnit(unit.arrivedAtMs);
  };

  const end = watchLive(camera, stream, {
    onUnit,
    onState(state, about) {
      if (about.codec && about.codec !== codec) {
        stopMuxer();
        codec = about.codec;
      }
      const unsupported = state === 'playing' && !MediaSource.isTypeSupported(TYPES[codec]);
      ears.onShown({ state: unsupported ? 'unsupported' : state, ...(about.problem && { problem: about.problem }) });
    },
  });
  // A browser may have paused what it thought was not seen.
  const awake = systemClock.every(2_000, () => {
    if (begun && video.paused) void video.play().catch(() => {});
  });
  return {
    close() {
      awake.cancel();
      end();
      stopMuxer();
      video.removeAttribute('src');
      video.load();
    },
  };
}
