import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  emptyRoot,
  hashOfRange,
  hexOf,
  leafHash,
  nodeHash,
  rangesOfConsistency,
  rangesOfInclusion,
  rootOf,
  verifyConsistency,
  verifyInclusion,
  type Hash,
  type Subtree,
} from '../../../src/evidence/merkle.ts';

/** RFC 6962 section 2.1, word for word, over node:crypto: what the other way of reckoning is held against. */
function treeHash(entries: readonly string[]): Buffer {
  const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), Buffer.from(entries[0]!, 'utf8'));
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Buffer.of(1), treeHash(entries.slice(0, k)), treeHash(entries.slice(k)));
}

const entriesOf = (size: number): string[] => Array.from({ length: size }, (_, n) => `entry ${n}`);

/** Complete subtrees of so many entries. */
function subtreesOfLog(entries: readonly string[]): (subtree: Subtree) => Hash {
  const hashOf = ({ level, index }: Subtree): Hash =>
    level === 0
      ? leafHash(entries[index]!)
      : nodeHash(hashOf({ level: level - 1, index: index * 2 }), hashOf({ level: level - 1, index: index * 2 + 1 }));
  return hashOf;
}

function prove(entries: readonly string[], index: number) {
  const hashes = rangesOfInclusion(index, entries.length).map((range) =>
    hexOf(hashOfRange(range, subtreesOfLog(entries))),
  );
  return { index, size: entries.length, hashes };
}

function proveSame(entries: readonly string[], fromSize: number) {
  const hashes = rangesOfConsistency(fromSize, entries.length).map((range) =>
    hexOf(hashOfRange(range, subtreesOfLog(entries))),
  );
  return { fromSize, toSize: entries.length, hashes };
}

test('roots are those of RFC 6962', () => {
  for (let size = 0; size <= 70; size++) {
    const entries = entriesOf(size);
    expect(hexOf(rootOf(size, subtreesOfLog(entries)))).toBe(treeHash(entries).toString('hex'));
  }
  expect(hexOf(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

describe('inclusion', () => {
  test('every entry of every tree up to 40 is proven, with no more hashes than its depth', () => {
    for (let size = 1; size <= 40; size++) {
      const entries = entriesOf(size);
      const root = rootOf(size, subtreesOfLog(entries));
      for (let index = 0; index < size; index++) {
        const proof = prove(entries, index);
        expect(proof.hashes.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
        expect(verifyInclusion(leafHash(entries[index]!), proof, root)).toBe(true);
      }
    }
  });

  test('nothing else is proven by a proof: another entry, place, size, root, order or length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), fc.nat(255), (size, a, b, flip) => {
        const entries = entriesOf(size);
        const root = rootOf(size, subtreesOfLog(entries));
        const index = a % size;
        const proof = prove(entries, index);
        const leaf = leafHash(entries[index]!);
        const other = (index + 1 + (b % (size - 1))) % size;
        expect(verifyInclusion(leafHash(entries[other]!), proof, root)).toBe(false);
        expect(verifyInclusion(leaf, { ...proof, index: other }, root)).toBe(false);
        const at = b % proof.hashes.length;
        const changed = Buffer.from(proof.hashes[at]!, 'hex');
        changed[flip % 32]! ^= 1 + (flip % 255);
        expect(verifyInclusion(leaf, { ...proof, hashes: proof.hashes.with(at, hexOf(changed)) }, root)).toBe(false);
        expect(verifyInclusion(leaf, { ...proof, hashes: proof.hashes.toSpliced(at, 1) }, root)).toBe(false);
        expect(verifyInclusion(leaf, { ...proof, hashes: [...proof.hashes, hexOf(root)] }, root)).toBe(false);
        if (proof.hashes.length > 1) {
          expect(verifyInclusion(leaf, { ...proof, hashes: proof.hashes.toReversed() }, root)).toBe(false);
        }
        expect(verifyInclusion(leaf, proof, leafHash('another root'))).toBe(false);
      }),
    );
  });

  test('what is no proof is refused without a throw', () => {
    const leaf = leafHash('entry 0');
    for (const hashes of [['zz'], [''], ['AB'.repeat(32)], 'text', [null]]) {
      expect(verifyInclusion(leaf, { index: 0, size: 2, hashes: hashes as string[] }, leaf)).toBe(false);
    }
    for (const size of [-1, 0, 1.5, NaN, 2 ** 60]) {
      expect(verifyInclusion(leaf, { index: 0, size, hashes: [] }, leaf)).toBe(false);
    }
  });

  test('a tree of more than 2^32 entries is reckoned rightly', () => {
    const size = 2 ** 33 + 5;
    // Subtrees of equal leaves: one hash a level.
    const levels: Hash[] = [leafHash('same')];
    const hashOf = ({ level }: Subtree): Hash => {
      while (levels.length <= level) levels.push(nodeHash(levels.at(-1)!, levels.at(-1)!));
      return levels[level]!;
    };
    const root = rootOf(size, hashOf);
    for (const index of [0, 2 ** 32 + 1, 2 ** 33 - 1, 2 ** 33, 2 ** 33 + 4]) {
      const hashes = rangesOfInclusion(index, size).map((range) => hexOf(hashOfRange(range, hashOf)));
      expect(verifyInclusion(leafHash('same'), { index, size, hashes }, root)).toBe(true);
      expect(verifyInclusion(leafHash('other'), { index, size, hashes }, root)).toBe(false);
      expect(verifyInclusion(leafHash('same'), { index, size: size - 6, hashes }, root)).toBe(false);
    }
    const fromSize = 2 ** 32 + 7;
    const hashes = rangesOfConsistency(fromSize, size).map((range) => hexOf(hashOfRange(range, hashOf)));
    expect(verifyConsistency({ fromSize, toSize: size, hashes }, rootOf(fromSize, hashOf), root)).toBe(true);
  });
});

describe('consistency', () => {
  test('every earlier tree of every tree up to 40 is proven to be its beginning', () => {
    for (let size = 0; size <= 40; size++) {
      const entries = entriesOf(size);
      const root = rootOf(size, subtreesOfLog(entries));
      for (let fromSize = 0; fromSize <= size; fromSize++) {
        const fromRoot = rootOf(fromSize, subtreesOfLog(entries));
        expect(verifyConsistency(proveSame(entries, fromSize), fromRoot, root)).toBe(true);
      }
    }
  });

  test('a log in which one earlier entry was changed, left out or moved has no proof', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 40 }), fc.nat(), fc.nat(), fc.nat(2), (size, a, b, how) => {
        const entries = entriesOf(size);
        const fromSize = 2 + (a % (size - 2));
        const fromRoot = rootOf(fromSize, subtreesOfLog(entries));
        const at = b % fromSize;
        const forged =
          how === 0
            ? entries.with(at, 'forged')
            : how === 1
              ? [...entries.toSpliced(at, 1), 'one more']
              : entries.with(at, entries[(at + 1) % fromSize]!).with((at + 1) % fromSize, entries[at]!);
        const root = rootOf(size, subtreesOfLog(forged));
        expect(verifyConsistency(proveSame(forged, fromSize), fromRoot, root)).toBe(false);
        expect(verifyConsistency(proveSame(entries, fromSize), fromRoot, root)).toBe(false);
      }),
    );
  });
});
