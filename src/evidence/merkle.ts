/**
 * The append-only tree of RFC 6962: a leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right), the root of
 * no entries SHA-256 of nothing. Pure; runs in browsers too.
 *
 * Every hash that a root or a proof needs is the hash of a range of leaves, and every range falls into complete subtrees.
 * A complete subtree never changes again once its last leaf is there, so it is what a store keeps: `subtreesOf` says
 * which of them a range needs, `hashOfRange` puts them together. Sizes are whole numbers up to 2^53.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** 32 bytes. */
export type Hash = Uint8Array;

/** Leaves `begin` up to but not including `end`. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** The complete subtree over the leaves `index * 2^level` up to `(index + 1) * 2^level`. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** That entry `index` is in the tree of `size` entries. Hashes are hexadecimal, from the leaf's sibling up. */
export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly hashes: readonly string[];
}

/** That the tree of `fromSize` entries is the beginning of the tree of `toSize`. Hashes are hexadecimal. */
export interface ConsistencyProof {
  readonly fromSize: number;
  readonly toSize: number;
  readonly hashes: readonly string[];
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** @param entry the entry's text; its UTF-8 bytes are hashed */
export function leafHash(entry: string): Hash {
  return sha256(concatBytes(LEAF, utf8ToBytes(entry)));
}

export function nodeHash(left: Hash, right: Hash): Hash {
  return sha256(concatBytes(NODE, left, right));
}

/** Root of the tree without entries. */
export function emptyRoot(): Hash {
  return sha256(new Uint8Array());
}

/** The largest power of two below `n`, for n > 1. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}

/**
 * The complete subtrees a range of a tree falls into, from the left. The range must be one that a tree has: it begins
 * where a subtree of its size may begin.
 */
export function subtreesOf({ begin, end }: Range): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = begin; at < end;) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      width *= 2;
      level++;
    }
    subtrees.push({ level, index: at / width });
    at += width;
  }
  return subtrees;
}

/** The hash over a range that is not empty, of its subtrees' hashes. */
export function hashOfRange(range: Range, hashOf: (subtree: Subtree) => Hash): Hash {
  return subtreesOf(range)
    .map(hashOf)
    .reduceRight((right, left) => nodeHash(left, right));
}

/** The root of the first `size` entries. */
export function rootOf(size: number, hashOf: (subtree: Subtree) => Hash): Hash {
  return size === 0 ? emptyRoot() : hashOfRange({ begin: 0, end: size }, hashOf);
}

/** RFC 6962 section 2.1.1: the ranges whose hashes prove entry `index` of `size`, from the leaf's sibling up. */
export function rangesOfInclusion(index: number, size: number): Range[] {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) {
    throw new RangeError(`entry ${index} is not one of ${size}`);
  }
  const ranges: Range[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const split = begin + splitOf(end - begin);
    if (index < split) {
      ranges.unshift({ begin: split, end });
      end = split;
    } else {
      ranges.unshift({ begin, end: split });
      begin = split;
    }
  }
  return ranges;
}

/** RFC 6962 section 2.1.2: the ranges whose hashes prove that the first `fromSize` entries are the beginning of `toSize`. */
export function rangesOfConsistency(fromSize: number, toSize: number): Range[] {
  if (!Number.isSafeInteger(fromSize) || !Number.isSafeInteger(toSize) || fromSize < 0 || fromSize > toSize) {
    throw new RangeError(`a tree of ${toSize} entries has no beginning of ${fromSize}`);
  }
  if (fromSize === 0 || fromSize === toSize) return [];
  const ranges: Range[] = [];
  let begin = 0;
  let end = toSize;
  while (fromSize !== end) {
    const split = begin + splitOf(end - begin);
    if (fromSize <= split) {
      ranges.unshift({ begin: split, end });
      end = split;
    } else {
      ranges.unshift({ begin, end: split });
      begin = split;
    }
  }
  // A whole earlier tree is known to whoever checks; a part of one is not.
  if (begin !== 0) ranges.unshift({ begin, end });
  return ranges;
}

/** Whether the proof shows that an entry with this leaf hash is in the tree with this root (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(leaf: Hash, proof: InclusionProof, root: Hash): boolean {
  const { index, size } = proof;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  const hashes = readHashes(proof.hashes);
  if (!hashes) return false;
  let first = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of hashes) {
    if (last === 0) return false;
    if (isOdd(first) || first === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(first) && first !== 0) {
        first = half(first);
        last = half(last);
      }
    } else hash = nodeHash(hash, sibling);
    first = half(first);
    last = half(last);
  }
  return last === 0 && sameHash(hash, root);
}

/** Whether the proof shows that the one tree is the beginning of the other (RFC 9162 section 2.1.4.2). */
export function verifyConsistency(proof: ConsistencyProof, fromRoot: Hash, toRoot: Hash): boolean {
  const { fromSize, toSize } = proof;
  if (!isSize(fromSize) || !isSize(toSize) || fromSize > toSize) return false;
  const hashes = readHashes(proof.hashes);
  if (!hashes) return false;
  if (fromSize === toSize) return hashes.length === 0 && sameHash(fromRoot, toRoot);
  if (fromSize === 0) return hashes.length === 0 && sameHash(fromRoot, emptyRoot());
  let first = fromSize - 1;
  let last = toSize - 1;
  while (isOdd(first)) {
    first = half(first);
    last = half(last);
  }
  // Where the earlier tree is complete, its root is the first hash, which then is not in the proof.
  const path = first === 0 ? [fromRoot, ...hashes] : hashes;
  const [begin, ...rest] = path;
  if (!begin) return false;
  let from = begin;
  let to = begin;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(first) || first === last) {
      from = nodeHash(sibling, from);
      to = nodeHash(sibling, to);
      while (!isOdd(first) && first !== 0) {
        first = half(first);
        last = half(last);
      }
    } else to = nodeHash(to, sibling);
    first = half(first);
    last = half(last);
  }
  return last === 0 && sameHash(from, fromRoot) && sameHash(to, toRoot);
}

export const hexOf = bytesToHex;

/** @returns undefined where the text is not 64 hexadecimal digits in lower case */
export function hashOfHex(hex: string): Hash | undefined {
  return typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex) ? hexToBytes(hex) : undefined;
}

export function sameHash(a: Hash, b: Hash): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function readHashes(hexes: readonly string[]): Hash[] | undefined {
  const hashes = Array.isArray(hexes) ? hexes.map(hashOfHex) : [undefined];
  return hashes.every((hash) => hash !== undefined) ? hashes : undefined;
}

/** Proofs come from strangers: a size may be anything. */
function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

// Beyond 2^31 the bit operators of JavaScript no longer serve.
function isOdd(n: number): boolean {
  return n % 2 === 1;
}

function half(n: number): number {
  return Math.floor(n / 2);
}
