/** The tables as Kysely sees them. The words and units of each column stand in the migrations. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Box, Polygon } from '../../base/picture.ts';
import type { Stamp, OptionalStamp, DefaultStamp, OptionalJson, Optional, Defaulted, Given } from './schema-columns.ts';
import type { ConsoleTables } from './schema-console.ts';
import type { EvidenceTables } from './schema-evidence.ts';
import type { DrillTable, StoredCalibration } from './schema-eye.ts';
import type { WallTables } from './schema-wall.ts';

export type * from './schema-eye.ts';
export type { SnapshotCauseKind, SnapshotStreamState, StoredAccessUnit } from './schema-evidence.ts';

export interface PersistenceRule {
  readonly found: number;
  readonly of: number;
  readonly spanS: number;
}

export interface StoredRegion {
  readonly score: number;
  readonly box: Box;
  readonly polygon: Polygon;
  readonly areaFraction: number;
}

export type CameraState = 'unknown' | 'online' | 'offline' | 'frozen' | 'wrong_codec' | 'unauthorised';
export type ViewState = 'learning' | 'proposed' | 'watching' | 'paused';
export type LookResult = 'pending' | 'learning' | 'unchanged' | 'changed' | 'not_judged' | 'superseded';
export type LookStage = 'capture' | 'gate' | 'network';
export type VerdictKind = 'violation' | 'false_alarm' | 'permitted' | 'duplicate' | 'transferred';
export type RoleName = 'viewer' | 'operator' | 'enforcement' | 'admin';
export type Severity = 'safety' | 'high' | 'normal';
export type ClockSource = 'rtcp' | 'onvif' | 'rtsp_date';
export type MaskKind = 'privacy' | 'ignore' | 'watch';

export interface StoredPosition {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

export interface StoredWindow {
  readonly days: readonly number[];
  readonly from: string;
  readonly to: string;
}

export interface StoredAbilities {
  readonly absolute: boolean;
  readonly relative: boolean;
  readonly continuous: boolean;
  readonly byPicture: boolean;
  readonly home: boolean;
  readonly setPreset: boolean;
}

export interface StoredTestStop {
  readonly stopId: number;
  readonly name: string;
  readonly outcome: 'waiting' | 'moving' | VisitOutcome;
  readonly moveS: number | null;
  readonly settleS: number | null;
  readonly offset: { readonly dxPx: number; readonly dyPx: number } | null;
  readonly problem: string | null;
}

export type ProcessPart = 'capture' | 'patrol';
export type HolderKind = 'route' | 'system' | 'operator' | 'enforcement';
export type TurretPhase =
  'unknown' | 'resting' | 'moving' | 'settling' | 'looking' | 'dwelling' | 'held' | 'parked' | 'unreachable';
export type VisitOutcome = 'looked' | 'not_settled' | 'pose' | 'stuck' | 'failed' | 'interrupted';
export type TaskKind = 'pose' | 'stuck' | 'preset_missing';

export interface Database extends EvidenceTables, ConsoleTables, WallTables {
  estate: { id: Generated<number>; name: string; time_zone: string; simulated: Defaulted<boolean> };
  setting: { key: string; value: JSONColumnType<Record<string, unknown>> };
  credential: {
    id: Generated<number>;
    name: string;
    username: string;
    secret_sealed: Buffer;
    updated_at: DefaultStamp;
  };
  camera: {
    id: Generated<number>;
    estate_id: number;
    key: string;
    name: string;
    place: Defaulted<string>;
    kind: Defaulted<'fixed' | 'ptz'>;
    main_url: Optional<string>;
    sub_url: Optional<string>;
    onvif_url: Optional<string>;
    credential_id: Optional<number>;
    enabled: Defaulted<boolean>;
    location_code: Optional<string>;
    latitude_deg: Optional<number>;
    longitude_deg: Optional<number>;
    mounting_height_m: Optional<number>;
    created_at: DefaultStamp;
    updated_at: DefaultStamp;
  };
  camera_health: {
    camera_id: number;
    state: Defaulted<CameraState>;
    since: DefaultStamp;
    reason: Optional<string>;
    last_frame_at: OptionalStamp;
    codec: Optional<string>;
    width_px: Optional<number>;
    height_px: Optional<number>;
    clock_offset_ms: Optional<number>;
    clock_measured_at: OptionalStamp;
    clock_source: Optional<ClockSource>;
    clock_asked_at: OptionalStamp;
    errors: Defaulted<number>;
    last_error: Optional<string>;
    last_error_at: OptionalStamp;
  };
  camera_lease: { camera_id: number; holder: string; expires_at: Stamp; part: Defaulted<ProcessPart> };
  capture_process: { holder: string; seen_at: Stamp; part: Defaulted<ProcessPart> };
  view: {
    id: Generated<number>;
    camera_id: number;
    key: Defaulted<string>;
    name: string;
    cadence_s: Optional<number>;
    state: Defaulted<ViewState>;
    learning_since: DefaultStamp;
    persistence_rule: OptionalJson<PersistenceRule>;
    min_score: Optional<number>;
    baseline_version: Defaulted<number>;
    last_look_at: OptionalStamp;
    last_judged_at: OptionalStamp;
    last_look_id: Optional<number>;
    not_judged_reason: Optional<string>;
    not_judged_since: OptionalStamp;
    calibrated_score: Optional<number>;
    calibration: OptionalJson<StoredCalibration>;
  };
  drill: DrillTable;
  mask: {
    id: Generated<number>;
    view_id: number;
    kind: MaskKind;
    name: Defaulted<string>;
    polygon: JSONColumnType<Polygon>;
    persistence_rule: OptionalJson<PersistenceRule>;
    created_at: DefaultStamp;
  };
  look: {
    id: Generated<number>;
    view_id: number;
    captured_at: Stamp;
    result: LookResult;
    reason: Optional<string>;
    stage: LookStage;
    gate_score: Optional<number>;
    max_score: Optional<number>;
    regions: OptionalJson<StoredRegion[]>;
    pose_dx_px: Optional<number>;
    pose_dy_px: Optional<number>;
    pose_residual_px: Optional<number>;
    lighting: Optional<string>;
    picture_sha256: Optional<string>;
    overlay_sha256: Optional<string>;
    model_sha256: Optional<string>;
    compare_ms: Optional<number>;
    judged_at: OptionalStamp;
  };
  baseline: {
    id: Generated<number>;
    view_id: number;
    look_id: Optional<number>;
    picture_sha256: string;
    thumbnail: Buffer;
    lighting: string;
    captured_at: Stamp;
    state: 'proposed' | 'accepted' | 'removed';
    origin: 'learning' | 'verdict' | 'relearned';
    polygon: OptionalJson<Polygon>;
    decided_by: Optional<number>;
    decided_at: OptionalStamp;
  };
  app_user: {
    id: Generated<number>;
    name: string;
    display_name: Defaulted<string>;
    password_hash: string;
    role: RoleName;
    disabled: Defaulted<boolean>;
    created_at: DefaultStamp;
    unit_id: Optional<number>;
  };
  unit: { id: Generated<number>; name: string; sees_all: Defaulted<boolean> };
  unit_camera: { unit_id: number; camera_id: number };
  unit_place: { unit_id: number; place: string };
  session: {
    id_sha256: Buffer;
    user_id: number;
    created_at: Stamp;
    expires_at: Stamp;
    active_at: DefaultStamp;
    locked_at: OptionalStamp;
    machine_id: Optional<number>;
  };
  candidate_seen: { user_id: number; candidate_id: number; seen_at: Stamp };
  live_sitting: {
    id: Generated<number>;
    user_id: number;
    camera_id: number;
    began_at: Stamp;
    seen_until: Stamp;
  };
  api_token: {
    id: Generated<number>;
    user_id: number;
    name: string;
    token_sha256: Buffer;
    created_at: DefaultStamp;
    expires_at: OptionalStamp;
    last_used_at: OptionalStamp;
  };
  candidate: {
    id: Generated<number>;
    view_id: number;
    state: Defaulted<'open' | 'decided'>;
    severity: Defaulted<Severity>;
    severity_rank: Given<number>;
    box: JSONColumnType<Box>;
    polygon: JSONColumnType<Polygon>;
    score: number;
    occurrences: number;
    first_seen_at: Stamp;
    last_seen_at: Stamp;
    raised_at: Stamp;
    raised_by_look_id: number;
    machine_result: JSONColumnType<Record<string, unknown>>;
    before_sha256: Optional<string>;
    after_sha256: Optional<string>;
    overlay_sha256: Optional<string>;
    claimed_by: Optional<number>;
    claimed_until: OptionalStamp;
    verdict: Optional<VerdictKind>;
    verdict_id: Optional<number>;
    version: Defaulted<number>;
  };
  verdict: {
    id: Generated<number>;
    candidate_id: number;
    verdict: VerdictKind;
    reason: Defaulted<string>;
    duplicate_of: Optional<number>;
    decided_by: number;
    decided_at: Stamp;
    undone_by: Optional<number>;
    undone_at: OptionalStamp;
    baseline_id: Optional<number>;
  };
  server_clock: {
    host: string;
    synchronised: Optional<boolean>;
    source: Optional<string>;
    offset_ms: Optional<number>;
    checked_at: Stamp;
    stepped_at: OptionalStamp;
    stepped_ms: Optional<number>;
  };
  event: { id: Generated<number>; at: DefaultStamp; kind: string; data: JSONColumnType<Record<string, unknown>> };
  audit: {
    id: Generated<number>;
    at: DefaultStamp;
    user_id: Optional<number>;
    action: string;
    subject: string;
    details: ColumnType<Record<string, unknown>, string | undefined, string>;
  };
  turret: {
    camera_id: number;
    park_preset: Optional<string>;
    park_after_s: Optional<number>;
    resume_after_s: Optional<number>;
    phase: Defaulted<TurretPhase>;
    phase_since: DefaultStamp;
    route_id: Optional<number>;
    stop_id: Optional<number>;
    position: OptionalJson<StoredPosition>;
    abilities: OptionalJson<StoredAbilities>;
    stuck_since: OptionalStamp;
    problem: Optional<string>;
    presets_read_at: OptionalStamp;
  };
  turret_preset: {
    camera_id: number;
    token: string;
    name: string;
    position: OptionalJson<StoredPosition>;
    picture_sha256: Optional<string>;
    pictured_at: OptionalStamp;
    seen_at: Stamp;
    missing_since: OptionalStamp;
  };
  patrol_route: {
    id: Generated<number>;
    camera_id: number;
    name: string;
    enabled: Defaulted<boolean>;
    priority: Defaulted<number>;
    random_order: Defaulted<boolean>;
    time_zone: Optional<string>;
    windows: ColumnType<StoredWindow[], string | undefined, string>;
    version: Defaulted<number>;
    created_at: DefaultStamp;
  };
  patrol_stop: {
    id: Generated<number>;
    route_id: number;
    ordinal: number;
    name: Defaulted<string>;
    preset: Optional<string>;
    position: OptionalJson<StoredPosition>;
    dwell_s: number;
    speed: Optional<number>;
    zoom: Optional<number>;
    judged: Defaulted<boolean>;
    view_id: number;
  };
  turret_lease: {
    camera_id: number;
    kind: HolderKind;
    user_id: Optional<number>;
    route_id: Optional<number>;
    purpose: Defaulted<string>;
    taken_at: Stamp;
    expires_at: Stamp;
  };
  turret_command: {
    id: Generated<number>;
    camera_id: number;
    user_id: number;
    kind: 'operator' | 'enforcement';
    command: JSONColumnType<Record<string, unknown>>;
    asked_at: DefaultStamp;
    state: Defaulted<'waiting' | 'done' | 'refused' | 'failed'>;
    answer: OptionalJson<Record<string, unknown>>;
    problem_code: Optional<string>;
    problem_details: OptionalJson<Record<string, string | number | boolean | null>>;
  };
  turret_log: {
    id: Generated<number>;
    at: Stamp;
    camera_id: number;
    kind: HolderKind;
    user_id: Optional<number>;
    route_id: Optional<number>;
    by_name: string;
    action: string;
    details: ColumnType<Record<string, unknown>, string | undefined, string>;
    outcome: 'done' | 'refused' | 'failed';
    problem: Optional<string>;
  };
  patrol_visit: {
    id: Generated<number>;
    camera_id: number;
    route_id: Optional<number>;
    stop_id: Optional<number>;
    view_id: number;
    began_at: Stamp;
    outcome: VisitOutcome;
    move_ms: Optional<number>;
    settle_ms: Optional<number>;
    looked_at: OptionalStamp;
    dx_px: Optional<number>;
    dy_px: Optional<number>;
    recentred: Defaulted<boolean>;
    problem: Optional<string>;
  };
  patrol_test_run: {
    id: Generated<number>;
    route_id: number;
    user_id: number;
    state: Defaulted<'waiting' | 'running' | 'done' | 'cancelled' | 'failed'>;
    asked_at: DefaultStamp;
    started_at: OptionalStamp;
    ended_at: OptionalStamp;
    problem: Optional<string>;
    progress: ColumnType<StoredTestStop[], string | undefined, string>;
  };
  operator_task: {
    id: Generated<number>;
    kind: TaskKind;
    camera_id: number;
    view_id: Optional<number>;
    subject: Defaulted<string>;
    state: Defaulted<'open' | 'closed'>;
    opened_at: Stamp;
    last_seen_at: Stamp;
    times: Defaulted<number>;
    details: ColumnType<Record<string, unknown>, string | undefined, string>;
    closed_at: OptionalStamp;
    closed_by: Optional<number>;
    note: Defaulted<string>;
  };
}
