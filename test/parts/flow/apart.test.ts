/** Every verb a process of its own on PostgreSQL and Redis, as docker-compose.yml arranges them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Candidate } from '../../../src/web/contract.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { runProgram, signIn, type Program } from '../../support/program.ts';
import { quickEstate } from '../../support/quick-estate.ts';
import { redisIsHere, startRedis, type TestRedis } from '../../support/redis.ts';

let fresh: FreshDatabase;
let redis: TestRedis;
let dir: string;
const programs: Program[] = [];
beforeAll(async () => {
  if (!redisIsHere) return;
  [fresh, redis, dir] = await Promise.all([
    freshDatabase(),
    startRedis(),
    mkdtemp(path.join(tmpdir(), 'sentinel-apart-')),
  ]);
});
afterAll(async () => {
  for (const program of programs) program.kill('SIGTERM');
  await Promise.all(programs.map((program) => program.ended()));
  if (!redisIsHere) return;
  await redis.close();
  await fresh.close();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

test.runIf(redisIsHere)(
  'simulate, capture, serve and two compare workers find the structure together, one of them killed on the way',
  { timeout: 240_000 },
  async () => {
    const env = {
      ...(await quickEstate(dir)),
      SENTINEL_VAR_DIR: path.join(dir, 'var'),
      DATABASE_URL: fresh.url,
      REDIS_URL: redis.url,
      SENTINEL_HTTP_PORT: '0',
    };
    const run = (...args: string[]): Program => {
      const program = runProgram(args, env);
      programs.push(program);
      return program;
    };
    const migrating = run('migrate');
    expect((await migrating.ended()).code).toBe(0);
    expect(migrating.output()).toContain('up to date');

    const [capturing, first, second, serving] = [run('capture'), run('compare'), run('compare'), run('serve')];
    await Promise.all([capturing, first, second].map((program) => program.printed(/"msg":"started"/)));
    const url = (await serving.printed(/"url":"(http:[^"]+)"/))[1] as string;
    // Last, since the simulation's story begins with it: whoever looks must be there to learn before the structure comes.
    const simulating = run('simulate');
    await simulating.printed(/"part":"simulate","msg":"started"/);
    first.kill('SIGKILL');

    const api = await signIn(url, 'correct-horse-battery');
    const open = async () => (await api.get<{ items: Candidate[] }>('/candidates?state=open')).items;
    await expect.poll(async () => (await open()).length, { timeout: 150_000, interval: 1000 }).toBeGreaterThan(0);
    expect((await open())[0]?.camera.name).toBe('1号楼屋顶');
    const ready = await fetch(`${url}/readyz`);
    expect(await ready.json()).toMatchObject({ ready: true });

    // They end in order, and the camera leases are free at once.
    for (const program of [capturing, second, serving, simulating]) program.kill('SIGTERM');
    for (const program of [capturing, second, serving, simulating]) {
      expect(await program.ended()).toEqual({ code: 0, signal: null });
    }
    expect(await fresh.db.selectFrom('camera_lease').selectAll().execute()).toEqual([]);
  },
);
