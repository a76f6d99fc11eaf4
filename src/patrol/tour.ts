/** A route as a device can go it by itself: without hours, and without looking. Pure. */
import type { StoredPosition } from '../drivers/postgres/schema.ts';
import type { Route } from './route.ts';

export interface TourOfRoute {
  readonly name: string;
  readonly spots: readonly {
    readonly at: { readonly preset: string } | StoredPosition;
    readonly stayS: number;
    readonly speed: number | undefined;
  }[];
  readonly randomOrder: boolean;
  /** Stops whose zoom differs from their preset's, which a tour cannot do. */
  readonly zoomLost: readonly string[];
}

export function tourOfRoute({ name, stops, randomOrder }: Route): TourOfRoute {
  return {
    name,
    randomOrder,
    spots: stops.flatMap(({ preset, position, zoom, dwellS, speed }) => {
      const at = preset !== null ? { preset } : position && { ...position, zoom: zoom ?? position.zoom };
      return at ? [{ at, stayS: dwellS, speed: speed ?? undefined }] : [];
    }),
    zoomLost: stops.filter(({ preset, zoom }) => preset !== null && zoom !== null).map((stop) => stop.name),
  };
}
