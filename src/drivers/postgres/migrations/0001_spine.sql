-- The spine: cameras, views, looks, candidates, people. Times are timestamptz in UTC; fractions are of the picture.

create table estate (
  id integer generated always as identity primary key,
  name text not null,
  time_zone text not null
);
comment on table estate is 'A housing estate; one installation watches one or more.';
comment on column estate.name is 'Shown to people.';
comment on column estate.time_zone is 'IANA zone in which every time of this estate is shown, e.g. Asia/Shanghai.';

create table credential (
  id integer generated always as identity primary key,
  name text not null unique,
  username text not null,
  secret_sealed bytea not null,
  updated_at timestamptz not null default now()
);
comment on table credential is 'Camera logins, apart from the cameras so that no URL carries one.';
comment on column credential.name is 'How camera files refer to it.';
comment on column credential.secret_sealed is 'Password, AES-256-GCM: 12-byte nonce, ciphertext, 16-byte tag; the name is the associated data.';

create table camera (
  id integer generated always as identity primary key,
  estate_id integer not null references estate,
  key text not null,
  name text not null,
  place text not null default '',
  kind text not null default 'fixed' check (kind in ('fixed', 'ptz')),
  main_url text,
  sub_url text,
  onvif_url text,
  credential_id integer references credential,
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (estate_id, key),
  check (main_url is not null or sub_url is not null or onvif_url is not null)
);
comment on table camera is 'A registered camera.';
comment on column camera.key is 'Stable name in import files; importing again finds the camera by it.';
comment on column camera.place is 'Where it hangs, in the estate''s words, e.g. 3号楼屋顶.';
comment on column camera.main_url is 'RTSP URL of the main stream (evidence), without credentials.';
comment on column camera.sub_url is 'RTSP URL of the sub-stream (looking), without credentials.';
comment on column camera.onvif_url is 'ONVIF device service address, without credentials.';

create table camera_health (
  camera_id integer primary key references camera on delete cascade,
  state text not null default 'unknown'
    check (state in ('unknown', 'online', 'offline', 'frozen', 'wrong_codec', 'unauthorised')),
  since timestamptz not null default now(),
  reason text,
  last_frame_at timestamptz,
  codec text,
  width_px integer,
  height_px integer,
  clock_offset_ms integer,
  clock_measured_at timestamptz,
  errors bigint not null default 0,
  last_error text,
  last_error_at timestamptz
);
comment on table camera_health is 'What capture last knew of each camera.';
comment on column camera_health.since is 'When the present state began.';
comment on column camera_health.clock_offset_ms is 'Camera clock minus server clock.';
comment on column camera_health.errors is 'Errors counted since registration; reported, never logged one by one.';

create table camera_lease (
  camera_id integer primary key references camera on delete cascade,
  holder text not null,
  expires_at timestamptz not null
);
comment on table camera_lease is 'Which capture process pulls a camera; a lease that expired is anyone''s.';

create table capture_process (
  holder text primary key,
  seen_at timestamptz not null
);
comment on table capture_process is 'Living capture processes, so that each takes its share of the cameras.';

create table view (
  id integer generated always as identity primary key,
  camera_id integer not null references camera on delete cascade,
  key text not null default 'fixed',
  name text not null,
  cadence_s real,
  state text not null default 'learning' check (state in ('learning', 'proposed', 'watching', 'paused')),
  learning_since timestamptz not null default now(),
  persistence_rule jsonb,
  min_score real,
  baseline_version integer not null default 0,
  last_look_at timestamptz,
  last_judged_at timestamptz,
  last_look_id bigint,
  not_judged_reason text,
  not_judged_since timestamptz,
  unique (camera_id, key)
);
comment on table view is 'What a camera sees when it holds still: one for a fixed camera, one a preset for a PTZ camera.';
comment on column view.key is '''fixed'', or the ONVIF preset token.';
comment on column view.cadence_s is 'Seconds between looks; null takes the configured default.';
comment on column view.state is 'learning: gathering lawful pictures; proposed: waiting for a person to accept them; watching; paused.';
comment on column view.persistence_rule is '{"found": K, "of": N, "spanS": T} for this view; null takes the configured default.';
comment on column view.min_score is 'Region score from which this view reports; null takes the model''s default.';
comment on column view.baseline_version is 'Raised whenever the accepted baselines or masks change, so that processes reload them.';
comment on column view.not_judged_reason is 'Why the newest look could not be judged; null when it was.';

create table mask (
  id integer generated always as identity primary key,
  view_id integer not null references view on delete cascade,
  kind text not null check (kind in ('privacy', 'ignore', 'watch')),
  name text not null default '',
  polygon jsonb not null,
  persistence_rule jsonb,
  created_at timestamptz not null default now()
);
comment on table mask is 'Areas of a view: privacy is burned in before anything is stored, ignore is not compared, watch carries its own rule.';
comment on column mask.polygon is '[[x, y], ...] in fractions.';
comment on column mask.persistence_rule is 'For watch areas such as a fire lane: overrides the view''s rule where a region touches the area.';

create table look (
  id bigint generated always as identity primary key,
  view_id integer not null references view on delete cascade,
  captured_at timestamptz not null,
  result text not null check (result in ('pending', 'learning', 'unchanged', 'changed', 'not_judged', 'superseded')),
  reason text,
  stage text not null check (stage in ('capture', 'gate', 'network')),
  gate_score real,
  max_score real,
  regions jsonb,
  pose_dx_px real,
  pose_dy_px real,
  pose_residual_px real,
  lighting text,
  picture_sha256 text,
  overlay_sha256 text,
  model_sha256 text,
  compare_ms real,
  judged_at timestamptz
);
create index look_by_view on look (view_id, id desc);
create index look_pending on look (view_id, id desc) where result = 'pending';
create index look_by_time on look (captured_at);
comment on table look is 'One visit to a view and what came of it.';
comment on column look.result is 'pending waits for a comparison; superseded gave way to a newer look of the view before it was compared.';
comment on column look.reason is 'Why the look could not be judged.';
comment on column look.stage is 'How far it went: capture (unfit), gate (seen unchanged at thumbnail size), network.';
comment on column look.gate_score is 'Largest tile dissimilarity to the nearest baseline, 0..2 (1 - normalised correlation).';
comment on column look.regions is '[{"score", "box", "polygon", "areaFraction"}] in fractions of the picture.';
comment on column look.picture_sha256 is 'JPEG in the blob store, privacy masks burned in; null for looks that ended at the gate or were pruned.';

create table baseline (
  id integer generated always as identity primary key,
  view_id integer not null references view on delete cascade,
  look_id bigint,
  picture_sha256 text not null,
  thumbnail bytea not null,
  lighting text not null,
  captured_at timestamptz not null,
  state text not null check (state in ('proposed', 'accepted', 'removed')),
  origin text not null check (origin in ('learning', 'verdict', 'relearned')),
  polygon jsonb,
  decided_by integer,
  decided_at timestamptz
);
create index baseline_by_view on baseline (view_id, state);
comment on table baseline is 'Dated pictures of a view that a person has accepted as lawful.';
comment on column baseline.thumbnail is 'Grey picture of the gate''s size, one byte a pixel.';
comment on column baseline.polygon is 'Null: the whole picture is lawful. Otherwise only this place is (a permitted or false-alarm verdict).';
comment on column baseline.decided_by is 'Who accepted or removed it.';

create table app_user (
  id integer generated always as identity primary key,
  name text not null unique,
  display_name text not null default '',
  password_hash text not null,
  role text not null check (role in ('viewer', 'operator', 'enforcement', 'admin')),
  disabled boolean not null default false,
  created_at timestamptz not null default now()
);
comment on table app_user is 'People who sign in.';
comment on column app_user.password_hash is 'Argon2id in PHC form.';

alter table baseline add foreign key (decided_by) references app_user;

create table session (
  id_sha256 bytea primary key,
  user_id integer not null references app_user on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index session_by_user on session (user_id, created_at);
comment on table session is 'Signed-in browsers. The cookie''s value is never stored, only its digest.';

create table api_token (
  id integer generated always as identity primary key,
  user_id integer not null references app_user on delete cascade,
  name text not null,
  token_sha256 bytea not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz
);
comment on table api_token is 'Tokens for programs; each acts with its user''s role.';

create table candidate (
  id integer generated always as identity primary key,
  view_id integer not null references view on delete cascade,
  state text not null default 'open' check (state in ('open', 'decided')),
  severity text not null default 'normal' check (severity in ('normal', 'urgent')),
  box jsonb not null,
  polygon jsonb not null,
  score real not null,
  occurrences integer not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  raised_at timestamptz not null,
  raised_by_look_id bigint not null,
  machine_result jsonb not null,
  before_sha256 text,
  after_sha256 text,
  overlay_sha256 text,
  claimed_by integer references app_user,
  claimed_until timestamptz,
  verdict text check (verdict in ('violation', 'false_alarm', 'permitted', 'duplicate', 'transferred')),
  verdict_id integer,
  version integer not null default 1
);
create index candidate_open on candidate (view_id) where state = 'open';
create index candidate_by_state on candidate (state, id desc);
comment on table candidate is 'One suspected structure: regions that stayed. One open item per place.';
comment on column candidate.severity is 'urgent where a region touches a watch area such as a fire lane.';
comment on column candidate.occurrences is 'Judged looks in which the place was found changed.';
comment on column candidate.machine_result is 'What the machine said when it raised the item; never changed.';
comment on column candidate.claimed_until is 'A claim ends by itself; two people never hold one item.';
comment on column candidate.version is 'Raised at each change; a writer that saw an older one is told so.';

create table verdict (
  id integer generated always as identity primary key,
  candidate_id integer not null references candidate on delete cascade,
  verdict text not null check (verdict in ('violation', 'false_alarm', 'permitted', 'duplicate', 'transferred')),
  reason text not null default '',
  duplicate_of integer references candidate,
  decided_by integer not null references app_user,
  decided_at timestamptz not null,
  undone_by integer references app_user,
  undone_at timestamptz,
  baseline_id integer references baseline
);
create index verdict_by_candidate on verdict (candidate_id, id);
comment on table verdict is 'What people said of a candidate, append-only but for the undo stamps.';
comment on column verdict.baseline_id is 'The place made lawful by a permitted or false-alarm verdict.';

create table evidence_stream (
  id integer generated always as identity primary key,
  candidate_id integer not null references candidate on delete cascade,
  state text not null check (state in ('wanted', 'kept', 'failed')),
  stream text check (stream in ('main', 'sub')),
  codec text,
  blob_sha256 text,
  units jsonb,
  captured_at timestamptz,
  attempts integer not null default 0,
  not_before timestamptz not null default now(),
  problem text
);
create index evidence_stream_wanted on evidence_stream (not_before) where state = 'wanted';
comment on table evidence_stream is 'The untouched group of pictures of the main stream kept with a candidate.';
comment on column evidence_stream.blob_sha256 is 'Access units as the camera sent them (Annex B), one after another.';
comment on column evidence_stream.units is '[{"sha256", "bytes", "rtpTimestamp", "arrivedAtMs", "isKey"}] in order.';

create table event (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  kind text not null,
  data jsonb not null
);
create index event_by_time on event (at);
comment on table event is 'What happened, for pages and programs that listen; ids only grow.';

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  user_id integer references app_user,
  action text not null,
  subject text not null,
  details jsonb not null default '{}'
);
create index audit_by_time on audit (at);
comment on table audit is 'Who did what.';

create function notify_event() returns trigger language plpgsql as $$
begin
  perform pg_notify('sentinel_event', new.id::text);
  return null;
end $$;
create trigger event_notify after insert on event for each row execute function notify_event();
