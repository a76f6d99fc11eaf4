/**
 * Pose: where a frame stands against a lawful picture of its view. All is done on edges, which outlast a change of light
 * (Argyriou and Vlachos, 2004). A camera that holds still is registered from where it stood; one that does not is found
 * by phase correlation at half the size, with a few zooms tried, and registered from there. Pure.
 */
import type { Picture } from '../base/picture.ts';
import { peakOf } from './phase.ts';
import { agreementAt, edgedShare, edgesOf, halved, register, type Edges, type Registered } from './register.ts';
import { greyAt, type Motion } from './resample.ts';

export const POSE_WIDTH = 256;
export const POSE_HEIGHT = 128;
/**
 * Shift, as a share of the picture's side, and zoom beyond which a look is not judged. Shifts to 8 % and zooms to 3 % are
 * promised; a little more, so that none of them falls to the rounding.
 */
export const FARTHEST_SHIFT = 0.085;
export const FARTHEST_ZOOM = 0.035;

/** Height of the correlation peak over the spread of the rest from which a shift is believed. */
const SURE_PEAK = 9;
/** Share of textured tiles that must agree. */
const AGREEING = 0.2;
/** Share from which the frame may stand where the reference does but for a pixel or two, and from which it surely does. */
const STILL_ENOUGH = 0.5;
const SURE = 0.75;
/** Below this the pictures have nothing in common at all. */
const STRANGERS = 0.12;
/** Mean gradient (grey levels a pixel) from which a tile is textured, and the share of such tiles that can tell a pose. */
const TEXTURED = 4;
const FEWEST_TEXTURED = 0.08;
/** Zooms that a search begins from: each finds what lies half-way to the next. */
const ZOOMS = [1, 0.985, 1.015, 0.97, 1.03] as const;
/** A motion found from standing still is believed as far as edges are wide; beyond, it may have stopped half-way. */
const SETTLED_REACH_PX = 1.5;
const STEPS_AT_HALF = 6;
const STEPS_IN_FULL = 4;

export interface Registration {
  readonly motion: Motion;
  /** Mean distance, in pixels of a pose picture, of the tiles from where the motion puts them; null: not measurable. */
  readonly residualPx: number | null;
  /** Share of the textured tiles in which both pictures show the same edges once aligned. */
  readonly agreement: number;
}

export type PoseAnswer =
  | ({ readonly state: 'told' } & Registration)
  /** Taken as standing still. @property bare too little is to be seen in one of the pictures; else they agree a little only */
  | ({ readonly state: 'untold'; readonly bare: boolean } & Registration)
  | ({ readonly state: 'moved'; readonly detail: string } & Registration);

const STILL: Motion = { dx: 0, dy: 0, zoom: 1 };

/** Grey picture of the pose's size, one byte a pixel. */
export function posePictureOf(picture: Picture): Uint8Array {
  return greyAt(picture, POSE_WIDTH, POSE_HEIGHT);
}

/**
 * Registers a frame to lawful pictures of its view, the likeliest first, and keeps the first that fits.
 * @param frame pose picture of the frame
 * @param references pose pictures; at least one
 */
export function poseOf(frame: Uint8Array, references: readonly Uint8Array[]): PoseAnswer {
  const seen = new Sight(frame);
  let best: PoseAnswer | undefined;
  for (const reference of references) {
    const answer = poseAgainst(seen, new Sight(reference));
    if (answer.state === 'told') return answer;
    // A reference that cannot tell outweighs one that finds nothing in common: night is not a moved camera.
    if (!best || (best.state === 'moved' && answer.state === 'untold')) best = answer;
  }
  if (!best) throw new RangeError('no reference to register to');
  return best;
}

/** A pose picture's edges at both sizes. */
class Sight {
  readonly full: Edges;
  #half: Edges | undefined;

  constructor(grey: Uint8Array) {
    if (grey.length !== POSE_WIDTH * POSE_HEIGHT) {
      throw new RangeError(`a pose picture has ${POSE_WIDTH * POSE_HEIGHT} bytes, not ${grey.length}`);
    }
    this.full = edgesOf(grey, POSE_WIDTH, POSE_HEIGHT);
  }

  get half(): Edges {
    return (this.#half ??= halved(this.full));
  }

  get isBare(): boolean {
    return edgedShare(this.full, TEXTURED) < FEWEST_TEXTURED;
  }
}

function poseAgainst(frame: Sight, reference: Sight): PoseAnswer {
  if (frame.isBare || reference.isBare) {
    const agreement = agreementAt(frame.full, reference.full, STILL);
    return { state: 'untold', bare: true, motion: STILL, residualPx: null, agreement };
  }
  const from = register(frame.full, reference.full, STILL, STEPS_IN_FULL, STILL_ENOUGH);
  const agreement = from.agreementAtStart;
  const still: Registration = { motion: STILL, residualPx: null, agreement };
  const near = agreement >= STILL_ENOUGH ? from : undefined;
  if (near && near.agreement >= SURE && reachOf(near.motion) <= SETTLED_REACH_PX && isBetter(near, agreement)) {
    return within(near);
  }
  // Edges that all run one way agree at many shifts: whichever brings most into agreement is the one. Of two that agree
  // alike one may have stopped half-way, which shows in how far its tiles are off.
  const [best] = [near, search(frame, reference)]
    .filter((one) => one !== undefined)
    .filter((one) => isBetter(one, agreement))
    .sort((a, b) => b.agreement - a.agreement || (a.residualPx ?? Infinity) - (b.residualPx ?? Infinity));
  if (best) return within(best);
  if (agreement >= AGREEING) return { state: 'told', ...still };
  if (agreement < STRANGERS) return { state: 'moved', detail: 'the picture shows nothing of the view', ...still };
  return { state: 'untold', bare: false, ...still };
}

/** Looks for where the frame went. Undefined: no shift stands out. */
function search(frame: Sight, reference: Sight): Registered | undefined {
  const { width, height } = frame.half;
  const peak = peakOf(frame.half.values, reference.half.values, width, height);
  if (peak.height < SURE_PEAK) return undefined;
  const shift = { dx: peak.dx / width, dy: peak.dy / height };
  const starts = ZOOMS.map((zoom) => ({ ...shift, zoom }));
  const agreements = starts.map((start) => agreementAt(frame.half, reference.half, start));
  const start = starts[agreements.indexOf(Math.max(...agreements))] ?? STILL;
  const near = register(frame.half, reference.half, start, STEPS_AT_HALF);
  return register(frame.full, reference.full, near.motion, STEPS_IN_FULL);
}

/**
 * Whether a motion is believed: passing cars can move a peak by themselves, and a real move of more than a pixel brings
 * many tiles into agreement. Less than a pixel changes little either way.
 */
function isBetter({ motion, agreement }: Registered, stillAgreement: number): boolean {
  const gain = reachOf(motion) > 1 ? Math.min(0.05, (1 - stillAgreement) / 4) : -0.02;
  return agreement >= AGREEING && agreement >= stillAgreement + gain;
}

/** Farthest that a motion takes any point, in pixels of a pose picture. */
function reachOf({ dx, dy, zoom }: Motion): number {
  const edge = Math.abs(zoom - 1) / 2;
  return Math.max((Math.abs(dx) + edge) * POSE_WIDTH, (Math.abs(dy) + edge) * POSE_HEIGHT);
}

function within(found: Registered): PoseAnswer {
  const { dx, dy, zoom } = found.motion;
  if (Math.max(Math.abs(dx), Math.abs(dy)) > FARTHEST_SHIFT) {
    return { state: 'moved', detail: 'the picture is shifted too far', ...found };
  }
  if (Math.abs(zoom - 1) > FARTHEST_ZOOM) return { state: 'moved', detail: 'the picture is zoomed too far', ...found };
  return { state: 'told', ...found };
}
