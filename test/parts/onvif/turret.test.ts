import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { SentinelError } from '../../../src/base/errors.ts';
import { openDevice, type DeviceTarget, type OnvifTurret } from '../../../src/drivers/onvif/onvif.ts';
import { HOME } from '../../../src/simulator/turret.ts';
import { domeCredentials, PACE, startDome, type StandingDome } from '../../support/simulated-dome.ts';

let dome: StandingDome;
afterEach(() => dome.close());

const sleep = (ms: number): Promise<void> => systemClock.sleep(ms);

async function open(options: Parameters<typeof startDome>[0] = {}, target: Partial<DeviceTarget> = {}) {
  dome = await startDome(options);
  return openDevice({ url: dome.url, credentials: domeCredentials, clock: systemClock, timeoutMs: 2_000, ...target });
}

async function openTurret(options: Parameters<typeof startDome>[0] = {}): Promise<OnvifTurret> {
  return (await open(options)).turret();
}

async function errorOf(promise: Promise<unknown>): Promise<SentinelError> {
  const thrown: unknown = await promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(SentinelError);
  return thrown as SentinelError;
}

async function untilStill(turret: OnvifTurret): Promise<void> {
  for (let times = 0; times < 300; times++) {
    if ((await turret.status()).moving === false) return;
    await sleep(20);
  }
  expect.unreachable('it never stood still');
}

const times = (request: string): number => dome.requests.filter((one) => one === request).length;

describe('a dome', () => {
  test('says what it is, how it is reached and where its pictures are', async () => {
    const device = await open({ snapshot: async () => new Uint8Array([0xff, 0xd8]) });
    expect(await device.information()).toMatchObject({ serial: '0012345678901234567', firmware: '1.10' });
    expect(await device.network()).toEqual([{ name: 'eth0', mac: 'aa:bb:cc:00:11:22', addresses: ['127.0.0.1'] }]);
    const source = 'source-configuration';
    expect(await device.captions()).toEqual([
      { kind: 'Plain', text: expect.any(String) as string, source },
      { kind: 'DateAndTime', text: '', source },
    ]);
    expect(await device.services()).toEqual({ media: true, turret: true, events: true });
    expect(await device.streams()).toMatchObject({
      mainUrl: 'rtsp://127.0.0.1:8554/dome/main',
      subUrl: 'rtsp://127.0.0.1:8554/dome/sub',
    });
    expect(await device.snapshotUrl('main')).toBe(`http://127.0.0.1:${dome.port}/snapshot.jpg`);
  });

  test('may offer no snapshot', async () => {
    expect(await (await open()).snapshotUrl('main')).toBeUndefined();
  });

  test('has its clock set, and keeps its zone', async () => {
    const device = await open({ clockOffsetMs: -86_400_000 });
    expect(device.clockOffset!.offsetMs).toBeLessThan(-86_000_000);
    expect(Math.abs((await device.setClock())!.offsetMs)).toBeLessThan(2_000);
    expect(Math.abs(dome.clockOffsetMs)).toBeLessThan(2_000);
    await expect(device.information()).resolves.toBeDefined();
  });

  test.each([
    ['by token alone', { logins: ['token'] }],
    ['by Digest alone', { logins: ['digest'] }],
    ['with a clock five years off', { clockOffsetMs: -5 * 365 * 86_400_000 }],
    ['with local time called UTC', { quirks: { tellsLocalTime: true } }],
    ['with prefixes of its own', { quirks: { prefixes: { s: 'SOAP-ENV', tt: 'ns1', tptz: 'ns7', tds: 'ns2' } } }],
  ] as const)('is entered %s', async (_, options) => {
    const turret = await openTurret(options);
    await turret.setPreset('大门');
    expect(await turret.presets()).toMatchObject([{ name: '大门' }]);
  });

  test.each([
    ['token', 'wang & "li" <x>'],
    ['digest', 'wang & li <x>'],
  ] as const)('is entered by %s under the name %s', async (login, username) => {
    const credentials = { username, password: '<&>' };
    const device = await open({ credentials, logins: [login] }, { credentials });
    await expect(device.information()).resolves.toBeDefined();
  });

  test('takes no login twice', async () => {
    let body = '';
    const device = await open({ logins: ['token'] });
    await device.information();
    // The same request once more, as somebody who listened in would send it.
    const created = new Date(Date.now()).toISOString();
    const { createHash } = await import('node:crypto');
    const nonce = Buffer.from('0123456789abcdef');
    const digest = createHash('sha1').update(nonce).update(created).update(domeCredentials.password).digest('base64');
    body = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><Security><UsernameToken><Username>admin</Username><Password>${digest}</Password><Nonce>${nonce.toString('base64')}</Nonce><Created>${created}</Created></UsernameToken></Security></s:Header><s:Body><GetDeviceInformation xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>`;
    const send = async (): Promise<number> => (await fetch(dome.url, { method: 'POST', body })).status;
    expect(await send()).toBe(200);
    expect(await send()).toBe(400);
  });
});

describe('presets', () => {
  test('are kept where the turret points, listed, replaced and removed', async () => {
    const turret = await openTurret();
    await turret.goTo({ pan: 0.1, tilt: 0.5, zoom: 0 });
    await untilStill(turret);
    const token = await turret.setPreset('3号楼 <屋面> & "天台"');
    expect(await turret.presets()).toEqual([
      {
        token,
        name: '3号楼 <屋面> & "天台"',
        position: { pan: expect.closeTo(0.1, 4), tilt: expect.closeTo(0.5, 4), zoom: 0 },
      },
    ]);
    await turret.goHome();
    await untilStill(turret);
    expect(await turret.setPreset('门', token)).toBe(token);
    expect(await turret.presets()).toMatchObject([{ token, name: '门', position: { pan: expect.closeTo(0, 4) } }]);
    await turret.removePreset(token);
    expect(await turret.presets()).toEqual([]);
    expect(await errorOf(turret.removePreset(token))).toMatchObject({ code: 'onvif.no_preset', details: { token } });
  });

  test('are gone to', async () => {
    const turret = await openTurret();
    dome.addPreset('7', '大门', { panDeg: 40, tiltDeg: -20, zoom: 2 });
    await turret.goToPreset('7');
    expect((await turret.status()).moving).toBe(true);
    await untilStill(turret);
    expect(dome.turret.position()).toMatchObject({ panDeg: expect.closeTo(40, 2), tiltDeg: expect.closeTo(-20, 2) });
    expect((await turret.status()).position).toMatchObject({ pan: expect.closeTo(40 / 180, 3) });
  });

  test('that are not there are named so, without a command', async () => {
    const turret = await openTurret({ quirks: { takesUnknownPresets: true } });
    expect(await errorOf(turret.goToPreset('9'))).toMatchObject({ code: 'onvif.no_preset', details: { token: '9' } });
    expect(times('GotoPreset')).toBe(0);
  });

  test('are read once, and again after the device was lost', async () => {
    const turret = await openTurret({ quirks: { takesUnknownPresets: true } });
    dome.addPreset('1', 'a', HOME);
    dome.addPreset('2', 'b', { ...HOME, panDeg: 5 });
    await turret.goToPreset('1');
    await turret.goToPreset('2');
    expect(times('GetPresets')).toBe(1);
    dome.setFault('reset');
    await errorOf(turret.goToPreset('1'));
    dome.setFault(undefined);
    dome.losePresets();
    // A device that takes commands for presets it has lost would stay where it is and say nothing.
    expect(await errorOf(turret.goToPreset('1'))).toMatchObject({ code: 'onvif.no_preset' });
    expect(times('GetPresets')).toBe(2);
    dome.addPreset('1', 'a', HOME);
    await turret.goToPreset('1');
  });

  test('of a make that lists every slot are those in use', async () => {
    const turret = await openTurret({ quirks: { listsEverySlot: true } });
    dome.addPreset('33', '大门', HOME);
    expect(await turret.presets()).toMatchObject([{ token: '33', name: '大门' }]);
  });

  test('have names of a bounded length', async () => {
    const turret = await openTurret();
    expect(await errorOf(turret.setPreset('x'.repeat(65)))).toMatchObject({ code: 'onvif.too_much' });
    expect(await errorOf(turret.setPreset(''))).toMatchObject({ code: 'onvif.too_much' });
    expect(times('SetPreset')).toBe(0);
  });
});

describe('moves', () => {
  test('to a place, at a speed', async () => {
    const turret = await openTurret();
    await turret.goTo({ pan: 0.5, tilt: 0, zoom: 1 }, 0.1);
    await sleep(700 / PACE);
    const slow = dome.turret.position().panDeg;
    await turret.goTo({ pan: 0.5, tilt: 0, zoom: 1 });
    await sleep(700 / PACE);
    expect(dome.turret.position().panDeg - slow).toBeGreaterThan(3 * slow);
    await untilStill(turret);
    expect((await turret.status()).position).toEqual({
      pan: expect.closeTo(0.5, 4),
      tilt: expect.closeTo(0, 4),
      zoom: expect.closeTo(1, 4),
    });
  });

  test('without zoom leave the zoom alone', async () => {
    const turret = await openTurret();
    await turret.goTo({ pan: 0, tilt: 0, zoom: 0.5 });
    await untilStill(turret);
    await turret.goTo({ pan: 0.05, tilt: 0, zoom: null });
    await untilStill(turret);
    expect(dome.turret.position().zoom).toBeCloseTo(4.5, 2);
  });

  test('by a shift, of the range and in the picture', async () => {
    const turret = await openTurret();
    await turret.moveBy({ pan: 10 / 360 });
    await untilStill(turret);
    expect(dome.turret.position().panDeg).toBeCloseTo(10, 2);
    // The picture is 60 degrees wide: what is at its right edge lies 30 from its middle.
    await turret.moveInPicture({ pan: 1, tilt: 0 });
    await untilStill(turret);
    expect(dome.turret.position()).toMatchObject({ panDeg: expect.closeTo(40, 2), tiltDeg: expect.closeTo(-10, 2) });
    await turret.moveInPicture({ pan: 0, tilt: 0.5 });
    await untilStill(turret);
    const halfUpDeg = (Math.atan(Math.tan((18 * Math.PI) / 180) / 2) * 180) / Math.PI;
    expect(dome.turret.position().tiltDeg).toBeCloseTo(-10 + halfUpDeg, 2);
  });

  test('go on until stopped, or until their time is up', async () => {
    const turret = await openTurret();
    await turret.moveContinuously({ pan: -0.5 }, 10_000);
    await sleep(500 / PACE);
    expect((await turret.status()).moving).toBe(true);
    await turret.stop();
    await untilStill(turret);
    const stopped = dome.turret.position();
    expect(stopped.panDeg).toBeLessThan(-5);
    expect(stopped.tiltDeg).toBeCloseTo(-10, 3);
    await turret.moveContinuously({ tilt: 1, zoom: 1 }, 300);
    await sleep(100);
    await untilStill(turret);
    expect(dome.turret.position().tiltDeg).toBeGreaterThan(-9);
    expect(dome.turret.position().zoom).toBeGreaterThan(1.1);
  });

  test('home, which can be set', async () => {
    const turret = await openTurret();
    await turret.goTo({ pan: 0.1, tilt: 0, zoom: 0 });
    await untilStill(turret);
    await turret.setHome();
    await turret.goTo({ pan: 0, tilt: 0, zoom: 0 });
    await untilStill(turret);
    await turret.goHome();
    await untilStill(turret);
    expect(dome.turret.position().panDeg).toBeCloseTo(18, 2);
  });
});

describe('the status', () => {
  test('of a device that does not tell is unknown, not still', async () => {
    const turret = await openTurret({ quirks: { tellsNoMoveStatus: true, tellsNoPosition: true } });
    expect(await turret.status()).toMatchObject({ position: null, moving: null });
  });

  test('of a turret that has lost count has no position', async () => {
    const turret = await openTurret();
    dome.turret.setFault('lost');
    expect(await turret.status()).toMatchObject({ position: null, moving: false });
  });

  test('of a stuck turret never changes', async () => {
    const turret = await openTurret();
    dome.turret.setFault('stuck');
    const { position } = await turret.status();
    await turret.goTo({ pan: 0.9, tilt: 0, zoom: 0 });
    await sleep(200);
    expect(await turret.status()).toMatchObject({ position, moving: false });
  });

  test('is stamped by the device’s clock', async () => {
    const turret = await openTurret({ clockOffsetMs: 3_600_000 });
    const { utcMs } = await turret.status();
    expect(Math.abs(utcMs! - Date.now() - 3_600_000)).toBeLessThan(1_000);
  });
});

describe('tours', () => {
  test('go round by themselves, as often as wanted', async () => {
    const turret = await openTurret();
    dome.addPreset('1', 'a', { ...HOME, panDeg: 8 });
    dome.addPreset('2', 'b', { ...HOME, panDeg: -8 });
    const token = await turret.createTour({
      name: '夜间 <1>',
      spots: [
        { at: { preset: '1' }, stayS: 0 },
        { at: { preset: '2' }, stayS: 0, speed: 0.9 },
        { at: 'home', stayS: 0 },
        { at: { pan: 0.02, tilt: 0.2, zoom: 0 }, stayS: 0 },
      ],
      rounds: 1,
    });
    expect(await turret.tours()).toEqual([{ token, name: '夜间 <1>', state: 'idle', preset: null, spots: 4 }]);
    await turret.operateTour(token, 'start');
    const seen = new Set<string | null>();
    for (let looks = 0; looks < 400; looks++) {
      const [tour] = await turret.tours();
      if (tour!.state === 'idle') break;
      seen.add(tour!.preset);
      await sleep(8);
    }
    expect([...seen]).toEqual(['1', '2', null]);
    expect(dome.turret.position().panDeg).toBeCloseTo(3.6, 1);
    await turret.removeTour(token);
    expect(await turret.tours()).toEqual([]);
  });

  test('pause, go on, stop, and give way to a hand', async () => {
    const turret = await openTurret();
    dome.addPreset('1', 'a', { ...HOME, panDeg: 60 });
    dome.addPreset('2', 'b', HOME);
    const spots = [
      { at: { preset: '1' }, stayS: 60 },
      { at: { preset: '2' }, stayS: 60 },
    ];
    const token = await turret.createTour({ name: 't', spots });
    const stateOf = async (): Promise<string> => (await turret.tours())[0]!.state;
    await turret.operateTour(token, 'start');
    await turret.operateTour(token, 'pause');
    expect(await stateOf()).toBe('paused');
    await untilStill(turret);
    await turret.operateTour(token, 'start');
    expect(await stateOf()).toBe('touring');
    expect(await errorOf(turret.operateTour(token, 'start'))).toMatchObject({
      code: 'onvif.refused',
      details: { subcode: 'ActivationFailed' },
    });
    await turret.goHome();
    expect(await stateOf()).toBe('idle');
    await untilStill(turret);
    await turret.operateTour(token, 'start');
    await turret.operateTour(token, 'stop');
    expect(await stateOf()).toBe('idle');
    await turret.changeTour(token, { name: 'u', spots: spots.slice(0, 1), backward: true, randomOrder: true });
    expect(await turret.tours()).toMatchObject([{ name: 'u', spots: 1 }]);
  });

  test('that cannot be made leave nothing behind', async () => {
    const turret = await openTurret();
    const plan = { name: 't', spots: [{ at: { preset: 'none' }, stayS: 1 }] };
    expect(await errorOf(turret.createTour(plan))).toMatchObject({ code: 'onvif.refused' });
    expect(await turret.tours()).toEqual([]);
    expect(await errorOf(turret.createTour({ name: 't', spots: [] }))).toMatchObject({ code: 'onvif.too_much' });
  });
});

describe('preset events', () => {
  test('tell of setting out, arriving and leaving', async () => {
    const device = await open();
    const turret = await device.turret();
    dome.addPreset('1', 'a', { ...HOME, panDeg: 10 });
    dome.addPreset('2', 'b', { ...HOME, panDeg: 90 });
    const events = await device.presetEvents();
    const seen: string[] = [];
    const gather = async (until: string): Promise<void> => {
      for (let pulls = 0; pulls < 20 && seen.at(-1) !== until; pulls++) {
        seen.push(...(await events.next(2_000)).map(({ moment, preset }) => `${moment} ${preset}`));
      }
    };
    await turret.goToPreset('1');
    await gather('reached 1');
    await turret.goToPreset('2');
    await turret.stop();
    await gather('aborted 2');
    expect(seen).toEqual(['invoked 1', 'reached 1', 'left 1', 'invoked 2', 'aborted 2']);
    await events.close();
    expect(times('Unsubscribe')).toBe(1);
  });

  test('wait without holding up commands, and end when closed', async () => {
    const device = await open();
    const turret = await device.turret();
    const events = await device.presetEvents();
    const beganMs = performance.now();
    const waiting = events.next(15_000);
    await turret.status();
    await events.close();
    expect(await waiting).toEqual([]);
    expect(performance.now() - beganMs).toBeLessThan(3_000);
  });

  test('none within the time asked', async () => {
    const device = await open();
    const events = await device.presetEvents();
    const beganMs = performance.now();
    expect(await events.next(200)).toEqual([]);
    expect(performance.now() - beganMs).toBeGreaterThan(190);
  });

  test('are subscribed to again once the device has started anew', async () => {
    const device = await open();
    const turret = await device.turret();
    dome.addPreset('1', 'a', { ...HOME, panDeg: 3 });
    const events = await device.presetEvents();
    dome.restart();
    const coming = events.next(5_000);
    await sleep(200);
    await turret.goToPreset('1');
    expect((await coming)[0]).toMatchObject({ moment: 'invoked', preset: '1' });
  });
});

describe('a fault', () => {
  test.each([
    ['offline', 'onvif.unreachable'],
    ['reset', 'onvif.unreachable'],
    ['hang', 'onvif.timeout'],
    ['slow', 'onvif.timeout'],
    ['cut', 'onvif.protocol'],
    ['flood', 'onvif.protocol'],
    ['entities', 'onvif.protocol'],
    ['unauthorised', 'onvif.unauthorised'],
  ] as const)('%s ends in %s soon, and is forgotten when mended', async (fault, code) => {
    const device = await open({ clockOffsetMs: 60_000 }, { timeoutMs: 700 });
    const turret = await device.turret();
    dome.setFault(fault);
    const beganMs = performance.now();
    expect(await errorOf(turret.status())).toMatchObject({ code });
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    // Meanwhile it may have started anew, with another clock.
    dome.clockOffsetMs = -7_200_000;
    dome.setFault(undefined);
    const before = dome.requests.length;
    await expect(turret.status()).resolves.toMatchObject({ moving: false });
    // So that no login is wasted on a time that no longer holds.
    if (fault !== 'unauthorised') expect(dome.requests.slice(before)).toEqual(['GetSystemDateAndTime', 'GetStatus']);
  });

  test('of entities that grow is named', async () => {
    const turret = await openTurret();
    dome.setFault('entities');
    expect((await errorOf(turret.status())).message).toContain('entities of its own');
  });
});

test('commands given at once go one after another', async () => {
  const turret = await openTurret();
  await Promise.all([turret.goHome(), turret.stop(), turret.status(), turret.presets()]);
  expect(dome.requests.slice(-4)).toEqual(['GotoHomePosition', 'Stop', 'GetStatus', 'GetPresets']);
});
