/**
 * A compare worker as a process of its own. Told to `hold`, it takes a job and never ends it: to be killed. Told to do it
 * `once`, it works on one job, closes all it opened, and must then end by itself.
 */
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { openQueue } from '../../src/drivers/queue/queue.ts';

const { task, ...where } = JSON.parse(process.argv[2] ?? '{}') as {
  task: 'hold' | 'once';
  databaseUrl: string;
  redisUrl?: string;
  name: string;
  lockMs: number;
};
const queue = await openQueue({ ...where, clock: systemClock, log: silentLogger });
let done = (): void => undefined;
const worked = new Promise<void>((resolve) => (done = resolve));
const worker = await queue.work(
  async (viewId) => {
    process.stdout.write(`working on ${viewId}\n`);
    if (task === 'hold') await new Promise(() => undefined);
    done();
  },
  { concurrency: 1 },
);
process.stdout.write('ready\n');
await worked;
await worker.close();
await queue.close();
process.stdout.write('closed\n');
