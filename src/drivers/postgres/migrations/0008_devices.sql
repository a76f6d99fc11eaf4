-- What devices say they are, for the snapshots that are made with them.

create table camera_device (
  camera_id integer primary key references camera on delete cascade,
  make text,
  model text,
  serial text,
  firmware text,
  mac text,
  asked_at timestamptz not null
);
comment on table camera_device is
  'What a camera last said it is (ONVIF GetDeviceInformation, GetNetworkInterfaces); asked when evidence is fetched from it. '
  'Null where it does not tell.';
comment on column camera_device.mac is 'Hardware address aa:bb:cc:dd:ee:ff of the interface it is reached by, or of its first.';
