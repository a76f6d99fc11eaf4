/** One camera of the simulated estate: what it sees now, and its two streams. */
import type { Clock } from '../base/clock.ts';
import { Channel, groupsInTurn } from './channel.ts';
import type { PreparedGroup } from './clip.ts';
import { FPS, FRAMES_PER_GROUP, type ClipShelf, type StreamName } from './clip-shelf.ts';
import type { DemoCamera } from './estate-file.ts';
import type { Fault } from './faults.ts';
import type { Stream } from './rtsp-connection.ts';
import { sceneAt, type Scene, type SceneLighting, type Schedule } from './schedule.ts';
import { describeH264, describeMotionJpeg } from './sdp.ts';

/** A path's fault lets the stream play well this long first. */
const PATH_FAULT_AFTER_MS = 2_000;
/** Cameras are spread over one group of pictures by steps that share no divisor with it. */
const SPREAD_MS = 370;

/** What a test or a person sets in place of the schedule; `undefined` gives the schedule its say again. */
export interface SceneOverride {
  readonly lighting?: SceneLighting | undefined;
  readonly structure?: boolean | undefined;
  readonly van?: boolean | undefined;
  readonly fault?: Fault | undefined;
}

export interface CameraOptions {
  readonly clock: Clock;
  readonly shelf: ClipShelf;
  readonly camera: DemoCamera;
  readonly index: number;
  readonly schedule: Schedule;
  /** Seconds of demo time now. */
  readonly demoS: () => number;
  /** `yyyy-MM-dd HH:mm:ss` in the estate's time zone, of UTC ms since 1970. */
  readonly wallTime: (atMs: number) => string;
}

export class SimulatedCamera {
  readonly #options: CameraOptions;
  readonly #streams: Readonly<Record<StreamName, Stream>>;
  readonly #faulty = new Map<string, Stream>();
  #override: SceneOverride = {};

  constructor(options: CameraOptions) {
    this.#options = options;
    this.#streams = { main: this.#stream('main', undefined), sub: this.#stream('sub', undefined) };
  }

  /** Keys given replace what was set before; a key given as undefined is the schedule's again. */
  override(change: SceneOverride): void {
    this.#override = { ...this.#override, ...change };
  }

  get scene(): Scene {
    const { schedule, camera, demoS } = this.#options;
    const planned = sceneAt(schedule, camera.key, demoS());
    const { lighting, structure, van } = this.#override;
    const hasStructure = structure ?? planned.state === 'structure';
    const hasVan = van ?? planned.state === 'van';
    return {
      lighting: lighting ?? planned.lighting,
      state: hasStructure ? 'structure' : hasVan ? 'van' : 'plain',
      online: planned.online,
    };
  }

  /** The stream as it is, or with a fault of its own whatever the camera does. */
  stream(name: StreamName, fault?: Fault): Stream {
    if (fault === undefined) return this.#streams[name];
    const key = `${fault}/${name}`;
    const stream = this.#faulty.get(key) ?? this.#stream(name, fault);
    this.#faulty.set(key, stream);
    return stream;
  }

  get #fault(): Fault | undefined {
    return this.#override.fault ?? (this.scene.online ? undefined : 'offline');
  }

  #stream(name: StreamName, pathFault: Fault | undefined): Stream {
    const { clock, shelf, camera, index, wallTime } = this.#options;
    const fault = (): Fault | undefined => pathFault ?? this.#fault;
    const clockOffsetMs = (): number => camera.clockOffsetS * 1000;
    const caption = (): string => wallTime(clock.nowMs() + clockOffsetMs());
    let frozen: PreparedGroup | undefined;
    const channel = new Channel({
      clock,
      fps: FPS,
      originMs: clock.monotonicMs() - ((index * SPREAD_MS) % ((FRAMES_PER_GROUP * 1000) / FPS)),
      seed: index * 4 + (name === 'main' ? 0 : 1) + (pathFault === undefined ? 0 : 2),
      clockOffsetMs,
      pictures: groupsInTurn(
        FRAMES_PER_GROUP,
        (groupIndex) => {
          const group = shelf.groupAt(camera.scene, name, this.scene, groupIndex);
          if (fault() !== 'frozen') frozen = undefined;
          else
            frozen ??= group && {
              frames: [group.captioned?.(caption()) ?? group.frames[0]].filter((frame) => frame !== undefined),
            };
          return frozen ?? group;
        },
        caption,
      ),
    });
    return {
      channel,
      fault,
      faultAfterMs: pathFault === undefined ? 0 : PATH_FAULT_AFTER_MS,
      describe: () => {
        if (fault() === 'wrong-codec') return describeMotionJpeg(camera.key);
        const { sps, pps } = shelf.sampleOf(camera.scene, name);
        return describeH264({
          title: camera.key,
          sps,
          pps,
          fps: FPS,
          inBandOnly: camera.inBandOnly,
          audio: name === 'main',
        });
      },
    };
  }
}
