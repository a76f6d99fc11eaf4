/**
 * When a turret that was sent somewhere stands still: by its own word where it gives one, and by the picture in any case.
 * The picture must first leave what was seen before the move and then hold still: two pictures, a little apart, that
 * register to under a pixel. A stream lags behind its motor, so a still picture alone proves nothing until it has moved.
 * Where there is too little to see for registering, a fixed wait after the turret's word does. Pure.
 */
import type { TurretPosition, TurretStatus } from './turret.ts';

/** How one picture stands against an earlier one of the same stream. */
export type PictureShift =
  /** @property px distance between them in pixels of a look, at the edge where zoom differs */
  | { readonly kind: 'told'; readonly px: number }
  /** They have nothing, or too little, in common: the camera looks elsewhere, or moves fast. */
  | { readonly kind: 'strange' }
  /** Too little to see in one of them. */
  | { readonly kind: 'untold' };

export interface SettleRules {
  /** Largest shift of two pictures of a camera that stands still, in pixels of a look. */
  readonly stillPx: number;
  /** Least time between two pictures that are compared: a slow move shows nothing between two that follow each other. */
  readonly apartMs: number;
  /** How far a stream may lag behind the motor: waited out where no move can be seen. */
  readonly lagMs: number;
  /** How long a picture must stay as it was, after a turret says that it has moved, to be believed. */
  readonly sameMs: number;
  /** How long is waited in the dark, where the picture cannot tell. */
  readonly blindMs: number;
  /** Time in which a move must have begun to show. */
  readonly unmovedMs: number;
  /** Longest for everything. */
  readonly longestMs: number;
}

export const SETTLE_RULES: SettleRules = {
  ...{ stillPx: 1, apartMs: 80, lagMs: 700, sameMs: 3_000, blindMs: 1_500, unmovedMs: 5_000, longestMs: 45_000 },
};

/** Pictures nearer to that from before the move than this have not left it. */
const LEFT_PX = 2;
/** A picture sharper than the one before it by more than this is still clearing up. */
const CLEARS = 1.04;
/** Positions that differ less than this are the same, in normalised units. */
const SAME_POSITION = 0.0005;

export type SettleState =
  | 'moving'
  /** It stands, by its word; the picture is waited for. */
  | 'settling'
  | 'settled'
  /** Neither the picture nor the turret's word has moved at all. */
  | 'unmoved'
  | 'overdue';

export class Settling {
  readonly #rules: SettleRules;
  readonly #beganMs: number;
  readonly #from: TurretPosition | null;
  readonly #expectsMove: boolean;
  #left = false;
  #sawStatus = false;
  #movedByWord = false;
  /** It says where it is, or whether it moves. */
  #tells = false;
  #position: TurretPosition | null;
  /** Since when the turret's word has been that it stands; undefined: it moves. Null: it has not said anything. */
  #standsSinceMs: number | undefined | null = null;
  /** It has been seen to show what it showed before. */
  #sawSame = false;
  #untoldOnly = true;
  #stillAtMs: number | undefined;
  #pictures = 0;
  #sharpness: number | undefined;

  /**
   * @param beganMs monotonic ms at which the command was given
   * @param from where the turret pointed before, as far as known
   * @param expectsMove false where it may stand there already: nothing needs to be seen to move then
   */
  constructor(rules: SettleRules, beganMs: number, from: TurretPosition | null, expectsMove: boolean) {
    this.#rules = rules;
    this.#beganMs = beganMs;
    this.#from = from;
    this.#position = from;
    this.#expectsMove = expectsMove;
  }

  /** What the turret says of itself. */
  status(atMs: number, { moving, position }: TurretStatus): void {
    this.#sawStatus = true;
    this.#tells ||= moving !== null || position !== null;
    const same = position !== null && this.#position !== null && isSamePosition(position, this.#position);
    if (moving === true || (position && this.#from && !isSamePosition(position, this.#from))) this.#movedByWord = true;
    this.#position = position ?? this.#position;
    // Without a word on moving, a position that is told twice the same is one that stands.
    const stands = moving === false || (moving === null && (position === null || same));
    if (!stands) this.#standsSinceMs = undefined;
    else this.#standsSinceMs ??= atMs;
  }

  /**
   * A picture that arrived `apartMs` or more after the one before it.
   * @param sinceBefore against the picture from before the move; undefined: there is none
   * @param sinceLast against the picture given before this one; undefined: there is none
   * @param sharpness of this one, in any measure; undefined: not asked
   */
  picture(
    atMs: number,
    sinceBefore: PictureShift | undefined,
    sinceLast: PictureShift | undefined,
    sharpness?: number,
  ): void {
    this.#pictures++;
    // Coding carries the blur of a turn on for a picture or two after it.
    const clears = sharpness !== undefined && sharpness > (this.#sharpness ?? sharpness) * CLEARS;
    this.#sharpness = sharpness;
    if (sinceBefore && sinceBefore.kind !== 'untold') {
      this.#untoldOnly = false;
      if (sinceBefore.kind === 'strange' || sinceBefore.px >= LEFT_PX) this.#left = true;
      else this.#sawSame = true;
    }
    if (sinceLast?.kind === 'told') this.#untoldOnly = false;
    const still = sinceLast?.kind === 'told' && sinceLast.px < this.#rules.stillPx && !clears;
    this.#stillAtMs = still && this.#mayBelieve(atMs) ? atMs : undefined;
  }

  /** Whether a still picture of now can be of after the move. */
  #mayBelieve(atMs: number): boolean {
    if (this.#standsSinceMs === undefined) return false;
    const sinceMs = atMs - Math.max(this.#beganMs, this.#standsSinceMs ?? this.#beganMs);
    if (!this.#expectsMove) return this.#left || sinceMs >= this.#rules.lagMs;
    if (!this.#tells) return this.#left;
    // Of a turret that tells of itself its word is wanted too: a scene may change without a move. A move may be too short
    // to be heard of.
    if (!this.#movedByWord) return this.#left && sinceMs >= this.#rules.blindMs;
    // That it shows the same after all is only believed once no stream can lag so far behind.
    return this.#left || sinceMs >= this.#rules.sameMs;
  }

  /** @param atMs monotonic ms */
  state(atMs: number): SettleState {
    const { longestMs, unmovedMs, blindMs } = this.#rules;
    const sinceMs = atMs - this.#beganMs;
    if (this.#stillAtMs !== undefined) return 'settled';
    if (this.#pictures > 1 && this.#untoldOnly && this.#standsLongEnough(atMs, blindMs)) return 'settled';
    if (this.#expectsMove && !this.#left && !this.#movedByWord && this.#sawSame && sinceMs >= unmovedMs)
      return 'unmoved';
    if (sinceMs >= longestMs) return 'overdue';
    return typeof this.#standsSinceMs === 'number' ? 'settling' : 'moving';
  }

  /**
   * What was seen of the move: the picture has left what it showed before, still shows it, or cannot tell; where it cannot,
   * the turret's word stands for it.
   */
  get seen(): 'moved' | 'same' | 'untold' {
    if (this.#left) return 'moved';
    if (this.#sawSame) return 'same';
    return this.#sawStatus && this.#position !== null && !this.#movedByWord ? 'same' : 'untold';
  }

  /** Whether the picture has left what it showed before the move: it need not be compared with that any more. */
  get hasLeft(): boolean {
    return this.#left;
  }

  /** It moves by its own word: its pictures need not be compared with each other. */
  get turns(): boolean {
    return this.#standsSinceMs === undefined;
  }

  /** When it stood by its own word, monotonic ms. */
  get stoodAtMs(): number | undefined {
    return this.#standsSinceMs ?? undefined;
  }

  #standsLongEnough(atMs: number, forMs: number): boolean {
    if (this.#standsSinceMs === undefined) return false;
    const fromMs = this.#sawStatus ? (this.#standsSinceMs ?? this.#beganMs) : this.#beganMs + this.#rules.unmovedMs;
    return atMs - Math.max(fromMs, this.#beganMs) >= forMs;
  }
}

export function isSamePosition(a: TurretPosition, b: TurretPosition, within = SAME_POSITION): boolean {
  const turned = Math.abs(a.pan - b.pan);
  return (
    Math.min(turned, 2 - turned) <= within &&
    Math.abs(a.tilt - b.tilt) <= within &&
    Math.abs((a.zoom ?? 0) - (b.zoom ?? 0)) <= within
  );
}
