/** SQL of the import: what is registered, and writing what a plan adds and changes. */
import { sql, type Transaction } from 'kysely';
import { recordEvents } from '../drivers/postgres/postgres.ts';
import type { Database } from '../drivers/postgres/schema.ts';
import { locationRow } from './camera-settings-store.ts';
import type { CameraValues, ImportPlan, Register, RegisteredCamera } from './camera-plan.ts';
import type { Sealer } from './credentials.ts';

type Trx = Transaction<Database>;

/** Rows of one statement: PostgreSQL takes 65,535 values. */
const ROWS_AT_ONCE = 1000;

/** Imports take turns until the transaction's end. */
export async function lockImports(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('sentinel.camera_import'))`.execute(trx);
}

export async function readRegister(trx: Trx, estateId: number): Promise<Register> {
  const rows = await trx
    .selectFrom('camera')
    .leftJoin('credential', 'credential.id', 'camera.credential_id')
    .select([
      ...(['camera.id', 'camera.key', 'camera.name', 'camera.place', 'camera.kind', 'camera.enabled'] as const),
      ...(['camera.main_url', 'camera.sub_url', 'camera.onvif_url', 'credential.name as credential'] as const),
      ...(['camera.location_code', 'camera.latitude_deg', 'camera.longitude_deg'] as const),
      'camera.mounting_height_m',
    ])
    .where('camera.estate_id', '=', estateId)
    .execute();
  const cameras = rows.map((row): [string, RegisteredCamera] => [
    row.key,
    {
      ...{ id: row.id, key: row.key, name: row.name, place: row.place, kind: row.kind, enabled: row.enabled },
      ...{ mainUrl: row.main_url, subUrl: row.sub_url, onvifUrl: row.onvif_url, credential: row.credential },
      ...{ locationCode: row.location_code, latitudeDeg: row.latitude_deg, longitudeDeg: row.longitude_deg },
      mountingHeightM: row.mounting_height_m,
    },
  ]);
  const credentials = await trx.selectFrom('credential').select(['name', 'username', 'secret_sealed']).execute();
  const counted = await trx
    .selectFrom('camera')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return {
    cameras: new Map(cameras),
    credentials: new Map(
      credentials.map(({ name, username, secret_sealed: secretSealed }) => [name, { username, secretSealed }]),
    ),
    cameraCount: counted.count,
  };
}

export async function applyImport(
  trx: Trx,
  estateId: number,
  plan: ImportPlan,
  sealer: Pick<Sealer, 'seal'>,
  nowMs: number,
): Promise<void> {
  for (const rows of inParts([...plan.credentials])) {
    await trx
      .insertInto('credential')
      .values(
        rows.map(([name, { username, password }]) => ({ name, username, secret_sealed: sealer.seal(name, password) })),
      )
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet((eb) => ({
          username: eb.ref('excluded.username'),
          secret_sealed: eb.ref('excluded.secret_sealed'),
          updated_at: sql<Date>`now()`,
        })),
      )
      .execute();
  }
  const credentials = await trx.selectFrom('credential').select(['id', 'name']).execute();
  const ids = new Map(credentials.map(({ id, name }) => [name, id]));
  const rowOf = (camera: CameraValues) => ({
    ...{ key: camera.key, name: camera.name, place: camera.place, kind: camera.kind, enabled: camera.enabled },
    ...{ main_url: camera.mainUrl, sub_url: camera.subUrl, onvif_url: camera.onvifUrl },
    ...locationRow(camera),
    credential_id: camera.credential === null ? null : (ids.get(camera.credential) ?? null),
  });

  const addedIds: number[] = [];
  for (const cameras of inParts(plan.added)) {
    const rows = await trx
      .insertInto('camera')
      .values(cameras.map((camera) => ({ ...rowOf(camera), estate_id: estateId })))
      .returning(['id', 'name', 'kind'])
      .execute();
    addedIds.push(...rows.map(({ id }) => id));
    await trx
      .insertInto('camera_health')
      .values(rows.map(({ id }) => ({ camera_id: id })))
      .execute();
    const fixed = rows.filter(({ kind }) => kind === 'fixed');
    if (fixed.length > 0) {
      await trx
        .insertInto('view')
        .values(fixed.map(({ id, name }) => ({ camera_id: id, key: 'fixed', name })))
        .execute();
    }
  }
  for (const { before, after } of plan.changed) await change(trx, before, after, rowOf(after));
  await dropOwnCredentials(trx, plan);

  const touched = await trx
    .selectFrom('camera')
    .innerJoin('credential', 'credential.id', 'camera.credential_id')
    .select('camera.id')
    .where(sql<boolean>`credential.name = any(${[...plan.credentials.keys()]}::text[])`)
    .execute();
  const cameraIds = new Set([
    ...addedIds,
    ...plan.changed.map(({ before }) => before.id),
    ...touched.map(({ id }) => id),
  ]);
  await recordEvents(
    trx,
    'camera.changed',
    [...cameraIds].map((cameraId) => ({ cameraId, change: 'registered' })),
    nowMs,
  );
}

/** A login that was a camera's own goes when the camera has another. */
async function dropOwnCredentials(trx: Trx, plan: ImportPlan): Promise<void> {
  const given = plan.changed
    .filter(
      ({ before, after }) => before.credential === `camera/${before.key}` && after.credential !== before.credential,
    )
    .map(({ before }) => before.credential);
  if (given.length === 0) return;
  await trx
    .deleteFrom('credential')
    .where(sql<boolean>`name = any(${given}::text[])`)
    .where((eb) =>
      eb.not(
        eb.exists(eb.selectFrom('camera').select('camera.id').whereRef('camera.credential_id', '=', 'credential.id')),
      ),
    )
    .execute();
}

async function change(
  trx: Trx,
  before: RegisteredCamera,
  after: CameraValues,
  row: Readonly<Record<string, unknown>>,
): Promise<void> {
  await trx
    .updateTable('camera')
    .set({ ...row, updated_at: sql<Date>`now()` })
    .where('id', '=', before.id)
    .execute();
  const view = trx.updateTable('view').where('camera_id', '=', before.id).where('key', '=', 'fixed');
  // A view that nobody renamed goes by its camera's name.
  if (before.name !== after.name) await view.set({ name: after.name }).where('name', '=', before.name).execute();
  if (before.kind === after.kind) return;
  if (after.kind === 'ptz') await view.set({ state: 'paused' }).execute();
  else {
    // It never held still before, so what it sees from now on is learned from the beginning.
    await trx
      .insertInto('view')
      .values({ camera_id: before.id, key: 'fixed', name: after.name })
      .onConflict((conflict) =>
        conflict.columns(['camera_id', 'key']).doUpdateSet({ state: 'learning', learning_since: sql<Date>`now()` }),
      )
      .execute();
  }
}

function* inParts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) yield rows.slice(from, from + ROWS_AT_ONCE);
}
