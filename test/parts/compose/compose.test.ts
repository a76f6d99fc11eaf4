/**
 * `docker-compose.yml` without a Docker engine: against the Compose Specification's schema, by `docker compose config`
 * where that is installed, and by the rules that this arrangement must keep.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DCLinter } from 'dclint';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/config.ts';

interface Service {
  image: string;
  command?: string[];
  restart?: string;
  read_only?: boolean;
  stop_grace_period?: string;
  environment?: Record<string, string>;
  secrets?: string[];
  volumes?: string[];
  ports?: string[];
  networks?: string[];
  profiles?: string[];
  deploy?: { replicas?: number };
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
}
interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, unknown>;
}

/** What the linter says; the types it ships do not reach that far. */
interface Said {
  type: string;
  rule: string;
  line: number;
  message: string;
}

const TEXT = readFileSync('docker-compose.yml', 'utf8');
const compose = parse(TEXT, { merge: true }) as Compose;
const dir = mkdtempSync(join(tmpdir(), 'sentinel-compose-'));
afterAll(() => rmSync(dir, { recursive: true }));

const OURS = ['migrate', 'serve', 'capture', 'patrol', 'compare', 'tools'];
const LONG_LIVED = ['postgres', 'redis', 'serve', 'capture', 'patrol', 'compare'];
const service = (name: string): Service => {
  const found = compose.services[name];
  if (!found) throw new Error(`no service ${name}`);
  return found;
};

/** `docker compose`, or its forerunner where only that is installed. */
function composeProgram(): string[] | undefined {
  return [['docker', 'compose'], ['docker-compose']].find(
    ([program = '', ...args]) => spawnSync(program, [...args, 'version']).status === 0,
  );
}

describe('docker-compose.yml', () => {
  test('keeps to the Compose Specification’s schema and to the linter’s rules', () => {
    // Which address a port is bound to, the linter cannot see through a variable; a test below does.
    const linter = new DCLinter({
      rules: { 'no-unbound-port-interfaces': 0 },
      ...{ quiet: true, debug: false, exclude: [] },
    });
    const errorsIn = (file: string): string[] =>
      (linter.lintFiles([file], false) as { messages: Said[] }[])
        .flatMap(({ messages }) => messages)
        .filter(({ type }) => type === 'error')
        .map(({ rule, line, message }) => `${rule} ${line} ${message}`);
    expect(errorsIn('docker-compose.yml')).toEqual([]);
    const wrong = join(dir, 'wrong.yml');
    writeFileSync(wrong, 'services: { a: { image: "b:1", healthcheck: { test: [{ c: d }] } } }');
    expect(errorsIn(wrong).join()).toContain('invalid-schema');
  });

  const program = composeProgram();
  test.skipIf(!program)('is understood by Compose itself', () => {
    cpSync('docker-compose.yml', join(dir, 'docker-compose.yml'));
    const [name = '', ...args] = program ?? [];
    const said = spawnSync(name, [...args, 'config', '--quiet'], { cwd: dir, encoding: 'utf8' });
    expect(said.stderr).not.toMatch(/error|invalid/i);
    expect(said.status).toBe(0);
  });
  if (!program)
    console.warn('no Compose on this machine: docker-compose.yml is checked against the schema and rules only');

  test('is the arrangement that is meant', () => {
    expect(Object.keys(compose.services).sort()).toEqual([...LONG_LIVED, 'migrate', 'tools'].sort());
    expect(service('compare').deploy?.replicas).toBe(2);
    expect(service('tools').profiles).toEqual(['tools']);
    for (const name of OURS) expect(service(name).image).toBe('sentinel:local');
  });

  test('Redis keeps jobs over a restart and throws none out', () => {
    const options = service('redis').command?.join(' ');
    expect(options).toContain('--appendonly yes');
    expect(options).toContain('--maxmemory-policy noeviction');
  });

  test.each(LONG_LIVED)('%s is watched, comes back, and is given time to end', (name) => {
    const { healthcheck, restart, stop_grace_period: grace } = service(name);
    expect(healthcheck?.test.length).toBeGreaterThan(1);
    expect(healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
    expect(restart).toBe('unless-stopped');
    expect(Number.parseInt(grace ?? '0', 10)).toBeGreaterThanOrEqual(30);
  });

  test('nothing starts before what it needs', () => {
    expect(service('migrate').depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    for (const name of ['serve', 'capture', 'patrol', 'compare']) {
      expect(service(name).depends_on).toEqual({
        migrate: { condition: 'service_completed_successfully' },
        redis: { condition: 'service_healthy' },
      });
    }
    expect(service('migrate').restart).toBe('no');
  });

  test('all run in one zone and share the pictures', () => {
    for (const { environment } of Object.values(compose.services)) expect(environment?.['TZ']).toBe('Asia/Shanghai');
    for (const name of OURS) {
      expect(service(name).volumes).toContain('var:/var/lib/sentinel');
      expect(service(name).environment?.['SENTINEL_VAR_DIR']).toBe('/var/lib/sentinel');
      expect(service(name).read_only).toBe(true);
    }
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(['var', 'postgres', 'redis']));
  });

  test('only the pages can be reached, by default from this machine alone, and only capturers and pages reach out', () => {
    for (const [name, { ports, networks }] of Object.entries(compose.services)) {
      if (name === 'serve') expect(ports).toEqual(['${PUBLISH_ADDRESS:-127.0.0.1}:${PUBLISH_PORT:-8080}:8080']);
      else expect(ports).toBeUndefined();
      expect(networks?.includes('outside') ?? true).toBe(['serve', 'capture', 'patrol'].includes(name));
    }
    expect(compose.networks['inside']?.internal).toBe(true);
  });

  test('secrets come from files, and each one given is one that exists', () => {
    for (const { environment = {}, secrets = [] } of Object.values(compose.services)) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|KEY|DATABASE_URL/.test(name)) {
          expect(name).toMatch(/_FILE$/);
          expect(secrets).toContain(value.replace('/run/secrets/', ''));
        }
        expect(value).not.toMatch(/:\/\/[^/]*:[^/]*@/);
      }
      for (const secret of secrets) expect(compose.secrets).toHaveProperty(secret);
    }
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
    expect(readFileSync('.gitignore', 'utf8')).toMatch(/^secrets\/$/m);
    expect(readFileSync('.dockerignore', 'utf8')).toMatch(/^\*$/m);
  });

  test.each(OURS)('what %s is told is a configuration it takes', (name) => {
    const secrets = join(dir, 'secrets');
    mkdirSync(secrets, { recursive: true });
    writeFileSync(join(secrets, 'database_url'), 'postgres://sentinel:pw@postgres/sentinel');
    writeFileSync(join(secrets, 'admin_password'), 'correct horse battery');
    const env = Object.fromEntries(
      Object.entries(service(name).environment ?? {}).map(([key, value]) => [
        key,
        value.replace('/run/secrets', secrets).replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
      ]),
    );
    const config = loadConfig({ file: 'config/sentinel.yaml', env });
    expect(config.database.url).toBe('postgres://sentinel:pw@postgres/sentinel');
    expect(config.redis.url).toBe('redis://redis:6379/0');
    expect(config.credential.keyFile).toBe(join(secrets, 'credential_key'));
    expect(config.blobs.dir).toBe('/var/lib/sentinel/blobs');
    expect(config.demo.enabled).toBe(false);
    if (name === 'serve') {
      expect(config.http).toMatchObject({ host: '0.0.0.0', port: 8080 });
      expect(config.admin.password).toBe('correct horse battery');
    }
    if (name === 'capture' || name === 'patrol' || name === 'compare') {
      expect(service(name).healthcheck?.test.at(-1)).toContain(`127.0.0.1:${config.metrics.port}/healthz`);
    }
  });

  test('each of ours runs a verb that there is', () => {
    const verbs = readFileSync('src/main.ts', 'utf8');
    for (const name of OURS.filter((one) => one !== 'tools')) {
      expect(service(name).command).toEqual([name]);
      expect(verbs).toMatch(new RegExp(`^  ${name}: \\{`, 'm'));
    }
  });
});

describe('Dockerfile', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  test('builds from what the lock file says, without the packages’ scripts, and runs without rights', () => {
    expect(dockerfile).toContain('npm ci --ignore-scripts');
    const lastStage = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(lastStage).toMatch(/^USER node$/m);
    expect(lastStage).not.toMatch(/npm (ci|install)/);
  });

  test('copies only what is let into the build', () => {
    const letIn = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const wanted = [...dockerfile.matchAll(/\/app\/((?:src|config|models|package)[\w./-]*)/g)].map((match) => match[1]);
    expect(wanted.length).toBeGreaterThan(3);
    for (const path of wanted)
      expect(letIn.some((entry) => path === entry || path?.startsWith(`${entry}/`))).toBe(true);
  });
});
