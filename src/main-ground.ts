/** What every verb stands on: the data directory, the log, the database, the store, the queue. */
import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { systemClock, type Clock } from './base/clock.ts';
import { problemOf, SentinelError } from './base/errors.ts';
import { Lifecycle } from './base/lifecycle.ts';
import { createLogger, type Logger } from './base/log.ts';
import { configSha256, type Config } from './config.ts';
import {
  openBlobs,
  SpaceWatch,
  type BlobPlace,
  type BlobStore,
  type SpaceRules,
  type SpaceState,
} from './drivers/blobs/blobs.ts';
import {
  awaitDatabase,
  migrate,
  openDatabase,
  pendingMigrations,
  recordEvents,
  runningEmbeddedUrl,
  startEmbeddedPostgres,
  type Db,
} from './drivers/postgres/postgres.ts';
import { askServerClock } from './drivers/server-clock/server-clock.ts';
import { openQueue, type CompareQueue } from './drivers/queue/queue.ts';
import { ServerClockWatch, sm3OfText, SnapshotDesk } from './evidence/evidence.ts';

/** Longest wait for a database that starts beside us. */
const DATABASE_PATIENCE_MS = 60_000;
const QUEUE_NAME = 'compare';
const MIB = 1024 * 1024;

export interface Standing {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly life: Lifecycle;
  readonly databaseUrl: string;
  readonly db: Db;
}

/** What the working parts stand on. */
export interface WholeStanding extends Standing {
  readonly blobs: BlobStore;
  readonly space: SpaceWatch;
  readonly serverClock: ServerClockWatch;
  readonly snapshots: SnapshotDesk;
  readonly queue: CompareQueue;
}

export function logOf(config: Config): Logger {
  return createLogger({ level: config.log.level, pretty: config.log.pretty ?? process.stdout.isTTY });
}

/**
 * Opens the database: `DATABASE_URL`, or the embedded server. Only `start` may run the embedded server; a verb beside it
 * joins the one that runs.
 * @param role `owner`: runs the embedded server and migrates; `joiner`: joins; `clerk`: joins, or runs it for a moment
 */
export async function standOnDatabase(
  config: Config,
  role: 'owner' | 'joiner' | 'clerk',
  onProgress?: (name: string, tookMs: number) => void,
): Promise<Standing & { serverEnded: Promise<void> | undefined }> {
  const clock = systemClock;
  const log = logOf(config);
  const life = new Lifecycle(clock, log, onProgress);
  let databaseUrl = config.database.url ?? undefined;
  let serverEnded: Promise<void> | undefined;
  if (databaseUrl === undefined) {
    const dir = path.join(config.varDir, 'postgres');
    databaseUrl = role === 'owner' ? undefined : await runningEmbeddedUrl(dir);
    if (databaseUrl === undefined && role === 'joiner') {
      throw new SentinelError('config.usage', {
        problem: `No database: set DATABASE_URL, or start Sentinel over ${config.varDir} first`,
      });
    }
    if (databaseUrl === undefined) {
      await life.start(
        'data directory',
        () => claimVarDir(config.varDir),
        (lockFile) => rm(lockFile, { force: true }),
      );
      const server = await life.start(
        'embedded PostgreSQL',
        () => startEmbeddedPostgres({ dir, clock, log }),
        (started) => started.close(),
      );
      databaseUrl = server.url;
      serverEnded = server.ended;
    }
  }
  const url = databaseUrl;
  const db = await life.start(
    'database',
    async () => {
      const opened = openDatabase(url, log, config.database.connections);
      await awaitDatabase(opened, clock, DATABASE_PATIENCE_MS);
      return opened;
    },
    (opened) => opened.destroy(),
  );
  if (role !== 'joiner')
    await life.start(
      'migrations',
      () => migrate(db),
      () => {},
    );
  else
    await life.start(
      'migrations',
      () => awaitMigrations(db, clock),
      () => {},
    );
  return { config, clock, log, life, databaseUrl: url, db, serverEnded };
}

/** Adds the store, the watches over its room and the clock, what seals evidence, and the queue: what working parts need. */
export async function standOnAll(standing: Standing): Promise<WholeStanding> {
  const { config, clock, log, life, databaseUrl, db } = standing;
  const blobs = await life.start(
    'picture store',
    () => openBlobs({ ...placeOf(config.blobs), clock }),
    () => {},
  );
  const space = await life.start(
    'room for pictures',
    async () => {
      const rules = spaceRules(config);
      const onChange = (state: SpaceState): Promise<void> => tellSpace(db, state, clock.nowMs());
      const watch = new SpaceWatch({ blobs, rules, clock, log, onChange });
      await watch.start();
      return watch;
    },
    (watch) => watch.close(),
  );
  const queue = await life.start(
    config.redis.url === null ? 'queue in PostgreSQL' : 'queue in Redis',
    () => openQueue({ databaseUrl, redisUrl: config.redis.url ?? undefined, name: QUEUE_NAME, clock, log }),
    (opened) => opened.close(),
  );
  const serverClock = await life.start(
    'server clock',
    async () => {
      const sm3 = config.evidence.sm3 ? sm3OfText : undefined;
      const watch = new ServerClockWatch({ db, clock, log, host: hostname(), ask: () => askServerClock(), sm3 });
      await watch.start();
      return watch;
    },
    (watch) => watch.close(),
  );
  const snapshots = new SnapshotDesk({
    ...{ blobs, clock, sm3: config.evidence.sm3, serverClock: () => serverClock.state },
    software: { name: 'sentinel', version: await readVersion(), configSha256: configSha256(config) },
  });
  return { ...standing, blobs, space, serverClock, snapshots, queue };
}

/** Marks of the room that is left where pictures and evidence are kept. */
export function spaceRules({ blobs }: Config): SpaceRules {
  return {
    alarmBelowBytes: blobs.alarmBelowMib * MIB,
    picturesStopBelowBytes: blobs.picturesStopBelowMib * MIB,
  };
}

/** Of several processes over one disk the first to see it tells. */
async function tellSpace(db: Db, state: SpaceState, nowMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const changed = await sql<{ is_first: boolean }>`
      insert into setting (key, value) values ('store_space', jsonb_build_object('state', ${state}::text))
      on conflict (key) do update set value = excluded.value where setting.value <> excluded.value
      returning xmax = 0 as is_first`.execute(trx);
    const [told] = changed.rows;
    // That there is room, seen for the first time, is no news.
    if (told && !(told.is_first && state === 'ample'))
      await recordEvents(trx, 'store.changed', [{ change: state }], nowMs);
  });
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Where the store is by configuration. */
export function placeOf({ dir, s3 }: Config['blobs']): BlobPlace {
  return s3 ? { s3 } : { dir };
}

/** A process beside others waits for the one that migrates instead of racing it. */
async function awaitMigrations(db: Db, clock: Clock): Promise<void> {
  const beganMs = clock.monotonicMs();
  for (;;) {
    const pending = await pendingMigrations(db);
    if (pending.length === 0) return;
    if (clock.monotonicMs() - beganMs > DATABASE_PATIENCE_MS) {
      throw new SentinelError('database.migration_failed', {
        migration: pending[0] ?? '',
        problem: 'it has not been applied; run `sentinel migrate`',
      });
    }
    await clock.sleep(500);
  }
}

/**
 * Makes the directory ours. Two processes over one directory would stop each other's database.
 * @returns the lock file, to be removed at the end; one left by a killed process is taken over
 */
async function claimVarDir(dir: string): Promise<string> {
  try {
    await mkdir(dir, { recursive: true });
    await access(dir, constants.W_OK);
    const lockFile = path.join(dir, 'sentinel.lock');
    const owner = (await readFile(lockFile, 'utf8').catch(() => '')).trim();
    if (
      owner &&
      owner !== (await signatureOf(process.pid)) &&
      (await signatureOf(Number(owner.split(' ')[0]))) === owner
    ) {
      throw new Error(`another Sentinel (process ${owner.split(' ')[0]}) runs over it`);
    }
    await writeFile(lockFile, `${await signatureOf(process.pid)}\n`);
    return lockFile;
  } catch (thrown) {
    throw new SentinelError('config.var_dir_unwritable', { dir, problem: problemOf(thrown) }, { cause: thrown });
  }
}

/** A process id alone comes around again; with its start time it is one of a kind. */
async function signatureOf(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`.trim();
}
