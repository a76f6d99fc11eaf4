/**
 * Every column that names a stored file. What none of them names is nobody's and may go; so a table that comes to name
 * files enters this list in the same change, and a test holds the list to the database.
 */
import { sql } from 'kysely';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';

export const BLOB_COLUMNS: readonly (readonly [table: string, column: string])[] = [
  ['look', 'picture_sha256'],
  ['look', 'overlay_sha256'],
  ['baseline', 'picture_sha256'],
  ['candidate', 'before_sha256'],
  ['candidate', 'after_sha256'],
  ['candidate', 'overlay_sha256'],
  ['evidence_stream', 'blob_sha256'],
  ['turret_preset', 'picture_sha256'],
  ['plan', 'picture_sha256'],
  ['drill', 'picture_day_sha256'],
  ['drill', 'picture_dusk_sha256'],
  ['drill', 'picture_night_sha256'],
  // Its rows are for ever; those of a snapshot whose files went by rule name nothing any more.
  ['snapshot_file', 'sha256'],
];

/** Of some digests those that nothing refers to. */
export async function unreferenced(db: DbOrTrx, digests: readonly string[]): Promise<string[]> {
  if (digests.length === 0) return [];
  const named = BLOB_COLUMNS.map(([table, column]) => {
    const gone = sql`and not exists (select from snapshot_pruned p where p.snapshot_id = t.snapshot_id)`;
    const standing = table === 'snapshot_file' ? gone : sql``;
    return sql`not exists (select from ${sql.table(table)} t where t.${sql.ref(column)} = d.sha256 ${standing})`;
  });
  const found = await sql<{ sha256: string }>`
    select d.sha256 from unnest(${[...digests]}::text[]) as d(sha256) where ${sql.join(named, sql` and `)}`.execute(db);
  return found.rows.map(({ sha256 }) => sha256);
}
