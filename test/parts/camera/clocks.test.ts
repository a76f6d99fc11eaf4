/** Cameras' clocks: asked over ONVIF in turn, held against their limit, set on request with a trace in the log. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import {
  CameraStore,
  ClockRound,
  HealthTracker,
  writeClocks,
  type ClockMeasurement,
} from '../../../src/camera/camera.ts';
import { openDevice } from '../../../src/drivers/onvif/onvif.ts';
import type { RoleName } from '../../../src/drivers/postgres/schema.ts';
import { CameraClockDesk } from '../../../src/evidence/camera-clocks.ts';
import { entriesAbout } from '../../../src/evidence/log.ts';
import { createToken } from '../../../src/web/people-store.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { startOnvifDevice, type DeviceScript, type ScriptedDevice } from '../../support/onvif-device.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { fillSample, MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, startTestWeb, WebClient } from '../../support/web.ts';

const LIMIT_MS = 5_000;
let fresh: FreshDatabase;
const devices: ScriptedDevice[] = [];
const rounds: ClockRound[] = [];
beforeEach(async () => {
  fresh = await freshDatabase();
  await ensureFirstAdmin(fresh.db, SAMPLE_PASSWORD);
  await fillSample(fresh.db, new MemoryPictures(), Date.now(), 0);
  await fresh.db.deleteFrom('camera_health').execute();
});
afterEach(async () => {
  for (const round of rounds.splice(0)) await round.close();
  for (const device of devices.splice(0)) await device.close();
  await fresh.close();
});

/** Gives a camera of the sample an ONVIF device. */
async function device(cameraId: number, script: DeviceScript): Promise<ScriptedDevice> {
  const started = await startOnvifDevice(script);
  devices.push(started);
  await fresh.db.updateTable('camera').set({ onvif_url: started.url }).where('id', '=', cameraId).execute();
  return started;
}

const open = (url: string, credentials?: { username: string; password: string }) =>
  openDevice({ url, credentials, clock: systemClock, timeoutMs: 500 });

const onvif = (offset: { offsetMs: number; measuredAtMs: number } | undefined): ClockMeasurement | undefined =>
  offset && { ...offset, source: 'onvif' };

function round(everyS = 3600): ClockRound {
  const made = new ClockRound({
    ...{ db: fresh.db, clock: systemClock, log: silentLogger, everyS, limitMs: LIMIT_MS },
    measure: async ({ onvifUrl }) => onvif((await open(onvifUrl)).clockOffset),
  });
  rounds.push(made);
  return made;
}

const health = (cameraId: number) =>
  fresh.db.selectFrom('camera_health').selectAll().where('camera_id', '=', cameraId).executeTakeFirst();
const events = async (cameraId: number): Promise<unknown[]> =>
  (await fresh.db.selectFrom('event').select('data').where('kind', '=', 'camera.changed').orderBy('id').execute())
    .filter(({ data }) => data['cameraId'] === cameraId)
    .map(({ data }) => data['change']);

describe('the round', () => {
  test('asks each camera that has an ONVIF address, once in its time, and of two processes one', async () => {
    const fast = await device(1, { clockOffsetMs: 90_000 });
    const right = await device(2, { clockOffsetMs: 0, credentials: { username: 'u', password: 'p' } });
    const mute = await device(3, { clockOffsetMs: null });
    await device(4, { misbehave: { GetSystemDateAndTime: 'cut' } });
    const [one, other] = [round(), round()];
    await Promise.all([one.work(), other.work(), one.work()]);
    await Promise.all([one.work(), other.work()]);
    for (const asked of [fast, right, mute]) expect(asked.requests).toEqual(['GetSystemDateAndTime']);
    expect(await health(1)).toMatchObject({ clock_source: 'onvif', state: 'unknown' });
    expect(Math.abs((await health(1))!.clock_offset_ms! - 90_000)).toBeLessThan(1_500);
    expect(Math.abs((await health(2))!.clock_offset_ms!)).toBeLessThan(1_500);
    for (const id of [3, 4]) {
      expect(await health(id)).toMatchObject({ clock_offset_ms: null, clock_asked_at: expect.any(Date) });
    }
    expect(await health(5)).toBeUndefined();
    expect(await events(1)).toEqual(['clock_off']);
    expect(await events(2)).toEqual([]);
  });

  test('asks again when the time has come, and tells of a clock that is right again', async () => {
    const camera = await device(1, { clockOffsetMs: -20_000 });
    await round(0).work();
    camera.script.clockOffsetMs = 200;
    const again = round(0);
    await again.work();
    expect(await events(1)).toEqual(['clock_off', 'clock_right']);
    await fresh.db.updateTable('camera').set({ enabled: false }).where('id', '=', 1).execute();
    const asked = camera.requests.length;
    await again.work();
    expect(camera.requests).toHaveLength(asked);
  });
});

describe('what is kept of a clock', () => {
  const store = () => new CameraStore(fresh.db, { clockLimitMs: LIMIT_MS });
  async function stream(measured: ClockMeasurement): Promise<void> {
    const tracker = new HealthTracker({ offlineAfterS: 60, frozenAfterS: 60 }, Date.now());
    tracker.frame(Date.now(), { digest: 'x', codec: 'h264', widthPx: 1, heightPx: 1 });
    tracker.clock(measured);
    await store().saveHealth([{ cameraId: 1, health: tracker.health, errorsSinceLast: 0 }], Date.now());
  }

  test('a worse way does not overrule a better one, whichever process measured it', async () => {
    const nowMs = Date.now();
    await stream({ offsetMs: 120, measuredAtMs: nowMs, source: 'rtcp' });
    await device(1, { clockOffsetMs: 30_000 });
    await round().work();
    expect(await health(1)).toMatchObject({ clock_source: 'rtcp', clock_offset_ms: 120 });
    await stream({ offsetMs: 7_000, measuredAtMs: nowMs + 1_000, source: 'rtsp_date' });
    expect(await health(1)).toMatchObject({ clock_source: 'rtcp', clock_offset_ms: 120 });
    await stream({ offsetMs: 8_000, measuredAtMs: nowMs + 2_000, source: 'rtcp' });
    expect(await health(1)).toMatchObject({ clock_source: 'rtcp', clock_offset_ms: 8_000 });
    expect(await events(1)).toEqual(['online', 'clock_off']);
  });

  test('an impossible clock does not break the rest', async () => {
    await stream({ offsetMs: -1.8e12, measuredAtMs: Date.now(), source: 'rtcp' });
    expect(await health(1)).toMatchObject({ state: 'online', clock_offset_ms: -2_147_483_648 });
    await fresh.db.transaction().execute((trx) => writeClocks(trx, [], LIMIT_MS, 0));
  });
});

describe('setting a clock over HTTP', () => {
  const login = { username: 'operator', password: 'secret' };
  let web: { url: string; close(): Promise<void> };
  beforeEach(async () => {
    const cameraClocks = new CameraClockDesk({
      ...{ db: fresh.db, clock: systemClock, limitMs: LIMIT_MS },
      open: async ({ onvifUrl }) => {
        const opened = await open(onvifUrl, login);
        return { measured: onvif(opened.clockOffset), set: async () => onvif(await opened.setClock()) };
      },
    });
    web = await startTestWeb(fresh, { pictures: new MemoryPictures(), cameraClocks });
  });
  afterEach(() => web.close());

  async function person(role: RoleName): Promise<WebClient> {
    const { id } = await fresh.db
      .insertInto('app_user')
      .values({ name: role, role, password_hash: '' })
      .returning('id')
      .executeTakeFirstOrThrow();
    const client = new WebClient(web.url);
    client.token = (await createToken(fresh.db, id, 'test', undefined, Date.now())).token;
    return client;
  }
  const told = async (): Promise<Record<string, unknown>[]> =>
    (await entriesAbout(fresh.db, 'camera:1', { afterSeq: -1, most: 10 })).map(({ kind, body }) => ({
      kind,
      ...(JSON.parse(body) as object),
    }));

  test('shows it off, sets it, shows it right, and leaves who, why, before and after in the log', async () => {
    await device(1, { clockOffsetMs: 3_600_000, credentials: login });
    const operator = await person('operator');
    const before = await operator.post('/api/v1/cameras/1/clock/measurement');
    expect(before.body.clock).toMatchObject({ state: 'off', source: 'onvif', limitMs: 5_000 });
    const after = await operator.post('/api/v1/cameras/1/clock/setting', { reason: '时钟快了一小时' });
    expect(after.body.clock).toMatchObject({ state: 'right', measuredAt: expect.any(String) });
    expect(Math.abs(after.body.clock.offsetMs as number)).toBeLessThan(2_000);
    const [entry] = await told();
    expect(entry).toMatchObject({
      ...{ kind: 'camera.clock_set', result: 'set', problem: null, reason: '时钟快了一小时', cameraId: 1 },
      by: { name: 'operator', role: 'operator' },
    });
    expect(Math.abs((entry!['offsetBeforeMs'] as number) - 3_600_000)).toBeLessThan(2_000);
    expect(await events(1)).toEqual(['clock_off', 'clock_right']);
    const listed = await operator.get('/api/v1/cameras?limit=1');
    expect(listed.body.items[0].clock.state).toBe('right');
  });

  test('tells of a try that failed too', async () => {
    await device(1, { clockOffsetMs: 0, credentials: { username: 'operator', password: 'another' } });
    const operator = await person('operator');
    const answer = await operator.post('/api/v1/cameras/1/clock/setting', { reason: '时钟快了' });
    expect([answer.status, answer.body.error.code]).toEqual([502, 'onvif.unauthorised']);
    expect(await told()).toMatchObject([{ result: 'failed', problem: 'onvif.unauthorised', offsetAfterMs: null }]);
  });

  test('wants the right, a reason, a camera, and an address', async () => {
    const operator = await person('operator');
    const set = (id: number, body: object = { reason: '时钟快了' }) =>
      operator.post(`/api/v1/cameras/${id}/clock/setting`, body);
    expect((await set(1)).body.error.code).toBe('camera.no_onvif');
    expect((await set(999)).status).toBe(404);
    expect((await set(1, {})).status).toBe(400);
    expect((await (await person('viewer')).post('/api/v1/cameras/1/clock/setting', { reason: 'xx' })).status).toBe(403);
    await device(2, { clockOffsetMs: null });
    expect((await operator.post('/api/v1/cameras/2/clock/measurement')).body.error.code).toBe('camera.no_clock');
  });

  test('what was measured before the server’s own clock jumped is stale', async () => {
    await device(1, { clockOffsetMs: 0, credentials: login });
    const operator = await person('operator');
    await operator.post('/api/v1/cameras/1/clock/measurement');
    await fresh.db
      .insertInto('server_clock')
      .values({ host: 'one', checked_at: new Date(), stepped_at: new Date(Date.now() - 1), stepped_ms: -60_000 })
      .execute();
    expect((await operator.get('/api/v1/cameras/1')).body.clock.state).toBe('stale');
    expect((await operator.get('/api/v1/server-clock')).body).toMatchObject({ synchronised: null, steps: [] });
  });
});
