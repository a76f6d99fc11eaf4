/**
 * One camera's live pictures on a screen: its own stream through Media Source Extensions, or where this browser cannot
 * play that, MPEG-1 that the server makes of it. What cannot be played says why.
 */
import type { LiveTile } from '../../web/contract.ts';
import { watchLive, type LiveWish } from './live-line.ts';
import { Mpeg1Player } from './mpeg1-player.ts';
import { SourcePlayer } from './source-player.ts';

export interface LiveShown {
  /** `lost`: the line to the server is. */
  readonly state: LiveTile['state'] | 'lost';
  readonly problem?: string;
  /** Pictures are drawn on the canvas rather than in the video. */
  readonly isDrawn?: boolean;
}

export interface LivePlayer {
  close(): void;
}

export interface LiveEars {
  onShown(shown: LiveShown): void;
  /** A picture came; by the server's clock. */
  onUnit(arrivedAtMs: number): void;
}

/** Where pictures go: one of the two, as {@link LiveShown.isDrawn} says. */
export interface LiveScreen {
  readonly video: HTMLVideoElement;
  readonly canvas: HTMLCanvasElement;
}

/** What a browser must be able to play of each; the exact profile is the stream's own. MPEG-4 Visual plays in none. */
const TYPES: Readonly<Partial<Record<NonNullable<LiveTile['codec']>, string>>> = {
  h264: 'video/mp4; codecs="avc1.42e01e"',
  h265: 'video/mp4; codecs="hvc1.1.6.L93.B0"',
};

function canPlay(codec: NonNullable<LiveTile['codec']>): boolean {
  const type = TYPES[codec];
  return type !== undefined && 'MediaSource' in window && MediaSource.isTypeSupported(type);
}

/** Plays a camera's stream until closed. */
export function playLive(screen: LiveScreen, wish: Omit<LiveWish, 'format'>, ears: LiveEars): LivePlayer {
  let stop = playSource();

  function playSource(): () => void {
    const player = new SourcePlayer(screen.video, wish.soon ? 'soon' : 'calm');
    const end = watchLive(
      { ...wish, format: 'source' },
      {
        onUnits: (units) => {
          const newest = player.take(units).at(-1);
          if (newest) ears.onUnit(newest.arrivedAtMs);
        },
        onPiece() {},
        onState(state, { codec, problem }) {
          if (codec === 'h264' || codec === 'h265') player.codec = codec;
          if (state === 'playing' && !canPlay(codec ?? player.codec)) {
            stop();
            stop = playMpeg1();
            return;
          }
          ears.onShown({ state, ...(problem && { problem }) });
        },
      },
    );
    return () => {
      end();
      player.close();
    };
  }

  function playMpeg1(): () => void {
    const player = new Mpeg1Player(screen.canvas);
    ears.onShown({ state: 'connecting', isDrawn: true });
    const end = watchLive(
      { ...wish, stream: 'sub', format: 'mpeg1' },
      {
        onUnits() {},
        onPiece: (bytes, atMs) => {
          player.take(bytes);
          ears.onUnit(atMs);
        },
        onState: (state, { problem }) => ears.onShown({ state, isDrawn: true, ...(problem && { problem }) }),
      },
    );
    return () => {
      end();
      player.close();
    };
  }

  return { close: () => stop() };
}
