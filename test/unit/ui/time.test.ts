import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, instantOf, spanOf } from '../../../src/ui/time.ts';

const ZONES = ['Asia/Shanghai', 'UTC', 'America/St_Johns', 'Asia/Kathmandu', 'Europe/Berlin', 'Pacific/Chatham'];

describe('times', () => {
  it('are shown in the estate’s zone, as yyyy-MM-dd HH:mm:ss', () => {
    expect(formatTime('2026-11-24T06:03:22Z', 'Asia/Shanghai')).toBe('2026-11-24 14:03:22');
    expect(formatTime('2026-11-24T16:00:00.999Z', 'Asia/Shanghai')).toBe('2026-11-25 00:00:00');
    expect(formatTime('not a time', 'Asia/Shanghai')).toBe('not a time');
  });

  it('go out and come back the same, in any zone, to the second', () => {
    const instant = fc.integer({
      min: Date.parse('1995-01-01T00:00:00Z') / 1000,
      max: Date.parse('2099-12-31T00:00:00Z') / 1000,
    });
    fc.assert(
      fc.property(instant, fc.constantFrom('Asia/Shanghai', 'UTC', 'Asia/Kathmandu'), (s, zone) => {
        expect(instantOf(formatTime(s * 1000, zone), zone)).toBe(new Date(s * 1000).toISOString());
      }),
    );
    fc.assert(
      fc.property(instant, fc.constantFrom(...ZONES), (s, zone) => {
        // Where clocks are set back an hour is shown twice; what is shown stays the same all the same.
        const wall = formatTime(s * 1000, zone);
        expect(formatTime(instantOf(wall, zone), zone)).toBe(wall);
      }),
    );
  });

  it('take the earlier of two instants that clocks show alike', () => {
    expect(instantOf('2026-10-25 02:30:00', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
  });

  it('span one unit, rounded down, never below nothing', () => {
    expect(spanOf(-5_000)).toEqual({ n: 0, unit: 's' });
    expect(spanOf(59_999)).toEqual({ n: 59, unit: 's' });
    expect(spanOf(60_000)).toEqual({ n: 1, unit: 'min' });
    expect(spanOf(3_600_000)).toEqual({ n: 1, unit: 'h' });
    expect(spanOf(49 * 3_600_000)).toEqual({ n: 2, unit: 'd' });
  });
});
