/** Visits that bring a whole group of pictures, byte for byte. */
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import {
  HostConnections,
  recordGroupOfPictures,
  visitKeyFrame,
  type VisitOptions,
} from '../../../src/drivers/rtsp/rtsp.ts';
import { annexB, interleaved, senderReport } from '../../support/rtsp-packets.ts';
import { sdpOf, startRtspServer, streamUnit, type Line, type ScriptedServer } from '../../support/rtsp-server.ts';

/** Sockets take their time on a busy machine. */
function poll<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 8000 });
}

const opened: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

async function playing(onPlay: (line: Line) => void): Promise<ScriptedServer> {
  const server = await startRtspServer((asked, line) => {
    if (asked.method !== 'PLAY') return undefined;
    line.reply(asked, '200 OK');
    onPlay(line);
    return true;
  });
  opened.push(server);
  return server;
}

function options(more: Partial<VisitOptions> = {}): VisitOptions {
  return { clock: systemClock, connections: new HostConnections({ clock: systemClock }), limitMs: 10_000, ...more };
}

const hexOf = (units: readonly { bytes: Uint8Array }[]): string[] =>
  units.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
const expected = (...indexes: number[]): string[] =>
  indexes.map((index) => annexB(streamUnit('h264', index).nals).toString('hex'));

test('a group is a key unit and all that follow up to the next, as sent', async () => {
  const server = await playing((line) => {
    // It joins in the middle of a group.
    line.nextUnit = 3;
    line.play({ everyMs: 3 });
  });
  const group = await recordGroupOfPictures({ url: server.url() }, options());
  expect(hexOf(group)).toEqual(expected(5, 6, 7, 8, 9));
  expect(group.map(({ isKey }) => isKey)).toEqual([true, false, false, false, false]);
  expect(server.methods()).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
});

test.each([
  ['in its middle', 2, 'first'],
  ['at its very end', 4, 'last'],
])('a group that loses a packet %s is not taken', async (_, damaged, which) => {
  const server = await playing((line) => {
    for (let index = 0; index < 12; index += 1) {
      const packets = line.nextPackets();
      if (index === damaged && which === 'first') packets.shift();
      if (index === damaged && which === 'last') packets.pop();
      line.send(Buffer.concat(packets));
    }
  });
  expect(hexOf(await recordGroupOfPictures({ url: server.url() }, options()))).toEqual(expected(5, 6, 7, 8, 9));
});

test('a group that loses a whole unit is not taken', async () => {
  const server = await playing((line) => {
    for (let index = 0; index < 12; index += 1) {
      const packets = line.nextPackets();
      if (index !== 3) line.send(Buffer.concat(packets));
    }
  });
  expect(hexOf(await recordGroupOfPictures({ url: server.url() }, options()))).toEqual(expected(5, 6, 7, 8, 9));
});

test('when the next key unit does not come in time, what was recorded stands', async () => {
  const server = await playing((line) => line.play({ count: 3, everyMs: 1 }));
  const group = await recordGroupOfPictures({ url: server.url() }, options({ limitMs: 300 }));
  expect(hexOf(group)).toEqual(expected(0, 1, 2));
});

test('without any key unit it is an error', async () => {
  const server = await playing((line) => {
    line.nextUnit = 1;
    line.play({ count: 4, everyMs: 1 });
  });
  const recording = recordGroupOfPictures({ url: server.url() }, options({ limitMs: 200 }));
  await expect(recording).rejects.toMatchObject({ code: 'rtsp.timeout', details: { step: 'key_frame', limitMs: 200 } });
  await poll(() => server.methods().at(-1)).toBe('TEARDOWN');
});

test('a stream that dies on the way is an error', async () => {
  const server = await playing((line) => {
    line.sendUnit();
    line.sendUnit();
    line.socket.end();
  });
  await expect(recordGroupOfPictures({ url: server.url() }, options())).rejects.toMatchObject({ code: 'rtsp.closed' });
});

test.each(['DESCRIBE', 'SETUP', 'PLAY', 'media'])(
  'the signal ends a visit at %s, and the connection with it',
  async (step) => {
    const server = await startRtspServer((asked, line) => {
      if (asked.method === step) return true;
      if (asked.method !== 'PLAY') return undefined;
      line.reply(asked, '200 OK');
      return true;
    });
    opened.push(server);
    const abort = new AbortController();
    const made = options({ signal: abort.signal });
    const visit = visitKeyFrame({ url: server.url() }, made);
    const settled = expect(visit).rejects.toThrow('enough');
    await poll(() => server.methods().at(-1)).toBe(step === 'media' ? 'PLAY' : step);
    abort.abort(new Error('enough'));
    await settled;
    expect(made.connections.openTo(server.host)).toBe(0);
    await expect(visitKeyFrame({ url: server.url() }, made)).rejects.toThrow('enough');
  },
);

test("a visit hears the camera's clock", async () => {
  const server = await playing((line) => {
    line.send(interleaved(1, senderReport(Date.now() - 60_000, 0)));
    line.play();
  });
  const offsets: number[] = [];
  await visitKeyFrame({ url: server.url() }, options({ onClockOffset: ({ offsetMs }) => offsets.push(offsetMs) }));
  expect(offsets).toHaveLength(1);
  expect(offsets[0]! + 60_000).toBeLessThan(500);
  expect(Math.abs(offsets[0]! + 60_000)).toBeLessThan(500);
});

test.each([
  ['Tue, 15 Nov 1994 08:12:31 GMT', Date.UTC(1994, 10, 15, 8, 12, 31)],
  ['Tue, Nov 15 1994 08:12:31 GMT', Date.UTC(1994, 10, 15, 8, 12, 31)],
  ['yesterday', undefined],
])('where no report comes, the Date "%s" of an answer tells the clock', async (date, cameraMs) => {
  const server = await startRtspServer((asked, line) => {
    if (asked.method === 'DESCRIBE') {
      line.reply(asked, '200 OK', { 'Content-Type': 'application/sdp', Date: date }, sdpOf('h264'));
      return true;
    }
    if (asked.method !== 'PLAY') return undefined;
    line.reply(asked, '200 OK');
    line.play();
    return true;
  });
  opened.push(server);
  const heard: { offsetMs: number; source: string }[] = [];
  await visitKeyFrame({ url: server.url() }, options({ onClockOffset: (measured) => heard.push(measured) }));
  expect(heard.map(({ source }) => source)).toEqual(cameraMs === undefined ? [] : ['rtsp_date']);
  if (cameraMs !== undefined) expect(Math.abs(heard[0]!.offsetMs - (cameraMs - Date.now()))).toBeLessThan(3_000);
});
