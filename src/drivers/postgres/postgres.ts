/**
 * PostgreSQL, the truth. Opens a bounded pool behind Kysely, brings the schema up to date, and listens for
 * notifications. `embedded.ts` runs a server of our own where none is configured.
 *
 * Errors: `database.unreachable` when no connection can be made, `database.migration_failed` naming the migration.
 */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { Database } from './schema.ts';

export { runningEmbeddedUrl, startEmbeddedPostgres, type EmbeddedPostgres } from './embedded.ts';
export { recordAudit, recordEvents, type AuditEntry, type EventKind } from './record.ts';

export type Db = Kysely<Database>;
/** A transaction, or the database itself where a caller has none open. */
export type DbOrTrx = Db | Transaction<Database>;

const MIGRATIONS_DIR = fileURLToPath(new URL('../../../src/drivers/postgres/migrations/', import.meta.url));
/** Advisory lock held while migrating, so that processes started together take turns. */
const MIGRATION_LOCK = 7_236_041;
const INT8_OID = 20;
const usualParserOf = pg.types.getTypeParser as (oid: number, format?: string) => unknown;

function parserOf(oid: number, format?: string): unknown {
  return oid === INT8_OID && format !== 'binary' ? Number : usualParserOf(oid, format);
}

/**
 * Opens a pool. `int8` columns come back as numbers: identities and counts here stay far below 2^53.
 * @param url postgres://user:password@host:port/database
 */
export function openDatabase(url: string, log: Logger, connections: number = LIMITS.databaseConnections): Db {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'sentinel',
    types: { getTypeParser: parserOf as pg.CustomTypesConfig['getTypeParser'] },
  });
  // An idle connection that the server closes is replaced at the next query; without a listener it would end the process.
  pool.on('error', (thrown) => {
    if (!pool.ending) log.warn({ problem: problemOf(thrown) }, 'a database connection was lost');
  });
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/** Waits until the database answers, trying for `patienceMs`. */
export async function awaitDatabase(db: Db, clock: Clock, patienceMs: number): Promise<void> {
  const beganMs = clock.monotonicMs();
  for (;;) {
    try {
      await sql`select 1`.execute(db);
      return;
    } catch (thrown) {
      if (clock.monotonicMs() - beganMs >= patienceMs) {
        throw new SentinelError('database.unreachable', { problem: problemOf(thrown) }, { cause: thrown });
      }
      await clock.sleep(250);
    }
  }
}

/**
 * Applies the numbered SQL files that the database has not seen, each in a transaction of its own.
 * @returns names of the migrations applied now
 */
export async function migrate(db: Db): Promise<string[]> {
  return db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`.execute(connection);
    try {
      await sql`create table if not exists schema_migration (
        name text primary key, applied_at timestamptz not null default now())`.execute(connection);
      const pending = await pendingMigrations(connection);
      for (const name of pending) {
        const text = await readFile(MIGRATIONS_DIR + name, 'utf8');
        await connection
          .transaction()
          .execute(async (trx) => {
            await sql.raw(text).execute(trx);
            await sql`insert into schema_migration (name) values (${name})`.execute(trx);
          })
          .catch((thrown: unknown) => {
            throw new SentinelError(
              'database.migration_failed',
              { migration: name, problem: problemOf(thrown) },
              { cause: thrown },
            );
          });
      }
      return pending;
    } finally {
      await sql`select pg_advisory_unlock(${MIGRATION_LOCK})`.execute(connection);
    }
  });
}

/** Names of the migrations this program knows and the database has not applied; empty when it may be used. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const files = (await readdir(MIGRATIONS_DIR)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  const table = await sql<{ present: boolean }>`select to_regclass('schema_migration') is not null as present`.execute(
    db,
  );
  if (!table.rows[0]?.present) return files;
  const seen = await sql<{ name: string }>`select name from schema_migration`.execute(db);
  const applied = new Set(seen.rows.map((row) => row.name));
  return files.filter((name) => !applied.has(name));
}

/**
 * Listens on a notification channel over a connection of its own and keeps it up.
 * @param onPayload called with each notification's payload
 * @param onReconnected called after a lost connection stands again: notifications in between are gone, re-read what they told of
 */
export function listen(
  url: string,
  channel: string,
  options: {
    clock: Clock;
    log: Logger;
    onPayload: (payload: string) => void;
    onReconnected: () => void;
  },
): { close(): Promise<void> } {
  const { clock, log } = options;
  const stopped = new AbortController();
  // Asked through a function, since it turns while the loop waits.
  const isStopped = (): boolean => stopped.signal.aborted;
  let client: pg.Client | undefined;

  const run = async (): Promise<void> => {
    for (let attempt = 0; !isStopped(); attempt++) {
      const mine = new pg.Client({ connectionString: url, application_name: 'sentinel-listen', keepAlive: true });
      client = mine;
      try {
        const ended = new Promise<void>((resolve) => {
          mine.on('error', () => resolve());
          mine.on('end', () => resolve());
        });
        mine.on('notification', (message) => options.onPayload(message.payload ?? ''));
        // Ended while it still connects, a client never settles its connecting.
        await Promise.race([mine.connect(), ended]);
        await mine.query(`listen ${pg.escapeIdentifier(channel)}`);
        if (attempt > 0) options.onReconnected();
        await ended;
      } catch (thrown) {
        if (!isStopped()) log.warn({ problem: problemOf(thrown) }, 'listening to the database failed');
      }
      await mine.end().catch(() => undefined);
      await clock.sleep(LIMITS.reconnectFirstMs, stopped.signal).catch(() => undefined);
    }
  };
  const running = run();
  return {
    async close() {
      stopped.abort();
      await client?.end().catch(() => undefined);
      await running;
    },
  };
}
