/**
 * The sample estate's web as a program of its own, for looking at pages by hand:
 * `node test/support/run-ts.mjs test/support/sample-web.ts [port]`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../src/drivers/postgres/embedded.ts';
import { migrate, openDatabase } from '../../src/drivers/postgres/postgres.ts';
import { startSampleWeb } from './web.ts';

const log = createLogger({ level: 'warn' });
const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-sample-'));
const server = await startEmbeddedPostgres({ dir, clock: systemClock, log, settings: { fsync: 'off' } });
const db = openDatabase(server.url, log);
await migrate(db);
const web = await startSampleWeb({
  database: { db, url: server.url, close: () => db.destroy() },
  port: Number(process.argv[2] ?? 0),
});
process.stdout.write(`${web.url}  admin / ${web.adminPassword}\n`);
const stop = async (): Promise<void> => {
  await web.close();
  await server.close();
  await rm(dir, { recursive: true, force: true });
  process.exit(0);
};
process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());
