/**
 * Live pictures for screens: the camera's own access units, untouched and undecoded, from the connection that whoever
 * else looks through the camera shares. A camera with a privacy mask is not relayed: its bytes show what the mask hides.
 */
import type { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { CaptureCamera } from '../camera/camera.ts';
import {
  targetKey,
  type AccessUnit,
  type Codec,
  type PullState,
  type RtspTarget,
  type SharedPull,
} from '../drivers/rtsp/rtsp.ts';
import { LiveBeat } from './live-beat.ts';
import { LiveGroup } from './live-group.ts';
import { MpegRelay, type Mpeg1Viewer, type MpegParts } from './mpeg-relay.ts';

/** One access unit, Annex B. */
export type LiveUnit = AccessUnit;

/** The small picture for tiles, the large one when a tile is enlarged. */
export type LiveStream = 'sub' | 'main';

/** How soon after it came a picture is handed on: to one who steers by it, or to those who watch. */
export type LivePace = 'soon' | 'calm';

export interface LiveState {
  /** `masked` and `unknown` are final; the others follow the connection. */
  readonly name: 'connecting' | 'playing' | 'waiting' | 'masked' | 'unknown';
  readonly codec?: Codec | 'mpeg1';
  /** Code of why there is no picture, where one is known. */
  readonly problem?: string;
}

export interface LiveViewer {
  /** In order; one array, not changed afterwards, for all who get the same. */
  onUnits(units: readonly AccessUnit[]): void;
  onState(state: LiveState): void;
}

export type Hold = (
  target: RtspTarget,
  options: { onError(problem: SentinelError): void; onState(state: PullState): void },
) => SharedPull;

export interface LiveParts extends MpegParts {
  readonly hold: Hold;
  readonly aim: (camera: CaptureCamera, stream: 'look' | 'evidence') => Promise<{ readonly target: RtspTarget }>;
  readonly cameraOf: (cameraId: number) => Promise<CaptureCamera | undefined>;
  /** Which cameras have a part of their picture that must not be shown. */
  readonly maskedOf: (cameraIds: readonly number[]) => Promise<ReadonlySet<number>>;
}

export class LiveRelay {
  readonly #parts: LiveParts;
  readonly #beats: Readonly<Record<LivePace, LiveBeat>>;
  readonly #groups = new Map<string, LiveGroup>();
  readonly #mpeg: MpegRelay;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#beats = {
      soon: new LiveBeat(parts.clock, LIMITS.liveSoonBeatMs),
      calm: new LiveBeat(parts.clock, LIMITS.liveCalmBeatMs),
    };
    this.#mpeg = new MpegRelay(parts, this.#beats.soon);
  }

  /** Cameras whose pictures are being made into MPEG-1 now. */
  get encodings(): number {
    return this.#mpeg.size;
  }

  /** Which of these cameras may not, or no longer, be relayed. */
  maskedOf(cameraIds: readonly number[]): Promise<ReadonlySet<number>> {
    return this.#parts.maskedOf(cameraIds);
  }

  /**
   * Hands `viewer` the stream's units from its next key unit on, over reconnections, until told to end: a few at a time,
   * every {@link LIMITS.liveSoonBeatMs} or {@link LIMITS.liveCalmBeatMs}.
   * @returns ends it; calling it again does nothing
   * @throws SentinelError `rtsp.too_many_waiting`; whatever keeps the camera's address from being known
   */
  async watch(
    cameraId: number,
    { stream, pace }: { readonly stream: LiveStream; readonly pace: LivePace },
    viewer: LiveViewer,
  ): Promise<() => Promise<void>> {
    const target = await this.#targetOf(cameraId, stream, viewer);
    if (!target) return async () => {};
    const key = `${pace} ${targetKey(target)}`;
    const group = this.#groups.get(key) ?? new LiveGroup(target, pace, this.#parts.hold, this.#beats[pace]);
    this.#groups.set(key, group);
    group.add(viewer);
    return async () => {
      if (!group.remove(viewer) || !group.isUnwatched) return;
      this.#groups.delete(key);
      await group.close();
    };
  }

  /**
   * The same as MPEG-1 in an MPEG transport stream, of the small picture, for browsers that cannot play the camera's own.
   * @throws SentinelError `live.no_ffmpeg`, `live.too_many_encoders`; whatever keeps the camera's address from being known
   */
  async watchMpeg1(cameraId: number, viewer: Mpeg1Viewer): Promise<() => Promise<void>> {
    const target = await this.#targetOf(cameraId, 'sub', viewer);
    return target ? this.#mpeg.watch(cameraId, target, viewer) : async () => {};
  }

  /** @returns undefined where the camera may not be shown, which the viewer is told */
  async #targetOf(
    cameraId: number,
    stream: LiveStream,
    viewer: Pick<LiveViewer, 'onState'>,
  ): Promise<RtspTarget | undefined> {
    const camera = await this.#parts.cameraOf(cameraId);
    if (!camera) {
      viewer.onState({ name: 'unknown' });
      return undefined;
    }
    if ((await this.maskedOf([cameraId])).has(cameraId)) {
      viewer.onState({ name: 'masked' });
      return undefined;
    }
    return (await this.#parts.aim(camera, stream === 'sub' ? 'look' : 'evidence')).target;
  }
}
