/** Where a camera hangs, in figures, so that somebody who has never seen the estate finds the spot. Pure. */

export interface CameraLocation {
  /** What the estate's or the authority's register calls the spot. */
  readonly locationCode: string | null;
  /** WGS-84, degrees, north and east positive; both or neither. Maps made in China show others (GCJ-02, BD-09). */
  readonly latitudeDeg: number | null;
  readonly longitudeDeg: number | null;
  /** Of the lens above the ground below it. */
  readonly mountingHeightM: number | null;
}

export const LOCATION_CODE_LONGEST = 64;
/** From and to, by the names that camera files use. */
export const LOCATION_RANGES = {
  latitude: [-90, 90],
  longitude: [-180, 180],
  mounting_height_m: [0, 1000],
} as const;

/** Half a pair of coordinates is no place. */
export function areCoordinatesWhole({ latitudeDeg, longitudeDeg }: CameraLocation): boolean {
  return (latitudeDeg === null) === (longitudeDeg === null);
}
