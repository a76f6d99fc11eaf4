/**
 * What an evidence package is made of. A package is one ZIP file, or several parts of which each stands by itself:
 *
 * - `seal/`: what ties the package to the log. The signed head, the public key, the log entry that says this package was
 *   made (it bears the manifest's digest), and for each log entry in the package the proof that it is in the tree.
 * - `manifest.json`: every other file with size and digest, in the order in which they lie in the ZIP file.
 * - `log/`: entries of the log with their bodies; a sealed snapshot is the body of its entry.
 * - `snapshots/`: the camera's own bytes and the pictures that the snapshots name.
 * - `marked/`: pictures drawn on for this package; they replace nothing.
 *
 * So one signature stands over everything: head → root → entry → manifest → files. Only types and names; runs anywhere.
 */
import type { SnapshotPerson } from './snapshot.ts';

/** In this order the ZIP file begins; the manifest's files follow in the manifest's order. */
export const SEAL_PATHS = {
  /** Canonical JSON of the signed head. */
  head: 'seal/head.json',
  /** The very bytes the signature is over. */
  statement: 'seal/head.txt',
  /** The signature's 64 bytes. */
  signature: 'seal/head.sig',
  /** SubjectPublicKeyInfo in PEM. */
  key: 'seal/key.pem',
  /** The entry that says that this package was made: the leaf's text, and its body. */
  entry: 'seal/package-entry.json',
  body: 'seal/package-body.json',
  /** A line for each log entry, `index hash hash …` from the leaf's sibling up; the package's own comes last. */
  proofs: 'seal/proofs.txt',
  manifest: 'manifest.json',
} as const;
export const SEAL_ORDER: readonly string[] = Object.values(SEAL_PATHS);

export const MANIFEST_FORMAT = 'sentinel-package/1';
export const PACKAGE_MADE_FORMAT = 'sentinel-package-made/1';

export interface PackageManifest {
  readonly format: typeof MANIFEST_FORMAT;
  /** UUID of the package, the same in each part. */
  readonly packageId: string;
  /** From 1. */
  readonly part: number;
  readonly parts: number;
  readonly madeAt: string;
  /** The same by the estate's clocks, `yyyy-MM-dd HH:mm:ss`: what the ZIP file's entries carry. */
  readonly madeAtLocal: string;
  readonly estate: { readonly name: string; readonly timeZone: string };
  readonly madeBy: SnapshotPerson;
  readonly reason: string;
  readonly purpose: string;
  /** Whose name stands on the marked pictures; null where none was asked for. */
  readonly recipient: string | null;
  readonly software: { readonly name: string; readonly version: string };
  readonly logId: string;
  /** In the order in which they were sealed. */
  readonly snapshots: readonly ManifestSnapshot[];
  /** Log entries in the package, ascending. */
  readonly entries: readonly number[];
  readonly files: readonly ManifestFile[];
  /** Files that the snapshots name and that are not here. */
  readonly absent: readonly AbsentFile[];
}

export interface ManifestSnapshot {
  readonly id: string;
  /** Index of its log entry. */
  readonly entry: number;
}

export interface ManifestFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly role: FileRole;
  /** Digest of the file it was made from, which may be left out here. */
  readonly derivedFrom?: string;
}

/**
 * `original` the camera's own bytes; `picture` what a snapshot names beside them; `playable` the same access units in a
 * container that players know; `marked` a picture drawn on; `entry`, `body` of the log; the rest is for people.
 */
export type FileRole =
  | 'entry'
  | 'body'
  | 'stamp'
  | 'original'
  | 'picture'
  | 'playable'
  | 'marked'
  | 'statement'
  | 'verifier'
  | 'instructions'
  | 'sums';

export interface AbsentFile {
  readonly sha256: string;
  /** `left_out` whoever made the package asked for it; `unreadable` the store could not give it. */
  readonly why: 'left_out' | 'unreadable';
}

/** Body of the log entry `package.made`. */
export interface PackageMade {
  readonly format: typeof PACKAGE_MADE_FORMAT;
  readonly packageId: string;
  readonly madeAt: string;
  readonly by: SnapshotPerson;
  readonly reason: string;
  readonly purpose: string;
  readonly recipient: string | null;
  readonly snapshots: readonly string[];
  readonly candidates: readonly number[];
  /** `all`, `pictures` (without the camera's own bytes) or `marked` (nothing but marked copies). */
  readonly contents: string;
  /** In order. */
  readonly parts: readonly { readonly manifestSha256: string; readonly bytes: number }[];
}

/**
 * Where an outside authority stamped a head of the log (RFC 3161): the earliest one under which all snapshots of the part
 * stand, or the newest there is. A part without one has none of these files.
 */
export const STAMP_PATHS = {
  /** Canonical JSON of the signed head. */
  head: 'stamp/head.json',
  /** The very bytes that were stamped. */
  statement: 'stamp/head.txt',
  /** TimeStampToken in DER. */
  token: 'stamp/token.tst',
  /** That the snapshots' entries are under that head; as {@link SEAL_PATHS.proofs}. */
  proofs: 'stamp/proofs.txt',
} as const;

export function entryPath(index: number): string {
  return `log/${String(index).padStart(10, '0')}-entry.json`;
}

export function bodyPath(index: number): string {
  return `log/${String(index).padStart(10, '0')}-body.json`;
}

/** A line of {@link SEAL_PATHS.proofs}. */
export interface ProofLine {
  readonly index: number;
  readonly hashes: readonly string[];
}

export function writeProofs(lines: readonly ProofLine[]): string {
  return lines.map(({ index, hashes }) => [index, ...hashes].join(' ') + '\n').join('');
}

/** @returns undefined where the text is not what {@link writeProofs} writes, to the byte */
export function readProofs(text: string): ProofLine[] | undefined {
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [index = '', ...hashes] = line.split(' ');
      return { index: Number(index), hashes };
    });
  const ascend = lines.every(({ index }, at) => Number.isSafeInteger(index) && index > (lines[at - 1]?.index ?? -1));
  const areHashes = lines.every(({ hashes }) => hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash)));
  return ascend && areHashes && writeProofs(lines) === text ? lines : undefined;
}

/** What `sha256sum -c` reads. */
export function writeSums(files: readonly Pick<ManifestFile, 'path' | 'sha256'>[]): string {
  return files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('');
}

/** SubjectPublicKeyInfo in PEM. @param spki DER in base64; that of an Ed25519 key fits one line */
export function pemOf(spki: string): string {
  return `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`;
}

/** @returns the DER in base64; undefined where the text is not what {@link pemOf} writes */
export function spkiOf(pem: string): string | undefined {
  const spki = pem.split('\n')[1] ?? '';
  return pemOf(spki) === pem ? spki : undefined;
}
