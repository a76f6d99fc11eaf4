/**
 * Alerts: open candidates as the control room sees them. What stands in a watched area (a fire lane, an exit) comes first
 * whatever its size, then what is surely there or large, then the rest; the rule of that is the candidate's severity.
 * Within one the newest comes first. Nothing here decides anything; people do.
 */
import { bySeverity } from '../candidate/candidate.ts';
import type { Severity } from '../drivers/postgres/schema.ts';

export interface Ranked {
  readonly id: number;
  readonly severity: Severity;
  readonly raisedAtMs: number;
}

/** The gravest first, of each severity the newest, of one moment the later raised. */
export function rankAlerts<T extends Ranked>(alerts: readonly T[]): T[] {
  return [...alerts].sort((a, b) => bySeverity(a.severity, b.severity) || b.raisedAtMs - a.raisedAtMs || b.id - a.id);
}
