/** The sample estate's web with an embedded PostgreSQL of its own, for programs that are no tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../src/drivers/postgres/embedded.ts';
import { migrate, openDatabase, type Db } from '../../src/drivers/postgres/postgres.ts';
import type { LiveRelay } from '../../src/wall/wall.ts';
import type { MemoryPictures } from './sample-estate.ts';
import type { WebOptions } from '../../src/web/web.ts';
import { startSampleWeb, type SampleWeb } from './web.ts';

/**
 * @param fill called once the database stands; by default the sample estate is put there
 * @returns the web; its `close` takes the database along
 */
export async function startSampleServer(
  options: {
    candidates?: number;
    port?: number;
    live?: (db: Db) => LiveRelay;
    fill?: (db: Db, pictures: MemoryPictures) => Promise<void>;
    parts?: Partial<Pick<WebOptions, 'movers'>>;
  } = {},
): Promise<SampleWeb> {
  const log = createLogger({ level: 'warn' });
  const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-sample-'));
  const server = await startEmbeddedPostgres({ dir, clock: systemClock, log, settings: { fsync: 'off' } });
  const db = openDatabase(server.url, log);
  await migrate(db);
  const web = await startSampleWeb({
    ...options,
    database: { db, url: server.url, close: () => db.destroy() },
  });
  return {
    ...web,
    async close() {
      await web.close();
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
