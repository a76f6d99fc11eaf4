/**
 * What a check of a package says: what was found wrong and where, what was proven, what was not. Only shapes; the words
 * for people stand in `package-words.ts`.
 */
import type { PackageManifest } from './package-form.ts';
import type { SnapshotRecord } from './snapshot.ts';

/** Where something is wrong. */
export interface Place {
  /** File in the package. */
  readonly path?: string;
  /** Byte in the package file, from 0. */
  readonly offset?: number;
  /** Index of a log entry. */
  readonly entry?: number;
  readonly snapshot?: string;
  /** Index of an access unit in the original of the path. */
  readonly unit?: number;
}

export type FindingCode =
  /** No ZIP file, or none of ours. */
  | 'not_a_package'
  | 'file_missing'
  | 'file_unreadable'
  /** Its bytes are not those that were sealed. */
  | 'file_altered'
  /** Another file lies where this one belongs. */
  | 'file_misplaced'
  | 'bytes_added'
  | 'bytes_missing'
  /** The ZIP file's own headers are not as they were written. */
  | 'container_altered'
  | 'key_unreadable'
  /** The key is a good one, but not the one it was to be. */
  | 'key_other'
  | 'key_chain_broken'
  | 'signature_wrong'
  | 'head_altered'
  | 'proofs_altered'
  | 'entry_not_in_log'
  | 'entry_altered'
  | 'body_altered'
  | 'manifest_altered'
  | 'manifest_unreadable'
  | 'snapshot_other'
  | 'unit_altered'
  | 'unit_missing'
  /** A file that a snapshot names is neither here nor said to be absent. */
  | 'file_unexplained'
  | 'sm3_other'
  | 'stamp_altered'
  | 'check_failed';

export interface Finding {
  readonly code: FindingCode;
  readonly where: Place;
  readonly details?: Readonly<Record<string, string | number>>;
}

/** In the order in which each stands on the one before. */
export const CLAIMS = [
  'container',
  'key',
  'head',
  'manifest',
  'files',
  'entries',
  'keys',
  'snapshots',
  'originals',
  'sm3',
  'stamp',
] as const;
export type Claim = (typeof CLAIMS)[number];
/** `open`: nobody said what to compare with. `unchecked`: what it stands on has fallen. */
export type ClaimState = 'proven' | 'failed' | 'open' | 'unchecked';

/** What no package can show by itself; always said. */
export type Remark =
  'before_arrival' | 'server_time' | 'camera_time' | 'log_tail' | 'key_holder' | 'meaning' | 'absent' | 'other_parts';

export interface CheckReport {
  /** Nothing was found wrong. */
  readonly ok: boolean;
  readonly claims: Readonly<Record<Claim, ClaimState>>;
  readonly findings: readonly Finding[];
  readonly remarks: readonly Remark[];
  readonly facts: CheckFacts;
}

/** What the package says of itself; believed only as far as the claims go. */
export interface CheckFacts {
  readonly bytes: number;
  readonly keyId: string | null;
  readonly head: { readonly logId: string; readonly size: number; readonly root: string; readonly at: string } | null;
  readonly packageEntry: number | null;
  readonly manifest: PackageManifest | null;
  readonly snapshots: readonly SnapshotRecord[];
  /** Log entries in the package by index, with their kind and time. */
  readonly entries: readonly {
    readonly index: number;
    readonly kind: string;
    readonly at: string;
    readonly body: unknown;
  }[];
  /** Entries of the log under the head that an outside authority stamped; null where none did. */
  readonly stampedSize: number | null;
  readonly files: number;
  readonly units: number;
  /** SM3 digests of what is in the package. */
  readonly sm3Digests: number;
}
