import { createSocket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { foundCameraFile } from '../../../src/camera/camera.ts';
import { readCameraFile } from '../../../src/camera/camera-file.ts';
import { discoverDevices } from '../../../src/drivers/onvif/onvif.ts';
import { startDome, type StandingDome } from '../../support/simulated-dome.ts';

const domes: StandingDome[] = [];
afterEach(async () => {
  await Promise.all(domes.splice(0).map((dome) => dome.close()));
});

const find = (where: string) => discoverDevices({ interface: where, clock: systemClock, waitMs: 300 });

async function stand(number: number): Promise<StandingDome> {
  const dome = await startDome({ discoverable: true, uuid: `6f1d1f52-0d5c-4f0a-9a3e-00000000000${number}` });
  domes.push(dome);
  return dome;
}

test.each(['127.0.0.1', 'lo'])('domes are found on %s, each once, with what they say they are', async (where) => {
  const [first, second] = [await stand(1), await stand(2)];
  const found = await find(where);
  const ours = found.filter(({ urn }) => urn.startsWith('urn:uuid:6f1d1f52-0d5c-4f0a-9a3e'));
  expect(ours).toHaveLength(2);
  expect(ours.map(({ url }) => url).sort()).toEqual([first.url, second.url].sort());
  expect(ours[0]).toMatchObject({ name: '3号楼 球机', model: 'Simulated dome', location: '' });
});

test('one without power is not', async () => {
  const dome = await stand(3);
  dome.setFault('offline');
  expect((await find('lo')).filter(({ url }) => url === dome.url)).toEqual([]);
});

test('answers to nobody’s question, and noise, are passed over', async () => {
  const dome = await stand(4);
  const noise = createSocket({ type: 'udp4', reuseAddr: true });
  await new Promise<void>((resolve) => noise.bind(3702, resolve));
  noise.addMembership('239.255.255.250', '127.0.0.1');
  noise.on('message', (_, { port, address }) => {
    const match = '<ProbeMatch><Address>urn:uuid:1</Address><XAddrs>http://192.0.2.1/</XAddrs></ProbeMatch>';
    const stale = `<Header><RelatesTo>urn:uuid:2</RelatesTo></Header>${match}`;
    for (const text of ['', '<', match, stale, '\0'.repeat(9_000)]) noise.send(text, port, address);
  });
  const found = await find('lo');
  await new Promise<void>((resolve) => noise.close(resolve));
  expect(found.map(({ url }) => url)).toContain(dome.url);
  expect(found.map(({ url }) => url)).not.toContain('http://192.0.2.1/');
});

test('an interface that is not there is named, with those that are', async () => {
  await expect(find('eth99')).rejects.toMatchObject({ code: 'onvif.no_interface' });
  await expect(find('eth99')).rejects.toThrow(/eth99; there are: .*lo \(127\.0\.0\.1\)/);
});

test('those found are written as a camera file', async () => {
  const dome = await stand(5);
  const text = foundCameraFile(await find('lo'));
  expect(text).toContain('# Simulated dome');
  const fields = readCameraFile(text, 'yaml').map((entry) => entry.fields);
  expect(fields).toContainEqual({
    key: '6f1d1f52-0d5c-4f0a-9a3e-000000000005',
    name: '3号楼 球机',
    onvif_url: dome.url,
  });
});
