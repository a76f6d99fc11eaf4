/** The tables of the wall as Kysely sees them. The words and units of each column stand in the migrations. */
import type { ColumnType, Generated } from 'kysely';
import type { DefaultStamp, Optional, OptionalStamp, Stamp } from './schema-columns.ts';

export interface WallTables {
  still: { view_id: number; captured_at: Stamp; version: number; jpeg: Buffer };
  still_wish: { view_id: number; until: Stamp };
  screen: {
    number: number;
    name: ColumnType<string, string | undefined, string>;
    /** Its shape is the HTTP contract's, which stands higher up. */
    layout: ColumnType<unknown, string, string>;
    version: ColumnType<number, number | undefined, number>;
    changed_at: DefaultStamp;
    changed_by: Optional<number>;
  };
  wall_machine: { id: Generated<number>; name: string; paired_by: number; paired_at: Stamp; seen_at: Stamp };
  wall_pairing: {
    code: string;
    secret_digest: Buffer;
    screen: number;
    created_at: Stamp;
    expires_at: Stamp;
    machine_id: Optional<number>;
  };
  screen_report: {
    page: string;
    screen: number;
    user_id: number;
    machine_id: Optional<number>;
    connected_since: Stamp;
    seen_at: Stamp;
    width_px: number;
    height_px: number;
    pixel_ratio: number;
    frames_per_s: Optional<number>;
    version: number;
  };
  acknowledgement: {
    id: Generated<number>;
    candidate_id: number;
    user_id: number;
    at: Stamp;
    undone_at: OptionalStamp;
  };
}
