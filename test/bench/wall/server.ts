/**
 * The server of `bench.ts` as a process of its own, so that its processor time is its own: the sample web with as many
 * cameras as a wall of twenty screens shows. Says where it is as one line of JSON, and ends with its standard input.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { systemClock } from '../../../src/base/clock.ts';
import { createLogger } from '../../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../../src/drivers/postgres/embedded.ts';
import { migrate, openDatabase } from '../../../src/drivers/postgres/postgres.ts';
import { startSampleWeb } from '../../support/web.ts';

const cameras = Number(process.argv[2] ?? 240);
const log = createLogger({ level: 'warn' });
const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-wall-bench-'));
const server = await startEmbeddedPostgres({ dir, clock: systemClock, log, settings: { fsync: 'off' } });
const db = openDatabase(server.url, log);
await migrate(db);
const web = await startSampleWeb({
  database: { db, url: server.url, close: () => db.destroy() },
  candidates: 24,
});
await sql`
  with made as (
    insert into camera (estate_id, key, name, place, sub_url)
    select 1, 'wall-' || n, n || '号机', n % 30 + 1 || '号楼', 'rtsp://127.0.0.1/' || n from generate_series(1, ${cameras}) n
    returning id, name
  ), health as (
    insert into camera_health (camera_id, state, since) select id, 'online', now() from made
  )
  insert into view (camera_id, name, state) select id, name, 'watching' from made`.execute(db);
process.stdout.write(`${JSON.stringify({ url: web.url, databaseUrl: server.url, password: web.adminPassword })}\n`);

const stop = async (): Promise<void> => {
  await web.close();
  await server.close();
  await rm(dir, { recursive: true, force: true });
  process.exit(0);
};
process.stdin.resume();
process.stdin.once('end', () => void stop());
process.once('SIGTERM', () => void stop());
