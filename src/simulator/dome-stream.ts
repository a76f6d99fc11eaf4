/**
 * One stream of a simulated dome, coded as it is asked for. While the dome stands still the seconds it shows are kept as they
 * were coded, and played again as long as nothing changes: a dome that rests costs next to nothing. A kept second differs
 * from the others in its noise and in who passes, and they follow each other in the same turn.
 */
import { LIMITS } from '../base/limits.ts';
import { H264Encoder } from '../drivers/codec/codec.ts';
import { CaptionStrip, splitNals, type PreparedGroup } from './clip.ts';
import { DomeWindow } from './dome-window.ts';
import type { NamePlate } from './name-plate.ts';
import type { Panorama } from './panorama.ts';
import type { PreparedFrame } from './rtp.ts';
import type { SceneLighting } from './schedule.ts';
import type { TurretPosition, TurretVelocity } from './turret.ts';

export const DOME_FPS = 12;
/** A key picture every second, so that whoever waits for the dome to settle need not wait long. */
export const DOME_GROUP = 12;
/** Seconds until who passes, passes again. */
export const ROUND_S = 24;

export const DOME_STREAMS = {
  main: { widthPx: 1280, heightPx: 720, captionRows: 2, quality: 26 },
  sub: { widthPx: 640, heightPx: 360, captionRows: 1, quality: 24 },
} as const;

/** What the dome sees at a moment. */
export interface DomeMoment {
  readonly panorama: Panorama;
  readonly pose: TurretPosition;
  readonly velocity: TurretVelocity;
  readonly moving: boolean;
}

const EXPOSURE_S: Readonly<Record<SceneLighting, number>> = {
  clear: 1 / 100,
  overcast: 1 / 60,
  dusk: 1 / 25,
  night: 1 / 15,
};
/** Largest departure of a pixel's luma that the sensor's noise makes. */
const NOISE: Readonly<Record<SceneLighting, number>> = { clear: 2, overcast: 3, dusk: 5, night: 6 };
const NOISE_BYTES = 1 << 18;
const NAL_KINDS = { slice: 1, keySlice: 5, parameterSet: 7, pictureParameterSet: 8 } as const;

/** Noise from -64 to 64, the same in every run; far values are rare. */
const noise = Int8Array.from({ length: NOISE_BYTES }, noiseAt);

/** A second being filmed. */
interface Reel {
  readonly scene: string;
  readonly key: string;
  readonly frames: PreparedFrame[];
  captioned?: (text: string) => PreparedFrame;
}

export class DomeStream {
  /** Of the whole picture, for the session description. */
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  readonly #window: DomeWindow;
  readonly #encoder: H264Encoder;
  readonly #strip: CaptionStrip;
  readonly #plate: NamePlate | undefined;
  readonly #moment: (frameNumber: number) => DomeMoment | undefined;
  readonly #caption: () => string;
  readonly #kept = new Map<string, { group: PreparedGroup; bytes: number }>();
  #keptBytes = 0;
  /** What is being played from memory, or filmed for it. */
  #playing: { scene: string; group: PreparedGroup } | undefined;
  #filming: Reel | undefined;
  #last: { number: number; frame: PreparedFrame | undefined } = { number: -1, frame: undefined };
  #mustBeKey = true;
  /** The picture of a resting dome without its noise, and of which scene. */
  readonly #clean: Buffer;
  #drawn = '';

  private constructor(options: DomeStreamOptions, encoder: H264Encoder, sets: { sps: Uint8Array; pps: Uint8Array }) {
    this.#encoder = encoder;
    this.#window = options.window;
    this.#clean = Buffer.alloc(options.window.planes.length);
    this.#strip = new CaptionStrip(sets.sps, sets.pps, DOME_STREAMS[options.name].captionRows);
    this.#plate = options.plate;
    this.#moment = options.moment;
    this.#caption = options.caption;
    this.sps = this.#strip.sps;
    this.pps = sets.pps;
  }

  static async open(options: Omit<DomeStreamOptions, 'window'>): Promise<DomeStream> {
    const { widthPx, heightPx, captionRows, quality } = DOME_STREAMS[options.name];
    const aboveRows = captionRows * 16;
    const size = { widthPx, heightPx: heightPx - aboveRows, axisRow: heightPx / 2 - aboveRows };
    const window = new DomeWindow(size);
    const encoder = await H264Encoder.open({ widthPx, heightPx: size.heightPx, fps: DOME_FPS, quality });
    const nals = splitNals(encoder.encode(window.planes, true));
    const setOf = (kind: number): Uint8Array => nals.find((nal) => kindOf(nal) === kind) ?? new Uint8Array();
    const sets = { sps: setOf(NAL_KINDS.parameterSet), pps: setOf(NAL_KINDS.pictureParameterSet) };
    return new DomeStream({ ...options, window }, encoder, sets);
  }

  /** The frame to send as number `number`; undefined while there is nothing to see. Asked again, it answers the same. */
  frameAt(number: number): PreparedFrame | undefined {
    if (this.#last.number === number) return this.#last.frame;
    const follows = this.#last.number === number - 1;
    this.#last = { number, frame: this.#frame(number, follows) };
    return this.#last.frame;
  }

  close(): void {
    this.#encoder.close();
  }

  #frame(number: number, follows: boolean): PreparedFrame | undefined {
    const moment = this.#moment(number);
    if (!moment) {
      this.#mustBeKey = true;
      return undefined;
    }
    const scene = moment.moving ? '' : sceneOf(moment);
    const step = number % DOME_GROUP;
    if (step === 0 || !follows) this.#begin(number, scene);
    if (this.#playing?.scene === scene && scene !== '') {
      const { frames, captioned } = this.#playing.group;
      return step === 0 ? captioned?.(this.#caption()) : frames[step];
    }
    // What was played ended in another picture than the encoder's last.
    if (this.#playing) this.#mustBeKey = true;
    this.#playing = undefined;
    return this.#film(number, moment, scene);
  }

  /** At the first frame of a second: from memory if this one is there; otherwise it may become one to keep. */
  #begin(number: number, scene: string): void {
    const turnS = Math.floor(number / DOME_GROUP) % ROUND_S;
    const key = `${turnS}|${scene}`;
    const kept = this.#kept.get(key);
    const whole = scene !== '' && number % DOME_GROUP === 0;
    this.#playing = whole && kept ? { scene, group: kept.group } : undefined;
    this.#filming = whole && !kept ? { scene, key, frames: [] } : undefined;
    this.#mustBeKey = true;
  }

  #film(number: number, moment: DomeMoment, scene: string): PreparedFrame {
    const key = this.#mustBeKey;
    this.#mustBeKey = false;
    this.#draw(number, moment, scene);
    const nals = splitNals(this.#encoder.encode(this.#window.planes, key));
    const slices = nals.filter((nal) => kindOf(nal) === NAL_KINDS.slice || kindOf(nal) === NAL_KINDS.keySlice);
    const captioned = key ? this.#strip.key(slices) : undefined;
    const frame = captioned ? captioned(this.#caption()) : this.#strip.delta(slices);
    const filming = this.#filming;
    if (!filming) return frame;
    if (filming.scene !== scene) {
      this.#filming = undefined;
      return frame;
    }
    filming.frames.push(frame);
    if (captioned) filming.captioned = captioned;
    if (filming.frames.length === DOME_GROUP) this.#keep(filming);
    return frame;
  }

  #keep({ key, frames, captioned }: Reel): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
    this.#kept.set(key, { group: captioned ? { frames, captioned } : { frames }, bytes });
    this.#keptBytes += bytes;
    this.#filming = undefined;
    for (const [oldest, { bytes: freed }] of this.#kept) {
      if (this.#keptBytes <= LIMITS.simulatorCodedBytes) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= freed;
    }
  }

  #draw(number: number, { panorama, pose, velocity }: DomeMoment, scene: string): void {
    if (scene === '' || scene !== this.#drawn) {
      this.#window.draw(panorama, pose, velocity, EXPOSURE_S[panorama.lighting]);
      this.#window.planes.copy(this.#clean);
      this.#drawn = scene;
    } else this.#clean.copy(this.#window.planes);
    addNoise(this.#window.planes, this.#window.size, NOISE[panorama.lighting], number % (ROUND_S * DOME_FPS));
    this.#plate?.draw(this.#window);
  }
}

export interface DomeStreamOptions {
  readonly name: keyof typeof DOME_STREAMS;
  /** What is to be seen at a frame's time; undefined: nothing yet. */
  readonly moment: (frameNumber: number) => DomeMoment | undefined;
  /** What the dome's clock shows now. */
  readonly caption: () => string;
  readonly plate: NamePlate | undefined;
  readonly window: DomeWindow;
}

function sceneOf({ panorama, pose }: DomeMoment): string {
  const { panDeg, tiltDeg, zoom } = pose;
  return `${panorama.lighting}|${panorama.works}|${panDeg.toFixed(3)},${tiltDeg.toFixed(3)},${zoom.toFixed(3)}`;
}

function addNoise(planes: Buffer, size: { widthPx: number; heightPx: number }, strength: number, seed: number): void {
  const count = size.widthPx * size.heightPx;
  let at = (Math.imul(seed + 1, 0x9e3779b1) >>> 0) % NOISE_BYTES;
  for (let i = 0; i < count; i++) {
    const value = (planes[i] as number) + (((noise[at] as number) * strength) >> 6);
    planes[i] = value < 16 ? 16 : value > 235 ? 235 : value;
    at = (at + 1) & (NOISE_BYTES - 1);
  }
}

function noiseAt(_: unknown, index: number): number {
  let sum = 0;
  for (let part = 0; part < 3; part++) {
    let mixed = Math.imul(index * 3 + part + 1, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    sum += (((mixed ^ (mixed >>> 16)) >>> 0) % 43) - 21;
  }
  return sum;
}

function kindOf(nal: Uint8Array): number {
  return (nal[0] ?? 0) & 0x1f;
}
