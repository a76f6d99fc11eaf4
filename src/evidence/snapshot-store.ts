/** SQL of snapshots: what is known of a view and its matter at this moment, and where each record stands. */
import { sql } from 'kysely';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { SnapshotCauseKind, SnapshotStreamState } from '../drivers/postgres/schema.ts';
import { firstPlaceOf } from '../estate/estate.ts';
import { readTurned } from './snapshot-turret.ts';
import type {
  SnapshotCamera,
  SnapshotCourse,
  SnapshotDevice,
  SnapshotPerson,
  SnapshotRecord,
  SnapshotStream,
  SnapshotUnit,
  SnapshotView,
} from './snapshot.ts';

/** What of a record depends on the view alone. */
export interface Scene {
  readonly estate: SnapshotRecord['estate'];
  readonly camera: SnapshotCamera;
  readonly view: SnapshotView;
  /** What sent a PTZ camera there. */
  readonly course: SnapshotCourse | null;
  readonly health: SnapshotRecord['health'];
  readonly cameraClock: { readonly offsetMs: number; readonly measuredAt: Date } | null;
}

export async function readScene(trx: DbOrTrx, viewId: number): Promise<Scene | undefined> {
  const row = await trx
    .selectFrom('view')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .innerJoin('estate', 'estate.id', 'camera.estate_id')
    .leftJoin('camera_health', 'camera_health.camera_id', 'camera.id')
    .leftJoin('camera_device', 'camera_device.camera_id', 'camera.id')
    .select([
      ...(['camera_device.make', 'camera_device.model', 'camera_device.serial'] as const),
      ...(['camera_device.firmware', 'camera_device.mac', 'camera_device.asked_at'] as const),
      'camera_device.captions',
      ...(['view.id as view_id', 'view.key as view_key', 'view.name as view_name'] as const),
      ...(['camera.id', 'camera.key', 'camera.name', 'camera.place', 'camera.kind'] as const),
      ...(['camera.main_url', 'camera.sub_url', 'camera.onvif_url'] as const),
      ...(['camera.location_code', 'camera.latitude_deg', 'camera.longitude_deg'] as const),
      'camera.mounting_height_m',
      ...(['estate.name as estate_name', 'estate.time_zone', 'estate.simulated'] as const),
      ...([
        'camera_health.state',
        'camera_health.since',
        'camera_health.reason',
        'camera_health.last_frame_at',
      ] as const),
      ...(['camera_health.errors', 'camera_health.clock_offset_ms', 'camera_health.clock_measured_at'] as const),
    ])
    .where('view.id', '=', viewId)
    .executeTakeFirst();
  if (!row) return undefined;
  const turned = row.kind === 'ptz' ? await readTurned(trx, row.id, viewId) : undefined;
  const plan = await firstPlaceOf(trx, row.id);
  const look = await trx
    .selectFrom('look')
    .select(['id', 'captured_at', 'pose_dx_px', 'pose_dy_px', 'pose_residual_px'])
    .where('view_id', '=', viewId)
    .where('pose_dx_px', 'is not', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    estate: { name: row.estate_name, timeZone: row.time_zone, simulated: row.simulated },
    camera: {
      ...{ id: row.id, key: row.key, name: row.name, place: row.place, kind: row.kind },
      ...{ mainUrl: row.main_url, subUrl: row.sub_url, onvifUrl: row.onvif_url },
      device:
        row.asked_at === null
          ? null
          : {
              ...{ make: row.make, model: row.model, serial: row.serial, firmware: row.firmware, mac: row.mac },
              captions: row.captions,
              askedAt: row.asked_at.toISOString(),
            },
      location: {
        code: row.location_code,
        coordinates:
          row.latitude_deg === null || row.longitude_deg === null
            ? null
            : { latitudeDeg: row.latitude_deg, longitudeDeg: row.longitude_deg },
        mountingHeightM: row.mounting_height_m,
        plan: plan
          ? {
              ...{ name: plan.planName, pictureSha256: plan.pictureSha256 },
              ...{ x: plan.x, y: plan.y, headingDeg: plan.headingDeg, spreadDeg: plan.spreadDeg },
            }
          : null,
      },
    },
    view: {
      ...{ id: row.view_id, key: row.view_key, name: row.view_name },
      preset: turned?.preset ?? null,
      registration: look
        ? {
            dxPx: look.pose_dx_px ?? 0,
            dyPx: look.pose_dy_px ?? 0,
            residualPx: look.pose_residual_px,
            lookId: look.id,
            at: look.captured_at.toISOString(),
          }
        : null,
      ptz: turned?.ptz ?? null,
    },
    course: turned?.course
      ? { ...turned.course, operator: turned.operatorId === null ? null : await readPerson(trx, turned.operatorId) }
      : null,
    health:
      row.state !== null && row.since !== null
        ? {
            ...{ state: row.state, since: row.since.toISOString(), reason: row.reason, errors: row.errors ?? 0 },
            lastFrameAt: row.last_frame_at?.toISOString() ?? null,
          }
        : null,
    cameraClock:
      row.clock_offset_ms !== null && row.clock_measured_at !== null
        ? { offsetMs: row.clock_offset_ms, measuredAt: row.clock_measured_at }
        : null,
  };
}

export async function readCandidate(trx: DbOrTrx, candidateId: number) {
  return trx.selectFrom('candidate').selectAll().where('id', '=', candidateId).executeTakeFirst();
}
export type CandidateRow = NonNullable<Awaited<ReturnType<typeof readCandidate>>>;

export async function readVerdict(trx: DbOrTrx, verdictId: number) {
  return trx.selectFrom('verdict').selectAll().where('id', '=', verdictId).executeTakeFirst();
}

export async function readPerson(trx: DbOrTrx, userId: number): Promise<SnapshotPerson | null> {
  const row = await trx
    .selectFrom('app_user')
    .leftJoin('unit', 'unit.id', 'app_user.unit_id')
    .select(['app_user.id', 'app_user.name', 'app_user.display_name', 'app_user.role', 'unit.name as unit'])
    .where('app_user.id', '=', userId)
    .executeTakeFirst();
  return row ? { userId: row.id, name: row.name, displayName: row.display_name, role: row.role, unit: row.unit } : null;
}

export async function readLook(trx: DbOrTrx, lookId: number) {
  return trx
    .selectFrom('look')
    .select(['id', 'captured_at', 'picture_sha256'])
    .where('id', '=', lookId)
    .executeTakeFirst();
}

/** The newest look of a view whose picture was kept. */
export async function readNewestPicture(trx: DbOrTrx, viewId: number) {
  return trx
    .selectFrom('look')
    .select(['id', 'captured_at', 'picture_sha256'])
    .where('view_id', '=', viewId)
    .where('picture_sha256', 'is not', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The lawful pictures of `ids`, or without them those in force. */
export async function readBaselines(trx: DbOrTrx, viewId: number, ids?: readonly number[]) {
  return trx
    .selectFrom('baseline')
    .select(['id', 'look_id', 'picture_sha256', 'captured_at'])
    .where('view_id', '=', viewId)
    .$if(ids === undefined, (query) => query.where('state', '=', 'accepted'))
    .$if(ids !== undefined, (query) => query.where('id', 'in', ids?.length ? [...ids] : [-1]))
    .orderBy('id')
    .execute();
}

/** The newest stream kept of a candidate. */
export async function readKeptStream(trx: DbOrTrx, candidateId: number) {
  return trx
    .selectFrom('evidence_stream')
    .select(['stream', 'codec', 'blob_sha256', 'units', 'problem'])
    .where('candidate_id', '=', candidateId)
    .where('state', '=', 'kept')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export interface Standing {
  readonly id: string;
  readonly entry: number;
}

/** The last record of a candidate. */
export async function lastOfCandidate(trx: DbOrTrx, candidateId: number): Promise<Standing | null> {
  const row = await trx
    .selectFrom('snapshot')
    .select(['id', 'entry'])
    .where('candidate_id', '=', candidateId)
    .orderBy('entry', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** A record by its id, with what it is of. */
export async function readStanding(trx: DbOrTrx, id: string) {
  return trx
    .selectFrom('snapshot')
    .select(['id', 'entry', 'view_id', 'candidate_id', 'verdict_id'])
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function writeSnapshot(
  trx: DbOrTrx,
  entry: number,
  record: SnapshotRecord,
  verdictId: number | null,
): Promise<void> {
  await trx
    .insertInto('snapshot')
    .values({
      id: record.id,
      entry,
      cause: record.cause.kind satisfies SnapshotCauseKind,
      sealed_at: new Date(record.sealedAt),
      camera_id: record.camera.id,
      view_id: record.view.id,
      candidate_id: record.candidate?.id ?? null,
      verdict_id: verdictId,
      follows: record.follows?.id ?? null,
      stream_state: record.stream.state satisfies SnapshotStreamState,
    })
    .execute();
  const files: { role: string; sha256: string }[] = [
    ...record.pictures.map(({ role, file }) => ({ role, sha256: file.sha256 })),
    ...(record.stream.file ? [{ role: 'stream', sha256: record.stream.file.sha256 }] : []),
  ];
  if (files.length === 0) return;
  await trx
    .insertInto('snapshot_file')
    .values(files.map((file) => ({ ...file, snapshot_id: record.id })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The wish of a record for the camera's own bytes; whoever may reach the camera fulfils it. */
export async function wishForStream(
  trx: DbOrTrx,
  wish: { snapshotId: string; viewId: number; candidateId: number | null },
): Promise<void> {
  await trx
    .insertInto('evidence_stream')
    .values({
      candidate_id: wish.candidateId,
      snapshot_id: wish.snapshotId,
      view_id: wish.viewId,
      state: 'wanted',
    })
    .execute();
}

/** What a device says it is. */
export type DeviceFacts = Required<Omit<SnapshotDevice, 'askedAt'>>;

export async function isDeviceKnown(db: DbOrTrx, cameraId: number, since: Date): Promise<boolean> {
  const row = await db
    .selectFrom('camera_device')
    .select('camera_id')
    .where('camera_id', '=', cameraId)
    .where('asked_at', '>', since)
    .executeTakeFirst();
  return row !== undefined;
}

export async function writeDevice(db: DbOrTrx, cameraId: number, facts: DeviceFacts, nowMs: number): Promise<void> {
  const { make, model, serial, firmware, mac, captions } = facts;
  const said = {
    ...{ make, model, serial, firmware, mac, asked_at: new Date(nowMs) },
    captions: captions ? JSON.stringify(captions) : null,
  };
  await db
    .insertInto('camera_device')
    .values({ camera_id: cameraId, ...said })
    .onConflict((conflict) => conflict.column('camera_id').doUpdateSet(said))
    .execute();
}

/** Areas of a view that no picture may show. */
export async function readPrivacyAreas(trx: DbOrTrx, viewId: number) {
  const rows = await trx
    .selectFrom('mask')
    .select('polygon')
    .where('view_id', '=', viewId)
    .where('kind', '=', 'privacy')
    .execute();
  return rows.map((row) => row.polygon);
}

export interface StoredSnapshot {
  readonly id: string;
  readonly entry: number;
  readonly cause: SnapshotCauseKind;
  readonly sealedAt: Date;
  readonly streamState: SnapshotStreamState;
  readonly follows: string | null;
  readonly record: SnapshotRecord;
}

/** A record with where it stands. */
export async function readSnapshot(db: DbOrTrx, id: string): Promise<StoredSnapshot | undefined> {
  const row = await db
    .selectFrom('snapshot')
    .innerJoin('log_entry', 'log_entry.seq', 'snapshot.entry')
    .select([
      ...(['snapshot.id', 'snapshot.entry', 'snapshot.cause', 'snapshot.sealed_at', 'snapshot.stream_state'] as const),
      ...(['snapshot.follows', 'log_entry.body'] as const),
    ])
    .where('snapshot.id', '=', id)
    .executeTakeFirst();
  return (
    row && {
      ...{ id: row.id, entry: row.entry, cause: row.cause, sealedAt: row.sealed_at, follows: row.follows },
      streamState: row.stream_state,
      record: JSON.parse(row.body) as SnapshotRecord,
    }
  );
}

/** The records of one candidate, in the order they were sealed. */
export async function snapshotsOfCandidate(db: DbOrTrx, candidateId: number): Promise<string[]> {
  const rows = await sql<{ id: string }>`
    select id from snapshot where candidate_id = ${candidateId} order by entry`.execute(db);
  return rows.rows.map(({ id }) => id);
}

/** The record that tells what came of another's wish for its stream. */
export async function snapshotAfter(db: DbOrTrx, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('snapshot')
    .select('id')
    .where('follows', '=', id)
    .where('cause', '=', 'stream')
    .orderBy('entry')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

export type { SnapshotStream, SnapshotUnit };
