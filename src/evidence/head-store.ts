/** SQL of signed heads, of the keys that the log names, and of time stamps. */
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import { canonicalText } from './canonical.ts';
import type { KeyAccepted, SignedHead, TreeHead } from './tree-head.ts';

export interface StoredHead {
  readonly id: number;
  readonly signed: SignedHead;
}

export async function writeHead(db: DbOrTrx, signed: SignedHead): Promise<StoredHead> {
  const { id } = await db
    .insertInto('log_tree_head')
    .values({ size: signed.head.size, head: canonicalText(signed.head), signature: signed.signature })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id, signed };
}

export async function newestHead(db: DbOrTrx): Promise<StoredHead | undefined> {
  const row = await db
    .selectFrom('log_tree_head')
    .select(['id', 'head', 'signature'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && storedHeadOf(row);
}

/** Heads before `beforeId`, the newest first. */
export async function readHeads(
  db: DbOrTrx,
  page: { beforeId: number | undefined; most: number },
): Promise<StoredHead[]> {
  const { beforeId, most } = page;
  const rows = await db
    .selectFrom('log_tree_head')
    .select(['id', 'head', 'signature'])
    .$if(beforeId !== undefined, (query) => query.where('id', '<', beforeId as number))
    .orderBy('id', 'desc')
    .limit(most)
    .execute();
  return rows.map(storedHeadOf);
}

function storedHeadOf(row: { id: number; head: string; signature: string }): StoredHead {
  return { id: row.id, signed: { head: JSON.parse(row.head) as TreeHead, signature: row.signature } };
}

/** Every key the log names, from its first to the one that signs now. */
export async function readAcceptedKeys(db: DbOrTrx): Promise<KeyAccepted[]> {
  const rows = await db
    .selectFrom('log_entry')
    .select('body')
    .where('kind', '=', 'key.accepted')
    .orderBy('seq')
    .execute();
  return rows.map(({ body }) => JSON.parse(body) as KeyAccepted);
}

export interface StoredStamp {
  readonly headId: number;
  readonly authority: string;
  readonly genTime: Date;
  /** TimeStampToken in DER. */
  readonly token: Buffer;
}

export async function writeStamp(db: DbOrTrx, stamp: StoredStamp): Promise<void> {
  await db
    .insertInto('log_timestamp')
    .values({
      head_id: stamp.headId,
      authority: stamp.authority,
      gen_time: stamp.genTime,
      token: stamp.token,
    })
    .execute();
}

/** The newest stamp of any head. */
export async function newestStamp(db: DbOrTrx): Promise<StoredStamp | undefined> {
  const row = await db.selectFrom('log_timestamp').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirst();
  return row && { headId: row.head_id, authority: row.authority, genTime: row.gen_time, token: row.token };
}
