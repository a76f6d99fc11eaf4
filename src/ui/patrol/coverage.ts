/** Sums and colours of coverage. Pure. */
import type { ViewCoverage } from '../../web/contract.ts';

export function sumOf(views: readonly ViewCoverage[]): {
  looks: number;
  good: number;
  planned: number;
  longestActiveGapS: number;
} {
  const sum = (of: (view: ViewCoverage) => number): number => views.reduce((total, view) => total + of(view), 0);
  return {
    looks: sum(({ looks }) => looks),
    good: sum(({ goodLooks }) => goodLooks),
    planned: sum(({ plannedLooks }) => plannedLooks),
    longestActiveGapS: Math.max(0, ...views.map(({ longestActiveGapS }) => longestActiveGapS)),
  };
}

/** `73 %`, or a dash where there is nothing to be a part of. */
export function shareOf(part: number, whole: number): string {
  return whole > 0 ? `${Math.round((Math.min(part, whole) / whole) * 100)} %` : '—';
}

export type StepKind = 'none' | 'missed' | 'not-judged' | 'good';

/** One step of a timeline: what came of what was planned there. */
export function kindOf({ planned, good, notJudged }: { planned: number; good: number; notJudged: number }): StepKind {
  if (good > 0) return 'good';
  if (notJudged > 0) return 'not-judged';
  return planned > 0 ? 'missed' : 'none';
}

/** How much of what was planned was seen well, 0.35 … 1, so that even a little is seen. */
export function strengthOf({ planned, good }: { planned: number; good: number }): number {
  return 0.35 + 0.65 * Math.min(1, planned > 0 ? good / planned : 1);
}

export interface Run {
  readonly from: number;
  readonly to: number;
  readonly kind: StepKind;
  readonly strength: number;
}

/** Steps of the same colour one after another are one rectangle: a week of quarters of an hour is 672 steps. */
export function runsOf({ planned, good, notJudged }: ViewCoverage['timeline']): Run[] {
  const runs: { from: number; to: number; kind: StepKind; strength: number }[] = [];
  planned.forEach((plan, index) => {
    const step = { planned: plan, good: good[index] ?? 0, notJudged: notJudged[index] ?? 0 };
    const kind = kindOf(step);
    const strength = kind === 'good' ? Math.round(strengthOf(step) * 8) / 8 : 1;
    const last = runs.at(-1);
    if (last && last.kind === kind && last.strength === strength) last.to = index + 1;
    else runs.push({ from: index, to: index + 1, kind, strength });
  });
  return runs;
}
