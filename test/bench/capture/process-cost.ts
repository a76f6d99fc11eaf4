/** What processes cost, as the Linux kernel counts it (proc(5)): processor time of all their threads, and memory. */
import { readdir, readFile } from 'node:fs/promises';

/** Kernel ticks a second; 100 on every Linux that Node runs on. */
const TICKS_PER_S = 100;

export interface ProcessCost {
  /** User and system time so far, children that have ended included. */
  readonly cpuS: number;
  /** Resident memory now, in bytes. */
  readonly residentBytes: number;
  /** Resident memory, with what is shared with other processes divided among them. */
  readonly proportionalBytes: number;
}

/** @returns the sum over `pids` and everything they have started */
export async function costOf(pids: readonly number[]): Promise<ProcessCost> {
  const costs = await Promise.all([...(await familyOf(pids))].map(costOfOne));
  const sum = (pick: (cost: ProcessCost) => number): number => costs.reduce((total, cost) => total + pick(cost), 0);
  return {
    cpuS: sum(({ cpuS }) => cpuS),
    residentBytes: sum(({ residentBytes }) => residentBytes),
    proportionalBytes: sum(({ proportionalBytes }) => proportionalBytes),
  };
}

async function familyOf(pids: readonly number[]): Promise<Set<number>> {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    const fields = /^\d+$/.test(entry) ? await statOf(Number(entry)) : undefined;
    if (fields) parents.set(Number(entry), Number(fields[1]));
  }
  const family = new Set(pids);
  for (let grown = true; grown;) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (!family.has(parent) || family.has(pid)) continue;
      family.add(pid);
      grown = true;
    }
  }
  return family;
}

/** Fields of /proc/PID/stat from the third (state) on; the second may hold spaces. Undefined once the process is gone. */
async function statOf(pid: number): Promise<string[] | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function costOfOne(pid: number): Promise<ProcessCost> {
  const fields = (await statOf(pid)) ?? [];
  // utime, stime, cutime, cstime are fields 14 to 17 of the file.
  const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) * 1024;
  return { cpuS: ticks / TICKS_PER_S, residentBytes: bytes('Rss'), proportionalBytes: bytes('Pss') };
}
