/** When a socket that nobody waits for is left alone, and when not. */
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { ReadBeat } from '../../../src/drivers/rtsp/read-beat.ts';
import { ManualClock } from '../../support/clock.ts';

const BEAT_MS = LIMITS.rtspReadBeatMs;

function beat(): { beat: ReadBeat; clock: ManualClock; resumed: () => number } {
  const clock = new ManualClock();
  let resumed = 0;
  return { beat: new ReadBeat(clock, () => resumed++), clock, resumed: () => resumed };
}

test('reads on while somebody waits', () => {
  const { beat: hurried, resumed } = beat();
  expect(hurried.readsOn(100, false)).toBe(true);
  expect(resumed()).toBe(0);
});

test('measures one whole beat, then reads once in each', async () => {
  const { beat: calm, clock, resumed } = beat();
  await clock.advance(BEAT_MS / 2);
  calm.pace = 'unhurried';
  const before = resumed();
  expect(calm.readsOn(1000, false)).toBe(true);
  await clock.advance(BEAT_MS / 2);
  expect(calm.readsOn(1000, false)).toBe(true);
  await clock.advance(BEAT_MS);
  expect(resumed() - before).toBe(2);
  expect(calm.readsOn(1000, true)).toBe(true);
  expect(calm.readsOn(1000, false)).toBe(false);
  await clock.advance(BEAT_MS * 3);
  expect(resumed() - before).toBe(5);
});

test('a stream that brings much is read as it comes, until it brings less', async () => {
  const { beat: calm, clock } = beat();
  calm.pace = 'unhurried';
  await clock.advance(BEAT_MS);
  calm.readsOn(LIMITS.rtspReadBeatBytes + 1, false);
  await clock.advance(BEAT_MS);
  expect(calm.readsOn(10, false)).toBe(true);
  await clock.advance(BEAT_MS);
  expect(calm.readsOn(10, false)).toBe(false);
});

test('a key unit in four beats that is larger than a beat may be hurries nothing', async () => {
  const { beat: calm, clock, resumed } = beat();
  calm.pace = 'unhurried';
  await clock.advance(BEAT_MS);
  const before = resumed();
  for (let n = 0; n < 40; n++) {
    const isKey = n % 4 === 3;
    const bytes = isKey ? 2 * LIMITS.rtspReadBeatBytes : LIMITS.rtspReadBeatBytes / 4;
    expect(calm.readsOn(bytes, false)).toBe(n === 0);
    await clock.advance(BEAT_MS);
  }
  expect(resumed() - before).toBe(40);
});

test('a stream that brings much in a long beat is read on the short ones', async () => {
  const { beat: calm, clock, resumed } = beat();
  calm.pace = 'unhurried';
  await clock.advance(BEAT_MS);
  calm.readsOn(LIMITS.rtspReadBeatBytes + 1, false);
  await clock.advance(BEAT_MS + LIMITS.rtspReadSoonMs);
  const before = resumed();
  for (let n = 0; n < 8; n++) {
    expect(calm.readsOn(LIMITS.rtspReadBeatBytes / 2, false)).toBe(false);
    await clock.advance(LIMITS.rtspReadSoonMs);
  }
  expect(resumed() - before).toBe(8);
  expect(calm.readsOn(LIMITS.rtspReadBeatBytes + 1, false)).toBe(false);
  await clock.advance(LIMITS.rtspReadSoonMs);
  expect(calm.readsOn(10, false)).toBe(true);
  await clock.advance(BEAT_MS * 2);
  const since = resumed();
  await clock.advance(BEAT_MS * 2);
  expect(resumed() - since).toBe(2);
});

test('reads a little later while a key unit is waited for, without measuring anew', async () => {
  const { beat: calm, clock, resumed } = beat();
  calm.pace = 'unhurried';
  await clock.advance(BEAT_MS * 2);
  calm.pace = 'soon';
  const before = resumed();
  expect(calm.readsOn(LIMITS.rtspReadBeatBytes + 1, false)).toBe(false);
  await clock.advance(LIMITS.rtspReadSoonMs * 3);
  expect(resumed() - before).toBe(3);
  calm.pace = 'unhurried';
  expect(calm.readsOn(10, false)).toBe(false);
});

test('ends at once when somebody waits, and with the connection', async () => {
  const { beat: calm, clock, resumed } = beat();
  calm.pace = 'unhurried';
  await clock.advance(BEAT_MS * 2);
  expect(calm.readsOn(10, false)).toBe(false);
  const before = resumed();
  calm.pace = 'at_once';
  expect(resumed() - before).toBe(1);
  expect(calm.readsOn(10, false)).toBe(true);
  await clock.advance(BEAT_MS * 2);
  expect(resumed() - before).toBe(1);
});

test('all beat together, whenever they began', async () => {
  const clock = new ManualClock();
  const at: number[] = [];
  for (const [delayMs, pace] of [
    [0, 'unhurried'],
    [130, 'soon'],
    [70, 'unhurried'],
  ] as const) {
    await clock.advance(delayMs);
    let begun = false;
    new ReadBeat(clock, () => begun && at.push(clock.monotonicMs())).pace = pace;
    begun = true;
  }
  await clock.advance(BEAT_MS);
  expect(at.filter((ms) => ms % BEAT_MS === 0)).toHaveLength(3);
  expect(at.every((ms) => ms % LIMITS.rtspReadSoonMs === 0)).toBe(true);
});

test('measures short beats too where there are no long ones, and reads as it comes after one that brought much', async () => {
  const { beat: calm, clock } = beat();
  calm.pace = 'soon';
  expect(calm.readsOn(1000, false)).toBe(true);
  await clock.advance(LIMITS.rtspReadSoonMs);
  expect(calm.readsOn(1000, false)).toBe(true);
  await clock.advance(LIMITS.rtspReadSoonMs);
  expect(calm.readsOn(LIMITS.rtspReadBeatBytes + 1, false)).toBe(false);
  await clock.advance(LIMITS.rtspReadSoonMs);
  expect(calm.readsOn(1000, false)).toBe(true);
  await clock.advance(LIMITS.rtspReadSoonMs);
  expect(calm.readsOn(1000, false)).toBe(false);
  calm.pace = 'unhurried';
  expect(calm.readsOn(1000, false)).toBe(true);
});
