-- The evidence log: an append-only Merkle tree (RFC 6962), its signed heads, and where each snapshot stands in it.

create table log_entry (
  seq bigint primary key,
  kind text not null,
  at timestamptz not null,
  entry text not null,
  body text not null,
  nodes bytea not null
);
create index log_entry_of_log on log_entry (seq) where kind in ('log.begun', 'key.accepted', 'log.cut_found');
create index log_entry_by_time on log_entry using brin (at);
comment on table log_entry is 'The evidence log. Rows are only ever added, each in the transaction of what it tells of.';
comment on column log_entry.seq is 'Index of the leaf, from 0 without gaps; given by the trigger.';
comment on column log_entry.kind is 'As in the entry; set by the trigger.';
comment on column log_entry.at is 'As in the entry; set by the trigger.';
comment on column log_entry.entry is 'Canonical JSON (RFC 8785) whose UTF-8 bytes are the leaf: kind, time, SHA-256 of the body.';
comment on column log_entry.body is 'Canonical JSON of what the entry tells.';
comment on column log_entry.nodes is
  'Hashes of 32 bytes, one after another: this leaf, then of each complete subtree of which it is the last leaf, upwards. '
  'The subtree (level, index) stands in row (index + 1) * 2^level - 1, so a proof reads a few rows and an append one or two.';

create table log_subject (
  subject text not null,
  entry bigint not null,
  primary key (subject, entry)
);
comment on table log_subject is 'Finds the entries that tell of a thing; made of what the entries say.';
comment on column log_subject.subject is 'snapshot:<uuid>, candidate:<id>, view:<id>, …';
comment on column log_subject.entry is 'log_entry.seq.';

create table log_tree_head (
  id integer generated always as identity primary key,
  size bigint not null,
  head text not null,
  signature text not null
);
create index log_tree_head_by_size on log_tree_head (size, id);
comment on table log_tree_head is 'Signed heads, in the order they were signed.';
comment on column log_tree_head.size is 'Entries under the head.';
comment on column log_tree_head.head is 'Canonical JSON: log, size, root, time, key.';
comment on column log_tree_head.signature is 'Ed25519 in base64 over the line sentinel-tree-head/1, a line feed, and the head.';

create table log_timestamp (
  id integer generated always as identity primary key,
  head_id integer not null,
  authority text not null,
  gen_time timestamptz not null,
  token bytea not null
);
create index log_timestamp_by_head on log_timestamp (head_id);
comment on table log_timestamp is 'Time stamps of an outside authority (RFC 3161) over signed heads.';
comment on column log_timestamp.head_id is 'log_tree_head.id; the stamp is over the bytes that the head''s signature is over.';
comment on column log_timestamp.authority is 'Host of the authority.';
comment on column log_timestamp.gen_time is 'The authority''s time.';
comment on column log_timestamp.token is 'TimeStampToken in DER.';

create table snapshot (
  id uuid primary key,
  entry bigint not null unique,
  cause text not null check (cause in ('raised', 'decided', 'undone', 'pulled', 'stream')),
  sealed_at timestamptz not null,
  camera_id integer not null,
  view_id integer not null,
  candidate_id integer,
  verdict_id integer,
  follows uuid,
  stream_state text not null check (stream_state in ('kept', 'wanted', 'failed', 'standing', 'none'))
);
create index snapshot_by_candidate on snapshot (candidate_id, entry) where candidate_id is not null;
create index snapshot_by_view on snapshot (view_id, entry);
create index snapshot_by_camera on snapshot (camera_id, entry);
create index snapshot_by_time on snapshot (sealed_at, entry);
create index snapshot_by_followed on snapshot (follows) where follows is not null;
comment on table snapshot is 'Where each sealed record stands in the log. It refers to nothing: evidence outlives what it tells of.';
comment on column snapshot.entry is 'log_entry.seq; its body is the record.';
comment on column snapshot.verdict_id is 'The decision it was sealed with.';
comment on column snapshot.follows is 'The record of the same matter before this one.';
comment on column snapshot.stream_state is 'kept: the camera''s own bytes are in it; wanted: a further record follows; failed: they could not be had; '
  'standing: an earlier record''s; none: none asked for.';

create table snapshot_file (
  sha256 text not null,
  snapshot_id uuid not null,
  role text not null,
  primary key (sha256, snapshot_id, role)
);
create index snapshot_file_by_snapshot on snapshot_file (snapshot_id);
comment on table snapshot_file is 'The stored files a snapshot names; none of them may be pruned while it is kept.';
comment on column snapshot_file.role is 'stream, still, after, before, overlay, baseline or look.';

-- A wish for the main stream belongs to the record that made it, of a candidate or not.
alter table evidence_stream alter column candidate_id drop not null;
alter table evidence_stream add column snapshot_id uuid;
alter table evidence_stream add column view_id integer references view on delete cascade;
update evidence_stream e set view_id = c.view_id from candidate c where c.id = e.candidate_id;
alter table evidence_stream alter column view_id set not null;
create index evidence_stream_by_candidate on evidence_stream (candidate_id, id) where candidate_id is not null;
comment on column evidence_stream.snapshot_id is 'The record that wished for it; null for one raised before records were sealed.';
comment on column evidence_stream.view_id is 'The view that must be in the picture.';

-- Appending. One at a time: the lock is held to the end of the transaction, so numbers have no gaps and no two
-- processes build on one tree. A transaction appends last, and ends. Queries here see what was committed before them.
create function log_entry_append() returns trigger language plpgsql as $$
declare
  said jsonb := new.entry::jsonb;
  hash bytea := sha256('\x00'::bytea || convert_to(new.entry, 'UTF8'));
  sibling bytea;
  index bigint;
  level integer := 0;
begin
  if said ->> 'bodySha256' is distinct from encode(sha256(convert_to(new.body, 'UTF8')), 'hex') then
    raise exception 'the entry does not bear the digest of its body' using errcode = 'check_violation';
  end if;
  perform pg_advisory_xact_lock(7236042);
  select coalesce(max(seq) + 1, 0) into new.seq from log_entry;
  new.kind := said ->> 'kind';
  new.at := (said ->> 'at')::timestamptz;
  new.nodes := hash;
  index := new.seq;
  while index % 2 = 1 loop
    select substr(nodes, level * 32 + 1, 32) into strict sibling from log_entry where seq = (index << level) - 1;
    hash := sha256('\x01'::bytea || sibling || hash);
    new.nodes := new.nodes || hash;
    index := index / 2;
    level := level + 1;
  end loop;
  return new;
end $$;
create trigger log_entry_append before insert on log_entry for each row execute function log_entry_append();
alter table log_entry enable always trigger log_entry_append;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are only ever added', tg_table_name using errcode = 'insufficient_privilege';
end $$;

do $$
declare
  name text;
begin
  foreach name in array array['log_entry', 'log_subject', 'log_tree_head', 'log_timestamp', 'snapshot', 'snapshot_file'] loop
    execute format('create trigger %1$s_keep before update or delete on %1$s for each row execute function refuse_change()', name);
    execute format('create trigger %1$s_keep_all before truncate on %1$s for each statement execute function refuse_change()', name);
    execute format('alter table %1$s enable always trigger %1$s_keep', name);
    execute format('alter table %1$s enable always trigger %1$s_keep_all', name);
    execute format('revoke update, delete, truncate on %1$s from public, current_user', name);
  end loop;
end $$;

with log as (
  select format('{"format":"sentinel-log/1","logId":"%s","tree":"rfc6962-sha256"}', gen_random_uuid()) as body
)
insert into log_entry (entry, body)
select format(
  '{"at":"%s","bodySha256":"%s","format":"sentinel-log-entry/1","kind":"log.begun"}',
  to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  encode(sha256(convert_to(body, 'UTF8')), 'hex')), body
from log;
