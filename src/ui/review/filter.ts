/** What the queue is asked for, and whether an item that changed belongs to it. Pure. */
import type { Candidate, CandidateOrder, Severity, VerdictKind } from '../../web/contract.ts';

export interface QueueFilter {
  readonly state: 'open' | 'decided';
  readonly verdict: VerdictKind | '';
  readonly severity: Severity | '';
  readonly place: string;
  /** ISO 8601, or empty for no bound. */
  readonly since: string;
  readonly until: string;
  /** Of open items; decided ones stand by time. */
  readonly order: CandidateOrder;
}

export const EVERYTHING_OPEN: QueueFilter = {
  state: 'open',
  verdict: '',
  severity: '',
  place: '',
  since: '',
  until: '',
  order: 'severity',
};

/** The order that holds: what was decided is looked up, not worked through. */
export function orderOf({ state, order }: QueueFilter): CandidateOrder {
  return state === 'open' ? order : 'newest';
}

/** How many of the narrowing fields are set, for the badge on the filter button. */
export function narrowings(filter: QueueFilter): number {
  const { verdict, severity, place, since, until } = filter;
  return [filter.state === 'decided' && verdict, severity, place.trim(), since, until].filter(Boolean).length;
}

export function queryOf(filter: QueueFilter): Record<string, string | undefined> {
  const orNone = (text: string): string | undefined => (text === '' ? undefined : text);
  return {
    state: filter.state,
    verdict: filter.state === 'decided' ? orNone(filter.verdict) : undefined,
    severity: orNone(filter.severity),
    place: orNone(filter.place.trim()),
    since: orNone(filter.since),
    until: orNone(filter.until),
    order: orderOf(filter),
  };
}

/** The server's rule over again, for the one item that an event told of: times bound when it was raised. */
export function matches(filter: QueueFilter, candidate: Candidate): boolean {
  if (candidate.state !== filter.state) return false;
  if (filter.state === 'decided' && filter.verdict !== '' && candidate.verdict?.verdict !== filter.verdict)
    return false;
  if (filter.severity !== '' && candidate.severity !== filter.severity) return false;
  const place = filter.place.trim().toLowerCase();
  const names = [candidate.camera.name, candidate.camera.place, candidate.view.name];
  if (place !== '' && !names.some((name) => name.toLowerCase().includes(place))) return false;
  const at = Date.parse(candidate.raisedAt);
  if (filter.since !== '' && at < Date.parse(filter.since)) return false;
  return filter.until === '' || at < Date.parse(filter.until);
}
