import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { RawRtsp } from '../../support/raw-rtsp.ts';
import { play, simulated } from '../../support/simulated.ts';

let simulator: Simulator;
beforeAll(async () => {
  let turn = 0;
  simulator = await simulated({ auth: [], random: () => (turn = (turn + 0.37) % 1) });
});
afterAll(() => simulator.close());

const clients: RawRtsp[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  simulator.setScene('roof-1', { fault: undefined });
});

async function started(path: string): ReturnType<typeof play> {
  const one = await play(simulator, path);
  clients.push(one.client);
  return one;
}

async function connected(): Promise<RawRtsp> {
  const client = await RawRtsp.connect(simulator.port);
  clients.push(client);
  return client;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const url = (path: string): string => `rtsp://127.0.0.1:${simulator.port}/${path}`;
const within = (ms: number, what: Promise<unknown>): Promise<string> =>
  Promise.race([
    what.then(
      () => 'answered',
      () => 'cut',
    ),
    pause(ms).then(() => 'silent'),
  ]);
const TRANSPORT = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };

describe('a fault by path', () => {
  it('stall: plays, then says nothing more and stays connected', async () => {
    const { client, url: at, setup } = await started('fault/stall/roof-1/sub');
    await pause(3_000);
    const before = client.packets.length;
    expect(before).toBeGreaterThan(5);
    await pause(1_000);
    expect(client.packets.length).toBe(before);
    const alive = await client.request('GET_PARAMETER', at, { Session: setup.headers.get('session')! });
    expect(alive.status).toBe(200);
  });

  it('die: plays, then is cut', async () => {
    const { client } = await started('fault/die/roof-1/sub');
    await client.closed;
    expect(client.packets.length).toBeGreaterThan(5);
  });

  it('hang: never answers from its request on', async () => {
    expect(await within(500, (await connected()).request('OPTIONS', url('fault/hang/roof-1/sub')))).toBe('silent');
    const client = await connected();
    expect((await client.request('DESCRIBE', url('fault/hang-setup/roof-1/sub'))).status).toBe(200);
    expect(await within(500, client.request('SETUP', url('fault/hang-setup/roof-1/sub/trackID=1'), TRANSPORT))).toBe(
      'silent',
    );
    const late = await connected();
    const setup = await late.request('SETUP', url('fault/hang-play/roof-1/sub/trackID=1'), TRANSPORT);
    const Session = setup.headers.get('session')!;
    expect(await within(500, late.request('PLAY', url('fault/hang-play/roof-1/sub'), { Session }))).toBe('silent');
  });

  it('corrupt: the packets are all there, their bytes are not', async () => {
    const [bad, good] = await Promise.all([started('fault/corrupt/roof-1/sub'), started('roof-1/sub')]);
    await pause(2_600);
    const sequences = bad.client.packets
      .filter(({ channel }) => channel === 0)
      .map(({ bytes }) => bytes.readUInt16BE(2));
    sequences.slice(1).forEach((number, index) => expect(number).toBe((sequences[index]! + 1) & 0xffff));
    const large = (one: { client: RawRtsp }): Set<string> =>
      new Set(
        one.client.packets
          .filter(({ bytes }) => bytes.length > 1_000)
          .map(({ bytes }) => bytes.subarray(12).toString('hex')),
      );
    const sound = large(good);
    expect(sound.size).toBeGreaterThan(2);
    for (const packet of large(bad)) expect(sound.has(packet)).toBe(false);
  });

  it('loss: packets are missing', async () => {
    const { client } = await started('fault/loss/roof-1/sub');
    await pause(2_600);
    const sequences = client.packets.filter(({ channel }) => channel === 0).map(({ bytes }) => bytes.readUInt16BE(2));
    const gaps = sequences.slice(1).filter((number, index) => number !== ((sequences[index]! + 1) & 0xffff));
    expect(gaps.length).toBeGreaterThan(0);
  });

  it('trickle: everything comes in small pieces', async () => {
    const { client } = await started('fault/trickle/roof-1/sub');
    await pause(2_000);
    const bytes = client.packets.reduce((sum, packet) => sum + packet.bytes.length, 0);
    expect(bytes).toBeLessThan(14_000);
    expect(client.chunksReceived).toBeGreaterThan(8);
  });

  it('unauthorised: refuses whatever is answered', async () => {
    const client = await connected();
    expect((await client.request('DESCRIBE', url('fault/unauthorised/roof-1/sub'))).status).toBe(401);
  });

  it('wrong-codec: offers Motion JPEG', async () => {
    const described = await (await connected()).request('DESCRIBE', url('fault/wrong-codec/roof-1/sub'));
    expect(described.body).toContain('m=video 0 RTP/AVP 26');
    expect(described.body).not.toContain('H264');
  });

  it('busy: refuses one more session', async () => {
    const client = await connected();
    expect((await client.request('SETUP', url('fault/busy/roof-1/sub/trackID=1'), TRANSPORT)).status).toBe(453);
  });

  it('offline: cuts at the first request', async () => {
    expect(await within(500, (await connected()).request('OPTIONS', url('fault/offline/roof-1/sub')))).toBe('cut');
  });

  it('frozen: the same key frame again and again, its numbers running on', async () => {
    const { client } = await started('fault/frozen/roof-1/sub');
    await pause(4_600);
    const pictures = new Map<number, string[]>();
    for (const { channel, bytes } of client.packets) {
      if (channel !== 0) continue;
      const time = bytes.readUInt32BE(4);
      pictures.set(time, [...(pictures.get(time) ?? []), bytes.subarray(12).toString('hex')]);
    }
    expect(pictures.size).toBeGreaterThanOrEqual(2);
    expect(new Set([...pictures.values()].map((packets) => packets.join())).size).toBe(1);
  });

  it('is not known by another name', async () => {
    expect((await (await connected()).request('DESCRIBE', url('fault/boredom/roof-1/sub'))).status).toBe(404);
  });
});

describe('a fault of a camera', () => {
  it('acts at once on sessions that play, and goes as it came', async () => {
    const { client } = await started('roof-1/sub');
    await expect.poll(() => client.packets.length).toBeGreaterThan(0);
    simulator.setScene('roof-1', { fault: 'stall' });
    await pause(300);
    const before = client.packets.length;
    await pause(800);
    expect(client.packets.length).toBe(before);
    simulator.setScene('roof-1', { fault: undefined });
    await expect.poll(() => client.packets.length).toBeGreaterThan(before);
    simulator.setScene('roof-1', { fault: 'offline' });
    await client.closed;
  });

  it('leaves other cameras alone', async () => {
    simulator.setScene('roof-1', { fault: 'offline' });
    const { client } = await started('main-road/sub');
    await expect.poll(() => client.packets.length).toBeGreaterThan(0);
  });
});
