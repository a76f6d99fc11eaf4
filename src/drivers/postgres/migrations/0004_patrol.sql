-- Patrol: routes with their stops and timetables, who holds each turret, what was done with it and what came of it.

alter table camera_lease add column part text not null default 'capture' check (part in ('capture', 'patrol'));
alter table capture_process add column part text not null default 'capture' check (part in ('capture', 'patrol'));
comment on column camera_lease.part is 'capture pulls fixed cameras, patrol drives and pulls PTZ cameras.';
comment on column capture_process.part is 'What the process takes its share of.';

comment on column view.key is
  '''fixed''; for a PTZ camera the ONVIF preset token, with @z and the zoom where a stop sets its own, or at: and the position.';

create table turret (
  camera_id integer primary key references camera on delete cascade,
  park_preset text,
  park_after_s real,
  resume_after_s real,
  phase text not null default 'unknown' check (phase in
    ('unknown', 'resting', 'moving', 'settling', 'looking', 'dwelling', 'held', 'parked', 'unreachable')),
  phase_since timestamptz not null default now(),
  route_id integer,
  stop_id integer,
  position jsonb,
  abilities jsonb,
  stuck_since timestamptz,
  problem text,
  presets_read_at timestamptz
);
comment on table turret is 'What points a PTZ camera: how people set it, and what the patrol process last knew of it.';
comment on column turret.park_preset is 'Where it goes when it has nothing to do (守望); null: it stays where it is.';
comment on column turret.park_after_s is 'Idle time after which it parks; null takes the configured default.';
comment on column turret.resume_after_s is 'Idle time after which a hand''s lease ends; null takes the configured default.';
comment on column turret.position is '{"pan", "tilt", "zoom"} as the device last told.';
comment on column turret.abilities is 'What the device can do, as it last told.';
comment on column turret.stuck_since is 'Since when it has not followed its commands; null: it does.';

create table turret_preset (
  camera_id integer not null references camera on delete cascade,
  token text not null,
  name text not null,
  position jsonb,
  picture_sha256 text,
  pictured_at timestamptz,
  seen_at timestamptz not null,
  missing_since timestamptz,
  primary key (camera_id, token)
);
comment on table turret_preset is 'Directions a camera knows, as it last listed them.';
comment on column turret_preset.picture_sha256 is 'Small picture of what is seen there, privacy areas of its view blackened.';
comment on column turret_preset.missing_since is 'Since when the camera has not listed it any more; null: it does.';

create table patrol_route (
  id integer generated always as identity primary key,
  camera_id integer not null references camera on delete cascade,
  name text not null,
  enabled boolean not null default true,
  priority integer not null default 0,
  random_order boolean not null default false,
  time_zone text,
  windows jsonb not null default '[]',
  version integer not null default 1,
  created_at timestamptz not null default now(),
  unique (camera_id, name)
);
comment on table patrol_route is 'A list of stops that a PTZ camera goes round while its timetable says so.';
comment on column patrol_route.priority is 'Of the routes whose windows are open the highest goes.';
comment on column patrol_route.random_order is 'Each round in a new order; no stop is left out.';
comment on column patrol_route.time_zone is 'IANA zone of the windows; null: the estate''s.';
comment on column patrol_route.windows is '[{"days": [1..7], "from": "HH:MM", "to": "HH:MM"}], Monday 1; an end before or at the beginning is of the next day.';
comment on column patrol_route.version is 'Raised at each change; a writer that saw an older one is told so.';

create table patrol_stop (
  id integer generated always as identity primary key,
  route_id integer not null references patrol_route on delete cascade,
  ordinal integer not null,
  name text not null default '',
  preset text,
  position jsonb,
  dwell_s real not null,
  speed real,
  zoom real,
  judged boolean not null default true,
  view_id integer not null references view on delete cascade
);
create index patrol_stop_by_route on patrol_stop (route_id, ordinal);
create index patrol_stop_by_view on patrol_stop (view_id);
comment on table patrol_stop is 'One entry of a route: where to, for how long, how fast.';
comment on column patrol_stop.preset is 'ONVIF preset token; null: a position is given.';
comment on column patrol_stop.position is '{"pan", "tilt", "zoom"} in the generic normalised spaces; null: a preset is given.';
comment on column patrol_stop.speed is 'Share of the fastest, 0..1; null: the device''s own.';
comment on column patrol_stop.zoom is 'Zoom, 0..1, instead of the preset''s; null: the preset''s.';
comment on column patrol_stop.judged is 'False: visited for the live viewer only.';
comment on column patrol_stop.view_id is 'What is seen there; stops at the same place share it.';

create table turret_lease (
  camera_id integer primary key references camera on delete cascade,
  kind text not null check (kind in ('route', 'system', 'operator', 'enforcement')),
  user_id integer references app_user,
  route_id integer references patrol_route on delete set null,
  purpose text not null default '',
  taken_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table turret_lease is 'Who holds each turret; a lease that expired is anyone''s. A hand goes before the system, the system before a route.';

create table turret_command (
  id bigint generated always as identity primary key,
  camera_id integer not null references camera on delete cascade,
  user_id integer not null references app_user,
  kind text not null check (kind in ('operator', 'enforcement')),
  command jsonb not null,
  asked_at timestamptz not null default now(),
  state text not null default 'waiting' check (state in ('waiting', 'done', 'refused', 'failed')),
  answer jsonb,
  problem_code text,
  problem_details jsonb
);
create index turret_command_waiting on turret_command (camera_id, id) where state = 'waiting';
comment on table turret_command is 'What hands ask of a turret, on the way from the pages to the process that drives it.';
comment on column turret_command.problem_code is 'A code of the error table.';

create function notify_turret() returns trigger language plpgsql as $$
begin
  perform pg_notify('sentinel_turret', coalesce(new.camera_id, old.camera_id)::text);
  return null;
end $$;
create trigger turret_command_notify after insert on turret_command for each row execute function notify_turret();
create trigger turret_lease_notify after insert or update of kind, user_id, route_id or delete on turret_lease
  for each row execute function notify_turret();
create trigger patrol_route_notify after insert or update or delete on patrol_route for each row execute function notify_turret();

create table turret_log (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  camera_id integer not null references camera on delete cascade,
  kind text not null check (kind in ('route', 'system', 'operator', 'enforcement')),
  user_id integer references app_user,
  route_id integer,
  by_name text not null,
  action text not null,
  details jsonb not null default '{}',
  outcome text not null check (outcome in ('done', 'refused', 'failed')),
  problem text
);
create index turret_log_by_camera on turret_log (camera_id, id desc);
create index turret_log_by_time on turret_log (at);
comment on table turret_log is 'Every command a turret was given and every change of its holder: who, what, why, and what came of it.';
comment on column turret_log.by_name is 'The person''s or the route''s name at that time.';

create table patrol_visit (
  id bigint generated always as identity primary key,
  camera_id integer not null references camera on delete cascade,
  route_id integer references patrol_route on delete cascade,
  stop_id integer,
  view_id integer not null references view on delete cascade,
  began_at timestamptz not null,
  outcome text not null check (outcome in ('looked', 'not_settled', 'pose', 'stuck', 'failed', 'interrupted')),
  move_ms integer,
  settle_ms integer,
  looked_at timestamptz,
  dx_px real,
  dy_px real,
  recentred boolean not null default false,
  problem text
);
create index patrol_visit_by_route on patrol_visit (route_id, id desc);
create index patrol_visit_by_view on patrol_visit (view_id, began_at);
create index patrol_visit_by_time on patrol_visit (began_at);
comment on table patrol_visit is 'One try at one stop.';
comment on column patrol_visit.move_ms is 'From the command until the turret stood still, by its own word or the picture''s.';
comment on column patrol_visit.settle_ms is 'From then until the picture was believed.';
comment on column patrol_visit.dx_px is 'Offset of the picture from the view''s reference as it arrived, in pixels of a look.';

create table patrol_test_run (
  id integer generated always as identity primary key,
  route_id integer not null references patrol_route on delete cascade,
  user_id integer not null references app_user,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'cancelled', 'failed')),
  asked_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  problem text,
  progress jsonb not null default '[]'
);
create unique index patrol_test_run_open on patrol_test_run (route_id) where state in ('waiting', 'running');
comment on table patrol_test_run is 'One round of a route that a person asked to see, whatever the time.';
comment on column patrol_test_run.progress is '[{"stopId", "name", "outcome", "moveS", "settleS", "offset", "problem"}] in the order of the round.';
create function notify_test_run() returns trigger language plpgsql as $$
begin
  perform pg_notify('sentinel_turret', (select camera_id::text from patrol_route where id = new.route_id));
  return null;
end $$;
create trigger patrol_test_run_notify after insert or update of state on patrol_test_run
  for each row execute function notify_test_run();

create table operator_task (
  id integer generated always as identity primary key,
  kind text not null check (kind in ('pose', 'stuck', 'preset_missing')),
  camera_id integer not null references camera on delete cascade,
  view_id integer references view on delete cascade,
  subject text not null default '',
  state text not null default 'open' check (state in ('open', 'closed')),
  opened_at timestamptz not null,
  last_seen_at timestamptz not null,
  times integer not null default 1,
  details jsonb not null default '{}',
  closed_at timestamptz,
  closed_by integer references app_user,
  note text not null default ''
);
create unique index operator_task_open on operator_task (kind, camera_id, coalesce(view_id, 0), subject) where state = 'open';
create index operator_task_by_state on operator_task (state, id desc);
comment on table operator_task is 'What only a person can mend; one open task a thing.';
comment on column operator_task.subject is 'What it is about beside camera and view, e.g. a preset''s token.';
comment on column operator_task.closed_by is 'Null: it went away by itself.';
