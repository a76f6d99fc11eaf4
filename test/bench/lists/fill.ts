/** A database as it is after years: hundreds of cameras, a million past items, looks, an audit, an estate of households. */
import { sql } from 'kysely';
import type { Db } from '../../../src/drivers/postgres/postgres.ts';

export interface Size {
  readonly cameras: number;
  readonly open: number;
  readonly past: number;
  readonly looks: number;
  readonly audit: number;
  readonly households: number;
}

const ROWS_AT_ONCE = 50_000;
const YEARS = 3;

/** On top of the sample estate, in SQL; pictures are those of the sample. */
export async function fillLists(db: Db, size: Size): Promise<void> {
  const { cameras, open, past, looks, audit, households } = size;
  await sql`
    insert into camera (estate_id, key, name, place, kind, sub_url)
    select 1, 'bench-' || n, (n % 60 + 1) || '号楼摄像机' || n, (n % 60 + 1) || '号楼 ' || n % 30 || '层',
      case when n % 40 = 0 then 'ptz' else 'fixed' end, 'rtsp://127.0.0.1/bench-' || n
    from generate_series(1, ${cameras}::int - (select count(*)::int from camera)) n`.execute(db);
  await sql`
    insert into camera_health (camera_id, state, since, last_frame_at, codec, width_px, height_px)
    select id, case when id % 37 = 0 then 'offline' else 'online' end, now() - interval '3 hours', now(), 'h264', 640, 360
    from camera where id not in (select camera_id from camera_health)`.execute(db);
  await sql`
    insert into view (camera_id, name, state, last_look_at, last_judged_at)
    select id, name, 'watching', now(), now() from camera where id not in (select camera_id from view)`.execute(db);
  await sql`
    insert into baseline (view_id, picture_sha256, thumbnail, lighting, captured_at, state, origin)
    select v.id, (select picture_sha256 from baseline limit 1), decode(repeat('00', 576), 'hex'), 'day',
      now() - n * interval '1 day', 'accepted', 'learning'
    from view v, generate_series(1, 8) n`.execute(db);
  const total = open + past;
  for (let from = 1; from <= total; from += ROWS_AT_ONCE) {
    const to = Math.min(total, from + ROWS_AT_ONCE - 1);
    await sql`
      with made as (
        insert into candidate (id, view_id, state, severity, box, polygon, score, occurrences, first_seen_at, last_seen_at,
          raised_at, raised_by_look_id, machine_result, verdict, verdict_id,
          before_sha256, after_sha256)
        overriding system value
        select n + 1000, n % ${cameras} + 1, case when n > ${past} then 'open' else 'decided' end,
          case when n % 23 = 0 then 'safety' when n % 7 = 0 then 'high' else 'normal' end, '[0.1,0.1,0.2,0.2]', '[[0.1,0.1],[0.3,0.1],[0.3,0.3]]',
          0.8, 5, at, at, at, 1, '{"lighting": "day"}',
          case when n > ${past} then null else (array['violation','false_alarm','permitted','transferred'])[n % 4 + 1] end,
          case when n > ${past} then null else n + 1000 end,
          (select picture_sha256 from baseline limit 1), (select picture_sha256 from baseline limit 1)
        from generate_series(${from}::int, ${to}::int) n,
          lateral (select now() - ${YEARS} * interval '365 days' * (1 - n::float / ${total}::float) as at) t
        returning id, verdict, raised_at
      ), judged as (
        insert into verdict (id, candidate_id, verdict, reason, decided_by, decided_at) overriding system value
        select id, id, verdict, '核查', 1, raised_at + interval '1 hour' from made where verdict is not null returning id, candidate_id
      )
      select 1`.execute(db);
  }
  for (let from = 1; from <= looks; from += ROWS_AT_ONCE) {
    await sql`
      insert into look (view_id, captured_at, result, stage, gate_score, max_score, lighting, picture_sha256, compare_ms, judged_at)
      select n % ${cameras} + 1, at, (array['unchanged','unchanged','unchanged','changed','not_judged'])[n % 5 + 1],
        case when n % 5 = 3 then 'network' else 'gate' end, 0.1, case when n % 5 = 3 then 0.6 end, 'day',
        case when n % 5 = 3 then (select picture_sha256 from baseline limit 1) end, case when n % 5 = 3 then 80 + n % 40 end, at
      from generate_series(${from}::int, least(${looks}, ${from + ROWS_AT_ONCE - 1})::int) n,
        lateral (select now() - (${looks} - n) * interval '10 seconds' / ${cameras} as at) t`.execute(db);
  }
  await sql`
    insert into audit (at, user_id, action, subject, details)
    select now() - (${audit} - n) * interval '1 minute', 1,
      (array['candidate.decided','candidate.claimed','view.changed','session.created','plan.placed'])[n % 5 + 1],
      'candidate ' || (n % 5000 + 1), jsonb_build_object('verdict', 'violation', 'reason', '核查 ' || n)
    from generate_series(1, ${audit}::int) n`.execute(db);
  await sql`insert into event (at, kind, data) select now() - n * interval '20 seconds', 'view.changed', '{}' from generate_series(1, 100000) n`.execute(
    db,
  );
  await sql`
    insert into building (estate_id, name, storeys, sort_key)
    select 1, n || '号楼', 18, lpad(n::text, 10, '0') || '号楼' from generate_series(1, 60) n`.execute(db);
  await sql`
    insert into household (building_id, entrance, number, storey, resident, phone, sort_key)
    select n % 60 + 1, (n % 2 + 1) || '单元', n::text, n % 18 + 1, '住户' || n, '138' || n, lpad(n::text, 10, '0')
    from generate_series(1, ${households}::int) n`.execute(db);
  await sql`
    insert into app_user (name, display_name, role, password_hash)
    select 'user-' || n, '值班员 ' || n, 'operator', '' from generate_series(1, 60) n`.execute(db);
  await sql`vacuum analyze`.execute(db);
}

/** A plan of the size of a large one, with every camera on it. */
export async function fillPlan(db: Db, sha256: string): Promise<number> {
  const { id } = await db
    .insertInto('plan')
    .values({
      ...{
        estate_id: 1,
        name: '总平面图',
        picture_sha256: sha256,
        width_px: 2400,
        height_px: 1500,
        changed_at: new Date(),
      },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await sql`
    insert into plan_camera (plan_id, camera_id, x, y, heading_deg, spread_deg, reach)
    select ${id}, id, 0.04 + (id * 7919 % 1000) / 1087.0, 0.04 + (id * 104729 % 1000) / 1087.0, id * 37 % 360, 70, 0.04
    from camera`.execute(db);
  await sql`
    insert into plan_building (plan_id, building_id, polygon)
    select ${id}, b.id, jsonb_build_array(jsonb_build_array(x, y), jsonb_build_array(x + 0.05, y), jsonb_build_array(x + 0.05, y + 0.04))
    from building b, lateral (select 0.05 + (b.id % 10) * 0.09 as x, 0.05 + (b.id / 10) * 0.14 as y) t`.execute(db);
  return id;
}
