/** Tells when a simulated turret sets out for a preset, comes to it, is called off and leaves it (PTZ Service, annex "PTZ Presets events"). */
import type { Clock, Timer } from '../base/clock.ts';

export type PresetMoment = 'Invoked' | 'Reached' | 'Aborted' | 'Left';

const LOOK_MS = 40;

interface Journey {
  readonly preset: string | undefined;
  readonly hasArrived: () => boolean;
  readonly onEnd: (arrived: boolean) => void;
}

export class PresetWatch {
  readonly #clock: Clock;
  readonly #moving: () => boolean;
  readonly #tell: (moment: PresetMoment, preset: string) => void;
  #journey: Journey | undefined;
  #standsAt: string | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, moving: () => boolean, tell: (moment: PresetMoment, preset: string) => void) {
    this.#clock = clock;
    this.#moving = moving;
    this.#tell = tell;
  }

  /** The turret has just been sent somewhere. @param preset where to, if it is one */
  setOut(preset: string | undefined, hasArrived: () => boolean, onEnd: (arrived: boolean) => void = () => {}): void {
    this.leave();
    if (preset !== undefined) this.#tell('Invoked', preset);
    this.#journey = { preset, hasArrived, onEnd };
    this.#timer = this.#clock.every(LOOK_MS, () => this.#look());
  }

  /** Another command took the turret. */
  leave(): void {
    const { journey, standsAt } = { journey: this.#journey, standsAt: this.#standsAt };
    this.#end();
    this.#standsAt = undefined;
    if (journey?.preset !== undefined) this.#tell('Aborted', journey.preset);
    if (standsAt !== undefined) this.#tell('Left', standsAt);
  }

  close(): void {
    this.#end();
  }

  #look(): void {
    const journey = this.#journey;
    if (!journey || this.#moving()) return;
    this.#end();
    const arrived = journey.hasArrived();
    if (journey.preset !== undefined) {
      this.#tell(arrived ? 'Reached' : 'Aborted', journey.preset);
      if (arrived) this.#standsAt = journey.preset;
    }
    journey.onEnd(arrived);
  }

  #end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#journey = undefined;
  }
}
