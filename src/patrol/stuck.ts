/**
 * Whether a turret still follows: it does not when it is sent to another place and shows the same picture, or never says
 * that it moves, twice in a row. One such arrival may be a lost command; a second one on a round of any length is not.
 * Pure.
 */
const SAME_IN_A_ROW = 2;

export class StuckWatch {
  #same = 0;
  #stuck: boolean;

  constructor(stuckBefore: boolean) {
    this.#stuck = stuckBefore;
  }

  /** @param seen of a move that must have shown */
  arrived(seen: 'moved' | 'same' | 'untold'): 'began' | 'ended' | undefined {
    if (seen === 'untold') return undefined;
    this.#same = seen === 'same' ? this.#same + 1 : 0;
    const stuck = this.#stuck ? seen === 'same' : this.#same >= SAME_IN_A_ROW;
    if (stuck === this.#stuck) return undefined;
    this.#stuck = stuck;
    return stuck ? 'began' : 'ended';
  }

  get stuck(): boolean {
    return this.#stuck;
  }
}
