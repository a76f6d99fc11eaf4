import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { openSealer, type Sealer } from '../../../src/camera/credentials.ts';

const root = mkdtempSync(join(tmpdir(), 'sentinel-key-'));
afterAll(() => rmSync(root, { recursive: true }));
let keyFile: string;
beforeEach(() => (keyFile = join(mkdtempSync(join(root, 'case-')), 'made', 'credential.key')));

const KEY = Buffer.alloc(32, 7);
const withKey = (key: string): Promise<Sealer> => openSealer({ key, keyFile: '/nowhere' });

describe('sealing', () => {
  test('what is sealed opens again under the same name, and is not readable in between', async () => {
    const sealer = await withKey(KEY.toString('base64'));
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, secret) => {
        const sealed = sealer.seal(name, secret);
        expect(sealed).toHaveLength(12 + Buffer.byteLength(Buffer.from(secret).toString()) + 16);
        expect(sealer.open(name, sealed)).toBe(Buffer.from(secret).toString());
      }),
    );
    expect(sealer.seal('hik', 'hunter2hunter2').includes('hunter2')).toBe(false);
  });

  test('no two sealings are alike', async () => {
    const sealer = await withKey(KEY.toString('hex'));
    const sealed = Array.from({ length: 50 }, () => sealer.seal('a', 'same').toString('hex'));
    expect(new Set(sealed).size).toBe(50);
  });

  test('under another name, another key, or with any bit changed it does not open', async () => {
    const sealer = await withKey(KEY.toString('base64'));
    const sealed = sealer.seal('hik', 'secret');
    const refused = { code: 'credential.unopenable' };
    expect(() => sealer.open('dahua', sealed)).toThrow(expect.objectContaining(refused));
    const other = await withKey(Buffer.alloc(32, 8).toString('base64'));
    expect(() => other.open('hik', sealed)).toThrow(expect.objectContaining(refused));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Buffer.from(sealed);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => sealer.open('hik', damaged)).toThrow(expect.objectContaining(refused));
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => sealer.open('hik', sealed.subarray(0, length))).toThrow(expect.objectContaining(refused));
    }
  });

  test('it is AES-256-GCM with nonce, ciphertext and tag in that order', async () => {
    const { createDecipheriv } = await import('node:crypto');
    const sealed = (await withKey(KEY.toString('base64'))).seal('hik', 'secret');
    const decipher = createDecipheriv('aes-256-gcm', KEY, sealed.subarray(0, 12));
    decipher.setAAD(Buffer.from('hik'));
    decipher.setAuthTag(sealed.subarray(-16));
    expect(decipher.update(sealed.subarray(12, -16)).toString() + decipher.final().toString()).toBe('secret');
  });
});

describe('the key', () => {
  test.each([
    KEY.toString('base64'),
    KEY.toString('base64').replace('=', ''),
    KEY.toString('hex'),
    KEY.toString('hex').toUpperCase(),
    KEY.toString('base64url'),
  ])('%s is taken', async (key) => {
    const sealed = (await withKey(KEY.toString('hex'))).seal('a', 'b');
    expect((await withKey(key)).open('a', sealed)).toBe('b');
  });

  test.each(['', 'short', KEY.subarray(1).toString('base64'), `${KEY.toString('hex')}00`, 'x'.repeat(64)])(
    '%j is refused without showing it',
    async (key) => {
      const opening = withKey(key);
      await expect(opening).rejects.toMatchObject({ code: 'credential.key_unusable' });
      if (key !== '') await expect(opening).rejects.not.toThrow(key);
    },
  );

  test('a file is made at the first start, for its owner alone, and used from then on', async () => {
    const sealed = (await openSealer({ key: null, keyFile })).seal('a', 'b');
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(keyFile, '..'))).toEqual(['credential.key']);
    expect((await openSealer({ key: null, keyFile })).open('a', sealed)).toBe('b');
    const written = readFileSync(keyFile, 'utf8').trim();
    expect((await withKey(written)).open('a', sealed)).toBe('b');
  });

  test('processes that start together make one key', async () => {
    const sealers = await Promise.all(Array.from({ length: 20 }, () => openSealer({ key: null, keyFile })));
    const sealed = sealers[0]?.seal('a', 'b') ?? Buffer.alloc(0);
    for (const sealer of sealers) expect(sealer.open('a', sealed)).toBe('b');
    expect(readdirSync(join(keyFile, '..'))).toEqual(['credential.key']);
  });

  test.skipIf(process.platform === 'win32').each([0o644, 0o604, 0o602, 0o620, 0o666])(
    'a file of mode %o is refused',
    async (mode) => {
      await openSealer({ key: null, keyFile });
      chmodSync(keyFile, mode);
      const opening = openSealer({ key: null, keyFile });
      await expect(opening).rejects.toMatchObject({ code: 'credential.key_unusable' });
      await expect(opening).rejects.toThrow(`others than its owner can get at it (mode ${mode.toString(8)})`);
    },
  );

  test.skipIf(process.platform === 'win32').each([0o600, 0o400, 0o640, 0o440])(
    'a file of mode %o is taken',
    async (mode) => {
      await openSealer({ key: null, keyFile });
      chmodSync(keyFile, mode);
      await expect(openSealer({ key: null, keyFile })).resolves.toBeDefined();
    },
  );

  test('a file that holds something else, or cannot be made, names itself', async () => {
    await openSealer({ key: null, keyFile });
    writeFileSync(keyFile, 'not a key');
    await expect(openSealer({ key: null, keyFile })).rejects.toThrow(
      `(${keyFile}) cannot be used: it must be 32 bytes`,
    );
    const below = join(keyFile, 'below');
    await expect(openSealer({ key: null, keyFile: below })).rejects.toThrow(`(${below}) cannot be used: E`);
  });
});
