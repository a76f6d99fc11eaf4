/**
 * Signed heads: a head names the log, its size, its root and the time, and is signed with Ed25519 (RFC 8032). What is
 * signed is the line `sentinel-tree-head/1`, a line feed, and the head's canonical JSON, so that a signature under a head
 * can never be taken for one under anything else. Runs in browsers too.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalText } from './canonical.ts';

export interface TreeHead {
  readonly format: 'sentinel-tree-head/1';
  /** UUID of the log. */
  readonly logId: string;
  /** Entries. */
  readonly size: number;
  /** Root of the tree over them, 64 hexadecimal digits. */
  readonly root: string;
  /** When it was signed, UTC by the server's clock. */
  readonly at: string;
  /** {@link PublicKey.id} of the key it is signed with. */
  readonly keyId: string;
}

export interface SignedHead {
  readonly head: TreeHead;
  /** 64 bytes in base64. */
  readonly signature: string;
}

export interface PublicKey {
  /** SHA-256 of the key's SubjectPublicKeyInfo in DER, hexadecimal: `openssl pkey -pubin -outform DER | sha256sum`. */
  readonly id: string;
  /** SubjectPublicKeyInfo in DER, base64: what stands between the lines of a PEM file. */
  readonly spki: string;
}

/** What `key.accepted` says. The statement is signed by the key before, which is how a key is followed by the next. */
export interface KeyAccepted {
  readonly format: 'sentinel-key/1';
  readonly logId: string;
  readonly key: PublicKey;
  /** Id of the key before; null for a log's first. */
  readonly replaces: string | null;
  /** In base64, over {@link keyStatement}, by the key before. Null for a first key, or where the one before was lost. */
  readonly endorsement: string | null;
  /** Why the key was changed, in the operator's words. */
  readonly reason: string;
}

/** RFC 8410: what comes before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo. */
const SPKI_PREFIX = hexToBytes('302a300506032b6570032100');

/** @param raw the key's 32 bytes */
export function publicKeyOf(raw: Uint8Array): PublicKey {
  const spki = concatBytes(SPKI_PREFIX, raw);
  return { id: bytesToHex(sha256(spki)), spki: toBase64(spki) };
}

/** The bytes under a head's signature. */
export function headStatement(head: TreeHead): Uint8Array {
  return statement('sentinel-tree-head/1', head);
}

/** The bytes under a key's endorsement. */
export function keyStatement({ endorsement: _, ...said }: KeyAccepted): Uint8Array {
  return statement('sentinel-key/1', said);
}

function statement(domain: string, said: unknown): Uint8Array {
  return utf8ToBytes(`${domain}\n${canonicalText(said)}`);
}

/** Whether the head is signed by this key. */
export function verifyHead({ head, signature }: SignedHead, key: PublicKey): boolean {
  return head.keyId === key.id && verifySignature(signature, headStatement(head), key);
}

/** Whether the new key was endorsed by the one before it. */
export function verifyEndorsement(accepted: KeyAccepted, before: PublicKey): boolean {
  const { endorsement, replaces } = accepted;
  return endorsement !== null && replaces === before.id && verifySignature(endorsement, keyStatement(accepted), before);
}

function verifySignature(signature: string, message: Uint8Array, key: PublicKey): boolean {
  const raw = rawKeyOf(key);
  const bytes = fromBase64(signature);
  // Strict rules of RFC 8032, as OpenSSL has them, rather than the looser ones some ledgers agreed on.
  return raw !== undefined && bytes?.length === 64 && ed25519.verify(bytes, message, raw, { zip215: false });
}

/** @returns undefined where it is not an Ed25519 key or does not bear its own id */
function rawKeyOf(key: PublicKey): Uint8Array | undefined {
  const spki = fromBase64(key.spki);
  if (spki?.length !== SPKI_PREFIX.length + 32 || bytesToHex(sha256(spki)) !== key.id) return undefined;
  return SPKI_PREFIX.every((byte, at) => byte === spki[at]) ? spki.slice(SPKI_PREFIX.length) : undefined;
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** @returns undefined for what is not base64 as it is written here: padded, one way only */
function fromBase64(text: string): Uint8Array | undefined {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : undefined;
}
