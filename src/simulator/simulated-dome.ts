/** One dome of the simulated estate: its turret, what it sees, its two streams and its stills. */
import type { Clock } from '../base/clock.ts';
import type { Picture } from '../base/picture.ts';
import { writeJpeg } from '../drivers/codec/codec.ts';
import { Channel } from './channel.ts';
import type { StreamName } from './clip-shelf.ts';
import { DOME_FPS, DOME_STREAMS, DomeStream, letter, type DomeMoment } from './dome-stream.ts';
import { DomeWindow } from './dome-window.ts';
import type { DemoDome } from './estate-file.ts';
import type { Fault } from './faults.ts';
import { NamePlate } from './name-plate.ts';
import type { Panorama, PanoramaShelf, Works } from './panorama.ts';
import type { PreparedFrame } from './rtp.ts';
import type { Stream } from './rtsp-connection.ts';
import { lightingAt, type Scene, type SceneLighting, type Schedule } from './schedule.ts';
import { describeH264, describeMotionJpeg } from './sdp.ts';
import { Turret, turned } from './turret.ts';

/** A path's fault lets the stream play well this long first. */
const PATH_FAULT_AFTER_MS = 2_000;
/** How often a still waits for a panorama that is being read, and how long in all. */
const STILL_WAIT_MS = 50;
const STILL_WAITS = 200;

export interface DomeOverride {
  readonly lighting?: SceneLighting | undefined;
  readonly fault?: Fault | undefined;
}

export interface DomeOptions {
  readonly clock: Clock;
  readonly shelf: PanoramaShelf;
  readonly dome: DemoDome;
  readonly index: number;
  readonly schedule: Schedule;
  /** Seconds of demo time now. */
  readonly demoS: () => number;
  readonly works: () => Works;
  /** `yyyy-MM-dd HH:mm:ss` in the estate's time zone, of UTC ms since 1970. */
  readonly wallTime: (atMs: number) => string;
  readonly plateFile: string;
}

export class SimulatedDome {
  readonly turret: Turret;
  readonly #options: DomeOptions;
  readonly #originMs: number;
  readonly #sources = new Map<StreamName, DomeStream>();
  readonly #plates = new Map<StreamName, NamePlate>();
  readonly #streams = new Map<string, Stream>();
  readonly #still: DomeWindow;
  #shown: Panorama | undefined;
  #override: DomeOverride = {};

  private constructor(options: DomeOptions) {
    this.#options = options;
    this.#originMs = options.clock.monotonicMs();
    this.turret = new Turret(options.clock);
    const { widthPx, heightPx } = DOME_STREAMS.main;
    this.#still = new DomeWindow({ widthPx, heightPx });
  }

  static async open(options: DomeOptions): Promise<SimulatedDome> {
    const dome = new SimulatedDome(options);
    for (const name of ['main', 'sub'] as const) {
      const plate = await NamePlate.read(options.plateFile, DOME_STREAMS[name].widthPx / DOME_STREAMS.main.widthPx);
      const moment = (frameNumber: number): DomeMoment | undefined =>
        dome.#momentAt(dome.#originMs + (frameNumber * 1000) / DOME_FPS);
      if (plate) dome.#plates.set(name, plate);
      dome.#sources.set(name, await DomeStream.open({ name, moment, caption: () => dome.#caption(), plate }));
    }
    return dome;
  }

  get scene(): Scene {
    const { schedule, demoS, works } = this.#options;
    return {
      lighting: this.#override.lighting ?? lightingAt(schedule, demoS()),
      state: [...works().values()].some((stage) => stage > 0) ? 'structure' : 'plain',
      online: true,
    };
  }

  /** Keys given replace what was set before; a key given as undefined is the schedule's again. */
  override(change: DomeOverride): void {
    this.#override = { ...this.#override, ...change };
  }

  /** The stream as it is, or with a fault of its own whatever the dome does. */
  stream(name: StreamName, fault?: Fault): Stream {
    const key = `${fault ?? ''}/${name}`;
    const stream = this.#streams.get(key) ?? this.#stream(name, fault);
    this.#streams.set(key, stream);
    return stream;
  }

  /** What the dome sees now, as a JPEG of the main stream's size. */
  async snapshot(): Promise<Buffer> {
    const { clock } = this.#options;
    for (let wait = 0; wait < STILL_WAITS && !this.#panorama(); wait++) await clock.sleep(STILL_WAIT_MS);
    const moment = this.#momentAt(clock.monotonicMs());
    if (!moment) throw new Error('the panorama cannot be read');
    this.#still.draw(moment.panorama, moment.pose, moment.velocity, 0);
    letter(this.#still, { name: 'main', caption: () => this.#caption(), plate: this.#plates.get('main') });
    return writeJpeg(pictureOf(this.#still), 85);
  }

  close(): void {
    for (const source of this.#sources.values()) source.close();
  }

  #caption(): string {
    const { clock, dome, wallTime } = this.#options;
    return wallTime(clock.nowMs() + dome.clockOffsetS * 1000);
  }

  /** While another lighting is being read, the one before goes on. */
  #panorama(): Panorama | undefined {
    const { shelf, works } = this.#options;
    this.#shown = shelf.at(this.scene.lighting, works()) ?? this.#shown;
    return this.#shown;
  }

  #momentAt(atMs: number): DomeMoment | undefined {
    const panorama = this.#panorama();
    if (!panorama) return undefined;
    const pose = this.turret.pose(atMs);
    return {
      panorama,
      pose: { ...pose, panDeg: turned(pose.panDeg + this.#options.dome.northDeg) },
      velocity: this.turret.velocity(atMs),
      moving: this.turret.moving(atMs),
    };
  }

  #stream(name: StreamName, pathFault: Fault | undefined): Stream {
    const { clock, dome, index } = this.#options;
    const source = this.#sources.get(name);
    if (!source) throw new Error(`no ${name} stream`);
    const fault = (): Fault | undefined => pathFault ?? this.#override.fault;
    let frozen: PreparedFrame | undefined;
    const channel = new Channel({
      clock,
      fps: DOME_FPS,
      originMs: this.#originMs,
      seed: 10_000 + index * 4 + (name === 'main' ? 0 : 1) + (pathFault === undefined ? 0 : 2),
      clockOffsetMs: () => dome.clockOffsetS * 1000,
      pictures: (frameNumber) => {
        if (fault() !== 'frozen') {
          frozen = undefined;
          return source.frameAt(frameNumber);
        }
        const frame = source.frameAt(frameNumber);
        if (!frame?.isKey) return undefined;
        frozen ??= frame;
        return frozen;
      },
    });
    return {
      channel,
      fault,
      faultAfterMs: pathFault === undefined ? 0 : PATH_FAULT_AFTER_MS,
      describe: () => {
        if (fault() === 'wrong-codec') return describeMotionJpeg(dome.key);
        const { sps, pps } = source;
        return describeH264({ title: dome.key, sps, pps, fps: DOME_FPS, audio: name === 'main' });
      },
    };
  }
}

/** RGB of a window's planes (BT.709, limited range). */
function pictureOf({ planes, size: { widthPx, heightPx } }: DomeWindow): Picture {
  const rgb = Buffer.alloc(widthPx * heightPx * 3);
  const lumaPx = widthPx * heightPx;
  const byte = (value: number): number => Math.min(255, Math.max(0, value));
  for (let at = 0, y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, at += 3) {
      const half = (y >> 1) * (widthPx >> 1) + (x >> 1);
      const luma = 1.1644 * ((planes[y * widthPx + x] ?? 0) - 16);
      const blue = (planes[lumaPx + half] ?? 0) - 128;
      const red = (planes[(lumaPx * 5) / 4 + half] ?? 0) - 128;
      rgb[at] = byte(luma + 1.7927 * red);
      rgb[at + 1] = byte(luma - 0.2132 * blue - 0.5329 * red);
      rgb[at + 2] = byte(luma + 2.1124 * blue);
    }
  }
  return { widthPx, heightPx, rgb };
}
