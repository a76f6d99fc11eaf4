/** A console that nobody touches: locked by the server, opened by the password and by nothing else. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createToken } from '../../../src/web/people-store.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { ManualClock } from '../../support/clock.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

const IDLE_MINUTES = 10;

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let clock: ManualClock;
let client: WebClient;

beforeAll(async () => {
  database = await freshDatabase();
  clock = new ManualClock();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  web = await startTestWeb(database, {
    ...{ pictures: new MemoryPictures(), clock, config: { idleLockS: IDLE_MINUTES * 60 } },
  });
});
afterAll(async () => {
  await web.close();
  await database.close();
});
beforeEach(async () => {
  client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
});

const minutes = (n: number): Promise<void> => clock.advance(n * 60_000);
const isLocked = async (): Promise<boolean> => (await client.get('/api/v1/me')).body.isLocked;
const statusOf = async (path: string): Promise<number> => (await client.get(path)).status;

it('locks after the time without hands, however much the page itself asks', async () => {
  expect((await client.get('/api/v1/me')).body).toMatchObject({ isLocked: false, idleLockS: IDLE_MINUTES * 60 });
  for (let minute = 0; minute < IDLE_MINUTES; minute++) {
    await minutes(1);
    expect(await statusOf('/api/v1/candidates')).toBe(200);
  }
  await clock.advance(1000);
  expect(await isLocked()).toBe(true);
  const refused = await client.get('/api/v1/candidates');
  expect([refused.status, refused.body.error.code]).toEqual([423, 'web.locked']);
  for (const path of ['/api/v1/events', '/api/v1/users', '/api/v1/cameras']) expect(await statusOf(path)).toBe(423);
});

it('stays open while hands are told of, and locked when they come too late', async () => {
  for (let minute = 0; minute < IDLE_MINUTES * 3; minute += IDLE_MINUTES - 1) {
    await minutes(IDLE_MINUTES - 1);
    expect((await client.post('/api/v1/session/activity')).status).toBe(204);
  }
  expect(await isLocked()).toBe(false);
  await minutes(IDLE_MINUTES + 1);
  expect((await client.post('/api/v1/session/activity')).status).toBe(423);
  expect(await isLocked()).toBe(true);
});

it('is opened by the password alone, and writes down who tried', async () => {
  expect((await client.post('/api/v1/session/lock')).status).toBe(204);
  expect(await statusOf('/api/v1/candidates')).toBe(423);
  const wrong = await client.post('/api/v1/session/unlock', { password: 'not the password' });
  expect([wrong.status, wrong.body.error.code]).toEqual([403, 'people.wrong_password']);
  expect(await isLocked()).toBe(true);
  const right = await client.post('/api/v1/session/unlock', { password: SAMPLE_PASSWORD });
  expect(right.body).toMatchObject({ name: 'admin', isLocked: false });
  expect(await statusOf('/api/v1/candidates')).toBe(200);
  const written = await database.db.selectFrom('audit').select('action').orderBy('id', 'desc').limit(3).execute();
  expect(written.map(({ action }) => action)).toEqual(['session.unlocked', 'session.unlock_refused', 'session.locked']);
});

it('may be left while it is locked', async () => {
  await client.post('/api/v1/session/lock');
  expect((await client.ask('DELETE', '/api/v1/session')).status).toBe(204);
  expect(await statusOf('/api/v1/me')).toBe(401);
});

it('slows down whoever tries passwords', async () => {
  await client.post('/api/v1/session/lock');
  const statuses: number[] = [];
  for (let n = 0; n < 8; n++) statuses.push((await client.post('/api/v1/session/unlock', { password: 'x' })).status);
  expect(statuses).toContain(429);
  await minutes(5);
});

it('does not lock programs', async () => {
  const { id } = await database.db.selectFrom('app_user').select('id').executeTakeFirstOrThrow();
  const program = new WebClient(web.url);
  program.token = (await createToken(database.db, id, 'test', undefined, clock.nowMs())).token;
  await minutes(IDLE_MINUTES * 5);
  const me = await program.get('/api/v1/me');
  expect(me.body).toMatchObject({ isLocked: false, idleLockS: null });
  expect((await program.get('/api/v1/candidates')).status).toBe(200);
  expect((await program.post('/api/v1/session/lock')).status).toBe(204);
  expect((await program.get('/api/v1/candidates')).status).toBe(200);
});
