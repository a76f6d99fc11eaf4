/**
 * The evidence log in the database: append within the caller's transaction, prove, and check. The tree is built by the
 * trigger of `log_entry` (migration 0005), whoever inserts; here it is read.
 *
 * An append takes the log's lock to the end of its transaction. So append last, and take no other lock after it.
 */
import { sql } from 'kysely';
import type { Db, DbOrTrx } from '../drivers/postgres/postgres.ts';
import { writeEntry, type EntryKind } from './log-entry.ts';
import {
  hashOfRange,
  hexOf,
  rangesOfConsistency,
  rangesOfInclusion,
  rootOf,
  subtreesOf,
  type ConsistencyProof,
  type Hash,
  type InclusionProof,
  type Range,
  type Subtree,
} from './merkle.ts';

/** As in migration 0005. */
const LOG_LOCK = 7_236_042;

export interface NewEntry {
  readonly kind: EntryKind;
  readonly atMs: number;
  /** Anything that has a JSON form. */
  readonly body: unknown;
  /** What it tells of, to be found by: `snapshot:<uuid>`, `candidate:<id>`, `view:<id>`. */
  readonly about: readonly string[];
  /** Makes the SM3 digest of a text, where the installation wants one. */
  readonly sm3?: ((text: string) => string) | undefined;
}

/**
 * One statement, since every other writer waits from it to the end of the transaction.
 * @returns the entry's index in the log
 */
export async function appendEntry(trx: DbOrTrx, { kind, atMs, body, about, sm3 }: NewEntry): Promise<number> {
  const texts = writeEntry(kind, atMs, body, sm3);
  const { rows } = await sql<{ seq: number }>`
    with appended as (insert into log_entry (entry, body) values (${texts.entry}, ${texts.body}) returning seq),
    told as (
      insert into log_subject (subject, entry)
      select subject, seq from appended, unnest(${[...new Set(about)]}::text[]) as subject)
    select seq from appended`.execute(trx);
  return (rows[0] as { seq: number }).seq;
}

/** Takes the log's lock to the end of the transaction: what is read from here on is what the next append builds on. */
export async function lockLog(trx: DbOrTrx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOG_LOCK})`.execute(trx);
}

export interface StoredEntry {
  readonly seq: number;
  readonly kind: string;
  readonly at: Date;
  /** Canonical texts. */
  readonly entry: string;
  readonly body: string;
}

export async function readEntries(db: DbOrTrx, seqs: readonly number[]): Promise<StoredEntry[]> {
  if (seqs.length === 0) return [];
  return db
    .selectFrom('log_entry')
    .select(['seq', 'kind', 'at', 'entry', 'body'])
    .where('seq', 'in', [...seqs])
    .orderBy('seq')
    .execute();
}

/** Entries that tell of a thing, oldest first, after `afterSeq`. */
export async function entriesAbout(
  db: DbOrTrx,
  subject: string,
  page: { afterSeq: number; most: number },
): Promise<StoredEntry[]> {
  return db
    .selectFrom('log_subject')
    .innerJoin('log_entry', 'log_entry.seq', 'log_subject.entry')
    .select(['log_entry.seq', 'log_entry.kind', 'log_entry.at', 'log_entry.entry', 'log_entry.body'])
    .where('log_subject.subject', '=', subject)
    .where('log_subject.entry', '>', page.afterSeq)
    .orderBy('log_subject.entry')
    .limit(page.most)
    .execute();
}

/** Entries in the log. */
export async function logSize(db: DbOrTrx): Promise<number> {
  const row = await db
    .selectFrom('log_entry')
    .select((eb) => eb.fn.max('seq').as('last'))
    .executeTakeFirst();
  const last = row?.last as number | null | undefined;
  return last === null || last === undefined ? 0 : last + 1;
}

/** Root of the first `size` entries. */
export async function rootAt(db: DbOrTrx, size: number): Promise<Hash> {
  const range = { begin: 0, end: size };
  return rootOf(size, await subtreeHashes(db, [range]));
}

export async function proveInclusion(db: DbOrTrx, index: number, size: number): Promise<InclusionProof> {
  return { index, size, hashes: await hashesOf(db, rangesOfInclusion(index, size)) };
}

export async function proveConsistency(db: DbOrTrx, fromSize: number, toSize: number): Promise<ConsistencyProof> {
  return { fromSize, toSize, hashes: await hashesOf(db, rangesOfConsistency(fromSize, toSize)) };
}

async function hashesOf(db: DbOrTrx, ranges: readonly Range[]): Promise<string[]> {
  const hashOf = await subtreeHashes(db, ranges);
  return ranges.map((range) => hexOf(hashOfRange(range, hashOf)));
}

/** The last leaf of a complete subtree: the row that bears its hash. */
function rowOf({ level, index }: Subtree): number {
  return (index + 1) * 2 ** level - 1;
}

async function subtreeHashes(db: DbOrTrx, ranges: readonly Range[]): Promise<(subtree: Subtree) => Hash> {
  const rows = [...new Set(ranges.flatMap(subtreesOf).map(rowOf))];
  const found =
    rows.length === 0
      ? []
      : await db.selectFrom('log_entry').select(['seq', 'nodes']).where('seq', 'in', rows).execute();
  const nodes = new Map(found.map((row) => [row.seq, row.nodes]));
  return (subtree) => {
    const hash = nodes.get(rowOf(subtree))?.subarray(subtree.level * 32, (subtree.level + 1) * 32);
    if (hash?.length !== 32) throw new RangeError(`entry ${rowOf(subtree)} is not in the log`);
    return new Uint8Array(hash);
  };
}

/** The log's id, as its first entry says. */
export async function readLogId(db: Db): Promise<string> {
  const row = await sql<{ id: string }>`select body::jsonb ->> 'logId' as id from log_entry where seq = 0`.execute(db);
  const id = row.rows[0]?.id;
  if (!id) throw new Error('the evidence log has no first entry');
  return id;
}
