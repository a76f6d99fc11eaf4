/** Sentinel itself as a process, for tests that start, kill and ask it over HTTP. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface Program {
  readonly child: ChildProcess;
  /** All it has printed. */
  output(): string;
  /** Waits until its output matches. */
  printed(pattern: RegExp, patienceMs?: number): Promise<RegExpMatchArray>;
  /** Waits for its end. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

/** Runs `sentinel ARGS` with `env` over an environment that holds no setting of ours. */
export function runProgram(args: readonly string[], env: Readonly<Record<string, string>>): Program {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(SENTINEL_|DATABASE_URL|REDIS_URL)/.test(key));
  const child = spawn(process.execPath, ['test/support/run-ts.mjs', 'src/main.ts', ...args], {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const listener of listeners) listener();
    });
  }
  const end = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => {
      resolve({ code, signal });
      for (const listener of listeners) listener();
    }),
  );
  return {
    child,
    output: () => output,
    printed: (pattern, patienceMs = 60_000) =>
      new Promise((resolve, reject) => {
        const done = (finish: () => void): void => {
          clearTimeout(patience);
          listeners.delete(look);
          finish();
        };
        const look = (): void => {
          const match = output.match(pattern);
          if (match) done(() => resolve(match));
          else if (child.exitCode !== null) done(() => reject(new Error(`it ended before ${pattern}:\n${output}`)));
        };
        const patience = setTimeout(
          () => done(() => reject(new Error(`${pattern} did not come in ${patienceMs} ms:\n${output.slice(-3000)}`))),
          patienceMs,
        );
        listeners.add(look);
        look();
      }),
    ended: () => end,
    kill: (signal) => void child.kill(signal),
  };
}

/** Signed in over HTTP. */
export async function signIn(url: string, password: string, name = 'admin') {
  const answer = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-requested-with': 'sentinel' },
    body: JSON.stringify({ name, password }),
  });
  if (!answer.ok) throw new Error(`sign-in answered ${answer.status}: ${await answer.text()}`);
  const cookie = answer.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const ask = async (method: string, where: string, body?: unknown): Promise<Response> =>
    fetch(`${url}/api/v1${where}`, {
      method,
      headers: {
        cookie,
        'x-requested-with': 'sentinel',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  return {
    ask,
    async get<T>(where: string): Promise<T> {
      const got = await ask('GET', where);
      if (!got.ok) throw new Error(`${where} answered ${got.status}: ${await got.text()}`);
      return (await got.json()) as T;
    },
  };
}
