/**
 * Every configuration key: its name, meaning, bounds and default. The documented file `config/sentinel.yaml` and the
 * published `config/sentinel.schema.json` are written from this, and a test holds them to it. Keys are snake_case here,
 * as in the file, and end in their unit.
 */
import { Type, type Static, type TSchema } from 'typebox';
import { LIMITS } from './base/limits.ts';

interface KeyOptions {
  /** Name of a further environment variable that sets the key, e.g. `DATABASE_URL`. */
  'x-env'?: string;
  /** The value never appears in an error; the variable `NAME_FILE` may name a file that holds it. */
  'x-secret'?: true;
}
interface NumberOptions extends KeyOptions {
  minimum: number;
  maximum: number;
}
interface TextOptions extends KeyOptions {
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

const integer = (description: string, byDefault: number, options: NumberOptions) =>
  Type.Integer({ description, default: byDefault, ...options });
const number = (description: string, byDefault: number, options: NumberOptions) =>
  Type.Number({ description, default: byDefault, ...options });
const yesNo = (description: string, byDefault: boolean) => Type.Boolean({ description, default: byDefault });
const text = (description: string, byDefault: string, options: TextOptions = {}) =>
  Type.String({ description, default: byDefault, minLength: 1, maxLength: 500, ...options });
const word = <const T extends readonly string[]>(description: string, words: T, byDefault: T[number]) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: words, description, default: byDefault });
const texts = (description: string, maxItems: number) =>
  Type.Unsafe<string[]>({
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 100 },
    maxItems,
    description,
    default: [],
  });

const textOrNull = (description: string, options: TextOptions = {}) =>
  Type.Unsafe<string | null>({
    type: ['string', 'null'],
    description,
    default: null,
    minLength: 1,
    maxLength: 500,
    ...options,
  });
const integerOrNull = (description: string, options: NumberOptions) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], description, default: null, ...options });
const yesNoOrNull = (description: string) =>
  Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], description, default: null });

/** A section leaves nothing required, since each key has a default, and takes no key it does not know. */
const sections = <T extends Record<string, TSchema>>(description: string, properties: T, byDefault: object = {}) =>
  Type.Unsafe<{ [K in keyof T]: Static<T[K]> }>({
    type: 'object',
    description,
    properties,
    additionalProperties: false,
    ...byDefault,
  });
const section = <T extends Record<string, TSchema>>(description: string, properties: T) =>
  sections(description, properties, { default: {} });

const PORT = { minimum: 0, maximum: 65_535 };
const URL_PATTERN = '^https?://[^\\s/?#@]+$';
const DAY_S = 86_400;

const bucket = (description: string, variables: { id?: string; secret?: string } = {}) =>
  section(description, {
    endpoint: textOrNull('Address of the service, without a path, e.g. http://127.0.0.1:9000; null: no bucket', {
      pattern: URL_PATTERN,
    }),
    region: text('Region, as the service calls it', 'us-east-1', { maxLength: 64 }),
    bucket: textOrNull('Name of the bucket; it must exist', { pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$' }),
    prefix: text('Put before every name in the bucket; empty, or ending in /', '', {
      minLength: 0,
      maxLength: 200,
      pattern: '^([A-Za-z0-9._-]+/)*$',
    }),
    access_key_id: textOrNull('Access key', { ...(variables.id !== undefined && { 'x-env': variables.id }) }),
    secret_access_key: textOrNull('Its secret. Rather set it by the environment than here', {
      ...(variables.secret !== undefined && { 'x-env': variables.secret }),
      'x-secret': true,
    }),
    path_style: yesNo('Addresses are endpoint/bucket/name; false: bucket.endpoint/name', true),
  });

const persistence = (description: string, found: number, of: number, spanS: number) =>
  section(description, {
    found: integer('Looks, of the last `of` judged ones, in which the place must have been found changed', found, {
      minimum: 1,
      maximum: 100,
    }),
    of: integer('Judged looks that are counted', of, { minimum: 1, maximum: 100 }),
    span_s: number('Time those looks must span at least', spanS, { minimum: 0, maximum: 7 * DAY_S }),
  });

export const ConfigSchema = sections('Configuration of Sentinel', {
  var_dir: text('Directory of all that is kept: embedded database, pictures, keys; from the working directory', 'var'),

  estate: section('The housing estate that is watched', {
    name: text('Shown to people', '示范小区', { maxLength: 100 }),
    time_zone: text('IANA time zone in which times are shown', 'Asia/Shanghai', { maxLength: 64 }),
  }),

  http: section('Pages and API', {
    host: text('Address to listen on; 0.0.0.0 for every interface', '127.0.0.1', { maxLength: 253 }),
    port: integer('Port to listen on; 0 takes a free one', 8080, PORT),
    public_url: textOrNull(
      'Address under which people reach the pages, without a path, e.g. https://sentinel.example; null: http://host:port',
      { pattern: URL_PATTERN },
    ),
    trusted_proxies: texts(
      'Addresses or CIDR ranges of reverse proxies whose X-Forwarded-For is believed; empty: nobody',
      32,
    ),
    secure_cookies: yesNoOrNull('Send session cookies over https only; null: as public_url is https'),
    idle_lock_s: number(
      'A console that nobody touched for so long asks for the password again; 0: never. Screens on the wall do not lock',
      900,
      { minimum: 0, maximum: DAY_S },
    ),
  }),

  admin: section('The first account, made when there is none', {
    password: textOrNull(
      'Password of `admin`, made up and printed once when null. Rather set it by the environment than here',
      { minLength: LIMITS.passwordCharactersFewest, maxLength: LIMITS.passwordCharactersMost, 'x-secret': true },
    ),
  }),

  database: section('PostgreSQL', {
    url: textOrNull('postgres://user:password@host:port/database; null: the embedded server under var_dir', {
      pattern: '^postgres(ql)?://',
      'x-env': 'DATABASE_URL',
      'x-secret': true,
    }),
    connections: integer('Most connections of one process', LIMITS.databaseConnections, { minimum: 2, maximum: 100 }),
  }),

  redis: section('Redis, for compare workers on several machines', {
    url: textOrNull('redis://:password@host:port/number or rediss://…; null: the queue lives in PostgreSQL', {
      pattern: '^rediss?://',
      'x-env': 'REDIS_URL',
      'x-secret': true,
    }),
  }),

  blobs: section('Stored pictures and camera bytes, kept by their SHA-256', {
    dir: textOrNull('Directory; null: `blobs` under var_dir. Every process must see the same one', { maxLength: 4096 }),
    s3: bucket('A bucket of any S3-compatible service instead of the directory', {
      id: 'AWS_ACCESS_KEY_ID',
      secret: 'AWS_SECRET_ACCESS_KEY',
    }),
    alarm_below_mib: integer('Free space of the disk below which it is an alarm', 10_240, {
      minimum: 0,
      maximum: 1_073_741_824,
    }),
    pictures_stop_below_mib: integer(
      'Free space below which pictures of new looks are no longer kept, so that evidence still is',
      1_024,
      { minimum: 0, maximum: 1_073_741_824 },
    ),
  }),

  second_blobs: section('A second store of evidence, from which `check --repair` mends the first; none by default', {
    dir: textOrNull('Directory, on another disk', { maxLength: 4096 }),
    s3: bucket('Or a bucket'),
  }),

  credential: section('Key that seals the cameras’ passwords in the database (AES-256-GCM)', {
    key: textOrNull(
      'The 32 bytes in base64 or hexadecimal; null: from key_file. Rather set it by the environment than here',
      { 'x-secret': true },
    ),
    key_file: textOrNull(
      'File that holds the key; null: `credential.key` under var_dir, made at the first start. ' +
        'Others must not be able to read it. Keep a copy elsewhere: without it the passwords are lost',
      { maxLength: 4096 },
    ),
  }),

  log: section('The log, on standard output', {
    level: word('Least serious level written', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
    pretty: yesNoOrNull('Written for people rather than as JSON lines; null: when standard output is a terminal'),
  }),

  metrics: section('Health and figures of the processes without pages (capture, compare, simulate)', {
    host: text('Address to listen on', '127.0.0.1', { maxLength: 253 }),
    port: integerOrNull(
      'Port on which such a process answers /healthz and /metrics; null: it does not. `serve` and `start` answer on http.port',
      PORT,
    ),
  }),

  capture: section('Looking at the views', {
    cadence_s: number('Time between two looks at a view that has no cadence of its own', 10, {
      minimum: 1,
      maximum: DAY_S,
    }),
    hold_up_to_s: number('A camera looked at this often or oftener stays connected; others are visited', 15, {
      minimum: 0,
      maximum: 3600,
    }),
    full_comparison_every_s: number('Time after which a view is compared in full, whatever the quick gate says', 300, {
      minimum: 10,
      maximum: DAY_S,
    }),
    offline_after_s: number('Time without a picture after which a camera is called offline', 60, {
      minimum: 5,
      maximum: DAY_S,
    }),
    frozen_after_s: number('Time of the very same picture after which a camera is called frozen', 120, {
      minimum: 10,
      maximum: DAY_S,
    }),
    visit_concurrency: integer('Cameras visited at once by one process', 16, { minimum: 1, maximum: 256 }),
    connections_per_host: integer('Most connections to one host at once: recorders refuse past a few dozen', 32, {
      minimum: 1,
      maximum: LIMITS.rtspConnectionsPerHost,
    }),
    lease_s: number('Time after which a dead process’s cameras move to the living', 15, { minimum: 5, maximum: 300 }),
    process_name: textOrNull('Name of this capture process, one of a kind; null: made of host and process id', {
      maxLength: 100,
    }),
  }),

  patrol: section('Domes on their routes', {
    resume_after_s: number('Idle time after which a hand’s hold on a turret ends and the patrol goes on', 60, {
      minimum: 5,
      maximum: 3600,
    }),
    park_after_s: number('Idle time after which a turret with nothing to do goes to its park preset', 120, {
      minimum: 5,
      maximum: DAY_S,
    }),
    arrive_within_s: number('Longest wait for a turret to reach a stop and stand still', 45, {
      minimum: 5,
      maximum: 300,
    }),
    pose_limit_share: number(
      'Offset from a stop’s reference, as a share of the picture, beyond which it is not judged',
      0.08,
      {
        minimum: 0.01,
        maximum: 0.08,
      },
    ),
    recentre_from_share: number(
      'Offset, as a share of the picture, from which a stop is centred anew before its look',
      0.015,
      {
        minimum: 0.002,
        maximum: 0.08,
      },
    ),
    blind_after_hours: number('A view without a look that could be judged for longer is a blind spot', 24, {
      minimum: 1,
      maximum: 720,
    }),
  }),

  timeouts: section('Longest waits for cameras', {
    rtsp: section('RTSP', {
      connect_ms: integer('To connect', 5_000, { minimum: 100, maximum: 60_000 }),
      reply_ms: integer('For the reply to a request', 5_000, { minimum: 100, maximum: 60_000 }),
      media_ms: integer('Without a media packet while playing', 10_000, { minimum: 500, maximum: 120_000 }),
    }),
  }),

  learning: section('Gathering the lawful pictures of a new view', {
    span_s: number('Time over which they are gathered', DAY_S, { minimum: 5, maximum: 30 * DAY_S }),
    pictures: integer('Pictures gathered', 8, { minimum: 1, maximum: LIMITS.baselinesPerView }),
  }),

  comparison: section('Comparing looks with the lawful pictures', {
    threads: integer('Threads of the network in one compare process', 1, { minimum: 1, maximum: 64 }),
    concurrency: integer('Views one compare process works on at once', 1, { minimum: 1, maximum: 16 }),
    model_dir: textOrNull('Directory of the model; null: the one that comes with the program', { maxLength: 4096 }),
  }),

  persistence: persistence('When a changed place becomes a candidate', 4, 5, 1200),
  watch_persistence: persistence('The same where the place touches a watched area such as a fire lane', 3, 4, 300),

  clocks: section('The cameras’ clocks, held against the server’s', {
    camera_every_s: number('Time after which a camera with an ONVIF address is asked for its clock again', 3_600, {
      minimum: 60,
      maximum: DAY_S,
    }),
    camera_limit_s: number('A clock further off than this is shown and told of', 5, { minimum: 1, maximum: 3_600 }),
  }),

  review: section('Review', {
    claim_s: number('Time after which a claim ends by itself', 600, { minimum: 30, maximum: DAY_S }),
    undo_s: number('Time in which a verdict can be taken back', 60, { minimum: 0, maximum: 3600 }),
  }),

  evidence: section('Sealed snapshots and their log', {
    sm3: yesNo('Make SM3 digests (GB/T 32905) of all that is sealed, beside SHA-256', false),
    signs: yesNo('`start` and `serve` sign the log; false for further `serve` processes, which have no key', true),
    key_file: textOrNull(
      'File of the Ed25519 key (PEM) that signs the log; null: `evidence.key` under var_dir, made at the first start. ' +
        'For its owner alone. Keep a copy elsewhere',
      { maxLength: 4096 },
    ),
    publish: section('Signed heads of the log, outside the database: they show whether it was cut later', {
      every_s: integer('Time between two', 600, { minimum: 10, maximum: DAY_S }),
      dir: textOrNull(
        'Directory, best on another machine: a file of heads a day, and a sheet a day to print; null: `heads` under var_dir',
        { maxLength: 4096 },
      ),
      webhook_url: textOrNull('Address to which each head is posted as JSON; null: none', {
        pattern: '^https?://[^\\s/?#@]+(/[^\\s]*)?$',
        maxLength: 2000,
        'x-secret': true,
      }),
    }),
    timestamp: section('Time stamps of an outside authority (RFC 3161) over heads', {
      url: textOrNull('Address of the authority; null: none', { pattern: '^https?://[^\\s/?#@]+(/[^\\s]*)?$' }),
      ca_file: textOrNull(
        'PEM file of the certificates by which the authority is known: its root, and what lies between',
        {
          maxLength: 4096,
        },
      ),
      every_s: integer('Time between two', DAY_S, { minimum: 60, maximum: 30 * DAY_S }),
    }),
  }),

  packages: section('Evidence packages that people order', {
    dir: textOrNull(
      'Directory of packages until they are fetched; null: `packages` under var_dir. Every process that serves must see the same one',
      { maxLength: 4096 },
    ),
    kept_days: integer('How long a package can be fetched; it can be made again at any time', 7, {
      minimum: 1,
      maximum: 365,
    }),
    most_mib: integer('Largest package, all its parts together', 20_480, { minimum: 64, maximum: 1_048_576 }),
  }),

  retention: section('How long is kept what nobody holds', {
    looks_days: integer('Looks, without their pictures', 30, { minimum: 1, maximum: 3650 }),
    pictures_hours: integer('Pictures of looks', 72, { minimum: 1, maximum: 8760 }),
    events_days: integer('Events, for pages and programs that resume', 30, { minimum: 1, maximum: 3650 }),
    audit_days: integer('Who did what', 1095, { minimum: 30, maximum: 36_500 }),
    violation_days: integer('Files of snapshots of an item found a violation, from that verdict', 3650, {
      minimum: 30,
      maximum: 36_500,
    }),
    dismissed_days: integer('Files of snapshots of an item with another verdict, from that verdict', 365, {
      minimum: 30,
      maximum: 36_500,
    }),
    pulled_days: integer('Files of snapshots of no item, from their sealing', 1095, { minimum: 30, maximum: 36_500 }),
  }),

  demo: section('The simulated estate', {
    enabled: yesNo('`start` runs and watches it; false once real cameras are imported', true),
    estate_file: textOrNull('YAML file of the simulated estate; null: the one that comes with the program', {
      maxLength: 4096,
    }),
    routes_file: textOrNull('YAML file of the domes’ first routes; null: the one that comes with the program', {
      maxLength: 4096,
    }),
    host: text('Address on which the simulated cameras listen', '127.0.0.1', { maxLength: 253 }),
    port: integer('Port on which they listen; 0 takes a free one', 0, PORT),
    cadence_s: number('Time between two looks at a simulated view', 3, { minimum: 1, maximum: 3600 }),
    learning_span_s: number('Time over which a simulated view learns', 60, { minimum: 5, maximum: DAY_S }),
    persistence: persistence('When a changed place of a simulated view becomes a candidate', 3, 4, 10),
  }),
});

/** A key's schema as it stands in {@link ConfigSchema}: a section when it has `properties`. */
export interface KeySchema {
  readonly type: string | readonly string[];
  readonly description: string;
  readonly default: unknown;
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly 'x-env'?: string;
  readonly 'x-secret'?: boolean;
}

/** A key that has a value, with its place. */
export interface Leaf {
  readonly path: readonly string[];
  readonly schema: KeySchema;
}

/** Every key that has a value, in the order of the file. */
export const LEAVES: readonly Leaf[] = leavesOf(ConfigSchema as unknown as KeySchema, []);

function leavesOf(schema: KeySchema, path: readonly string[]): Leaf[] {
  if (!schema.properties) return [{ path, schema }];
  return Object.entries(schema.properties).flatMap(([key, child]) => leavesOf(child, [...path, key]));
}

/** The environment variable of a key: `['http', 'port']` -> `SENTINEL_HTTP_PORT`. */
export function variableOf(path: readonly string[]): string {
  return `SENTINEL_${path.join('_').toUpperCase()}`;
}
