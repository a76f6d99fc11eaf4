/**
 * Vitest global set-up: one real PostgreSQL for the whole run, without fsync since nothing in it outlives the run.
 * Test files take databases of their own from it with `freshDatabase`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../src/drivers/postgres/embedded.ts';
import { migrate, openDatabase } from '../../src/drivers/postgres/postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-test-'));
  const server = await startEmbeddedPostgres({
    dir,
    clock: systemClock,
    log: silentLogger,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  // The template every test database is copied from.
  const template = openDatabase(server.url, silentLogger, 1);
  await migrate(template);
  await template.destroy();
  project.provide('postgresUrl', server.url);
  return async () => {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  };
}
