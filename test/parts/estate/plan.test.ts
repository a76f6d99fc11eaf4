/** The simulated estate's plan, and the still of a plan that goes into a statement. */
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { planStill, readPlaced } from '../../../src/estate/estate.ts';
import { layFirstPlan } from '../../../src/main-estate.ts';
import { SITE_BUILDINGS, SITE_CAMERAS, SITE_SIZE } from '../../../src/simulator/simulator.ts';
import { readDemoEstate } from '../../../src/simulator/estate-file.ts';
import { addCamera, addEstate } from '../../support/estate.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';

let database: FreshDatabase;
const pictures = new MemoryPictures();
const blobs = {
  put: async (bytes: Uint8Array) => pictures.put(bytes),
  get: async (sha256: string) => Buffer.from(await pictures.get(sha256)),
};
const ids = new Map<string, number>();

beforeAll(async () => {
  database = await freshDatabase();
  const estateId = await addEstate(database.db, true);
  for (const { key } of SITE_CAMERAS) ids.set(key, (await addCamera(database.db, estateId, { key })).cameraId);
});
afterAll(() => database.close());

it('knows every camera of the simulated estate, and no other', async () => {
  const { cameras, domes } = await readDemoEstate('config/estate.demo.yaml');
  expect(SITE_CAMERAS.map(({ key }) => key).sort()).toEqual([...cameras, ...domes].map(({ key }) => key).sort());
});

it('is laid once, with all buildings and cameras, and not again for somebody who took it away', async () => {
  const { db } = database;
  await layFirstPlan(db, blobs, Date.now());
  await layFirstPlan(db, blobs, Date.now());
  const [plan, ...more] = await db.selectFrom('plan').selectAll().execute();
  expect(more).toEqual([]);
  expect(plan).toMatchObject({ name: '总平面图', width_px: SITE_SIZE.widthPx, height_px: SITE_SIZE.heightPx });
  const placed = await readPlaced(db, plan?.id ?? 0);
  expect(placed.cameras).toHaveLength(SITE_CAMERAS.length);
  expect(placed.buildings).toHaveLength(SITE_BUILDINGS.length);
  const kept = await blobs.get(plan?.picture_sha256 ?? '');
  expect(kept.length).toBeLessThan(400_000);
  expect(await sharp(kept).metadata()).toMatchObject({ format: 'jpeg', width: SITE_SIZE.widthPx });
});

it('gives a still with the camera’s place marked, whatever a building is called', async () => {
  const { db } = database;
  await db.updateTable('building').set({ name: '</text><image href="x"/>&lt;' }).where('name', '=', '1号楼').execute();
  const cameraId = ids.get('garden') ?? 0;
  const still = await planStill(db, blobs, cameraId);
  expect(still?.planName).toBe('总平面图');
  const site = SITE_CAMERAS.find(({ key }) => key === 'garden');
  const { width } = await sharp(still?.jpeg).metadata();
  const scale = width / SITE_SIZE.widthPx;
  const area = {
    left: Math.round((site?.x ?? 0) * scale) - 3,
    top: Math.round((site?.y ?? 0) * scale) - 3,
    width: 6,
    height: 6,
  };
  const pixels = await sharp(still?.jpeg).extract(area).raw().toBuffer();
  expect(pixels[0]).toBeGreaterThan(150);
  expect(pixels[1]).toBeLessThan(90);
  expect(await planStill(db, blobs, 4711)).toBeUndefined();
  const gone = { get: () => pictures.get('0'.repeat(64)).then((bytes) => Buffer.from(bytes)) };
  expect(await planStill(db, gone, cameraId)).toBeUndefined();
  await db.deleteFrom('plan').execute();
  await layFirstPlan(db, blobs, Date.now());
  expect(await db.selectFrom('plan').select('id').execute()).toEqual([]);
});
