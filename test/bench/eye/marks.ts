/** How reported regions are held against marked structures, and the figures that come of it. Pure. */
import type { Polygon } from '../../../src/base/picture.ts';
import { cellsIn } from '../../../src/comparison/outline.ts';

/** A structure counts as found when more than this share of it is covered. */
const FOUND = 0.25;

export interface Grid {
  readonly width: number;
  readonly height: number;
}

export interface ScoredRegion {
  readonly score: number;
  readonly polygon: Polygon;
}

/** One judged picture as the figures need it. */
export interface Outcome {
  readonly view: string;
  readonly frame: string;
  readonly changed: boolean;
  readonly regions: readonly ScoredRegion[];
  /** Of each marked structure the score at which it is found: the highest S with enough of it under regions of at least S. */
  readonly foundAt: readonly number[];
  /** Why it was not judged. */
  readonly refused?: string;
  /** Cells of the marks and of each region alone and with the marks, highest score first. */
  readonly pixels?: { readonly marked: number; readonly regions: readonly { cells: number; right: number }[] };
}

export interface Marks extends Grid {
  /** For each cell the number of its structure, from 1; 0 where nothing new stands. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** Connected areas (by sides) of a mask as structures. */
export function marksOf(mask: Uint8Array, { width, height }: Grid): Marks {
  const labels = new Int32Array(width * height);
  let count = 0;
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || labels[start]) continue;
    count++;
    const waiting = [start];
    labels[start] = count;
    for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
      const x = cell % width;
      for (const next of [x > 0 ? cell - 1 : -1, x < width - 1 ? cell + 1 : -1, cell - width, cell + width]) {
        if (next >= 0 && next < mask.length && mask[next] && !labels[next]) {
          labels[next] = count;
          waiting.push(next);
        }
      }
    }
  }
  return { width, height, labels, count };
}

/** @param regions highest score first */
export function outcomeOf(
  view: string,
  frame: string,
  regions: readonly ScoredRegion[],
  marks: Marks | undefined,
  refused?: string,
): Outcome {
  const base = { view, frame, regions, ...(refused !== undefined && { refused }) };
  if (!marks) return { ...base, changed: false, foundAt: [] };
  const sizes = new Array<number>(marks.count + 1).fill(0);
  for (const label of marks.labels) sizes[label]!++;
  const covered = new Array<number>(marks.count + 1).fill(0);
  const foundAt = new Array<number>(marks.count).fill(0);
  const seen = new Uint8Array(marks.labels.length);
  const pixels = regions.map(({ polygon, score }) => {
    let [cells, right] = [0, 0];
    cellsIn([polygon], marks.width, marks.height).forEach((inside, cell) => {
      if (!inside || seen[cell]) return;
      seen[cell] = 1;
      cells++;
      const label = marks.labels[cell]!;
      if (label === 0) return;
      right++;
      covered[label]!++;
    });
    for (let label = 1; label <= marks.count; label++) {
      if (!foundAt[label - 1] && covered[label]! > FOUND * sizes[label]!) foundAt[label - 1] = score;
    }
    return { cells, right };
  });
  return { ...base, changed: true, foundAt, pixels: { marked: marks.labels.length - sizes[0]!, regions: pixels } };
}

export interface Point {
  readonly falseAlarms: number;
  /** Regions of a higher score are reported. */
  readonly score: number;
  readonly recall: number;
  readonly f1: number;
  readonly recallByView: Readonly<Record<string, number>>;
  readonly alarmsByView: Readonly<Record<string, number>>;
}

/** The figures where at most a share of the unchanged pictures raise anything. */
export function pointAt(outcomes: readonly Outcome[], falseAlarms: number): Point {
  const tops = outcomes.filter(({ changed }) => !changed).map(({ regions }) => regions[0]?.score ?? 0);
  tops.sort((a, b) => b - a);
  // Only what lies above it is reported: of n pictures the first floor(rate * n) at most.
  const score = tops[Math.min(tops.length - 1, Math.floor(falseAlarms * tops.length))] ?? 0;
  return pointOf(outcomes, score);
}

export function pointOf(outcomes: readonly Outcome[], score: number): Point {
  const found: Record<string, number[]> = {};
  const alarms: Record<string, number[]> = {};
  let [right, reported, marked] = [0, 0, 0];
  for (const { view, changed, regions, foundAt, pixels } of outcomes) {
    if (!changed) {
      (alarms[view] ??= []).push((regions[0]?.score ?? 0) > score ? 1 : 0);
      continue;
    }
    (found[view] ??= []).push(...foundAt.map((at) => (at > score ? 1 : 0)));
    marked += pixels?.marked ?? 0;
    regions.forEach((region, index) => {
      if (region.score <= score) return;
      right += pixels?.regions[index]?.right ?? 0;
      reported += pixels?.regions[index]?.cells ?? 0;
    });
  }
  return {
    score,
    falseAlarms: mean(Object.values(alarms).flat()),
    recall: mean(Object.values(found).flat()),
    f1: marked + reported === 0 ? 0 : (2 * right) / (marked + reported),
    recallByView: Object.fromEntries(Object.entries(found).map(([view, hits]) => [view, mean(hits)])),
    alarmsByView: Object.fromEntries(Object.entries(alarms).map(([view, hits]) => [view, mean(hits)])),
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
