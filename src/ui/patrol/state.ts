/** What a dome does, as one word and one colour. Pure. */
import type { Dome } from './domes.ts';

export type Tone = 'ok' | 'warn' | 'danger' | 'accent' | 'quiet';

/** Key of the word for it. */
export function wordOf({ camera, turret }: Dome): string {
  if (!camera.enabled) return 'patrol.phase.disabled';
  if (camera.health.state === 'offline' || turret?.phase === 'unreachable') return 'patrol.phase.unreachable';
  if (!turret) return 'patrol.phase.unknown';
  if (turret.stuckSince !== null) return 'patrol.phase.stuck';
  if (!turret.driven) return 'patrol.phase.undriven';
  return `patrol.phase.${turret.phase}`;
}

export function toneOf({ camera, turret }: Dome): Tone {
  if (!camera.enabled || !turret) return 'quiet';
  if (camera.health.state === 'offline' || turret.phase === 'unreachable' || turret.stuckSince !== null)
    return 'danger';
  if (!turret.driven) return 'warn';
  if (turret.phase === 'held') return turret.lease?.mine ? 'accent' : 'warn';
  return turret.phase === 'resting' || turret.phase === 'parked' || turret.phase === 'unknown' ? 'quiet' : 'ok';
}
