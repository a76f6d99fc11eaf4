/** In which order the queue stands, and which of its rows are folded into one. Pure. */
import type { Candidate, CandidateOrder, Severity } from '../../web/contract.ts';

export const ORDERS: readonly CandidateOrder[] = ['severity', 'place', 'newest'];
const SEVERITIES: readonly Severity[] = ['safety', 'high', 'normal'];
/** So many items of one view in a row are shown; from the next on they become "+n more". */
export const SHOWN_OF_A_RUN = 3;

/** The server's order over again, for items that arrive one by one: negative where `a` comes first. */
export function compareIn(order: CandidateOrder): (a: Candidate, b: Candidate) => number {
  const byTime = (a: Candidate, b: Candidate): number => Date.parse(b.raisedAt) - Date.parse(a.raisedAt) || b.id - a.id;
  if (order === 'newest') return byTime;
  const byGravity = (a: Candidate, b: Candidate): number =>
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || byTime(a, b);
  if (order === 'severity') return byGravity;
  return (a, b) =>
    compareText(a.camera.place, b.camera.place) ||
    a.camera.id - b.camera.id ||
    a.view.id - b.view.id ||
    byGravity(a, b);
}

/** By code unit, as the database does with collation C. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

export type QueueLine =
  | { readonly kind: 'item'; readonly key: string; readonly candidate: Candidate }
  | { readonly kind: 'place'; readonly key: string; readonly candidate: Candidate; readonly count: number }
  | {
      readonly kind: 'more';
      readonly key: string;
      readonly bundle: string;
      readonly count: number;
      readonly isOpen: boolean;
    };

/** The bundle an item may be folded into: the items of its view that stand beside it. */
export function bundleOf({ view, severity }: Candidate): string {
  return `${view.id} ${severity}`;
}

/**
 * The list as it is shown. A view that raises many items at once does not flood it: beyond {@link SHOWN_OF_A_RUN} of one
 * view and severity in a row the rest is one line, unless its bundle is open or holds the item that is being looked at.
 */
export function linesOf(
  items: readonly Candidate[],
  order: CandidateOrder,
  opened: ReadonlySet<string>,
  selectedId: number | undefined,
): QueueLine[] {
  const lines: QueueLine[] = [];
  for (let from = 0; from < items.length;) {
    const first = items[from] as Candidate;
    if (order === 'place' && items[from - 1]?.view.id !== first.view.id) {
      const after = items.findIndex((item, at) => at > from && item.view.id !== first.view.id);
      const count = (after < 0 ? items.length : after) - from;
      lines.push({ kind: 'place', key: `place ${first.view.id}`, candidate: first, count });
    }
    const bundle = bundleOf(first);
    let end = from + 1;
    while (end < items.length && bundleOf(items[end] as Candidate) === bundle) end++;
    const run = items.slice(from, end);
    // One hidden row would be no shorter than the line that tells of it.
    const folds = run.length > SHOWN_OF_A_RUN + 1;
    const isOpen = opened.has(bundle) || run.slice(SHOWN_OF_A_RUN).some(({ id }) => id === selectedId);
    for (const candidate of folds && !isOpen ? run.slice(0, SHOWN_OF_A_RUN) : run) {
      lines.push({ kind: 'item', key: `item ${candidate.id}`, candidate });
    }
    if (folds) {
      const count = run.length - SHOWN_OF_A_RUN;
      lines.push({ kind: 'more', key: `more ${bundle} ${run[0]?.id}`, bundle, count, isOpen });
    }
    from = end;
  }
  return lines;
}

/** @returns `items` with `arrived` at their places, each item once */
export function mergedIn(
  order: CandidateOrder,
  items: readonly Candidate[],
  arrived: readonly Candidate[],
): Candidate[] {
  const compare = compareIn(order);
  const merged = [...items];
  for (const candidate of [...arrived].sort(compare)) {
    if (merged.some(({ id }) => id === candidate.id)) continue;
    const at = merged.findIndex((item) => compare(candidate, item) < 0);
    merged.splice(at < 0 ? merged.length : at, 0, candidate);
  }
  return merged;
}
