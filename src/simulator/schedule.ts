/**
 * What the simulated estate looks like at a moment of demo time: pure rules over the schedule of `estate.demo.yaml`.
 * Demo time is seconds since the demo first started, so a second start with the same beginning resumes where it was.
 */

export const LIGHTINGS = ['clear', 'overcast', 'dusk', 'night'] as const;
/** `night` is the grey picture of a camera that has switched to infrared. */
export type SceneLighting = (typeof LIGHTINGS)[number];

export interface LightingSpan {
  readonly lighting: SceneLighting;
  readonly forS: number;
}

/** Something at one camera from `fromS` on, to `untilS` (not included) or for good. */
export interface SceneEvent {
  readonly camera: string;
  readonly fromS: number;
  readonly untilS?: number | undefined;
}

/** A structure of the panorama at one stage of its building, from `fromS` on. */
export interface Work {
  readonly structure: string;
  readonly stage: number;
  readonly fromS: number;
  readonly untilS?: number | undefined;
}

export interface Schedule {
  /** Played once, from demo time 0: the lawful past, all lightings in quick succession. */
  readonly opening: readonly LightingSpan[];
  /** Played after it, over and over. */
  readonly cycle: readonly LightingSpan[];
  readonly structures: readonly (SceneEvent & { readonly what: string })[];
  readonly vans: readonly SceneEvent[];
  readonly dropouts: readonly SceneEvent[];
  /** What goes up where the domes see it. */
  readonly works: readonly Work[];
}

/** What stands in a camera's picture. A van is lawful, a structure is not. */
export type SceneState = 'plain' | 'structure' | 'van';

export interface Scene {
  readonly lighting: SceneLighting;
  readonly state: SceneState;
  readonly online: boolean;
}

/** @param demoS seconds since the demo first started; before 0 counts as 0 */
export function lightingAt(schedule: Schedule, demoS: number): SceneLighting {
  let restS = Math.max(0, demoS);
  for (const span of schedule.opening) {
    if (restS < span.forS) return span.lighting;
    restS -= span.forS;
  }
  restS %= schedule.cycle.reduce((sumS, span) => sumS + span.forS, 0);
  for (const span of schedule.cycle) {
    if (restS < span.forS) return span.lighting;
    restS -= span.forS;
  }
  return 'clear';
}

/** The scene of one camera. Where a structure and a van meet, the structure is shown. */
export function sceneAt(schedule: Schedule, camera: string, demoS: number): Scene {
  const holds = (events: readonly SceneEvent[]): boolean =>
    events.some(
      (event) =>
        event.camera === camera && demoS >= event.fromS && (event.untilS === undefined || demoS < event.untilS),
    );
  return {
    lighting: lightingAt(schedule, demoS),
    state: holds(schedule.structures) ? 'structure' : holds(schedule.vans) ? 'van' : 'plain',
    online: !holds(schedule.dropouts),
  };
}

/** Stage by structure; of several at once the highest stands. */
export function worksAt({ works }: Schedule, demoS: number): Map<string, number> {
  const standing = new Map<string, number>();
  for (const { structure, stage, fromS, untilS = Infinity } of works) {
    if (demoS < fromS || demoS >= untilS) continue;
    standing.set(structure, Math.max(stage, standing.get(structure) ?? 0));
  }
  return standing;
}
