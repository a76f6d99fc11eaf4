-- What the review desk needs: what comes first, who has seen what, who looks live, and consoles that lock.

alter table candidate drop constraint candidate_severity_check;
update candidate set severity = 'safety' where severity = 'urgent';
alter table candidate add constraint candidate_severity_check check (severity in ('safety', 'high', 'normal'));
comment on column candidate.severity is
  'safety where a region touches a watch area such as a fire lane, high where it is plain and large; it only ever rises.';
alter table candidate add column severity_rank smallint not null
  generated always as (case severity when 'safety' then 2 when 'high' then 1 else 0 end) stored;
comment on column candidate.severity_rank is 'severity to sort by: the gravest highest.';
drop index candidate_urgent;
create index candidate_by_severity on candidate (state, severity_rank desc, raised_at desc, id desc);

-- The strip of looks around an item: pictures of a view between two times.
create index look_pictured on look (view_id, captured_at desc) where picture_sha256 is not null;

create table candidate_seen (
  user_id integer not null references app_user on delete cascade,
  candidate_id integer not null references candidate on delete cascade,
  seen_at timestamptz not null,
  primary key (user_id, candidate_id)
);
create index candidate_seen_by_candidate on candidate_seen (candidate_id);
create index candidate_seen_by_time on candidate_seen (user_id, seen_at desc);
comment on table candidate_seen is 'Who has looked at an item: a mark of one''s own, beside the verdict that all share.';
comment on column candidate_seen.seen_at is 'The first time.';

create table live_sitting (
  id bigint generated always as identity primary key,
  user_id integer not null references app_user on delete cascade,
  camera_id integer not null references camera on delete cascade,
  began_at timestamptz not null,
  seen_until timestamptz not null,
  unique (user_id, camera_id)
);
create index live_sitting_by_end on live_sitting (seen_until);
comment on table live_sitting is
  'Who looks at which camera live at this moment. A sitting that has ended becomes one line of the audit log.';
comment on column live_sitting.seen_until is
  'The last moment it is known to have gone on; one that was not prolonged for a few minutes has ended then.';

alter table session add column active_at timestamptz not null default now();
comment on column session.active_at is 'When somebody last touched the page: after a time without it the session locks.';
alter table session add column locked_at timestamptz;
comment on column session.locked_at is 'Locked by hand; the password opens it again.';
