-- Where a camera hangs, so that somebody who has never seen the estate finds the spot.

alter table camera add column location_code text check (length(location_code) between 1 and 64);
comment on column camera.location_code is 'What the estate''s or the authority''s register calls the spot; null: it is in none.';
alter table camera add column latitude_deg double precision check (latitude_deg between -90 and 90);
comment on column camera.latitude_deg is 'WGS-84, degrees, north positive; never GCJ-02 or BD-09.';
alter table camera add column longitude_deg double precision check (longitude_deg between -180 and 180);
comment on column camera.longitude_deg is 'WGS-84, degrees, east positive.';
alter table camera add column mounting_height_m double precision check (mounting_height_m between 0 and 1000);
comment on column camera.mounting_height_m is 'Of the lens above the ground below it.';
alter table camera add constraint camera_coordinates_together check ((latitude_deg is null) = (longitude_deg is null));

alter table camera_device add column captions jsonb;
comment on column camera_device.captions is
  'What the device says it writes into its picture (ONVIF GetOSDs): [{"kind": "Plain" | "Date" | "Time" | "DateAndTime", "text"}]. '
  'Null where it does not tell, or has several video sources.';
