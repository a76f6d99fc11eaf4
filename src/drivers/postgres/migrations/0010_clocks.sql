-- When each camera's clock was last asked for, so that of several processes one asks.

alter table camera_health add column clock_asked_at timestamptz;
comment on column camera_health.clock_asked_at is 'When its clock was last asked for over ONVIF, whether it answered or not.';
