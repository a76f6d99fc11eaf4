/** How many alerts at once stay readable: the gravest as cards, the next as lines, all others as counts. Pure. */
import type { Alert, AlertList } from '../../web/contract.ts';

export interface Arranged {
  readonly cards: readonly Alert[];
  readonly lines: readonly Alert[];
  /** Alerts that nobody has acknowledged and that have neither card nor line. */
  readonly more: number;
}

/** @param alerts ranked, those that nobody has acknowledged first, as the server answers them */
export function arrange(
  alerts: readonly Alert[],
  counts: AlertList['counts'],
  room: { readonly cards: number; readonly lines: number },
): Arranged {
  const cards = alerts.slice(0, room.cards);
  const lines = alerts.slice(room.cards, room.cards + room.lines);
  const shown = [...cards, ...lines].filter(({ acknowledgement }) => acknowledgement === null).length;
  return { cards, lines, more: Math.max(0, counts.safety + counts.high + counts.normal - shown) };
}

/** The alert that takes a screen's panel; undefined where there is none for it. */
export function takingOver(
  alerts: readonly Alert[],
  takeover: 'none' | 'safety' | 'all',
  place: number | null,
): Alert | undefined {
  if (takeover === 'none' || place === null) return undefined;
  return alerts.filter(
    ({ acknowledgement, severity }) => acknowledgement === null && (takeover === 'all' || severity === 'safety'),
  )[place];
}
