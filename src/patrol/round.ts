/**
 * Where a route stands in its round. Every stop comes once a round, in the route's order or, where it is random, in a new
 * order each time. A stop that was broken off is the next one again; the route may change between any two stops. Pure but
 * for the dice.
 */
import type { Route, Stop } from './route.ts';

type Rounded = Pick<Route, 'randomOrder' | 'stops'>;

export class Round {
  readonly #random: () => number;
  readonly #visited = new Set<number>();
  #current: number | undefined;
  /** The stop gone from last and its place in the route then: where to go on when it is no more. */
  #last: { id: number; index: number } | undefined;

  /** @param stopId where to go on, from before a restart */
  constructor(random: () => number, stopId?: number) {
    this.#random = random;
    this.#current = stopId;
  }

  /** The stop to be at now: the same one until {@link leave}. */
  stop(route: Rounded): Stop | undefined {
    const { stops } = route;
    const kept = stops.find(({ id }) => id === this.#current);
    if (kept) return kept;
    for (const id of this.#visited) if (!stops.some((stop) => stop.id === id)) this.#visited.delete(id);
    const next = route.randomOrder ? this.#drawn(stops) : this.#following(stops);
    this.#current = next?.id;
    return next;
  }

  /** The present stop is done with, well or not: the next one is another. */
  leave(route: Rounded): void {
    if (this.#current === undefined) return;
    const index = route.stops.findIndex(({ id }) => id === this.#current);
    this.#visited.add(this.#current);
    this.#last = { id: this.#current, index: index < 0 ? (this.#last?.index ?? -1) : index };
    this.#current = undefined;
  }

  #following(stops: readonly Stop[]): Stop | undefined {
    if (!this.#last) return stops[0];
    const at = stops.findIndex(({ id }) => id === this.#last?.id);
    // Where the last stop was taken out, its follower has moved up into its place.
    const next = at >= 0 ? at + 1 : this.#last.index;
    return stops[next % Math.max(1, stops.length)];
  }

  #drawn(stops: readonly Stop[]): Stop | undefined {
    let left = stops.filter(({ id }) => !this.#visited.has(id));
    if (left.length === 0) {
      this.#visited.clear();
      left = stops.length > 1 ? stops.filter(({ id }) => id !== this.#last?.id) : [...stops];
    }
    return left[Math.min(left.length - 1, Math.floor(this.#random() * left.length))];
  }
}
