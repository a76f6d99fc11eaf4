-- The console: the estate's buildings and households, plans on which everything has its place, and an audit that is searched.

create table building (
  id integer generated always as identity primary key,
  estate_id integer not null references estate on delete cascade,
  name text not null check (name <> ''),
  storeys integer check (storeys between 1 and 200),
  note text not null default '',
  sort_key text not null,
  unique (estate_id, name)
);
create index building_by_order on building (estate_id, sort_key, id);
comment on table building is 'A building of an estate, e.g. 3号楼.';
comment on column building.storeys is 'Above ground; null where it is not known.';
comment on column building.sort_key is 'The name with its numbers padded, so that 10号楼 comes after 9号楼.';

create table household (
  id integer generated always as identity primary key,
  building_id integer not null references building on delete cascade,
  entrance text not null default '',
  number text not null check (number <> ''),
  storey integer check (storey between -20 and 200),
  resident text not null default '',
  phone text not null default '',
  note text not null default '',
  sort_key text not null,
  unique (building_id, entrance, number)
);
create index household_by_order on household (building_id, sort_key, id);
comment on table household is 'A flat or house, and who lives there: personal data, kept from those who only view.';
comment on column household.entrance is 'The building''s unit (单元) through which it is entered; empty where the building has but one.';
comment on column household.number is 'Its number (室号), e.g. 1202.';
comment on column household.sort_key is 'Entrance and number with their numbers padded.';

create table plan (
  id integer generated always as identity primary key,
  estate_id integer not null references estate on delete cascade,
  name text not null check (name <> ''),
  position integer not null default 0,
  picture_sha256 text not null,
  width_px integer not null,
  height_px integer not null,
  changed_at timestamptz not null
);
create index plan_by_picture on plan (picture_sha256);
comment on table plan is 'A picture of the site or of a storey, on which buildings and cameras have their places.';
comment on column plan.position is 'Order in which plans are offered; the first is shown.';
comment on column plan.picture_sha256 is 'JPEG in the blob store, made anew from what was uploaded.';

create table plan_camera (
  plan_id integer not null references plan on delete cascade,
  camera_id integer not null references camera on delete cascade,
  x real not null check (x between 0 and 1),
  y real not null check (y between 0 and 1),
  heading_deg real not null check (heading_deg >= 0 and heading_deg < 360),
  spread_deg real not null check (spread_deg between 1 and 360),
  reach real not null check (reach > 0 and reach <= 1),
  primary key (plan_id, camera_id)
);
create index plan_camera_by_camera on plan_camera (camera_id);
comment on table plan_camera is 'Where a camera hangs and where it looks.';
comment on column plan_camera.x is 'Fraction of the picture''s width from the left; y of its height from the top.';
comment on column plan_camera.heading_deg is 'Where it looks: 0 is up on the picture, clockwise.';
comment on column plan_camera.spread_deg is 'Its horizontal field of view.';
comment on column plan_camera.reach is 'How far it sees, as a fraction of the picture''s width.';

create table plan_view (
  plan_id integer not null references plan on delete cascade,
  view_id integer not null references view on delete cascade,
  polygon jsonb not null,
  primary key (plan_id, view_id)
);
create index plan_view_by_view on plan_view (view_id);
comment on table plan_view is 'The area that a view sees, where a cone says too little.';
comment on column plan_view.polygon is '[[x, y], ...] in fractions of the plan''s picture.';

create table plan_building (
  plan_id integer not null references plan on delete cascade,
  building_id integer not null references building on delete cascade,
  polygon jsonb not null,
  primary key (plan_id, building_id)
);
create index plan_building_by_building on plan_building (building_id);
comment on table plan_building is 'The outline of a building on a plan, in fractions of its picture.';

-- Who did what, searched by who, what and to which thing, newest first.
create index audit_by_user on audit (user_id, id desc);
create index audit_by_action on audit (action, id desc);
create index audit_by_subject on audit (subject, id desc);
