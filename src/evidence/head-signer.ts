/**
 * Signs the log's heads with an Ed25519 key from a file (PEM, PKCS #8) that is its owner's alone. The log itself says
 * which key signs: its first `key.accepted` names the first, each further one the next, endorsed by the one before. A key
 * file that the log does not name signs nothing.
 *
 * A change of keys survives a crash at any point: the next key is written beside, then accepted in the log, then renamed
 * into place; whoever opens the signer finishes what stands between the last two.
 *
 * Errors: `evidence.key_unusable`, `evidence.key_missing`, `evidence.key_unknown`.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { makeSecretFile, OWNER_ALONE, readSecretFile } from '../base/secret-file.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { canonicalText } from './canonical.ts';
import { newestHead, readAcceptedKeys, writeHead, type StoredHead } from './head-store.ts';
import { appendEntry, lockLog, logSize, readLogId, rootAt } from './log.ts';
import { hexOf } from './merkle.ts';
import { headStatement, keyStatement, publicKeyOf, type KeyAccepted, type PublicKey } from './tree-head.ts';

export interface SignerParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly keyFile: string;
  /** Makes SM3 digests of entries, where the installation wants them. */
  readonly sm3?: ((text: string) => string) | undefined;
}

interface KeyPair {
  readonly key: PublicKey;
  readonly secret: KeyObject;
}

/** Opens the key; makes it, and has the log name it, where the log has none yet. */
export async function openSigner(parts: SignerParts): Promise<HeadSigner> {
  const { db, keyFile } = parts;
  const named = (await readAcceptedKeys(db)).at(-1);
  if (!named) {
    await keyTrouble(keyFile, () => makeSecretFile(keyFile, newKeyText()));
    await accept(parts, await readKey(keyFile), undefined, '');
  }
  return new HeadSigner(parts, await settledKey(parts));
}

export class HeadSigner {
  readonly #parts: SignerParts;
  #pair: KeyPair;

  constructor(parts: SignerParts, pair: KeyPair) {
    this.#parts = parts;
    this.#pair = pair;
  }

  /** The key that signs now. */
  get key(): PublicKey {
    return this.#pair.key;
  }

  /**
   * A signed head over all that is in the log now.
   * @param options.anew signs even where a head over as many entries is there, to show that the log still stands there
   */
  async current(options: { anew?: boolean } = {}): Promise<StoredHead & { readonly key: PublicKey }> {
    const { db, clock } = this.#parts;
    const named = (await readAcceptedKeys(db)).at(-1);
    // Another process may have changed the key.
    if (named?.key.id !== this.#pair.key.id) this.#pair = await settledKey(this.#parts);
    const size = await logSize(db);
    const newest = await newestHead(db);
    if (!options.anew && newest?.signed.head.size === size && newest.signed.head.keyId === this.key.id) {
      return { ...newest, key: this.key };
    }
    const head = {
      format: 'sentinel-tree-head/1',
      logId: await readLogId(db),
      size,
      root: hexOf(await rootAt(db, size)),
      at: new Date(clock.nowMs()).toISOString(),
      keyId: this.key.id,
    } as const;
    const { key } = this.#pair;
    return { ...(await writeHead(db, { head, signature: signed(this.#pair, headStatement(head)) })), key };
  }
}

/**
 * Changes the key: makes a new one, has the old one endorse it, and the log name it.
 * @param options.isLost the old key is gone and cannot endorse the new one, which the log then says for ever
 * @returns the new key
 */
export async function rotateKey(parts: SignerParts, reason: string, options: { isLost: boolean }): Promise<PublicKey> {
  const { db, keyFile } = parts;
  const named = (await readAcceptedKeys(db)).at(-1);
  if (!named) return (await openSigner(parts)).key;
  const before = options.isLost ? undefined : await settledKey(parts);
  const next = `${keyFile}.next`;
  await keyTrouble(next, () => makeSecretFile(next, newKeyText()));
  const pair = await readKey(next);
  await accept(parts, pair, named.key.id, reason, before);
  await putInPlace(next, keyFile);
  return pair.key;
}

/** Has the log name the key, unless another process did meanwhile. */
async function accept(
  { db, clock, sm3 }: SignerParts,
  { key }: KeyPair,
  replaces: string | undefined,
  reason: string,
  before?: KeyPair,
): Promise<void> {
  const logId = await readLogId(db);
  const said: KeyAccepted = {
    ...{ format: 'sentinel-key/1', logId, key, replaces: replaces ?? null, reason },
    endorsement: null,
  };
  const body = { ...said, endorsement: before ? signed(before, keyStatement(said)) : null };
  await db.transaction().execute(async (trx) => {
    await lockLog(trx);
    if ((await readAcceptedKeys(trx)).at(-1)?.key.id !== replaces) return;
    await appendEntry(trx, { kind: 'key.accepted', atMs: clock.nowMs(), body, about: ['key'], sm3 });
  });
}

/** The key that the log names, from its file, or from beside it where a change was cut off. */
async function settledKey({ db, keyFile }: SignerParts): Promise<KeyPair> {
  const named = (await readAcceptedKeys(db)).at(-1)?.key.id ?? '';
  const pair = await readKey(keyFile).catch((thrown: unknown) => {
    if (thrown instanceof SentinelError && thrown.code === 'evidence.key_missing') return undefined;
    throw thrown;
  });
  if (pair?.key.id === named) return pair;
  const next = `${keyFile}.next`;
  if (await stat(next).catch(() => undefined)) {
    const beside = await readKey(next);
    if (beside.key.id === named) {
      await putInPlace(next, keyFile);
      return beside;
    }
  }
  if (!pair) throw new SentinelError('evidence.key_missing', { file: keyFile, named });
  throw new SentinelError('evidence.key_unknown', { file: keyFile, found: pair.key.id, named });
}

async function readKey(file: string): Promise<KeyPair> {
  return keyTrouble(file, async () => {
    let text: string;
    try {
      text = await readSecretFile(file, OWNER_ALONE);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
      throw new SentinelError('evidence.key_missing', { file, named: '' }, { cause: thrown });
    }
    let secret: KeyObject;
    try {
      secret = createPrivateKey(text);
    } catch (thrown) {
      // OpenSSL's words name nothing of the key, and nothing that helps either.
      throw new Error('it holds no private key in PEM', { cause: thrown });
    }
    if (secret.asymmetricKeyType !== 'ed25519') throw new Error(`its key is ${secret.asymmetricKeyType}, not Ed25519`);
    const { x = '' } = createPublicKey(secret).export({ format: 'jwk' });
    return { key: publicKeyOf(Buffer.from(x, 'base64url')), secret };
  });
}

function newKeyText(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function signed({ secret }: KeyPair, statement: Uint8Array): string {
  return sign(null, statement, secret).toString('base64');
}

async function putInPlace(from: string, to: string): Promise<void> {
  await keyTrouble(to, async () => {
    await rename(from, to);
    const folder = await open(dirname(to), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  });
}

async function keyTrouble<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof SentinelError) throw thrown;
    throw new SentinelError('evidence.key_unusable', { file, problem: problemOf(thrown) }, { cause: thrown });
  }
}

/** A head as it is published: one line of canonical JSON, with the key that it can be checked with. */
export function publishedLine({ head, signature }: StoredHead['signed'], key: PublicKey): string {
  return `${canonicalText({ head, key, signature })}\n`;
}
