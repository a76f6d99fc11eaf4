/** Units in SQL: people who work together, and the cameras they may see. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { recordAudit, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { Unit } from './contract.ts';
import type { Account } from './people-store.ts';

/**
 * The cameras whose evidence an account may see: those of its unit, all of them where it has none.
 * @returns undefined where that is every camera
 * @throws SentinelError evidence.no_unit for the role enforcement without a unit
 */
export async function evidenceCameras(db: DbOrTrx, account: Account): Promise<number[] | undefined> {
  if (account.unit === null && account.role === 'enforcement') throw new SentinelError('evidence.no_unit');
  return camerasSeenBy(db, account);
}

/** The cameras of an account's unit. @returns undefined where it has none, or one that sees every camera */
export async function camerasSeenBy(db: DbOrTrx, { unit }: Account): Promise<number[] | undefined> {
  if (unit === null || unit.seesAll) return undefined;
  const rows = await sql<{ id: number }>`
    select camera_id as id from unit_camera where unit_id = ${unit.id}
    union
    select c.id from unit_place p join camera c on starts_with(c.place, p.place) where p.unit_id = ${unit.id}`.execute(
    db,
  );
  return rows.rows.map(({ id }) => id);
}

export interface UnitValues {
  readonly name: string;
  readonly seesAll: boolean;
  readonly cameraIds: readonly number[];
  readonly places: readonly string[];
}

export async function listUnits(db: DbOrTrx, id?: number): Promise<Unit[]> {
  const rows = await sql<Unit>`
    select u.id, u.name, u.sees_all as "seesAll",
      array(select camera_id from unit_camera c where c.unit_id = u.id order by 1) as "cameraIds",
      array(select place from unit_place p where p.unit_id = u.id order by 1) as places,
      (select count(*)::int from app_user a where a.unit_id = u.id) as people
    from unit u ${id === undefined ? sql`` : sql`where u.id = ${id}`} order by u.name, u.id limit ${LIMITS.units}`.execute(
    db,
  );
  return rows.rows;
}

/** @throws SentinelError web.missing */
export async function readUnit(db: DbOrTrx, id: number): Promise<Unit> {
  const [unit] = await listUnits(db, id);
  if (!unit) throw new SentinelError('web.missing', { what: 'unit', id });
  return unit;
}

/**
 * @param id absent makes a new one
 * @throws SentinelError people.unit_taken, people.too_many_units, web.missing for a unit or a camera
 */
export async function writeUnit(
  db: Db,
  id: number | undefined,
  values: UnitValues,
  byUserId: number,
  nowMs: number,
): Promise<Unit> {
  return db.transaction().execute(async (trx) => {
    // Units are few and seldom changed: whoever changes one waits for the other.
    await sql`lock table unit in share row exclusive mode`.execute(trx);
    const name = values.name.trim();
    const taken = await trx.selectFrom('unit').select('id').where('name', '=', name).executeTakeFirst();
    if (taken && taken.id !== id) throw new SentinelError('people.unit_taken', { name });
    const unitId = await writeRow(trx, id, { name, sees_all: values.seesAll });
    const { cameraIds, places } = values;
    await trx.deleteFrom('unit_camera').where('unit_id', '=', unitId).execute();
    await trx.deleteFrom('unit_place').where('unit_id', '=', unitId).execute();
    if (cameraIds.length > 0) {
      const known = await trx
        .selectFrom('camera')
        .select('id')
        .where('id', 'in', [...cameraIds])
        .execute();
      const missing = cameraIds.find((one) => !known.some((camera) => camera.id === one));
      if (missing !== undefined) throw new SentinelError('web.missing', { what: 'camera', id: missing });
      await trx
        .insertInto('unit_camera')
        .values(cameraIds.map((cameraId) => ({ unit_id: unitId, camera_id: cameraId })))
        .execute();
    }
    if (places.length > 0) {
      await trx
        .insertInto('unit_place')
        .values(places.map((place) => ({ unit_id: unitId, place })))
        .execute();
    }
    await recordAudit(trx, {
      ...{ userId: byUserId, action: id === undefined ? 'unit.created' : 'unit.changed', subject: `unit ${unitId}` },
      details: { name, seesAll: values.seesAll, cameras: cameraIds.length, places },
      atMs: nowMs,
    });
    return readUnit(trx, unitId);
  });
}

async function writeRow(
  trx: DbOrTrx,
  id: number | undefined,
  row: { name: string; sees_all: boolean },
): Promise<number> {
  if (id !== undefined) {
    const changed = await trx.updateTable('unit').set(row).where('id', '=', id).returning('id').executeTakeFirst();
    if (!changed) throw new SentinelError('web.missing', { what: 'unit', id });
    return id;
  }
  const { count } = await trx
    .selectFrom('unit')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count >= LIMITS.units) throw new SentinelError('people.too_many_units', { limit: LIMITS.units });
  return (await trx.insertInto('unit').values(row).returning('id').executeTakeFirstOrThrow()).id;
}

/** @throws SentinelError people.unit_has_people, web.missing */
export async function removeUnit(db: Db, id: number, byUserId: number, nowMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.selectFrom('unit').select('id').where('id', '=', id).forUpdate().execute();
    const unit = await readUnit(trx, id);
    if (unit.people > 0) throw new SentinelError('people.unit_has_people', { name: unit.name, people: unit.people });
    await trx.deleteFrom('unit').where('id', '=', id).execute();
    await recordAudit(trx, {
      ...{ userId: byUserId, action: 'unit.removed', subject: `unit ${id}`, details: { name: unit.name } },
      atMs: nowMs,
    });
  });
}
