/**
 * How right a camera's clock is. It is measured in three ways of unlike worth: by RTCP sender reports, to the network's
 * delay; by ONVIF, which tells whole seconds; by the `Date` of an RTSP answer, which some makes label wrongly. A better way
 * is not overruled by a worse one that comes a little later.
 */
import type { ClockSource } from '../drivers/postgres/schema.ts';

export interface ClockMeasurement {
  /** Camera minus server. */
  readonly offsetMs: number;
  readonly measuredAtMs: number;
  readonly source: ClockSource;
}

export interface ClockRules {
  /** Off by more than this, a camera is shown and told of. */
  readonly limitMs: number;
  /** A measurement older than this says nothing any more. */
  readonly staleAfterMs: number;
}

export type ClockVerdict = 'right' | 'off' | 'stale' | 'unknown';

/** A measurement stands this long against worse ones. */
export const CLOCK_STANDS_MS = 7_200_000;
const WORTH: Readonly<Record<ClockSource, number>> = { rtcp: 3, onvif: 2, rtsp_date: 1 };

export function betterMeasurement(known: ClockMeasurement | undefined, measured: ClockMeasurement): ClockMeasurement {
  if (!known || WORTH[measured.source] >= WORTH[known.source]) return measured;
  return measured.measuredAtMs - known.measuredAtMs > CLOCK_STANDS_MS ? measured : known;
}

/** @param serverSteppedAtMs when the server's own clock last jumped: what was measured before that is void */
export function judgeClock(
  measured: Pick<ClockMeasurement, 'offsetMs' | 'measuredAtMs'> | undefined,
  rules: ClockRules,
  nowMs: number,
  serverSteppedAtMs?: number,
): ClockVerdict {
  if (!measured) return 'unknown';
  if (serverSteppedAtMs !== undefined && measured.measuredAtMs < serverSteppedAtMs) return 'stale';
  if (nowMs - measured.measuredAtMs > rules.staleAfterMs) return 'stale';
  return Math.abs(measured.offsetMs) > rules.limitMs ? 'off' : 'right';
}
