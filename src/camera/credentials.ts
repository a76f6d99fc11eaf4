/**
 * Camera passwords at rest: AES-256-GCM (NIST SP 800-38D) under one 32-byte key, which comes from the configuration or
 * from a file that is made at the first start. A sealed password is a 12-byte random nonce, the ciphertext and a 16-byte
 * tag; the credential's name is authenticated with it, so that a sealed password moved to another name does not open.
 *
 * Errors: `credential.key_unusable` naming the key or its file, `credential.unopenable` naming the credential.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { problemOf, SentinelError } from '../base/errors.ts';
import { makeSecretFile, NOT_FOR_OTHERS, readSecretFile } from '../base/secret-file.ts';

export interface Sealer {
  seal(name: string, secret: string): Buffer;
  open(name: string, sealed: Uint8Array): string;
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * @param key 32 bytes in base64 or hexadecimal; null reads `keyFile`, which is made with a random key if it is not there
 */
export async function openSealer({ key, keyFile }: { key: string | null; keyFile: string }): Promise<Sealer> {
  const bytes = key === null ? await keyOfFile(keyFile) : keyOf(key, 'credential.key');
  const secretKey = createSecretKey(bytes);
  return {
    seal: (name, secret) => seal(secretKey, name, secret),
    open: (name, sealed) => unseal(secretKey, name, sealed),
  };
}

function seal(key: KeyObject, name: string, secret: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(name, 'utf8'));
  return Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function unseal(key: KeyObject, name: string, sealed: Uint8Array): string {
  try {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('too short');
    const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(name, 'utf8'));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const opened = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
    return Buffer.concat([opened, decipher.final()]).toString('utf8');
  } catch (thrown) {
    throw new SentinelError('credential.unopenable', { name }, { cause: thrown });
  }
}

async function keyOfFile(file: string): Promise<Buffer> {
  let text: string;
  try {
    await makeSecretFile(file, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
    text = await readSecretFile(file, NOT_FOR_OTHERS);
  } catch (thrown) {
    throw unusable(file, problemOf(thrown), thrown);
  }
  return keyOf(text, file);
}

/** @param where what to name in an error, which never shows the key */
function keyOf(text: string, where: string): Buffer {
  const bytes = /^[0-9a-f]{64}$/i.test(text)
    ? Buffer.from(text, 'hex')
    : /^[A-Za-z0-9+/_-]{43}=?$/.test(text)
      ? Buffer.from(text, 'base64')
      : undefined;
  if (bytes?.length === KEY_BYTES) return bytes;
  throw unusable(where, `it must be ${KEY_BYTES} bytes, as 44 characters of base64 or 64 hexadecimal digits`);
}

function unusable(where: string, problem: string, cause?: unknown): SentinelError {
  return new SentinelError('credential.key_unusable', { where, problem }, { cause });
}
