/**
 * `npm run bench:evidence`: what the evidence log costs when it is long. Fills the log of a real PostgreSQL with entries,
 * past the triggers but as they would have built it, and then appends and proves through the program's own functions.
 *
 *   --entries N     entries to begin with (10000000)
 *   --appends N     appends that are measured, one after another, each a transaction of its own (3000)
 *   --proofs N      proofs of each kind (2000)
 *   --keep DIR      keep the filled database there, or use the one that is there
 *   --out FILE      JSON (var/bench/evidence.json)
 *
 * Ends with exit code 1 when a bar is missed: append under 5 ms, proofs under 20 ms, each in 99 of 100.
 */
import { hash, randomInt } from 'node:crypto';
import { chmod, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../../src/drivers/postgres/embedded.ts';
import { migrate, openDatabase, type Db } from '../../../src/drivers/postgres/postgres.ts';
import { openSigner } from '../../../src/evidence/head-signer.ts';
import { writeEntry } from '../../../src/evidence/log-entry.ts';
import {
  appendEntry,
  logSize,
  proveConsistency,
  proveInclusion,
  readEntries,
  rootAt,
} from '../../../src/evidence/log.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../../src/evidence/merkle.ts';

const { values: flags } = parseArgs({
  options: {
    entries: { type: 'string', default: '10000000' },
    appends: { type: 'string', default: '3000' },
    proofs: { type: 'string', default: '2000' },
    keep: { type: 'string' },
    out: { type: 'string', default: 'var/bench/evidence.json' },
  },
});
const [entries, appends, proofs] = [flags.entries, flags.appends, flags.proofs].map(Number) as [number, number, number];
const BARS = { appendMs: 5, proofMs: 20 };
const CHUNK = 500_000;
/** A stay of custody's size; snapshots are some kilobytes and rare beside them. */
const BODY = {
  format: 'sentinel-custody/1',
  by: { userId: 7, name: 'wang', unit: '城管三中队' },
  reason: '居民举报复核',
  n: 0,
};
const SNAPSHOT = {
  ...BODY,
  units: Array.from({ length: 50 }, (_, n) => ({ sha256: 'ab'.repeat(32), n, bytes: 12_345 })),
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const dir = flags.keep ? path.resolve(flags.keep) : await mkdtemp(path.join(tmpdir(), 'sentinel-bench-'));
const beganMs = Date.now();
/** Root of the log while proofs are measured. */
let root: Uint8Array = new Uint8Array();
/** What the appends took of the processor, here and in the server: on a busy machine that says more than their time. */
let processorMs: { readonly program: number; readonly server: number } | undefined;
let server = await startEmbeddedPostgres({ dir, clock: systemClock, log: silentLogger });
let db = openDatabase(server.url, silentLogger, 4);
try {
  await migrate(db);
  const there = await logSize(db);
  if (there < entries) await fill(db, there, entries);
  say(`${await logSize(db)} entries stand after ${Math.round((Date.now() - beganMs) / 1000)} s`);
  const size = await sizeOf(db);

  // A server that has just started has nothing of it in its own memory.
  await db.destroy();
  await server.close();
  server = await startEmbeddedPostgres({ dir, clock: systemClock, log: silentLogger });
  db = openDatabase(server.url, silentLogger, 4);
  await logSize(db);

  const results = {
    inclusion: await measure(proofs, async (total) => {
      const index = randomInt(total);
      return async () => {
        const [entry] = await readEntries(db, [index]);
        const proof = await proveInclusion(db, index, total);
        return () => verifyInclusion(leafHash(entry?.entry ?? ''), proof, root);
      };
    }),
    consistency: await measure(proofs, async (total) => {
      const from = 1 + randomInt(total - 1);
      const fromRoot = await rootAt(db, from);
      return async () => {
        const proof = await proveConsistency(db, from, total);
        return () => verifyConsistency(proof, fromRoot, root);
      };
    }),
    // What any transaction costs on this machine at this time: the floor of the next.
    emptyTransaction: await measureEmpty(appends),
    append: await costOf(() => measureAppends(BODY, appends)),
    appendOfSnapshot: await measureAppends(SNAPSHOT, Math.ceil(appends / 3)),
    appendByFourAtOnce: await measureCrowd(4, Math.ceil(appends / 4)),
    head: await measureHeads(200),
  };
  const report = {
    at: new Date().toISOString(),
    machine: { cores: availableParallelism(), model: cpus()[0]?.model, load: loadavg(), node: process.version },
    postgres: (await sql<{ v: string }>`select version() as v`.execute(db)).rows[0]?.v,
    entries: await logSize(db),
    bytes: size,
    ms: results,
    processorMsOfAppend: processorMs,
    bars: BARS,
  };
  const missed = [
    ...(['inclusion', 'consistency'] as const).filter((kind) => results[kind].p99 >= BARS.proofMs),
    ...(results.append.p99 >= BARS.appendMs ? (['append'] as const) : []),
  ];
  await mkdir(path.dirname(flags.out), { recursive: true });
  await writeFile(flags.out, JSON.stringify({ ...report, missed }, null, 2));
  say(
    `\n${report.entries} entries, ${(size / 2 ** 30).toFixed(1)} GiB, load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`,
  );
  for (const [what, { p50, p99, most, n }] of Object.entries(results)) {
    say(
      `${what.padEnd(20)} p50 ${p50.toFixed(2).padStart(7)} ms   p99 ${p99.toFixed(2).padStart(7)} ms   most ${most.toFixed(1).padStart(7)} ms   of ${n}`,
    );
  }
  if (processorMs) {
    say(
      `an append takes ${processorMs.program.toFixed(2)} ms of processor time here and ${processorMs.server.toFixed(2)} ms in the server`,
    );
  }
  say(missed.length === 0 ? 'every bar is met' : `missed: ${missed.join(', ')}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  await db.destroy();
  await server.close();
  if (!flags.keep) await rm(dir, { recursive: true, force: true });
}

// --- filling ---------------------------------------------------------------------------------------------------------

/** Writes what the trigger would have, from files that the server copies in. */
async function fill(target: Db, from: number, until: number): Promise<void> {
  const waiting = await subtreesUpTo(target, from);
  await sql`alter table log_entry disable trigger log_entry_append`.execute(target);
  const file = path.join(dir, 'chunk.tsv');
  for (let begin = from; begin < until; begin += CHUNK) {
    const end = Math.min(until, begin + CHUNK);
    const handle = await open(file, 'w');
    let lines: string[] = [];
    for (let seq = begin; seq < end; seq++) {
      const atMs = 1_780_000_000_000 + seq * 1000;
      const { entry, body } = writeEntry('snapshot.viewed', atMs, { ...BODY, n: seq });
      const nodes = nodesOf(seq, entry, waiting).toString('hex');
      lines.push(`${seq}\tsnapshot.viewed\t${new Date(atMs).toISOString()}\t${entry}\t${body}\t\\\\x${nodes}\n`);
      if (lines.length === 5000) {
        await handle.write(lines.join(''));
        lines = [];
      }
    }
    await handle.write(lines.join(''));
    await handle.close();
    await chmod(file, 0o644);
    await sql
      .raw(`set statement_timeout = 0; copy log_entry (seq, kind, at, entry, body, nodes) from '${file}'`)
      .execute(target);
    say(`${end} entries, ${Math.round((Date.now() - beganMs) / 1000)} s`);
  }
  await rm(file);
  await sql`alter table log_entry enable always trigger log_entry_append`.execute(target);
  await sql.raw('set statement_timeout = 0; analyze log_entry').execute(target);
}

/** Hashes of the complete subtrees that wait for their right neighbour in a tree of so many entries, by level. */
async function subtreesUpTo(target: Db, size: number): Promise<Buffer[]> {
  const waiting: Buffer[] = [];
  for (const { nodes, seq } of await target
    .selectFrom('log_entry')
    .select(['seq', 'nodes'])
    .where('seq', '<', Math.max(size, 1))
    .where('seq', '>=', size - 1)
    .execute()) {
    if (size > 1) throw new Error(`a log of ${seq + 1} entries cannot be filled up; begin anew`);
    waiting[0] = nodes;
  }
  return waiting;
}

function nodesOf(seq: number, entry: string, waiting: Buffer[]): Buffer {
  let node = hash('sha256', Buffer.concat([Buffer.of(0), Buffer.from(entry)]), 'buffer');
  const nodes = [node];
  let level = 0;
  for (let index = seq; index % 2 === 1; index = Math.floor(index / 2)) {
    node = hash('sha256', Buffer.concat([Buffer.of(1), waiting[level] as Buffer, node]), 'buffer');
    nodes.push(node);
    level++;
  }
  waiting[level] = node;
  return Buffer.concat(nodes);
}

async function sizeOf(target: Db): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`select pg_total_relation_size('log_entry') as bytes`.execute(target);
  return Number(rows[0]?.bytes);
}

// --- measuring -------------------------------------------------------------------------------------------------------

interface Times {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

function timesOf(times: number[]): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { n: sorted.length, p50: at(0.5), p99: at(0.99), most: sorted.at(-1) ?? NaN };
}

/** @param prepare yields the work that is timed, which yields the check that is not */
async function measure(n: number, prepare: (total: number) => Promise<() => Promise<() => boolean>>): Promise<Times> {
  const total = await logSize(db);
  root = await rootAt(db, total);
  const times: number[] = [];
  for (let turn = 0; turn < n; turn++) {
    const work = await prepare(total);
    const began = performance.now();
    const holds = await work();
    times.push(performance.now() - began);
    if (!holds()) throw new Error('a proof does not hold');
  }
  return timesOf(times);
}

async function append(body: object, n: number): Promise<number> {
  const began = performance.now();
  await db.transaction().execute((trx) =>
    appendEntry(trx, {
      kind: 'snapshot.viewed',
      atMs: Date.now(),
      body: { ...body, n },
      about: [`snapshot:${n}`, 'custody'],
    }),
  );
  return performance.now() - began;
}

async function costOf(work: () => Promise<Times>): Promise<Times> {
  const before = [process.cpuUsage(), await serverTicks()] as const;
  const times = await work();
  const { user, system } = process.cpuUsage(before[0]);
  const program = (user + system) / 1000 / times.n;
  // Linux counts in hundredths of a second.
  processorMs = { program, server: (((await serverTicks()) - before[1]) * 10) / times.n };
  return times;
}

/** Processor time of the connections' own server processes; they are few, and live as long as the pool. */
async function serverTicks(): Promise<number> {
  const { rows } = await sql<{ pid: number }>`
    select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'`.execute(
    db,
  );
  let ticks = 0;
  for (const { pid } of rows) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks;
}

/** Begins, asks for nothing, commits. */
async function measureEmpty(n: number): Promise<Times> {
  const times: number[] = [];
  for (let turn = 0; turn < n; turn++) {
    const began = performance.now();
    await db.transaction().execute((trx) => sql`select 1`.execute(trx));
    times.push(performance.now() - began);
  }
  return timesOf(times);
}

async function measureAppends(body: object, n: number): Promise<Times> {
  const times: number[] = [];
  for (let turn = 0; turn < n; turn++) times.push(await append(body, turn));
  return timesOf(times);
}

async function measureCrowd(writers: number, each: number): Promise<Times> {
  const times = await Promise.all(
    Array.from({ length: writers }, async () => {
      const mine: number[] = [];
      for (let turn = 0; turn < each; turn++) mine.push(await append(BODY, turn));
      return mine;
    }),
  );
  return timesOf(times.flat());
}

async function measureHeads(n: number): Promise<Times> {
  const signer = await openSigner({ db, clock: systemClock, keyFile: path.join(dir, 'evidence.key') });
  const times: number[] = [];
  for (let turn = 0; turn < n; turn++) {
    const began = performance.now();
    await signer.current({ anew: true });
    times.push(performance.now() - began);
  }
  return timesOf(times);
}
