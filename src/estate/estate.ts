/** The estates that are watched: the real one, named by the configuration, and beside it a simulated one. */
import { sql } from 'kysely';
import type { Db } from '../drivers/postgres/postgres.ts';

export interface EstateName {
  readonly name: string;
  /** IANA zone, e.g. Asia/Shanghai. */
  readonly timeZone: string;
}

/**
 * Makes the estate where it is not there, else gives it its present name and zone: cameras stay with it when it is
 * renamed. Processes that start together make one.
 * @returns its id
 */
export function ensureEstate(db: Db, estate: EstateName, simulated: boolean): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext('sentinel.estate'))`.execute(trx);
    const values = { name: estate.name, time_zone: estate.timeZone };
    const standing = await trx
      .updateTable('estate')
      .set(values)
      .where('simulated', '=', simulated)
      .returning('id')
      .executeTakeFirst();
    if (standing) return standing.id;
    const made = await trx
      .insertInto('estate')
      .values({ ...values, simulated })
      .returning('id')
      .executeTakeFirstOrThrow();
    return made.id;
  });
}
