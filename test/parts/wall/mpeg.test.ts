/** Streams that browsers cannot play, made playable by a real ffmpeg from real H.265 and MPEG-4 cameras. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { findFfmpeg, findMpeg1Encoder } from '../../../src/drivers/ffmpeg/ffmpeg.ts';
import { HostConnections, SharedPulls } from '../../../src/drivers/rtsp/rtsp.ts';
import { LiveRelay, type Encode, type LiveState } from '../../../src/wall/wall.ts';
import { encodeUnits, startCodedCamera } from '../../support/coded-camera.ts';

const SECRET = 'camera-password-7431';

let dir: string;
let camera: Awaited<ReturnType<typeof startCodedCamera>>;
let pulls: SharedPulls;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'sentinel-mpeg-'));
  camera = await startCodedCamera({ h265: await encodeUnits(dir, 'h265'), mpeg4: await encodeUnits(dir, 'mpeg4') });
  pulls = new SharedPulls({
    clock: systemClock,
    log: silentLogger,
    connections: new HostConnections({ clock: systemClock }),
  });
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await poll(() => pulls.size).toBe(0);
  await poll(() => ffmpegs().length).toBe(0);
});
afterAll(async () => {
  await camera.close();
  await rm(dir, { recursive: true, force: true });
});

const poll = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

/** Our own children that are ffmpeg: their numbers and what the list of processes shows of them. */
function ffmpegs(): { pid: number; shown: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(parent) !== process.pid || state === 'Z') return [];
        const shown = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        return shown.includes('ffmpeg') ? [{ pid: Number(name), shown: shown + environment }] : [];
      } catch {
        return [];
      }
    });
}

function relay(
  findEncoder: () => Promise<Encode> = () => findMpeg1Encoder(),
  codec: 'h265' | 'mpeg4' = 'h265',
): LiveRelay {
  return new LiveRelay({
    clock: systemClock,
    log: silentLogger,
    findEncoder,
    hold: (target, options) => pulls.hold(target, options),
    aim: async () => ({ target: { url: camera.url(codec), credentials: { username: 'viewer', password: SECRET } } }),
    cameraOf: async (id) => ({ id }) as never,
    maskedOf: async (ids) => new Set(ids.filter((id) => id === 99)),
  });
}

async function watch(live: LiveRelay, cameraId = 1) {
  const states: LiveState[] = [];
  const pieces: Uint8Array[] = [];
  const end = await live.watchMpeg1(cameraId, {
    onPieces: (made) => pieces.push(...made.map(({ bytes }) => bytes)),
    onState: (state) => states.push(state),
  });
  ends.push(end);
  const bytes = (): Buffer => Buffer.concat(pieces);
  return { states, bytes, end, count: () => pieces.length };
}

/** Packets of 188 bytes that each begin with 0x47 (ISO/IEC 13818-1), and a sequence header in them (ISO/IEC 11172-2). */
function isMpeg1(bytes: Buffer): boolean {
  if (bytes.length < 188 * 4) return false;
  const packets = Math.floor(bytes.length / 188);
  const allBegin = Array.from({ length: packets }, (_, n) => bytes[n * 188]).every((byte) => byte === 0x47);
  return allBegin && bytes.includes(Buffer.from([0, 0, 1, 0xb3]));
}

describe('a stream made playable', () => {
  it('is MPEG-1 in a transport stream, begun with the first viewer and ended with the last', async () => {
    const live = relay();
    const one = await watch(live);
    await poll(() => isMpeg1(one.bytes())).toBe(true);
    expect(one.states).toContainEqual({ name: 'playing', codec: 'mpeg1' });
    const two = await watch(live);
    await poll(() => two.count()).toBeGreaterThan(5);
    expect(ffmpegs()).toHaveLength(1);
    expect(pulls.size).toBe(1);
    await one.end();
    await one.end();
    const before = two.count();
    await poll(() => two.count()).toBeGreaterThan(before + 5);
    await two.end();
    expect(pulls.size).toBe(0);
  });

  it('is made of MPEG-4 Visual too', async () => {
    const viewer = await watch(relay(() => findMpeg1Encoder(), 'mpeg4'));
    await poll(() => isMpeg1(viewer.bytes())).toBe(true);
    const before = viewer.count();
    await poll(() => viewer.count()).toBeGreaterThan(before + 10);
    expect(viewer.states.at(-1)).toEqual({ name: 'playing', codec: 'mpeg1' });
  });

  it('shows no address and no password of the camera to whoever lists processes', async () => {
    const viewer = await watch(relay());
    await poll(() => viewer.count()).toBeGreaterThan(0);
    const [running] = ffmpegs();
    expect(running?.shown).toContain('pipe:0');
    expect(running?.shown).not.toContain(SECRET);
    expect(running?.shown).not.toContain('rtsp:');
  });

  it('goes on by itself after ffmpeg was killed', async () => {
    const viewer = await watch(relay());
    await poll(() => viewer.count()).toBeGreaterThan(3);
    const [first] = ffmpegs();
    process.kill(first!.pid, 'SIGKILL');
    await poll(() => viewer.states).toContainEqual({ name: 'waiting', problem: 'live.encoder_ended' });
    const before = viewer.count();
    await poll(() => viewer.count()).toBeGreaterThan(before + 3);
    expect(ffmpegs()[0]?.pid).not.toBe(first!.pid);
    expect(viewer.states.at(-1)).toEqual({ name: 'playing', codec: 'mpeg1' });
  });

  it('is refused where there is no ffmpeg, and past the limit; a masked camera is not shown', async () => {
    expect(await findFfmpeg(dir)).toBeUndefined();
    await expect(watch(relay(() => findMpeg1Encoder(dir)))).rejects.toMatchObject({ code: 'live.no_ffmpeg' });
    expect(pulls.size).toBe(0);
    const live = relay(async () => () => ({ write() {}, close() {} }));
    for (let camera = 1; camera <= LIMITS.mpegStreams; camera++) await watch(live, camera);
    await expect(watch(live, 50)).rejects.toMatchObject({ code: 'live.too_many_encoders' });
    await watch(live, 1);
    const masked = await watch(live, 99);
    expect(masked.states).toEqual([{ name: 'masked' }]);
  });
});
