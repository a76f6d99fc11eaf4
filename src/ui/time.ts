/**
 * Times as people read them: always the estate's zone, always `yyyy-MM-dd HH:mm:ss`, whatever the browser's own zone or
 * language. Pure: the present is passed in.
 */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** @returns `yyyy-MM-dd HH:mm:ss` in `timeZone`; the text itself where it is no time, so that nothing is hidden */
export function formatTime(time: string | number, timeZone: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return String(time);
  const part: Record<string, string> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) part[type] = value;
  return `${part['year']}-${part['month']}-${part['day']} ${part['hour']}:${part['minute']}:${part['second']}`;
}

/**
 * The instant at which clocks in `timeZone` show `wall` (`yyyy-MM-dd HH:mm:ss`), ISO 8601 in UTC. Where clocks show it
 * twice (a change of summer time) the earlier is meant; where never, the instant just after the gap.
 */
export function instantOf(wall: string, timeZone: string): string {
  const asIfUtcMs = Date.parse(`${wall.replace(' ', 'T')}Z`);
  const offsetAt = (ms: number): number => Date.parse(`${formatTime(ms, timeZone).replace(' ', 'T')}Z`) - ms;
  const firstGuessMs = asIfUtcMs - offsetAt(asIfUtcMs - 86_400_000);
  const secondGuessMs = asIfUtcMs - offsetAt(firstGuessMs);
  return new Date(secondGuessMs).toISOString();
}

export type SpanUnit = 's' | 'min' | 'h' | 'd';

/** A span rounded down to the one unit a glance needs; never negative (a camera's clock may run ahead). */
export function spanOf(spanMs: number): { n: number; unit: SpanUnit } {
  const s = Math.max(0, Math.floor(spanMs / 1000));
  if (s < 60) return { n: s, unit: 's' };
  if (s < 3600) return { n: Math.floor(s / 60), unit: 'min' };
  if (s < 86_400) return { n: Math.floor(s / 3600), unit: 'h' };
  return { n: Math.floor(s / 86_400), unit: 'd' };
}
