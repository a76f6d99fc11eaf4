/** Carries out what a file of households asks for, all of it or nothing; a dry run does it and takes it back. */
import { sql, type Transaction } from 'kysely';
import { naturalKey } from '../base/natural-order.ts';
import { recordAudit, type Db } from '../drivers/postgres/postgres.ts';
import type { Database } from '../drivers/postgres/schema.ts';
import {
  placeOf,
  planHouseholds,
  readHouseholds,
  type HouseholdLine,
  type HouseholdPlan,
  type HouseholdRegister,
  type Language,
} from './household-file.ts';
import { householdKey } from './household-store.ts';

type Trx = Transaction<Database>;

/** Rows of one statement: PostgreSQL takes 65,535 values. */
const ROWS_AT_ONCE = 2_000;

export interface HouseholdReport {
  dryRun: boolean;
  added: number;
  changed: number;
  unchanged: number;
  refused: number;
  lines: HouseholdLine[];
}

/** @throws SentinelError import.unreadable, import.too_large */
export async function importHouseholds(options: {
  db: Db;
  estateId: number;
  text: string;
  dryRun: boolean;
  language: Language;
  userId: number | null;
  nowMs: number;
}): Promise<HouseholdReport> {
  const { db, estateId, text, dryRun, language, userId, nowMs } = options;
  const rows = readHouseholds(text);
  const takenBack = new Error('dry run');
  let lines: HouseholdLine[] = [];
  const count = (outcome: HouseholdLine['outcome']): number => lines.filter((line) => line.outcome === outcome).length;
  const counts = (): Omit<HouseholdReport, 'dryRun' | 'lines'> => ({
    ...{ added: count('added'), changed: count('changed'), unchanged: count('unchanged'), refused: count('refused') },
  });
  try {
    await db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(hashtext('sentinel.household_import'))`.execute(trx);
      const plan = planHouseholds(rows, await readRegister(trx, estateId), language);
      await apply(trx, estateId, plan);
      lines = plan.lines;
      if (dryRun) throw takenBack;
      await recordAudit(trx, {
        userId,
        action: 'households.imported',
        subject: 'households',
        details: counts(),
        atMs: nowMs,
      });
    });
  } catch (thrown) {
    if (thrown !== takenBack) throw thrown;
  }
  return { dryRun, ...counts(), lines };
}

async function readRegister(trx: Trx, estateId: number): Promise<HouseholdRegister> {
  const buildings = await trx.selectFrom('building').select('name').where('estate_id', '=', estateId).execute();
  const rows = await trx
    .selectFrom('household as h')
    .innerJoin('building as b', 'b.id', 'h.building_id')
    .select(['h.id', 'b.name as building', 'h.entrance', 'h.number', 'h.storey', 'h.resident', 'h.phone', 'h.note'])
    .where('b.estate_id', '=', estateId)
    .execute();
  return {
    buildings: new Set(buildings.map(({ name }) => name)),
    households: new Map(rows.map((row) => [placeOf(row), row])),
  };
}

async function apply(trx: Trx, estateId: number, plan: HouseholdPlan): Promise<void> {
  if (plan.newBuildings.length > 0) {
    await trx
      .insertInto('building')
      .values(plan.newBuildings.map((name) => ({ estate_id: estateId, name, sort_key: naturalKey(name) })))
      .execute();
  }
  const buildings = await trx.selectFrom('building').select(['id', 'name']).where('estate_id', '=', estateId).execute();
  const ids = new Map(buildings.map(({ id, name }) => [name, id]));
  for (let from = 0; from < plan.added.length; from += ROWS_AT_ONCE) {
    await trx
      .insertInto('household')
      .values(
        plan.added.slice(from, from + ROWS_AT_ONCE).map(({ building, ...values }) => ({
          ...values,
          building_id: ids.get(building) ?? 0,
          sort_key: householdKey(values),
        })),
      )
      .execute();
  }
  for (const { before, after } of plan.changed) {
    const { storey, resident, phone, note } = after;
    await trx.updateTable('household').set({ storey, resident, phone, note }).where('id', '=', before.id).execute();
  }
}
