/** A dome's turret as its patrol has it: opened when needed, its presets as last listed, what is told of it. */
import type { Clock } from '../base/clock.ts';
import type { StoredPosition, TurretPhase } from '../drivers/postgres/schema.ts';
import type { DomeBook } from './dome-book.ts';
import { StuckWatch, type MoveSeen } from './stuck.ts';
import type { Turret, TurretPosition } from './turret.ts';
import { storedPosition } from './turret-store.ts';

export interface DrivenParts {
  readonly cameraId: number;
  readonly clock: Clock;
  readonly book: DomeBook;
  readonly openTurret: () => Promise<Turret>;
}

const PRESETS_EVERY_MS = 600_000;

export class DrivenTurret {
  readonly #parts: DrivenParts;
  #turret: Turret | undefined;
  #presets: { readAtMs: number; positions: Map<string, StoredPosition | null> } | undefined;
  #missing: readonly string[] = [];
  #stuck = new StuckWatch(false);
  #stuckSinceMs: number | null = null;
  #phase: TurretPhase = 'unknown';
  #phaseSinceMs: number;
  #position: StoredPosition | null = null;
  #at: { routeId: number | null; stopId: number | null } = { routeId: null, stopId: null };

  constructor(parts: DrivenParts) {
    this.#parts = parts;
    this.#phaseSinceMs = parts.clock.nowMs();
  }

  get phase(): TurretPhase {
    return this.#phase;
  }

  async open(): Promise<Turret> {
    this.#turret ??= await this.#parts.openTurret();
    return this.#turret;
  }

  /** The device did not answer: it may have started anew, and its presets are read again when it does. */
  lose(): void {
    this.#turret = undefined;
    this.#presets = undefined;
  }

  positionOf(preset: string): StoredPosition | null {
    return this.#presets?.positions.get(preset) ?? null;
  }

  /** Reads what the device lists where that is due, and says which presets of routes are gone. */
  async readPresets(now = false): Promise<void> {
    const { book, clock, cameraId } = this.#parts;
    const due = now || !this.#presets || clock.monotonicMs() - this.#presets.readAtMs >= PRESETS_EVERY_MS;
    if (!due) return;
    const turret = await this.open();
    const listed = await turret.presets();
    this.#presets = {
      readAtMs: clock.monotonicMs(),
      positions: new Map(listed.map(({ token, position }) => [token, position && storedPosition(position)])),
    };
    const { missing, back } = await book.presets(listed, turret.offer);
    this.#missing = missing.map(({ token }) => token);
    for (const { token, name } of missing) {
      await book.openTask({ kind: 'preset_missing', cameraId, viewId: null, subject: token }, { preset: token, name });
    }
    await book.settleTasks({ kind: 'preset_missing', cameraId, subjects: back });
  }

  /** A preset was come to: where it was missed, it is back. */
  async cameTo(preset: string): Promise<void> {
    if (this.#missing.includes(preset)) await this.readPresets(true);
  }

  // --- whether it follows --------------------------------------------------------------------------------------------

  remember(stuckSinceMs: number | null): void {
    this.#stuck = new StuckWatch(stuckSinceMs !== null);
    this.#stuckSinceMs = stuckSinceMs;
  }

  /** What was seen of a move that must have shown: raises the alarm of a turret that does not follow, and ends it. */
  async followed(seen: MoveSeen, stopId: number): Promise<void> {
    const { book, cameraId, clock } = this.#parts;
    const changed = this.#stuck.arrived(seen);
    if (changed === 'began') {
      this.#stuckSinceMs = clock.nowMs();
      await book.openTask({ kind: 'stuck', cameraId, viewId: null, subject: '' }, { stopId });
    } else if (changed === 'ended') {
      this.#stuckSinceMs = null;
      await book.settleTasks({ kind: 'stuck', cameraId });
    }
  }

  // --- what is told of it --------------------------------------------------------------------------------------------

  /** The stop it goes to; without one it has nothing to do. */
  aim(routeId: number | null, stopId: number | null): void {
    this.#at = { routeId, stopId };
  }

  enter(phase: TurretPhase, told: { problem?: string; position?: TurretPosition | null } = {}): void {
    const { book, clock } = this.#parts;
    if (told.position) this.#position = storedPosition(told.position);
    const changed = phase !== this.#phase;
    if (changed) this.#phaseSinceMs = clock.nowMs();
    this.#phase = phase;
    book.report(
      {
        ...{ phase, phaseSinceMs: this.#phaseSinceMs, ...this.#at, position: this.#position },
        ...{ stuckSinceMs: this.#stuckSinceMs, problem: told.problem ?? null },
      },
      // A page need not hear of every step of a visit: that it began and that it stands is enough.
      changed && phase !== 'settling' && phase !== 'looking',
    );
  }
}
