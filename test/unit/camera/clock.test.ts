import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  betterMeasurement,
  CLOCK_STANDS_MS,
  judgeClock,
  type ClockMeasurement,
} from '../../../src/camera/camera-clock.ts';

const RULES = { limitMs: 5_000, staleAfterMs: 9_000_000 };
const NOW = Date.UTC(2026, 5, 1);
const at = (source: ClockMeasurement['source'], agoMs: number, offsetMs = 0): ClockMeasurement => ({
  ...{ source, offsetMs, measuredAtMs: NOW - agoMs },
});

describe('of two measurements of a clock', () => {
  test('the better way stands against a worse one that comes a little later, and gives way in the end', () => {
    const rtcp = at('rtcp', 60_000);
    expect(betterMeasurement(rtcp, at('onvif', 0))).toBe(rtcp);
    expect(betterMeasurement(rtcp, at('rtsp_date', 0))).toBe(rtcp);
    const old = at('rtcp', CLOCK_STANDS_MS + 1);
    expect(betterMeasurement(old, at('rtsp_date', 0)).source).toBe('rtsp_date');
    expect(betterMeasurement(at('rtsp_date', 1), at('onvif', 0)).source).toBe('onvif');
  });

  test('of the same way, and where none is known, the newer is taken', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('rtcp' as const, 'onvif' as const, 'rtsp_date' as const),
        fc.nat(),
        (source, agoMs) => {
          const newer = at(source, 0);
          expect(betterMeasurement(at(source, agoMs), newer)).toBe(newer);
          expect(betterMeasurement(undefined, newer)).toBe(newer);
        },
      ),
    );
  });
});

describe('a clock', () => {
  test.each([
    [0, 'right'],
    [5_000, 'right'],
    [-5_000, 'right'],
    [5_001, 'off'],
    [-5_001, 'off'],
    [28_800_000, 'off'],
  ])('off by %i ms is %s', (offsetMs, verdict) => {
    expect(judgeClock(at('onvif', 1000, offsetMs), RULES, NOW)).toBe(verdict);
  });

  test('that was never measured is unknown; measured too long ago, or before the server’s own jumped, stale', () => {
    expect(judgeClock(undefined, RULES, NOW)).toBe('unknown');
    expect(judgeClock(at('rtcp', 9_000_001, 60_000), RULES, NOW)).toBe('stale');
    expect(judgeClock(at('rtcp', 1_000), RULES, NOW, NOW - 500)).toBe('stale');
    expect(judgeClock(at('rtcp', 1_000), RULES, NOW, NOW - 1_500)).toBe('right');
  });
});
