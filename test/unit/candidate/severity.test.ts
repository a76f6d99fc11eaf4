import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bySeverity,
  isGraver,
  LARGE_AREA_FRACTION,
  PLAIN_SCORE,
  SEVERITIES,
  severityOf,
} from '../../../src/candidate/candidate.ts';

const region = fc.record({
  score: fc.double({ min: 0, max: 1, noNaN: true }),
  areaFraction: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe('severity', () => {
  it('puts whatever touches a watch area first, however faint', () => {
    fc.assert(fc.property(region, (one) => severityOf(one, true) === 'safety'));
  });

  it('calls high what is plain and large, and nothing that lacks one of the two', () => {
    const at = { score: PLAIN_SCORE, areaFraction: LARGE_AREA_FRACTION };
    expect(severityOf(at, false)).toBe('high');
    expect(severityOf({ ...at, score: PLAIN_SCORE - 0.01 }, false)).toBe('normal');
    expect(severityOf({ ...at, areaFraction: LARGE_AREA_FRACTION - 0.001 }, false)).toBe('normal');
  });

  it('never falls where a region becomes plainer or larger', () => {
    fc.assert(
      fc.property(region, region, (a, b) => {
        const more = { score: Math.max(a.score, b.score), areaFraction: Math.max(a.areaFraction, b.areaFraction) };
        return bySeverity(severityOf(more, false), severityOf(a, false)) <= 0;
      }),
    );
  });

  it('sorts the gravest first', () => {
    expect([...SEVERITIES].reverse().sort(bySeverity)).toEqual(['safety', 'high', 'normal']);
    expect(isGraver('safety', 'high')).toBe(true);
    expect(isGraver('high', 'high')).toBe(false);
    expect(isGraver('normal', 'high')).toBe(false);
  });
});
