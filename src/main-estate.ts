/** The estate's rows: the real one from the configuration, the simulated one from its cameras. */
import { sql } from 'kysely';
import { stringify } from 'yaml';
import type { Config } from './config.ts';
import { importCameras, type Sealer } from './camera/camera.ts';
import type { BlobStore } from './drivers/blobs/blobs.ts';
import { rasterise } from './drivers/codec/codec.ts';
import type { Db } from './drivers/postgres/postgres.ts';
import type { PersistenceRule } from './drivers/postgres/schema.ts';
import { addPlan, ensureEstate as ensureEstateRow, listBuildings, place, writeBuilding } from './estate/estate.ts';
import { importRoutes, type RouteImportReport } from './patrol/patrol.ts';
import {
  drawSitePlan,
  SITE_BUILDINGS,
  SITE_CAMERAS,
  SITE_SIZE,
  type SimulatedCameraAddress,
  type SimulatedDomeAddress,
  type WatchArea,
} from './simulator/simulator.ts';
import type { ImportCameras } from './web/web.ts';

/** The real estate, named as configured. @returns its id */
export async function ensureEstate(db: Db, config: Config): Promise<number> {
  return ensureEstateRow(db, config.estate, false);
}

export function estateImporter(db: Db, sealer: Sealer): ImportCameras {
  return async (file) => {
    const estate = await db.selectFrom('estate').select('id').where('simulated', '=', false).executeTakeFirstOrThrow();
    return importCameras({ db, sealer, estateId: estate.id, ...file });
  };
}

/** When the simulation first began: kept, so that a second start goes on in its story where the first stopped. */
export async function rememberDemoStart(db: Db, nowMs: number): Promise<number> {
  await db
    .insertInto('setting')
    .values({ key: 'demo', value: JSON.stringify({ startedAtMs: nowMs }) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const kept = await db.selectFrom('setting').select('value').where('key', '=', 'demo').executeTakeFirstOrThrow();
  return Number(kept.value['startedAtMs']);
}

/**
 * Registers the simulation's cameras as any camera file would, with the simulation's own rhythm; without a simulation
 * those of an earlier one are switched off.
 */
export async function registerSimulated(
  db: Db,
  sealer: Sealer,
  simulation:
    | {
        cameras: readonly SimulatedCameraAddress[];
        domes: readonly SimulatedDomeAddress[];
        login: { username: string; password: string };
      }
    | undefined,
  config: Config,
): Promise<void> {
  if (!simulation) {
    await db
      .updateTable('camera')
      .set({ enabled: false })
      .where('estate_id', 'in', (eb) => eb.selectFrom('estate').select('id').where('simulated', '=', true))
      .execute();
    return;
  }
  const { estate, demo } = config;
  const estateId = await ensureEstateRow(db, { name: `${estate.name}（模拟）`, timeZone: estate.timeZone }, true);
  const text = stringify({
    credentials: [{ name: 'demo', ...simulation.login }],
    cameras: [
      ...simulation.cameras.map(({ key, name, place, mainUrl, subUrl }) => ({
        ...{ key, name, place, kind: 'fixed', credential: 'demo' },
        main_url: mainUrl,
        sub_url: subUrl,
      })),
      ...simulation.domes.map(({ key, name, place, mainUrl, subUrl, onvifUrl }) => ({
        ...{ key, name, place, kind: 'ptz', credential: 'demo' },
        main_url: mainUrl,
        sub_url: subUrl,
        onvif_url: onvifUrl,
      })),
    ],
  });
  await importCameras({ db, sealer, estateId, text, format: 'yaml', dryRun: false });
  await db.updateTable('camera').set({ enabled: true }).where('estate_id', '=', estateId).execute();
  for (const { key, watch } of simulation.cameras) {
    if (watch) await watchOver(db, estateId, key, watch, demo.persistence);
  }
  // Only what nobody has set by hand.
  const views = db
    .updateTable('view')
    .where('camera_id', 'in', (eb) => eb.selectFrom('camera').select('id').where('estate_id', '=', estateId));
  await views.set({ cadence_s: demo.cadenceS }).where('cadence_s', 'is', null).execute();
  await views
    .set({ persistence_rule: JSON.stringify(demo.persistence) })
    .where('persistence_rule', 'is', null)
    .execute();
}

/** The domes' first routes, where the simulated estate has none yet; later they are changed on the page. */
export async function layFirstRoutes(db: Db, text: string, nowMs: number): Promise<RouteImportReport | undefined> {
  const estate = await db.selectFrom('estate').select('id').where('simulated', '=', true).executeTakeFirst();
  if (!estate) return undefined;
  const drawn = await db
    .selectFrom('patrol_route as r')
    .innerJoin('camera as c', 'c.id', 'r.camera_id')
    .select('r.id')
    .where('c.estate_id', '=', estate.id)
    .executeTakeFirst();
  if (drawn) return undefined;
  return importRoutes({ db, text, dryRun: false, language: 'en', estateId: estate.id, userId: null, nowMs });
}

/** A plan of the simulated estate, drawn from its layout, where it has none yet; later it is changed on the page. */
export async function layFirstPlan(db: Db, blobs: Pick<BlobStore, 'put'>, nowMs: number): Promise<void> {
  const estate = await db.selectFrom('estate').select('id').where('simulated', '=', true).executeTakeFirst();
  if (!estate) return;
  const drawn = await db.selectFrom('plan').select('id').where('estate_id', '=', estate.id).executeTakeFirst();
  const begun = await db.selectFrom('setting').select('key').where('key', '=', 'demo_plan').executeTakeFirst();
  // Somebody who took it away does not want it back at the next start.
  if (drawn || begun) return;
  const by = { userId: null, nowMs };
  const { jpeg, ...size } = await rasterise(drawSitePlan(), SITE_SIZE);
  const plan = await addPlan(db, estate.id, { name: '总平面图', sha256: await blobs.put(jpeg), ...size }, by);
  const { widthPx, heightPx } = SITE_SIZE;
  const standing = await listBuildings(db);
  for (const { name, storeys, corners } of SITE_BUILDINGS) {
    const building =
      standing.find((one) => one.name === name) ??
      (await writeBuilding(db, estate.id, undefined, { name, storeys, note: '' }, by));
    const polygon = corners.map(([x, y]): [number, number] => [x / widthPx, y / heightPx]);
    await place(db, plan.id, { what: 'building', id: building.id, at: { polygon } }, by);
  }
  const cameras = await db.selectFrom('camera').select(['id', 'key']).where('estate_id', '=', estate.id).execute();
  for (const { key, x, y, headingDeg, spreadDeg, reachPx } of SITE_CAMERAS) {
    const camera = cameras.find((one) => one.key === key);
    if (!camera) continue;
    const at = { x: x / widthPx, y: y / heightPx, headingDeg, spreadDeg, reach: reachPx / widthPx };
    await place(db, plan.id, { what: 'camera', id: camera.id, at }, by);
  }
  await db
    .insertInto('setting')
    .values({ key: 'demo_plan', value: JSON.stringify({ laidAtMs: nowMs }) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
}

/** An area that must stay clear, for a view that has no areas yet. */
async function watchOver(
  db: Db,
  estateId: number,
  key: string,
  watch: WatchArea,
  rule: PersistenceRule,
): Promise<void> {
  const polygon = JSON.stringify(watch.polygon);
  await sql`insert into mask (view_id, kind, name, polygon, persistence_rule)
    select v.id, 'watch', ${watch.name}, ${polygon}::jsonb, ${JSON.stringify(rule)}::jsonb from view v join camera c on c.id = v.camera_id
    where c.estate_id = ${estateId} and c.key = ${key} and not exists (select from mask m where m.view_id = v.id)`.execute(
    db,
  );
}
