/**
 * The queue's server where it is PostgreSQL: BullMQ's own schema `bullmq` in the same database, brought up to date when
 * it is opened. The queue and each worker hold a pool of their own, so that a waiting worker never starves the producer.
 */
import { createPostgresBackend, DEFAULT_SCHEMA, Queue, runMigrations, Worker, type PgPool } from 'bullmq';
import pg from 'pg';
import { LIMITS } from '../../base/limits.ts';
import { unreachable, type QueueServer, type QueueServerOptions } from './queue-server.ts';

/** @throws SentinelError queue.unreachable */
export async function openPostgresServer({ url, onError }: QueueServerOptions): Promise<QueueServer> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: LIMITS.queueReplyMs });
  client.on('error', onError);
  try {
    await client.connect();
    await runMigrations(client, DEFAULT_SCHEMA);
  } catch (thrown) {
    throw unreachable(thrown);
  } finally {
    await client.end().catch(() => undefined);
  }

  const openPool = (connections: number): pg.Pool => {
    const pool = new pg.Pool({
      connectionString: url,
      max: connections,
      connectionTimeoutMillis: LIMITS.queueReplyMs,
      statement_timeout: LIMITS.queueReplyMs,
      keepAlive: true,
      application_name: 'sentinel-queue',
      // The library leaves a pool that it did not make at its own search path, yet names no schema in its statements.
      options: `-c search_path=${DEFAULT_SCHEMA}`,
    });
    pool.on('error', onError);
    return pool;
  };

  return {
    queue(name, options) {
      const pool = openPool(LIMITS.queueProducerConnections);
      const queue = new Queue(name, { ...options, connection: pool as unknown as PgPool }, createPostgresBackend);
      queue.on('error', onError);
      return { it: queue, free: () => pool.end() };
    },
    worker(name, processor, options, { onFailed, onLocksLost }) {
      // One connection listens; the others claim and finish jobs, renew locks and look for stalled ones.
      const pool = openPool((options.concurrency ?? 1) + 3);
      const worker = new Worker(
        name,
        processor,
        { ...options, connection: pool as unknown as PgPool },
        createPostgresBackend,
      );
      worker.on('error', onError).on('failed', onFailed).on('lockRenewalFailed', onLocksLost);
      return { it: worker, free: () => pool.end() };
    },
  };
}
