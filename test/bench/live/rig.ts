/** The processes of the live benchmark: the camera, the server that is measured, and those who watch. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'vite';
import { systemClock } from '../../../src/base/clock.ts';
import { createLogger } from '../../../src/base/log.ts';
import { startEmbeddedPostgres } from '../../../src/drivers/postgres/embedded.ts';

export type Kind = 'sentinel' | 'node-rtsp-stream';

interface Program {
  readonly pid: number;
  /** What it said first. */
  readonly info: Record<string, unknown>;
  ask(command: Record<string, unknown>): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const RUNNER = path.resolve('test/support/run-ts.mjs');
/** As deep as the built program is, so that what is found beside the sources is found. */
const BUILT = path.resolve('var/bench/live');

const fileOf = (name: string): string => path.join(import.meta.dirname, `${name}.ts`);

const builds = new Map<string, Promise<string>>();

/** As JavaScript, which is how servers run: a loader's own heap would be collected on their account. Of each once. */
function built(name: string): Promise<string> {
  const made = builds.get(name) ?? compile(name);
  builds.set(name, made);
  return made;
}

async function compile(name: string): Promise<string> {
  await build({
    ...{ configFile: false, logLevel: 'error' },
    build: {
      ...{ ssr: fileOf(name), outDir: BUILT, emptyOutDir: false, minify: false, target: 'node20' },
      rolldownOptions: { output: { entryFileNames: '[name].mjs' } },
    },
  });
  return path.join(BUILT, `${name}.mjs`);
}

/** Starts a program of this folder, which says one JSON line when it stands and one for each that it is asked. */
async function startProgram(
  name: string,
  given: Record<string, unknown>,
  command = [RUNNER, fileOf(name)],
): Promise<Program> {
  const child: ChildProcess = spawn(process.execPath, [...command, JSON.stringify(given)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (!child.stdout || !child.stdin || child.pid === undefined) throw new Error(`${name} did not start`);
  const { stdin, pid } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended`);
      if (value.startsWith('{')) return JSON.parse(value) as Record<string, unknown>;
    }
  };
  return {
    pid,
    info: await read(),
    async ask(command) {
      stdin.write(`${JSON.stringify(command)}\n`);
      return read();
    },
    async close() {
      stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** Streams of the camera: the small and the large one, and a small one that browsers cannot play. */
export type BenchStream = 'sub' | 'main' | 'h265';

export interface BenchCamera extends Readonly<Record<BenchStream, string>> {
  /** Between two key pictures. */
  readonly groupMs: number;
  close(): Promise<void>;
}

export async function serveCamera(dir: string): Promise<BenchCamera> {
  const program = await startProgram('camera', { dir });
  return { ...(program.info as Omit<BenchCamera, 'close'>), close: () => program.close() };
}

export interface BenchServer {
  readonly pid: number;
  readonly info: Record<string, unknown>;
  close(): Promise<void>;
}

/** @param stream the one that is looked at */
export async function startServer(
  kind: Kind,
  camera: BenchCamera,
  dir: string,
  stream: BenchStream,
): Promise<BenchServer> {
  const url = camera[stream];
  if (kind === 'node-rtsp-stream') return startProgram('plain-server', { url }, [await built('plain-server')]);
  const postgres = await startEmbeddedPostgres({
    ...{ dir: path.join(dir, `postgres-${Date.now()}`), clock: systemClock, log: createLogger({ level: 'warn' }) },
    settings: { fsync: 'off' },
  });
  const program = await startProgram('live-server', { url, database: postgres.url }, [await built('live-server')]);
  return {
    pid: program.pid,
    info: program.info,
    async close() {
      await program.close();
      await postgres.close();
    },
  };
}

export async function startViewers(server: BenchServer, count: number, format: 'source' | 'mpeg1' | 'plain') {
  const program = await startProgram('viewers', { ...server.info, count, format });
  return {
    restart: () => program.ask({ do: 'restart' }),
    read: async () => (await program.ask({ do: 'read' })) as { leastBytes: number },
    untilPictures: async (pictures: number) =>
      (await program.ask({ do: 'pictures', pictures })) as { firstMs: number; oldestMs: number },
    close: () => program.close(),
  };
}
