/** What may not leave by the log, and what must stay readable in it. */
import { describe, expect, test } from 'vitest';
import { createLogger, redactText } from '../../../src/base/log.ts';

describe('secrets in a text are blanked', () => {
  test.each([
    ['rtsp://admin:s3cret@10.0.0.1/ch1', 's3cret'],
    ['cannot open rtsp://10.0.0.1:554/user=admin&password=s3cret&channel=1&stream=0.sdp', 's3cret'],
    ['rtsp://10.0.0.1/user=admin_password=s3cret_channel=1_stream=0', 's3cret'],
    ['http://10.0.0.1/snap.cgi?user=admin&pwd=s3cret', 's3cret'],
    ['http://10.0.0.1/snap.cgi?loginuse=admin&PASS=s3cret HTTP/1.1', 's3cret'],
    ['rtsp://10.0.0.1/user=admin&passwd%3Ds3cret', 's3cret'],
    ['https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=s3cret', 's3cret'],
    ['https://oapi.dingtalk.com/robot/send?access_token=s3cret&timestamp=1&sign=s3cret', 's3cret'],
    ['https://store/bucket/a?X-Amz-Credential=s3cret&X-Amz-Signature=s3cret', 's3cret'],
    ['Authorization: Basic czNjcmV0', 'czNjcmV0'],
  ])('%s', (text, secret) => {
    const shown = redactText(text);
    expect(shown).not.toContain(secret);
    expect(shown).toContain('***');
  });

  test('and what stands beside them stays', () => {
    expect(redactText('rtsp://10.0.0.1:554/user=admin&password=x&channel=1')).toBe(
      'rtsp://10.0.0.1:554/user=admin&password=***&channel=1',
    );
    for (const text of ['camera key=b3-roof', 'the password is wrong', 'bypass=1 compass=north', 'a?v=0123456789ab']) {
      expect(redactText(text)).toBe(text);
    }
  });

  test('in fields of log lines too, and the line stays JSON', () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
    log.warn({ example: 'rtsp://h/user=admin&password=s3cret' }, 'said "?pwd=s3cret"');
    expect(lines.join('')).not.toContain('s3cret');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ example: 'rtsp://h/user=admin&password=***' });
  });
});

test('of an error what tells of it is logged, not the connection that hangs on it', () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
  const cause = new Error('the socket was closed');
  const err = Object.assign(new Error('the server went away', { cause }), {
    ...{ code: '57P01', details: { table: 'look' }, client: { connectionParameters: { host: 'db' } } },
  });
  log.warn({ err }, 'it failed');
  const { err: told } = JSON.parse(lines[0]!) as { err: Record<string, unknown> };
  expect(told).toMatchObject({ type: 'Error', code: '57P01', details: { table: 'look' } });
  expect(told['message']).toBe('the server went away: the socket was closed');
  expect(told['stack']).toContain('log.test.ts');
  expect(told).not.toHaveProperty('client');
});
