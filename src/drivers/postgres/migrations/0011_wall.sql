-- The wall: stills of views, what each screen shows, the machines that show screens, and which alerts somebody has seen.

-- Unlogged: a still is worth nothing after a crash, and hundreds a minute would otherwise fill the write-ahead log.
create unlogged table still (
  view_id integer primary key references view on delete cascade,
  captured_at timestamptz not null,
  version integer not null,
  jpeg bytea not null
);
alter table still alter column jpeg set storage external;
comment on table still is 'The newest picture of a view that somebody looks at, privacy masks burned in; one a view, never evidence.';
comment on column still.captured_at is 'When the camera''s picture arrived, UTC.';
comment on column still.version is 'view.baseline_version whose masks were burned in; with another, a view that has privacy masks shows no still.';
comment on column still.jpeg is 'The picture at the size of a look.';

create unlogged table still_wish (
  view_id integer primary key references view on delete cascade,
  until timestamptz not null
);
comment on table still_wish is 'Views whose stills are being looked at: only of these is every look kept as a still.';
comment on column still_wish.until is 'The wish ends by itself; pages renew it while they show the view.';

create table screen (
  number integer primary key check (number between 1 and 20),
  name text not null default '',
  layout jsonb not null,
  version integer not null default 1,
  changed_at timestamptz not null,
  changed_by integer references app_user
);
comment on table screen is 'What a screen of the wall shows, as it was assigned; one without a row shows the default.';
comment on column screen.number is 'Of its address, /wall/<number>.';
comment on column screen.name is 'Where it hangs, in the control room''s words; may be empty.';
comment on column screen.layout is 'ScreenLayout of the HTTP contract.';
comment on column screen.version is 'Raised at each change; a page that shows another version fetches anew.';

create table wall_machine (
  id integer generated always as identity primary key,
  name text not null,
  paired_by integer not null references app_user,
  paired_at timestamptz not null,
  seen_at timestamptz not null
);
comment on table wall_machine is 'A computer that shows screens of the wall without anybody signed in; removing it ends its session.';
comment on column wall_machine.name is 'Told apart by; given when it was paired.';
comment on column wall_machine.seen_at is 'Last word of it, to the minute.';

alter table session add column machine_id integer references wall_machine on delete cascade;
comment on column session.machine_id is 'The machine of the wall whose session this is; null: a person''s.';
create index session_by_machine on session (machine_id) where machine_id is not null;

create table wall_pairing (
  code text primary key,
  secret_digest bytea not null unique,
  screen integer not null check (screen between 1 and 20),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  machine_id integer references wall_machine on delete cascade
);
comment on table wall_pairing is 'A machine that asks to show screens: its code stands on the screen until an administrator types it in.';
comment on column wall_pairing.code is 'What is typed in; letters and digits that are hard to confuse.';
comment on column wall_pairing.secret_digest is 'SHA-256 of what only the waiting page knows, and fetches its session with.';
comment on column wall_pairing.screen is 'The screen whose page asks.';
comment on column wall_pairing.machine_id is 'Set once the code was typed in.';

create unlogged table screen_report (
  page uuid primary key,
  screen integer not null check (screen between 1 and 20),
  user_id integer not null references app_user on delete cascade,
  machine_id integer references wall_machine on delete cascade,
  connected_since timestamptz not null,
  seen_at timestamptz not null,
  width_px integer not null,
  height_px integer not null,
  pixel_ratio real not null,
  frames_per_s real,
  version integer not null
);
create index screen_report_by_screen on screen_report (screen, seen_at desc);
comment on table screen_report is 'What each open page of a screen last said of itself.';
comment on column screen_report.page is 'The page''s own number; loaded anew it has another.';
comment on column screen_report.connected_since is 'Since when it has reported without a break.';
comment on column screen_report.width_px is 'Of the page, in CSS pixels; times pixel_ratio it is the screen''s own.';
comment on column screen_report.frames_per_s is 'Pictures the browser drew a second since the last report, measured by requestAnimationFrame; null while hidden.';
comment on column screen_report.version is 'screen.version it shows.';

create table acknowledgement (
  id integer generated always as identity primary key,
  candidate_id integer not null references candidate on delete cascade,
  user_id integer not null references app_user,
  at timestamptz not null,
  undone_at timestamptz
);
create unique index acknowledgement_standing on acknowledgement (candidate_id) where undone_at is null;
comment on table acknowledgement is 'Who has seen an alert, so that screens stop sounding for it; it decides nothing. Append-only but for the undo stamp.';
comment on column acknowledgement.undone_at is 'Taken back by the one who gave it, or by an administrator.';
