/** SQL of packages: what the log holds of some snapshots. */
import { sql } from 'kysely';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { StoredEntry } from './log.ts';
import type { SignedHead, TreeHead } from './tree-head.ts';

export interface CustodyEntry extends StoredEntry {
  /** Snapshots it tells of, of those that were asked for. */
  readonly snapshots: readonly string[];
}

export interface PackageEntries {
  /** What the log says of itself: its beginning, its keys, cuts that were found. */
  readonly log: readonly StoredEntry[];
  /** Entries whose bodies are the snapshots, ascending. */
  readonly snapshots: readonly StoredEntry[];
  /** What was done with them, ascending. */
  readonly custody: readonly CustodyEntry[];
}

export interface StampedHead {
  readonly signed: SignedHead;
  readonly token: Buffer;
}

/** The earliest stamped head under which the entry stands; where none is, the newest stamped one; undefined without any. */
export async function stampOver(db: DbOrTrx, entry: number): Promise<StampedHead | undefined> {
  const found = await sql<{ head: string; signature: string; token: Buffer }>`
    select h.head, h.signature, t.token from log_timestamp t join log_tree_head h on h.id = t.head_id
    order by h.size > ${entry} desc, case when h.size > ${entry} then h.size else -h.size end, t.id limit 1`.execute(
    db,
  );
  const [row] = found.rows;
  if (!row) return undefined;
  return { signed: { head: JSON.parse(row.head) as TreeHead, signature: row.signature }, token: row.token };
}

/** @param custodyMost of the newest entries about them */
export async function entriesOfPackage(
  db: DbOrTrx,
  snapshotIds: readonly string[],
  custodyMost: number,
): Promise<PackageEntries> {
  const ids = [...new Set(snapshotIds)];
  const log = await db
    .selectFrom('log_entry')
    .select(['seq', 'kind', 'at', 'entry', 'body'])
    .where('kind', 'in', ['log.begun', 'key.accepted', 'log.cut_found'])
    .orderBy('seq')
    .execute();
  if (ids.length === 0) return { log, snapshots: [], custody: [] };
  const snapshots = await db
    .selectFrom('snapshot')
    .innerJoin('log_entry', 'log_entry.seq', 'snapshot.entry')
    .select(['log_entry.seq', 'log_entry.kind', 'log_entry.at', 'log_entry.entry', 'log_entry.body'])
    .where('snapshot.id', 'in', ids)
    .orderBy('log_entry.seq')
    .execute();
  const custody = await sql<CustodyEntry>`
    select e.seq, e.kind, e.at, e.entry, e.body, found.snapshots
    from (
      select ls.entry, array_agg(distinct s.id::text) as snapshots
      from snapshot s
      join log_subject ls on ls.subject = 'snapshot:' || s.id
        or (s.candidate_id is not null and ls.subject = 'candidate:' || s.candidate_id)
      where s.id = any(${ids}::uuid[])
      group by ls.entry
    ) found
    join log_entry e on e.seq = found.entry
    where e.kind not in ('snapshot.sealed', 'log.begun', 'key.accepted', 'log.cut_found')
    order by e.seq desc limit ${custodyMost}`.execute(db);
  return { log, snapshots, custody: custody.rows.reverse() };
}
