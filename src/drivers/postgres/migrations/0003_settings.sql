-- What the installation itself must remember, and which estate is only a simulation.

create table setting (
  key text primary key,
  value jsonb not null
);
comment on table setting is 'What the installation remembers about itself, e.g. when its simulation first began.';

alter table estate add column simulated boolean not null default false;
comment on column estate.simulated is 'Its cameras are the built-in simulation; only there may learning end without a person.';
