/** An estate as large as a real one, on top of the sample estate: cameras, views and items by the hundred. */
import { sql } from 'kysely';
import type { Db } from '../../src/drivers/postgres/postgres.ts';

/**
 * @param cameras how many in all
 * @param open open items more, @param decided decided items more; the pictures are those of the sample's items
 */
export async function fillMany(
  db: Db,
  { cameras, open, decided }: { cameras: number; open: number; decided: number },
): Promise<void> {
  const { count } = await db
    .selectFrom('camera')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  await sql`
    with made as (
      insert into camera (estate_id, key, name, place, kind, main_url, sub_url)
      select 1, 'many-' || n, (n / 6 + 1) || '号楼 ' || (array['东','南','西','北','屋顶','露台'])[n % 6 + 1] || '侧',
        (n / 6 + 1) || '号楼', case when n % 30 = 29 then 'ptz' else 'fixed' end,
        'rtsp://127.0.0.1/many-' || n || '/main', 'rtsp://127.0.0.1/many-' || n || '/sub'
      from generate_series(1, ${Math.max(0, cameras - count)}::int) n returning id
    ), health as (
      insert into camera_health (camera_id, state, since, reason, last_frame_at, codec, width_px, height_px)
      select id, case when id % 37 = 0 then 'offline' else 'online' end, now() - interval '2 hours',
        case when id % 37 = 0 then 'rtsp.timeout' end, now() - interval '4 seconds', 'h264', 640, 360 from made
    )
    insert into view (camera_id, name, state, last_look_at, last_judged_at, not_judged_reason, not_judged_since)
    select id, '固定视图', 'watching', now() - interval '5 seconds', now() - interval '5 seconds',
      case when id % 23 = 0 then 'dark' end, case when id % 23 = 0 then now() - interval '40 minutes' end from made
  `.execute(db);
  for (const [state, items] of [
    ['open', open],
    ['decided', decided],
  ] as const) {
    await sql`
      insert into candidate (view_id, state, severity, box, polygon, score, occurrences, first_seen_at, last_seen_at,
        raised_at, raised_by_look_id, machine_result, before_sha256, after_sha256, overlay_sha256, verdict)
      select views.ids[case when n % 9 = 0 then 5 else n % cardinality(views.ids) + 1 end], ${state},
        case when n % 40 = 0 then 'safety' when n % 7 = 0 then 'high' else 'normal' end,
        sample.box, sample.polygon, 0.55 + (n % 40) / 100.0, 4 + n % 30,
        now() - n * interval '3 minutes' - interval '25 minutes', now() - n * interval '3 minutes' + interval '1 minute',
        now() - n * interval '3 minutes', 1, '{}', sample.before_sha256, sample.after_sha256, sample.overlay_sha256,
        case when ${state} = 'decided' then 'false_alarm' end
      from generate_series(1, ${items}::int) n
      cross join (select array_agg(id order by id) as ids from view where state = 'watching') views
      join lateral (select * from candidate where before_sha256 is not null order by id offset n % 10 limit 1) sample on true
    `.execute(db);
  }
  await sql`
    with said as (
      insert into verdict (candidate_id, verdict, reason, decided_by, decided_at)
      select id, 'false_alarm', '光线或阴影变化', (select min(id) from app_user), raised_at + interval '4 minutes'
      from candidate where state = 'decided' and verdict_id is null returning id, candidate_id
    )
    update candidate set verdict_id = said.id from said where said.candidate_id = candidate.id`.execute(db);
  await sql`analyze`.execute(db);
}
