import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { ManualClock } from '../../support/clock.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let clock: ManualClock;

beforeAll(async () => {
  database = await freshDatabase();
  clock = new ManualClock();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  web = await startTestWeb(database, { pictures: new MemoryPictures(), clock });
});

afterAll(async () => {
  await web.close();
  await database.close();
});

const visitor = () => new WebClient(web.url);
const admin = () => visitor().signIn('admin', SAMPLE_PASSWORD);
/** Long enough for every throttled minute to be over. */
const wait = () => clock.advance(61_000);

describe('the first account', () => {
  it('is made once, with an invented password where none is given', async () => {
    const empty = await freshDatabase();
    try {
      const made = await ensureFirstAdmin(empty.db);
      expect(made).toMatchObject({ created: true });
      expect(made.password?.length).toBeGreaterThanOrEqual(12);
      expect(await ensureFirstAdmin(empty.db, 'another password')).toEqual({ created: false });
      const other = await startTestWeb(empty, { pictures: new MemoryPictures() });
      await new WebClient(other.url).signIn('admin', made.password ?? '');
      await other.close();
    } finally {
      await empty.close();
    }
  });

  it('is made once by two processes that start together', async () => {
    const empty = await freshDatabase();
    try {
      const made = await Promise.all([ensureFirstAdmin(empty.db), ensureFirstAdmin(empty.db)]);
      expect(made.filter((one) => one.created)).toHaveLength(1);
    } finally {
      await empty.close();
    }
  });

  it('must have a password long enough', async () => {
    const empty = await freshDatabase();
    try {
      await expect(ensureFirstAdmin(empty.db, 'short')).rejects.toMatchObject({ code: 'people.password_length' });
    } finally {
      await empty.close();
    }
  });
});

describe('signing in', () => {
  it('sets a cookie that scripts and other sites cannot use, and stores only its digest', async () => {
    const response = await visitor().raw('POST', '/api/v1/session', { name: 'admin', password: SAMPLE_PASSWORD });
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^sentinel=[\w-]{43}; Path=\/; Expires=.+; HttpOnly; SameSite=Strict$/);
    const id = /=([\w-]{43})/.exec(cookie)?.[1] ?? '';
    const stored = await database.db.selectFrom('session').select('id_sha256').execute();
    expect(stored.map((row) => row.id_sha256.toString('base64url'))).not.toContain(id);
    const me = await visitor().get('/api/v1/me', { cookie: `sentinel=${id}` });
    expect(me.body).toMatchObject({ name: 'admin', role: 'admin', serverTime: new Date(clock.nowMs()).toISOString() });
  });

  it('over https only makes the cookie Secure and bound to the host', async () => {
    const secure = await startTestWeb(database, { pictures: new MemoryPictures(), clock, config: { secure: true } });
    try {
      const response = await new WebClient(secure.url).raw('POST', '/api/v1/session', {
        name: 'admin',
        password: SAMPLE_PASSWORD,
      });
      expect(response.headers.get('set-cookie')).toMatch(/^__Host-sentinel=.*; HttpOnly; Secure; SameSite=Strict$/);
      expect(response.headers.get('strict-transport-security')).toContain('max-age=');
    } finally {
      await secure.close();
    }
  });

  it('says the same of a wrong password and an unknown name', async () => {
    await wait();
    const wrong = await visitor().post('/api/v1/session', { name: 'admin', password: 'wrong password' });
    const unknown = await visitor().post('/api/v1/session', { name: 'nobody', password: 'wrong password' });
    expect(wrong.status).toBe(401);
    expect(unknown.text).toBe(wrong.text);
    expect(wrong.text).not.toContain('password is wrong for');
  });

  it('is throttled, also for many at once, and says for how long', async () => {
    await wait();
    const attempts = await Promise.all(
      Array.from({ length: 12 }, () => visitor().post('/api/v1/session', { name: 'admin', password: 'guess guess' })),
    );
    const statuses = attempts.map((one) => one.status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(LIMITS.loginAttemptsPerMinute);
    const throttled = attempts.find((one) => one.status === 429);
    expect(Number(throttled?.headers.get('retry-after'))).toBeGreaterThan(50);
    // The right password too: whoever guesses must not learn that it was right.
    const right = await visitor().post('/api/v1/session', { name: 'admin', password: SAMPLE_PASSWORD });
    expect(right.status).toBe(429);
    await wait();
    await admin();
  });

  it('keeps a bounded number of sessions, the newest', async () => {
    const first = await admin();
    for (let n = 0; n < LIMITS.sessionsPerUser; n++) {
      await clock.advance(1000);
      await admin();
    }
    expect((await first.get('/api/v1/me')).status).toBe(401);
    const { count } = await database.db
      .selectFrom('session')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(LIMITS.sessionsPerUser);
  });

  it('ends by signing out, and by time', async () => {
    const client = await admin();
    const { cookie } = client;
    expect((await client.ask('DELETE', '/api/v1/session')).status).toBe(204);
    expect(client.cookie).toBe('');
    expect((await visitor().get('/api/v1/me', { cookie })).status).toBe(401);

    const other = await admin();
    await clock.advance(LIMITS.sessionHours * 3_600_000 - 1);
    expect((await other.get('/api/v1/me')).status).toBe(200);
    await clock.advance(1);
    const ended = await other.get('/api/v1/me', { 'accept-language': 'zh-CN' });
    expect(ended.status).toBe(401);
    expect(ended.body).toEqual({ error: { code: 'web.not_signed_in', message: '请先登录', details: {} } });
  });

  it('is written to the audit with the address, refused or not, and never with the password', async () => {
    const rows = await database.db.selectFrom('audit').selectAll().execute();
    const actions = new Set(rows.map((row) => row.action));
    expect(actions).toContain('session.created');
    expect(actions).toContain('session.refused');
    expect(JSON.stringify(rows)).not.toContain('guess');
    expect(rows[0]?.details).toMatchObject({ name: 'admin', address: '127.0.0.1' });
  });
});

describe('requests forged by another site', () => {
  it('are refused by where they say they come from', async () => {
    const client = await admin();
    const host = new URL(web.url).host;
    const change = (headers: Record<string, string>) => client.post('/api/v1/baselines/accept', {}, headers);
    expect((await change({ origin: 'https://evil.example' })).body.error.code).toBe('web.cross_site');
    expect((await change({ origin: 'null' })).status).toBe(403);
    expect((await change({ origin: `http://${host}.evil.example` })).status).toBe(403);
    expect((await change({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await change({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await change({ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await change({})).status).toBe(200);
    const signIn = await visitor().post(
      '/api/v1/session',
      { name: 'admin', password: SAMPLE_PASSWORD },
      { origin: 'https://evil.example' },
    );
    expect(signIn.status).toBe(403);
  });

  it('of the kinds a page may send unasked are not read', async () => {
    const client = await admin();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const answer = await client.ask('POST', '/api/v1/baselines/accept', '{}', { 'content-type': type });
      expect([type, answer.status, answer.body.error.code]).toEqual([type, 415, 'web.media_type']);
    }
  });
});

describe('people', () => {
  it('are made, changed and disabled by an administrator; their sessions end', async () => {
    const boss = await admin();
    const made = await boss.post('/api/v1/users', {
      name: 'wang',
      displayName: '王敏',
      role: 'operator',
      password: 'a long password',
    });
    expect(made.body).toMatchObject({ name: 'wang', displayName: '王敏', role: 'operator', disabled: false });
    expect(made.text).not.toMatch(/argon2|password/);
    const wang = await visitor().signIn('wang', 'a long password');
    const denied = await wang.get('/api/v1/users');
    expect(denied.body.error).toMatchObject({ code: 'web.forbidden', details: { permission: 'users.manage' } });

    await boss.ask('PATCH', `/api/v1/users/${made.body.id}`, { role: 'viewer' });
    expect((await wang.get('/api/v1/me')).status).toBe(401);
    await wang.signIn('wang', 'a long password');
    expect((await wang.get('/api/v1/me')).body.permissions).not.toContain('candidates.judge');

    const { token } = (await wang.post('/api/v1/tokens', { name: '值班大屏' })).body;
    const program = visitor();
    program.token = token;
    expect((await program.get('/api/v1/me')).body.name).toBe('wang');
    await boss.ask('PATCH', `/api/v1/users/${made.body.id}`, { disabled: true });
    expect((await wang.get('/api/v1/me')).status).toBe(401);
    expect((await program.get('/api/v1/me')).status).toBe(401);
    const refused = await visitor().post('/api/v1/session', { name: 'wang', password: 'a long password' });
    expect(refused.body.error.code).toBe('web.wrong_login');
  });

  it('have names of their own, passwords long enough, and an administrator among them', async () => {
    const boss = await admin();
    const user = { name: 'li', displayName: '', role: 'viewer', password: 'a long password' };
    expect((await boss.post('/api/v1/users', user)).status).toBe(200);
    expect((await boss.post('/api/v1/users', user)).body.error.code).toBe('people.name_taken');
    const short = await boss.post('/api/v1/users', { ...user, name: 'zhao', password: 'too short' });
    expect(short.body.error).toMatchObject({ code: 'web.invalid', details: { field: 'password' } });
    const me = (await boss.get('/api/v1/me')).body;
    for (const change of [{ disabled: true }, { role: 'operator' }]) {
      const answer = await boss.ask('PATCH', `/api/v1/users/${me.id}`, change);
      expect(answer.body.error.code).toBe('people.last_admin');
    }
    expect((await boss.ask('PATCH', '/api/v1/users/4711', { disabled: true })).status).toBe(404);
  });

  it('change their own password, which ends their other sessions', async () => {
    const boss = await admin();
    await boss.post('/api/v1/users', { name: 'sun', displayName: '', role: 'viewer', password: 'a long password' });
    const here = await visitor().signIn('sun', 'a long password');
    const there = await visitor().signIn('sun', 'a long password');
    const wrong = await here.post('/api/v1/me/password', { current: 'not this one', next: 'another password' });
    expect(wrong.body.error.code).toBe('people.wrong_password');
    const right = await here.post('/api/v1/me/password', { current: 'a long password', next: 'another password' });
    expect(right.status).toBe(204);
    expect((await here.get('/api/v1/me')).status).toBe(200);
    expect((await there.get('/api/v1/me')).status).toBe(401);
    await visitor().signIn('sun', 'another password');
  });
});

describe('tokens', () => {
  it('act as their user until withdrawn or out of date, and are shown once', async () => {
    const boss = await admin();
    const expiresAt = new Date(clock.nowMs() + 3_600_000).toISOString();
    const made = (await boss.post('/api/v1/tokens', { name: 'prometheus', expiresAt })).body;
    expect(made.token).toMatch(/^sentinel_[\w-]{43}$/);
    const listed = await boss.get('/api/v1/tokens');
    expect(listed.body.items[0]).toMatchObject({ id: made.id, name: 'prometheus', expiresAt, lastUsedAt: null });
    expect(listed.text).not.toContain(made.token);

    const program = visitor();
    program.token = made.token;
    // No page can make a browser send a token, so where it comes from does not matter.
    const change = await program.post('/api/v1/baselines/accept', {}, { origin: 'https://elsewhere.example' });
    expect(change.status).toBe(200);
    expect((await boss.get('/api/v1/tokens')).body.items[0].lastUsedAt).not.toBeNull();
    await clock.advance(3_600_001);
    expect((await program.get('/api/v1/me')).status).toBe(401);

    const other = (await boss.post('/api/v1/tokens', { name: 'other' })).body;
    program.token = other.token;
    expect((await program.get('/api/v1/me')).status).toBe(200);
    expect((await boss.ask('DELETE', `/api/v1/tokens/${other.id}`)).status).toBe(204);
    expect((await program.get('/api/v1/me')).status).toBe(401);
    expect((await boss.ask('DELETE', `/api/v1/tokens/${other.id}`)).status).toBe(404);
  });

  it('are bounded', async () => {
    const boss = await admin();
    const made = await Promise.all(
      Array.from({ length: LIMITS.tokensPerUser + 5 }, (_, n) => boss.post('/api/v1/tokens', { name: `t${n}` })),
    );
    expect(
      made
        .map((one) => one.status)
        .toSorted((a, b) => a - b)
        .at(-1),
    ).toBe(409);
    expect((await boss.get('/api/v1/tokens')).body.items).toHaveLength(LIMITS.tokensPerUser);
  });
});
