/**
 * The cameras of the benchmark, in a process of their own: `stream-server.ts DIR SCENES CAMERAS` serves
 * `/<number>/sub` and `/<number>/main` with Digest login, some cameras to each address of the loopback network, as an estate has
 * recorders with some cameras each. Prints one JSON line with the addresses, then plays until its standard input ends.
 */
import path from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { Channel, groupsInTurn } from '../../../src/simulator/channel.ts';
import { readClip } from '../../../src/simulator/clip.ts';
import type { Stream } from '../../../src/simulator/rtsp-connection.ts';
import { RtspServer } from '../../../src/simulator/rtsp-server.ts';
import { describeH264 } from '../../../src/simulator/sdp.ts';
import { CAMERAS_PER_HOST, CREDENTIALS, FPS, FRAMES_PER_GROUP, type StreamKind } from './stream-media.ts';

const [dir = '', sceneList = '', cameras = '0', kindList = 'sub'] = process.argv.slice(2);
const scenes = sceneList.split(',');
const clips = new Map(
  scenes.flatMap((scene) =>
    kindList
      .split(',')
      .map((kind) => [`${scene}/${kind}`, readClip(path.join(dir, `${scene}-${kind}.h264`), 0)] as const),
  ),
);

const streams = new Map<string, Stream>();
function find(name: string): Stream | undefined {
  const [camera = '', kind = ''] = name.split('/');
  const number = Number(camera);
  const clip = clips.get(`${scenes[number % scenes.length] ?? ''}/${kind}`);
  if (!clip || !Number.isInteger(number)) return undefined;
  const stream = streams.get(name) ?? makeStream(number, kind as StreamKind, clip);
  streams.set(name, stream);
  return stream;
}

function makeStream(number: number, kind: StreamKind, clip: ReturnType<typeof readClip>): Stream {
  const channel = new Channel({
    clock: systemClock,
    fps: FPS,
    // Cameras are not in step with each other.
    originMs: systemClock.monotonicMs() - ((number * 370) % ((FRAMES_PER_GROUP * 1000) / FPS)),
    seed: number * 2 + (kind === 'main' ? 1 : 0),
    pictures: groupsInTurn(FRAMES_PER_GROUP, (index) => clip.groups[index % clip.groups.length]),
  });
  const { sps, pps } = clip;
  const describe = (): string => describeH264({ title: String(number), sps, pps, fps: FPS, audio: false });
  return { channel, describe, fault: () => undefined, faultAfterMs: 0 };
}

const servers: RtspServer[] = [];
for (let from = 0; from < Number(cameras); from += CAMERAS_PER_HOST) {
  servers.push(
    await RtspServer.listen({
      host: `127.0.0.${servers.length + 1}`,
      port: 0,
      clock: systemClock,
      find,
      auth: { credentials: CREDENTIALS, schemes: ['digest-md5'], qop: false, nonceLifetimeMs: 3_600_000 },
      sessionTimeoutS: 60,
      strictKeepAlive: false,
      random: Math.random,
    }),
  );
}
process.stdout.write(`${JSON.stringify(servers.map(({ port }, index) => `127.0.0.${index + 1}:${port}`))}\n`);
process.stdin.resume().on('end', () => process.exit(0));
