/** Conformance: GStreamer's RTSP server knows nothing of this code. What it plays must be decodable, whole and in time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { KeyFrameDecoder } from '../../../src/drivers/codec/codec.ts';
import {
  HostConnections,
  recordGroupOfPictures,
  RtspPull,
  visitKeyFrame,
  type AccessUnit,
} from '../../../src/drivers/rtsp/rtsp.ts';
import { writeMpeg4 } from '../../support/coded-camera.ts';
import { gstreamerMissing, startGstreamer, type GstreamerServer } from '../../support/rtsp-gstreamer.ts';

/** Sockets take their time on a busy machine. */
function poll<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 8000 });
}

const missing = gstreamerMissing();
if (missing !== undefined && process.env['CI'] !== undefined) throw new Error(missing);

const connections = new HostConnections({ clock: systemClock });
const options = { clock: systemClock, connections, limitMs: 8000 };

describe.skipIf(missing !== undefined)(
  `against GStreamer${missing === undefined ? '' : `: skipped, ${missing}`}`,
  () => {
    let dir: string;
    let server: GstreamerServer;
    beforeAll(async () => {
      dir = await mkdtemp(path.join(tmpdir(), 'sentinel-gst-'));
      server = await startGstreamer(await writeMpeg4(dir));
    });
    afterAll(async () => {
      await server.close();
      await rm(dir, { recursive: true, force: true });
    });

    const streams: [guard: 'open' | 'basic' | 'digest', path: string][] = [
      ['open', 'h264'],
      ['open', 'h264-apart'],
      ['open', 'h264-slices'],
      ['open', 'h265'],
      ['open', 'h265-apart'],
      ['open', 'mpeg4'],
      ['open', 'mpeg4-apart'],
      ['digest', 'mpeg4'],
      ['basic', 'h264'],
      ['digest', 'h264'],
      ['digest', 'h265'],
    ];

    test.each(streams)('%s /%s: a visited key unit decodes to the picture', async (guard, path) => {
      const credentials = guard === 'open' ? {} : { credentials: server.credentials };
      const unit = await visitKeyFrame({ url: server.url(guard, path), ...credentials }, options);
      expect(unit).toMatchObject({ codec: path.split('-')[0], isKey: true });
      const decoder = new KeyFrameDecoder();
      const { picture } = await decoder.decode(unit);
      await decoder.close();
      expect([picture.widthPx, picture.heightPx]).toEqual([320, 240]);
      // A white ball on black.
      const values = Array.from({ length: 320 * 240 }, (_, at) => picture.rgb[at * 3]!);
      const white = values.filter((value) => value > 200).length;
      expect(white).toBeGreaterThan(500);
      expect(values.filter((value) => value < 40).length).toBeGreaterThan(60_000);
    });

    test.each([
      ['open', 'h264'],
      ['open', 'h265'],
      ['open', 'mpeg4'],
    ] as const)('%s /%s: a recorded group is one second, unbroken', async (guard, path) => {
      const group = await recordGroupOfPictures({ url: server.url(guard, path) }, options);
      expect(group).toHaveLength(15);
      expect(group.filter(({ isKey }) => isKey)).toHaveLength(1);
      const steps = group.slice(1).map((unit, index) => (unit.rtpTimestamp - group[index]!.rtpTimestamp) >>> 0);
      for (const step of steps) expect(Math.abs(step - 6000)).toBeLessThan(1500);
    });

    test.each(['basic', 'digest'] as const)('%s: a wrong password is refused, and a missing one', async (guard) => {
      const url = server.url(guard, 'h264');
      const wrong = visitKeyFrame({ url, credentials: { username: 'viewer', password: 'no' } }, options);
      await expect(wrong).rejects.toMatchObject({ code: 'rtsp.unauthorised' });
      await expect(visitKeyFrame({ url }, options)).rejects.toMatchObject({ code: 'rtsp.unauthorised' });
    });

    test('a path that is not there is not found', async () => {
      await expect(visitKeyFrame({ url: server.url('open', 'none') }, options)).rejects.toMatchObject({
        code: 'rtsp.not_found',
      });
    });

    test('a held stream serves sampler and listener, tells the clock, and is missed when the server dies', async () => {
      const problems: string[] = [];
      const pull = new RtspPull(
        { url: server.url('digest', 'h264'), credentials: server.credentials },
        { clock: systemClock, log: silentLogger, connections, onError: (problem) => problems.push(problem.code) },
      );
      pull.start();
      const heard: AccessUnit[] = [];
      pull.subscribe((unit) => heard.push(unit));
      const first = await pull.nextKeyFrame(AbortSignal.timeout(10_000));
      const second = await pull.nextKeyFrame(AbortSignal.timeout(10_000));
      expect(second.rtpTimestamp).not.toBe(first.rtpTimestamp);
      await poll(() => pull.clockOffset).toBeDefined();
      // The server's clock is ours.
      expect(Math.abs(pull.clockOffset!.offsetMs)).toBeLessThan(1000);
      expect(heard.length).toBeGreaterThan(15);
      expect(heard.every(({ followsLoss }) => !followsLoss)).toBe(true);
      expect(pull.counters).toMatchObject({ packetsLost: 0, packetsMalformed: 0, unitsDamaged: 0 });
      server.kill();
      await poll(() => problems[0]).toBe('rtsp.closed');
      await pull.stop();
    });
  },
);
