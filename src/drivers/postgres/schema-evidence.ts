/** The tables of evidence: what was seen, the log, who touched it. */
import type { Generated, JSONColumnType } from 'kysely';
import type {
  Stamp,
  OptionalStamp,
  DefaultStamp,
  OptionalJson,
  Optional,
  Defaulted,
  Fixed,
  Given,
} from './schema-columns.ts';

export type SnapshotCauseKind = 'raised' | 'decided' | 'undone' | 'pulled' | 'stream';
export type SnapshotStreamState = 'kept' | 'wanted' | 'failed' | 'standing' | 'none';
export interface StoredAccessUnit {
  readonly sha256: string;
  readonly bytes: number;
  readonly rtpTimestamp: number;
  readonly arrivedAtMs: number;
  readonly isKey: boolean;
}

export interface EvidenceTables {
  evidence_stream: {
    id: Generated<number>;
    candidate_id: Optional<number>;
    snapshot_id: Optional<string>;
    view_id: number;
    state: 'wanted' | 'kept' | 'failed';
    stream: Optional<'main' | 'sub'>;
    codec: Optional<string>;
    blob_sha256: Optional<string>;
    units: OptionalJson<StoredAccessUnit[]>;
    captured_at: OptionalStamp;
    attempts: Defaulted<number>;
    not_before: DefaultStamp;
    problem: Optional<string>;
  };
  camera_device: {
    camera_id: number;
    make: Optional<string>;
    model: Optional<string>;
    serial: Optional<string>;
    firmware: Optional<string>;
    mac: Optional<string>;
    captions: OptionalJson<readonly { readonly kind: string; readonly text: string }[]>;
    asked_at: Stamp;
  };
  log_entry: {
    seq: Given<number>;
    kind: Given<string>;
    at: Given<Date>;
    entry: Fixed<string>;
    body: Fixed<string>;
    nodes: Given<Buffer>;
  };
  log_subject: { subject: Fixed<string>; entry: Fixed<number> };
  log_tree_head: {
    id: Given<number>;
    size: Fixed<number>;
    head: Fixed<string>;
    signature: Fixed<string>;
  };
  log_timestamp: {
    id: Given<number>;
    head_id: Fixed<number>;
    authority: Fixed<string>;
    gen_time: Fixed<Date>;
    token: Fixed<Buffer>;
  };
  snapshot: {
    id: Fixed<string>;
    entry: Fixed<number>;
    cause: Fixed<SnapshotCauseKind>;
    sealed_at: Fixed<Date>;
    camera_id: Fixed<number>;
    view_id: Fixed<number>;
    candidate_id: Fixed<number | null>;
    verdict_id: Fixed<number | null>;
    follows: Fixed<string | null>;
    stream_state: Fixed<SnapshotStreamState>;
  };
  snapshot_file: { sha256: Fixed<string>; snapshot_id: Fixed<string>; role: Fixed<string> };
  snapshot_pruned: { snapshot_id: Fixed<string>; pruned_at: Fixed<Date>; rule: Fixed<string> };
  evidence_access: {
    id: Generated<number>;
    user_id: number;
    reason: string;
    purpose: string;
    at: Stamp;
    expires_at: Stamp;
  };
  evidence_hold: {
    id: Generated<number>;
    candidate_id: Optional<number>;
    reason: string;
    purpose: string;
    placed_by: number;
    placed_unit: Optional<string>;
    placed_at: Stamp;
    released_by: Optional<number>;
    released_at: OptionalStamp;
    release_reason: Optional<string>;
  };
  evidence_package: {
    id: string;
    state: Defaulted<'waiting' | 'working' | 'ready' | 'failed' | 'removed'>;
    wish: JSONColumnType<Record<string, unknown>>;
    snapshot_count: number;
    created_by: number;
    created_at: Stamp;
    step: Defaulted<'gathering' | 'making' | 'sealing' | 'writing' | 'checking'>;
    progress: Defaulted<number>;
    attempts: Defaulted<number>;
    not_before: Stamp;
    problem: Optional<string>;
    entry: Optional<number>;
    parts: OptionalJson<{ name: string; bytes: number; sha256: string }[]>;
    finished_at: OptionalStamp;
    expires_at: OptionalStamp;
  };
  evidence_hold_snapshot: { hold_id: number; snapshot_id: string };
}
