import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { SentinelError } from '../../../src/base/errors.ts';
import { openDevice, type DeviceTarget } from '../../../src/drivers/onvif/onvif.ts';
import {
  startOnvifDevice,
  type DeviceScript,
  type ScriptedDevice,
  type ScriptedProfile,
} from '../../support/onvif-device.ts';

const credentials = { username: 'admin', password: 'camera-secret-1' };
const main: ScriptedProfile = {
  token: 'Profile_1',
  name: 'mainStream',
  encoding: 'H264',
  widthPx: 2560,
  heightPx: 1440,
  uri: 'rtsp://admin:camera-secret-1@192.168.1.64:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
};
const sub: ScriptedProfile = {
  ...main,
  token: 'Profile_2',
  name: 'subStream',
  widthPx: 640,
  heightPx: 360,
  uri: 'rtsp://192.168.1.64/102',
};

let device: ScriptedDevice;
afterEach(() => device.close());

async function open(script: DeviceScript, target: Partial<DeviceTarget> = {}) {
  device = await startOnvifDevice(script);
  return openDevice({ url: device.url, credentials, clock: systemClock, timeoutMs: 2_000, ...target });
}

async function errorOf(promise: Promise<unknown>): Promise<SentinelError> {
  const thrown: unknown = await promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(SentinelError);
  return thrown as SentinelError;
}

describe('a device that speaks TLS with a certificate of its own', () => {
  test.each(['token', 'digest'] as const)('is read, its login by %s', async (login) => {
    const information = { make: 'M', model: 'D', firmware: '1.10', serial: '007' };
    const opened = await open({
      secure: true,
      credentials,
      login,
      clockOffsetMs: 90_000,
      information,
      profiles: [main],
    });
    expect(device.url).toMatch(/^https:/);
    expect(opened.clockOffset!.offsetMs).toBeGreaterThan(88_000);
    expect(await opened.information()).toMatchObject(information);
    expect(await opened.streams()).toMatchObject({
      mainUrl: expect.stringContaining('/Streaming/Channels/101') as string,
    });
  });

  test('that speaks no TLS where it should is said to be unreachable', async () => {
    device = await startOnvifDevice({ credentials });
    const url = device.url.replace('http:', 'https:');
    const problem = await errorOf(openDevice({ url, credentials, clock: systemClock, timeoutMs: 2_000 }));
    expect(problem.code).toMatch(/^onvif\.(unreachable|protocol)$/);
  });
});

describe('the device’s clock', () => {
  test('is read first and without credentials', async () => {
    const opened = await open({ credentials, clockOffsetMs: 3_600_000 });
    expect(device.requests).toEqual(['GetSystemDateAndTime']);
    expect(opened.clockOffset!.offsetMs).toBeGreaterThan(3_600_000 - 1_500);
    expect(opened.clockOffset!.offsetMs).toBeLessThan(3_600_000 + 1_500);
    expect(Math.abs(opened.clockOffset!.measuredAtMs - Date.now())).toBeLessThan(2_000);
  });

  test.each([-86_400_000, -20_000, 20_000, 31_536_000_000])('%i ms off does not keep us out', async (clockOffsetMs) => {
    const opened = await open({
      credentials,
      clockOffsetMs,
      information: { make: 'M', model: 'D', firmware: '1.10', serial: '007' },
    });
    expect(await opened.information()).toMatchObject({ firmware: '1.10' });
  });

  test('that moves after it was read is read again once entry is refused', async () => {
    const opened = await open({ credentials, clockOffsetMs: 0 });
    device.script.clockOffsetMs = 600_000;
    await expect(opened.information()).resolves.toBeDefined();
    expect(opened.clockOffset!.offsetMs).toBeGreaterThan(598_000);
    expect(device.requests).toEqual([
      'GetSystemDateAndTime',
      'GetDeviceInformation',
      'GetSystemDateAndTime',
      'GetDeviceInformation',
    ]);
  });

  test('that is right does not make a wrong password be tried twice', async () => {
    const wrong = { username: 'admin', password: 'wrong-secret' };
    const opened = await open({ credentials, clockOffsetMs: 0 }, { credentials: wrong });
    await errorOf(opened.information());
    expect(device.requests.filter((request) => request === 'GetDeviceInformation')).toHaveLength(1);
  });

  test('that is local time called UTC, where logins are checked by the real one', async () => {
    const opened = await open({ credentials, clockOffsetMs: 8 * 3_600_000, loginOffsetMs: 0 });
    await expect(opened.information()).resolves.toBeDefined();
    await opened.measureClock();
    await expect(opened.information()).resolves.toBeDefined();
    expect(device.requests.filter((request) => request === 'GetDeviceInformation')).toHaveLength(3);
  });

  test('that is wrong makes a wrong password be tried twice in all', async () => {
    const wrong = { username: 'admin', password: 'wrong-secret' };
    const opened = await open({ credentials, clockOffsetMs: 8 * 3_600_000 }, { credentials: wrong });
    for (let times = 0; times < 3; times++) {
      expect(await errorOf(opened.information())).toMatchObject({ code: 'onvif.unauthorised' });
    }
    expect(device.requests.filter((request) => request === 'GetDeviceInformation')).toHaveLength(4);
  });

  test('that is not told leaves the offset unknown and signs with ours', async () => {
    const opened = await open({ credentials, clockOffsetMs: null });
    expect(opened.clockOffset).toBeUndefined();
    await expect(opened.information()).resolves.toBeDefined();
  });
});

describe('entry', () => {
  test('with a wrong password is refused, and the error does not hold it', async () => {
    const opened = await open({ credentials }, { credentials: { username: 'admin', password: 'wrong-secret' } });
    const error = await errorOf(opened.information());
    expect(error).toMatchObject({ code: 'onvif.unauthorised', details: { request: 'GetDeviceInformation' } });
    expect(JSON.stringify([error, error.message, String(error.cause)])).not.toContain('wrong-secret');
  });

  test('without credentials is refused where they are needed', async () => {
    const opened = await open({ credentials }, { credentials: undefined });
    expect(await errorOf(opened.information())).toMatchObject({ code: 'onvif.unauthorised' });
  });

  test('by HTTP Digest', async () => {
    const opened = await open({ credentials, login: 'digest' });
    await expect(opened.information()).resolves.toMatchObject({ make: 'Maker' });
  });

  test('by HTTP Digest with a wrong password', async () => {
    const opened = await open({ credentials, login: 'digest' }, { credentials: { username: 'admin', password: 'x' } });
    expect(await errorOf(opened.information())).toMatchObject({ code: 'onvif.unauthorised' });
  });
});

test('what the device is comes as the device wrote it', async () => {
  const information = {
    make: 'A &amp; B',
    model: '1.10',
    firmware: 'V5.7.0 build 220630',
    serial: '00123456789012345678',
  };
  const opened = await open({ credentials, information });
  expect(await opened.information()).toEqual({ ...information, make: 'A & B' });
});

describe('streams', () => {
  test('main and sub by size, without credentials', async () => {
    const opened = await open({ credentials, profiles: [sub, main] });
    const streams = await opened.streams();
    expect(streams.mainUrl).toBe(
      'rtsp://192.168.1.64:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
    );
    expect(streams.subUrl).toBe('rtsp://192.168.1.64/102');
    expect(streams.profiles).toEqual([
      { token: 'Profile_2', name: 'subStream', videoSource: 'source1', codec: 'h264', widthPx: 640, heightPx: 360 },
      { token: 'Profile_1', name: 'mainStream', videoSource: 'source1', codec: 'h264', widthPx: 2560, heightPx: 1440 },
    ]);
  });

  test('of a newer device, in H.265', async () => {
    const opened = await open({ credentials, media2: true, profiles: [{ ...main, encoding: 'H265' }, sub] });
    expect(await opened.streams()).toMatchObject({
      subUrl: 'rtsp://192.168.1.64/102',
      profiles: [{ codec: 'h265' }, { codec: 'h264' }],
    });
  });

  test('of a device whose newer service does not work, from the older one', async () => {
    const opened = await open({ credentials, media2Broken: true, profiles: [main, sub] });
    expect(await opened.streams()).toMatchObject({ subUrl: 'rtsp://192.168.1.64/102' });
    expect(device.requests.filter((request) => request === 'GetProfiles')).toHaveLength(2);
    await opened.streams();
    expect(device.requests.filter((request) => request === 'GetProfiles')).toHaveLength(3);
  });

  test('of an older device that lists capabilities only', async () => {
    const opened = await open({ credentials, capabilitiesOnly: true, profiles: [main] });
    expect(await opened.streams()).toMatchObject({ subUrl: null });
    expect(device.requests).toEqual([
      'GetSystemDateAndTime',
      'GetServices',
      'GetCapabilities',
      'GetProfiles',
      'GetStreamUri',
    ]);
  });

  test('of one camera of a recorder', async () => {
    const second = { ...main, token: '2', source: 'source2', uri: 'rtsp://192.168.1.2/2' };
    const opened = await open({ credentials, profiles: [main, sub, second] });
    expect(await opened.streams('source2')).toMatchObject({ mainUrl: 'rtsp://192.168.1.2/2', subUrl: null });
  });

  test('none that can be used', async () => {
    const opened = await open({ credentials, profiles: [{ ...main, encoding: 'JPEG' }] });
    expect(await errorOf(opened.streams())).toMatchObject({ code: 'onvif.no_stream' });
  });

  test('with an address that is not RTSP', async () => {
    const opened = await open({ credentials, profiles: [{ ...main, uri: 'http://192.168.1.64/video' }] });
    expect(await errorOf(opened.streams())).toMatchObject({
      code: 'onvif.protocol',
      details: { request: 'GetStreamUri' },
    });
  });

  test('asked for at once are answered one after another', async () => {
    const opened = await open({ credentials, profiles: [main, sub] });
    const [streams, information, offset] = await Promise.all([
      opened.streams(),
      opened.information(),
      opened.measureClock(),
    ]);
    expect(streams.subUrl).toBe('rtsp://192.168.1.64/102');
    expect(information.make).toBe('Maker');
    expect(offset).toBeDefined();
  });
});

describe('a device that misbehaves', () => {
  test.each([
    ['hang', 'onvif.timeout'],
    ['trickle', 'onvif.timeout'],
    ['flood', 'onvif.protocol'],
    ['no-equals', 'onvif.protocol'],
    ['garbage', 'onvif.protocol'],
    ['cut', 'onvif.protocol'],
    ['fault', 'onvif.refused'],
    ['not-found', 'onvif.protocol'],
  ] as const)('%s ends in %s, soon', async (how, code) => {
    const opened = await open({ credentials, misbehave: { GetDeviceInformation: how } }, { timeoutMs: 500 });
    const beganMs = performance.now();
    expect(await errorOf(opened.information())).toMatchObject({ code, details: { request: 'GetDeviceInformation' } });
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    // And it can be asked again.
    device.script.misbehave = {};
    await expect(opened.information()).resolves.toBeDefined();
  });

  test('does not open when its clock hangs', async () => {
    expect(await errorOf(open({ misbehave: { GetSystemDateAndTime: 'hang' } }, { timeoutMs: 300 }))).toMatchObject({
      code: 'onvif.timeout',
      details: { request: 'GetSystemDateAndTime', timeoutMs: 300 },
    });
  });

  test('that is not there', async () => {
    device = await startOnvifDevice();
    await device.close();
    expect(await errorOf(openDevice({ url: device.url, clock: systemClock, timeoutMs: 2_000 }))).toMatchObject({
      code: 'onvif.unreachable',
    });
    device = await startOnvifDevice();
  });

  test('that closes every connection', async () => {
    device = await startOnvifDevice();
    const closing = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(closing.address() as AddressInfo).port}/onvif/device_service`;
    expect((await errorOf(openDevice({ url, clock: systemClock, timeoutMs: 2_000 }))).code).toMatch(
      /unreachable|protocol/,
    );
    await new Promise((resolve) => closing.close(resolve));
  });
});

test.each([
  ['no address', 'it is no URL'],
  ['rtsp://192.168.1.64/', 'it must begin with http'],
  ['http://admin:secret@192.168.1.64/', 'credentials are given apart'],
])('%s is refused', async (url, problem) => {
  device = await startOnvifDevice();
  const error = await errorOf(openDevice({ url, clock: systemClock, timeoutMs: 500 }));
  expect(error).toMatchObject({ code: 'onvif.bad_url' });
  expect(error.message).toContain(problem);
  expect(error.message).not.toContain('secret');
});
