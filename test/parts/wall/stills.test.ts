/** Stills: kept beside the cameras when somebody looks, never what a mask hides, and handed out with their moment. */
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { Picture } from '../../../src/base/picture.ts';
import { newestPicture, StillKeeper } from '../../../src/wall/wall.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { ManualClock } from '../../support/clock.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

let database: FreshDatabase;
let web: { url: string; close(): Promise<void> };
let client: WebClient;
let estateId: number;
const clock = new ManualClock();
const pictures = new MemoryPictures();

beforeAll(async () => {
  database = await freshDatabase();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  ({ id: estateId } = await database.db
    .insertInto('estate')
    .values({ name: '小区', time_zone: 'Asia/Shanghai' })
    .returning('id')
    .executeTakeFirstOrThrow());
  web = await startTestWeb(database, { pictures, clock });
  client = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
});

afterAll(async () => {
  await web.close();
  await database.close();
});

const grey = (level: number): Picture => ({
  widthPx: 640,
  heightPx: 360,
  rgb: new Uint8Array(640 * 360 * 3).fill(level),
});

async function addView(key: string): Promise<{ cameraId: number; viewId: number }> {
  const camera = await database.db
    .insertInto('camera')
    .values({ estate_id: estateId, key, name: key, sub_url: `rtsp://127.0.0.1/${key}` })
    .returning('id')
    .executeTakeFirstOrThrow();
  const view = await database.db
    .insertInto('view')
    .values({ camera_id: camera.id, name: key, state: 'watching' })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { cameraId: camera.id, viewId: view.id };
}

async function keeping(run: (keeper: StillKeeper) => Promise<void>): Promise<void> {
  const keeper = new StillKeeper({ db: database.db, clock, log: silentLogger });
  keeper.start();
  await run(keeper);
  await keeper.close();
}
const captured = async (viewId: number): Promise<number | undefined> => {
  const row = await database.db
    .selectFrom('still')
    .select('captured_at')
    .where('view_id', '=', viewId)
    .executeTakeFirst();
  return row?.captured_at.getTime();
};

describe('a still', () => {
  it('is kept once a minute of a view that nobody looks at, and of each look where somebody does', async () => {
    const { cameraId, viewId } = await addView('kept');
    const beganMs = clock.nowMs();
    await keeping(async (keeper) => {
      for (const afterS of [0, 10, 50]) {
        await keeper.keep({ viewId, version: 0, capturedAtMs: beganMs + afterS * 1000, picture: grey(90) });
      }
    });
    expect(await captured(viewId)).toBe(beganMs);

    const keeper = new StillKeeper({ db: database.db, clock, log: silentLogger });
    keeper.start();
    await keeper.keep({ viewId, version: 0, capturedAtMs: beganMs + 60_000, picture: grey(90) });
    expect((await client.get(`/api/v1/cameras/${cameraId}/still.jpg`)).status).toBe(200);
    await clock.advance(2_000);
    await expect
      .poll(async () => {
        await clock.advance(600);
        await keeper.keep({ viewId, version: 0, capturedAtMs: beganMs + 70_000, picture: grey(90) });
        await clock.advance(600);
        return captured(viewId);
      })
      .toBe(beganMs + 70_000);
    await keeper.close();
  });

  it('never gives way to an older one', async () => {
    const { viewId } = await addView('older');
    const atMs = clock.nowMs();
    await keeping((keeper) => keeper.keep({ viewId, version: 0, capturedAtMs: atMs, picture: grey(90) }));
    await keeping((keeper) => keeper.keep({ viewId, version: 0, capturedAtMs: atMs - 5_000, picture: grey(20) }));
    expect(await captured(viewId)).toBe(atMs);
  });

  it('says of when it is, may be asked for small, and is not sent twice', async () => {
    const { cameraId, viewId } = await addView('served');
    const atMs = clock.nowMs() - 4_000;
    await keeping((keeper) => keeper.keep({ viewId, version: 0, capturedAtMs: atMs, picture: grey(120) }));
    for (const address of [`cameras/${cameraId}`, `views/${viewId}`]) {
      const answer = await client.raw('GET', `/api/v1/${address}/still.jpg`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-captured-at')).toBe(new Date(atMs).toISOString());
      expect(answer.headers.get('x-server-time')).toBe(new Date(clock.nowMs()).toISOString());
      expect(answer.headers.get('cache-control')).toBe('private, no-cache');
      expect((await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).width).toBe(640);
      const again = await client.raw('GET', `/api/v1/${address}/still.jpg`, undefined, {
        'if-none-match': answer.headers.get('etag') ?? '',
      });
      expect(again.status).toBe(304);
    }
    const small = await client.raw('GET', `/api/v1/cameras/${cameraId}/still.jpg?size=small&v=${atMs}`);
    expect(small.headers.get('cache-control')).toContain('immutable');
    expect((await sharp(Buffer.from(await small.arrayBuffer())).metadata()).width).toBe(LIMITS.smallStillWidthPx);
  });

  it('is a kept picture of a look where that is newer, and none where there is neither', async () => {
    const { cameraId, viewId } = await addView('look');
    expect((await client.get(`/api/v1/cameras/${cameraId}/still.jpg`)).status).toBe(404);
    const jpeg = await sharp({ create: { width: 640, height: 360, channels: 3, background: '#345' } })
      .jpeg()
      .toBuffer();
    const at = new Date(clock.nowMs());
    await database.db
      .insertInto('look')
      .values({
        view_id: viewId,
        captured_at: at,
        result: 'changed',
        stage: 'network',
        picture_sha256: pictures.put(jpeg),
      })
      .execute();
    const answer = await client.raw('GET', `/api/v1/views/${viewId}/still.jpg`);
    expect(answer.headers.get('x-captured-at')).toBe(at.toISOString());
    const digest = createHash('sha256').update(Buffer.from(await answer.arrayBuffer()));
    expect(digest.digest('hex')).toBe(createHash('sha256').update(jpeg).digest('hex'));
  });

  it('is not shown once a mask was drawn that it does not have', async () => {
    const { viewId } = await addView('masked');
    const atMs = clock.nowMs();
    await keeping((keeper) => keeper.keep({ viewId, version: 0, capturedAtMs: atMs, picture: grey(120) }));
    const jpeg = await sharp({ create: { width: 64, height: 36, channels: 3, background: '#345' } })
      .jpeg()
      .toBuffer();
    await database.db
      .insertInto('look')
      .values({
        view_id: viewId,
        captured_at: new Date(atMs),
        result: 'changed',
        stage: 'network',
        picture_sha256: pictures.put(jpeg),
      })
      .execute();
    const drawn = await client.post(`/api/v1/views/${viewId}/masks`, {
      ...{ kind: 'privacy', name: '窗户', persistenceRule: null },
      polygon: [
        [0, 0],
        [0.5, 0],
        [0.5, 0.5],
      ],
    });
    expect(drawn.status).toBe(200);
    expect((await client.get(`/api/v1/views/${viewId}/still.jpg`)).status).toBe(404);
    await expect(newestPicture(database.db, { viewId })).rejects.toMatchObject({ code: 'web.missing' });
    // One that was made with the masks of before, and comes late, is not shown either.
    await keeping((keeper) => keeper.keep({ viewId, version: 0, capturedAtMs: atMs + 1, picture: grey(120) }));
    expect((await client.get(`/api/v1/views/${viewId}/still.jpg`)).status).toBe(404);
    await keeping((keeper) => keeper.keep({ viewId, version: 1, capturedAtMs: atMs + 2, picture: grey(60) }));
    expect((await client.get(`/api/v1/views/${viewId}/still.jpg`)).status).toBe(200);
  });
});
