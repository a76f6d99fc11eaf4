-- Custody: who may see which evidence and why they looked, what is held, what has gone by rule, and how right the clocks are.

create table unit (
  id integer generated always as identity primary key,
  name text not null unique,
  sees_all boolean not null default false
);
comment on table unit is 'People who work together, e.g. an enforcement team, and whose cameras they may see.';
comment on column unit.sees_all is 'Every camera, whatever unit_camera and unit_place say.';

create table unit_camera (
  unit_id integer not null references unit on delete cascade,
  camera_id integer not null references camera on delete cascade,
  primary key (unit_id, camera_id)
);
comment on table unit_camera is 'Cameras that a unit may see, one by one.';

create table unit_place (
  unit_id integer not null references unit on delete cascade,
  place text not null check (place <> ''),
  primary key (unit_id, place)
);
comment on table unit_place is 'Places whose cameras a unit may see, those registered later too.';
comment on column unit_place.place is 'What camera.place begins with, e.g. 3号楼.';

alter table app_user add column unit_id integer references unit;
comment on column app_user.unit_id is
  'Its cameras are all that this person may see. Null: all, but no evidence for the role enforcement.';

create table evidence_access (
  id integer generated always as identity primary key,
  user_id integer not null references app_user on delete cascade,
  reason text not null,
  purpose text not null,
  at timestamptz not null,
  expires_at timestamptz not null
);
create index evidence_access_by_user on evidence_access (user_id, id desc);
comment on table evidence_access is 'Why somebody looks at evidence; said once, borne by each entry of the log that tells what they saw.';
comment on column evidence_access.expires_at is 'Then the reason is asked for again.';

create table evidence_hold (
  id integer generated always as identity primary key,
  candidate_id integer,
  reason text not null,
  purpose text not null,
  placed_by integer not null references app_user,
  placed_unit text,
  placed_at timestamptz not null,
  released_by integer references app_user,
  released_at timestamptz,
  release_reason text
);
create index evidence_hold_standing on evidence_hold (candidate_id) where released_at is null and candidate_id is not null;
comment on table evidence_hold is 'While a hold stands, no file of the snapshots it holds is pruned.';
comment on column evidence_hold.candidate_id is 'Holds the snapshots of this item, those to come too.';
comment on column evidence_hold.placed_unit is 'Name of the unit of whoever placed it, at that time.';

create table evidence_hold_snapshot (
  hold_id integer not null references evidence_hold,
  snapshot_id uuid not null,
  primary key (snapshot_id, hold_id)
);
create index evidence_hold_snapshot_by_hold on evidence_hold_snapshot (hold_id);
comment on table evidence_hold_snapshot is 'Snapshots held one by one.';

create table snapshot_pruned (
  snapshot_id uuid primary key,
  pruned_at timestamptz not null,
  rule text not null
);
comment on table snapshot_pruned is 'Snapshots whose files have gone by rule. Their records stay in the log, which has an entry of it.';
comment on column snapshot_pruned.rule is 'violation, dismissed, pulled: the rule of retention that let them go.';

-- Finding whether anything refers to a stored file.
create index look_by_picture on look (picture_sha256) where picture_sha256 is not null;
create index look_by_overlay on look (overlay_sha256) where overlay_sha256 is not null;
create index baseline_by_picture on baseline (picture_sha256);
create index candidate_by_before on candidate (before_sha256);
create index candidate_by_after on candidate (after_sha256);
create index candidate_by_overlay on candidate (overlay_sha256);
create index evidence_stream_by_blob on evidence_stream (blob_sha256) where blob_sha256 is not null;

alter table camera_health add column clock_source text check (clock_source in ('rtcp', 'onvif', 'rtsp_date'));
comment on column camera_health.clock_source is
  'What the offset was measured by: RTCP sender reports (to the network''s delay), ONVIF GetSystemDateAndTime (half a second), '
  'or the Date of an RTSP answer (half a second).';

create table server_clock (
  host text primary key,
  synchronised boolean,
  source text,
  offset_ms double precision,
  checked_at timestamptz not null,
  stepped_at timestamptz,
  stepped_ms integer
);
comment on table server_clock is 'What each machine last knew of its own clock. What changes is in the evidence log too.';
comment on column server_clock.synchronised is 'By NTP or PTP; null where it cannot be told on that machine.';
comment on column server_clock.source is 'Who told: chrony, systemd-timesyncd, ntpd, with the time source where it is named.';
comment on column server_clock.offset_ms is 'The clock minus its time source, where that is told.';
comment on column server_clock.stepped_ms is 'By how much the clock last jumped, at stepped_at.';
