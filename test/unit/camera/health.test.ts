import { describe, expect, test } from 'vitest';
import { HealthTracker } from '../../../src/camera/camera.ts';

const rules = { offlineAfterS: 60, frozenAfterS: 120 };
const frame = (digest: string) => ({ digest, codec: 'h264', widthPx: 640, heightPx: 360 });

describe('camera health', () => {
  test('is unknown until something is known, then online with the first frame', () => {
    const tracker = new HealthTracker(rules, 0);
    expect(tracker.health.state).toBe('unknown');
    tracker.frame(5_000, frame('a'));
    expect(tracker.health).toMatchObject({ state: 'online', sinceMs: 5_000, reason: null, lastFrameAtMs: 5_000 });
    tracker.frame(15_000, frame('b'));
    expect(tracker.health).toMatchObject({ state: 'online', sinceMs: 5_000 });
  });

  test('a reconnect of seconds is no news; a minute without a picture is, and says why', () => {
    const tracker = new HealthTracker(rules, 0);
    tracker.frame(0, frame('a'));
    tracker.error(10_000, 'rtsp.timeout', 'no reply to DESCRIBE');
    tracker.tick(59_000);
    expect(tracker.health.state).toBe('online');
    tracker.tick(60_000);
    expect(tracker.health).toMatchObject({
      state: 'offline',
      sinceMs: 60_000,
      reason: 'rtsp.timeout',
      errors: 1,
    });
    tracker.frame(70_000, frame('b'));
    expect(tracker.health).toMatchObject({ state: 'online', sinceMs: 70_000, reason: null });
  });

  test('a refused login and a wrong codec are named at once and stand until a frame comes', () => {
    const tracker = new HealthTracker(rules, 0);
    tracker.error(1_000, 'rtsp.unauthorised', 'login refused');
    expect(tracker.health).toMatchObject({ state: 'unauthorised', reason: 'rtsp.unauthorised', sinceMs: 1_000 });
    tracker.tick(500_000);
    expect(tracker.health.state).toBe('unauthorised');
    tracker.error(500_000, 'rtsp.unsupported_codec', 'JPEG');
    expect(tracker.health).toMatchObject({ state: 'wrong_codec', sinceMs: 500_000 });
    tracker.frame(501_000, frame('a'));
    expect(tracker.health.state).toBe('online');
  });

  test('the very same picture for too long is frozen, a new one is not', () => {
    const tracker = new HealthTracker(rules, 0);
    for (let atS = 0; atS < 120; atS += 10) tracker.frame(atS * 1000, frame('same'));
    expect(tracker.health.state).toBe('online');
    tracker.frame(120_000, frame('same'));
    expect(tracker.health).toMatchObject({ state: 'frozen', sinceMs: 120_000 });
    tracker.frame(130_000, frame('new'));
    expect(tracker.health.state).toBe('online');
  });
});
