-- What each view's own pictures say of the threshold it reports from, and what it can see at all.

alter table view add column calibrated_score real;
comment on column view.calibrated_score is 'Region score from which this view reports by its own unchanged pictures; null until reckoned. A person''s min_score goes before it.';
alter table view add column calibration jsonb;
comment on column view.calibration is 'What calibrated_score was reckoned from: {"at", "version", "modelSha256", "modelScore", "pictures": [{"baselineId", "score"}], "looks", "highestLook", "sinceLookId"}.';

create table drill (
  id integer generated always as identity primary key,
  view_id integer not null references view on delete cascade,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  asked_by integer references app_user,
  asked_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  leased_until timestamptz,
  attempts integer not null default 0,
  steps_done integer not null default 0,
  steps integer not null default 0,
  conditions jsonb,
  findings jsonb not null default '[]',
  pictures jsonb not null default '[]',
  picture_day_sha256 text,
  picture_dusk_sha256 text,
  picture_night_sha256 text,
  problem text
);
create unique index drill_one_open on drill (view_id) where state in ('waiting', 'running');
create index drill_by_view on drill (view_id, id desc);
create index drill_open on drill (id) where state in ('waiting', 'running');
comment on table drill is 'Structures drawn into a view''s own lawful pictures: which of them would be found.';
comment on column drill.asked_by is 'Who asked for it; null from the command line.';
comment on column drill.leased_until is 'Whoever works on it has it until then; afterwards another takes it up where it stopped.';
comment on column drill.steps is 'Kinds of structure times lightings of the view, told when the work begins.';
comment on column drill.conditions is '{"baselineVersion", "modelSha256", "minScore"}: findings are gone on from only under the same.';
comment on column drill.findings is '[{"light", "kind", "smallest", "trials": [{"areaFraction", "found", "of"}]}], one a step that is done.';
comment on column drill.pictures is '[{"light", "baselineId", "drawn": [{"kind", "areaFraction", "found", "box"}]}]: what the pictures show.';
comment on column drill.picture_day_sha256 is 'JPEG: a lawful picture by day with every kind in it, at the smallest size found or the largest tried.';
