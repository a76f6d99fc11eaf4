/**
 * The queue's server where it is Redis, 6.2 or newer, with an append-only file and `maxmemory-policy noeviction`: a server
 * that evicts keys loses jobs, which a warning says at the start.
 */
import { Queue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { LIMITS } from '../../base/limits.ts';
import { unreachable, type QueueServer, type QueueServerOptions } from './queue-server.ts';

/** @throws SentinelError queue.unreachable */
export async function openRedisServer({ url, log, onError }: QueueServerOptions): Promise<QueueServer> {
  const connect = (options: Pick<RedisOptions, 'maxRetriesPerRequest' | 'lazyConnect' | 'retryStrategy'>): Redis => {
    const redis = new Redis(url, {
      connectTimeout: LIMITS.queueReplyMs,
      keepAlive: 10_000,
      retryStrategy: (attempt) => Math.min(250 * 2 ** Math.min(attempt, 10), LIMITS.queueReconnectLongestMs),
      ...options,
    });
    redis.on('error', onError);
    return redis;
  };

  const probe = connect({ lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  let lastError: unknown;
  probe.on('error', (thrown: unknown) => (lastError = thrown));
  try {
    await probe.connect();
    const memory = await probe.info('memory');
    const policy = /maxmemory_policy:(\S+)/.exec(memory)?.[1];
    if (policy !== undefined && policy !== 'noeviction') {
      log.warn({ policy }, 'Redis may evict keys and so lose jobs; set its maxmemory-policy to noeviction');
    }
  } catch (thrown) {
    throw unreachable(lastError ?? thrown);
  } finally {
    probe.disconnect();
  }

  return {
    queue(name, options) {
      // A command fails soon rather than wait for the server to come back: whoever adds goes on, and a sweep makes good.
      const redis = connect({ maxRetriesPerRequest: 1 });
      const queue = new Queue(name, { ...options, connection: redis });
      queue.on('error', onError);
      return { it: queue, free: end(redis) };
    },
    worker(name, processor, options, { onFailed, onLocksLost }) {
      const redis = connect({ maxRetriesPerRequest: null });
      const worker = new Worker(name, processor, { ...options, connection: redis });
      worker.on('error', onError).on('failed', onFailed).on('lockRenewalFailed', onLocksLost);
      return { it: worker, free: end(redis) };
    },
  };
}

function end(redis: Redis): () => Promise<void> {
  return () => {
    redis.disconnect();
    return Promise.resolve();
  };
}
