/**
 * What a person sets about cameras in the console: the place they hang at, where exactly that is, and whether they are
 * looked through at all.
 */
import { sql, type Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { recordAudit, recordEvents } from '../drivers/postgres/postgres.ts';
import type { Database } from '../drivers/postgres/schema.ts';
import type { CameraLocation } from './camera-location.ts';

export interface CameraSettings {
  readonly place?: string;
  readonly enabled?: boolean;
}

/**
 * Sets the same for each of some cameras; what already is so is no change, and leaves nothing in the audit.
 * @returns how many were changed
 */
export async function setCameras(
  trx: Transaction<Database>,
  cameraIds: readonly number[],
  { place, enabled }: CameraSettings,
  userId: number,
  nowMs: number,
): Promise<number> {
  if (place === undefined && enabled === undefined) return 0;
  const before = await trx
    .selectFrom('camera')
    .select(['id', 'place', 'enabled'])
    .where('id', '=', sql<number>`any(${[...cameraIds]}::int[])`)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const changed = before.filter(
    (camera) => camera.place !== (place ?? camera.place) || camera.enabled !== (enabled ?? camera.enabled),
  );
  if (changed.length === 0) return 0;
  await trx
    .updateTable('camera')
    .set({
      ...(place !== undefined && { place }),
      ...(enabled !== undefined && { enabled }),
      updated_at: new Date(nowMs),
    })
    .where('id', '=', sql<number>`any(${changed.map(({ id }) => id)}::int[])`)
    .execute();
  for (const { id, ...was } of changed) {
    const details = {
      ...(place !== undefined && place !== was.place && { place, placeBefore: was.place }),
      ...(enabled !== undefined && enabled !== was.enabled && { enabled }),
    };
    await recordAudit(trx, { userId, action: 'camera.changed', subject: `camera ${id}`, details, atMs: nowMs });
  }
  await recordEvents(
    trx,
    'camera.changed',
    changed.map(({ id }) => ({ cameraId: id, change: 'settings' })),
    nowMs,
  );
  return changed.length;
}

/** A location as the columns of a camera. */
export function locationRow({ locationCode, latitudeDeg, longitudeDeg, mountingHeightM }: CameraLocation) {
  return {
    ...{ location_code: locationCode, latitude_deg: latitudeDeg, longitude_deg: longitudeDeg },
    mounting_height_m: mountingHeightM,
  };
}

/**
 * Says where a camera hangs, whole; what already is so leaves nothing in the audit.
 * @throws SentinelError web.missing
 */
export async function setLocation(
  trx: Transaction<Database>,
  cameraId: number,
  location: CameraLocation,
  userId: number,
  nowMs: number,
): Promise<void> {
  const row = locationRow(location);
  const columns = Object.keys(row) as (keyof typeof row)[];
  const before = await trx
    .selectFrom('camera')
    .select(columns)
    .where('id', '=', cameraId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!before) throw new SentinelError('web.missing', { what: 'camera', id: cameraId });
  if (columns.every((column) => before[column] === row[column])) return;
  await trx
    .updateTable('camera')
    .set({ ...row, updated_at: new Date(nowMs) })
    .where('id', '=', cameraId)
    .execute();
  const details = { location: row, locationBefore: before };
  await recordAudit(trx, { userId, action: 'camera.changed', subject: `camera ${cameraId}`, details, atMs: nowMs });
  await recordEvents(trx, 'camera.changed', [{ cameraId, change: 'settings' }], nowMs);
}
