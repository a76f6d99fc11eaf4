import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Challenge, type AuthScheme } from '../../../src/simulator/challenge.ts';

const URI = 'rtsp://127.0.0.1/gate/sub';
let nowMs = 1_000_000;

function challenge(schemes: AuthScheme[], qop = false): Challenge {
  const credentials = { username: 'viewer', password: 'a "quoted" word' };
  return new Challenge({ credentials, schemes, qop, nonceLifetimeMs: 60_000, nowMs: () => nowMs });
}

function answer(
  offer: string,
  { password = 'a "quoted" word', uri = URI, method = 'DESCRIBE', qop = false } = {},
): string {
  const field = (name: string): string => new RegExp(`${name}="?([^",]*)`).exec(offer)?.[1] ?? '';
  const algorithm = field('algorithm') || 'MD5';
  const hash = (text: string): string =>
    createHash(algorithm.replace('-', '').toLowerCase()).update(text).digest('hex');
  const middle = qop ? `${field('nonce')}:00000001:abcd:auth` : field('nonce');
  const response = hash(`${hash(`viewer:${field('realm')}:${password}`)}:${middle}:${hash(`${method}:${uri}`)}`);
  const extra = qop ? ', qop=auth, nc=00000001, cnonce="abcd"' : '';
  return `Digest username="viewer", realm="${field('realm')}", nonce="${field('nonce')}", uri="${uri}", algorithm=${algorithm}, response="${response}"${extra}`;
}

describe('the simulated cameras’ login', () => {
  it.each(['digest-md5', 'digest-sha256'] as const)('accepts a right %s answer and no other', (scheme) => {
    for (const qop of [false, true]) {
      const door = challenge([scheme], qop);
      const [offer = ''] = door.offers(false);
      expect(door.judge('DESCRIBE', URI, answer(offer, { qop }))).toBe('accepted');
      expect(door.judge('DESCRIBE', URI, answer(offer, { qop, password: 'wrong' }))).toBe('refused');
      expect(door.judge('SETUP', URI, answer(offer, { qop }))).toBe('refused');
      expect(door.judge('DESCRIBE', `${URI}2`, answer(offer, { qop }))).toBe('refused');
    }
  });

  it('says so when a right answer came too late', () => {
    const door = challenge(['digest-md5']);
    const [offer = ''] = door.offers(false);
    nowMs += 60_001;
    expect(door.judge('DESCRIBE', URI, answer(offer))).toBe('stale');
    expect(door.judge('DESCRIBE', URI, answer(offer, { password: 'wrong' }))).toBe('refused');
    expect(door.offers(true)[0]).toContain('stale=true');
  });

  it('does not know nonces of its own making up', () => {
    const door = challenge(['digest-md5']);
    const [offer = ''] = challenge(['digest-md5']).offers(false);
    expect(door.judge('DESCRIBE', URI, answer(offer))).toBe('refused');
  });

  it('takes Basic only where it is offered', () => {
    const basic = `Basic ${Buffer.from('viewer:a "quoted" word').toString('base64')}`;
    expect(challenge(['basic']).judge('DESCRIBE', URI, basic)).toBe('accepted');
    expect(challenge(['basic']).judge('DESCRIBE', URI, `Basic ${Buffer.from('viewer:x').toString('base64')}`)).toBe(
      'refused',
    );
    expect(challenge(['digest-md5']).judge('DESCRIBE', URI, basic)).toBe('refused');
  });

  it('lets everybody in where nothing is asked, nobody without an answer where something is', () => {
    expect(challenge([]).judge('DESCRIBE', URI, undefined)).toBe('accepted');
    expect(challenge(['digest-md5', 'basic']).judge('DESCRIBE', URI, undefined)).toBe('refused');
    expect(challenge(['digest-md5']).judge('DESCRIBE', URI, 'nonsense')).toBe('refused');
  });
});
