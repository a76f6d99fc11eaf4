/** Live pictures over the WebSocket, from a real RTSP server. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { LIMITS } from '../../../src/base/limits.ts';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import type { SharedPulls } from '../../../src/drivers/rtsp/rtsp.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { LIVE_KEY_FLAG, LIVE_URL, type LiveAsk, type LiveTile } from '../../../src/web/contract.ts';
import type { LiveRelay } from '../../../src/wall/wall.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { liveOf } from '../../support/live.ts';
import { liveReader } from '../../support/live-message.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { LOGIN, simulated } from '../../support/simulated.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

/** Heartbeats every 1.5 s instead of 15 s. */
const hurried: Clock = {
  ...systemClock,
  every: (periodMs, run) => systemClock.every(periodMs === LIMITS.liveHeartbeatMs ? 1500 : periodMs, run),
};

let database: FreshDatabase;
let simulator: Simulator;
let web: { url: string; close(): Promise<void> };
let client: WebClient;
let pulls: SharedPulls;
let live: LiveRelay;
let cameraIds: number[];
const pages: Page[] = [];

interface Unit {
  tile: number;
  isKey: boolean;
  arrivedAtMs: number;
  /** Of its stream no two are the same here. */
  mediaTime: number;
  bytes: Buffer;
}

class Page {
  readonly units: Unit[] = [];
  readonly states: LiveTile[] = [];
  readonly socket: WebSocket;
  closed: { code: number } | undefined;

  constructor(headers: Record<string, string>, url: string) {
    const read = liveReader();
    this.socket = new WebSocket(url.replace('http', 'ws') + LIVE_URL, { headers });
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) this.states.push(JSON.parse(data.toString()) as LiveTile);
      else {
        for (const { tile, flags, atMs, mediaTime, bytes } of read(data)) {
          this.units.push({ tile, isKey: (flags & LIVE_KEY_FLAG) !== 0, arrivedAtMs: atMs, mediaTime, bytes });
        }
      }
    });
    this.socket.on('close', (code) => (this.closed = { code }));
    pages.push(this);
  }

  static async open(headers: Record<string, string> = { cookie: client.cookie }, url = web.url): Promise<Page> {
    const page = new Page(headers, url);
    await new Promise<void>((resolve, reject) => {
      page.socket.on('open', resolve);
      page.socket.on('unexpected-response', (_request, { statusCode }) => reject(new Error(`answered ${statusCode}`)));
      page.socket.on('error', reject);
    });
    return page;
  }

  ask(what: LiveAsk | string): void {
    this.socket.send(typeof what === 'string' ? what : JSON.stringify(what));
  }

  of(tile: number): Unit[] {
    return this.units.filter((unit) => unit.tile === tile);
  }
}

const poll = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 });

beforeAll(async () => {
  database = await freshDatabase();
  simulator = await simulated();
  const { db } = database;
  await ensureFirstAdmin(db, SAMPLE_PASSWORD);
  const estate = await db
    .insertInto('estate')
    .values({ name: '小区', time_zone: 'Asia/Shanghai' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const cameras = await db
    .insertInto('camera')
    .values(
      simulator.cameras.map(({ key, mainUrl, subUrl }) => ({
        ...{ estate_id: estate.id, key, name: key, main_url: mainUrl, sub_url: subUrl },
      })),
    )
    .returning('id')
    .execute();
  cameraIds = cameras.map(({ id }) => id);
  await db
    .insertInto('view')
    .values(cameraIds.map((id) => ({ camera_id: id, name: 'fixed' })))
    .execute();
  ({ live, pulls } = liveOf(db, LOGIN));
  web = await startTestWeb(database, { pictures: new MemoryPictures(), clock: hurried, live });
  client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
});

afterEach(async () => {
  for (const page of pages.splice(0)) page.socket.terminate();
  await poll(() => pulls.size).toBe(0);
});

afterAll(async () => {
  await web.close();
  await simulator.close();
  await database.close();
});

describe('live pictures', () => {
  it('begin with a key unit, are the camera’s own bytes, and many tiles share one line', async () => {
    const page = await Page.open();
    page.ask({ watch: { tile: 3, camera: cameraIds[0]!, stream: 'sub' } });
    page.ask({ watch: { tile: 4, camera: cameraIds[1]!, stream: 'sub' } });
    page.ask({ watch: { tile: 5, camera: cameraIds[0]!, stream: 'main' } });
    await poll(() => Math.min(page.of(3).length, page.of(4).length, page.of(5).length)).toBeGreaterThan(5);
    for (const tile of [3, 4, 5]) {
      const [first] = page.of(tile);
      expect(first?.isKey).toBe(true);
      expect(first?.bytes.readUInt32BE(0)).toBe(1);
      expect(Math.abs(first!.arrivedAtMs - Date.now())).toBeLessThan(10_000);
    }
    expect(page.of(5)[0]!.bytes.length).toBeGreaterThan(page.of(3)[0]!.bytes.length);
    expect(page.states).toContainEqual({ tile: 3, state: 'playing', codec: 'h264' });
    expect(pulls.size).toBe(3);
  });

  it('are pulled once however many look, and not at all when nobody does', async () => {
    const [one, two] = [await Page.open(), await Page.open()];
    for (const page of [one, two]) {
      for (const tile of [1, 2]) page.ask({ watch: { tile, camera: cameraIds[0]!, stream: 'sub' } });
    }
    await poll(() => [one, two].every((page) => page.of(1).length > 3 && page.of(2).length > 3)).toBe(true);
    expect(pulls.size).toBe(1);
    one.ask({ unwatch: { tile: 1 } });
    one.ask({ unwatch: { tile: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = one.units.length;
    const others = two.units.length;
    await poll(() => two.units.length).toBeGreaterThan(others + 5);
    expect(one.units.length).toBe(before);
    two.socket.close();
    await poll(() => pulls.size).toBe(0);
  });

  it('say of a tile why there is none', async () => {
    const { db } = database;
    const [gone] = await db
      .insertInto('camera')
      .values({ estate_id: 1, key: 'gone', name: 'gone', sub_url: 'rtsp://127.0.0.1:1/gone' })
      .returning('id')
      .execute();
    await db.insertInto('view').values({ camera_id: gone!.id, name: 'fixed' }).execute();
    const page = await Page.open();
    page.ask({ watch: { tile: 1, camera: gone!.id, stream: 'sub' } });
    page.ask({ watch: { tile: 2, camera: 2_000_000, stream: 'sub' } });
    await poll(() => page.states).toContainEqual({ tile: 2, state: 'unknown' });
    await poll(() => page.states).toContainEqual({ tile: 1, state: 'waiting', problem: 'rtsp.unreachable' });
  });

  it('never show what a privacy mask hides, also when the mask comes later', async () => {
    const { db } = database;
    const page = await Page.open();
    page.ask({ watch: { tile: 1, camera: cameraIds[0]!, stream: 'sub' } });
    await poll(() => page.of(1).length).toBeGreaterThan(2);
    const view = await db
      .selectFrom('view')
      .select('id')
      .where('camera_id', '=', cameraIds[0]!)
      .executeTakeFirstOrThrow();
    const polygon = JSON.stringify([
      [0, 0],
      [0.2, 0],
      [0.2, 0.2],
    ]);
    await db.insertInto('mask').values({ view_id: view.id, kind: 'privacy', polygon }).execute();
    try {
      await poll(() => page.states).toContainEqual({ tile: 1, state: 'masked' });
      await poll(() => pulls.size).toBe(0);
      const shown = page.units.length;
      page.ask({ watch: { tile: 2, camera: cameraIds[0]!, stream: 'main' } });
      await poll(() => page.states).toContainEqual({ tile: 2, state: 'masked' });
      expect(page.units.length).toBe(shown);
    } finally {
      await db.deleteFrom('mask').execute();
    }
  });

  it('skip to the next key unit for a page that does not read', async () => {
    // With heartbeats as they are: this page answers none for a while.
    const patient = await startTestWeb(database, { pictures: new MemoryPictures(), live });
    const page = await Page.open(undefined, patient.url);
    const reader = await Page.open();
    reader.ask({ watch: { tile: 0, camera: cameraIds[0]!, stream: 'main' } });
    await poll(() => reader.of(0).length).toBeGreaterThan(0);
    const last = LIMITS.liveTilesPerPage - 1;
    for (let tile = 0; tile <= last; tile++) {
      page.ask({ watch: { tile, camera: cameraIds[0]!, stream: 'main' } });
    }
    const skipped = async (): Promise<number> => {
      const text = await (await fetch(`${patient.url}/metrics`)).text();
      return Number(/sentinel_live_units_total\{outcome="skipped"\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    const tiles = Array.from({ length: last + 1 }, (_, tile) => tile);
    const reached = (ms: number) =>
      poll(() => Math.min(...tiles.map((tile) => page.of(tile).at(-1)?.arrivedAtMs ?? 0))).toBeGreaterThan(ms);
    await reached(0);
    const before = await skipped();
    page.socket.pause();
    page.ask({ watch: { tile: 999, camera: cameraIds[0]!, stream: 'main' } });
    await poll(skipped).toBeGreaterThan(before + 20);
    const resumedAtMs = Date.now();
    page.socket.resume();
    await poll(() => page.states).toContainEqual({ tile: 999, state: 'refused', problem: 'web.too_many_streams' });
    await reached(resumedAtMs + 500);
    // What this page missed is known from one that missed nothing: after a gap it goes on with a key unit.
    const whole = reader.of(0).map(({ mediaTime }) => mediaTime);
    const goneOn = tiles
      .map((tile) => page.of(tile))
      .flatMap((seen) =>
        seen.filter(({ mediaTime }, at) => at > 0 && whole[whole.indexOf(mediaTime) - 1] !== seen[at - 1]!.mediaTime),
      );
    expect(goneOn.length).toBeGreaterThan(0);
    expect(goneOn.every(({ isKey }) => isKey)).toBe(true);
    await patient.close();
  });
});

describe('the line', () => {
  it('is for people who are signed in and for this site alone', async () => {
    await expect(Page.open({})).rejects.toThrow('answered 401');
    await expect(Page.open({ cookie: client.cookie, origin: 'https://elsewhere.example' })).rejects.toThrow(
      'answered 403',
    );
    await expect(Page.open({ cookie: client.cookie, origin: web.url })).resolves.toBeDefined();
  });

  it('ends at a message that is none, and with the session', async () => {
    for (const text of [
      '{',
      '{"watch":{"tile":-1,"camera":1,"stream":"sub"}}',
      '{"watch":1}',
      '[]',
      'x'.repeat(5000),
    ]) {
      const page = await Page.open();
      page.ask(text);
      await poll(() => page.closed?.code).toBeGreaterThan(1000);
    }
    const other = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
    const page = await Page.open({ cookie: other.cookie });
    await other.ask('DELETE', '/api/v1/session');
    await poll(() => page.closed?.code).toBe(1008);
  });

  it('has a bound on pages of one person', async () => {
    const many = await Promise.all(Array.from({ length: LIMITS.livePagesPerUser }, () => Page.open()));
    await expect(Page.open()).rejects.toThrow('answered 503');
    for (const page of many) page.socket.terminate();
  });
});
