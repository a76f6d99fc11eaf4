import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { openDatabase, recordEvents } from '../../../src/drivers/postgres/postgres.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { createToken } from '../../../src/web/people-store.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { fillSample, MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

/** Real time, with heartbeats every 150 ms instead of 15 s. */
const hurried: Clock = {
  ...systemClock,
  every: (periodMs, run) => systemClock.every(periodMs === LIMITS.eventHeartbeatMs ? 150 : periodMs, run),
};

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let client: WebClient;
const open: Stream[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  web = await startTestWeb(database, { pictures: new MemoryPictures(), clock: hurried });
  client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
});

afterEach(async () => {
  for (const stream of open.splice(0)) await stream.cancel();
});

afterAll(async () => {
  await web.close();
  await database.close();
});

interface Message {
  id?: string;
  event?: string;
  data?: string;
}

/** A reader of server-sent events, after the standard's parsing rules. */
class Stream {
  readonly messages: Message[] = [];
  comments = 0;
  ended = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly done: Promise<void>;

  constructor(response: Response) {
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader();
    this.done = this.#read();
  }

  static async open(from: WebClient, path = '/api/v1/events', headers: Record<string, string> = {}): Promise<Stream> {
    const response = await from.raw('GET', path, undefined, headers);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const stream = new Stream(response);
    open.push(stream);
    return stream;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch {
      // Cancelled, or cut off by the server.
    }
    this.ended = true;
  }

  #take(block: string): void {
    const message: Record<string, string> = {};
    for (const line of block.split('\n')) {
      const [, field, value] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
      if (field === '') this.comments++;
      else if (field !== undefined && value !== undefined) message[field] = value;
    }
    if (message['data'] !== undefined) this.messages.push(message);
  }

  ids(): number[] {
    return this.messages.map((message) => Number(message.id));
  }

  async until(count: number): Promise<void> {
    await expect.poll(() => this.messages.length, { timeout: 5_000, interval: 10 }).toBeGreaterThanOrEqual(count);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
    await this.done;
  }
}

const happen = async (candidateId: number): Promise<number> => {
  await recordEvents(database.db, 'candidate.raised', [{ candidateId, viewId: 1 }], systemClock.nowMs());
  return lastId();
};

const lastId = async (): Promise<number> => {
  const { id } = await database.db
    .selectFrom('event')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirstOrThrow();
  return id;
};

describe('the event stream', () => {
  it('tells what happens as it happens', async () => {
    const stream = await Stream.open(client);
    const id = await happen(12);
    await stream.until(1);
    const [message] = stream.messages;
    expect(message).toMatchObject({ id: String(id), event: 'candidate.raised' });
    expect(JSON.parse(message?.data ?? '')).toMatchObject({
      id,
      kind: 'candidate.raised',
      data: { candidateId: 12, viewId: 1 },
    });
  });

  it('resumes by the last id, as a header or in the address, without gaps or repeats', async () => {
    const first = await happen(1);
    for (let n = 2; n <= 30; n++) await happen(n);
    const last = await lastId();
    const expected = Array.from({ length: last - first }, (_, n) => first + 1 + n);
    // While it replays, more happens.
    const streams = await Promise.all([
      Stream.open(client, '/api/v1/events', { 'last-event-id': String(first) }),
      Stream.open(client, `/api/v1/events?after=${first}`),
      happen(31),
      happen(32),
    ]);
    for (const stream of streams.slice(0, 2) as Stream[]) {
      await stream.until(expected.length + 2);
      expect(stream.ids()).toEqual([...expected, last + 1, last + 2]);
    }
  });

  it('keeps to the order of the ids where transactions end in another', async () => {
    const other = openDatabase(database.url, silentLogger, 2);
    try {
      const stream = await Stream.open(client);
      await happen(1);
      await stream.until(1);
      let letCommit = (): void => undefined;
      const committing = new Promise<void>((resolve) => (letCommit = resolve));
      let written = (): void => undefined;
      const isWritten = new Promise<void>((resolve) => (written = resolve));
      const slow = other.transaction().execute(async (trx) => {
        await recordEvents(trx, 'view.changed', [{ viewId: 7 }], systemClock.nowMs());
        written();
        await committing;
      });
      await isWritten;
      const later = await happen(3);
      await systemClock.sleep(300);
      expect(stream.ids()).not.toContain(later);
      letCommit();
      await slow;
      await stream.until(3);
      expect(stream.ids()).toEqual([later - 2, later - 1, later]);
    } finally {
      await other.destroy();
    }
  });

  it('goes on past an id whose transaction came to nothing', async () => {
    const stream = await Stream.open(client);
    await sql`select nextval(pg_get_serial_sequence('event', 'id'))`.execute(database.db);
    const id = await happen(5);
    await stream.until(1);
    expect(stream.ids()).toEqual([id]);
  });

  it('says that more was missed than is replayed', async () => {
    const first = await happen(1);
    await recordEvents(
      database.db,
      'view.changed',
      Array.from({ length: LIMITS.eventsReplayed + 1 }, () => ({ viewId: 1 })),
      systemClock.nowMs(),
    );
    const last = await lastId();
    const probe = await Stream.open(client, `/api/v1/events?after=${last - 1}`);
    await probe.until(1);
    const stream = await Stream.open(client, `/api/v1/events?after=${first}`);
    await stream.until(1);
    expect(stream.messages).toEqual([{ id: String(last), event: 'reset', data: `{"latest":${last}}` }]);
    // What is no longer kept, and what never was, likewise.
    await database.db.deleteFrom('event').where('id', '<', last).execute();
    for (const after of [first, last + 1000]) {
      const other = await Stream.open(client, `/api/v1/events?after=${after}`);
      await other.until(1);
      expect(other.messages[0]?.event).toBe('reset');
    }
    const id = await happen(2);
    await stream.until(2);
    expect(stream.ids()).toEqual([last, id]);
  });

  it('stays alive, and ends with the session', async () => {
    const visitor = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
    const stream = await Stream.open(visitor);
    await expect.poll(() => stream.comments, { timeout: 3_000 }).toBeGreaterThan(2);
    expect(stream.ended).toBe(false);
    await visitor.ask('DELETE', '/api/v1/session');
    await expect.poll(() => stream.ended, { timeout: 3_000 }).toBe(true);
  });

  it('tells people of a unit of their cameras alone, also of what happened before and after the unit changes', async () => {
    await fillSample(database.db, new MemoryPictures(), systemClock.nowMs(), 0);
    const views = await database.db.selectFrom('view').select(['id', 'camera_id as cameraId']).orderBy('id').execute();
    const [own, others] = [views[0]!, views.find(({ cameraId }) => cameraId !== views[0]!.cameraId)!];
    const asUnit = { name: '城管一队', seesAll: false, cameraIds: [own.cameraId], places: [] };
    const unit = await client.post('/api/v1/units', asUnit);
    const officer = await database.db
      .insertInto('app_user')
      .values({ name: 'officer', role: 'enforcement', password_hash: '', unit_id: unit.body.id as number })
      .returning('id')
      .executeTakeFirstOrThrow();
    const narrow = new WebClient(web.url);
    narrow.token = (await createToken(database.db, officer.id, 'test', undefined, systemClock.nowMs())).token;

    const before = await lastId();
    const tell = async (view: { id: number }, change: string): Promise<void> =>
      recordEvents(database.db, 'view.changed', [{ viewId: view.id, change }], systemClock.nowMs());
    const changes = (stream: Stream): string[] =>
      stream.messages.map(({ data }) => (JSON.parse(data ?? '') as { data: { change: string } }).data.change);
    await tell(others, 'hidden');
    await tell(own, 'replayed');
    const stream = await Stream.open(narrow, `/api/v1/events?after=${before}`);
    await tell(others, 'hidden');
    await tell(own, 'live');
    await recordEvents(database.db, 'store.changed', [{ change: 'about no camera' }], systemClock.nowMs());
    await stream.until(3);
    expect(changes(stream)).toEqual(['replayed', 'live', 'about no camera']);

    const path = `/api/v1/units/${unit.body.id as number}`;
    expect((await client.ask('PUT', path, { ...asUnit, cameraIds: [others.cameraId] })).status).toBe(200);
    const beats = stream.comments;
    await expect.poll(() => stream.comments, { timeout: 3_000 }).toBeGreaterThan(beats + 1);
    await tell(own, 'hidden');
    await tell(others, 'now its own');
    await stream.until(4);
    expect(changes(stream).at(-1)).toBe('now its own');
  });

  it('is for people who are signed in, and so many at once', async () => {
    expect((await new WebClient(web.url).get('/api/v1/events')).status).toBe(401);
    for (let n = 0; n < LIMITS.eventStreamsPerUser; n++) await Stream.open(client);
    const refused = await client.get('/api/v1/events');
    expect(refused.body.error).toMatchObject({
      code: 'web.too_many_streams',
      details: { limit: LIMITS.eventStreamsPerUser },
    });
    for (const stream of open.splice(0)) await stream.cancel();
    await expect.poll(async () => (await client.raw('GET', '/metrics')).text()).toContain('sentinel_event_streams 0');
  });

  it('ends when the server closes, which does not wait for its readers', async () => {
    const other = await startTestWeb(database, { pictures: new MemoryPictures() });
    const visitor = await new WebClient(other.url).signIn('admin', SAMPLE_PASSWORD);
    const stream = await Stream.open(visitor);
    const beganMs = systemClock.monotonicMs();
    await other.close();
    await stream.done;
    expect(systemClock.monotonicMs() - beganMs).toBeLessThan(3_000);
  });
});
