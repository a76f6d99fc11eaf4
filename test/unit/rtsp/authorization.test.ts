import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { Authorization, parseChallenges } from '../../../src/drivers/rtsp/authorization.ts';

function fieldOf(header: string | undefined, name: string): string | undefined {
  const found = new RegExp(`\\b${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^ ,]*))`).exec(header ?? '');
  return found?.[1] ?? found?.[2];
}

describe('Digest gives the answers that stand in the specifications', () => {
  const rfc7616 = {
    credentials: { username: 'Mufasa', password: 'Circle of Life' },
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    challenge: (algorithm: string) =>
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
      'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
  };

  test.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('RFC 7616 section 3.9.1, %s', (algorithm, response) => {
    const authorization = new Authorization(rfc7616.credentials, () => rfc7616.cnonce);
    authorization.accept([rfc7616.challenge(algorithm)]);
    const header = authorization.headerFor('GET', '/dir/index.html');
    expect(fieldOf(header, 'response')).toBe(response);
    expect(fieldOf(header, 'nc')).toBe('00000001');
    expect(fieldOf(header, 'qop')).toBe('auth');
    expect(fieldOf(header, 'algorithm')).toBe(algorithm);
    expect(fieldOf(header, 'opaque')).toBe('FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS');
  });

  test('RFC 7616 section 3.9.2 as its erratum 4897 corrects it: SHA-512-256 and the hashed user name', () => {
    const cnonce = 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v';
    const authorization = new Authorization(
      { username: 'J\u00e4s\u00f8n Doe', password: 'Secret, or not?' },
      () => cnonce,
    );
    authorization.accept([
      'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, ' +
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", charset=UTF-8, userhash=true',
    ]);
    const header = authorization.headerFor('GET', '/doe.json');
    expect(fieldOf(header, 'username')).toBe('793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b');
    expect(fieldOf(header, 'response')).toBe('3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5');
    expect(fieldOf(header, 'userhash')).toBe('true');
  });

  test('RFC 2617 section 3.5', () => {
    const authorization = new Authorization({ username: 'Mufasa', password: 'Circle Of Life' }, () => '0a4f113b');
    authorization.accept([
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    ]);
    const header = authorization.headerFor('GET', '/dir/index.html');
    expect(fieldOf(header, 'response')).toBe('6629fae49393a05397450978507c4ef1');
    expect(header).not.toContain('algorithm');
  });

  test('without qop, as most cameras ask (RFC 2617 section 3.2.2.1, for RFC 2069)', () => {
    const authorization = new Authorization({ username: 'Mufasa', password: 'Circle Of Life' });
    authorization.accept(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"']);
    const header = authorization.headerFor('GET', '/dir/index.html');
    expect(fieldOf(header, 'response')).toBe('670fd8c2df070c60b045671b8b24ff02');
    expect(header).not.toMatch(/qop|nc=|cnonce/);
  });

  test('-sess mixes nonce and client nonce into the secret', () => {
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const authorization = new Authorization({ username: 'u', password: 'p' }, () => 'cn');
    authorization.accept(['Digest realm="r", nonce="n", algorithm=MD5-sess, qop="auth"']);
    const header = authorization.headerFor('PLAY', 'rtsp://h/x');
    const a1 = md5(`${md5('u:r:p')}:n:cn`);
    expect(fieldOf(header, 'response')).toBe(md5(`${a1}:n:00000001:cn:auth:${md5('PLAY:rtsp://h/x')}`));
  });

  test('auth-int alone is answered for a request without a body', () => {
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const authorization = new Authorization({ username: 'u', password: 'p' }, () => 'cn');
    authorization.accept(['Digest realm="r", nonce="n", qop="auth-int"']);
    const header = authorization.headerFor('PLAY', '/');
    expect(fieldOf(header, 'qop')).toBe('auth-int');
    expect(fieldOf(header, 'response')).toBe(md5(`${md5('u:r:p')}:n:00000001:cn:auth-int:${md5(`PLAY:/:${md5('')}`)}`));
  });
});

describe('choosing a challenge', () => {
  const basic = 'Basic realm="b"';
  const md5 = 'Digest realm="m", nonce="1", algorithm="MD5"';
  const sha256 = 'Digest realm="s", nonce="2", algorithm=SHA-256';

  test.each([
    [[basic, md5, sha256], 's'],
    [[sha256, md5, basic], 's'],
    [[`${basic}, ${md5}`], 'm'],
    [[basic, 'Digest realm="x", nonce="3", algorithm=MD4'], 'b'],
    [[basic, 'Digest realm="x", nonce="3", qop="auth-magic"'], 'b'],
    [[md5, 'Negotiate'], 'm'],
  ])('takes the strongest it can answer of %j', (headers, realm) => {
    const authorization = new Authorization({ username: 'u', password: 'p' });
    expect(authorization.accept(headers)?.parameters.get('realm')).toBe(realm);
  });

  test('answers none it does not know', () => {
    const authorization = new Authorization({ username: 'u', password: 'p' });
    expect(authorization.accept(['Negotiate', 'Digest realm="no nonce"'])).toBeUndefined();
    expect(authorization.headerFor('PLAY', '/')).toBeUndefined();
  });

  test('says nothing before it is asked, and nothing without credentials', () => {
    expect(new Authorization({ username: 'u', password: 'p' }).headerFor('OPTIONS', '/')).toBeUndefined();
    const without = new Authorization(undefined);
    without.accept([basic]);
    expect(without.headerFor('OPTIONS', '/')).toBeUndefined();
  });

  test('Basic carries UTF-8 (RFC 7617 section 2.1)', () => {
    const authorization = new Authorization({ username: 'test', password: '123£' });
    authorization.accept(['Basic realm="foo", charset="UTF-8"']);
    expect(authorization.headerFor('PLAY', '/')).toBe('Basic dGVzdDoxMjPCow==');
  });
});

test('the count goes up with each use of a nonce and begins anew with the next', () => {
  const authorization = new Authorization({ username: 'u', password: 'p' });
  authorization.accept(['Digest realm="r", nonce="n1", qop="auth"']);
  expect(fieldOf(authorization.headerFor('A', '/'), 'nc')).toBe('00000001');
  expect(fieldOf(authorization.headerFor('A', '/'), 'nc')).toBe('00000002');
  authorization.acceptNextNonce('nextnonce="n2", qop=auth');
  const header = authorization.headerFor('A', '/');
  expect(fieldOf(header, 'nonce')).toBe('n2');
  expect(fieldOf(header, 'nc')).toBe('00000001');
});

test('quotes in names and realms are escaped, and realms go back byte for byte', () => {
  const authorization = new Authorization({ username: 'a"b\\c', password: 'p' });
  // A realm in GBK, one character a byte as headers are read.
  const realm = Buffer.from([0xb5, 0xc7, 0xc2, 0xbc]).toString('latin1');
  authorization.accept([`Digest realm="${realm}", nonce="n"`]);
  const header = authorization.headerFor('PLAY', '/') ?? '';
  expect(header).toContain('username="a\\"b\\\\c"');
  expect(header).toContain(`realm="${realm}"`);
  const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex');
  expect(fieldOf(header, 'response')).toBe(md5(`${md5(`a"b\\c:${realm}:p`)}:n:${md5('PLAY:/')}`));
});

test('any header value is read without an error and without end', () => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void parseChallenges(text)));
  const piece = fc.constantFrom('Digest ', 'Basic', 'realm=', '"', 'a', ',', ' ', '=', '\\');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      for (const challenge of parseChallenges(pieces.join(''))) expect(challenge.scheme).not.toBe('');
    }),
  );
});
