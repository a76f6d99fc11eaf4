import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import {
  headerOf,
  MalformedMessage,
  MessageParser,
  type RtspMessage,
} from '../../../src/drivers/rtsp/message-parser.ts';
import { interleaved } from '../../support/rtsp-packets.ts';

type Seen = { channel: number; packet: string } | { message: unknown };

function parse(chunks: readonly Uint8Array[]): Seen[] {
  const seen: Seen[] = [];
  const parser = new MessageParser({
    onInterleaved: (channel, bytes, start, end) => seen.push({ channel, packet: bytes.toString('hex', start, end) }),
    onMessage: (message) => seen.push({ message: plain(message) }),
  });
  for (const chunk of chunks) {
    // The socket's memory is used again, so the parser must not lean on it.
    const reused = Buffer.from(chunk);
    parser.push(reused);
    reused.fill(0xee);
  }
  return seen;
}

function plain(message: RtspMessage): unknown {
  return { ...message, headers: [...message.headers], body: message.body.toString('hex') };
}

function cut(bytes: Uint8Array, points: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(points.map((point) => point % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
}

const headerValue = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
const headerName = fc.stringMatching(/^X-[A-Za-z-]{1,12}$/);
const lineEnd = fc.constantFrom('\r\n', '\n');

const message = fc
  .record({
    first: fc.constantFrom('RTSP/1.0 200 OK', 'RTSP/1.0 401 Unauthorized', 'OPTIONS rtsp://h/ RTSP/1.0'),
    headers: fc.array(fc.tuple(headerName, headerValue), { maxLength: 5 }),
    body: fc.uint8Array({ maxLength: 300 }),
    end: lineEnd,
  })
  .map(({ first, headers, body, end }) => {
    const lines = [first, ...headers.map(([name, value]) => `${name}: ${value}`)];
    if (body.length > 0) lines.push(`Content-Length: ${body.length}`);
    return Buffer.concat([Buffer.from(`${lines.join(end)}${end}${end}`), body]);
  });

const packet = fc
  .tuple(fc.nat(255), fc.uint8Array({ maxLength: 400 }))
  .map(([channel, payload]) => interleaved(channel, payload));

describe('the message parser', () => {
  test('gets the same from any chunking', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(message, packet), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (parts, points) => {
          const bytes = Buffer.concat(parts);
          const whole = parse([bytes]);
          expect(whole).toHaveLength(parts.length);
          expect(parse(cut(bytes, points))).toEqual(whole);
        },
      ),
    );
  });

  test('gets the same from one byte at a time', () => {
    const bytes = Buffer.concat([
      Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc'),
      interleaved(0, Buffer.from('packet')),
      Buffer.from('\r\nANNOUNCE * RTSP/1.0\r\n\r\n'),
    ]);
    expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(parse([bytes]));
    expect(parse([bytes])).toHaveLength(3);
  });

  test('answers random bytes with a refusal or with patience, never otherwise', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 6 }), (chunks) => {
        try {
          parse(chunks);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('answers random text with a refusal or with patience', () => {
    const word = fc.constantFrom(
      'RTSP/1.0 ',
      '200 OK',
      '\r\n',
      '\n',
      ': ',
      'CSeq',
      'Content-Length',
      '5',
      '$',
      ' ',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 10 }), (words, points) => {
        const bytes = Buffer.from(words.join(''), 'latin1');
        const outcome = (chunks: Uint8Array[]): unknown => {
          try {
            return parse(chunks);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(MalformedMessage);
            return (thrown as Error).message;
          }
        };
        expect(outcome(cut(bytes, points))).toEqual(outcome([bytes]));
      }),
    );
  });

  test('reads status, headers of any case, repeats, folded lines and the body', () => {
    const messages: RtspMessage[] = [];
    new MessageParser({ onInterleaved() {}, onMessage: (one) => messages.push(one) }).push(
      Buffer.from(
        'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="a"\r\nwww-authenticate: Digest realm="b",\r\n' +
          '\tnonce="c"\r\nContent-length: 2\r\n\r\nhi',
      ),
    );
    const [only] = messages;
    expect(only).toMatchObject({ kind: 'response', statusCode: 401, reason: 'Unauthorized' });
    expect(only?.headers.get('www-authenticate')).toEqual(['Basic realm="a"', 'Digest realm="b", nonce="c"']);
    expect(headerOf(only!, 'Content-Length')).toBe('2');
    expect(only?.body.toString()).toBe('hi');
  });

  test.each([
    ['endless headers', `RTSP/1.0 200 OK\r\nX: ${'a'.repeat(LIMITS.rtspHeaderBytes)}`, /headers longer than/],
    ['one endless line', 'A'.repeat(LIMITS.rtspHeaderBytes + 1), /headers longer than/],
    [
      'too many headers',
      `RTSP/1.0 200 OK\r\n${'X: 1\r\n'.repeat(LIMITS.rtspHeaders + 1)}\r\n`,
      /more than 128 headers/,
    ],
    ['a huge body', 'RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n', /body of 99999999 bytes/],
    ['a negative body', 'RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n', /Content-Length/],
    ['a body beyond numbers', 'RTSP/1.0 200 OK\r\nContent-Length: 1e3\r\n\r\n', /Content-Length/],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', /"HTTP\/1.1 400 Bad Request"/],
    ['a header without a name', 'RTSP/1.0 200 OK\r\n: x\r\n\r\n', /without a name/],
    ['a bare CR in a value', 'RTSP/1.0 200 OK\r\nSession: a\rX: b\r\n\r\n', /control character/],
    ['a folded line first', 'RTSP/1.0 200 OK\r\n x\r\n\r\n', /folded/],
    ['noise between messages', '\xff\xfe', /byte 0xff/],
  ])('refuses %s', (_, text, problem) => {
    expect(() => parse([Buffer.from(text, 'latin1')])).toThrow(problem);
    const single = [...Buffer.from(text, 'latin1')].map((byte) => Uint8Array.of(byte));
    expect(() => parse(single)).toThrow(problem);
  });

  test('keeps no more than one packet, however they come', () => {
    const parser = new MessageParser({ onInterleaved() {}, onMessage() {} });
    const frame = interleaved(0, Buffer.alloc(0xffff));
    const half = frame.subarray(0, 40_000);
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 200; round += 1) {
      parser.push(half);
      parser.push(frame.subarray(40_000));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000);
  });

  test('hands nothing on once stopped, not even from the same chunk', () => {
    let packets = 0;
    const parser: MessageParser = new MessageParser({
      onInterleaved() {
        packets += 1;
        parser.stop();
      },
      onMessage() {},
    });
    const one = interleaved(0, Buffer.from('x'));
    parser.push(Buffer.concat([one, one]));
    parser.push(one);
    expect(packets).toBe(1);
  });
});
