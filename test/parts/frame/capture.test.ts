/** Capture against a real RTSP server and real database: cadence, dead hosts, health, takeover. */
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { CameraLeases, CameraStore } from '../../../src/camera/camera.ts';
import { KeyFrameDecoder } from '../../../src/drivers/codec/codec.ts';
import { HostConnections, RtspPull, visitKeyFrame } from '../../../src/drivers/rtsp/rtsp.ts';
import { Capture, type CaptureRules, type Frame } from '../../../src/frame/frame.ts';
import { parseDemoEstate, startSimulator, type Simulator } from '../../../src/simulator/simulator.ts';
import { addCamera, addEstate } from '../../support/estate.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

const LOGIN = { username: 'demo', password: 'demo-pass' };
const ESTATE = `
estate: { name: 测试小区, time_zone: Asia/Shanghai }
cameras:
  - { key: roof-1, name: 屋顶, place: 1号楼, scene: roof-1, clock_offset_s: 0 }
  - { key: main-road, name: 主干道, place: 主干道, scene: main-road, clock_offset_s: -7 }
schedule:
  opening: [{ lighting: clear, for_s: 10 }]
  cycle: [{ lighting: clear, for_s: 3600 }]
  structures: []
  vans: []
  dropouts: []
`;
const RULES: CaptureRules = {
  cadenceS: 2,
  holdUpToS: 15,
  offlineAfterS: 4,
  frozenAfterS: 8,
  leaseS: 3,
  visitConcurrency: 4,
};

let fresh: FreshDatabase;
let simulator: Simulator;
let silent: Server;
let estateId: number;
let decoder: KeyFrameDecoder;
const captures: Capture[] = [];
beforeAll(async () => {
  fresh = await freshDatabase();
  estateId = await addEstate(fresh.db);
  decoder = new KeyFrameDecoder();
  simulator = await startSimulator({
    ...{ host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger, credentials: LOGIN },
    schedule: parseDemoEstate(ESTATE, 'test'),
  });
  // Accepts and never says a word, like a camera that hangs.
  silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  await fresh.db
    .insertInto('credential')
    .values({ name: 'demo', username: LOGIN.username, secret_sealed: Buffer.from(LOGIN.password) })
    .execute();
});
afterEach(async () => {
  for (const capture of captures.splice(0)) await capture.close();
  await fresh.db.deleteFrom('camera').execute();
});
afterAll(async () => {
  await simulator.close();
  silent.close();
  await decoder.close();
  await fresh.close();
});

async function add(key: string, subUrl: string, cadenceS?: number) {
  const added = await addCamera(fresh.db, estateId, { key, subUrl, ...(cadenceS !== undefined && { cadenceS }) });
  await fresh.db
    .updateTable('camera')
    .set({ credential_id: fresh.db.selectFrom('credential').select('id').limit(1) as never })
    .where('id', '=', added.cameraId)
    .execute();
  return added;
}
const alive = (stream = 'roof-1'): string => `rtsp://127.0.0.1:${simulator.port}/${stream}/sub`;
const faulty = (fault: string): string => `rtsp://127.0.0.1:${simulator.port}/fault/${fault}/roof-1/sub`;

function captureNamed(name: string, rules: Partial<CaptureRules> = {}) {
  const frames: Frame[] = [];
  const clock = systemClock;
  const connections = new HostConnections({ clock, perHost: 64 });
  const timeouts = { connectMs: 2000, replyMs: 2000, mediaMs: 3000 };
  const toCamera = { clock, connections, timeouts };
  const merged = { ...RULES, ...rules };
  const capture = new Capture(merged, {
    ...{ clock, decoder, log: silentLogger, cameras: new CameraStore(fresh.db) },
    leases: new CameraLeases(fresh.db, name, merged.leaseS),
    aim: async ({ subUrl, credential }) => ({
      target: {
        url: subUrl as string,
        ...(credential && {
          credentials: { username: credential.username, password: credential.secretSealed.toString() },
        }),
      },
    }),
    hold: (target, onError) => new RtspPull(target, { ...toCamera, log: silentLogger, onError, onState: () => {} }),
    visit: (target, signal) => visitKeyFrame(target, { ...toCamera, signal }),
    onFrame: async (frame) => void frames.push(frame),
  });
  captures.push(capture);
  return { capture, frames };
}
const healthOf = (cameraId: number) =>
  fresh.db.selectFrom('camera_health').selectAll().where('camera_id', '=', cameraId).executeTakeFirst();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('capture', () => {
  test('dead cameras do not slow the living ones', { timeout: 60_000 }, async () => {
    const living = await Promise.all(Array.from({ length: 12 }, (_, at) => add(`alive-${at}`, alive())));
    const nobody = (silent.address() as AddressInfo).port;
    await Promise.all(Array.from({ length: 12 }, (_, at) => add(`hangs-${at}`, `rtsp://127.0.0.1:${nobody}/${at}`)));
    await Promise.all(Array.from({ length: 12 }, (_, at) => add(`refuses-${at}`, `rtsp://127.0.0.1:9/${at}`)));
    const { capture, frames } = captureNamed('one', { cadenceS: 4 });
    await capture.start();
    await pause(22_000);
    for (const { viewId } of living) {
      const seen = frames.filter((frame) => frame.viewId === viewId);
      // Five beats of 4 s lie within 22 s; the first may be lost to connecting on a busy machine.
      expect(seen.length).toBeGreaterThanOrEqual(4);
    }
    expect(frames.every(({ picture }) => picture.widthPx === 640 && picture.heightPx === 360)).toBe(true);
    expect(capture.counts).toMatchObject({ cameras: 36, online: 12 });
  });

  test('says of each camera how it is and why', { timeout: 60_000 }, async () => {
    const cameras = {
      online: await add('fine', alive('main-road')),
      unauthorised: await add('login', faulty('unauthorised')),
      wrong_codec: await add('codec', faulty('wrong-codec')),
      offline: await add('gone', faulty('offline')),
      frozen: await add('frozen', faulty('frozen'), 1),
    };
    const { capture } = captureNamed('two');
    await capture.start();
    for (const [state, { cameraId }] of Object.entries(cameras)) {
      await expect.poll(async () => (await healthOf(cameraId))?.state, { timeout: 25_000, interval: 300 }).toBe(state);
    }
    const fine = await healthOf(cameras.online.cameraId);
    expect(fine).toMatchObject({ codec: 'h264', width_px: 640, height_px: 360, reason: null });
    await expect
      .poll(async () => (await healthOf(cameras.online.cameraId))?.clock_offset_ms, { timeout: 20_000, interval: 500 })
      .toBeLessThan(-6000);
    const gone = await healthOf(cameras.offline.cameraId);
    expect(gone?.errors).toBeGreaterThan(0);
    expect(JSON.stringify(gone)).not.toContain(LOGIN.password);
    const views = await fresh.db.selectFrom('view').select(['id', 'not_judged_reason']).execute();
    const reasonOf = (viewId: number) => views.find(({ id }) => id === viewId)?.not_judged_reason;
    expect(reasonOf(cameras.offline.viewId)).toBe('offline');
    expect(reasonOf(cameras.unauthorised.viewId)).toBe('unauthorised');
    expect(reasonOf(cameras.online.viewId)).toBe(null);
  });

  test(
    'the cameras of a capture process that died are looked at by the other one soon',
    { timeout: 60_000 },
    async () => {
      const views = await Promise.all(Array.from({ length: 6 }, (_, at) => add(`shared-${at}`, alive())));
      const dying = captureNamed('dying');
      const living = captureNamed('living');
      await dying.capture.start();
      await living.capture.start();
      await expect.poll(() => dying.capture.counts.cameras, { timeout: 10_000 }).toBe(3);
      await expect.poll(() => living.capture.counts.cameras, { timeout: 10_000 }).toBe(3);
      // As after kill -9: it renews nothing and gives nothing back.
      await fresh.db.updateTable('camera_lease').set({ holder: 'dead' }).where('holder', '=', 'dying').execute();
      await fresh.db.updateTable('capture_process').set({ holder: 'dead' }).where('holder', '=', 'dying').execute();
      captures.splice(captures.indexOf(dying.capture), 1);
      await dying.capture.close();
      const before = living.frames.length;
      await expect.poll(() => living.capture.counts.cameras, { timeout: 15_000 }).toBe(6);
      await pause(5_000);
      const seen = new Set(living.frames.slice(before).map(({ viewId }) => viewId));
      for (const { viewId } of views) expect(seen).toContain(viewId);
    },
  );

  test('a camera looked at seldom is visited, not held', { timeout: 40_000 }, async () => {
    await add('seldom', alive(), 4);
    const { capture, frames } = captureNamed('visitor', { holdUpToS: 3 });
    const before = simulator.playing;
    await capture.start();
    await expect.poll(() => frames.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    await expect.poll(() => simulator.playing, { timeout: 5_000 }).toBe(before);
  });

  test('a view set to another cadence, or paused, follows without a restart', { timeout: 40_000 }, async () => {
    const { viewId } = await add('changes', alive(), 1);
    const { capture, frames } = captureNamed('follower');
    await capture.start();
    await expect.poll(() => frames.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(2);
    await fresh.db.updateTable('view').set({ state: 'paused' }).where('id', '=', viewId).execute();
    await pause(2_500);
    const atPause = frames.length;
    await pause(3_000);
    expect(frames.length).toBe(atPause);
    await fresh.db.updateTable('view').set({ state: 'watching' }).where('id', '=', viewId).execute();
    await expect.poll(() => frames.length, { timeout: 15_000 }).toBeGreaterThan(atPause);
  });
});
