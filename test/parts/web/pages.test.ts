import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

let database: FreshDatabase;
let dir: string;
let web: { url: string; close(): Promise<void> };
let client: WebClient;
const PAGE = '<!doctype html><title>Sentinel</title><script type="module" src="/assets/app-1a2b.js"></script>';
let checks = [{ name: 'database', ok: true, detail: { en: 'answers in 1 ms', zh: '1 毫秒内应答' } }];

beforeAll(async () => {
  database = await freshDatabase();
  dir = await mkdtemp(path.join(tmpdir(), 'sentinel-ui-'));
  await mkdir(path.join(dir, 'ui', 'assets'), { recursive: true });
  await writeFile(path.join(dir, 'ui', 'index.html'), PAGE);
  await writeFile(path.join(dir, 'ui', 'assets', 'app-1a2b.js'), 'export {};');
  await writeFile(path.join(dir, 'secret.txt'), 'secret');
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  web = await startTestWeb(database, {
    pictures: new MemoryPictures(),
    uiDir: path.join(dir, 'ui'),
    readiness: () => Promise.resolve(checks),
  });
  client = new WebClient(web.url);
});

afterAll(async () => {
  await web.close();
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

const asBrowser = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };

describe('pages', () => {
  it('are one document from every address that is not something else', async () => {
    for (const address of ['/', '/review', '/review/12?tab=overlay', '/cameras/3']) {
      const answer = await client.get(address, asBrowser);
      expect([address, answer.status, answer.text]).toEqual([address, 200, PAGE]);
      expect(answer.headers.get('cache-control')).toBe('no-cache');
    }
    for (const address of ['/api/v1/nothing', '/assets/gone.js', '/metrics/x']) {
      const answer = await client.get(address, asBrowser);
      expect([address, answer.status, answer.body.error.code]).toEqual([address, 404, 'web.not_found']);
    }
    expect((await client.get('/review')).status).toBe(404);
    expect((await client.post('/review')).status).toBe(404);
  });

  it('run no script but their own and show nothing of others', async () => {
    const { headers } = await client.get('/', asBrowser);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe|upgrade-insecure/);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  it('keep their built parts for good', async () => {
    const answer = await client.get('/assets/app-1a2b.js');
    expect(answer.text).toBe('export {};');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it('do not lead out of their folder', async () => {
    for (const address of ['/../secret.txt', '/assets/..%2f..%2fsecret.txt', '/%2e%2e/secret.txt', '/assets/%00']) {
      expect(await rawGet(address)).not.toContain('secret\n');
      expect(await rawGet(address)).toMatch(/^HTTP\/1\.1 (400|403|404) /);
    }
  });

  it('that were not built say how to', async () => {
    const unbuilt = await startTestWeb(database, { pictures: new MemoryPictures(), uiDir: path.join(dir, 'none') });
    try {
      const answer = await new WebClient(unbuilt.url).get('/', asBrowser);
      expect(answer.status).toBe(503);
      expect(answer.text).toContain('npm run build');
    } finally {
      await unbuilt.close();
    }
  });

  /** As it stands, without the tidying that fetch does. */
  function rawGet(address: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(web.url).port), '127.0.0.1', () =>
        socket.write(`GET ${address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
      );
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
  }
});

describe('what cannot be read', () => {
  it('is answered in the one shape', async () => {
    const ask = async (body: string, type: string) =>
      (await client.ask('POST', '/api/v1/session', body, { 'content-type': type })).body.error.code as string;
    expect(await ask('{"name":', 'application/json')).toBe('web.bad_json');
    expect(await ask('{"__proto__":{"x":1},"name":"a","password":"b"}', 'application/json')).toBe('web.bad_json');
    expect(await ask('', 'application/json')).toBe('web.invalid');
    expect(await ask('a=b', 'application/x-www-form-urlencoded')).toBe('web.media_type');
    expect(await ask(JSON.stringify({ name: 'a', password: 'b'.repeat(5000) }), 'application/json')).toBe(
      'web.body_too_large',
    );
    expect((await client.get('/api/v1/%zz')).body.error.code).toBe('web.bad_request');
    expect((await client.ask('PUT', '/api/v1/session')).body.error.code).toBe('web.not_found');
  });

  it('on the server’s side tells an id and nothing of the inside', async () => {
    const lines: string[] = [];
    const { createLogger } = await import('../../../src/base/log.ts');
    const broken = await startTestWeb(database, {
      pictures: new MemoryPictures(),
      log: createLogger({ level: 'error', destination: { write: (line) => lines.push(line) } }),
      readiness: () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:5432')),
    });
    try {
      const answer = await new WebClient(broken.url).get('/readyz');
      expect(answer.status).toBe(500);
      expect(answer.body.error.code).toBe('web.internal');
      expect(answer.text).not.toContain('10.1.2.3');
      expect(lines.join('')).toContain(answer.body.error.details.errorId);
      expect(lines.join('')).toContain('ECONNREFUSED');
    } finally {
      await broken.close();
    }
  });
});

describe('for whoever runs it', () => {
  it('answers health to anybody and readiness by its checks', async () => {
    expect((await client.get('/healthz')).body).toEqual({ ok: true });
    for (const language of ['en', 'zh'] as const) {
      expect((await client.get('/readyz', { 'accept-language': language })).body).toEqual({
        ready: true,
        checks: checks.map((check) => ({ ...check, detail: check.detail[language] })),
      });
    }
    // Through a proxy it is not the machine itself that asks.
    const proxied = await client.get('/readyz', { 'x-forwarded-for': '203.0.113.9' });
    expect(proxied.body.checks).toEqual([{ name: 'database', ok: true, detail: '' }]);
    checks = [{ name: 'queue', ok: false, detail: { en: 'no answer', zh: '无应答' } }];
    const unready = await client.get('/readyz');
    expect([unready.status, unready.body.ready]).toEqual([503, false]);
  });

  it('shows figures to the machine itself and to accounts', async () => {
    const own = await client.get('/metrics');
    expect(own.text).toMatch(/sentinel_http_request_duration_seconds_count\{route="GET \/healthz",status="200"\} \d/);
    expect(own.text).not.toContain('/api/v1/%zz');
    const through = { 'x-forwarded-for': '203.0.113.9' };
    expect((await client.get('/metrics', through)).status).toBe(401);
    const signedIn = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
    expect((await signedIn.get('/metrics', through)).status).toBe(200);
  });

  it('describes itself at /docs, whose page runs under a policy of its own', async () => {
    const page = await client.raw('GET', '/docs/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("style-src 'self' 'unsafe-inline'");
    expect(page.headers.get('content-security-policy')).not.toMatch(/script-src[^;]*unsafe/);
    expect((await client.get('/docs/json')).body.info.title).toBe('Sentinel');
  });

  it('names a port that is taken', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as { port: number };
    try {
      await expect(startTestWeb(database, { pictures: new MemoryPictures(), config: { port } })).rejects.toMatchObject({
        code: 'config.port_taken',
        details: { port },
      });
    } finally {
      blocker.close();
    }
  });
});
