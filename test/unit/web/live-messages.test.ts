/** What live pages are sent is put together once, on one beat for all. */
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { LiveMessages, type LivePiece } from '../../../src/web/live-messages.ts';
import { ManualClock } from '../../support/clock.ts';

const piece = (...bytes: number[]): LivePiece => ({ flags: 1, atMs: 7, mediaTime: 9, bytes: Uint8Array.from(bytes) });

test('those who look at the same pieces get the same message, others their own', () => {
  const messages = new LiveMessages(new ManualClock());
  const [one, two, three] = [piece(1), piece(2, 2), piece(3)];
  const whole = messages.of([one, two, three]);
  expect(messages.of([{ ...one }, two, three])).toBe(whole);
  const skipped = messages.of([one, three]);
  expect(skipped.length).toBe(whole.length - messages.of([two]).length);
  expect(skipped.at(-1)).toBe(3);
  expect(messages.of([piece(1), two, three])).not.toBe(whole);
  expect(messages.of([one, two, three])).toEqual(whole);
});

test('all are written to on one beat, and once in it', async () => {
  const clock = new ManualClock();
  const messages = new LiveMessages(clock);
  const at: string[] = [];
  const [a, b] = [() => at.push(`a ${clock.monotonicMs()}`), () => at.push(`b ${clock.monotonicMs()}`)];
  messages.soon(a);
  messages.soon(a);
  await clock.advance(1);
  messages.soon(a);
  await clock.advance(LIMITS.liveWriteBeatMs / 2);
  messages.soon(b);
  await clock.advance(LIMITS.liveWriteBeatMs);
  expect(at).toEqual(['a 0', `a ${LIMITS.liveWriteBeatMs}`, `b ${LIMITS.liveWriteBeatMs}`]);
});
