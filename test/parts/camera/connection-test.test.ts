/** A camera tried while somebody waits: every step told, the picture shown with its masks, the password never. */
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { SentinelError } from '../../../src/base/errors.ts';
import { ConnectionTester, type ConnectionReport } from '../../../src/camera/connection-test.ts';
import { burnIn } from '../../../src/comparison/masking.ts';
import { KeyFrameDecoder, writeJpeg } from '../../../src/drivers/codec/codec.ts';
import { HostConnections, visitKeyFrame, type Credentials } from '../../../src/drivers/rtsp/rtsp.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { addCamera, addEstate } from '../../support/estate.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { LOGIN, simulated } from '../../support/simulated.ts';

let database: FreshDatabase;
let simulator: Simulator;
let estateId: number;
let userId: number;
const decoder = new KeyFrameDecoder();
const connections = new HostConnections({ clock: systemClock, perHost: 8 });

beforeAll(async () => {
  database = await freshDatabase();
  estateId = await addEstate(database.db);
  const user = await database.db
    .insertInto('app_user')
    .values({ name: 'op', role: 'operator', password_hash: '' })
    .returning('id')
    .executeTakeFirstOrThrow();
  userId = user.id;
  simulator = await simulated();
});
afterAll(async () => {
  await simulator.close();
  await decoder.close();
  await database.close();
});

function tester(credentials: Credentials = LOGIN): ConnectionTester {
  return new ConnectionTester({
    db: database.db,
    clock: systemClock,
    aim: async ({ subUrl, mainUrl }, stream) => {
      const url = stream === 'look' ? (subUrl ?? mainUrl) : (mainUrl ?? subUrl);
      if (url === null) throw new SentinelError('capture.failed', { problem: 'the camera has no address' });
      return { target: { url, credentials } };
    },
    probe: (target, options) => visitKeyFrame(target, { clock: systemClock, connections, ...options }),
    identify: () => Promise.resolve({ make: 'Acme', model: 'Dome 3', firmware: null }),
    decode: (unit, widthPx) => decoder.decode(unit, widthPx),
    hide: burnIn,
    jpeg: (picture) => writeJpeg(picture),
  });
}

let made = 0;
async function camera(urls: { subUrl?: string; mainUrl?: string }): Promise<{ cameraId: number; viewId: number }> {
  return addCamera(database.db, estateId, { key: `t${++made}`, ...urls });
}
const url = (path: string): string => `rtsp://127.0.0.1:${simulator.port}/${path}`;
const told = ({ steps }: ConnectionReport): string[] =>
  steps.map(({ stream, step, outcome }) => `${stream ?? 'device'} ${step} ${outcome}`);

it('tells every step of both streams and shows the larger picture', async () => {
  const { cameraId } = await camera({ subUrl: url('roof-1/sub'), mainUrl: url('roof-1/main') });
  const report = await tester().test(cameraId, userId);
  expect(told(report)).toEqual(
    ['sub', 'main'].flatMap((stream) =>
      ['connect', 'describe', 'play', 'picture'].map((step) => `${stream} ${step} done`),
    ),
  );
  expect(report.pictureOf).toBe('main');
  expect(report.steps.at(-1)?.detail).toMatch(/^H264 \d+ × \d+$/);
  for (const { tookMs } of report.steps) expect(tookMs).toBeGreaterThanOrEqual(0);
  expect((await sharp(report.picture ?? Buffer.alloc(0)).metadata()).format).toBe('jpeg');
  const entry = await database.db
    .selectFrom('audit')
    .selectAll()
    .where('subject', '=', `camera ${cameraId}`)
    .executeTakeFirstOrThrow();
  expect(entry).toMatchObject({
    action: 'camera.tested',
    user_id: userId,
    details: { failed: [], pictureShown: true },
  });
});

it('burns privacy masks into what it shows', async () => {
  const { cameraId, viewId } = await camera({ subUrl: url('roof-1/sub') });
  const left = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ];
  await database.db
    .insertInto('mask')
    .values({ view_id: viewId, kind: 'privacy', polygon: JSON.stringify(left) })
    .execute();
  const { picture } = await tester().test(cameraId, userId);
  const { width, height } = await sharp(picture ?? Buffer.alloc(0)).metadata();
  const brightness = async (x: number): Promise<number> => {
    const area = { left: Math.round(width * x), top: Math.round(height / 4), width: 40, height: 40 };
    const pixels = await sharp(picture ?? Buffer.alloc(0))
      .extract(area)
      .greyscale()
      .raw()
      .toBuffer();
    return pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  };
  expect(await brightness(0.2)).toBeLessThan(3);
  expect(await brightness(0.7)).toBeGreaterThan(20);
});

it('tells a wrong password from a dead address, a path that is not there, and a stream that never shows anything', async () => {
  const of = async (subUrl: string, credentials?: Credentials): Promise<ConnectionReport> => {
    const { cameraId } = await camera({ subUrl });
    return tester(credentials).test(cameraId, userId);
  };
  const refused = await of(url('roof-1/sub'), { username: LOGIN.username, password: 'not-the-password' });
  expect(told(refused)).toEqual([
    'sub connect done',
    'sub describe failed',
    'sub play not_tried',
    'sub picture not_tried',
  ]);
  expect(refused.steps[1]?.problem?.code).toBe('rtsp.unauthorised');
  expect(refused.picture).toBeNull();
  expect(JSON.stringify(refused)).not.toContain('not-the-password');

  const dead = await of('rtsp://127.0.0.1:9/x');
  expect(told(dead)[0]).toBe('sub connect failed');
  expect(told(dead)[1]).toBe('sub describe not_tried');
  expect(dead.steps[0]?.problem?.code).toMatch(/^rtsp\./);

  const missing = await of(url('nobody/sub'));
  expect(missing.steps[1]).toMatchObject({ step: 'describe', outcome: 'failed' });
  expect(missing.steps[1]?.problem?.code).toBe('rtsp.not_found');
});

it('asks the device where it can, and refuses cameras that are not there and more tests than it can hold', async () => {
  const { cameraId } = await camera({ subUrl: url('roof-1/sub') });
  await database.db
    .updateTable('camera')
    .set({ onvif_url: 'http://127.0.0.1:9/onvif' })
    .where('id', '=', cameraId)
    .execute();
  const one = tester();
  const report = await one.test(cameraId, userId);
  expect(report.steps[0]).toMatchObject({ step: 'device', outcome: 'done', detail: 'Acme Dome 3' });
  await expect(one.test(4711, userId)).rejects.toMatchObject({ code: 'web.missing' });
  const many = await Promise.allSettled(Array.from({ length: 6 }, () => one.test(cameraId, userId)));
  const codes = many.map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as SentinelError).code : 'done',
  );
  expect(codes.filter((code) => code === 'done')).toHaveLength(4);
  expect(codes.filter((code) => code === 'camera.too_many_tests')).toHaveLength(2);
});
