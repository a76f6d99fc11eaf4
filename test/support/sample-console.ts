/** What the console shows beside cameras: a plan with every camera on it, buildings with households, processes. */
import { sql } from 'kysely';
import { rasterise } from '../../src/drivers/codec/codec.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { drawSitePlan, SITE_BUILDINGS, SITE_SIZE } from '../../src/simulator/simulator.ts';
import type { MemoryPictures } from './sample-estate.ts';

/** On top of an estate with cameras. */
export async function fillConsole(db: Db, pictures: MemoryPictures, households: number): Promise<void> {
  const { jpeg, widthPx, heightPx } = await rasterise(drawSitePlan(), SITE_SIZE);
  const plan = await db
    .insertInto('plan')
    .values({
      ...{ estate_id: 1, name: '总平面图', picture_sha256: pictures.put(jpeg) },
      ...{ width_px: widthPx, height_px: heightPx, changed_at: new Date() },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const { name, storeys, corners } of SITE_BUILDINGS) {
    const building = await db
      .insertInto('building')
      .values({ estate_id: 1, name, storeys, sort_key: name.padStart(12, '0') })
      .returning('id')
      .executeTakeFirstOrThrow();
    const polygon = JSON.stringify(corners.map(([x, y]) => [x / widthPx, y / heightPx]));
    await db.insertInto('plan_building').values({ plan_id: plan.id, building_id: building.id, polygon }).execute();
  }
  await sql`
    insert into household (building_id, entrance, number, storey, resident, phone, sort_key)
    select n % ${SITE_BUILDINGS.length} + 1, (n % 2 + 1) || '单元', (n / 26 % 18 + 1) || lpad((n % 4 + 1)::text, 2, '0') || '-' || n,
      n / 26 % 18 + 1, (array['张','王','李','赵','陈','刘'])[n % 6 + 1] || '女士', '138' || lpad(n::text, 8, '0'), lpad(n::text, 10, '0')
    from generate_series(1, ${households}::int) n`.execute(db);
  await sql`
    insert into plan_camera (plan_id, camera_id, x, y, heading_deg, spread_deg, reach)
    select ${plan.id}, id, 0.05 + (id * 7919 % 1000) / 1150.0, 0.06 + (id * 104729 % 1000) / 1150.0, id * 37 % 360, 72, 0.05
    from camera`.execute(db);
  await sql`
    insert into capture_process (holder, seen_at, part)
    values ('nvr-1:2201', now(), 'capture'), ('nvr-2:1877', now() - interval '2 hours', 'capture'), ('nvr-1:2201', now(), 'patrol')
    on conflict do nothing`.execute(db);
}
