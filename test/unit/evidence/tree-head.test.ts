import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText } from '../../../src/evidence/canonical.ts';
import {
  headStatement,
  keyStatement,
  publicKeyOf,
  verifyEndorsement,
  verifyHead,
  type KeyAccepted,
  type PublicKey,
  type TreeHead,
} from '../../../src/evidence/tree-head.ts';

function newKey(): { key: PublicKey; sign: (bytes: Uint8Array) => string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
  const key = publicKeyOf(raw);
  // Node's own export agrees byte for byte, and so does its digest.
  const der = publicKey.export({ format: 'der', type: 'spki' });
  expect(key).toEqual({ id: createHash('sha256').update(der).digest('hex'), spki: der.toString('base64') });
  return { key, sign: (bytes) => sign(null, bytes, privateKey).toString('base64') };
}

const headOf = (key: PublicKey): TreeHead => ({
  format: 'sentinel-tree-head/1',
  logId: '0a5a1f0e-7a7a-4a4a-8b8b-0123456789ab',
  size: 12,
  root: 'ab'.repeat(32),
  at: '2026-06-01T08:00:00.000Z',
  keyId: key.id,
});

test('what is signed is the domain, a line feed, and the head in canonical JSON', () => {
  const { key } = newKey();
  const text = Buffer.from(headStatement(headOf(key))).toString('utf8');
  expect(text).toBe(
    `sentinel-tree-head/1\n{"at":"2026-06-01T08:00:00.000Z","format":"sentinel-tree-head/1","keyId":"${key.id}",` +
      `"logId":"0a5a1f0e-7a7a-4a4a-8b8b-0123456789ab","root":"${'ab'.repeat(32)}","size":12}`,
  );
});

describe('a signed head', () => {
  const mine = newKey();
  const head = headOf(mine.key);
  const signed = { head, signature: mine.sign(headStatement(head)) };

  test('made by OpenSSL’s Ed25519 is believed', () => {
    expect(verifyHead(signed, mine.key)).toBe(true);
  });

  test.each([
    ['logId', '1'],
    ['size', 13],
    ['root', 'cd'.repeat(32)],
    ['at', '2026-06-01T08:00:00.001Z'],
    ['format', 'sentinel-key/1'],
    ['keyId', 'ef'.repeat(32)],
  ])('is not believed with another %s', (field, value) => {
    expect(verifyHead({ ...signed, head: { ...head, [field]: value } }, mine.key)).toBe(false);
  });

  test('is not believed under another key, nor with a signature changed in any bit or written otherwise', () => {
    const other = newKey().key;
    expect(verifyHead(signed, other)).toBe(false);
    expect(verifyHead({ ...signed, head: { ...head, keyId: other.id } }, other)).toBe(false);
    expect(verifyHead(signed, { ...mine.key, spki: other.spki })).toBe(false);
    const bytes = Buffer.from(signed.signature, 'base64');
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(verifyHead({ head, signature: changed.toString('base64') }, mine.key)).toBe(false);
      }),
    );
    for (const signature of ['', 'A', `${signed.signature}\n`, signed.signature.replace(/=+$/, ''), '*'.repeat(88)]) {
      expect(verifyHead({ head, signature }, mine.key)).toBe(false);
    }
  });
});

test('a key is followed by the one that it endorsed, and by no other', () => {
  const before = newKey();
  const next = newKey();
  const said: Omit<KeyAccepted, 'endorsement'> = {
    format: 'sentinel-key/1',
    logId: 'log',
    key: next.key,
    replaces: before.key.id,
    reason: '每年更换',
  };
  const endorsement = before.sign(keyStatement({ ...said, endorsement: null }));
  expect(verifyEndorsement({ ...said, endorsement }, before.key)).toBe(true);
  expect(verifyEndorsement({ ...said, endorsement: null }, before.key)).toBe(false);
  expect(verifyEndorsement({ ...said, reason: '', endorsement }, before.key)).toBe(false);
  expect(verifyEndorsement({ ...said, key: newKey().key, endorsement }, before.key)).toBe(false);
  expect(verifyEndorsement({ ...said, endorsement }, next.key)).toBe(false);
});

test('canonical text has one form, and refuses what has none', () => {
  // RFC 8785 section 3.2.2 and 3.2.3: numbers, escapes, order by UTF-16 code units.
  expect(canonicalText({ numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27], '€': '\u20ac\u000f\nA\'B"\\/' })).toBe(
    '{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"€":"€\\u000f\\nA\'B\\"\\\\/"}',
  );
  expect(canonicalText({ '\ufb33': 1, '\u{1f600}': 2, '1': 3, '\r': 4 })).toBe(
    '{"\\r":4,"1":3,"\u{1f600}":2,"\ufb33":1}',
  );
  for (const value of [NaN, Infinity, '\ud800', undefined, () => 1]) expect(() => canonicalText(value)).toThrow();
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalText(value);
      expect(canonicalText(JSON.parse(text))).toBe(text);
    }),
  );
});
