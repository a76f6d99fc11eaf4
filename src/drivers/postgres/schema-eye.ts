/** The tables of what each view's eye is worth, as Kysely sees them. */
import type { Generated } from 'kysely';
import type { DefaultedJson, Defaulted, Optional, OptionalJson, OptionalStamp, Stamp } from './schema-columns.ts';

/** What a view's own threshold was reckoned from. */
export interface StoredCalibration {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly version: number;
  readonly modelSha256: string;
  /** The model's default at that time. */
  readonly modelScore: number;
  /** Each lawful picture judged against the others. */
  readonly pictures: readonly { readonly baselineId: number; readonly score: number }[];
  /** Looks found unchanged by the network since, and the highest score of any of them. */
  readonly looks: number;
  readonly highestLook: number | null;
  readonly sinceLookId: number;
}

export type DrillState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
export type DrillLight = 'day' | 'dusk' | 'night';
export type DrillKind = 'hut' | 'glass_room' | 'wall' | 'tarpaulin' | 'stack' | 'balcony';

export interface StoredTrial {
  /** Size of the structure, as a share of the picture. */
  readonly areaFraction: number;
  readonly found: number;
  readonly of: number;
}

export interface StoredFinding {
  readonly light: DrillLight;
  readonly kind: DrillKind;
  /** Share of the picture from which it is found; null: not even the largest. */
  readonly smallest: number | null;
  readonly trials: readonly StoredTrial[];
}

export interface StoredDrillConditions {
  readonly baselineVersion: number;
  readonly modelSha256: string;
  readonly minScore: number;
}

/** What one picture of a drill shows. */
export interface StoredDrawn {
  readonly kind: DrillKind;
  readonly areaFraction: number;
  readonly found: boolean;
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

export interface StoredDrillPicture {
  readonly light: DrillLight;
  readonly baselineId: number;
  readonly drawn: readonly StoredDrawn[];
}

export interface DrillTable {
  id: Generated<number>;
  view_id: number;
  state: Defaulted<DrillState>;
  asked_by: Optional<number>;
  asked_at: Stamp;
  started_at: OptionalStamp;
  ended_at: OptionalStamp;
  leased_until: OptionalStamp;
  attempts: Defaulted<number>;
  steps_done: Defaulted<number>;
  steps: Defaulted<number>;
  conditions: OptionalJson<StoredDrillConditions>;
  findings: DefaultedJson<readonly StoredFinding[]>;
  pictures: DefaultedJson<readonly StoredDrillPicture[]>;
  picture_day_sha256: Optional<string>;
  picture_dusk_sha256: Optional<string>;
  picture_night_sha256: Optional<string>;
  problem: Optional<string>;
}
