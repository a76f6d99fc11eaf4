/** An estate of one camera for tests of review: people, a watching view and items on it. */
import type { Polygon } from '../../src/base/picture.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';

export interface ReviewSample {
  /** Three people: two operators and an administrator. */
  users: [number, number, number];
  viewId: number;
  cameraId: number;
}

export async function insertReviewSample(db: Db, startMs: number): Promise<ReviewSample> {
  const estate = await db
    .insertInto('estate')
    .values({ name: '滨江花园', time_zone: 'Asia/Shanghai' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const camera = await db
    .insertInto('camera')
    .values({ estate_id: estate.id, key: 'roof', name: '1号楼屋顶', main_url: 'rtsp://127.0.0.1/roof' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const view = await db
    .insertInto('view')
    .values({ camera_id: camera.id, name: '1号楼屋顶', state: 'watching', learning_since: new Date(startMs) })
    .returning('id')
    .executeTakeFirstOrThrow();
  const users = await db
    .insertInto('app_user')
    .values([
      { name: 'wang', display_name: '王敏', password_hash: '', role: 'operator' },
      { name: 'li', display_name: '李强', password_hash: '', role: 'operator' },
      { name: 'admin', password_hash: '', role: 'admin' },
    ])
    .returning('id')
    .execute();
  const [first, second, third] = users.map((user) => user.id) as [number, number, number];
  return { users: [first, second, third], viewId: view.id, cameraId: camera.id };
}

/** A square of a tenth of the picture with its corner there. */
export function squareAt(x: number, y: number): Polygon {
  return [
    [x, y],
    [x + 0.1, y],
    [x + 0.1, y + 0.1],
    [x, y + 0.1],
  ];
}

export async function insertItem(
  db: Db,
  viewId: number,
  polygon: Polygon,
  raisedAtMs: number,
  pictures: { after: string | null } = { after: 'a'.repeat(64) },
): Promise<number> {
  const [x, y] = polygon[0] ?? [0, 0];
  const raisedAt = new Date(raisedAtMs);
  const { id } = await db
    .insertInto('candidate')
    .values({
      view_id: viewId,
      box: JSON.stringify([x, y, 0.1, 0.1]),
      polygon: JSON.stringify(polygon),
      score: 0.9,
      occurrences: 5,
      first_seen_at: raisedAt,
      last_seen_at: raisedAt,
      raised_at: raisedAt,
      raised_by_look_id: 1,
      machine_result: JSON.stringify({ score: 0.9, polygon }),
      after_sha256: pictures.after,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}
