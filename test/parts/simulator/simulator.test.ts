import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { Picture } from '../../../src/base/picture.ts';
import { KeyFrameDecoder } from '../../../src/drivers/codec/codec.ts';
import { HostConnections, visitKeyFrame, type AccessUnit } from '../../../src/drivers/rtsp/rtsp.ts';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { digestAnswer, RawRtsp } from '../../support/raw-rtsp.ts';
import { ESTATE, LOGIN, play, simulated } from '../../support/simulated.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function standing(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await simulated(options);
  closing.push(() => simulator.close());
  return simulator;
}

async function playing(simulator: Simulator, path: string, channel = 0): ReturnType<typeof play> {
  const started = await play(simulator, path, channel);
  closing.push(() => started.client.close());
  return started;
}

function keyFrame(simulator: Simulator, path: string): Promise<AccessUnit> {
  return visitKeyFrame(
    { url: `rtsp://127.0.0.1:${simulator.port}/${path}`, credentials: LOGIN },
    { clock: systemClock, connections: new HostConnections({ clock: systemClock }), limitMs: 10_000 },
  );
}

const decoder = new KeyFrameDecoder();

function meanDifference(one: Picture, other: Picture, fromRow: number, toRow: number): number {
  let sum = 0;
  const from = fromRow * one.widthPx * 3;
  const to = toRow * one.widthPx * 3;
  for (let i = from; i < to; i++) sum += Math.abs((one.rgb[i] ?? 0) - (other.rgb[i] ?? 0));
  return sum / (to - from);
}

describe('the simulated cameras’ login', () => {
  it('is asked for, and its answer looked at', async () => {
    const simulator = await standing();
    const url = `rtsp://127.0.0.1:${simulator.port}/roof-1/sub`;
    const client = await RawRtsp.connect(simulator.port);
    closing.push(() => client.close());
    expect((await client.request('OPTIONS', url)).headers.get('public')).toContain('GET_PARAMETER');
    const refused = await client.request('DESCRIBE', url);
    expect(refused.status).toBe(401);
    const offer = refused.headers.get('www-authenticate') ?? '';
    const wrong = digestAnswer(offer, 'DESCRIBE', url, { ...LOGIN, password: 'guess' });
    expect((await client.request('DESCRIBE', url, { Authorization: wrong })).status).toBe(401);
    const right = digestAnswer(offer, 'DESCRIBE', url, LOGIN);
    const described = await client.request('DESCRIBE', url, { Authorization: right });
    expect(described.status).toBe(200);
    expect(described.body).toContain('a=rtpmap:96 H264/90000');
    expect(described.body).toMatch(/sprop-parameter-sets=[\w+/=]+,[\w+/=]+/);
    expect(
      (await client.request('SETUP', `${url}/trackID=1`, { Transport: 'RTP/AVP/TCP;interleaved=0-1' })).status,
    ).toBe(401);
  });

  it('may be Basic, SHA-256, with qop, for a short while, or none', async () => {
    // Time that goes on only when it is asked for: a nonce of 60 ms lasts for so many looks at the clock on any machine.
    let looks = 0;
    const counting = { ...systemClock, nowMs: () => 1.7e12 + 20 * looks++ };
    for (const options of [
      { auth: ['basic'] },
      { auth: ['digest-sha256'], qop: true },
      { auth: ['digest-md5'], qop: true, nonceLifetimeMs: 60, clock: counting },
      { auth: [] },
    ] satisfies Partial<SimulatorOptions>[]) {
      const simulator = await standing(options);
      expect((await keyFrame(simulator, 'roof-1/sub')).isKey).toBe(true);
    }
  });
});

describe('a simulated stream', () => {
  it('is decoded in the size of its kind, with the camera’s clock above the picture', async () => {
    const simulator = await standing();
    for (const [name, widthPx, heightPx] of [
      ['sub', 640, 360],
      ['main', 1280, 720],
    ] as const) {
      const first = await decoder.decode(await keyFrame(simulator, `roof-1/${name}`));
      expect([first.sourceWidthPx, first.sourceHeightPx]).toEqual([widthPx, heightPx]);
    }
    const one = (await decoder.decode(await keyFrame(simulator, 'roof-1/sub'))).picture;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const other = (await decoder.decode(await keyFrame(simulator, 'roof-1/sub'))).picture;
    // One digit of small type may be all that differs; a strip that stood still would differ by nothing.
    expect(meanDifference(one, other, 0, 16)).toBeGreaterThan(0.05);
    // Black beside the digits, and no smear of the strip into the picture.
    const strip = (x: number, y: number): number => one.rgb[(y * one.widthPx + x) * 3] ?? 255;
    for (let x = 170; x < 640; x++) for (const y of [0, 8, 15]) expect(strip(x, y)).toBeLessThan(4);
    const digits = Array.from({ length: 152 * 16 }, (_, i) => strip(i % 152, Math.floor(i / 152)));
    expect(digits.filter((value) => value > 240).length).toBeGreaterThan(300);
    expect(digits.every((value) => value < 4 || value > 240)).toBe(true);
  });

  it('keeps its scene still and changes only where a structure stands', async () => {
    const simulator = await standing();
    const plain = (await decoder.decode(await keyFrame(simulator, 'roof-1/sub'))).picture;
    simulator.setScene('roof-1', { structure: true });
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    const built = (await decoder.decode(await keyFrame(simulator, 'roof-1/sub'))).picture;
    simulator.setScene('roof-1', { structure: undefined, lighting: 'night' });
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    const night = (await decoder.decode(await keyFrame(simulator, 'roof-1/sub'))).picture;
    const changed = meanDifference(plain, built, 120, 340);
    expect(changed).toBeGreaterThan(4);
    expect(meanDifference(plain, built, 16, 80)).toBeLessThan(changed / 3);
    expect(meanDifference(plain, night, 16, 360)).toBeGreaterThan(15);
    expect(simulator.sceneOf('roof-1')).toEqual({ lighting: 'night', state: 'plain', online: true });
  });

  it('runs on through a change of scene', async () => {
    const simulator = await standing({ auth: [] });
    const { client } = await playing(simulator, 'roof-1/sub');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    simulator.setScene('roof-1', { structure: true });
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    const video = client.packets.filter(({ channel }) => channel === 0).map(({ bytes }) => bytes);
    video.slice(1).forEach((packet, index) => {
      expect(packet.readUInt16BE(2)).toBe((video[index]!.readUInt16BE(2) + 1) & 0xffff);
    });
    const times = [...new Set(video.map((packet) => packet.readUInt32BE(4)))];
    times.slice(1).forEach((time, index) => expect((time - times[index]! + 2 ** 32) % 2 ** 32).toBe(18_000));
    expect(times.length).toBeGreaterThan(20);
    const keys = new Set(
      video.filter((packet) => (packet[12]! & 0x1f) === 7).map((packet) => times.indexOf(packet.readUInt32BE(4))),
    );
    const spans = [...keys].sort((a, b) => a - b);
    spans.slice(1).forEach((at, index) => expect(at - spans[index]!).toBe(10));
  });

  it('may keep its parameter sets out of the session description', async () => {
    const simulator = await standing({ auth: [] });
    const client = await RawRtsp.connect(simulator.port);
    closing.push(() => client.close());
    const described = await client.request('DESCRIBE', `rtsp://127.0.0.1:${simulator.port}/main-road/sub`);
    expect(described.body).toContain('packetization-mode=1');
    expect(described.body).not.toContain('sprop');
    expect((await decoder.decode(await keyFrame(simulator, 'main-road/sub'))).sourceHeightPx).toBe(360);
  });

  it('tells its camera’s own time, seconds off, in sender reports', async () => {
    const simulator = await standing({ auth: [] });
    const { client, play: played } = await playing(simulator, 'main-road/sub', 6);
    await expect.poll(() => client.packets.some(({ channel }) => channel === 7)).toBe(true);
    const nowMs = Date.now();
    const report = client.packets.find(({ channel }) => channel === 7)!.bytes;
    expect(report[1]).toBe(200);
    const saidMs = (report.readUInt32BE(8) - 2_208_988_800) * 1000 + (report.readUInt32BE(12) / 2 ** 32) * 1000;
    expect(saidMs - nowMs).toBeGreaterThan(-8_500);
    expect(saidMs - nowMs).toBeLessThan(-7_000);
    const first = client.packets.find(({ channel }) => channel === 6)!.bytes;
    expect(played.headers.get('rtp-info')).toContain(`seq=${first.readUInt16BE(2)};rtptime=${first.readUInt32BE(4)}`);
  });

  it('has a sound track that may be taken or left', async () => {
    const simulator = await standing({ auth: [] });
    const url = `rtsp://127.0.0.1:${simulator.port}/roof-1/main`;
    const client = await RawRtsp.connect(simulator.port);
    closing.push(() => client.close());
    expect((await client.request('DESCRIBE', url)).body).toContain('m=audio');
    const one = await client.request('SETUP', `${url}/trackID=1`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
    const session = one.headers.get('session')!.split(';')[0]!;
    await client.request('SETUP', `${url}/trackID=2`, {
      Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3',
      Session: session,
    });
    await client.request('PLAY', url, { Session: session });
    await expect.poll(() => new Set(client.packets.map(({ channel }) => channel))).toEqual(new Set([0, 1, 2]));
  });

  it('ends when its client says nothing more, and lives by keep-alives', async () => {
    const simulator = await standing({ auth: [], sessionTimeoutS: 1, strictKeepAlive: true });
    const silent = await playing(simulator, 'roof-1/sub');
    const lively = await playing(simulator, 'roof-1/sub');
    const Session = lively.setup.headers.get('session')!;
    expect(Session).toContain(';timeout=1');
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await lively.client.request(i % 2 ? 'OPTIONS' : 'GET_PARAMETER', lively.url, { Session })).status).toBe(
        200,
      );
    }
    await silent.client.closed;
    expect(simulator.playing).toBe(1);
    expect((await lively.client.request('TEARDOWN', lively.url, { Session })).status).toBe(200);
    await lively.client.closed;
    expect(simulator.playing).toBe(0);
  });

  it('answers wrong requests as RTSP says', async () => {
    const simulator = await standing({ auth: [] });
    const url = `rtsp://127.0.0.1:${simulator.port}/roof-1/sub`;
    const client = await RawRtsp.connect(simulator.port);
    closing.push(() => client.close());
    const status = async (method: string, where: string, headers = {}): Promise<number> =>
      (await client.request(method, where, headers)).status;
    expect(await status('DESCRIBE', url.replace('roof-1', 'cellar'))).toBe(404);
    expect(await status('DESCRIBE', url.replace('sub', 'third'))).toBe(404);
    expect(await status('PLAY', url, { Session: 'NONE' })).toBe(454);
    expect(await status('SETUP', `${url}/trackID=1`, { Transport: 'RTP/AVP;unicast;client_port=5000-5001' })).toBe(461);
    expect(await status('RECORD', url)).toBe(501);
    expect((await client.send(`OPTIONS ${url} RTSP/2.0\r\nCSeq: 9\r\n\r\n`)).status).toBe(505);
    expect((await client.send('GET / HTTP/1.1\r\n\r\n')).status).toBe(400);
    await client.closed;
  });

  it('drops out and comes back on schedule', async () => {
    const offsetMs = { value: 1_999_000 };
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + offsetMs.value };
    const simulator = await standing({ auth: [], clock, startedAtMs: systemClock.nowMs() });
    const { client } = await playing(simulator, 'main-road/sub');
    await client.closed;
    expect(simulator.sceneOf('main-road').online).toBe(false);
    const again = await RawRtsp.connect(simulator.port);
    await expect(again.request('OPTIONS', `rtsp://127.0.0.1:${simulator.port}/main-road/sub`)).rejects.toThrow(
      'closed',
    );
    offsetMs.value += 110_000;
    const back = await playing(simulator, 'main-road/sub');
    await expect.poll(() => back.client.packets.length).toBeGreaterThan(0);
  });

  it('resumes its schedule after a restart', async () => {
    const startedAtMs = Date.now() - 3_050_000;
    const simulator = await standing({ startedAtMs });
    expect(simulator.startedAtMs).toBe(startedAtMs);
    expect(simulator.sceneOf('roof-1').state).toBe('structure');
    expect(simulator.sceneOf('main-road').state).toBe('van');
  });

  it('keeps the others going when one client does not read', async () => {
    const simulator = await standing({ auth: [] });
    const slow = await playing(simulator, 'roof-1/main');
    slow.client.pause();
    const quick = await playing(simulator, 'roof-1/main');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(quick.client.packets.length).toBeGreaterThan(30);
  });
});

describe('the simulated estate', () => {
  it('lists its cameras in the estate’s own words, without credentials', async () => {
    const simulator = await standing();
    expect(simulator.cameras).toEqual([
      {
        key: 'roof-1',
        name: '1号楼屋顶',
        place: '1号楼',
        mainUrl: `rtsp://127.0.0.1:${simulator.port}/roof-1/main`,
        subUrl: `rtsp://127.0.0.1:${simulator.port}/roof-1/sub`,
      },
      expect.objectContaining({ key: 'main-road' }),
    ]);
    expect(() => simulator.setScene('cellar', {})).toThrow('no camera cellar');
  });

  it('says which port it cannot have', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    closing.push(() => taken.close());
    await expect(simulated({ port: (taken.address() as AddressInfo).port })).rejects.toMatchObject({
      code: 'simulator.not_listening',
    });
  });

  it('says which recording it misses', async () => {
    const mediaDir = await mkdtemp(path.join(os.tmpdir(), 'media-'));
    await expect(simulated({ mediaDir })).rejects.toMatchObject({ code: 'simulator.media' });
    const schedule = { ...ESTATE, cameras: ESTATE.cameras.map((camera) => ({ ...camera, scene: 'cellar' })) };
    await expect(simulated({ schedule })).rejects.toThrow('cellar');
  });
});
