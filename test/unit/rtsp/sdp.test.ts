import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDescription } from '../../../src/drivers/rtsp/sdp.ts';
import { MAKES } from '../../support/rtsp-makes.ts';
import { makeSets } from '../../support/rtsp-packets.ts';

test.each(MAKES)('$name', (make) => {
  expect(readDescription(make.describeReply.sdp)).toMatchObject({
    codec: make.codec,
    clockHz: 90_000,
    parameterSets: expect.arrayContaining(makeSets(make.codec).map((set) => Buffer.from(set))) as unknown,
  });
});

const h264 = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n';

test('the first video in a known codec is taken, in whatever order the formats stand', () => {
  const sdp =
    'v=0\na=control:rtsp://h/x\nm=audio 0 RTP/AVP 0\na=control:a\nm=video 0 RTP/AVP 26 97\na=rtpmap:97 hevc/90000\na=control:1\n' +
    'm=video 0 RTP/AVP 98\na=rtpmap:98 H264/90000\na=control:2\n';
  expect(readDescription(sdp)).toEqual({
    codec: 'h265',
    payloadType: 97,
    clockHz: 90_000,
    sessionControl: 'rtsp://h/x',
    mediaControl: '1',
    parameterSets: [],
  });
});

test('MPEG-4 Visual is read with its configuration', () => {
  const sdp = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\n';
  expect(readDescription(sdp)).toMatchObject({ codec: 'mpeg4', clockHz: 90_000, parameterSets: [] });
  expect(readDescription(`${sdp}a=fmtp:96 profile-level-id=1;config=000001B0F3000001B509\r\n`)).toMatchObject({
    parameterSets: [Buffer.from('000001b0f3000001b509', 'hex')],
  });
});

test('a description may leave everything out that can be left out', () => {
  expect(readDescription(h264)).toEqual({
    codec: 'h264',
    payloadType: 96,
    clockHz: 90_000,
    sessionControl: undefined,
    mediaControl: undefined,
    parameterSets: [],
  });
});

test.each([
  ['empty', '', 0],
  ['not base64', '!!!!', 0],
  ['a comma behind', `${Buffer.from(makeSets('h264')[0]!).toString('base64')},`, 1],
  ['quoted', `"${Buffer.from(makeSets('h264')[0]!).toString('base64')}"`, 1],
  ['larger than any', Buffer.alloc(20_000, 0x67).toString('base64'), 0],
])('parameter sets that are %s', (_, value, count) => {
  const found = readDescription(`${h264}a=fmtp:96 packetization-mode=1; sprop-parameter-sets=${value}\r\n`);
  expect(found).toMatchObject({ codec: 'h264' });
  expect('kind' in found ? undefined : found.parameterSets.length).toBe(count);
});

test('any text is a description, or is none, and never an exception', () => {
  const line = fc.constantFrom(
    'v=0', 'm=video 0 RTP/AVP 96', 'm=video', 'm=video x y z', 'm=', 'a=rtpmap:96 H264/90000', 'a=rtpmap:96 264/x',
    'a=rtpmap:', 'a=fmtp:96 a=b;sprop-parameter-sets', 'a=fmtp:', 'a=control:', 'a=control:7', 'o=- 1', 's=', 'c=IN',
  ); // prettier-ignore
  const text = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\r\n')),
  );
  fc.assert(
    fc.property(text, (sdp) => {
      const found = readDescription(sdp);
      if ('kind' in found) expect(['no_video', 'unsupported_codec']).toContain(found.kind);
      else expect(['h264', 'h265']).toContain(found.codec);
    }),
  );
});
