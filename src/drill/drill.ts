/**
 * The drill: what can a view see? Structures of known kinds and sizes are drawn into its own lawful pictures and judged as
 * a look would be; the smallest that would be found is told by day, by dusk and by night. Nothing of it is ever a look, a
 * candidate or evidence.
 */
export { askDrills, cancelDrills, readDrills, readDrillsById, type Drill } from './drill-store.ts';
export { DrillWorker, type DrillParts } from './drill-worker.ts';
export { DRILL_KINDS, DRILL_LIGHTS } from './exercise.ts';
