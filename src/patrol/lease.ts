/**
 * Who may drive a turret. One holder at a time: a hand takes it at once from the patrol, the enforcement team from an
 * operator; of the same standing, whoever came first keeps it. A lease ends by itself. Pure.
 */
import type { HolderKind } from '../drivers/postgres/schema.ts';

export interface Holder {
  readonly kind: HolderKind;
  /** The person of a hand, or on whose behalf the system acts; null for a route. */
  readonly userId: number | null;
  readonly routeId: number | null;
  /** A person's or a route's name, as people are shown it. */
  readonly name: string;
  readonly purpose: string;
}

export interface Lease extends Holder {
  readonly takenAtMs: number;
  readonly expiresAtMs: number;
}

const RANK: Readonly<Record<HolderKind, number>> = { route: 0, system: 1, operator: 2, enforcement: 3 };

export type LeaseAnswer =
  /** @property ousted whose standing lease ends by it */
  | { readonly granted: true; readonly lease: Lease; readonly ousted: Lease | undefined }
  | { readonly granted: false; readonly standing: Lease };

export function isHand({ kind }: Pick<Holder, 'kind'>): boolean {
  return kind === 'operator' || kind === 'enforcement';
}

/** Hands are told apart by their person; the patrol's own are one. */
export function isSameHolder(a: Holder, b: Holder): boolean {
  if (isHand(a) || isHand(b)) return isHand(a) && isHand(b) && a.userId === b.userId;
  return true;
}

export function standingAt(lease: Lease | undefined, nowMs: number): Lease | undefined {
  return lease && lease.expiresAtMs > nowMs ? lease : undefined;
}

/** @param forMs how long the lease is to last from now */
export function askForLease(recorded: Lease | undefined, asker: Holder, nowMs: number, forMs: number): LeaseAnswer {
  const standing = standingAt(recorded, nowMs);
  const renews = standing !== undefined && isSameHolder(standing, asker);
  if (standing && !renews && RANK[asker.kind] <= RANK[standing.kind]) return { granted: false, standing };
  const takenAtMs = renews && standing.kind === asker.kind ? standing.takenAtMs : nowMs;
  return {
    granted: true,
    lease: { ...asker, takenAtMs, expiresAtMs: nowMs + forMs },
    ousted: renews ? undefined : standing,
  };
}
