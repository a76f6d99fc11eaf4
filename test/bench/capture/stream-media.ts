/**
 * The streams of the benchmark, as a camera of today sends them: 25 pictures a second, a key frame every 2 s, H.264 High, the
 * sub-stream 640x360 at 512 kbit/s and the main stream 1920x1080 at 4 Mbit/s. They are made of the simulated estate's
 * recordings, with sensor noise so that the bits are spent as a camera spends them.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const CREDENTIALS = { username: 'bench', password: 'bench-cameras' };
/** Under the cap that capture keeps for one host. */
export const CAMERAS_PER_HOST = 28;

export const FPS = 25;
export const FRAMES_PER_GROUP = 50;
/** Neither cadence falls on the same key frame again and again, or the cameras would be taken for frozen. */
const GROUPS = 4;

export const SIZES = {
  sub: { widthPx: 640, heightPx: 360, kbitPerS: 512 },
  main: { widthPx: 1920, heightPx: 1080, kbitPerS: 4096 },
} as const;
export type StreamKind = keyof typeof SIZES;

/**
 * @param mediaDir of the simulated estate
 * @param toDir gets `<scene>-<kind>.h264`
 * @returns the scenes
 */
export async function makeStreams(mediaDir: string, toDir: string, kinds: readonly StreamKind[]): Promise<string[]> {
  await mkdir(toDir, { recursive: true });
  const scenes = (await readdir(mediaDir, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .slice(0, 3);
  for (const scene of scenes) {
    for (const kind of kinds) await encode(path.join(mediaDir, scene, 'main-clear-plain-1.h264'), toDir, scene, kind);
  }
  return scenes;
}

async function encode(source: string, toDir: string, scene: string, kind: StreamKind): Promise<void> {
  const { widthPx, heightPx, kbitPerS } = SIZES[kind];
  const frames = FRAMES_PER_GROUP * GROUPS;
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-r', String(FPS), '-i', source, '-frames:v', String(frames)],
    ...['-vf', `loop=-1:${frames},scale=${widthPx}:${heightPx},noise=alls=8:allf=t`, '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-bf', '0'],
    ...['-x264-params', `keyint=${FRAMES_PER_GROUP}:min-keyint=${FRAMES_PER_GROUP}:scenecut=0:aud=1:repeat-headers=1`],
    ...['-b:v', `${kbitPerS}k`, '-maxrate', `${kbitPerS}k`, '-bufsize', `${kbitPerS}k`],
    ...['-f', 'h264', path.join(toDir, `${scene}-${kind}.h264`)],
  ]);
}
