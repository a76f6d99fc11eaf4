/**
 * Finds stored files that nothing refers to: a crash between storing and referring leaves them, and so does one between
 * forgetting and deleting. Walks over the whole store in its order, a batch at a time; the young are spared by the store.
 */
import { sql } from 'kysely';
import { LIMITS } from '../base/limits.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { unreferenced } from './blob-references.ts';

export interface Swept {
  readonly seen: number;
  readonly deleted: number;
  readonly deletedBytes: number;
}

export async function sweepBlobs(
  db: Db,
  blobs: Pick<BlobStore, 'list' | 'delete'>,
  signal?: AbortSignal,
): Promise<Swept> {
  let seen = 0;
  let deleted = 0;
  let deletedBytes = 0;
  let batch = new Map<string, number>();
  const settle = async (): Promise<void> => {
    for (const sha256 of await unreferenced(db, [...batch.keys()])) {
      if (!(await blobs.delete(sha256))) continue;
      deleted++;
      deletedBytes += batch.get(sha256) ?? 0;
    }
    batch = new Map();
  };
  for await (const { sha256, bytes } of blobs.list()) {
    signal?.throwIfAborted();
    seen++;
    batch.set(sha256, bytes);
    if (batch.size >= LIMITS.blobsSweptAtOnce) await settle();
  }
  await settle();
  return { seen, deleted, deletedBytes };
}

/**
 * Of all processes one takes the turn, once in `everyMs`.
 * @returns whether it is this one's
 */
export async function takeSweepTurn(db: Db, everyMs: number, nowMs: number): Promise<boolean> {
  const taken = await sql`
    insert into setting (key, value) values ('blob_sweep', jsonb_build_object('atMs', ${nowMs}::bigint))
    on conflict (key) do update set value = excluded.value
      where (setting.value ->> 'atMs')::bigint <= ${nowMs - everyMs}::bigint
    returning key`.execute(db);
  return taken.rows.length > 0;
}
