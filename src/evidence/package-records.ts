/**
 * What stands in the log entries of a package: that each is in the tree under the head, that each body is the one its
 * entry bears, that keys follow each other, and that every file a snapshot names is the one it names. Runs anywhere.
 */
import { canonicalText, sha256OfText } from './canonical.ts';
import type { LogEntry } from './log-entry.ts';
import { hashOfHex, leafHash, verifyInclusion } from './merkle.ts';
import { bodyPath, entryPath, type PackageManifest, type ProofLine } from './package-form.ts';
import type { CheckFacts, Finding } from './package-report.ts';
import type { SnapshotRecord } from './snapshot.ts';
import { verifyEndorsement, type KeyAccepted, type PublicKey, type TreeHead } from './tree-head.ts';

/** Text of a file of the package; undefined where it is not there or is not UTF-8. */
export type ReadText = (path: string) => Promise<string | undefined>;

export interface EntryCheck {
  readonly findings: Finding[];
  readonly entries: CheckFacts['entries'];
  readonly snapshots: { readonly record: SnapshotRecord; readonly index: number }[];
  /** SM3 digest that an entry bears of its body, by the entry's index. */
  readonly bodySm3: ReadonlyMap<number, string>;
}

/** @param head whose signature has been checked */
export async function checkEntries(
  manifest: PackageManifest,
  proofs: readonly ProofLine[],
  head: TreeHead,
  readText: ReadText,
): Promise<EntryCheck> {
  const findings: Finding[] = [];
  const entries: { index: number; kind: string; at: string; body: unknown }[] = [];
  const snapshots: EntryCheck['snapshots'] = [];
  const bodySm3 = new Map<number, string>();
  const proven = new Map(proofs.map((line) => [line.index, line]));
  for (const index of manifest.entries) {
    const where = { path: entryPath(index), entry: index };
    const [text, bodyText] = [await readText(entryPath(index)), await readText(bodyPath(index))];
    if (text === undefined || bodyText === undefined) {
      findings.push({ code: 'file_unreadable', where: text === undefined ? where : { path: bodyPath(index) } });
      continue;
    }
    const line = proven.get(index);
    if (!line || !isInLog(text, line, head)) findings.push({ code: 'entry_not_in_log', where });
    const entry = readCanonical<LogEntry>(text);
    const body = readCanonical<{ format?: string }>(bodyText);
    if (!entry || !body) {
      findings.push({ code: 'entry_altered', where });
      continue;
    }
    if (entry.bodySha256 !== sha256OfText(bodyText)) {
      findings.push({ code: 'body_altered', where: { path: bodyPath(index), entry: index } });
    }
    if (typeof entry.bodySm3 === 'string') bodySm3.set(index, entry.bodySm3);
    entries.push({ index, kind: entry.kind, at: entry.at, body });
    if (entry.kind === 'snapshot.sealed') snapshots.push({ record: body as SnapshotRecord, index });
  }
  findings.push(...checkSnapshotList(manifest, snapshots));
  return { findings, entries, snapshots, bodySm3 };
}

/** Whether the entry stands in the tree under the head. */
export function isInLog(entryText: string, line: ProofLine, head: TreeHead): boolean {
  const root = hashOfHex(head.root);
  const proof = { index: line.index, size: head.size, hashes: line.hashes };
  return root !== undefined && verifyInclusion(leafHash(entryText), proof, root);
}

/** The value of a text in canonical form; undefined for any other text. */
export function readCanonical<T>(text: string): T | undefined {
  try {
    const value = JSON.parse(text) as T;
    return canonicalText(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The snapshots that the manifest names are those whose entries are here. */
function checkSnapshotList(manifest: PackageManifest, snapshots: EntryCheck['snapshots']): Finding[] {
  const here = new Map(snapshots.map(({ record, index }) => [record.id, index]));
  const findings = manifest.snapshots
    .filter(({ id, entry }) => here.get(id) !== entry)
    .map(({ id, entry }): Finding => ({ code: 'snapshot_other', where: { snapshot: id, entry } }));
  const named = new Set(manifest.snapshots.map(({ id }) => id));
  for (const [id, entry] of here) {
    if (!named.has(id)) findings.push({ code: 'snapshot_other', where: { snapshot: id, entry } });
  }
  return findings;
}

/** The log's keys lead from its first to the one that signed, each endorsed by the one before. */
export function checkKeys(entries: CheckFacts['entries'], key: PublicKey, logId: string): Finding[] {
  const accepted = entries.filter(({ kind }) => kind === 'key.accepted');
  const findings: Finding[] = [];
  let before: PublicKey | undefined;
  for (const { index, body } of accepted) {
    const said = body as KeyAccepted;
    const follows = before === undefined ? said.replaces === null : said.replaces === before.id;
    // Where the key before was lost nothing could endorse the next; the entry says so and people have to judge it.
    const isEndorsed = before === undefined || said.endorsement === null || verifyEndorsement(said, before);
    if (!follows || !isEndorsed || said.logId !== logId) {
      findings.push({ code: 'key_chain_broken', where: { entry: index } });
    }
    before = said.key;
  }
  if (before?.id !== key.id) findings.push({ code: 'key_chain_broken', where: { path: 'seal/key.pem' } });
  return findings;
}

/** Files that a snapshot names, by digest. */
export function filesOf(record: SnapshotRecord): string[] {
  const files = [record.stream.file, ...record.pictures.map(({ file }) => file)];
  return [...new Set(files.flatMap((file) => (file && file.bytes !== null ? [file.sha256] : [])))];
}

/** Every file that the snapshots name is here or is said to be absent. */
export function checkNamedFiles(manifest: PackageManifest, snapshots: EntryCheck['snapshots']): Finding[] {
  const known = new Set([...manifest.files, ...manifest.absent].map(({ sha256 }) => sha256));
  return snapshots.flatMap(({ record, index }) =>
    filesOf(record)
      .filter((sha256) => !known.has(sha256))
      .map((sha256): Finding => ({
        code: 'file_unexplained',
        where: { snapshot: record.id, entry: index },
        details: { sha256 },
      })),
  );
}
