/** What stands around the capture process under test: database, cameras, and the figures read off them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { stringify } from 'yaml';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../../src/drivers/postgres/postgres.ts';
import { costOf, type ProcessCost } from './process-cost.ts';
import { CREDENTIALS, type StreamKind } from './stream-media.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Lawful pictures of a view that is judged, by default, and those learnt here before they are doubled. */
const BASELINES = 8;
const LEARNT = 4;

export interface Streams {
  readonly process: ChildProcess;
  /** `rtsp://…` of a camera's stream, without credentials. */
  url(camera: number, kind: StreamKind): string;
}

export async function serveStreams(
  dir: string,
  scenes: readonly string[],
  cameras: number,
  kinds: readonly StreamKind[],
  camerasPerHost: number,
): Promise<Streams> {
  const file = path.join(ROOT, 'test/bench/capture/stream-server.ts');
  const args = ['test/support/run-ts.mjs', file, dir, scenes.join(','), String(cameras), kinds.join(',')];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  const hosts = JSON.parse(await firstLineOf(child)) as string[];
  return {
    process: child,
    url: (camera, kind) => `rtsp://${hosts[Math.floor(camera / camerasPerHost)]}/${camera}/${kind}`,
  };
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => {
      throw new Error('the stream server ended');
    }),
  ])) as [string];
  return line;
}

export interface Installation {
  readonly db: pg.Client;
  /** Starts a capture process over the installation's cameras. */
  capture(cadenceS: number): ChildProcess;
  /** Processor time and memory of the database server. */
  databaseCost(): Promise<ProcessCost>;
  close(): Promise<void>;
}

/** Addresses of cameras that are gone: every other one refuses, the others take the connection and never say a word. */
export interface DeadHosts {
  url(camera: number): string;
  close(): Promise<void>;
}

export async function deadHosts(): Promise<DeadHosts> {
  const taken = new Set<Socket>();
  const silent = createServer((socket) => {
    taken.add(socket);
    socket.on('error', () => {}).on('close', () => taken.delete(socket));
  });
  const refusing = createServer();
  const portOf = async (server: Server): Promise<number> => {
    server.listen(0);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const ports = [await portOf(silent), await portOf(refusing)];
  await new Promise((resolve) => refusing.close(resolve));
  return {
    // A host each, as the cap on connections per host would see it.
    url: (camera) => `rtsp://127.0.1.${(camera % 250) + 1}:${ports[camera % 2]}/${camera}`,
    async close() {
      for (const socket of taken) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    },
  };
}

/**
 * A database of its own with the cameras registered, as `sentinel migrate` and `sentinel cameras import` leave it.
 * @param dead addresses of cameras beside them that never answer
 */
export async function install(
  dir: string,
  streams: Streams,
  cameras: number,
  kind: StreamKind,
  dead: readonly string[] = [],
): Promise<Installation> {
  await mkdir(dir, { recursive: true });
  const server = await startEmbeddedPostgres({
    dir: path.join(dir, 'postgres'),
    clock: systemClock,
    log: silentLogger,
  });
  const serverPid = Number((await readFile(path.join(dir, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]);
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: server.url,
    SENTINEL_VAR_DIR: path.join(dir, 'var'),
    SENTINEL_LOG_LEVEL: 'warn',
    // Long enough to see every key frame of the streams, as a real view has seen who passes by.
    SENTINEL_DEMO_LEARNING_SPAN_S: '30',
    SENTINEL_LEARNING_PICTURES: String(LEARNT),
  };
  const sentinel = (args: readonly string[], more: Record<string, string> = {}): ChildProcess =>
    spawn(process.execPath, ['dist/main.js', ...args], {
      cwd: ROOT,
      env: { ...env, ...more },
      stdio: ['ignore', 'ignore', 'inherit'],
    });

  const file = path.join(dir, 'cameras.yaml');
  const stream = kind === 'sub' ? 'sub_url' : 'main_url';
  const entry = (key: string, url: string) => ({ key, name: key, place: key, credential: 'bench', [stream]: url });
  const entries = [
    ...Array.from({ length: cameras }, (_, number) => entry(`bench-${number}`, streams.url(number, kind))),
    ...dead.map((url, number) => entry(`dead-${number}`, url)),
  ];
  await writeFile(file, stringify({ credentials: [{ name: 'bench', ...CREDENTIALS }], cameras: entries }));
  await finished(sentinel(['migrate']));
  await finished(sentinel(['cameras', 'import', file]));

  const db = new pg.Client({ connectionString: server.url });
  await db.connect();
  // Only a simulated estate takes what it has learnt for lawful without a person.
  await db.query('update estate set simulated = true');
  return {
    db,
    capture: (cadenceS) => sentinel(['capture'], { SENTINEL_CAPTURE_CADENCE_S: String(cadenceS) }),
    databaseCost: () => costOf([serverPid]),
    async close() {
      await db.end();
      await server.close();
    },
  };
}

async function finished(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${child.spawnargs.slice(2, 4).join(' ')} ended with ${code}`);
}

/** Asks a child to end, and makes it after a while. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.stdin?.end();
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(killer);
}

/** Waits until every view has had a look since `sinceMs`, and has learnt what is lawful. */
export async function untilWatching(
  { db }: Installation,
  cameras: number,
  sinceMs: number,
  patienceS: number,
): Promise<void> {
  for (let waitedS = 0; ; waitedS++) {
    const { rows } = await db.query<{ watching: number; looked: number }>(
      `select (select count(*)::int from view where state = 'watching') as watching,
        (select count(distinct view_id)::int from look where captured_at > $1) as looked`,
      [new Date(sinceMs)],
    );
    const { watching = 0, looked = 0 } = rows[0] ?? {};
    if (watching === cameras && looked === cameras) return;
    if (waitedS >= patienceS)
      throw new Error(`after ${waitedS} s ${looked} of ${cameras} views were looked at, ${watching} have learnt`);
    await sleep(1000);
  }
}

/** Gives each view as many lawful pictures as a real one has, so that the gate's work is real. */
export async function fillBaselines({ db }: Installation): Promise<void> {
  await db.query(
    `insert into baseline (view_id, look_id, picture_sha256, thumbnail, lighting, captured_at, state, origin, decided_at)
     select view_id, look_id, picture_sha256, thumbnail, lighting, captured_at, state, origin, decided_at
     from baseline cross join generate_series(2, $1::int)`,
    [BASELINES / LEARNT],
  );
  await db.query('update view set baseline_version = baseline_version + 1');
}

export interface LookCount {
  readonly looks: number;
  /** Looks by `result/stage`. */
  readonly byResult: Readonly<Record<string, number>>;
  /** Times a view waited longer than one and a half cadences for its next look. */
  readonly missed: number;
  readonly longestWaitS: number;
}

export async function countLooks(
  { db }: Installation,
  fromMs: number,
  toMs: number,
  cadenceS: number,
): Promise<LookCount> {
  const span = [new Date(fromMs), new Date(toMs)];
  const results = await db.query<{ kind: string; n: number }>(
    `select result || '/' || stage as kind, count(*)::int as n from look where captured_at between $1 and $2 group by 1`,
    span,
  );
  // The window's ends count as looks, or a view that fell silent would not show.
  const waits = await db.query<{ missed: number; longest: number }>(
    `select count(*) filter (where wait > $3)::int as missed, coalesce(max(wait), 0)::float8 as longest from (
       select extract(epoch from lead(at, 1, $2::timestamptz) over (partition by view_id order by at) - at) as wait
       from (select view_id, captured_at as at from look where captured_at between $1 and $2
             union all select view.id, $1::timestamptz from view join camera on camera.id = camera_id
               where camera.key like 'bench-%') as looked) as waited`,
    [...span, cadenceS * 1.5],
  );
  const byResult = Object.fromEntries(results.rows.map(({ kind, n }) => [kind, n]));
  return {
    looks: results.rows.reduce((sum, { n }) => sum + n, 0),
    byResult,
    missed: waits.rows[0]?.missed ?? 0,
    longestWaitS: waits.rows[0]?.longest ?? 0,
  };
}
