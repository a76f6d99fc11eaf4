/**
 * One byte sequence for one value: JSON in the canonical form of RFC 8785 (sorted keys, no white space, numbers as
 * ECMAScript writes them), so that a digest can be made again by anyone, in any language. Runs in browsers too.
 */
import canonicalize from 'canonicalize';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** @throws Error where the value has no JSON form: a number that is not finite, half a surrogate pair, a circle */
export function canonicalText(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('there is nothing to write as JSON');
  return text;
}

/** SHA-256 of a text's UTF-8 bytes, 64 hexadecimal digits in lower case. */
export function sha256OfText(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
