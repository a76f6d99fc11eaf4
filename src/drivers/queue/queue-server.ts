/** What the queue asks of the server behind it, be it PostgreSQL or Redis. */
import type { Job, JobsOptions, JobType, QueueOptions, WorkerOptions } from 'bullmq';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';

/** All that a job carries. */
export interface JobData {
  readonly viewId: number;
}

export type Processor = (job: Job<JobData>, token?: string, signal?: AbortSignal) => Promise<void>;

/** Something of the library's, with the connections that were opened for it alone. */
export interface Opened<T> {
  readonly it: T;
  /** Ends those connections, at once. */
  readonly free: () => Promise<void>;
}

export interface JobQueue {
  add(name: string, data: JobData, options: JobsOptions): Promise<unknown>;
  getJobCounts(...states: JobType[]): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export interface JobWorker {
  waitUntilReady(): Promise<unknown>;
  cancelJob(jobId: string, reason: string): boolean;
  cancelAllJobs(reason: string): void;
  close(): Promise<void>;
}

/** What a worker tells of. */
export interface WorkerEvents {
  readonly onFailed: (job: Job<JobData> | undefined, thrown: Error) => void;
  /** Locks that could not be renewed: others have the jobs now, or will. */
  readonly onLocksLost: (jobIds: readonly string[]) => void;
}

export interface QueueServer {
  queue(name: string, options: Omit<QueueOptions, 'connection'>): Opened<JobQueue>;
  worker(
    name: string,
    processor: Processor,
    options: Omit<WorkerOptions, 'connection'>,
    events: WorkerEvents,
  ): Opened<JobWorker>;
}

export interface QueueServerOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of connection trouble as often as it happens; calls fail by themselves. */
  readonly onError: (thrown: unknown) => void;
}

export function unreachable(thrown: unknown): SentinelError {
  return new SentinelError('queue.unreachable', { problem: problemOf(thrown) || 'no connection' }, { cause: thrown });
}
