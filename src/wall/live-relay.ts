/**
 * Live pictures for screens: the camera's own access units, untouched and undecoded, from the connection that whoever
 * else looks through the camera shares. A camera with a privacy mask is not relayed: its bytes show what the mask hides.
 */
import type { SentinelError } from '../base/errors.ts';
import type { CaptureCamera } from '../camera/camera.ts';
import type { AccessUnit, Codec, PullState, RtspTarget, SharedPull } from '../drivers/rtsp/rtsp.ts';
import { MpegRelay, type Mpeg1Viewer, type MpegParts } from './mpeg-relay.ts';

/** The small picture for tiles, the large one when a tile is enlarged. */
export type LiveStream = 'sub' | 'main';

export interface LiveState {
  /** `masked` and `unknown` are final; the others follow the connection. */
  readonly name: 'connecting' | 'playing' | 'waiting' | 'masked' | 'unknown';
  readonly codec?: Codec | 'mpeg1';
  /** Code of why there is no picture, where one is known. */
  readonly problem?: string;
}

export interface LiveViewer {
  onUnit(unit: AccessUnit): void;
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
  readonly #mpeg: MpegRelay;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#mpeg = new MpegRelay(parts);
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
   * Hands `viewer` the stream's units from its next key unit on, over reconnections, until told to end.
   * @returns ends it; calling it again does nothing
   * @throws SentinelError `rtsp.too_many_waiting`; whatever keeps the camera's address from being known
   */
  async watch(cameraId: number, stream: LiveStream, viewer: LiveViewer): Promise<() => Promise<void>> {
    const target = await this.#targetOf(cameraId, stream, viewer);
    if (!target) return async () => {};
    const show = ({ name, codec, error }: PullState): void => {
      if (name === 'stopped') return;
      viewer.onState({ name, ...(codec && { codec }), ...(error && { problem: error.code }) });
    };
    const pull = this.#parts.hold(target, { onError() {}, onState: show });
    try {
      // A tenth of a second is not seen, and being woken for each packet would cost most of what relaying does.
      pull.subscribe((unit) => viewer.onUnit(unit), { hurried: false });
    } catch (thrown) {
      await pull.stop();
      throw thrown;
    }
    pull.start();
    show(pull.state);
    return () => pull.stop();
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
