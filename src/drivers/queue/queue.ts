/**
 * Compare jobs: which view has a new look to be judged. The queue is a hint and carries ids only; what was lost with it is
 * found again by a sweep of the database. Behind it stands BullMQ, on PostgreSQL (a schema of its own) or on Redis.
 *
 * Of one view at most one job waits and one is worked on, never two at once: adding while one waits does nothing, adding
 * while one is worked on lets one more follow. A job that fails is tried again after a growing pause, `LIMITS.jobAttempts`
 * times in all; then it is kept for inspection among the last `LIMITS.jobsKept` and no longer stands in the view's way.
 * A worker that dies mid-job has its job taken over within `LIMITS.jobLockMs`, so a handler may see a job twice.
 * Processes on several machines need clocks that agree to a second or so (NTP): locks and pauses are stamped.
 *
 * Errors: `queue.unreachable` from every call while the server behind it does not answer; nothing waits for longer than
 * `LIMITS.queueReplyMs`. Workers come back by themselves.
 */
import { UnrecoverableError, type Job } from 'bullmq';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { openPostgresServer } from './queue-postgres.ts';
import { openRedisServer } from './queue-redis.ts';
import { unreachable, type JobData, type JobWorker, type Opened, type Processor } from './queue-server.ts';

export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  /** Waiting for another attempt. */
  readonly delayed: number;
  /** Given up; the newest `LIMITS.jobsKept` at most. */
  readonly failed: number;
}

export interface QueueWorker {
  /** Takes no new job, lets the running ones end for a while, then aborts them, and frees all it holds. */
  close(): Promise<void>;
}

export interface CompareQueue {
  /** Lets the view be worked on once more. Safe to call as often as one likes. */
  add(viewId: number): Promise<void>;
  /**
   * Starts to work. `signal` aborts when the job ran longer than `LIMITS.jobLongestMs`, when another worker took it over,
   * or when the worker closes and the handler does not end.
   */
  work(
    handler: (viewId: number, signal: AbortSignal) => Promise<void>,
    options: { concurrency: number },
  ): Promise<QueueWorker>;
  depth(): Promise<QueueDepth>;
  /** Frees what `add` and `depth` hold; workers are closed by themselves, and first. */
  close(): Promise<void>;
}

/**
 * @param redisUrl where given, the queue lives there, else in the database
 * @param name of the queue; letters, digits and dashes
 * @param lockMs within this time a dead worker's job is taken over
 */
export async function openQueue(options: {
  databaseUrl: string;
  redisUrl?: string | undefined;
  name: string;
  clock: Clock;
  log: Logger;
  lockMs?: number;
}): Promise<CompareQueue> {
  const { databaseUrl, redisUrl, name, clock, log, lockMs = LIMITS.jobLockMs } = options;
  const onError = countedReports(clock, log, 'the queue has trouble with its server');
  const onFailure = countedReports(clock, log, 'a compare job failed');
  const open = redisUrl === undefined ? openPostgresServer : openRedisServer;
  const server = await open({ url: redisUrl ?? databaseUrl, clock, log, onError });

  const { it: queue, free } = server.queue(name, {
    prefix: 'sentinel',
    streams: { events: { maxLen: LIMITS.jobEventsKept } },
    defaultJobOptions: {
      attempts: LIMITS.jobAttempts,
      backoff: { type: 'exponential', delay: LIMITS.jobRetryFirstMs, jitter: 0.5 },
      removeOnComplete: true,
      removeOnFail: { count: LIMITS.jobsKept },
      stackTraceLimit: 1,
    },
  });

  let closing: Promise<void> | undefined;

  return {
    async add(viewId) {
      if (!Number.isSafeInteger(viewId)) throw new TypeError(`a view's id is a whole number, not ${viewId}`);
      const deduplication = { id: `view-${viewId}`, keepLastIfActive: true };
      await answered(clock, queue.add('compare', { viewId }, { deduplication }));
    },

    async work(handler, { concurrency }) {
      const running = new Set<Promise<void>>();
      const processor: Processor = async (job, _token, signal) => {
        const run = runJob(clock, job, handler, signal);
        running.add(run);
        await run.finally(() => running.delete(run));
      };
      const opened = server.worker(
        name,
        processor,
        {
          prefix: 'sentinel',
          concurrency,
          // A lock is renewed while its worker lives. Its end is seen at the next check, so both together make lockMs.
          lockDuration: Math.round((lockMs * 2) / 3),
          stalledInterval: Math.round(lockMs / 3),
          maxStalledCount: LIMITS.jobAttempts,
          runRetryDelay: LIMITS.queueRetryMs,
        },
        {
          onFailed: (job, thrown) => onFailure(thrown, { viewId: job?.data.viewId, attempt: job?.attemptsMade }),
          onLocksLost(jobIds) {
            for (const jobId of jobIds) opened.it.cancelJob(jobId, 'another worker took the job over');
          },
        },
      );
      await answered(clock, opened.it.waitUntilReady()).catch(async (thrown: unknown) => {
        await opened.free();
        throw thrown;
      });
      let workerClosing: Promise<void> | undefined;
      return { close: () => (workerClosing ??= closeWorker(clock, opened, running)) };
    },

    async depth() {
      const counts = await answered(clock, queue.getJobCounts('wait', 'active', 'delayed', 'failed'));
      const count = (state: string): number => counts[state] ?? 0;
      return { waiting: count('wait'), active: count('active'), delayed: count('delayed'), failed: count('failed') };
    },

    close() {
      closing ??= within(clock, LIMITS.queueReplyMs, queue.close().catch(onError))
        .then(() => within(clock, LIMITS.queueReplyMs, free()))
        .then(() => undefined);
      return closing;
    },
  };
}

/** Ends by itself when the signal aborts, whether or not the handler heeds it. */
async function runJob(
  clock: Clock,
  job: Job<JobData>,
  handler: (viewId: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { viewId } = job.data;
  if (!Number.isSafeInteger(viewId)) throw new UnrecoverableError('the job names no view');
  const tooLong = new AbortController();
  const timer = clock.after(LIMITS.jobLongestMs, () =>
    tooLong.abort(new SentinelError('queue.job_too_long', { viewId, limitMs: LIMITS.jobLongestMs })),
  );
  const either = signal ? AbortSignal.any([signal, tooLong.signal]) : tooLong.signal;
  const aborted = new Promise<never>((_, reject) => {
    either.addEventListener('abort', () => reject(asError(either.reason)), { once: true });
  });
  try {
    await Promise.race([handler(viewId, either), aborted]);
  } finally {
    timer.cancel();
  }
}

async function closeWorker(
  clock: Clock,
  { it: worker, free }: Opened<JobWorker>,
  running: ReadonlySet<Promise<void>>,
): Promise<void> {
  const closed = worker.close().catch(() => undefined);
  const ended = await within(clock, LIMITS.jobCloseMs, Promise.allSettled([...running]));
  if (!ended) worker.cancelAllJobs('the worker closes');
  // The jobs' outcomes are still to be written, for which the server may be away.
  await within(clock, LIMITS.queueReplyMs, closed);
  await within(clock, LIMITS.queueReplyMs, free());
}

/** The answer, or `queue.unreachable` when the server does not give one in time. */
async function answered<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  const late = new AbortController();
  const deadline = clock.sleep(LIMITS.queueReplyMs, late.signal).then(() => {
    throw new Error(`no answer within ${LIMITS.queueReplyMs} ms`);
  });
  deadline.catch(() => undefined);
  try {
    return await Promise.race([answer, deadline]);
  } catch (thrown) {
    throw unreachable(thrown);
  } finally {
    late.abort();
  }
}

/** Whether `work` ended within `spanMs`. */
async function within(clock: Clock, spanMs: number, work: Promise<unknown>): Promise<boolean> {
  const ended = new AbortController();
  const deadline = clock.sleep(spanMs, ended.signal).then(
    () => false,
    () => true,
  );
  const inTime = await Promise.race([work.then(() => true), deadline]);
  ended.abort();
  return inTime;
}

/** A reporter that writes one line in `LIMITS.troubleEveryMs`, with how many there were since the line before. */
function countedReports(
  clock: Clock,
  log: Logger,
  message: string,
): (thrown: unknown, fields?: Readonly<Record<string, unknown>>) => void {
  let lastMs = -Infinity;
  let since = 0;
  return (thrown, fields = {}) => {
    since++;
    const nowMs = clock.monotonicMs();
    if (nowMs - lastMs < LIMITS.troubleEveryMs) return;
    log.warn({ ...fields, problem: problemOf(thrown), count: since }, message);
    lastMs = nowMs;
    since = 0;
  };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(typeof reason === 'string' ? reason : 'aborted');
}
