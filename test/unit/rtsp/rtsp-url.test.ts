import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SentinelError } from '../../../src/base/errors.ts';
import { parseRtspUrl, resolveControl, resolveRtspUrl, withoutUserinfo } from '../../../src/drivers/rtsp/rtsp-url.ts';

function refusal(text: string): string {
  try {
    parseRtspUrl(text);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(SentinelError);
    expect((thrown as SentinelError).code).toBe('rtsp.bad_url');
    return (thrown as SentinelError).message;
  }
  throw new Error(`"${text}" was taken`);
}

describe('an address', () => {
  test.each([
    ['rtsp://10.0.0.5/Streaming/Channels/102', '10.0.0.5', 554, 'rtsp://10.0.0.5/Streaming/Channels/102'],
    ['RTSP://Cam-1.local:8554', 'cam-1.local', 8554, 'rtsp://cam-1.local:8554'],
    [
      'rtsp://10.0.0.5:554/cam/realmonitor?channel=1&subtype=1',
      '10.0.0.5',
      554,
      'rtsp://10.0.0.5/cam/realmonitor?channel=1&subtype=1',
    ],
    ['rtsps://[fe80::1]/a', 'fe80::1', 322, 'rtsps://[fe80::1]/a'],
    ['rtsp://[::1]:8554/a', '::1', 8554, 'rtsp://[::1]:8554/a'],
    ['rtsp://h?x=1', 'h', 554, 'rtsp://h?x=1'],
    ['rtsp://h/user=a@b', 'h', 554, 'rtsp://h/user=a@b'],
    ['rtsp://h/a%20b', 'h', 554, 'rtsp://h/a%20b'],
    ['rtsp://h/门口', 'h', 554, 'rtsp://h/%E9%97%A8%E5%8F%A3'],
    ['rtsp://摄像机.example/x', 'xn--o1q278b98b.example', 554, 'rtsp://xn--o1q278b98b.example/x'],
  ])('%s is taken', (text, host, port, href) => {
    expect(parseRtspUrl(text)).toMatchObject({ host, port, href });
    expect(parseRtspUrl(parseRtspUrl(text).href)).toEqual(parseRtspUrl(text));
  });

  test.each([
    ['', 'does not begin with rtsp'],
    ['http://h/x', 'does not begin with rtsp'],
    ['rtsp:/h', 'does not begin with rtsp'],
    ['rtsp:///x', 'host is missing'],
    ['rtsp://h:0/x', 'port'],
    ['rtsp://h:70000/x', 'port'],
    ['rtsp://h:x/x', 'malformed'],
    ['rtsp://[::g]/x', 'malformed'],
    ['rtsp://a_b!/x', 'malformed'],
    ['rtsp://h/x#part', '#'],
    ['rtsp://h/a b', 'position 11'],
    ['rtsp://h/x\r\nX: y', 'position 11'],
    ['rtsp://h/\0', 'position 10'],
    ['rtsp://h/\ud800', 'Unicode'],
    [`rtsp://h/${'a'.repeat(3000)}`, 'longer than'],
  ])('%j is refused with the reason', (text, reason) => {
    expect(refusal(text)).toContain(reason);
  });

  test.each([
    'rtsp://admin:hunter2@10.0.0.5/x',
    'rtsp://hunter2@10.0.0.5/x',
    'rtsp://admin:hunter2/x@10.0.0.5/x',
    'rtsp://admin:hunter2?x@10.0.0.5/x',
    'rtsp://admin:hunter2#@10.0.0.5/x',
    'rtsp://admin:hunter2 x@10.0.0.5/x',
  ])('with a password is refused, and the reason does not repeat it', (text) => {
    const message = refusal(text);
    expect(message).not.toContain('hunter2');
    expect(message).not.toContain('admin');
  });

  test('of any kind is taken or refused, and goes on the wire without blanks', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `rtsp://h/${rest}`),
          fc.webUrl(),
        ),
        (text) => {
          try {
            expect(parseRtspUrl(text).href).toMatch(/^[\x21-\x7e]+$/);
          } catch (thrown) {
            expect(thrown).toMatchObject({ code: 'rtsp.bad_url' });
          }
        },
      ),
    );
  });
});

test.each([
  ['rtsp://h/a/', '*', 'rtsp://h/a/'],
  ['rtsp://h/a/', undefined, 'rtsp://h/a/'],
  ['rtsp://h/a/', '', 'rtsp://h/a/'],
  ['rtsp://h/a/', 'trackID=1', 'rtsp://h/a/trackID=1'],
  ['rtsp://h/a', 'trackID=1', 'rtsp://h/a/trackID=1'],
  ['rtsp://h/a?channel=1&subtype=0', 'video', 'rtsp://h/a?channel=1&subtype=0/video'],
  ['rtsp://h:8554/a/b', '/c', 'rtsp://h:8554/c'],
  ['rtsp://h/a', 'rtsp://10.0.0.9/a/track1', 'rtsp://10.0.0.9/a/track1'],
  ['rtsp://h/a', 'rtsp://user:pass@10.0.0.9/a/track1', 'rtsp://10.0.0.9/a/track1'],
  ['rtsp://h/a/', '1', 'rtsp://h/a/1'],
])('base %s, control %s: %s', (base, control, resolved) => {
  expect(resolveControl(base, control)).toBe(resolved);
});

test.each(['a b', 'a\tb', 'a\r\nX: y', 'trackÜ', 'rtsp://h/a b'])('the control %j is refused', (control) => {
  expect(() => resolveControl('rtsp://h/', control)).toThrow(/control|blank/);
});

test.each([
  ['rtsp://h:8554/a/b?q', '/c', 'rtsp://h:8554/c'],
  ['rtsp://h:8554/a/b?q', 'c', 'rtsp://h:8554/a/c'],
  ['rtsp://h', 'c', 'rtsp://h/c'],
  ['rtsp://h/a', ' rtsps://k/b ', 'rtsps://k/b'],
])('from %s, %j leads to %s', (base, reference, resolved) => {
  expect(resolveRtspUrl(parseRtspUrl(base), reference).href).toBe(resolved);
});

test('userinfo is taken out of addresses that servers hand out', () => {
  expect(withoutUserinfo('rtsp://a:b@h/x@y')).toBe('rtsp://h/x@y');
  expect(withoutUserinfo('rtsp://h/x@y')).toBe('rtsp://h/x@y');
});
