/** The benchmark's camera in a process of its own: `/h264`, `/h264-main` and `/h265`. Plays until its standard input ends. */
import path from 'node:path';
import { encodeUnits, startCodedCamera, type CodedKind } from '../../support/coded-camera.ts';

const source = path.resolve('src/simulator/media/roof-1/main-clear-plain-1.h264');

/** The two streams of a camera of today: 25 pictures a second, a key picture every 2 s. */
const SUB: CodedKind = { fps: 25, group: 50, kbitPerS: 512, source };
const MAIN: CodedKind = { ...SUB, kbitPerS: 4096, size: [1920, 1080] };

const { dir } = JSON.parse(process.argv[2] ?? '{}') as { dir: string };
const sub = await startCodedCamera(
  { h264: await encodeUnits(dir, 'h264', SUB), h265: await encodeUnits(dir, 'h265', SUB) },
  SUB,
);
const main = await startCodedCamera({ h264: await encodeUnits(dir, 'h264', MAIN) }, MAIN);
process.stdout.write(
  `${JSON.stringify({
    ...{ sub: sub.url('h264'), main: main.url('h264'), h265: sub.url('h265') },
    groupMs: (SUB.group * 1000) / SUB.fps,
  })}\n`,
);
process.stdin.resume().on('end', () => process.exit(0));
