import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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
      Array.from({ length: 20 }, (_, index) => ({
        estate_id: id,
        key: `c${index}`,
        name: `c${index}`,
        sub_url: `rtsp://127.0.0.1/c${index}`,
      })),
    )
    .execute();
});
afterAll(() => fresh.close());
beforeEach(async () => {
  await fresh.db.deleteFrom('camera_lease').execute();
  await fresh.db.deleteFrom('capture_process').execute();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('one process takes all, two share evenly, and no camera is ever held twice', async () => {
  const first = new CameraLeases(fresh.db, 'first', 15);
  const second = new CameraLeases(fresh.db, 'second', 15);
  expect(await first.renew()).toHaveLength(20);
  expect(await second.renew()).toHaveLength(0);
  expect(await first.renew()).toHaveLength(10);
  const seconds = await second.renew();
  const firsts = await first.renew();
  expect(seconds).toHaveLength(10);
  expect(new Set([...firsts, ...seconds]).size).toBe(20);
});

test('the cameras of a process that died move to the living within its lease', async () => {
  const dead = new CameraLeases(fresh.db, 'dead', 1);
  const living = new CameraLeases(fresh.db, 'living', 1);
  await dead.renew();
  await living.renew();
  await dead.renew();
  expect(await living.renew()).toHaveLength(10);
  await pause(1_100);
  expect(await living.renew()).toHaveLength(20);
  expect(await dead.renew()).toHaveLength(0);
});

test('a process that ends in order gives its cameras back at once', async () => {
  const ending = new CameraLeases(fresh.db, 'ending', 60);
  const next = new CameraLeases(fresh.db, 'next', 60);
  await ending.renew();
  await ending.release();
  expect(await next.renew()).toHaveLength(20);
});

test('a disabled camera is let go of', async () => {
  const leases = new CameraLeases(fresh.db, 'only', 15);
  await leases.renew();
  await fresh.db.updateTable('camera').set({ enabled: false }).where('key', '=', 'c3').execute();
  expect(await leases.renew()).toHaveLength(19);
  await fresh.db.updateTable('camera').set({ enabled: true }).where('key', '=', 'c3').execute();
  expect(await leases.renew()).toHaveLength(20);
});

test('many processes that start at once share without a clash', async () => {
  const many = Array.from({ length: 5 }, (_, index) => new CameraLeases(fresh.db, `p${index}`, 15));
  for (let round = 0; round < 4; round++) await Promise.all(many.map((leases) => leases.renew()));
  const held = await Promise.all(many.map((leases) => leases.renew()));
  expect(held.map((ids) => ids.length)).toEqual([4, 4, 4, 4, 4]);
  expect(new Set(held.flat()).size).toBe(20);
});
