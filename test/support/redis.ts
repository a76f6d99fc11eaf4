/** A Redis server of a test's own: ephemeral port, append-only file in a temporary folder. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

export interface TestRedis {
  url: string;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Starts it again, at the same place and with what its file holds. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Whether the machine has the program. Where CI is set it must, and its lack fails the test that wants it. */
export const redisIsHere = spawnSync('redis-server', ['--version']).status === 0 || process.env['CI'] !== undefined;

export async function startRedis(): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'sentinel-redis-'));
  const port = await freePort();
  let server: ChildProcess | undefined;

  const kill = async (): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  const start = async (): Promise<void> => {
    const settings = { port, bind: '127.0.0.1', dir, save: '', appendonly: 'yes', appendfsync: 'always' };
    const options = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]);
    const mine = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    server = mine;
    await new Promise<void>((resolve, reject) => {
      let said = '';
      mine.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('Ready to accept connections')) resolve();
      });
      mine.on('error', reject);
      mine.on('exit', () => reject(new Error(`redis-server ended: ${said}`)));
    });
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    async close() {
      await kill();
      rmSync(dir, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
