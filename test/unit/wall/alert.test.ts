import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankAlerts } from '../../../src/wall/alert.ts';

const SEVERITIES = ['safety', 'high', 'normal'] as const;

describe('the order of alerts', () => {
  it('puts an old fire lane before a new shed, and of two alike the newer first', () => {
    const ranked = rankAlerts([
      { id: 3, severity: 'normal', raisedAtMs: 2000 },
      { id: 2, severity: 'high', raisedAtMs: 9000 },
      { id: 4, severity: 'normal', raisedAtMs: 3000 },
      { id: 1, severity: 'safety', raisedAtMs: 1 },
    ]);
    expect(ranked.map(({ id }) => id)).toEqual([1, 2, 4, 3]);
  });

  it('never depends on the order they come in, and never puts a graver one behind', () => {
    const some = fc.array(
      fc.record({ severity: fc.constantFrom(...SEVERITIES), raisedAtMs: fc.integer({ min: 0, max: 5 }) }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(some, (found) => {
        const all = found.map((one, id) => ({ ...one, id }));
        const ranked = rankAlerts(all);
        expect(rankAlerts([...all].reverse())).toEqual(ranked);
        const places = ranked.map(({ severity }) => SEVERITIES.indexOf(severity));
        expect(places).toEqual([...places].sort((a, b) => a - b));
      }),
    );
  });
});
