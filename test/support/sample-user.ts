/** Accounts of each role for tests that sign in. */
import { createUser } from '../../src/web/user-store.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import type { RoleName } from '../../src/drivers/postgres/schema.ts';
import { SAMPLE_PASSWORD } from './web.ts';

/** Adds a person with the sample password; the first account must exist. */
export async function addSampleUser(
  db: Db,
  role: RoleName,
  displayName = '',
): Promise<{ name: string; password: string }> {
  const { id } = await db.selectFrom('app_user').select('id').orderBy('id').executeTakeFirstOrThrow();
  const { length } = await db.selectFrom('app_user').select('id').execute();
  const name = `${role}-${length}`;
  await createUser(db, { name, displayName, role, password: SAMPLE_PASSWORD }, id, Date.UTC(2026, 0, 1));
  return { name, password: SAMPLE_PASSWORD };
}
