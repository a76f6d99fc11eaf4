/**
 * Checks an evidence package by itself: no network, no database, nothing of ours running. The same code serves the command
 * line and the page inside the package. It ends with a report whatever the file is.
 *
 * What is proven stands on what is proven before it: the key signed the head, the head's root holds the entry that this
 * package was made, that entry bears the manifest's digest, the manifest bears each file's, and every byte of the ZIP file
 * that belongs to no file is one that must be there.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { sha256OfText } from './canonical.ts';
import type { LogEntry } from './log-entry.ts';
import {
  checkContainer,
  hashRange,
  locateEntries,
  type ContainerCheck,
  type ExpectedFile,
  type Digester,
  type Located,
  type PackageBytes,
} from './package-container.ts';
import {
  MANIFEST_FORMAT,
  PACKAGE_MADE_FORMAT,
  readProofs,
  SEAL_ORDER,
  SEAL_PATHS,
  spkiOf,
  type PackageMade,
  type PackageManifest,
  type ProofLine,
} from './package-form.ts';
import {
  checkEntries,
  checkKeys,
  checkNamedFiles,
  isInLog,
  readCanonical,
  type EntryCheck,
} from './package-records.ts';
import {
  CLAIMS,
  type CheckFacts,
  type CheckReport,
  type Claim,
  type ClaimState,
  type Finding,
  type Place,
} from './package-report.ts';
import { crc32 } from './zip-form.ts';
import { checkSm3, sm3Digests, type Sm3Digester } from './package-sm3.ts';
import { checkStamp } from './package-stamp.ts';
import { headStatement, verifyHead, type PublicKey, type SignedHead } from './tree-head.ts';

export type { Digester, PackageBytes } from './package-container.ts';
export type { CheckReport } from './package-report.ts';

export interface CheckOptions {
  /** {@link PublicKey.id} of the key that the package must be signed with, known from elsewhere. */
  readonly keyId?: string;
  /** Faster digests than our own, where there are some. */
  readonly newDigester?: () => Digester;
  /** SM3, where the machine has it. */
  readonly newSm3?: (() => Sm3Digester) | undefined;
  readonly onProgress?: (doneBytes: number, allBytes: number) => void;
}

/** Largest text of a package that is read whole: entries, bodies, the manifest. */
const TEXT_BYTES_MOST = 32 * 1024 * 1024;

export async function checkPackage(file: PackageBytes, options: CheckOptions = {}): Promise<CheckReport> {
  const check = new PackageCheck(file, options);
  try {
    await check.run();
  } catch (thrown) {
    // What a stranger made may break what reads it in ways nobody foresaw; that is a finding too.
    check.found('check_failed', {}, { problem: thrown instanceof Error ? thrown.message : String(thrown) });
  }
  return check.report();
}

class PackageCheck {
  readonly #file: PackageBytes;
  readonly #options: CheckOptions;
  readonly #newDigester: () => Digester;
  readonly #findings: Finding[] = [];
  readonly #claims: Partial<Record<Claim, ClaimState>> = {};
  #located = new Map<string, Located>();
  #facts: Omit<CheckFacts, 'bytes'> = {
    ...{ keyId: null, head: null, packageEntry: null, manifest: null },
    ...{ snapshots: [], entries: [], files: 0, units: 0, sm3Digests: 0, stampedSize: null },
  };

  constructor(file: PackageBytes, options: CheckOptions) {
    this.#file = file;
    this.#options = options;
    this.#newDigester = options.newDigester ?? newDigester;
  }

  async run(): Promise<void> {
    this.#located = await locateEntries(this.#file);
    if (!SEAL_ORDER.some((path) => this.#located.has(path))) {
      this.found('not_a_package', { offset: 0 });
      return;
    }
    for (const path of SEAL_ORDER) if (!this.#located.has(path)) this.found('file_missing', { path });
    const key = await this.#checkKey();
    const signed = await this.#checkHead(key);
    const proofs = await this.#checkProofs();
    const manifest = await this.#checkManifest(signed, proofs);
    if (!manifest) return;
    const container = await this.#checkFiles(manifest);
    if (!signed || !proofs || !key) return;
    const entries = await this.#checkEntries(manifest, signed, proofs, container);
    this.#claim('keys', checkKeys(entries.entries, key, signed.head.logId));
    await this.#checkSnapshots(manifest, entries, container);
    await this.#checkSm3(manifest, entries, container);
    await this.#checkStamp(manifest, signed.head.logId, entries, container);
  }

  report(): CheckReport {
    const { manifest } = this.#facts;
    const claims = Object.fromEntries(CLAIMS.map((claim) => [claim, this.#claims[claim] ?? 'unchecked'])) as Record<
      Claim,
      ClaimState
    >;
    return {
      ok:
        this.#findings.length === 0 &&
        CLAIMS.every((claim) => claims[claim] !== 'failed' && claims[claim] !== 'unchecked'),
      claims,
      findings: this.#findings,
      remarks: [
        'before_arrival',
        'server_time',
        'camera_time',
        'log_tail',
        ...(claims.key === 'open' ? (['key_holder'] as const) : []),
        'meaning',
        ...(manifest && manifest.absent.length > 0 ? (['absent'] as const) : []),
        ...(manifest && manifest.parts > 1 ? (['other_parts'] as const) : []),
      ],
      facts: { ...this.#facts, bytes: this.#file.size },
    };
  }

  found(code: Finding['code'], where: Place, details?: Finding['details']): Finding {
    const finding: Finding = { code, where, ...(details && { details }) };
    this.#findings.push(finding);
    return finding;
  }

  /** Proven where nothing was found against it. */
  #claim(claim: Claim, findings: readonly Finding[]): boolean {
    for (const finding of findings) if (!this.#findings.includes(finding)) this.#findings.push(finding);
    this.#claims[claim] = findings.length === 0 ? 'proven' : 'failed';
    return findings.length === 0;
  }

  async #checkKey(): Promise<PublicKey | undefined> {
    const { keyId } = this.#options;
    const path = SEAL_PATHS.key;
    const spki = spkiOf((await this.#text(path)) ?? '');
    const der = spki === undefined ? undefined : bytesOfBase64(spki);
    if (spki === undefined || !der) {
      this.#claim('key', [{ code: 'key_unreadable', where: { path } }]);
      return undefined;
    }
    const key = { id: bytesToHex(sha256(der)), spki };
    this.#facts = { ...this.#facts, keyId: key.id };
    if (keyId === undefined) this.#claims.key = 'open';
    else {
      const isSame = key.id === keyId.toLowerCase().replace(/[^0-9a-f]/g, '');
      this.#claim('key', isSame ? [] : [{ code: 'key_other', where: { path }, details: { keyId: key.id } }]);
    }
    return key;
  }

  /** The signed head, whole and signed by the key. */
  async #checkHead(key: PublicKey | undefined): Promise<SignedHead | undefined> {
    const where = { path: SEAL_PATHS.head };
    const signed = readCanonical<SignedHead>((await this.#text(SEAL_PATHS.head)) ?? '');
    if (!signed?.head) {
      this.#claim('head', [{ code: 'head_altered', where }]);
      return undefined;
    }
    const { logId, size, root, at } = signed.head;
    this.#facts = { ...this.#facts, head: { logId, size, root, at } };
    const findings: Finding[] = [];
    if (!key || !verifyHead(signed, key)) findings.push({ code: 'signature_wrong', where });
    if (!sameBytes(await this.#bytes(SEAL_PATHS.statement), headStatement(signed.head))) {
      findings.push({ code: 'head_altered', where: { path: SEAL_PATHS.statement } });
    }
    if (!sameBytes(await this.#bytes(SEAL_PATHS.signature), bytesOfBase64(signed.signature))) {
      findings.push({ code: 'signature_wrong', where: { path: SEAL_PATHS.signature } });
    }
    return this.#claim('head', findings) ? signed : undefined;
  }

  async #checkProofs(): Promise<ProofLine[] | undefined> {
    const proofs = readProofs((await this.#text(SEAL_PATHS.proofs)) ?? '');
    if (!proofs || proofs.length === 0) this.found('proofs_altered', { path: SEAL_PATHS.proofs });
    return proofs;
  }

  /** The manifest that the log entry of this package bears. */
  async #checkManifest(
    signed: SignedHead | undefined,
    proofs: readonly ProofLine[] | undefined,
  ): Promise<PackageManifest | undefined> {
    const [entryText = '', bodyText = '', text = ''] = await Promise.all(
      [SEAL_PATHS.entry, SEAL_PATHS.body, SEAL_PATHS.manifest].map((path) => this.#text(path)),
    );
    const findings: Finding[] = [];
    const entry = readCanonical<LogEntry>(entryText);
    const line = proofs?.at(-1);
    if (!entry || (signed && line && !isInLog(entryText, line, signed.head))) {
      const where = { path: SEAL_PATHS.entry, ...(line && { entry: line.index }) };
      findings.push({ code: 'entry_not_in_log', where });
    }
    // Read only once it is known to be what the entry bears, as the manifest is once it is known to be what this bears.
    const body = entry?.bodySha256 === sha256OfText(bodyText) ? readMade(bodyText) : undefined;
    if (!body) findings.push({ code: 'body_altered', where: { path: SEAL_PATHS.body } });
    const manifest = readManifest(text);
    if (body && !body.parts.some(({ manifestSha256 }) => manifestSha256 === sha256OfText(text))) {
      findings.push({ code: 'manifest_altered', where: { path: SEAL_PATHS.manifest } });
    } else if (!manifest || (body && !isOf(body, manifest, text))) {
      findings.push({ code: 'manifest_unreadable', where: { path: SEAL_PATHS.manifest } });
    }
    const isTheOne = body !== undefined && findings.every(({ where }) => where.path !== SEAL_PATHS.manifest);
    if (manifest && proofs && isTheOne) findings.push(...proofsMissing(manifest, proofs));
    if (!signed || !proofs) {
      this.#findings.push(...findings);
      // Nothing vouches for it, but it still tells where things lie.
      return manifest;
    }
    this.#claim('manifest', findings);
    this.#facts = { ...this.#facts, packageEntry: line?.index ?? null, manifest: manifest ?? null };
    return manifest;
  }

  async #checkFiles(manifest: PackageManifest): Promise<ContainerCheck> {
    const sealed = SEAL_ORDER.map((path): ExpectedFile => ({ path, bytes: this.#located.get(path)?.bytes ?? 0 }));
    let doneBytes = 0;
    const container = await checkContainer(
      this.#file,
      [...sealed, ...manifest.files],
      manifest.madeAtLocal,
      this.#newDigester,
      (bytes) => this.#options.onProgress?.((doneBytes += bytes), this.#file.size),
    );
    const isOfFiles = ({ code }: Finding): boolean => code === 'file_altered' || code === 'file_misplaced';
    this.#claim(
      'container',
      container.findings.filter((finding) => !isOfFiles(finding)),
    );
    this.#claim('files', container.findings.filter(isOfFiles));
    this.#facts = { ...this.#facts, files: manifest.files.length };
    return container;
  }

  async #checkEntries(
    manifest: PackageManifest,
    signed: SignedHead,
    proofs: readonly ProofLine[],
    container: ContainerCheck,
  ): Promise<EntryCheck> {
    const sizes = new Map(manifest.files.map(({ path, bytes }) => [path, bytes]));
    const checked = await checkEntries(manifest, proofs, signed.head, async (path) => {
      const dataAt = container.dataAt.get(path);
      const bytes = sizes.get(path);
      return dataAt === undefined || bytes === undefined ? undefined : this.#read(dataAt, bytes);
    });
    this.#claim('entries', checked.findings);
    this.#facts = {
      ...this.#facts,
      entries: checked.entries,
      snapshots: checked.snapshots.map(({ record }) => record),
    };
    return checked;
  }

  async #checkSnapshots(manifest: PackageManifest, entries: EntryCheck, container: ContainerCheck): Promise<void> {
    this.#claim('snapshots', checkNamedFiles(manifest, entries.snapshots));
    const findings: Finding[] = [];
    const originals = manifest.files.filter(({ role }) => role === 'original');
    const checked = new Set<string>();
    for (const { record } of entries.snapshots) {
      const { file, units } = record.stream;
      const original = originals.find(({ sha256: digest }) => digest === file?.sha256);
      if (!original || checked.has(original.path)) continue;
      checked.add(original.path);
      // A damaged file is looked at where it lies, to say which of its units are touched.
      const dataAt = container.dataAt.get(original.path) ?? this.#located.get(original.path)?.dataAt;
      if (dataAt === undefined) continue;
      let at = dataAt;
      for (const [unit, { bytes, sha256: digest }] of units.entries()) {
        const found = await hashRange(this.#file, at, bytes, this.#newDigester());
        const where = { path: original.path, snapshot: record.id, unit, offset: at };
        if (found.bytes < bytes) findings.push({ code: 'unit_missing', where });
        else if (found.sha256 !== digest) findings.push({ code: 'unit_altered', where });
        at += bytes;
      }
      this.#facts = { ...this.#facts, units: this.#facts.units + units.length };
      if (at - dataAt !== original.bytes) {
        findings.push({ code: 'unit_missing', where: { path: original.path, snapshot: record.id } });
      }
    }
    this.#claim('originals', findings);
  }

  async #checkSm3(manifest: PackageManifest, entries: EntryCheck, container: ContainerCheck): Promise<void> {
    const digests = sm3Digests(manifest, entries);
    const { newSm3 } = this.#options;
    this.#facts = { ...this.#facts, sm3Digests: digests.length };
    if (digests.length === 0 || !newSm3) {
      this.#claims.sm3 = 'open';
      return;
    }
    const sizes = new Map(manifest.files.map(({ path, bytes }) => [path, bytes]));
    const findings = await checkSm3(digests, newSm3, this.#file, (path) => {
      const [dataAt, bytes] = [container.dataAt.get(path), sizes.get(path)];
      return dataAt === undefined || bytes === undefined ? undefined : { dataAt, bytes };
    });
    this.#claim('sm3', findings);
  }

  /** The head that an outside authority stamped, where there is one. */
  async #checkStamp(
    manifest: PackageManifest,
    logId: string,
    { entries }: EntryCheck,
    container: ContainerCheck,
  ): Promise<void> {
    if (!manifest.files.some(({ role }) => role === 'stamp')) {
      this.#claims.stamp = 'open';
      return;
    }
    const { findings, size } = await checkStamp(logId, entries, async (path) => {
      const dataAt = container.dataAt.get(path);
      const bytes = manifest.files.find((file) => file.path === path)?.bytes;
      return dataAt === undefined || bytes === undefined ? undefined : this.#file.read(dataAt, bytes);
    });
    this.#facts = { ...this.#facts, stampedSize: size };
    this.#claim('stamp', findings);
  }

  async #bytes(path: string): Promise<Uint8Array | undefined> {
    const entry = this.#located.get(path);
    return entry && entry.bytes <= TEXT_BYTES_MOST ? this.#file.read(entry.dataAt, entry.bytes) : undefined;
  }

  async #text(path: string): Promise<string | undefined> {
    const bytes = await this.#bytes(path);
    return bytes && textOf(bytes);
  }

  async #read(dataAt: number, bytes: number): Promise<string | undefined> {
    return bytes > TEXT_BYTES_MOST ? undefined : textOf(await this.#file.read(dataAt, bytes));
  }
}

/** Whether the log entry's body is about this manifest. */
function isOf(body: PackageMade, manifest: PackageManifest, text: string): boolean {
  const part = body.parts[manifest.part - 1];
  return (
    body.packageId === manifest.packageId &&
    body.parts.length === manifest.parts &&
    part?.manifestSha256 === sha256OfText(text)
  );
}

/** Every entry has its proof and every proof its entry, but for the last, which is the package's own. */
function proofsMissing(manifest: PackageManifest, proofs: readonly ProofLine[]): Finding[] {
  const indices = proofs.slice(0, -1).map(({ index }) => index);
  const isSame =
    indices.length === manifest.entries.length && indices.every((index, at) => index === manifest.entries[at]);
  return isSame ? [] : [{ code: 'proofs_altered', where: { path: SEAL_PATHS.proofs } }];
}

function readMade(text: string): PackageMade | undefined {
  const body = readCanonical<PackageMade>(text);
  return body?.format === PACKAGE_MADE_FORMAT && Array.isArray(body.parts) ? body : undefined;
}

function readManifest(text: string): PackageManifest | undefined {
  const manifest = readCanonical<PackageManifest>(text);
  const isOurs =
    manifest?.format === MANIFEST_FORMAT &&
    [manifest.files, manifest.entries, manifest.snapshots, manifest.absent].every(Array.isArray) &&
    manifest.files.every(({ path, bytes }) => typeof path === 'string' && Number.isSafeInteger(bytes) && bytes >= 0) &&
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(manifest.madeAtLocal);
  return isOurs ? manifest : undefined;
}

function newDigester(): Digester {
  const hash = sha256.create();
  let crc = 0;
  return {
    update(bytes) {
      hash.update(bytes);
      crc = crc32(bytes, crc);
    },
    done: () => ({ sha256: bytesToHex(hash.digest()), crc32: crc }),
  };
}

/** Strict: what is no UTF-8 is no text, and a byte order mark is not passed over. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at]);
}
