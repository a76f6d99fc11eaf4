/** Buildings and households in SQL. Every change leaves its entry in the audit log within its own transaction. */
import { sql, type Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { naturalKey } from '../base/natural-order.ts';
import { recordAudit, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { Database } from '../drivers/postgres/schema.ts';

type Trx = Transaction<Database>;

export interface BuildingValues {
  readonly name: string;
  readonly storeys: number | null;
  readonly note: string;
}

export interface BuildingRow extends BuildingValues {
  readonly id: number;
  readonly entrances: { readonly name: string; readonly households: number }[];
  readonly households: number;
}

export interface HouseholdRowValues {
  readonly buildingId: number;
  readonly entrance: string;
  readonly number: string;
  readonly storey: number | null;
  readonly resident: string;
  readonly phone: string;
  readonly note: string;
}

export interface HouseholdRow extends HouseholdRowValues {
  readonly id: number;
  readonly building: string;
}

/** Who changes, and when; null: the program itself. */
export interface By {
  readonly userId: number | null;
  readonly nowMs: number;
}

/** Households stand in the order of their entrance, then their number, as people count. */
export function householdKey({ entrance, number }: { readonly entrance: string; readonly number: string }): string {
  return `${naturalKey(entrance)}\u0001${naturalKey(number)}`;
}

// --- buildings -------------------------------------------------------------------------------------------------------

/** All of them, in the order people count in, with their entrances. */
export async function listBuildings(db: DbOrTrx, id?: number): Promise<BuildingRow[]> {
  const found = await sql<BuildingRow>`
    select b.id, b.name, b.storeys, b.note, coalesce(e.entrances, '[]') as entrances, coalesce(e.households, 0)::int as households
    from building b left join lateral (
      select jsonb_agg(jsonb_build_object('name', n.entrance, 'households', n.n) order by n.key) as entrances, sum(n.n) as households
      from (select entrance, count(*)::int as n, min(sort_key) as key from household where building_id = b.id group by entrance) n
    ) e on true
    ${id === undefined ? sql`` : sql`where b.id = ${id}`}
    order by b.sort_key, b.id limit ${LIMITS.buildings}`.execute(db);
  return found.rows;
}

/** @throws SentinelError web.missing */
export async function readBuilding(db: DbOrTrx, id: number): Promise<BuildingRow> {
  const [building] = await listBuildings(db, id);
  if (!building) throw new SentinelError('web.missing', { what: 'building', id });
  return building;
}

/**
 * @param id absent makes a new one
 * @throws SentinelError estate.building_taken, estate.too_many, web.missing
 */
export function writeBuilding(
  db: Db,
  estateId: number,
  id: number | undefined,
  values: BuildingValues,
  { userId, nowMs }: By,
): Promise<BuildingRow> {
  return db.transaction().execute(async (trx) => {
    await takeTurn(trx);
    const row = { name: values.name.trim(), storeys: values.storeys, note: values.note.trim() };
    const taken = await trx
      .selectFrom('building')
      .select('id')
      .where('estate_id', '=', estateId)
      .where('name', '=', row.name)
      .executeTakeFirst();
    if (taken && taken.id !== id) throw new SentinelError('estate.building_taken', { name: row.name });
    const set = { ...row, sort_key: naturalKey(row.name) };
    const buildingId = id ?? (await addBuilding(trx, { estate_id: estateId, ...set }));
    if (id !== undefined) {
      const changed = await trx
        .updateTable('building')
        .set(set)
        .where('id', '=', id)
        .returning('id')
        .executeTakeFirst();
      if (!changed) throw new SentinelError('web.missing', { what: 'building', id });
    }
    await recordAudit(trx, {
      ...{
        userId,
        action: id === undefined ? 'building.created' : 'building.changed',
        subject: `building ${buildingId}`,
      },
      ...{ details: row, atMs: nowMs },
    });
    return readBuilding(trx, buildingId);
  });
}

async function addBuilding(trx: Trx, row: BuildingValues & { estate_id: number; sort_key: string }): Promise<number> {
  await refuseMany(trx, 'building', LIMITS.buildings);
  return (await trx.insertInto('building').values(row).returning('id').executeTakeFirstOrThrow()).id;
}

/**
 * @param withHouseholds its households go with it; otherwise a building that has any stays
 * @throws SentinelError estate.building_has_households, web.missing
 */
export async function removeBuilding(
  db: Db,
  id: number,
  withHouseholds: boolean,
  { userId, nowMs }: By,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await takeTurn(trx);
    const { name, households } = await readBuilding(trx, id);
    if (households > 0 && !withHouseholds) {
      throw new SentinelError('estate.building_has_households', { name, households });
    }
    await trx.deleteFrom('building').where('id', '=', id).execute();
    const details = { name, households };
    await recordAudit(trx, { userId, action: 'building.removed', subject: `building ${id}`, details, atMs: nowMs });
  });
}

// --- households ------------------------------------------------------------------------------------------------------

/**
 * A page of them in the order of buildings, entrances and numbers.
 * @param skip of the matching ones, as many as earlier pages had
 */
export async function listHouseholds(
  db: DbOrTrx,
  filter: { buildingId?: number; entrance?: string; search?: string },
  skip: number,
  rows: number,
): Promise<{ rows: HouseholdRow[]; total: number }> {
  const part = `%${(filter.search ?? '').trim().replace(/[\\%_]/g, '\\$&')}%`;
  const where = sql.join(
    [
      sql`true`,
      ...(filter.buildingId === undefined ? [] : [sql`h.building_id = ${filter.buildingId}`]),
      ...(filter.entrance === undefined ? [] : [sql`h.entrance = ${filter.entrance}`]),
      ...(part === '%%'
        ? []
        : [
            sql`(h.number ilike ${part} or h.resident ilike ${part} or h.phone ilike ${part} or h.note ilike ${part}
              or b.name ilike ${part} or b.name || ' ' || h.entrance || ' ' || h.number ilike ${part})`,
          ]),
    ],
    sql` and `,
  );
  const [found, counted] = await Promise.all([
    sql<HouseholdRow>`
      select h.id, h.building_id as "buildingId", b.name as building, h.entrance, h.number, h.storey, h.resident, h.phone, h.note
      from household h join building b on b.id = h.building_id where ${where}
      order by b.sort_key, b.id, h.sort_key, h.id offset ${skip} limit ${rows}`.execute(db),
    sql<{ n: number }>`
      select count(*)::int as n from household h join building b on b.id = h.building_id where ${where}`.execute(db),
  ]);
  return { rows: found.rows, total: counted.rows[0]?.n ?? 0 };
}

/** @throws SentinelError web.missing */
export async function readHousehold(db: DbOrTrx, id: number): Promise<HouseholdRow> {
  const found = await sql<HouseholdRow>`
    select h.id, h.building_id as "buildingId", b.name as building, h.entrance, h.number, h.storey, h.resident, h.phone, h.note
    from household h join building b on b.id = h.building_id where h.id = ${id}`.execute(db);
  const [household] = found.rows;
  if (!household) throw new SentinelError('web.missing', { what: 'household', id });
  return household;
}

/**
 * @param id absent makes a new one
 * @throws SentinelError estate.household_taken, estate.too_many, web.missing for the household or its building
 */
export function writeHousehold(
  db: Db,
  id: number | undefined,
  values: HouseholdRowValues,
  { userId, nowMs }: By,
): Promise<HouseholdRow> {
  return db.transaction().execute(async (trx) => {
    await takeTurn(trx);
    const [entrance, number] = [values.entrance.trim(), values.number.trim()];
    await readBuilding(trx, values.buildingId);
    const taken = await trx
      .selectFrom('household')
      .select('id')
      .where('building_id', '=', values.buildingId)
      .where('entrance', '=', entrance)
      .where('number', '=', number)
      .executeTakeFirst();
    if (taken && taken.id !== id) {
      throw new SentinelError('estate.household_taken', { number: [entrance, number].filter(Boolean).join(' ') });
    }
    const row = {
      ...{ building_id: values.buildingId, entrance, number, storey: values.storey },
      ...{ resident: values.resident.trim(), phone: values.phone.trim(), note: values.note.trim() },
      sort_key: householdKey({ entrance, number }),
    };
    if (id === undefined) await refuseMany(trx, 'household', LIMITS.households);
    const written =
      id === undefined
        ? await trx.insertInto('household').values(row).returning('id').executeTakeFirstOrThrow()
        : await trx.updateTable('household').set(row).where('id', '=', id).returning('id').executeTakeFirst();
    if (!written) throw new SentinelError('web.missing', { what: 'household', id: id ?? 0 });
    const household = await readHousehold(trx, written.id);
    await recordAudit(trx, {
      ...{ userId, action: id === undefined ? 'household.created' : 'household.changed' },
      subject: `household ${written.id}`,
      // Who lives there and their telephone stay out of the log.
      details: { building: household.building, entrance, number },
      atMs: nowMs,
    });
    return household;
  });
}

/** @throws SentinelError web.missing */
export async function removeHousehold(db: Db, id: number, { userId, nowMs }: By): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { building, entrance, number } = await readHousehold(trx, id);
    await trx.deleteFrom('household').where('id', '=', id).execute();
    const details = { building, entrance, number };
    await recordAudit(trx, { userId, action: 'household.removed', subject: `household ${id}`, details, atMs: nowMs });
  });
}

/** Names are looked for before they are written: writers take turns. */
async function takeTurn(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('sentinel.household_import'))`.execute(trx);
}

async function refuseMany(trx: Trx, table: 'building' | 'household', limit: number): Promise<void> {
  const { n } = await trx
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  if (n >= limit) throw new SentinelError('estate.too_many', { what: table, limit });
}
