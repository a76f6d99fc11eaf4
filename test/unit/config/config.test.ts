import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { SentinelError } from '../../../src/base/errors.ts';
import { loadConfig } from '../../../src/config.ts';
import { nearest } from '../../../src/base/nearest.ts';
import { LEAVES, variableOf } from '../../../src/config-schema.ts';

const dir = mkdtempSync(join(tmpdir(), 'sentinel-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

let written = 0;
function fileWith(text: string): string {
  const file = join(dir, `${++written}.yaml`);
  writeFileSync(file, text);
  return file;
}

/** What loading says, with the file's name shortened to `F`. */
function refusal(text: string, env: NodeJS.ProcessEnv = {}): string {
  const file = fileWith(text);
  try {
    loadConfig({ file, env });
  } catch (thrown) {
    if (!(thrown instanceof SentinelError)) throw thrown;
    expect(thrown.code).toBe('config.invalid');
    return thrown.message.replaceAll(file, 'F').replaceAll(dir, 'D');
  }
  throw new Error('it was accepted');
}

describe('defaults', () => {
  test('with neither file nor environment there is a whole configuration', () => {
    const config = loadConfig({ env: {} });
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 8080, publicUrl: null, secureCookies: false });
    expect(config.varDir).toBe(resolve('var'));
    expect(config.blobs.dir).toBe(resolve('var/blobs'));
    expect(config.credential.keyFile).toBe(resolve('var/credential.key'));
    expect(config.comparison.modelDir).toBe(resolve('models'));
    expect(config.persistence).toEqual({ found: 4, of: 5, spanS: 1200 });
    expect(config.watchPersistence).toEqual({ found: 3, of: 4, spanS: 300 });
    expect(config.timeouts.rtsp.connectMs).toBe(5000);
  });

  test('nothing of it can be changed', () => {
    const config = loadConfig({ env: {} });
    expect(Object.isFrozen(config) && Object.isFrozen(config.timeouts.rtsp)).toBe(true);
    expect(Object.isFrozen(config.http.trustedProxies)).toBe(true);
  });

  test('loading twice gives equal and separate configurations', () => {
    expect(loadConfig({ env: {} })).toEqual(loadConfig({ env: {} }));
    expect(loadConfig({ env: { SENTINEL_HTTP_PORT: '1' } }).http.port).toBe(1);
    expect(loadConfig({ env: {} }).http.port).toBe(8080);
  });

  test('an empty file, and sections with every line commented out, change nothing', () => {
    const plain = loadConfig({ env: {} });
    expect(loadConfig({ file: fileWith(''), env: {} })).toEqual(plain);
    expect(loadConfig({ file: fileWith('http:\n  # port: 1\ntimeouts:\n  rtsp:\n'), env: {} })).toEqual(plain);
  });
});

describe('what is given', () => {
  test('the environment goes before the file, the file before the defaults', () => {
    const file = fileWith('var_dir: /data\nhttp:\n  port: 9000\n  host: 0.0.0.0\n');
    const config = loadConfig({ file, env: { SENTINEL_HTTP_PORT: '9001', SENTINEL_CAPTURE_CADENCE_S: '2.5' } });
    expect(config.http).toMatchObject({ port: 9001, host: '0.0.0.0' });
    expect(config.capture.cadenceS).toBe(2.5);
    expect(config.blobs.dir).toBe('/data/blobs');
  });

  test('SENTINEL_CONFIG names the file', () => {
    expect(loadConfig({ env: { SENTINEL_CONFIG: fileWith('http: {port: 7}') } }).http.port).toBe(7);
  });

  test('DATABASE_URL and REDIS_URL are taken, beside their longer names', () => {
    const config = loadConfig({ env: { DATABASE_URL: 'postgres://a/b', SENTINEL_REDIS_URL: 'redis://c' } });
    expect([config.database.url, config.redis.url]).toEqual(['postgres://a/b', 'redis://c']);
  });

  test('secrets are read from files, without the last line end', () => {
    const config = loadConfig({
      env: {
        SENTINEL_ADMIN_PASSWORD_FILE: fileWith('correct horse battery\r\n'),
        DATABASE_URL_FILE: fileWith('postgres://a/b\n'),
        SENTINEL_CREDENTIAL_KEY_FILE: '/run/secrets/key',
      },
    });
    expect(config.admin.password).toBe('correct horse battery');
    expect(config.database.url).toBe('postgres://a/b');
    expect(config.credential).toEqual({ key: null, keyFile: '/run/secrets/key' });
  });

  test('a list is written with commas, yes and no as true and false, an empty variable as nothing', () => {
    const config = loadConfig({
      env: {
        SENTINEL_HTTP_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
        SENTINEL_LOG_PRETTY: 'FALSE',
        SENTINEL_HTTP_PORT: '',
        SENTINEL_METRICS_PORT: '9100',
      },
    });
    expect(config.http.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
    expect(config.log.pretty).toBe(false);
    expect(config.http.port).toBe(8080);
    expect(config.metrics.port).toBe(9100);
  });

  test('cookies are for https alone where the pages are reached by https', () => {
    expect(loadConfig({ env: { SENTINEL_HTTP_PUBLIC_URL: 'https://a.example' } }).http.secureCookies).toBe(true);
    expect(
      loadConfig({ env: { SENTINEL_HTTP_PUBLIC_URL: 'https://a.example', SENTINEL_HTTP_SECURE_COOKIES: 'false' } }).http
        .secureCookies,
    ).toBe(false);
  });

  test('other variables of the machine are nobody’s business', () => {
    expect(() => loadConfig({ env: { PATH: '/bin', HTTP_PORT: 'x', SENTINELS: 'y' } })).not.toThrow();
  });
});

describe('what is wrong', () => {
  test.each([
    ['http:\n  prot: 1\n', 'F:2:3: unknown key "prot" in http; did you mean "port"?'],
    ['htpp:\n  port: 1\n', 'F:1:1: unknown key "htpp"; did you mean "http"?'],
    ['__proto__: {port: 1}\n', 'F:1:1: unknown key "__proto__"'],
    ['cadence_s: 5\n', 'F:1:1: unknown key "cadence_s"'],
    ['hold_up_to_s: 5\n', 'F:1:1: unknown key "hold_up_to_s"; did you mean "capture.hold_up_to_s"?'],
    ['http:\n  connect_ms: 5\n', 'F:2:3: unknown key "connect_ms" in http; did you mean "timeouts.rtsp.connect_ms"?'],
    ['a: 1\nhttp:\n  port: "80"\n', 'F:3:3: http.port must be a whole number, not "80"'],
    ['http: {port: 80.5}\n', 'F:1:8: http.port must be a whole number, not 80.5'],
    ['http:\n\n  port: 70000 # so\n', 'F:3:3: http.port must be at most 65535, not 70000'],
    ['http: 8080\n', 'F:1:1: http must be a section with keys of its own, not 8080'],
    [
      'log:\n  level: inf\n',
      'F:2:3: log.level must be one of fatal, error, warn, info, debug, trace, silent, not "inf"; did you mean "info"?',
    ],
    ['log:\n  pretty: yes\n', 'F:2:3: log.pretty must be true or false or null, not "yes"'],
    ['estate:\n  time_zone: Asia/Nantong\n', 'F:2:3: estate.time_zone is no IANA time zone: "Asia/Nantong"'],
    ['persistence:\n  found: 6\n', 'F:2:3: persistence.found must be at most persistence.of (5), not 6'],
    ['http:\n  trusted_proxies: [10.0.0.0/33]\n', 'F:2:3: http.trusted_proxies has "10.0.0.0/33"'],
    ['http:\n  port: 1\n  port: 2\n', 'F:3:3: not well-formed YAML: Map keys must be unique'],
    ['http:\n  - [\n', 'F:3:1: not well-formed YAML'],
    ['- http\n', 'F:1:1: must be a map of sections'],
    ['admin:\n  password: short\n', 'F:2:3: admin.password must have at least 12 characters'],
  ])('%j', (text, said) => {
    expect(refusal(text)).toContain(said);
  });

  test.each([
    [{ SENTINEL_HTTP_PORT: 'eighty' }, 'SENTINEL_HTTP_PORT: http.port must be a whole number, not "eighty"'],
    [{ SENTINEL_HTTP_PROT: '1' }, 'SENTINEL_HTTP_PROT: no such setting; did you mean "SENTINEL_HTTP_PORT"?'],
    [{ SENTINEL_NONSENSE: '1' }, 'SENTINEL_NONSENSE: no such setting'],
    [{ SENTINEL_VAR_DIR_FILE: '/x' }, 'SENTINEL_VAR_DIR_FILE: no such setting; did you mean "SENTINEL_VAR_DIR"?'],
    [{ SENTINEL_PERSISTENCE_OF: '3' }, 'SENTINEL_PERSISTENCE_OF'],
    [{ SENTINEL_ADMIN_PASSWORD_FILE: '/nowhere' }, 'SENTINEL_ADMIN_PASSWORD_FILE: the file cannot be read: ENOENT'],
    [{ DATABASE_URL: 'postgres://a', SENTINEL_DATABASE_URL: 'postgres://b' }, 'database.url is set by'],
    [
      { SENTINEL_CREDENTIAL_KEY: 'a', SENTINEL_CREDENTIAL_KEY_FILE: 'b' },
      'SENTINEL_CREDENTIAL_KEY: credential.key and',
    ],
  ])('%j', (env, said) => {
    const message = refusal('', env);
    if (said === 'SENTINEL_PERSISTENCE_OF') expect(message).toContain('must be at most persistence.of (3), not 4');
    else expect(message).toContain(said);
  });

  test('all of it is said at once, a line each', () => {
    const lines = refusal('http:\n  prot: 1\nlog:\n  level: 5\n', { SENTINEL_X: '1' }).split('\n');
    expect(lines).toHaveLength(4); // a number as level is both no text and none of the words
    for (const said of ['SENTINEL_X: no such', 'F:2:3: unknown key "prot"', 'F:4:3: log.level must be a text, not 5']) {
      expect(lines.some((line) => line.startsWith(said) || line.includes(said))).toBe(true);
    }
  });

  test('a file that is not there, or is far too large', () => {
    expect(() => loadConfig({ file: join(dir, 'none.yaml'), env: {} })).toThrow(
      /none\.yaml: the configuration file cannot be read: ENOENT/,
    );
    expect(refusal(`# ${'x'.repeat(300_000)}`)).toMatch(/F: has 300002 bytes/);
  });

  test('a flood of aliases is refused', () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [${'*a,'.repeat(40)}]\nc: &c [${'*b,'.repeat(40)}]\n`;
    expect(refusal(bomb)).toContain('not well-formed YAML');
  });

  test('a secret is never shown', () => {
    for (const text of [
      refusal('database:\n  url: mysql://root:hunter2hunter2@h/d\n'),
      refusal('redis:\n  url: [hunter2hunter2]\n'),
      refusal('', { DATABASE_URL: 'hunter2hunter2' }),
      refusal('', { SENTINEL_ADMIN_PASSWORD: 'hunter2' }),
      refusal('', { REDIS_URL_FILE: fileWith('hunter2hunter2') }),
    ]) {
      expect(text).not.toContain('hunter2');
    }
  });
});

describe('properties', () => {
  test('any whole number within the bounds of a key is taken from its variable, any outside refused', () => {
    const numbers = LEAVES.filter(({ path, schema }) => {
      const hasNeighbour = ['found', 'of'].includes(path.at(-1) ?? '');
      return schema.minimum !== undefined && !hasNeighbour;
    });
    fc.assert(
      fc.property(fc.constantFrom(...numbers), fc.integer({ min: -10, max: 40_000_000 }), ({ path, schema }, value) => {
        const load = (): unknown => loadConfig({ env: { [variableOf(path)]: String(value) } });
        const fits = value >= (schema.minimum ?? 0) && value <= (schema.maximum ?? 0);
        if (fits) expect(load).not.toThrow();
        else expect(load).toThrow(variableOf(path));
      }),
    );
  });

  test('no text makes anything but a configuration or a named refusal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const file = fileWith(text);
        try {
          loadConfig({ file, env: {} });
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(SentinelError);
          expect((thrown as SentinelError).message).toContain(file);
        }
      }),
    );
  });

  test('one slip of the fingers is understood', () => {
    const words = LEAVES.map(({ path }) => path.at(-1) as string).filter((word) => word.length > 4);
    fc.assert(
      fc.property(fc.constantFrom(...words), fc.nat(), (word, seed) => {
        const at = seed % (word.length - 1);
        const swapped = word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2);
        expect(nearest(swapped, words)).toBeDefined();
      }),
    );
  });
});
