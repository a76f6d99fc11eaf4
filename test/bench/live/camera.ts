/** The benchmark's camera in a process of its own: `/h264` and `/h265`. Plays until its standard input ends. */
import path from 'node:path';
import { encodeUnits, startCodedCamera } from '../../support/coded-camera.ts';

/** As the small stream of a camera of today: 25 pictures a second, a key picture every 2 s, 512 kbit/s. */
const KIND = {
  ...{ fps: 25, group: 50, kbitPerS: 512 },
  source: path.resolve('src/simulator/media/roof-1/main-clear-plain-1.h264'),
};

const { dir } = JSON.parse(process.argv[2] ?? '{}') as { dir: string };
const h264 = await encodeUnits(dir, 'h264', KIND);
const h265 = await encodeUnits(dir, 'h265', KIND);
const camera = await startCodedCamera({ h264, h265 }, KIND);
process.stdout.write(
  `${JSON.stringify({
    ...{ h264: camera.url('h264'), h265: camera.url('h265') },
    groupMs: (KIND.group * 1000) / KIND.fps,
  })}\n`,
);
process.stdin.resume().on('end', () => process.exit(0));
