import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseStreams, withoutCredentials, type StreamProfile } from '../../../src/drivers/onvif/profiles.ts';

function profile(size: string, more: Partial<StreamProfile> = {}): StreamProfile {
  const [widthPx, heightPx] = size.split('x').map(Number) as [number, number];
  return { token: size, name: size, videoSource: '1', codec: 'h264', widthPx, heightPx, ...more };
}

describe('main and sub', () => {
  test.each([
    ['one stream', ['1920x1080'], '1920x1080', undefined],
    ['the usual two', ['1920x1080', '640x360'], '1920x1080', '640x360'],
    ['whatever their order', ['352x288', '2560x1440'], '2560x1440', '352x288'],
    ['the cheapest that is large enough', ['3840x2160', '1280x720', '704x576', '352x288'], '3840x2160', '704x576'],
    ['the largest, where none is', ['1920x1080', '320x180', '480x270'], '1920x1080', '480x270'],
    ['no sub among equals', ['1920x1080', '1920x1080'], '1920x1080', undefined],
  ])('%s', (_what, sizes, main, sub) => {
    const chosen = chooseStreams(sizes.map((size) => profile(size)));
    expect(chosen?.main.token).toBe(main);
    expect(chosen?.sub?.token).toBe(sub);
  });

  const profiles = fc.array(
    fc.record({
      token: fc.string(),
      name: fc.string(),
      videoSource: fc.constantFrom('1', '2'),
      codec: fc.constantFrom('h264' as const, 'h265' as const, 'other' as const),
      widthPx: fc.integer({ min: 1, max: 8000 }),
      heightPx: fc.integer({ min: 1, max: 8000 }),
    }),
  );

  test('are of one camera, readable, and the sub is the smaller', () => {
    fc.assert(
      fc.property(profiles, fc.constantFrom(undefined, '1', '2'), (all, source) => {
        const chosen = chooseStreams(all, source);
        const readable = all.filter(
          ({ codec, videoSource }) => codec !== 'other' && (source ?? videoSource) === videoSource,
        );
        if (!chosen) {
          expect(readable).toEqual([]);
          return;
        }
        const { main, sub } = chosen;
        expect(readable).toContain(main);
        if (!sub) return;
        expect(readable).toContain(sub);
        expect(sub.videoSource).toBe(main.videoSource);
        expect(sub.widthPx * sub.heightPx).toBeLessThan(main.widthPx * main.heightPx);
      }),
    );
  });
});

test('MPEG-4 is taken where there is nothing newer', () => {
  const old = profile('1920x1080', { codec: 'mpeg4' });
  const small = profile('640x360', { codec: 'mpeg4' });
  expect(chooseStreams([old, small])).toEqual({ main: old, sub: small });
  const newer = profile('1280x720');
  expect(chooseStreams([old, newer])).toEqual({ main: newer, sub: undefined });
});

test.each([
  ['rtsp://admin:p%40ss@10.0.0.1:554/ch?a=1&b=2', 'rtsp://10.0.0.1:554/ch?a=1&b=2'],
  ['rtsp://admin:p@ss@10.0.0.1/ch', 'rtsp://10.0.0.1/ch'],
  ['rtsp://a:b@h/x/../"y" z?<q>@2', 'rtsp://h/x/../"y" z?<q>@2'],
  ['rtsp://admin:pa/ss@10.0.0.1/ch', undefined],
  [' rtsps://[fe80::1]/ch ', 'rtsps://[fe80::1]/ch'],
  ['http://10.0.0.1/ch', undefined],
  ['rtsp:///ch', undefined],
  ['', undefined],
])('%s is kept as %s', (given, kept) => {
  expect(withoutCredentials(given, 'rtsp')).toBe(kept);
});
