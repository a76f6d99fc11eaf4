/** The simulated dome asked by a client that was not made for it: the `onvif` package by itself. */
/* eslint-disable @typescript-eslint/no-explicit-any -- the package's answers are typed as anything, where at all */
import { Cam } from 'onvif';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { HOME } from '../../../src/simulator/turret.ts';
import { domeCredentials, startDome, type StandingDome } from '../../support/simulated-dome.ts';

let dome: StandingDome;
afterEach(() => dome.close());

type Callback = (error: Error | null | false | undefined, answer: any) => void;

/** A call of the package as a promise of its answer. */
const of = (call: (done: Callback) => void): Promise<any> =>
  new Promise((resolve, reject) => {
    call((error, answer) => (error ? reject(error) : resolve(answer)));
  });

async function connect(options: Parameters<typeof startDome>[0] = {}, more: object = {}): Promise<any> {
  dome = await startDome(options);
  const target = { hostname: '127.0.0.1', port: dome.port, ...domeCredentials, timeout: 3_000, autoconnect: false };
  const cam: any = new Cam({ ...target, ...more });
  await of((done) => cam.connect((error: Error | null) => done(error, undefined)));
  return cam;
}

describe('the onvif package', () => {
  test('connects, and learns what the dome is', async () => {
    const cam = await connect({ snapshot: async () => new Uint8Array([0xff, 0xd8, 0xff]) });
    expect(await of((done) => cam.getDeviceInformation(done))).toMatchObject({ model: 'Simulated dome' });
    expect(await of((done) => cam.getStreamUri({ protocol: 'RTSP' }, done))).toMatchObject({
      uri: 'rtsp://127.0.0.1:8554/dome/main',
    });
    expect(await of((done) => cam.getCapabilities(done))).toMatchObject({ PTZ: {}, media: {}, events: {} });
    expect(await of((done) => cam.getScopes(done))).toBeDefined();
    expect(Object.keys(await of((done) => cam.getNodes(done)))).toEqual(['node-1']);
    expect(await of((done) => cam.getConfigurations(done))).toMatchObject({ turret: { token: 'ptz-1' } });
    const { uri } = await of((done) => cam.getSnapshotUri({}, done));
    expect((await fetch(uri as string)).status).toBe(401);
  });

  test('is kept out with a wrong password, by token and by Digest', async () => {
    const wrong = { password: 'wrong' };
    await expect(connect({}, wrong)).rejects.toThrow(/Authorized/);
    await dome.close();
    await expect(connect({ logins: ['digest'] }, { ...wrong, useWSSecurity: false })).rejects.toThrow(/Digest/);
  });

  test('is let in by Digest alone', async () => {
    const cam = await connect({ logins: ['digest'] }, { useWSSecurity: false });
    expect(await of((done) => cam.getPresets(done))).toEqual({});
  });

  test('moves the turret and reads where it is', async () => {
    const cam = await connect();
    await of((done) => cam.absoluteMove({ x: 0.1, y: 0, zoom: 0.2 }, done));
    expect((await of((done) => cam.getStatus({}, done))).moveStatus).toEqual({ panTilt: 'MOVING', zoom: 'MOVING' });
    await systemClock.sleep(800);
    expect(await of((done) => cam.getStatus({}, done))).toMatchObject({
      position: { x: 0.1, y: 0, zoom: 0.2 },
      moveStatus: { panTilt: 'IDLE' },
    });
    await of((done) => cam.continuousMove({ x: 1, y: 0, zoom: 0, timeout: 60_000 }, done));
    await systemClock.sleep(100);
    await of((done) => cam.stop({ panTilt: true, zoom: true }, done));
    await systemClock.sleep(400);
    expect(dome.turret.moving()).toBe(false);
    expect(dome.turret.position().panDeg).toBeGreaterThan(20);
    await of((done) => cam.gotoHomePosition({}, done));
    await systemClock.sleep(800);
    expect(dome.turret.position()).toMatchObject({ panDeg: expect.closeTo(HOME.panDeg, 2) });
  });

  test('keeps and visits presets', async () => {
    const cam = await connect();
    await of((done) => cam.setPreset({ presetName: 'gate' }, done));
    const presets = await of((done) => cam.getPresets(done));
    expect(presets).toMatchObject({ gate: { name: 'gate', $: { token: 1 } } });
    await of((done) => cam.gotoPreset({ preset: '1' }, done));
    await expect(of((done) => cam.gotoPreset({ preset: '9' }, done))).rejects.toThrow(/token does not exist/);
    await of((done) => cam.removePreset({ presetToken: '1' }, done));
    expect(await of((done) => cam.getPresets(done))).toEqual({});
  });

  test('pulls preset events', async () => {
    const cam = await connect();
    dome.addPreset('1', 'gate', { ...HOME, panDeg: 5 });
    const topics: string[] = [];
    const reached = new Promise<void>((resolve) => {
      cam.on('event', (message: any) => {
        topics.push(String(message.topic._));
        if (String(message.topic._).endsWith('Reached')) resolve();
      });
    });
    await expect.poll(() => dome.requests.includes('PullMessages'), { timeout: 5_000 }).toBe(true);
    await of((done) => cam.gotoPreset({ preset: '1' }, done));
    await reached;
    expect(topics).toEqual(['tns1:PTZController/PTZPresets/Invoked', 'tns1:PTZController/PTZPresets/Reached']);
    cam.removeAllListeners('event');
  });

  test('sets the clock', async () => {
    const cam = await connect({ clockOffsetMs: 500_000 });
    const at = { dateTimeType: 'Manual', dateTime: new Date(), timezone: 'UTC0' };
    await of((done) => cam.setSystemDateAndTime(at, done));
    expect(Math.abs(dome.clockOffsetMs)).toBeLessThan(2_000);
  });
});

describe('the dome', () => {
  const ask = async (body: string, path = 'ptz'): Promise<{ status: number; text: string }> => {
    const reply = await fetch(`http://127.0.0.1:${dome.port}/onvif/${path}`, { method: 'POST', body });
    return { status: reply.status, text: await reply.text() };
  };

  test('answers what is no request with a fault, and goes on', async () => {
    dome = await startDome({ logins: [] });
    for (const body of ['', '<', 'x'.repeat(60_000), '<s:Envelope><s:Body/></s:Envelope>']) {
      expect((await ask(body)).status).toBe(400);
    }
    expect((await ask('x'.repeat(100_000))).status).toBe(413);
    expect((await ask('<s:Body><GetSystemDateAndTime/></s:Body>', 'device_service')).status).toBe(200);
  });

  test('takes a login as old as its window and no older, by its own clock', async () => {
    dome = await startDome({ logins: ['token'], clockOffsetMs: 3_600_000, windowMs: 10_000 });
    const { createHash, randomBytes } = await import('node:crypto');
    const login = (ageMs: number): string => {
      const nonce = randomBytes(16);
      const created = new Date(Date.now() + 3_600_000 - ageMs).toISOString();
      const digest = createHash('sha1').update(nonce).update(created).update(domeCredentials.password).digest('base64');
      return `<s:Header><Security><UsernameToken><Username>admin</Username><Password>${digest}</Password><Nonce>${nonce.toString('base64')}</Nonce><Created>${created}</Created></UsernameToken></Security></s:Header><s:Body><GetPresets/></s:Body>`;
    };
    expect((await ask(login(8_000))).status).toBe(200);
    expect((await ask(login(12_000))).status).toBe(400);
    expect((await ask(login(-12_000))).status).toBe(400);
    expect((await ask(login(3_600_000))).text).toContain('NotAuthorized');
  });
});
