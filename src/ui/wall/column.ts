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

/** An alert and what shows it. */
export interface Placed {
  readonly slot: number;
  readonly alert: Alert;
}

/**
 * Keeps each alert in what shows it already, wherever that moves, and gives what has become free to those that are new:
 * on twenty screens at once, making a card anew costs more than changing what it says.
 */
export function placeIn(before: readonly Placed[], alerts: readonly Alert[]): Placed[] {
  const ids = new Set(alerts.map(({ id }) => id));
  const slotOf = new Map(before.filter(({ alert }) => ids.has(alert.id)).map(({ slot, alert }) => [alert.id, slot]));
  const taken = new Set(slotOf.values());
  let next = 0;
  const free = (): number => {
    while (taken.has(next)) next++;
    return next++;
  };
  return alerts.map((alert) => ({ slot: slotOf.get(alert.id) ?? free(), alert }));
}
