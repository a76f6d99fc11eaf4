import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { RequestReader, type Received } from '../../../src/simulator/rtsp-request.ts';

const STREAM = Buffer.concat([
  Buffer.from('OPTIONS rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\n\r\n'),
  Buffer.from([0x24, 1, 0, 3, 9, 9, 9]),
  Buffer.from('SET_PARAMETER rtsp://h/a RTSP/1.0\r\ncseq: 2\r\nContent-Length: 5\r\n\r\nhello'),
  Buffer.from('\r\nTEARDOWN rtsp://h/a RTSP/1.0\r\nCSeq: 3\r\nSession: AB\r\n\r\n'),
]);

function read(pieces: Buffer[]): Received[] {
  const reader = new RequestReader();
  return pieces.flatMap((piece) => reader.push(Buffer.from(piece)));
}

describe('what a client sends', () => {
  it('is cut the same however it arrives', () => {
    const whole = read([STREAM]);
    expect(whole.map((item) => (item.kind === 'request' ? item.method : item.kind))).toEqual([
      'OPTIONS',
      'packet',
      'SET_PARAMETER',
      'TEARDOWN',
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 12 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const pieces = places.slice(1).map((to, index) => STREAM.subarray(places[index], to));
        expect(read(pieces)).toEqual(whole);
      }),
    );
  });

  it.each([
    ['a web request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no request line', 'hello there\r\n\r\n'],
    ['a length below nothing', 'OPTIONS rtsp://h RTSP/1.0\r\nContent-Length: -4\r\n\r\n'],
    ['a length past all bounds', 'OPTIONS rtsp://h RTSP/1.0\r\nContent-Length: 999999999\r\n\r\n'],
    ['headers without end', `OPTIONS rtsp://h RTSP/1.0\r\nX: ${'x'.repeat(20_000)}`],
  ])('is nonsense when it is %s', (_what, text) => {
    expect(read([Buffer.from(text)])).toEqual([{ kind: 'nonsense' }]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (pieces) => {
        read(pieces.map((piece) => Buffer.from(piece)));
      }),
    );
  });
});
