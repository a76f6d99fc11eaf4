/**
 * What patrol has truly seen: looks against plan, longest gaps, and why looks could not be judged. Pure.
 */
import { wallDate, type Span } from './timetable.ts';

export interface SeenLook {
  readonly atMs: number;
  /** Null: judged, or learned from; else why it was not. */
  readonly reason: string | null;
}

export interface CoverageOfView {
  readonly lastGoodLookAtMs: number | null;
  readonly looks: number;
  readonly goodLooks: number;
  readonly plannedLooks: number;
  readonly longestGapS: number;
  readonly longestActiveGapS: number;
  readonly notJudged: readonly { readonly reason: string; readonly looks: number }[];
  readonly timeline: {
    readonly fromMs: number;
    readonly stepS: number;
    readonly planned: readonly number[];
    readonly good: readonly number[];
    readonly notJudged: readonly number[];
  };
}

const TIMELINE_STEP_MS = 3_600_000;

/**
 * @param looks in order of time, all within the period
 * @param active when the route was in force within the period, in order
 * @param roundS how long a round takes: the plan is one look a round
 * @param period UTC ms; `toMs` at most now
 */
export function coverageOf(
  looks: readonly SeenLook[],
  active: readonly Span[],
  roundS: number,
  period: Span,
): CoverageOfView {
  const good = looks.filter(({ reason }) => reason === null).map(({ atMs }) => atMs);
  const steps = Math.max(1, Math.ceil((period.toMs - period.fromMs) / TIMELINE_STEP_MS));
  const stepOf = (atMs: number): number =>
    Math.min(steps - 1, Math.max(0, Math.floor((atMs - period.fromMs) / TIMELINE_STEP_MS)));
  const planned = plannedPerStep(active, roundS, period, steps);
  const goodPerStep = new Array<number>(steps).fill(0);
  const notJudgedPerStep = new Array<number>(steps).fill(0);
  const reasons = new Map<string, number>();
  for (const { atMs, reason } of looks) {
    const counts = reason === null ? goodPerStep : notJudgedPerStep;
    const step = stepOf(atMs);
    counts[step] = (counts[step] ?? 0) + 1;
    if (reason !== null) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return {
    lastGoodLookAtMs: good.at(-1) ?? null,
    looks: looks.length,
    goodLooks: good.length,
    plannedLooks: planned.reduce((sum, count) => sum + count, 0),
    longestGapS: longestGapMs(good, [period]) / 1000,
    longestActiveGapS: longestGapMs(good, active) / 1000,
    notJudged: [...reasons].map(([reason, count]) => ({ reason, looks: count })).sort((a, b) => b.looks - a.looks),
    timeline: {
      fromMs: period.fromMs,
      stepS: TIMELINE_STEP_MS / 1000,
      ...{ planned, good: goodPerStep, notJudged: notJudgedPerStep },
    },
  };
}

/** One look a round, its fractions carried on from step to step. */
function plannedPerStep(active: readonly Span[], roundS: number, period: Span, steps: number): number[] {
  const planned = new Array<number>(steps).fill(0);
  let carriedMs = 0;
  const roundMs = Math.max(1, roundS * 1000);
  for (let step = 0; step < steps; step++) {
    const fromMs = period.fromMs + step * TIMELINE_STEP_MS;
    const toMs = Math.min(period.toMs, fromMs + TIMELINE_STEP_MS);
    carriedMs += active.reduce(
      (sum, span) => sum + Math.max(0, Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs)),
      0,
    );
    planned[step] = Math.floor(carriedMs / roundMs);
    carriedMs -= (planned[step] ?? 0) * roundMs;
  }
  return planned;
}

/** Longest time within `spans`, time between them left out, without a look; their ends count as gaps too. */
function longestGapMs(goodAtMs: readonly number[], spans: readonly Span[]): number {
  let longest = 0;
  let openMs = 0;
  let next = 0;
  for (const { fromMs, toMs } of spans) {
    let atMs = fromMs;
    while (next < goodAtMs.length && (goodAtMs[next] as number) < fromMs) {
      // A look just outside the spans is a look all the same.
      openMs = 0;
      next++;
    }
    for (; next < goodAtMs.length && (goodAtMs[next] as number) < toMs; next++) {
      longest = Math.max(longest, openMs + (goodAtMs[next] as number) - atMs);
      openMs = 0;
      atMs = goodAtMs[next] as number;
    }
    openMs += toMs - atMs;
    longest = Math.max(longest, openMs);
  }
  return longest;
}

export interface DayCoverage {
  readonly day: string;
  readonly planned: number;
  readonly good: number;
  readonly notJudged: number;
}

/** Adds up the timelines of a route's views by the days of the wall. */
export function daysOf(views: readonly CoverageOfView[], timeZone: string): DayCoverage[] {
  const days = new Map<string, { planned: number; good: number; notJudged: number }>();
  for (const { timeline } of views) {
    timeline.planned.forEach((planned, step) => {
      const day = wallDate(timeZone, timeline.fromMs + step * timeline.stepS * 1000);
      const sum = days.get(day) ?? { planned: 0, good: 0, notJudged: 0 };
      sum.planned += planned;
      sum.good += timeline.good[step] ?? 0;
      sum.notJudged += timeline.notJudged[step] ?? 0;
      days.set(day, sum);
    });
  }
  return [...days].map(([day, sum]) => ({ day, ...sum }));
}
