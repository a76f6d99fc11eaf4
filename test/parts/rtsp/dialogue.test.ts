/** What is said between client and server, and what comes of each answer a camera may give. */
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { SentinelError } from '../../../src/base/errors.ts';
import { HostConnections, visitKeyFrame, type RtspTarget, type VisitOptions } from '../../../src/drivers/rtsp/rtsp.ts';
import { SELF_SIGNED } from '../../support/rtsp-certificate.ts';
import { annexB, makeSets } from '../../support/rtsp-packets.ts';
import { sdpOf, startRtspServer, streamUnit, type Asked, type Line, type Script } from '../../support/rtsp-server.ts';
import type { ScriptedServer } from '../../support/rtsp-server.ts';

const opened: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

async function serve(script?: Script, options?: Parameters<typeof startRtspServer>[1]): Promise<ScriptedServer> {
  const server = await startRtspServer(script, options);
  opened.push(server);
  return server;
}

const credentials = { username: 'viewer', password: 'Pass:"word\\' };

function visit(target: RtspTarget, more: Partial<VisitOptions> = {}): ReturnType<typeof visitKeyFrame> {
  const connections = new HostConnections({ clock: systemClock });
  const timeouts = { connectMs: 1500, replyMs: 4000, firstMediaMs: 5000, mediaStallMs: 5000 };
  return visitKeyFrame(target, { clock: systemClock, connections, timeouts, limitMs: 8000, ...more });
}

async function failure(target: RtspTarget, more?: Partial<VisitOptions>): Promise<SentinelError> {
  const thrown = await visit(target, more).then(
    () => new Error('it succeeded'),
    (problem: unknown) => problem,
  );
  if (!(thrown instanceof SentinelError)) throw thrown;
  expect(`${thrown.message} ${JSON.stringify(thrown.details)}`).not.toContain(credentials.password);
  return thrown;
}

/** Answers one method, and leaves the rest to the default. */
function on(method: string, answer: (asked: Asked, line: Line) => void): Script {
  return (asked, line) => {
    if (asked.method !== method) return undefined;
    answer(asked, line);
    return true;
  };
}

test('a visit asks for no more than it needs, takes one key unit and takes its leave', async () => {
  const server = await serve();
  const unit = await visit({ url: server.url('/live?x=1') });
  expect(unit).toMatchObject({ codec: 'h264', isKey: true, followsLoss: false });
  expect(Buffer.from(unit.bytes).equals(annexB(streamUnit('h264', 0).nals))).toBe(true);
  expect(Math.abs(unit.arrivedAtMs - systemClock.nowMs())).toBeLessThan(5000);
  expect(server.methods()).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
  expect(server.asked[1]!.headers['transport']).toBe('RTP/AVP/TCP;unicast;interleaved=0-1');
  expect(server.asked.map(({ headers }) => headers['cseq'])).toEqual(['1', '2', '3', '4']);
});

describe('authorisation', () => {
  /** Wants Digest with the nonce of the day; `next` says when a nonce is over. */
  function guard(nonceOf: (asked: Asked) => string, extra = ''): Script {
    return (asked, line) => {
      const nonce = nonceOf(asked);
      if (asked.headers['authorization']?.includes(`nonce="${nonce}"`)) return undefined;
      line.reply(asked, '401 Unauthorized', { 'WWW-Authenticate': `Digest realm="cam", nonce="${nonce}"${extra}` });
      return true;
    };
  }

  test('credentials are given when asked for, and not before', async () => {
    const server = await serve(guard(() => 'n1'));
    await visit({ url: server.url(), credentials });
    expect(server.methods()).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(server.asked[0]!.headers['authorization']).toBeUndefined();
    expect(server.asked[2]!.headers['authorization']).toContain(`uri="${server.asked[2]!.uri}"`);
  });

  test('a server that asks for nothing learns nothing', async () => {
    const server = await serve();
    await visit({ url: server.url(), credentials });
    expect(server.asked.every(({ headers }) => !('authorization' in headers))).toBe(true);
  });

  test('a stale nonce is replaced once', async () => {
    const server = await serve(guard((asked) => (asked.method === 'DESCRIBE' ? 'n1' : 'n2'), ', stale=TRUE'));
    await visit({ url: server.url(), credentials });
    expect(server.methods()).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'TEARDOWN']);
  });

  test('a nonce that is over without being called stale is replaced too, once we were let in with it', async () => {
    const server = await serve(guard((asked) => (asked.method === 'DESCRIBE' ? 'n1' : 'n2')));
    await visit({ url: server.url(), credentials });
    expect(server.methods()).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'TEARDOWN']);
  });

  test('nonces that are always stale are not chased', async () => {
    let count = 0;
    const server = await serve(guard(() => `n${(count += 1)}`, ', stale=true'));
    const problem = await failure({ url: server.url(), credentials });
    expect(problem).toMatchObject({ code: 'rtsp.protocol' });
    expect(problem.message).toContain('stale');
    expect(server.methods()).toEqual(['DESCRIBE', 'DESCRIBE', 'DESCRIBE']);
  });

  test('a refused password is tried once', async () => {
    const server = await serve((asked, line) => {
      line.reply(asked, '401 Unauthorized', { 'WWW-Authenticate': 'Digest realm="cam", nonce="n1"' });
      return true;
    });
    const problem = await failure({ url: server.url(), credentials });
    expect(problem).toMatchObject({ code: 'rtsp.unauthorised' });
    expect(problem.message).toContain('password is wrong');
    expect(server.methods()).toEqual(['DESCRIBE', 'DESCRIBE']);
  });

  test('without credentials the error says that they are missing', async () => {
    const server = await serve(guard(() => 'n1'));
    expect((await failure({ url: server.url() })).message).toContain('none are set');
    expect(server.methods()).toEqual(['DESCRIBE']);
  });

  test('an unknown kind of authorisation is named as such', async () => {
    const server = await serve((asked, line) => {
      line.reply(asked, '401 Unauthorized', { 'WWW-Authenticate': 'Negotiate' });
      return true;
    });
    expect((await failure({ url: server.url(), credentials })).message).toContain('not known here');
  });
});

describe('refusals', () => {
  test.each([
    ['DESCRIBE', '404 Stream Not Found', 'rtsp.not_found', {}],
    ['DESCRIBE', '403 Forbidden', 'rtsp.unauthorised', {}],
    [
      'SETUP',
      '453 Not Enough Bandwidth',
      'rtsp.refused',
      { method: 'SETUP', statusCode: 453, reason: 'Not Enough Bandwidth' },
    ],
    ['SETUP', '461 Unsupported Transport', 'rtsp.refused', { statusCode: 461 }],
    ['PLAY', '500 Internal Server Error', 'rtsp.refused', { method: 'PLAY', statusCode: 500 }],
    ['DESCRIBE', '305 Use Proxy', 'rtsp.refused', { statusCode: 305 }],
  ])('%s answered %s is %s', async (method, status, code, details) => {
    const server = await serve(on(method, (asked, line) => line.reply(asked, status)));
    const problem = await failure({ url: server.url() });
    expect(problem.code).toBe(code);
    expect(problem.details).toMatchObject({ host: server.host, ...details });
  });

  const describeAs = (sdp: string, headers: Record<string, string> = {}): Script =>
    on('DESCRIBE', (asked, line) =>
      line.reply(asked, '200 OK', { 'Content-Type': 'application/sdp', ...headers }, sdp),
    );

  test.each([
    ['another codec', 'm=video 0 RTP/AVP 26\r\na=control:t\r\n', 'JPEG'],
    ['a dynamic one', 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n', 'VP8'],
    ['a codec that is all digits', 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 264/90000\r\n', '264'],
    [
      'interleaved H.264',
      'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=2\r\n',
      'packetization-mode 2',
    ],
    [
      'interleaved H.265',
      'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-max-don-diff=3\r\n',
      'sprop-max-don-diff',
    ],
  ])('%s is named', async (_, media, codec) => {
    const server = await serve(describeAs(`v=0\r\n${media}`));
    const problem = await failure({ url: server.url() });
    expect(problem.code).toBe('rtsp.unsupported_codec');
    expect(problem.details['codec']).toContain(codec);
  });

  test.each([
    ['no video', 'v=0\r\nm=audio 0 RTP/AVP 8\r\n', {}, 'no video'],
    ['nothing', '', {}, 'no video'],
    ['a page', '<html></html>', { 'Content-Type': 'text/html' }, 'not SDP'],
  ])('a description of %s is refused', async (_, body, headers, problem) => {
    const server = await serve(describeAs(body, headers));
    expect(await failure({ url: server.url() })).toMatchObject({ code: 'rtsp.protocol' });
    expect((await failure({ url: server.url() })).message).toContain(problem);
  });

  test('UDP in answer to TCP is refused', async () => {
    const server = await serve(
      on('SETUP', (asked, line) =>
        line.reply(asked, '200 OK', { Transport: 'RTP/AVP;unicast;client_port=0-1;server_port=6000-6001' }),
      ),
    );
    expect((await failure({ url: server.url() })).message).toContain('instead of TCP');
  });

  test('packets out of decoding order end the stream with a clear word', async () => {
    const server = await serve(
      on('PLAY', (asked, line) => {
        line.reply(asked, '200 OK');
        line.send(Buffer.from([0x24, 0, 0, 16, 0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 25, 0, 0, 1]));
      }),
    );
    expect((await failure({ url: server.url() })).message).toContain('STAP-B');
  });
});

describe('redirects', () => {
  const guarded: Script = (asked, line) => {
    if (asked.headers['authorization'] !== undefined) return undefined;
    line.reply(asked, '401 Unauthorized', { 'WWW-Authenticate': 'Basic realm="cam"' });
    return true;
  };
  const to = (location: string, status = '302 Moved Temporarily'): Script =>
    on('DESCRIBE', (asked, line) => line.reply(asked, status, { Location: location }));

  test.each(['301 Moved Permanently', '302 Moved Temporarily'])(
    '%s is followed, to the same host with credentials',
    async (status) => {
      const target = await serve(guarded);
      const first = await serve(to(target.url('/other'), status));
      await visit({ url: first.url(), credentials });
      expect(target.asked.at(-1)!.uri).toBe(`${target.url('/other')}/`);
    },
  );

  test('another host does not get the credentials', async () => {
    const target = await serve(guarded);
    const first = await serve(to(`rtsp://localhost:${target.port}/other`));
    expect(await failure({ url: first.url(), credentials })).toMatchObject({ code: 'rtsp.unauthorised' });
    expect(target.asked.every(({ headers }) => !('authorization' in headers))).toBe(true);
  });

  test('from TLS to plain text they are not carried either', async () => {
    const target = await serve(guarded);
    const first = await serve(to(target.url('/other')), { tls: SELF_SIGNED });
    expect(await failure({ url: first.url(), credentials, tls: { acceptAny: true } })).toMatchObject({
      code: 'rtsp.unauthorised',
    });
    expect(target.asked.every(({ headers }) => !('authorization' in headers))).toBe(true);
  });

  test('a path alone means the same server', async () => {
    const server = await serve((asked, line) => {
      if (asked.method !== 'DESCRIBE' || asked.uri.endsWith('/new')) return undefined;
      line.reply(asked, '302 Moved', { Location: '/new' });
      return true;
    });
    await visit({ url: server.url('/old') });
    expect(server.asked.at(-1)!.uri).toBe(`${server.url('/new')}/`);
  });

  test.each([
    ['in a circle', (self: string) => self, 'rtsp.protocol', 'more than 3 times'],
    [
      'with a password in the address',
      () => 'rtsp://admin:secret@127.0.0.1/x',
      'rtsp.protocol',
      'user name or password',
    ],
    ['to another protocol', () => 'http://127.0.0.1/x', 'rtsp.protocol', 'does not begin with rtsp'],
  ])('%s are refused', async (_, location, code, text) => {
    const server: ScriptedServer = await serve((asked, line) => {
      line.reply(asked, '302 Moved', { Location: location(server.url()) });
      return true;
    });
    const problem = await failure({ url: server.url() });
    expect(problem.code).toBe(code);
    expect(problem.message).toContain(text);
    expect(problem.message).not.toContain('secret');
    expect(server.asked.length).toBeLessThanOrEqual(4);
  });

  test('without an address they are refused', async () => {
    const server = await serve(on('DESCRIBE', (asked, line) => line.reply(asked, '302 Moved')));
    expect((await failure({ url: server.url() })).message).toContain('without saying where');
  });
});

describe('odd but honest servers', () => {
  test.each([
    ['counts CSeq on its own', { CSeq: '900' }],
    ['leaves CSeq out', { 'X-No': 'cseq', CSeq: '' }],
  ])('one that %s is understood', async (_, headers) => {
    const server = await serve(
      on('SETUP', (asked, line) =>
        line.reply(asked, '200 OK', { ...headers, Session: '1', Transport: 'RTP/AVP/TCP;interleaved=0-1' }),
      ),
    );
    await visit({ url: server.url() });
  });

  test('one that takes other channels than asked is listened to there', async () => {
    const server = await serve((asked, line) => {
      line.channel = 6;
      if (asked.method !== 'SETUP') return undefined;
      line.reply(asked, '200 OK', { Session: '1', Transport: 'RTP/AVP/TCP;unicast;interleaved=6-7' });
      return true;
    });
    await visit({ url: server.url() });
  });

  test('one that allows no aggregate operation is asked for the media', async () => {
    const server = await serve((asked, line) => {
      if (asked.method !== 'PLAY' || asked.uri.endsWith('/track1')) return undefined;
      line.reply(asked, '459 Aggregate Operation Not Allowed');
      return true;
    });
    await visit({ url: server.url() });
    expect(server.asked.filter(({ method }) => method === 'PLAY').map(({ uri }) => uri)).toEqual([
      `${server.url()}/`,
      `${server.url()}/track1`,
    ]);
  });

  test('one that sends pictures before it answers PLAY loses none', async () => {
    const server = await serve(
      on('PLAY', (asked, line) => {
        line.sendUnit();
        line.reply(asked, '200 OK');
        line.sendUnit();
      }),
    );
    const unit = await visit({ url: server.url() });
    expect(unit.rtpTimestamp).toBe(0);
  });

  test('one that asks us is told what we can do', async () => {
    const server = await serve(
      on('PLAY', (asked, line) => {
        line.send(
          'OPTIONS * RTSP/1.0\r\nCSeq: 77\r\n\r\nSET_PARAMETER * RTSP/1.0\r\nCSeq: 78\r\nContent-Length: 4\r\n\r\nx: y',
        );
        line.reply(asked, '200 OK');
        line.play();
      }),
    );
    await visit({ url: server.url() });
    const answers = server.asked.filter(({ method }) => method === 'ANSWER');
    expect(answers.map(({ raw }) => raw.split('\r\n')[0])).toEqual(['RTSP/1.0 200 OK', 'RTSP/1.0 501 Not Implemented']);
    expect(answers.map(({ headers }) => headers['cseq'])).toEqual(['77', '78']);
  });

  test('one that sends a byte at a time, but in time, is heard out', async () => {
    const server = await serve(
      on('DESCRIBE', (asked, line) => {
        const body = sdpOf('h264');
        const bytes = `RTSP/1.0 200 OK\r\nCSeq: ${asked.headers['cseq']!}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
        let at = 0;
        const timer = setInterval(() => {
          for (let burst = 0; burst < 4; burst += 1) line.send(bytes.slice(at, (at += 1)));
          if (at >= bytes.length) clearInterval(timer);
        }, 1);
      }),
    );
    await visit({ url: server.url() }, { timeouts: { replyMs: 5000 } });
  });

  test('one whose Content-Base is no address is asked below what was asked before', async () => {
    const server = await serve(
      on('DESCRIBE', (asked, line) => line.reply(asked, '200 OK', { 'Content-Base': 'rtsp://h/a b/' }, sdpOf('h264'))),
    );
    await visit({ url: server.url() });
    expect(server.asked[1]!.uri).toBe(`${server.url()}/track1`);
  });

  test('one that plays a sub-stream with parameter sets in band alone', async () => {
    const server = await serve(
      on('DESCRIBE', (asked, line) => line.reply(asked, '200 OK', {}, sdpOf('h264', { sets: false }))),
    );
    const unit = await visit({ url: server.url() });
    expect(Buffer.from(unit.bytes).includes(Buffer.from(makeSets('h264')[0]!))).toBe(true);
  });
});

describe('hostile servers', () => {
  test.each([
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['noise', Buffer.from([0xff, 0xd8, 0xff])],
    ['headers without end', `RTSP/1.0 200 OK\r\nX: ${'a'.repeat(20_000)}`],
    ['a body without measure', 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 999999999\r\n\r\n'],
    ['a line break in a value', 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Base: rtsp://h/\rX: y\r\n\r\n'],
  ])('%s ends the connection with an error', async (_, bytes) => {
    const server = await serve(on('DESCRIBE', (_asked, line) => line.send(bytes)));
    expect(await failure({ url: server.url() })).toMatchObject({ code: 'rtsp.protocol' });
  });

  test('an address cannot smuggle in a header', async () => {
    const server = await serve();
    const problem = await failure({ url: `${server.url()}\r\nX-Smuggled: 1` });
    expect(problem.code).toBe('rtsp.bad_url');
    expect(server.asked).toEqual([]);
  });

  test('neither can a description', async () => {
    const server = await serve(
      on('DESCRIBE', (asked, line) => line.reply(asked, '200 OK', {}, sdpOf('h264', { control: 'track1 RTSP/1.0 X' }))),
    );
    expect(await failure({ url: server.url() })).toMatchObject({ code: 'rtsp.protocol' });
    expect(server.methods()).toEqual(['DESCRIBE']);
  });

  test('packets of full length on channels nobody asked for are passed over', async () => {
    const server = await serve(
      on('DESCRIBE', (asked, line) => {
        for (let channel = 0; channel < 20; channel += 1) {
          line.send(Buffer.concat([Buffer.from([0x24, channel, 0xff, 0xff]), Buffer.alloc(0xffff, 0x24)]));
        }
        line.reply(asked, '200 OK', {}, sdpOf('h264'));
      }),
    );
    await visit({ url: server.url() });
  });

  test('questions without end, and no reading of our answers, end the connection', async () => {
    const server = await serve(
      on('DESCRIBE', (_asked, line) => {
        line.socket.pause();
        const questions = 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(2000);
        const flood = (): void => {
          while (!line.socket.destroyed && line.socket.write(questions));
          if (!line.socket.destroyed) line.socket.once('drain', flood);
        };
        flood();
      }),
    );
    expect(await failure({ url: server.url() }, { timeouts: { replyMs: 10_000 } })).toMatchObject({
      code: 'rtsp.protocol',
    });
  });
});

describe('TLS', () => {
  test('a certificate nobody vouches for is refused, and the error says so', async () => {
    const server = await serve(undefined, { tls: SELF_SIGNED });
    const problem = await failure({ url: server.url() });
    expect(problem.code).toBe('rtsp.unreachable');
    expect(problem.message).toContain('not trusted');
  });

  test.each([
    ['named as trusted', { ca: SELF_SIGNED.cert }],
    ['accepted unseen', { acceptAny: true }],
  ])('one %s is spoken to', async (_, tls) => {
    const server = await serve(undefined, { tls: SELF_SIGNED });
    const unit = await visit({ url: server.url(), tls });
    expect(unit.isKey).toBe(true);
    expect(server.asked[0]!.uri).toMatch(/^rtsps:/);
  });

  test('a plain server does not pass for one', async () => {
    const server = await serve();
    // It waits for a request that it would understand, so the handshake never ends.
    expect(await failure({ url: server.url().replace('rtsp:', 'rtsps:') })).toMatchObject({
      code: 'rtsp.timeout',
      details: { step: 'connect' },
    });
  });
});
