/**
 * How a new view learns what is lawful: it gathers pictures over the configured time, then offers those that span its
 * lightings and hours best. A person accepts them.
 */
import type { Proposed } from './comparison-store.ts';

/** Pictures gathered for each that is wanted, so that there is a choice. */
const GATHERED_FOR_EACH = 3;

/** Milliseconds between two pictures kept while learning. */
export function learningIntervalMs(spanS: number, pictures: number): number {
  return (spanS * 1000) / (pictures * GATHERED_FOR_EACH);
}

/**
 * Chooses the pictures that span the past best: one of every lighting first, then again and again the one least like
 * those already chosen (farthest-point sampling on the thumbnails).
 * @returns ids, at most `wanted`
 */
export function chooseBaselines(gathered: readonly Proposed[], wanted: number): number[] {
  const chosen: Proposed[] = [];
  const left = [...gathered];
  const take = (next: Proposed): void => {
    chosen.push(next);
    left.splice(left.indexOf(next), 1);
  };
  for (const lighting of new Set(gathered.map((one) => one.lighting))) {
    const alike = left.filter((one) => one.lighting === lighting);
    const middle = alike[alike.length >> 1];
    if (middle && chosen.length < wanted) take(middle);
  }
  while (chosen.length < wanted && left.length > 0) {
    const distances = left.map((one) => Math.min(...chosen.map((other) => difference(one.thumbnail, other.thumbnail))));
    take(left[distances.indexOf(Math.max(...distances))] as Proposed);
  }
  return chosen.map((one) => one.id).sort((a, b) => a - b);
}

/** Mean absolute difference of two grey thumbnails of one size, 0..255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));
  return a.length === 0 ? 0 : sum / a.length;
}
