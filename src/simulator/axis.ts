/**
 * One axis of a turret: a motor that speeds up and slows down at a fixed rate, and the play of its gear. A movement is worked
 * out once, as spans of constant acceleration; where the axis stands at any moment follows from them, so nothing ticks.
 */

/** Units are the axis's own: degrees, or times of magnification. */
export interface AxisMake {
  /** Where the stops are; absent: the axis turns endlessly. */
  readonly range: readonly [least: number, most: number] | undefined;
  readonly topSpeedPerS: number;
  readonly accelerationPerS2: number;
  /** How far the motor turns before the other side of the gear follows, when its sense changes. */
  readonly backlash: number;
}

/** One span of constant acceleration; `forS` may be infinite at constant speed. */
interface Span {
  readonly forS: number;
  readonly acceleration: number;
}

interface Moment {
  at: number;
  speed: number;
  /** Where the far side of the gear is. */
  shown: number;
}

const STILL: readonly Span[] = [];

export class Axis {
  readonly #make: AxisMake;
  #fromS: number;
  #start: Moment;
  #spans = STILL;

  constructor(make: AxisMake, at: number, nowS: number) {
    this.#make = make;
    this.#start = { at, speed: 0, shown: at };
    this.#fromS = nowS;
  }

  /** Where the motor is, by its own count. */
  at(nowS: number): number {
    return this.#momentAt(nowS).at;
  }

  /** Where what the motor turns is: behind it by up to half the backlash. */
  shown(nowS: number): number {
    return this.#momentAt(nowS).shown;
  }

  speed(nowS: number): number {
    return this.#momentAt(nowS).speed;
  }

  moving(nowS: number): boolean {
    return nowS - this.#fromS < lengthS(this.#spans);
  }

  /** @param speedPerS at most this fast, cut to what the motor can do */
  goTo(target: number, speedPerS: number, nowS: number): void {
    const moment = this.#settle(nowS);
    const [least, most] = this.#make.range ?? [-Infinity, Infinity];
    const aim = Math.min(most, Math.max(least, target));
    this.#spans = spansTo(moment, aim, this.#capped(speedPerS), this.#make.accelerationPerS2);
  }

  /** Turns at a speed, signed, until told otherwise, for `forS` seconds, or until it stands at its stop. */
  turn(speedPerS: number, nowS: number, forS = Infinity): void {
    const { range, accelerationPerS2 } = this.#make;
    const capped = Math.sign(speedPerS) * this.#capped(Math.abs(speedPerS));
    if (capped !== 0 && range) this.goTo(range[capped > 0 ? 1 : 0], Math.abs(capped), nowS);
    else {
      const { speed } = this.#settle(nowS);
      const change = capped - speed;
      const spans = [
        { forS: Math.abs(change) / accelerationPerS2, acceleration: Math.sign(change) * accelerationPerS2 },
      ];
      this.#spans = capped === 0 ? spans : [...spans, { forS: Infinity, acceleration: 0 }];
    }
    if (forS >= lengthS(this.#spans)) return;
    const kept = firstOf(this.#spans, forS);
    const { speed } = this.#advance(forS, kept);
    const brake = { forS: Math.abs(speed) / accelerationPerS2, acceleration: -Math.sign(speed) * accelerationPerS2 };
    this.#spans = [...kept, brake];
  }

  stop(nowS: number): void {
    this.turn(0, nowS);
  }

  /** Stands still at once, as a motor does whose gear is caught. */
  freeze(nowS: number): void {
    const { at, shown } = this.#momentAt(nowS);
    this.#start = { at, speed: 0, shown };
    this.#fromS = nowS;
    this.#spans = STILL;
  }

  #capped(speedPerS: number): number {
    return Math.min(this.#make.topSpeedPerS, Math.max(0, speedPerS));
  }

  #settle(nowS: number): Moment {
    this.#start = this.#momentAt(nowS);
    this.#fromS = nowS;
    this.#spans = STILL;
    return this.#start;
  }

  #momentAt(nowS: number): Moment {
    return this.#advance(Math.max(0, nowS - this.#fromS), this.#spans);
  }

  #advance(elapsedS: number, spans: readonly Span[]): Moment {
    const half = this.#make.backlash / 2;
    let { at, speed, shown } = this.#start;
    const take = (forS: number, acceleration: number): void => {
      at += speed * forS + (acceleration * forS * forS) / 2;
      speed += acceleration * forS;
      shown = Math.min(at + half, Math.max(at - half, shown));
    };
    let leftS = elapsedS;
    for (const { forS, acceleration } of spans) {
      const takenS = Math.min(leftS, forS);
      // Where the sense changes within a span, the gear is led to the turning point first.
      const turnS = acceleration === 0 ? Infinity : -speed / acceleration;
      if (turnS > 0 && turnS < takenS) {
        take(turnS, acceleration);
        take(takenS - turnS, acceleration);
      } else take(takenS, acceleration);
      leftS -= takenS;
      if (leftS <= 0) break;
    }
    // After its last span the motor holds still; sums of small errors must not let it creep.
    if (leftS > 0) speed = 0;
    return { at, speed, shown };
  }
}

function lengthS(spans: readonly Span[]): number {
  return spans.reduce((sum, { forS }) => sum + forS, 0);
}

function firstOf(spans: readonly Span[], untilS: number): Span[] {
  const kept: Span[] = [];
  let leftS = untilS;
  for (const span of spans) {
    if (leftS <= 0) break;
    kept.push({ ...span, forS: Math.min(span.forS, leftS) });
    leftS -= span.forS;
  }
  return kept;
}

/** The quickest way to a standstill at `aim`. */
function spansTo({ at, speed }: Moment, aim: number, topSpeed: number, acceleration: number): Span[] {
  if (topSpeed === 0) return [{ forS: Math.abs(speed) / acceleration, acceleration: -Math.sign(speed) * acceleration }];
  const brakedAt = at + (speed * Math.abs(speed)) / (2 * acceleration);
  const sense = Math.sign(aim - brakedAt) || -Math.sign(speed);
  if (sense === 0) return [];
  // Seen so that the target lies ahead.
  const ahead = sense * (aim - at);
  const first = sense * speed;
  const up = sense * acceleration;
  if (first > topSpeed) {
    const slowing = (first * first - topSpeed * topSpeed) / (2 * acceleration);
    const cruising = Math.max(0, ahead - slowing - (topSpeed * topSpeed) / (2 * acceleration));
    return [
      { forS: (first - topSpeed) / acceleration, acceleration: -up },
      { forS: cruising / topSpeed, acceleration: 0 },
      { forS: topSpeed / acceleration, acceleration: -up },
    ];
  }
  const peak = Math.min(topSpeed, Math.sqrt(Math.max(0, acceleration * ahead + (first * first) / 2)));
  const ramps = (peak * peak - first * first) / (2 * acceleration) + (peak * peak) / (2 * acceleration);
  return [
    { forS: Math.max(0, peak - first) / acceleration, acceleration: up },
    { forS: Math.max(0, ahead - ramps) / topSpeed, acceleration: 0 },
    { forS: peak / acceleration, acceleration: -up },
  ];
}
