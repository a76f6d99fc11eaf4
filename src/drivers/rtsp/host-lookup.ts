/**
 * Host names -> addresses, few at a time. The system's resolver blocks one of the process's few worker threads for each
 * question, and a dead name server keeps it for half a minute: unbounded, the names of some dead cameras would stop file
 * reads of the whole process.
 */
import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { LIMITS } from '../../base/limits.ts';

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

let running = 0;
const waiting: (() => void)[] = [];

/** As `dns.lookup`, for the `lookup` option of `net.connect`; those waiting are as many as connections being opened. */
export function lookupHost(hostname: string, options: LookupOptions, callback: Callback): void {
  const begin = (): void => {
    running += 1;
    lookup(hostname, options, (error, address, family) => {
      running -= 1;
      waiting.shift()?.();
      callback(error, address, family);
    });
  };
  if (running < LIMITS.hostLookups) begin();
  else waiting.push(begin);
}
