/** SQL of the cameras' clocks: whose turn it is to be asked, and what was measured. */
import { sql } from 'kysely';
import { recordEvents, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import { CLOCK_STANDS_MS, type ClockMeasurement } from './camera-clock.ts';

export interface MeasuredClock {
  readonly cameraId: number;
  readonly measured: ClockMeasurement;
}

/**
 * Keeps what was measured unless something better stands; a clock that comes to be off by more than the limit, or back
 * within it, is an event.
 */
export async function writeClocks(
  trx: DbOrTrx,
  clocks: readonly MeasuredClock[],
  limitMs: number,
  nowMs: number,
): Promise<void> {
  if (clocks.length === 0) return;
  const told = clocks.map(({ cameraId, measured }) => ({
    ...{ camera_id: cameraId, offset_ms: Math.round(measured.offsetMs), source: measured.source },
    at: new Date(measured.measuredAtMs).toISOString(),
  }));
  await trx
    .insertInto('camera_health')
    .values(clocks.map(({ cameraId }) => ({ camera_id: cameraId })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const worth = (source: string) => sql`array_position(array['rtsp_date', 'onvif', 'rtcp'], ${sql.ref(source)})`;
  const written = await sql<{ camera_id: number; before_ms: number | null; now_ms: number }>`
    with told as (
      select * from jsonb_to_recordset(${JSON.stringify(told)}::jsonb)
        as t(camera_id int, offset_ms bigint, source text, at timestamptz)
    ), before as (
      select h.camera_id, h.clock_offset_ms, h.clock_measured_at, h.clock_source
      from camera_health h join told on told.camera_id = h.camera_id order by h.camera_id for no key update of h
    )
    update camera_health h
    set clock_offset_ms = greatest(least(told.offset_ms, 2147483647), -2147483648),
      clock_measured_at = told.at, clock_source = told.source
    from told join before on before.camera_id = told.camera_id
    where h.camera_id = told.camera_id and before.clock_measured_at is distinct from told.at and (
      before.clock_measured_at is null or before.clock_source is null
      or ${worth('told.source')} >= ${worth('before.clock_source')}
      or told.at - before.clock_measured_at > ${CLOCK_STANDS_MS} * interval '1 ms')
    returning h.camera_id, before.clock_offset_ms as before_ms, h.clock_offset_ms as now_ms`.execute(trx);
  const isOff = (offsetMs: number | null): boolean => offsetMs !== null && Math.abs(offsetMs) > limitMs;
  const changed = written.rows.filter((row) => isOff(row.before_ms) !== isOff(row.now_ms));
  await recordEvents(
    trx,
    'camera.changed',
    changed.map((row) => ({ cameraId: row.camera_id, change: isOff(row.now_ms) ? 'clock_off' : 'clock_right' })),
    nowMs,
  );
}

export interface ClockAddress {
  readonly id: number;
  readonly onvifUrl: string;
  readonly credential: { readonly name: string; readonly username: string; readonly secretSealed: Buffer } | null;
}

/** Takes cameras whose clock has not been asked for in `everyMs`; they are nobody else's for as long. */
export async function takeDueClocks(db: Db, everyMs: number, most: number, nowMs: number): Promise<ClockAddress[]> {
  const taken = await sql<{ id: number }>`
    with due as (
      select c.id from camera c left join camera_health h on h.camera_id = c.id
      where c.enabled and c.onvif_url is not null
        and coalesce(h.clock_asked_at, '-infinity') <= ${new Date(nowMs - everyMs)}
      order by h.clock_asked_at nulls first, c.id limit ${most} for update of c skip locked
    )
    insert into camera_health (camera_id, clock_asked_at) select id, ${new Date(nowMs)}::timestamptz from due
    on conflict (camera_id) do update set clock_asked_at = excluded.clock_asked_at
    returning camera_id as id`.execute(db);
  return readClockAddresses(
    db,
    taken.rows.map(({ id }) => id),
  );
}

/** Cameras of `ids` that have an ONVIF address, with their logins still sealed. */
export async function readClockAddresses(db: Db, ids: readonly number[]): Promise<ClockAddress[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('camera')
    .leftJoin('credential', 'credential.id', 'camera.credential_id')
    .select(['camera.id', 'camera.onvif_url', 'credential.name', 'credential.username', 'credential.secret_sealed'])
    .where('camera.id', 'in', [...ids])
    .where('camera.onvif_url', 'is not', null)
    .execute();
  return rows.map(({ id, onvif_url: onvifUrl, name, username, secret_sealed: secretSealed }) => ({
    ...{ id, onvifUrl: onvifUrl ?? '' },
    credential: name !== null && username !== null && secretSealed !== null ? { name, username, secretSealed } : null,
  }));
}
