-- Evidence packages: who asked for which, how far the work is, and what came of it.

create table evidence_package (
  id uuid primary key,
  state text not null default 'waiting' check (state in ('waiting', 'working', 'ready', 'failed', 'removed')),
  wish jsonb not null,
  snapshot_count integer not null,
  created_by integer not null references app_user,
  created_at timestamptz not null,
  step text not null default 'gathering' check (step in ('gathering', 'making', 'sealing', 'writing', 'checking')),
  progress real not null default 0,
  attempts integer not null default 0,
  not_before timestamptz not null,
  problem text,
  entry bigint,
  parts jsonb,
  finished_at timestamptz,
  expires_at timestamptz
);
create index evidence_package_due on evidence_package (not_before) where state in ('waiting', 'working');
create index evidence_package_by_user on evidence_package (created_by, created_at desc);
create index evidence_package_by_time on evidence_package (created_at desc);
create index evidence_package_expired on evidence_package (expires_at) where state = 'ready';
comment on table evidence_package is 'Evidence packages asked for. That one was made, and for whom, stands in the evidence log as well.';
comment on column evidence_package.state is 'removed: its files are gone, after their time or on request.';
comment on column evidence_package.wish is 'What was asked for: snapshots, person, reason, purpose, recipient, contents, marks, size of parts.';
comment on column evidence_package.step is 'What is being done, or was when it ended.';
comment on column evidence_package.progress is 'Of the step, 0 to 1.';
comment on column evidence_package.not_before is 'While somebody works on it: until when nobody else may take it over.';
comment on column evidence_package.problem is 'Code of the error it failed with.';
comment on column evidence_package.entry is 'The entry of the evidence log that says that it was made.';
comment on column evidence_package.parts is '[{"name", "bytes", "sha256"}] in order.';
comment on column evidence_package.expires_at is 'When its files go.';
