/** What happens, to a page over its WebSocket. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { recordEvents } from '../../../src/drivers/postgres/postgres.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { EventLine } from '../../support/event-line.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

/** Heartbeats every 150 ms instead of 15 s. */
const hurried: Clock = {
  ...systemClock,
  every: (periodMs, run) => systemClock.every(periodMs === LIMITS.eventHeartbeatMs ? 150 : periodMs, run),
};

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let client: WebClient;

const lineOf = (query = '', headers: Record<string, string> = { cookie: client.cookie }): Promise<EventLine> =>
  EventLine.open(web.url, headers, query);

const happen = (...viewIds: number[]): Promise<void> =>
  recordEvents(
    database.db,
    'view.changed',
    viewIds.map((viewId) => ({ viewId })),
    systemClock.nowMs(),
  );

beforeAll(async () => {
  database = await freshDatabase();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  web = await startTestWeb(database, { pictures: new MemoryPictures(), clock: hurried });
  client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
});
afterEach(() => EventLine.endAll());
afterAll(async () => {
  await web.close();
  await database.close();
});

describe('the event line', () => {
  it('tells what happens, and after a break what was missed, each once', async () => {
    const first = await lineOf();
    await happen(901, 902);
    await expect.poll(() => first.viewIds).toEqual([901, 902]);
    const last = first.heard.findLast((message) => 'event' in message)!.event.id;
    first.socket.terminate();
    await happen(903);
    const second = await lineOf(`?after=${last}`);
    await happen(904);
    await expect.poll(() => second.viewIds).toEqual([903, 904]);
  });

  it('says so where what was missed is not kept any more, and that it lives', async () => {
    await happen(905);
    await database.db.deleteFrom('event').execute();
    const line = await lineOf('?after=1');
    await expect.poll(() => line.heard.some((message) => 'reset' in message)).toBe(true);
    await expect.poll(() => line.heard.some((message) => 'alive' in message)).toBe(true);
  });

  it('ends with the session, and is for people of this site', async () => {
    const other = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
    const line = await lineOf('', { cookie: other.cookie });
    await other.ask('DELETE', '/api/v1/session');
    await expect.poll(() => line.closed).toBe(1001);
    await expect(lineOf('', {})).rejects.toThrow('answered 401');
    const foreign = { cookie: client.cookie, origin: 'https://elsewhere.example' };
    await expect(lineOf('', foreign)).rejects.toThrow('answered 403');
  });

  it.each(['no JSON', '{"alerts":"yes"}', '{"alerts":true,"more":1}', 'null'])(
    'ends with who says what is not of its contract: %s',
    async (text) => {
      const line = await lineOf();
      line.socket.send(text);
      await expect.poll(() => line.closed).toBe(1008);
    },
  );
});
