/**
 * What people say of candidates. An item is open until somebody decides it; while somebody holds it (a claim, which
 * ends by itself after `claimS`) nobody else can decide it. A verdict can be taken back for `undoS` by whoever gave it
 * or an administrator. What the machine said is never touched.
 *
 * `permitted` and `false_alarm` make the picture of the item lawful for its place: the view gets a further baseline that
 * counts only there. `violation` does not, so that the structure stays visible to the comparison.
 *
 * A verdict, its effects, its audit row and its event are one transaction, which locks the view first and then the
 * items in the order of their ids. Whoever raises a candidate takes the same lock on the view, so that a place never has
 * two open items.
 *
 * `version` of an item rises with everything that changes what there is to decide (claimed by another, released,
 * decided, taken back); further sightings do not raise it. A verdict names the version that was looked at.
 *
 * Errors: `web.missing`, `review.held`, `review.not_held`, `review.changed`, `review.decided`, `review.not_decided`,
 * `review.undo_late`, `review.undo_others`, `review.reason_missing`, `review.duplicate_unnamed`,
 * `review.duplicate_unasked`, `review.duplicate_invalid`, `review.place_taken`, `review.no_picture`.
 */
import type { Clock } from '../base/clock.ts';
import { SentinelError } from '../base/errors.ts';
import { samePlace } from '../candidate/candidate.ts';
import type { Db, DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { VerdictKind } from '../drivers/postgres/schema.ts';
import * as store from './review-store.ts';

export { acceptBaselines, relearnView, removeBaseline } from './baseline.ts';
export { changeCameras } from './camera-settings.ts';
export { changeView, putMask, removeMask, type StoredMask } from './view-settings.ts';

export interface Reviewer {
  readonly userId: number;
  readonly isAdmin: boolean;
}

export interface Decision {
  readonly verdict: VerdictKind;
  readonly reason: string;
  readonly duplicateOf: number | undefined;
  /** The version of the item that was looked at. */
  readonly version: number;
}

/** An item as the rules see it. */
export interface ReviewItem {
  readonly id: number;
  readonly state: 'open' | 'decided';
  readonly verdict: VerdictKind | null;
  readonly version: number;
  /** The claim as stored; it may have run out. */
  readonly claim: { readonly userId: number; readonly by: string; readonly untilMs: number } | null;
}

/** The verdict in force of a decided item. */
export interface StandingVerdict {
  readonly decidedBy: number;
  readonly by: string;
  readonly decidedAtMs: number;
}

export interface ReviewOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly claimS: number;
  readonly undoS: number;
  /** Grey picture of the gate's size, and the lighting, of a stored picture. */
  readonly thumbnailOfPicture: (sha256: string) => Promise<{ thumbnail: Buffer; lighting: string }>;
  /** Called last in the transaction of a verdict, or of one that is taken back. */
  readonly onDecision: (trx: DbOrTrx, decision: MadeDecision) => Promise<void>;
}

export interface MadeDecision {
  readonly kind: 'decided' | 'undone';
  readonly candidateId: number;
  readonly verdictId: number;
  readonly userId: number;
}

/** Verdicts that make the present picture lawful, and need a reason because of it. */
export const LAWFUL_VERDICTS: ReadonlySet<VerdictKind> = new Set(['permitted', 'false_alarm']);

/** Who holds the item at this moment; a claim that has run out holds nothing. */
export function holderOf(item: ReviewItem, nowMs: number): ReviewItem['claim'] {
  return item.claim !== null && item.claim.untilMs > nowMs ? item.claim : null;
}

/** Throws why this reviewer cannot claim the item, if so. */
export function checkClaim(item: ReviewItem, reviewer: Reviewer, nowMs: number): void {
  if (item.state !== 'open') throw new SentinelError('review.decided', { candidateId: item.id });
  const holder = holderOf(item, nowMs);
  if (holder && holder.userId !== reviewer.userId) throw held(item, holder);
}

/** Throws why this reviewer cannot give the claim back, if so. An administrator may free anybody's. */
export function checkRelease(item: ReviewItem, reviewer: Reviewer, nowMs: number): void {
  if (item.state !== 'open') throw new SentinelError('review.decided', { candidateId: item.id });
  const holder = holderOf(item, nowMs);
  if (!holder) throw new SentinelError('review.not_held', { candidateId: item.id });
  if (holder.userId !== reviewer.userId && !reviewer.isAdmin) throw held(item, holder);
}

/** Throws why this decision cannot be taken, if so. An item that nobody holds may be decided without claiming it. */
export function checkDecision(
  item: ReviewItem,
  decision: Decision,
  duplicateOf: ReviewItem | undefined,
  reviewer: Reviewer,
  nowMs: number,
): void {
  checkClaim(item, reviewer, nowMs);
  if (item.version !== decision.version) {
    throw new SentinelError('review.changed', { candidateId: item.id, seen: decision.version, version: item.version });
  }
  if (LAWFUL_VERDICTS.has(decision.verdict) && decision.reason.trim() === '') {
    throw new SentinelError('review.reason_missing', { verdict: decision.verdict });
  }
  if (decision.verdict !== 'duplicate') {
    if (decision.duplicateOf !== undefined) throw new SentinelError('review.duplicate_unasked');
    return;
  }
  if (decision.duplicateOf === undefined) throw new SentinelError('review.duplicate_unnamed');
  // What is repeated must not repeat another: so no ring of items forms in which each says that another one stands.
  if (
    !duplicateOf ||
    duplicateOf.id === item.id ||
    duplicateOf.verdict === 'duplicate' ||
    duplicateOf.verdict === 'false_alarm'
  ) {
    throw new SentinelError('review.duplicate_invalid', {
      candidateId: item.id,
      duplicateOf: decision.duplicateOf,
    });
  }
}

/** Throws why this reviewer cannot take the verdict back, if so. */
export function checkUndo(
  item: ReviewItem,
  standing: StandingVerdict | undefined,
  reviewer: Reviewer,
  nowMs: number,
  undoS: number,
): void {
  if (item.state !== 'decided' || !standing) throw new SentinelError('review.not_decided', { candidateId: item.id });
  if (standing.decidedBy !== reviewer.userId && !reviewer.isAdmin) {
    throw new SentinelError('review.undo_others', { by: standing.by });
  }
  if (nowMs > standing.decidedAtMs + undoS * 1000) throw new SentinelError('review.undo_late', { undoS });
}

function held(item: ReviewItem, holder: NonNullable<ReviewItem['claim']>): SentinelError {
  return new SentinelError('review.held', {
    candidateId: item.id,
    by: holder.by,
    until: new Date(holder.untilMs).toISOString(),
  });
}

export class Review {
  readonly #options: ReviewOptions;

  constructor(options: ReviewOptions) {
    this.#options = options;
  }

  get undoS(): number {
    return this.#options.undoS;
  }

  /** Takes the item for `claimS`, or prolongs one's own claim. */
  async claim(candidateId: number, reviewer: Reviewer): Promise<void> {
    const { db, clock, claimS } = this.#options;
    const nowMs = clock.nowMs();
    await db.transaction().execute(async (trx) => {
      if (await store.takeClaim(trx, candidateId, reviewer.userId, nowMs, nowMs + claimS * 1000)) return;
      const item = await store.readItem(trx, candidateId);
      checkClaim(item, reviewer, nowMs);
      // It came free between the two statements: what this person saw is out of date either way.
      throw new SentinelError('review.changed', { candidateId, seen: item.version - 1, version: item.version });
    });
  }

  /** Gives the claim back. */
  async release(candidateId: number, reviewer: Reviewer): Promise<void> {
    const { db, clock } = this.#options;
    const nowMs = clock.nowMs();
    await db.transaction().execute(async (trx) => {
      const item = await store.lockItem(trx, candidateId);
      checkRelease(item, reviewer, nowMs);
      await store.dropClaim(trx, item, reviewer.userId, nowMs);
    });
  }

  /** Decides the item. */
  async decide(candidateId: number, reviewer: Reviewer, decision: Decision): Promise<void> {
    const { db, clock } = this.#options;
    const seen = await store.readItem(db, candidateId);
    let lawful: store.LawfulPicture | undefined;
    if (LAWFUL_VERDICTS.has(decision.verdict)) {
      // Checked before the picture is read, which costs time; and once more under the lock, which counts.
      checkDecision(seen, decision, undefined, reviewer, clock.nowMs());
      if (seen.afterSha256 === null) throw new SentinelError('review.no_picture', { candidateId });
      lawful = { sha256: seen.afterSha256, ...(await this.#options.thumbnailOfPicture(seen.afterSha256)) };
    }
    const nowMs = clock.nowMs();
    await db.transaction().execute(async (trx) => {
      const { item, other } = await store.lockForVerdict(trx, seen.viewId, candidateId, decision.duplicateOf);
      checkDecision(item, decision, other, reviewer, nowMs);
      if (lawful && item.afterSha256 !== lawful.sha256) {
        throw new SentinelError('review.changed', { candidateId, seen: decision.version, version: item.version });
      }
      const verdictId = await store.writeVerdict(trx, item, decision, lawful, reviewer.userId, nowMs);
      const made = { candidateId, verdictId, userId: reviewer.userId };
      await this.#options.onDecision(trx, { kind: 'decided', ...made });
    });
  }

  /** Takes the verdict in force back; the item is open again, held by whoever took it back. */
  async undo(candidateId: number, reviewer: Reviewer): Promise<void> {
    const { db, clock, claimS, undoS } = this.#options;
    const nowMs = clock.nowMs();
    const seen = await store.readItem(db, candidateId);
    await db.transaction().execute(async (trx) => {
      const { item } = await store.lockForVerdict(trx, seen.viewId, candidateId, undefined);
      const standing = await store.readStandingVerdict(trx, item);
      checkUndo(item, standing, reviewer, nowMs, undoS);
      const others = await store.readOpenPlaces(trx, item.viewId);
      const taken = others.find((other) => other.id !== item.id && samePlace(other.polygon, item.polygon));
      if (taken) throw new SentinelError('review.place_taken', { otherId: taken.id });
      const verdictId = await store.writeUndo(trx, item, reviewer.userId, nowMs, nowMs + claimS * 1000);
      const made = { candidateId, verdictId, userId: reviewer.userId };
      await this.#options.onDecision(trx, { kind: 'undone', ...made });
    });
  }
}
