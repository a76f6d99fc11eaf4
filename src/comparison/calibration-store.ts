/** SQL of a view's own threshold. */
import type { Db } from '../drivers/postgres/postgres.ts';
import type { StoredCalibration } from '../drivers/postgres/schema.ts';

export async function readCalibration(db: Db, viewId: number): Promise<StoredCalibration | null> {
  const row = await db.selectFrom('view').select('calibration').where('id', '=', viewId).executeTakeFirst();
  return row?.calibration ?? null;
}

export interface UnchangedLooks {
  readonly looks: number;
  readonly highestLook: number | null;
  readonly newestLookId: number;
}

/** Looks after `sinceLookId` that the network, with this model, found unchanged. */
export async function unchangedLooks(
  db: Db,
  viewId: number,
  modelSha256: string,
  sinceLookId: number,
): Promise<UnchangedLooks> {
  const row = await db
    .selectFrom('look')
    .select((eb) => [
      eb.fn.countAll<number>().as('looks'),
      eb.fn.max('max_score').as('highest'),
      eb.fn.max('id').as('newest'),
    ])
    .where('view_id', '=', viewId)
    .where('id', '>', sinceLookId)
    .where('result', '=', 'unchanged')
    .where('stage', '=', 'network')
    .where('model_sha256', '=', modelSha256)
    .executeTakeFirstOrThrow();
  return { looks: row.looks, highestLook: row.highest, newestLookId: row.newest };
}

export async function newestLookId(db: Db, viewId: number): Promise<number> {
  const row = await db
    .selectFrom('look')
    .select((eb) => eb.fn.max('id').as('newest'))
    .where('view_id', '=', viewId)
    .executeTakeFirst();
  return (row?.newest as number | null | undefined) ?? 0;
}

/** Writes it down, unless the view's pictures have changed meanwhile. @returns whether it did */
export async function recordCalibration(
  db: Db,
  viewId: number,
  score: number | null,
  calibration: StoredCalibration,
): Promise<boolean> {
  const written = await db
    .updateTable('view')
    .set({ calibrated_score: score, calibration: JSON.stringify(calibration) })
    .where('id', '=', viewId)
    .where('baseline_version', '=', calibration.version)
    .returning('id')
    .executeTakeFirst();
  return written !== undefined;
}
