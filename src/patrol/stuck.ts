/**
 * Whether a turret still follows. It does not when it was sent to another place, once more when nothing moved, and neither
 * its word nor its picture has changed; or when it says that it went but shows the same picture, twice in a row: once may be
 * two places that look alike. Pure.
 */

/** What was seen of a move that must have shown. */
export type MoveSeen =
  | 'moved'
  /** The picture is the one from before, whatever the turret says. */
  | 'same'
  /** Neither the turret's word nor the picture has moved, asked twice. */
  | 'unmoved'
  | 'untold';

const SAME_IN_A_ROW = 2;

export class StuckWatch {
  #same = 0;
  #stuck: boolean;

  constructor(stuckBefore: boolean) {
    this.#stuck = stuckBefore;
  }

  arrived(seen: MoveSeen): 'began' | 'ended' | undefined {
    if (seen === 'untold') return undefined;
    this.#same = seen === 'moved' ? 0 : this.#same + 1;
    const stuck = this.#stuck ? seen !== 'moved' : seen === 'unmoved' || this.#same >= SAME_IN_A_ROW;
    if (stuck === this.#stuck) return undefined;
    this.#stuck = stuck;
    return stuck ? 'began' : 'ended';
  }
}
