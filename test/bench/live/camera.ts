/** The benchmark's camera in a process of its own: `/h264` and `/h265`. Plays until its standard input ends. */
import { encodeUnits, startCodedCamera } from '../../support/coded-camera.ts';

const { dir } = JSON.parse(process.argv[2] ?? '{}') as { dir: string };
const h264 = await encodeUnits(dir, 'h264');
const h265 = await encodeUnits(dir, 'h265');
const camera = await startCodedCamera({ h264, h265 });
process.stdout.write(`${JSON.stringify({ h264: camera.url('h264'), h265: camera.url('h265') })}\n`);
process.stdin.resume().on('end', () => process.exit(0));
