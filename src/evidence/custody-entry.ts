/** What the log says of whoever touched evidence. Only types; runs anywhere. */
import type { SnapshotPerson } from './snapshot.ts';

export interface CustodyBody {
  readonly format: 'sentinel-custody/1';
  readonly by: SnapshotPerson;
  /** In that person's words. */
  readonly reason: string;
  readonly purpose: string;
  /** `shown`, `handed_out`, `refused`, `missing`, `damaged`, `placed`, `released`. */
  readonly result: CustodyResult;
  /** Network address the request came from; null where it came from none. */
  readonly from: string | null;
  readonly snapshots: readonly string[];
  /** Files by their SHA-256, where it was about single ones. */
  readonly files?: readonly string[];
  /** A view whose kept pictures were seen, and which. */
  readonly view?: { readonly id: number; readonly pictures: readonly string[] };
  readonly hold?: { readonly id: number; readonly candidateId: number | null };
  /** What was searched for. */
  readonly search?: Readonly<Record<string, unknown>>;
}

export type CustodyResult = 'shown' | 'handed_out' | 'refused' | 'missing' | 'damaged' | 'placed' | 'released';
