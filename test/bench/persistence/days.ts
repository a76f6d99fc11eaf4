/** Days of looks drawn from real pictures, and what the rule of persistence makes of them. Pure. */
import { samePlace, type LookBack } from '../../../src/candidate/candidate.ts';
import type { Polygon } from '../../../src/base/picture.ts';
import type { PersistenceRule } from '../../../src/drivers/postgres/schema.ts';

/** Each picture by the regions it shows. */
export class Places {
  readonly regionsOf: readonly (readonly number[])[];
  readonly #polygons: readonly Polygon[];
  readonly #areOne = new Map<number, boolean>();
  /** `shows[region][picture]`: does the picture show that region's place changed? */
  readonly shows: readonly Uint8Array[];

  /** @param pictures the polygons reported of each picture */
  constructor(pictures: readonly (readonly Polygon[])[]) {
    let next = 0;
    this.regionsOf = pictures.map((polygons) => polygons.map(() => next++));
    this.#polygons = pictures.flat();
    this.shows = this.#polygons.map((place) =>
      Uint8Array.from(pictures, (polygons) => (polygons.some((other) => samePlace(other, place)) ? 1 : 0)),
    );
  }

  polygon(region: number): Polygon {
    return this.#polygons[region]!;
  }

  areOne(a: number, b: number): boolean {
    const key = Math.min(a, b) * this.#polygons.length + Math.max(a, b);
    const known = this.#areOne.get(key) ?? samePlace(this.#polygons[a]!, this.#polygons[b]!);
    this.#areOne.set(key, known);
    return known;
  }

  /** Looks as the program keeps them, newest first. */
  looks(day: Uint16Array, newest: number, count: number, everyS: number): LookBack[] {
    return Array.from({ length: Math.min(count, newest + 1) }, (_, back) => ({
      capturedAtMs: (newest - back) * everyS * 1000,
      regions: this.regionsOf[day[newest - back]!]!.map((region) => ({
        score: 1,
        box: [0, 0, 1, 1] as const,
        polygon: this.polygon(region),
        areaFraction: 0,
      })),
    }));
  }
}

/** Pictures by look: each stays for `holdS` on average before another one is drawn. */
export function dayOf(
  pictures: number,
  looks: number,
  everyS: number,
  holdS: number,
  random: () => number,
): Uint16Array {
  const day = new Uint16Array(looks);
  let shown = Math.floor(random() * pictures);
  for (let look = 0; look < looks; look++) {
    if (random() < everyS / holdS) shown = Math.floor(random() * pictures);
    day[look] = shown;
  }
  return day;
}

/** As persistenceOf() judges it, on looks that come every `everyS` seconds; `shows[picture]` says where the place is changed. */
export function stays(
  shows: Uint8Array,
  day: Uint16Array,
  newest: number,
  everyS: number,
  rule: PersistenceRule,
): boolean {
  const looksInSample = rule.of > 1 ? Math.max(1, Math.ceil(rule.spanS / (rule.of - 1) / everyS)) : 1;
  let at = newest;
  let foundSamples = 0;
  let first = newest;
  for (let sample = 0; sample < rule.of && at >= 0; sample++) {
    const end = Math.max(-1, at - looksInSample);
    let [found, judged] = [0, 0];
    let earliest = -1;
    for (; at > end; at--) {
      judged++;
      if (shows[day[at]!]) {
        found++;
        earliest = at;
      }
    }
    if (earliest >= 0) first = earliest;
    if (found * 2 > judged) foundSamples++;
  }
  return foundSamples >= rule.found && (newest - first) * everyS >= rule.spanS;
}

/** How many candidates a day raises: one open item a place, which stands for the rest of the day. */
export function raisedIn(places: Places, day: Uint16Array, everyS: number, rule: PersistenceRule): number {
  const raised: number[] = [];
  for (let look = 0; look < day.length; look++) {
    for (const region of places.regionsOf[day[look]!]!) {
      if (raised.some((other) => places.areOne(region, other))) continue;
      if (stays(places.shows[region]!, day, look, everyS, rule)) raised.push(region);
    }
  }
  return raised.length;
}

/** Looks until something that stands from the first one on is raised; undefined when it never is. */
export function raisedAfter(
  shows: Uint8Array,
  day: Uint16Array,
  everyS: number,
  rule: PersistenceRule,
): number | undefined {
  for (let look = 0; look < day.length; look++) {
    if (shows[day[look]!] && stays(shows, day, look, everyS, rule)) return look;
  }
  return undefined;
}
