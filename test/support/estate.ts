/** Rows of a small estate in a test's database. */
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import type { ViewState } from '../../src/drivers/postgres/schema.ts';

export async function addEstate(db: Db, simulated = false): Promise<number> {
  const { id } = await db
    .insertInto('estate')
    .values({ name: '测试小区', time_zone: 'Asia/Shanghai', simulated })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export interface CameraRow {
  readonly cameraId: number;
  readonly viewId: number;
}

/** A fixed camera with its one view. */
export async function addCamera(
  db: Db,
  estateId: number,
  camera: { key: string; subUrl?: string; mainUrl?: string; cadenceS?: number; state?: ViewState },
): Promise<CameraRow> {
  const { id: cameraId } = await db
    .insertInto('camera')
    .values({
      estate_id: estateId,
      key: camera.key,
      name: camera.key,
      sub_url: camera.subUrl ?? `rtsp://127.0.0.1:9/${camera.key}`,
      main_url: camera.mainUrl ?? null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const { id: viewId } = await db
    .insertInto('view')
    .values({
      camera_id: cameraId,
      name: camera.key,
      cadence_s: camera.cadenceS ?? null,
      state: camera.state ?? 'watching',
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { cameraId, viewId };
}
