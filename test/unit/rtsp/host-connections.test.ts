import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { HostConnections } from '../../../src/drivers/rtsp/host-connections.ts';
import { ManualClock } from '../../support/clock.ts';

describe('the cap on connections per host', () => {
  test('is never passed, and no place is lost, in whatever order they come and go', async () => {
    const step = fc.record({
      host: fc.constantFrom('a', 'b'),
      release: fc.boolean(),
      which: fc.nat(),
      abort: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new ManualClock();
        const connections = new HostConnections({ clock, perHost: 3 });
        const held: { host: string; release: () => void }[] = [];
        const pending = new Set<Promise<void>>();
        const aborts: AbortController[] = [];
        for (const { host, release, which, abort } of steps) {
          if (release && held.length > 0) {
            held.splice(which % held.length, 1)[0]!.release();
          } else if (abort && aborts.length > 0) {
            aborts[which % aborts.length]!.abort(new Error('gone'));
          } else {
            const controller = new AbortController();
            aborts.push(controller);
            const one: Promise<void> = connections.acquire(host, controller.signal).then(
              (release) => void held.push({ host, release }),
              () => {},
            );
            pending.add(one);
          }
          await new Promise(setImmediate);
          for (const name of ['a', 'b']) {
            const count = held.filter((one) => one.host === name).length;
            expect(count).toBeLessThanOrEqual(3);
            expect(connections.openTo(name)).toBe(count);
          }
        }
        // Places are passed on to those who wait until nobody does.
        await clock.advance(LIMITS.rtspHostWaitMs);
        for (let one = held.pop(); one; one = held.pop()) {
          one.release();
          await new Promise(setImmediate);
        }
        await Promise.all(pending);
        expect(connections.openTo('a') + connections.openTo('b')).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('is first come, first served', async () => {
    const connections = new HostConnections({ clock: new ManualClock(), perHost: 1 });
    const release = await connections.acquire('h');
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      const give = await connections.acquire('h');
      order.push(number);
      give();
    });
    release();
    release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(connections.openTo('h')).toBe(0);
  });

  test('ends the wait in time, and bounds how many wait', async () => {
    const clock = new ManualClock();
    const connections = new HostConnections({ clock, perHost: 1 });
    await connections.acquire('h');
    const waits = Array.from({ length: LIMITS.rtspHostWaiting }, () => connections.acquire('h'));
    const settled = Promise.allSettled(waits);
    await expect(connections.acquire('h')).rejects.toMatchObject({ code: 'rtsp.host_full' });
    await clock.advance(LIMITS.rtspHostWaitMs);
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
  });

  test('does not count one who gave up', async () => {
    const connections = new HostConnections({ clock: new ManualClock(), perHost: 1 });
    const release = await connections.acquire('h');
    const abort = new AbortController();
    const gone = connections.acquire('h', abort.signal);
    const next = connections.acquire('h');
    abort.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    release();
    (await next)();
    expect(connections.openTo('h')).toBe(0);
    await expect(connections.acquire('h', abort.signal)).rejects.toThrow('gone');
  });
});
