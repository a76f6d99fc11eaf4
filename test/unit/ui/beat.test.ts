import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Beat, BEAT_LONGEST_MS, TICK_MS } from '../../../src/ui/beat.ts';

const beatsAt = (ticks: number, putOffAtMs: readonly number[]): number[] => {
  const beat = new Beat();
  const beats: number[] = [];
  for (let tick = 1; tick <= ticks; tick++) {
    for (const ms of putOffAtMs) if (ms > (tick - 1) * TICK_MS && ms <= tick * TICK_MS) beat.putOff(ms);
    if (beat.tick(tick * TICK_MS)) beats.push(tick);
  }
  return beats;
};

describe('the beat', () => {
  it('comes with every second tick', () => {
    expect(beatsAt(7, [])).toEqual([2, 4, 6]);
  });

  it('gives way by one tick to what comes shortly before it, and not to what is drawn long since', () => {
    expect(beatsAt(7, [1_500])).toEqual([3, 5, 7]);
    expect(beatsAt(7, [1_100])).toEqual([2, 4, 6]);
  });

  it('is never kept waiting by more than that, however much comes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 200 }), (putOffAtMs) => {
        const beats = [0, ...beatsAt(60, putOffAtMs)];
        for (const [at, tick] of beats.entries()) {
          if (at > 0) expect((tick - beats[at - 1]!) * TICK_MS).toBeLessThanOrEqual(BEAT_LONGEST_MS);
        }
        expect(60 - beats.at(-1)!).toBeLessThan(3);
      }),
    );
  });
});
