/**
 * Patrol: domes that follow routes by the clock, stop by stop, and say where they have been. Rules are in files of their
 * own (`timetable`, `route`, `round`, `lease`, `settling`, `stuck`, `recentre`, `coverage`), SQL in the `-store` files.
 */
export { blindSpots, readCoverage, type BlindSpot, type CoverageOfRoute } from './coverage-store.ts';
export { daysOf, type CoverageOfView } from './coverage.ts';
export { granted, logTurret, readLease, releaseLease, takeLease } from './lease-store.ts';
export { isHand, type Holder, type Lease } from './lease.ts';
export { exportRoutes, importRoutes, type RouteImportReport } from './route-file.ts';
export {
  checkRoute,
  copyRouteDay,
  readRoutes,
  removeRoute,
  requireRoute,
  requireTurret,
  RouteInvalid,
  roundsOf,
  saveRoute,
  type DrawnRoute,
} from './route-store.ts';
export { Patrol, type PatrolRules } from './patrol-process.ts';
export { problemText } from './route-words.ts';
export { nextChanges, routeAt, type Route, type RouteProblem, type Stop } from './route.ts';
export { closeTask } from './task-store.ts';
export { tourOfRoute } from './tour.ts';
export {
  changeTurret,
  commandTurret,
  isDriven,
  requirePreset,
  routesWithPreset,
  type HandCommand,
} from './turret-store.ts';
export { askForTest, cancelTest } from './visit-store.ts';
export type { Turret } from './turret.ts';
export type { Visit } from './visit-store.ts';
