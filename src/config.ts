/**
 * Configuration: `config/sentinel.yaml` and `SENTINEL_*` become one frozen {@link Config}, or the start stops and says
 * where and what is wrong. Every key is overridden by `SENTINEL_` and its path in capitals, e.g. `SENTINEL_HTTP_PORT`;
 * `DATABASE_URL` and `REDIS_URL` are taken too, and secrets also from a file, e.g. `SENTINEL_ADMIN_PASSWORD_FILE`.
 * Keys keep their names, in camelCase. Paths in a Config are absolute.
 */
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Static } from 'typebox';
import { LEAVES, type ConfigSchema } from './config-schema.ts';
import { canonicalText, sha256OfText } from './evidence/evidence.ts';
import { FILE_VARIABLE, readConfig, refuse, type Problem, type ReadValues } from './config-read.ts';

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;
type Camelised<T> = T extends readonly (infer Item)[]
  ? readonly Item[]
  : T extends object
    ? { readonly [K in keyof T as K extends string ? CamelCase<K> : never]: Camelised<T[K]> }
    : T;

type Given = Camelised<Static<typeof ConfigSchema>>;
/** `T` with the keys `K` settled: what was null in the file has its value. */
type Settled<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]: NonNullable<T[P]> };

type Bucket = Settled<Given['blobs']['s3'], 'endpoint' | 'bucket' | 'accessKeyId' | 'secretAccessKey'>;

type Evidence = Settled<Omit<Given['evidence'], 'publish'>, 'keyFile'> & {
  readonly publish: Settled<Given['evidence']['publish'], 'dir'>;
};

export type Config = Omit<
  Given,
  'http' | 'blobs' | 'secondBlobs' | 'evidence' | 'credential' | 'comparison' | 'packages' | 'demo'
> & {
  readonly http: Settled<Given['http'], 'secureCookies'>;
  /** Kept in the bucket where there is one. */
  readonly blobs: Settled<Omit<Given['blobs'], 's3'>, 'dir'> & { readonly s3: Bucket | null };
  readonly secondBlobs: { readonly dir: string } | { readonly s3: Bucket } | null;
  readonly evidence: Evidence;
  readonly credential: Settled<Given['credential'], 'keyFile'>;
  readonly comparison: Settled<Given['comparison'], 'modelDir'>;
  readonly packages: Settled<Given['packages'], 'dir'>;
  readonly demo: Settled<Given['demo'], 'estateFile' | 'routesFile'>;
};

/** The file that comes with the program, each key at its default. */
const PUBLISHED_FILE = fileURLToPath(new URL('../config/sentinel.yaml', import.meta.url));
const PUBLISHED_MODELS = fileURLToPath(new URL('../models', import.meta.url));
const PUBLISHED_DEMO = fileURLToPath(new URL('../config/estate.demo.yaml', import.meta.url));
const PUBLISHED_ROUTES = fileURLToPath(new URL('../config/patrol.demo.yaml', import.meta.url));

/**
 * @param file the YAML file to read; without it the one named by `SENTINEL_CONFIG`, else the published one
 * @throws SentinelError config.invalid naming file, line and column, or the variable
 */
export function loadConfig({ file, env }: { file?: string; env: NodeJS.ProcessEnv }): Config {
  const read = readConfig(file ?? (env[FILE_VARIABLE] || publishedFile()), env);
  const given = camelised(read.values) as Given;
  refuse(contradictions(given, read));
  const varDir = resolve(given.varDir);
  return frozen({
    ...given,
    varDir,
    http: {
      ...given.http,
      secureCookies: given.http.secureCookies ?? given.http.publicUrl?.startsWith('https:') ?? false,
    },
    blobs: {
      ...given.blobs,
      dir: resolve(given.blobs.dir ?? join(varDir, 'blobs')),
      s3: bucketOf(given.blobs.s3),
    },
    secondBlobs: secondOf(given.secondBlobs),
    evidence: {
      ...given.evidence,
      keyFile: resolve(given.evidence.keyFile ?? join(varDir, 'evidence.key')),
      publish: { ...given.evidence.publish, dir: resolve(given.evidence.publish.dir ?? join(varDir, 'heads')) },
      timestamp: {
        ...given.evidence.timestamp,
        caFile: given.evidence.timestamp.caFile === null ? null : resolve(given.evidence.timestamp.caFile),
      },
    },
    credential: { ...given.credential, keyFile: resolve(given.credential.keyFile ?? join(varDir, 'credential.key')) },
    comparison: { ...given.comparison, modelDir: resolve(given.comparison.modelDir ?? PUBLISHED_MODELS) },
    packages: { ...given.packages, dir: resolve(given.packages.dir ?? join(varDir, 'packages')) },
    demo: {
      ...given.demo,
      estateFile: resolve(given.demo.estateFile ?? PUBLISHED_DEMO),
      routesFile: resolve(given.demo.routesFile ?? PUBLISHED_ROUTES),
    },
  });
}

/** SHA-256 over the canonical JSON of every key in force but the secrets, by their names in the file. */
export function configSha256(config: Config): string {
  const keys = LEAVES.filter(({ schema }) => schema['x-secret'] !== true).map(({ path }) => {
    const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[camelCase(key)], config);
    return [path.join('.'), value ?? null] as const;
  });
  return sha256OfText(canonicalText(Object.fromEntries(keys)));
}

/** Named from the working directory where it lies under it, which reads better in an error. */
function publishedFile(): string | undefined {
  if (!existsSync(PUBLISHED_FILE)) return undefined;
  const near = relative(process.cwd(), PUBLISHED_FILE);
  return near.startsWith('..') ? PUBLISHED_FILE : near;
}

/** What each key for itself allows but several together do not. */
function contradictions(given: Given, read: ReadValues): Problem[] {
  const problems: Problem[] = [];
  const say = (path: readonly string[], problem: string): void => {
    problems.push({ where: read.whereOf(path), problem: `${path.join('.')} ${problem}` });
  };
  if (!isTimeZone(given.estate.timeZone)) {
    say(['estate', 'time_zone'], `is no IANA time zone: "${given.estate.timeZone}"; e.g. Asia/Shanghai`);
  }
  const noRange = given.http.trustedProxies.find((range) => !isAddressRange(range));
  if (noRange !== undefined) {
    say(['http', 'trusted_proxies'], `has "${noRange}", which is no address or CIDR range; e.g. 10.0.0.0/8`);
  }
  const rules = [
    { path: ['persistence'], rule: given.persistence },
    { path: ['watch_persistence'], rule: given.watchPersistence },
    { path: ['demo', 'persistence'], rule: given.demo.persistence },
  ];
  for (const { path, rule } of rules) {
    if (rule.found > rule.of) {
      say([...path, 'found'], `must be at most ${path.join('.')}.of (${rule.of}), not ${rule.found}`);
    }
  }
  const { recentreFromShare, poseLimitShare } = given.patrol;
  if (recentreFromShare >= poseLimitShare) {
    say(['patrol', 'recentre_from_share'], `must be below patrol.pose_limit_share (${poseLimitShare})`);
  }
  if (given.credential.key !== null && given.credential.keyFile !== null) {
    say(['credential', 'key'], 'and credential.key_file are both given; give one of them');
  }
  const { url, caFile } = given.evidence.timestamp;
  if ((url === null) !== (caFile === null)) {
    const [there, missing] = url === null ? (['ca_file', 'url'] as const) : (['url', 'ca_file'] as const);
    say(['evidence', 'timestamp', missing], `is wanted, since evidence.timestamp.${there} is given`);
  }
  for (const { path, place } of [
    { path: 'blobs', place: given.blobs },
    { path: 'second_blobs', place: given.secondBlobs },
  ]) {
    if (place.s3.endpoint === null) continue;
    if (place.dir !== null) say([path, 'dir'], `and ${path}.s3.endpoint are both given; give one of them`);
    for (const [key, value] of [
      ['bucket', place.s3.bucket],
      ['access_key_id', place.s3.accessKeyId],
      ['secret_access_key', place.s3.secretAccessKey],
    ] as const) {
      if (value === null) say([path, 's3', key], `is wanted, since ${path}.s3.endpoint is given`);
    }
  }
  return problems;
}

/** Null where none is named. That nothing else of it is missing stands in {@link contradictions}. */
function bucketOf(given: Given['blobs']['s3']): Bucket | null {
  return given.endpoint === null ? null : (given as Bucket);
}

function secondOf({ dir, s3 }: Given['secondBlobs']): Config['secondBlobs'] {
  if (dir !== null) return { dir: resolve(dir) };
  const bucket = bucketOf(s3);
  return bucket && { s3: bucket };
}

function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const prefixFits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  return bits > 0 && prefixFits && more.length === 0;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function camelised(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [camelCase(key), camelised(child)]));
}

function camelCase(key: string): string {
  return key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) frozen(child);
    Object.freeze(value);
  }
  return value;
}
