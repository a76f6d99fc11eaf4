/**
 * The estates that are watched: the real one, named by the configuration, and beside it a simulated one. What stands in
 * them: buildings and households (`household-store.ts`, files of them in `household-file.ts`), and plans on which all has
 * its place (`plan-store.ts`, their pictures in `plan-picture.ts`).
 */
import { sql } from 'kysely';
import type { Db, DbOrTrx } from '../drivers/postgres/postgres.ts';

export { importHouseholds } from './household-import.ts';
export {
  listBuildings,
  listHouseholds,
  removeBuilding,
  removeHousehold,
  writeBuilding,
  writeHousehold,
  type By,
} from './household-store.ts';
export { readPlanPicture } from './plan-picture.ts';
export { planStill } from './plan-still.ts';
export {
  addPlan,
  changePlan,
  firstPlaceOf,
  listPlans,
  place,
  readPlaced,
  readPlan,
  removePlan,
  type PlacedCamera,
  type Placing,
  type PlanRow,
} from './plan-store.ts';

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

/** Of the real and the simulated one, whichever is being watched. @returns undefined before there is any */
export function watchedEstate(db: DbOrTrx): Promise<{ id: number; name: string; time_zone: string } | undefined> {
  return db
    .selectFrom('estate')
    .select(['id', 'name', 'time_zone'])
    .orderBy(
      (eb) =>
        eb
          .selectFrom('camera')
          .select((one) => one.fn.countAll().as('count'))
          .whereRef('camera.estate_id', '=', 'estate.id')
          .where('camera.enabled', '=', true),
      'desc',
    )
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}
