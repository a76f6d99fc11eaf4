/** What is asked wherever evidence is seen, pulled, held or taken away: why, and what for. */
export const REASON_LEAST = 2;
export const REASON_MOST = 500;
export const PURPOSE_MOST = 200;

export function isReasonGiven(reason: string, purpose: string): boolean {
  return reason.trim().length >= REASON_LEAST && purpose.trim().length >= REASON_LEAST;
}
