/** The processes of the live benchmark: the camera, the server that is measured, and those who watch. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
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

/** Starts a program of this folder, which says one JSON line when it stands and one for each that it is asked. */
async function startProgram(name: string, given: Record<string, unknown>): Promise<Program> {
  const file = path.join(import.meta.dirname, `${name}.ts`);
  const child: ChildProcess = spawn(process.execPath, [RUNNER, file, JSON.stringify(given)], {
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
  if (kind === 'node-rtsp-stream') return startProgram('plain-server', { url });
  const postgres = await startEmbeddedPostgres({
    ...{ dir: path.join(dir, `postgres-${Date.now()}`), clock: systemClock, log: createLogger({ level: 'warn' }) },
    settings: { fsync: 'off' },
  });
  const program = await startProgram('live-server', { url, database: postgres.url });
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
