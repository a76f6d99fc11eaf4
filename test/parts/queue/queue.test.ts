import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { createLogger, silentLogger } from '../../../src/base/log.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { openQueue, type CompareQueue, type QueueWorker } from '../../../src/drivers/queue/queue.ts';
import { startLine } from '../../support/line.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { redisIsHere, startRedis, type TestRedis } from '../../support/redis.ts';

interface Server {
  databaseUrl: string;
  redisUrl?: string | undefined;
}

let database: FreshDatabase;
let redis: TestRedis | undefined;
beforeAll(async () => {
  database = await freshDatabase();
  if (redisIsHere) redis = await startRedis();
});
afterAll(async () => {
  await redis?.close();
  await database.close();
});

const opened: (CompareQueue | QueueWorker)[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it.close();
});

let names = 0;
const until = async (holds: () => boolean | Promise<boolean>, limitMs = 8_000): Promise<void> => {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > limitMs) throw new Error('it never came to that');
    await systemClock.sleep(20);
  }
};

if (!redisIsHere) console.warn('no redis-server on this machine: the queue is tested on PostgreSQL only');

describe.each(redisIsHere ? ['postgres', 'redis'] : ['postgres'])('the queue on %s', (kind) => {
  const server = (): Server => ({
    databaseUrl: database.url,
    redisUrl: kind === 'redis' ? redis?.url : undefined,
  });
  const open = async (options: Partial<Parameters<typeof openQueue>[0]> = {}): Promise<CompareQueue> => {
    const name = options.name ?? `compare-${++names}`;
    const queue = await openQueue({ ...server(), name, clock: systemClock, log: silentLogger, ...options });
    opened.push(queue);
    return queue;
  };
  const work = async (
    queue: CompareQueue,
    handler: (viewId: number, signal: AbortSignal) => Promise<void>,
    concurrency = 1,
  ): Promise<QueueWorker> => {
    const worker = await queue.work(handler, { concurrency });
    opened.push(worker);
    return worker;
  };
  const isEmpty = async (queue: CompareQueue): Promise<boolean> => {
    const depth = await queue.depth();
    return depth.waiting + depth.active + depth.delayed === 0;
  };

  test('what is added is worked on, in order, whether added before or after the worker came', async () => {
    const queue = await open();
    const seen: number[] = [];
    await queue.add(3);
    await queue.add(1);
    expect(await queue.depth()).toEqual({ waiting: 2, active: 0, delayed: 0, failed: 0 });
    await work(queue, async (viewId) => void seen.push(viewId));
    await until(() => seen.length === 2);
    await queue.add(2);
    await until(() => seen.length === 3);
    expect(seen).toEqual([3, 1, 2]);
    await until(() => isEmpty(queue));
    expect((await queue.depth()).failed).toBe(0);
  });

  test('a view waits once however often it is added', async () => {
    const queue = await open();
    await Promise.all(Array.from({ length: 20 }, () => queue.add(7)));
    await queue.add(8);
    expect((await queue.depth()).waiting).toBe(2);
    const seen: number[] = [];
    await work(queue, async (viewId) => void seen.push(viewId));
    await until(() => isEmpty(queue));
    expect(seen.sort()).toEqual([7, 8]);
    await queue.add(7);
    await until(() => seen.length === 3);
  });

  test('added while worked on, a view is worked on once more, and never twice at a time', async () => {
    const queue = await open();
    let running = 0;
    let most = 0;
    let runs = 0;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await work(
      queue,
      async () => {
        most = Math.max(most, ++running);
        if (++runs === 1) await held;
        running--;
      },
      4,
    );
    await queue.add(5);
    await until(() => runs === 1);
    for (let i = 0; i < 5; i++) await queue.add(5);
    await systemClock.sleep(100);
    expect(runs).toBe(1);
    release();
    await until(() => runs === 2);
    await until(() => isEmpty(queue));
    await systemClock.sleep(200);
    expect({ runs, most }).toEqual({ runs: 2, most: 1 });
  });

  test('several views are worked on at once, up to the concurrency', async () => {
    const queue = await open();
    let running = 0;
    let most = 0;
    let done = 0;
    for (let view = 1; view <= 8; view++) await queue.add(view);
    await work(
      queue,
      async () => {
        most = Math.max(most, ++running);
        await systemClock.sleep(60);
        running--;
        done++;
      },
      3,
    );
    await until(() => done === 8);
    expect(most).toBe(3);
  });

  test('a job that fails is tried again, then given up without standing in the view’s way', async () => {
    const lines: string[] = [];
    const queue = await open({
      log: createLogger({ level: 'warn', destination: { write: (line) => lines.push(line) } }),
    });
    const attempts: number[] = [];
    let works = false;
    await work(queue, async (viewId) => {
      attempts.push(viewId);
      if (viewId === 9 && !works) throw new Error('no model');
    });
    await queue.add(9);
    await until(() => attempts.length === LIMITS.jobAttempts, 15_000);
    await until(async () => (await queue.depth()).failed === 1);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'a compare job failed', viewId: 9, problem: 'no model' });
    works = true;
    await queue.add(9);
    await until(() => attempts.length === LIMITS.jobAttempts + 1);
    await until(() => isEmpty(queue));
    await queue.add(9);
    await until(() => attempts.length === LIMITS.jobAttempts + 2);
  });

  test('a worker killed in the middle of a job has it taken over within the lock’s time', async () => {
    const name = `compare-${++names}`;
    const lockMs = 3_000;
    const queue = await open({ name, lockMs });
    const args = JSON.stringify({ ...server(), name, lockMs, task: 'hold' });
    const child = spawn(process.execPath, ['test/support/run-ts.mjs', 'test/support/queue-worker.ts', args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await until(() => said.includes('ready'), 15_000);
      await queue.add(4);
      await until(() => said.includes('working on 4'));
      const seen: number[] = [];
      await work(queue, async (viewId) => void seen.push(viewId));
      await systemClock.sleep(lockMs * 1.5);
      expect(seen).toEqual([]); // as long as it lives, the job is its own
      child.kill('SIGKILL');
      await once(child, 'exit');
      const killedAt = performance.now();
      await until(() => seen.length === 1, lockMs * 2);
      expect(performance.now() - killedAt).toBeLessThan(lockMs + 1_000);
      await until(() => isEmpty(queue));
      await queue.add(4);
      await until(() => seen.length === 2);
    } finally {
      child.kill('SIGKILL');
    }
  }, 40_000);

  test('a process that closed its queue ends by itself', async () => {
    const name = `compare-${++names}`;
    const queue = await open({ name });
    await queue.add(6);
    const args = JSON.stringify({ ...server(), name, lockMs: 3_000, task: 'once' });
    const child = spawn(process.execPath, ['test/support/run-ts.mjs', 'test/support/queue-worker.ts', args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = once(child, 'exit');
      await until(() => said.includes('closed'), 15_000);
      const closedAt = performance.now();
      expect(await ended).toEqual([0, null]);
      expect(performance.now() - closedAt).toBeLessThan(2_000);
      expect(said).toContain('working on 6');
    } finally {
      child.kill('SIGKILL');
    }
  }, 40_000);

  test('two workers share the jobs and none is worked on twice', async () => {
    const name = `compare-${++names}`;
    const [one, other] = [await open({ name }), await open({ name })];
    const seen: number[] = [];
    const handler = async (viewId: number): Promise<void> => {
      seen.push(viewId);
      await systemClock.sleep(2);
    };
    await Promise.all([work(one, handler, 2), work(other, handler, 2)]);
    await Promise.all(Array.from({ length: 200 }, (_, view) => (view % 2 ? one : other).add(view)));
    await until(() => seen.length >= 200);
    await until(() => isEmpty(one));
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, view) => view));
  });

  test('closing a worker lets its job end and leaves the others waiting', async () => {
    const queue = await open();
    let ended = false;
    const worker = await queue.work(
      async () => {
        await systemClock.sleep(300);
        ended = true;
      },
      { concurrency: 1 },
    );
    await queue.add(1);
    await queue.add(2);
    await until(async () => (await queue.depth()).active === 1);
    await worker.close();
    expect(ended).toBe(true);
    expect(await queue.depth()).toMatchObject({ waiting: 1, active: 0 });
    await worker.close(); // once more does no harm
  });

  test('a handler that never ends is aborted when it ran too long, and when its worker closes', async () => {
    const clock: Clock = {
      ...systemClock,
      // The two long waits pass forty times as fast.
      after: (delayMs, run) => systemClock.after(delayMs === LIMITS.jobLongestMs ? delayMs / 40 : delayMs, run),
      sleep: (delayMs, signal) => systemClock.sleep(delayMs === LIMITS.jobCloseMs ? delayMs / 40 : delayMs, signal),
    };
    const queue = await open({ clock });
    const reasons: string[] = [];
    const worker = await work(queue, (viewId, signal) => {
      signal.addEventListener('abort', () => reasons.push(`${viewId}: ${(signal.reason as Error).message}`));
      return new Promise(() => undefined);
    });
    await queue.add(1);
    await until(() => reasons.length === 1);
    expect(reasons[0]).toBe(`1: Comparing view 1 took longer than ${LIMITS.jobLongestMs} ms`);
    await queue.add(2);
    await until(async () => (await queue.depth()).active === 1);
    await worker.close();
    expect(reasons).toHaveLength(2);
    expect(await queue.depth()).toMatchObject({ active: 0 });
  });

  test('a view is a whole number', async () => {
    const queue = await open();
    await expect(queue.add(1.5)).rejects.toThrow(TypeError);
  });

  test('a server that does not answer is a clear error, and soon', async () => {
    const began = performance.now();
    const nowhere = kind === 'redis' ? 'redis://127.0.0.1:1' : 'postgres://nobody:secret@127.0.0.1:1/none';
    const where = kind === 'redis' ? { databaseUrl: '', redisUrl: nowhere } : { databaseUrl: nowhere };
    const opening = openQueue({ ...where, name: 'x', clock: systemClock, log: silentLogger });
    await expect(opening).rejects.toMatchObject({ code: 'queue.unreachable' });
    await expect(opening).rejects.toThrow(/ECONNREFUSED/);
    await expect(opening).rejects.not.toThrow(/secret/);
    expect(performance.now() - began).toBeLessThan(LIMITS.queueReplyMs + 1_000);
  });
});

describe.runIf(redisIsHere)('when Redis goes away', () => {
  test('adding fails soon and says so, workers come back with what was waiting, and the log stays quiet', async () => {
    const mine = await startRedis();
    const lines: string[] = [];
    const log = createLogger({ level: 'warn', destination: { write: (line) => lines.push(line) } });
    const queue = await openQueue({ databaseUrl: '', redisUrl: mine.url, name: 'compare', clock: systemClock, log });
    const seen: number[] = [];
    let worker: QueueWorker | undefined;
    try {
      worker = await queue.work(async (viewId) => void seen.push(viewId), { concurrency: 1 });
      await queue.add(1);
      await until(() => seen.length === 1);
      await worker.close();
      await queue.add(2); // waits in the server's file
      worker = await queue.work(
        async (viewId) => {
          seen.push(viewId);
          if (viewId === 2) await systemClock.sleep(500);
        },
        { concurrency: 1 },
      );
      await until(() => seen.length === 2);
      await queue.add(3);
      await mine.kill();
      const began = performance.now();
      await expect(queue.add(4)).rejects.toMatchObject({ code: 'queue.unreachable' });
      await expect(queue.depth()).rejects.toMatchObject({ code: 'queue.unreachable' });
      expect(performance.now() - began).toBeLessThan(2 * LIMITS.queueReplyMs + 1_000);
      await systemClock.sleep(1_000);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.length).toBeLessThan(6);
      await mine.start();
      await until(() => seen.includes(3), 20_000);
      await queue.add(5);
      await until(() => seen.includes(5));
    } finally {
      await worker?.close();
      await queue.close();
      await mine.close();
    }
  }, 60_000);

  test('closing while it is away does not hang', async () => {
    const mine = await startRedis();
    const queue = await openQueue({
      databaseUrl: '',
      redisUrl: mine.url,
      name: 'compare',
      clock: systemClock,
      log: silentLogger,
    });
    const worker = await queue.work(async () => undefined, { concurrency: 1 });
    await mine.close();
    const began = performance.now();
    await worker.close();
    await queue.close();
    expect(performance.now() - began).toBeLessThan(2 * LIMITS.queueReplyMs + 1_000);
  }, 40_000);
});

describe('when PostgreSQL goes away', () => {
  test('adding fails soon and says so, and worker and producer come back', async () => {
    const line = await startLine(database.url);
    const lines: string[] = [];
    const log = createLogger({ level: 'warn', destination: { write: (text) => lines.push(text) } });
    const queue = await openQueue({ databaseUrl: line.url, name: 'away', clock: systemClock, log });
    const seen: number[] = [];
    const worker = await queue.work(async (viewId) => void seen.push(viewId), { concurrency: 1 });
    try {
      await queue.add(1);
      await until(() => seen.length === 1);
      await line.cut();
      await expect(queue.add(2)).rejects.toMatchObject({ code: 'queue.unreachable' });
      await systemClock.sleep(1_000);
      expect(lines.length).toBeLessThan(4);
      await line.restore();
      await queue.add(3);
      await until(() => seen.includes(3), 20_000);
    } finally {
      await worker.close();
      await queue.close();
      await line.close();
    }
  }, 60_000);

  test('closing while it is away does not hang', async () => {
    const line = await startLine(database.url);
    const queue = await openQueue({ databaseUrl: line.url, name: 'away', clock: systemClock, log: silentLogger });
    const worker = await queue.work(async () => undefined, { concurrency: 1 });
    await line.close();
    const began = performance.now();
    await worker.close();
    await queue.close();
    expect(performance.now() - began).toBeLessThan(2 * LIMITS.queueReplyMs + 1_000);
  }, 60_000);

  test('connections that the server ends are replaced', async () => {
    const queue = await openQueue({
      databaseUrl: database.url,
      name: 'dropped',
      clock: systemClock,
      log: silentLogger,
    });
    const seen: number[] = [];
    const worker = await queue.work(async (viewId) => void seen.push(viewId), { concurrency: 1 });
    try {
      await queue.add(1);
      await until(() => seen.length === 1);
      const ended = await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.execute(database.db);
      expect(ended.rows.length).toBeGreaterThan(1);
      await until(() =>
        queue.add(2).then(
          () => true,
          () => false,
        ),
      );
      await until(() => seen.includes(2), 20_000);
    } finally {
      await worker.close();
      await queue.close();
    }
  }, 40_000);
});
