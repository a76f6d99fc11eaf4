/** Each make's way of speaking, answered by a socket: what is asked of it must be what that make understands. */
import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/log.ts';
import { HostConnections, RtspPull } from '../../../src/drivers/rtsp/rtsp.ts';
import { ManualClock } from '../../support/clock.ts';
import { MAKES } from '../../support/rtsp-makes.ts';
import { annexB } from '../../support/rtsp-packets.ts';
import { startRtspServer, streamUnit, type ScriptedServer } from '../../support/rtsp-server.ts';

/** Sockets take their time on a busy machine. */
function poll<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 8000 });
}

let server: ScriptedServer | undefined;
let pull: RtspPull | undefined;
afterEach(async () => {
  await pull?.stop();
  await server?.close();
});

test.each(MAKES)('$name', async (make) => {
  const started = await startRtspServer((asked, line) => {
    const fill = (text: string): string => text.replaceAll('HOST', started.host);
    const answer = (status: string, headers: string, body = ''): void => {
      const cseq = /^cseq:/im.test(headers) ? '' : `CSeq: ${asked.headers['cseq'] ?? ''}\r\n`;
      const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
      line.send(`RTSP/1.0 ${status}\r\n${cseq}${headers}${length}\r\n${body}`);
    };
    if (make.challenges.length > 0 && asked.method !== 'OPTIONS' && asked.headers['authorization'] === undefined) {
      answer('401 Unauthorized', make.challenges.map((challenge) => `WWW-Authenticate: ${challenge}\r\n`).join(''));
      return true;
    }
    switch (asked.method) {
      case 'OPTIONS':
        if (make.optionsReply === '') answer('551 Option Not Supported', '');
        else answer('200 OK', make.optionsReply);
        break;
      case 'DESCRIBE':
        answer('200 OK', fill(make.describeReply.head), fill(make.describeReply.sdp));
        break;
      case 'SETUP':
        answer('200 OK', fill(make.setupReply));
        break;
      case 'PLAY':
        line.channel = make.channel;
        line.payloadType = make.codec === 'h265' ? 108 : 96;
        answer('200 OK', fill(make.playReply));
        line.play({ codec: make.codec });
        break;
      default:
        answer('200 OK', '');
    }
    return true;
  });
  server = started;

  const clock = new ManualClock();
  const errors: string[] = [];
  pull = new RtspPull(
    { url: started.url(make.path), credentials: { username: 'viewer', password: 'secret' } },
    {
      clock,
      log: silentLogger,
      timeouts: { mediaStallMs: Infinity, firstMediaMs: Infinity },
      connections: new HostConnections({ clock }),
      onError: (problem) => errors.push(problem.message),
    },
  );
  pull.start();
  const unit = await pull.nextKeyFrame(AbortSignal.timeout(10_000));
  expect(errors).toEqual([]);
  expect(unit.codec).toBe(make.codec);
  expect(Buffer.from(unit.bytes).equals(annexB(streamUnit(make.codec, 0).nals))).toBe(true);
  // Half of the longest session timeout among them.
  await clock.advance(35_500);
  await poll(() => started.methods().slice(4).includes(make.expects.keepAlive)).toBe(true);
  await pull.stop();

  const asked = (method: string): (typeof started.asked)[number] =>
    started.asked.filter((one) => one.method === method).at(-1)!;
  const fill = (text: string): string => text.replaceAll('HOST', started.host);
  expect(asked('SETUP').uri).toBe(fill(make.expects.setupUri));
  expect(asked('PLAY').uri).toBe(fill(make.expects.playUri));
  expect(asked('PLAY').headers['session']).toBe(make.expects.session);
  expect(asked('TEARDOWN').headers['session']).toBe(make.expects.session);
  // Nothing is sent before it is demanded, and the strongest of what is offered is taken.
  expect(started.asked[0]!.headers['authorization']).toBeUndefined();
  expect(asked('DESCRIBE').headers['authorization']).toMatch(new RegExp(`^${make.expects.scheme ?? ''} `));
  if (make.name.startsWith('Axis')) expect(asked('PLAY').headers['authorization']).toContain('algorithm=SHA-256');
  expect(started.asked.map(({ raw }) => raw).join()).not.toContain('secret');
});
