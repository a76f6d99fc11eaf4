/**
 * Custody: whoever looks at evidence says why, and each sight of it, each file handed out and each hold is an entry of the
 * log, written before anything is shown. A reason is said once and holds for some hours (an *access*); the same thing seen
 * again within a minute is not told anew.
 *
 * A hold keeps every file of the snapshots it names, or of all snapshots of an item, from being pruned until it is
 * released by somebody of the same unit or an administrator.
 *
 * Errors: `evidence.no_access`, `evidence.hold_empty`, `evidence.pruned`, `evidence.hold_released`,
 * `evidence.hold_of_others`, `web.missing`.
 */
import type { Clock } from '../base/clock.ts';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { CustodyBody, CustodyResult } from './custody-entry.ts';
import * as store from './custody-store.ts';
import type { EntryKind } from './log-entry.ts';
import { appendEntry } from './log.ts';
import type { SnapshotPerson } from './snapshot.ts';

/** Who asks, why, and from where. */
export interface Visit {
  readonly person: SnapshotPerson;
  readonly reason: string;
  readonly purpose: string;
  readonly from: string | null;
}

/** What a visit came upon. */
export interface Sight {
  readonly kind: Extract<
    EntryKind,
    'snapshots.searched' | 'snapshot.viewed' | 'pictures.viewed' | 'snapshot.exported' | 'snapshot.refused'
  >;
  readonly result: CustodyResult;
  readonly snapshots: readonly string[];
  readonly files?: readonly string[];
  readonly view?: { readonly id: number; readonly pictures: readonly string[] };
  readonly search?: Readonly<Record<string, unknown>>;
}

export interface CustodyParts {
  readonly db: Db;
  readonly clock: Clock;
  /** Makes SM3 digests of entries beside SHA-256, where the installation wants them. */
  readonly sm3?: ((text: string) => string) | undefined;
}

export class Custody {
  readonly #parts: CustodyParts;
  /** When each sight was last told, the oldest first. */
  readonly #toldAtMs = new Map<string, number>();

  constructor(parts: CustodyParts) {
    this.#parts = parts;
  }

  /** Opens an access. */
  async open(userId: number, said: { reason: string; purpose: string }): Promise<store.Access> {
    const { db, clock } = this.#parts;
    return store.writeAccess(db, userId, said, clock.nowMs());
  }

  /** The newest access of a person that still holds. */
  async current(userId: number): Promise<store.Access | undefined> {
    return store.readAccess(this.#parts.db, userId, undefined, this.#parts.clock.nowMs());
  }

  /** @throws SentinelError evidence.no_access where it is not this person's, or has run out */
  async require(userId: number, accessId: number): Promise<store.Access> {
    const { db, clock } = this.#parts;
    const access = await store.readAccess(db, userId, accessId, clock.nowMs());
    if (!access) throw new SentinelError('evidence.no_access');
    return access;
  }

  /** Tells the log of a sight. Resolves once it is written: show nothing before. */
  async tell(visit: Visit, sight: Sight): Promise<void> {
    const { db } = this.#parts;
    const key = JSON.stringify([visit.person.userId, visit.reason, visit.purpose, sight]);
    if (this.#wasTold(key)) return;
    const { kind, ...rest } = sight;
    await db.transaction().execute((trx) => this.#append(trx, kind, visit, rest));
    this.#note(key);
    // What a list showed need not be told once more when its small pictures are fetched.
    if (kind !== 'snapshots.searched') return;
    for (const id of sight.snapshots) this.#note(this.#thumbnailKey(visit, id));
  }

  /** Tells of a small picture, unless the list that it stands in was told already. */
  async tellThumbnail(visit: Visit, snapshotId: string): Promise<void> {
    if (this.#wasTold(this.#thumbnailKey(visit, snapshotId))) return;
    await this.tell(visit, { kind: 'snapshot.viewed', result: 'shown', snapshots: [snapshotId] });
    this.#note(this.#thumbnailKey(visit, snapshotId));
  }

  /** @returns the hold's id */
  async hold(visit: Visit, held: { snapshotIds: readonly string[]; candidateId: number | null }): Promise<number> {
    const { db, clock } = this.#parts;
    if (held.snapshotIds.length === 0 && held.candidateId === null) throw new SentinelError('evidence.hold_empty');
    return db.transaction().execute(async (trx) => {
      const id = await store.writeHold(trx, held, visit, clock.nowMs());
      await this.#append(trx, 'hold.placed', visit, {
        ...{ result: 'placed', snapshots: await store.snapshotsOfHold(trx, id) },
        hold: { id, candidateId: held.candidateId },
      });
      return id;
    });
  }

  /** The reason stands in the visit. */
  async release(visit: Visit, holdId: number): Promise<void> {
    const { db, clock } = this.#parts;
    await db.transaction().execute(async (trx) => {
      const hold = await store.lockHold(trx, holdId);
      if (!hold) throw new SentinelError('web.missing', { what: 'hold', id: holdId });
      if (hold.releasedAt) throw new SentinelError('evidence.hold_released', { holdId });
      const { person } = visit;
      const isOwn = hold.placedBy === person.userId || (hold.unit !== null && hold.unit === person.unit);
      if (!isOwn && person.role !== 'admin') throw new SentinelError('evidence.hold_of_others', { holdId });
      await store.writeRelease(trx, holdId, person.userId, visit.reason, clock.nowMs());
      await this.#append(trx, 'hold.released', visit, {
        ...{ result: 'released', snapshots: await store.snapshotsOfHold(trx, holdId) },
        hold: { id: holdId, candidateId: hold.candidateId },
      });
    });
  }

  async #append(
    trx: Parameters<typeof appendEntry>[0],
    kind: EntryKind,
    visit: Visit,
    told: Omit<CustodyBody, 'format' | 'by' | 'reason' | 'purpose' | 'from'>,
  ): Promise<void> {
    const { clock, sm3 } = this.#parts;
    const { person, reason, purpose, from } = visit;
    const body: CustodyBody = { format: 'sentinel-custody/1', by: person, reason, purpose, from, ...told };
    await appendEntry(trx, {
      ...{ kind, atMs: clock.nowMs(), body, sm3 },
      about: [
        'custody',
        `user:${person.userId}`,
        ...told.snapshots.map((id) => `snapshot:${id}`),
        ...(told.view ? [`view:${told.view.id}`] : []),
        ...(told.hold?.candidateId ? [`candidate:${told.hold.candidateId}`] : []),
      ],
    });
  }

  #thumbnailKey({ person, reason, purpose }: Visit, snapshotId: string): string {
    return JSON.stringify([person.userId, reason, purpose, snapshotId]);
  }

  #wasTold(key: string): boolean {
    const toldAtMs = this.#toldAtMs.get(key);
    return toldAtMs !== undefined && this.#parts.clock.monotonicMs() - toldAtMs < LIMITS.evidenceSeenAgainMs;
  }

  #note(key: string): void {
    this.#toldAtMs.delete(key);
    this.#toldAtMs.set(key, this.#parts.clock.monotonicMs());
    if (this.#toldAtMs.size > LIMITS.evidenceSightsRemembered) {
      this.#toldAtMs.delete(this.#toldAtMs.keys().next().value as string);
    }
  }
}
