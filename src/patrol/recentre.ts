/**
 * Bringing a stop's picture back over its reference by a small relative move. A device that moves in shares of the picture
 * is told the shift as it is; for others the turn that a picture's width needs is learned from what the moves before have
 * brought, beginning from what a common lens has. Pure.
 */
import type { TurretVector } from './turret.ts';

/** Shift of a picture against its reference, in shares of its width and height: what is looked for stands right and up. */
export interface PictureOffset {
  readonly right: number;
  readonly up: number;
}

export interface RecentreRules {
  /** Offset, as a share of the picture, from which a relative move is worth its time. */
  readonly from: number;
  /** Offset beyond which the stop is not where it was: no move, no judgement. */
  readonly upTo: number;
}

/** A picture 60 degrees wide and 34 high at the wide end, of spaces 360 and 180 degrees wide. */
const WIDE = { pan: 60 / 180, tilt: 34 / 90 };
/** How much narrower a common dome's picture is at full zoom. */
const ZOOM_RATIO = 20;
/** A gain is believed within these bounds of the first guess, and moved no faster than this at a time. */
const GAIN = { least: 1 / 8, most: 8, stepMost: 2 };
/** A move that brought less than this of what it was for was no success. */
const WORTH = 0.5;
/** After so many moves in a row that brought nothing a stop is left alone. */
const FRUITLESS_MOST = 2;
/** Below this (a share of the picture) a shift says nothing of the gain: backlash has its part in it. */
const TELLING = 0.01;

export function sizeOf({ right, up }: PictureOffset): number {
  return Math.max(Math.abs(right), Math.abs(up));
}

export class Recentre {
  readonly #rules: RecentreRules;
  readonly #fruitless = new Map<number, number>();
  #gain = { pan: 1, tilt: 1 };

  constructor(rules: RecentreRules) {
    this.#rules = rules;
  }

  /** Whether an offset is small enough to be mended and large enough to be worth it. */
  isWorth(viewId: number, offset: PictureOffset): boolean {
    const size = sizeOf(offset);
    return size >= this.#rules.from && size <= this.#rules.upTo && (this.#fruitless.get(viewId) ?? 0) < FRUITLESS_MOST;
  }

  /** Whether a look with this offset may be judged. */
  isWithin(offset: PictureOffset): boolean {
    return sizeOf(offset) <= this.#rules.upTo;
  }

  /** The relative move in normalised units that should bring an offset to nothing. @param zoom 0 … 1 */
  moveFor(offset: PictureOffset, zoom: number): Required<TurretVector> {
    const narrower = 1 + (ZOOM_RATIO - 1) * zoom;
    return {
      pan: (offset.right * WIDE.pan * this.#gain.pan) / narrower,
      tilt: (offset.up * WIDE.tilt * this.#gain.tilt) / narrower,
      zoom: 0,
    };
  }

  /** What a move has brought. @param byPicture the device moved in shares of the picture: no gain is learned from it */
  learn(viewId: number, before: PictureOffset, after: PictureOffset, byPicture: boolean): void {
    const fruitless = sizeOf(after) > sizeOf(before) * (1 - WORTH) && sizeOf(after) >= this.#rules.from;
    this.#fruitless.set(viewId, fruitless ? (this.#fruitless.get(viewId) ?? 0) + 1 : 0);
    if (byPicture) return;
    this.#gain = {
      pan: gainAfter(this.#gain.pan, before.right, after.right),
      tilt: gainAfter(this.#gain.tilt, before.up, after.up),
    };
  }
}

function gainAfter(gain: number, before: number, after: number): number {
  if (Math.abs(before) < TELLING) return gain;
  const brought = (before - after) / before;
  const step = brought > 0 ? Math.min(GAIN.stepMost, Math.max(1 / GAIN.stepMost, 1 / brought)) : 1;
  return Math.min(GAIN.most, Math.max(GAIN.least, gain * step));
}
