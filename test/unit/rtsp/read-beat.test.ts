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

test('measures one beat, then reads once in each', async () => {
  const { beat: calm, clock, resumed } = beat();
  calm.unhurried = true;
  expect(calm.readsOn(1000, false)).toBe(true);
  await clock.advance(BEAT_MS);
  expect(resumed()).toBe(1);
  expect(calm.readsOn(1000, true)).toBe(true);
  expect(calm.readsOn(1000, false)).toBe(false);
  await clock.advance(BEAT_MS * 3);
  expect(resumed()).toBe(4);
});

test('a stream that brings much is read as it comes, until it brings less', async () => {
  const { beat: calm, clock } = beat();
  calm.unhurried = true;
  calm.readsOn(LIMITS.rtspReadBeatBytes + 1, false);
  await clock.advance(BEAT_MS);
  expect(calm.readsOn(10, false)).toBe(true);
  await clock.advance(BEAT_MS);
  expect(calm.readsOn(10, false)).toBe(false);
});

test('ends at once when somebody waits, and with the connection', async () => {
  const { beat: calm, clock, resumed } = beat();
  calm.unhurried = true;
  await clock.advance(BEAT_MS);
  expect(calm.readsOn(10, false)).toBe(false);
  calm.unhurried = false;
  expect(resumed()).toBe(2);
  expect(calm.readsOn(10, false)).toBe(true);
  await clock.advance(BEAT_MS * 2);
  expect(resumed()).toBe(2);
});

test('all beat together, whenever they began', async () => {
  const clock = new ManualClock();
  const at: number[] = [];
  for (const delayMs of [0, 130, 70]) {
    await clock.advance(delayMs);
    new ReadBeat(clock, () => at.push(clock.monotonicMs())).unhurried = true;
  }
  await clock.advance(BEAT_MS);
  expect(at).toHaveLength(3);
  expect(new Set(at).size).toBe(1);
});
