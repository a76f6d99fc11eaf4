/** A migrated database of its own for a test file, on the run's real PostgreSQL. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { silentLogger } from '../../src/base/log.ts';
import { openDatabase, type Db } from '../../src/drivers/postgres/postgres.ts';

export interface FreshDatabase {
  db: Db;
  url: string;
  close(): Promise<void>;
}

export async function freshDatabase(): Promise<FreshDatabase> {
  const templateUrl = new URL(inject('postgresUrl'));
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(templateUrl, `create database ${name} template sentinel`);
  const url = new URL(templateUrl);
  url.pathname = `/${name}`;
  const db = openDatabase(url.href, silentLogger, 8);
  return {
    db,
    url: url.href,
    async close() {
      await db.destroy();
      await onServer(templateUrl, `drop database ${name} with (force)`);
    },
  };
}

async function onServer(templateUrl: URL, statement: string): Promise<void> {
  const server = new URL(templateUrl);
  server.pathname = '/postgres';
  const client = new pg.Client({ connectionString: server.href });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
