/** What happens, to a page over its WebSocket. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { LIMITS } from '../../../src/base/limits.ts';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { recordEvents } from '../../../src/drivers/postgres/postgres.ts';
import { EVENT_LINE_URL, type EventMessage } from '../../../src/web/contract.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
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
const lines: Line[] = [];

class Line {
  readonly heard: EventMessage[] = [];
  readonly socket: WebSocket;
  closed: number | undefined;

  constructor(query: string, headers: Record<string, string>) {
    this.socket = new WebSocket(web.url.replace('http', 'ws') + EVENT_LINE_URL + query, { headers });
    this.socket.on('message', (data: Buffer) => this.heard.push(JSON.parse(data.toString()) as EventMessage));
    this.socket.on('close', (code) => (this.closed = code));
    lines.push(this);
  }

  static async open(query = '', headers: Record<string, string> = { cookie: client.cookie }): Promise<Line> {
    const line = new Line(query, headers);
    await new Promise<void>((resolve, reject) => {
      line.socket.on('open', resolve);
      line.socket.on('unexpected-response', (_request, { statusCode }) => reject(new Error(`answered ${statusCode}`)));
      line.socket.on('error', reject);
    });
    return line;
  }

  get viewIds(): (number | undefined)[] {
    return this.heard.flatMap((message) => ('event' in message ? [message.event.data.viewId] : []));
  }
}

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
afterEach(() => {
  for (const { socket } of lines.splice(0)) socket.terminate();
});
afterAll(async () => {
  await web.close();
  await database.close();
});

describe('the event line', () => {
  it('tells what happens, and after a break what was missed, each once', async () => {
    const first = await Line.open();
    await happen(901, 902);
    await expect.poll(() => first.viewIds).toEqual([901, 902]);
    const last = first.heard.findLast((message) => 'event' in message)!.event.id;
    first.socket.terminate();
    await happen(903);
    const second = await Line.open(`?after=${last}`);
    await happen(904);
    await expect.poll(() => second.viewIds).toEqual([903, 904]);
  });

  it('says so where what was missed is not kept any more, and that it lives', async () => {
    await happen(905);
    await database.db.deleteFrom('event').execute();
    const line = await Line.open('?after=1');
    await expect.poll(() => line.heard.some((message) => 'reset' in message)).toBe(true);
    await expect.poll(() => line.heard.some((message) => 'alive' in message)).toBe(true);
  });

  it('ends with the session, and is for people of this site', async () => {
    const other = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
    const line = await Line.open('', { cookie: other.cookie });
    await other.ask('DELETE', '/api/v1/session');
    await expect.poll(() => line.closed).toBe(1001);
    await expect(Line.open('', {})).rejects.toThrow('answered 401');
    const foreign = { cookie: client.cookie, origin: 'https://elsewhere.example' };
    await expect(Line.open('', foreign)).rejects.toThrow('answered 403');
  });
});
