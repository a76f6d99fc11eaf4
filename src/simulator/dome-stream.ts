/**
 * One stream of a simulated dome, coded picture by picture as it is asked for. While the dome stands still its view is drawn
 * once; then each picture costs its noise, its clock and its coding, a few milliseconds.
 */
import { H264Encoder } from '../drivers/codec/codec.ts';
import { captionMbs, drawCaption } from './caption.ts';
import { splitNals } from './clip.ts';
import { DomeWindow, type WindowSize } from './dome-window.ts';
import type { NamePlate } from './name-plate.ts';
import type { Panorama } from './panorama.ts';
import { prepareFrame, type PreparedFrame } from './rtp.ts';
import type { SceneLighting } from './schedule.ts';
import type { TurretPosition, TurretVelocity } from './turret.ts';

export const DOME_FPS = 12;
/** A key picture every second, so that whoever waits for the dome to settle need not wait long. */
const GROUP = 12;

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
const MACROBLOCK_PX = 16;
const BLACK = 16;
const WHITE = 235;
const GREY = 128;
const NAL_KINDS = { parameterSet: 7, pictureParameterSet: 8 } as const;

/** Noise from -64 to 64, the same in every run; far values are rare. */
const noise = Int8Array.from({ length: NOISE_BYTES }, noiseAt);

export interface DomeStreamOptions {
  readonly name: keyof typeof DOME_STREAMS;
  /** What is to be seen at a frame's time; undefined: nothing yet. */
  readonly moment: (frameNumber: number) => DomeMoment | undefined;
  /** What the dome's clock shows now. */
  readonly caption: () => string;
  readonly plate: NamePlate | undefined;
}

export class DomeStream {
  /** For the session description. */
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  readonly #options: DomeStreamOptions;
  readonly #window: DomeWindow;
  readonly #encoder: H264Encoder;
  /** What a resting dome sees, without noise and clock, and which view it is of. */
  readonly #still: Buffer;
  #stillOf = '';
  #last: { number: number; frame: PreparedFrame | undefined } = { number: -2, frame: undefined };

  private constructor(options: DomeStreamOptions, window: DomeWindow, encoder: H264Encoder) {
    this.#options = options;
    this.#window = window;
    this.#encoder = encoder;
    this.#still = Buffer.alloc(window.planes.length);
    const nals = splitNals(encoder.encode(window.planes, true));
    const setOf = (kind: number): Uint8Array => nals.find((nal) => kindOf(nal) === kind) ?? new Uint8Array();
    this.sps = setOf(NAL_KINDS.parameterSet);
    this.pps = setOf(NAL_KINDS.pictureParameterSet);
  }

  static async open(options: DomeStreamOptions): Promise<DomeStream> {
    const { widthPx, heightPx, quality } = DOME_STREAMS[options.name];
    const encoder = await H264Encoder.open({ widthPx, heightPx, fps: DOME_FPS, quality });
    return new DomeStream(options, new DomeWindow({ widthPx, heightPx }), encoder);
  }

  /** The frame to send as number `number`; undefined while there is nothing to see. Asked again, it answers the same. */
  frameAt(number: number): PreparedFrame | undefined {
    if (this.#last.number === number) return this.#last.frame;
    const follows = this.#last.number === number - 1 && this.#last.frame !== undefined;
    const moment = this.#options.moment(number);
    this.#last = { number, frame: moment && this.#film(number, moment, !follows || number % GROUP === 0) };
    return this.#last.frame;
  }

  close(): void {
    this.#encoder.close();
  }

  #film(number: number, { panorama, pose, velocity, moving }: DomeMoment, key: boolean): PreparedFrame {
    const { planes, size } = this.#window;
    const view = moving ? '' : `${panorama.lighting} ${panorama.works} ${pose.panDeg} ${pose.tiltDeg} ${pose.zoom}`;
    if (view === '' || view !== this.#stillOf) {
      this.#window.draw(panorama, pose, velocity, EXPOSURE_S[panorama.lighting]);
      planes.copy(this.#still);
      this.#stillOf = view;
    } else this.#still.copy(planes);
    addNoise(planes, size, NOISE[panorama.lighting], number);
    letter(this.#window, this.#options);
    return prepareFrame(splitNals(this.#encoder.encode(planes, key)), key);
  }
}

/** Writes the dome's clock above the picture and its name into it. */
export function letter(
  { planes, size }: DomeWindow,
  { name, caption, plate }: Pick<DomeStreamOptions, 'name' | 'caption' | 'plate'>,
): void {
  const { widthPx, heightPx } = size;
  const { captionRows } = DOME_STREAMS[name];
  const rows = captionRows * MACROBLOCK_PX;
  planes.fill(BLACK, 0, rows * widthPx);
  const chroma = widthPx * heightPx;
  for (const plane of [chroma, (chroma * 5) / 4]) planes.fill(GREY, plane, plane + (rows * widthPx) / 4);
  const widthMbs = captionMbs(captionRows);
  const luma = drawCaption(caption(), captionRows, widthMbs);
  const writtenPx = widthMbs * MACROBLOCK_PX;
  for (let row = 0; row < rows; row++) luma.copy(planes, row * widthPx, row * writtenPx, (row + 1) * writtenPx);
  plate?.draw(planes, size);
}

function addNoise(planes: Buffer, { widthPx, heightPx }: WindowSize, strength: number, seed: number): void {
  const count = widthPx * heightPx;
  let at = (Math.imul(seed + 1, 0x9e3779b1) >>> 0) % NOISE_BYTES;
  for (let i = 0; i < count; i++) {
    const value = (planes[i] as number) + (((noise[at] as number) * strength) >> 6);
    planes[i] = value < BLACK ? BLACK : value > WHITE ? WHITE : value;
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
