/** The tables of the console: buildings, households, and the plans on which everything has its place. */
import type { Generated, JSONColumnType } from 'kysely';
import type { Polygon } from '../../base/picture.ts';
import type { Defaulted, Optional, Stamp } from './schema-columns.ts';

export interface ConsoleTables {
  building: {
    id: Generated<number>;
    estate_id: number;
    name: string;
    storeys: Optional<number>;
    note: Defaulted<string>;
    sort_key: string;
  };
  household: {
    id: Generated<number>;
    building_id: number;
    entrance: Defaulted<string>;
    number: string;
    storey: Optional<number>;
    resident: Defaulted<string>;
    phone: Defaulted<string>;
    note: Defaulted<string>;
    sort_key: string;
  };
  plan: {
    id: Generated<number>;
    estate_id: number;
    name: string;
    position: Defaulted<number>;
    picture_sha256: string;
    width_px: number;
    height_px: number;
    changed_at: Stamp;
  };
  plan_camera: {
    plan_id: number;
    camera_id: number;
    x: number;
    y: number;
    heading_deg: number;
    spread_deg: number;
    reach: number;
  };
  plan_view: { plan_id: number; view_id: number; polygon: JSONColumnType<Polygon> };
  plan_building: { plan_id: number; building_id: number; polygon: JSONColumnType<Polygon> };
}
