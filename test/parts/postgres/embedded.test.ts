import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../../src/drivers/postgres/embedded.ts';
import { listen, migrate, openDatabase, pendingMigrations } from '../../../src/drivers/postgres/postgres.ts';
import { freshDatabase } from '../../support/postgres.ts';

const dirs: string[] = [];
afterAll(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

async function freshDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-pg-'));
  dirs.push(dir);
  return dir;
}

test('keeps what was written when it is started again over the same directory', async () => {
  const dir = await freshDir();
  const first = await startEmbeddedPostgres({ dir, clock: systemClock, log: silentLogger });
  const db = openDatabase(first.url, silentLogger);
  expect(await pendingMigrations(db)).toContain('0001_spine.sql');
  expect(await migrate(db)).toContain('0001_spine.sql');
  expect(await migrate(db)).toEqual([]);
  expect(await pendingMigrations(db)).toEqual([]);
  await db.insertInto('estate').values({ name: '一号小区', time_zone: 'Asia/Shanghai' }).execute();
  await db.destroy();
  await first.close();

  const second = await startEmbeddedPostgres({ dir, clock: systemClock, log: silentLogger });
  const again = openDatabase(second.url, silentLogger);
  expect(await again.selectFrom('estate').select('name').execute()).toEqual([{ name: '一号小区' }]);
  await again.destroy();
  await second.close();
  expect((await stat(path.join(dir, 'password'))).mode & 0o077).toBe(0);
});

test('takes over from a server whose owner was killed', async () => {
  const dir = await freshDir();
  const orphan = await startEmbeddedPostgres({ dir, clock: systemClock, log: silentLogger });
  const db = openDatabase(orphan.url, silentLogger);
  await sql`create table kept (n int)`.execute(db);
  await db.destroy();

  // The first server is never told to stop: the second start finds it running, as after kill -9 of its owner.
  const next = await startEmbeddedPostgres({ dir, clock: systemClock, log: silentLogger });
  const again = openDatabase(next.url, silentLogger);
  await sql`select * from kept`.execute(again);
  await again.destroy();
  await next.close();
});

test('every table and every column that needs words carries a comment', async () => {
  const { db, close } = await freshDatabase();
  const bare = await sql<{ name: string }>`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'r' and obj_description(c.oid) is null
      and c.relname not in ('schema_migration', 'capture_process')`.execute(db);
  expect(bare.rows).toEqual([]);
  await close();
});

test('an inserted event notifies whoever listens, with its id', async () => {
  const { db, url, close } = await freshDatabase();
  const heard: string[] = [];
  const listener = listen(url, 'sentinel_event', {
    clock: systemClock,
    log: silentLogger,
    onPayload: (payload) => heard.push(payload),
    onReconnected: () => {},
  });
  await expect
    .poll(async () => {
      await db
        .insertInto('event')
        .values({ kind: 'view.changed', data: JSON.stringify({ viewId: 1 }) })
        .execute();
      return heard.length;
    })
    .toBeGreaterThan(0);
  const newest = await db.selectFrom('event').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow();
  await expect.poll(() => heard).toContain(String(newest.id));
  await listener.close();
  await close();
});
