/** Who takes which cameras: capture the fixed ones, patrol those that turn. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CameraLeases } from '../../../src/camera/camera.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
  const { id } = await fresh.db
    .insertInto('estate')
    .values({ name: '小区', time_zone: 'Asia/Shanghai' })
    .returning('id')
    .executeTakeFirstOrThrow();
  await fresh.db
    .insertInto('camera')
    .values(
      (['fixed', 'ptz', 'fixed', 'ptz'] as const).map((kind, index) => ({
        ...{ estate_id: id, key: `c${index}`, name: `c${index}`, kind },
        sub_url: `rtsp://127.0.0.1/c${index}`,
      })),
    )
    .execute();
});
afterAll(() => fresh.close());

test('capture and patrol share out their own kind among themselves', async () => {
  const capture = new CameraLeases(fresh.db, 'a', 15);
  const patrol = new CameraLeases(fresh.db, 'a/patrol', 15, 'patrol');
  expect(await capture.renew()).toEqual([1, 3]);
  expect(await patrol.renew()).toEqual([2, 4]);
  const second = new CameraLeases(fresh.db, 'b/patrol', 15, 'patrol');
  await second.renew();
  expect(await patrol.renew()).toHaveLength(1);
  expect(await second.renew()).toHaveLength(1);
  expect(await capture.renew()).toEqual([1, 3]);
});

test('a camera that becomes one that turns goes over to patrol', async () => {
  const capture = new CameraLeases(fresh.db, 'a', 15);
  const patrol = new CameraLeases(fresh.db, 'a/patrol', 15, 'patrol');
  await fresh.db.updateTable('camera').set({ kind: 'ptz' }).where('id', '=', 3).execute();
  expect(await capture.renew()).toEqual([1]);
  const held = await patrol.renew();
  expect(held).toContain(3);
});
