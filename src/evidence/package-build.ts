/**
 * Makes a package: gathers what the log and the store hold of some snapshots, draws and prints what is asked for, enters
 * in the log that this package was made, has the log's head signed over that, writes the ZIP files, and checks each with
 * the very check that comes with them. What is made meanwhile lies in the package's own folder.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/clock.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import { playableOf, type CodedUnit } from '../drivers/codec/codec.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { ZipWriter } from '../drivers/zip/zip.ts';
import { canonicalText, sha256OfText } from './canonical.ts';
import { appendEntry, proveInclusion, readEntries, readLogId, type StoredEntry } from './log.ts';
import { checkFile } from './package-file.ts';
import {
  bodyPath,
  entryPath,
  MANIFEST_FORMAT,
  PACKAGE_MADE_FORMAT,
  pemOf,
  SEAL_ORDER,
  SEAL_PATHS,
  STAMP_PATHS,
  writeProofs,
  writeSums,
  type AbsentFile,
  type FileRole,
  type ManifestFile,
  type PackageMade,
  type PackageManifest,
} from './package-form.ts';
import { markPicture, type PictureMarks } from './package-marks.ts';
import {
  divide,
  isWanted,
  plannedBytes,
  planSnapshots,
  type PackageContents,
  type PlannedFile,
  type PlannedSnapshot,
} from './package-plan.ts';
import { entriesOfPackage, stampOver } from './package-store.ts';
import { readmeText } from './package-readme.ts';
import type { SnapshotPerson, SnapshotRecord } from './snapshot.ts';
import { planStill } from '../estate/estate.ts';
import { printStatement, type CustodyLine, type StatementPicture } from './statement.ts';
import { timeIn } from '../base/wall-time.ts';
import { custodyLine } from './custody-line.ts';
import { headStatement, type PublicKey, type SignedHead } from './tree-head.ts';
import { ZIP_FILE_MODE } from './zip-form.ts';

export interface PackageBuildParts {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly clock: Clock;
  readonly software: { readonly name: string; readonly version: string };
  /** Signs a head over the whole log as it is. */
  readonly signHead: () => Promise<{ signed: SignedHead; key: PublicKey }>;
  /** The page that verifies a package in a browser. */
  readonly verifierPage: () => Promise<Buffer>;
  /** Size of the picture of a key unit. */
  readonly sizeOf: (codec: 'h264' | 'h265', keyUnit: Uint8Array) => Promise<{ widthPx: number; heightPx: number }>;
  /** SM3 digest of a text, where the installation makes it. */
  readonly sm3?: ((text: string) => string) | undefined;
}

export interface PackageWish {
  /** UUID. */
  readonly packageId: string;
  readonly snapshotIds: readonly string[];
  readonly by: SnapshotPerson;
  readonly reason: string;
  readonly purpose: string;
  readonly recipient: string | null;
  readonly contents: PackageContents;
  readonly marks: readonly PictureMarks[];
  readonly partBytes: number;
}

export interface BuiltPart {
  /** Of the file in the package's folder. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Steps of the work, as they are shown; `done` of `all` within one. */
export type PackageStep = 'gathering' | 'making' | 'sealing' | 'writing' | 'checking';
export type OnStep = (step: PackageStep, done: number, all: number) => Promise<void> | void;

/** Where the bytes of a file of the package come from. */
type Source = { readonly blob: string } | { readonly file: string } | { readonly bytes: Uint8Array };

interface Ready extends ManifestFile {
  readonly source: Source;
}

interface Part {
  readonly snapshots: readonly PlannedSnapshot[];
  readonly entries: readonly StoredEntry[];
  readonly manifest: PackageManifest;
  readonly manifestText: string;
  readonly files: readonly Ready[];
}

/** Headers, proofs, instructions, the page, the statement: what a part takes besides its snapshots. */
const PART_FIXED_BYTES = 4 * 1024 * 1024;
const PART_FIXED_FILES = 4_096;
/** Pictures that a recipient's name is written across. */
const MARKED_ROLES = ['before', 'after', 'overlay', 'still', 'look'];

export class PackageBuild {
  readonly #parts: PackageBuildParts;
  readonly #wish: PackageWish;
  readonly #dir: string;
  readonly #onStep: OnStep;
  readonly #signal: AbortSignal;
  /** Cameras whose place was shown already. */
  readonly #planned = new Set<number>();

  /** @param dir the package's own folder; it is made */
  constructor(parts: PackageBuildParts, wish: PackageWish, dir: string, onStep: OnStep, signal: AbortSignal) {
    this.#parts = parts;
    this.#wish = wish;
    this.#dir = dir;
    this.#onStep = onStep;
    this.#signal = signal;
  }

  /**
   * @returns the parts in order, and the entry of the log that says that the package was made
   */
  async run(): Promise<{ parts: BuiltPart[]; entry: number }> {
    const { db } = this.#parts;
    await rm(this.#dir, { recursive: true, force: true });
    await mkdir(path.join(this.#dir, 'work'), { recursive: true });
    await this.#onStep('gathering', 0, 1);
    const sealed = await entriesOfPackage(db, this.#wish.snapshotIds, LIMITS.packageCustodyEntries);
    const planned = planSnapshots(
      sealed.snapshots.map(({ body, seq }) => ({ record: JSON.parse(body) as SnapshotRecord, entry: seq })),
    );
    if (planned.length === 0) throw new SentinelError('package.empty');
    const divided = divide(
      planned,
      (snapshot) => plannedBytes(snapshot, this.#wish.contents),
      ({ files }) => files.length * 2 + 8,
      { partBytes: this.#wish.partBytes, fixedBytes: PART_FIXED_BYTES, fixedFiles: PART_FIXED_FILES },
    );
    if (!divided) throw new SentinelError('package.part_too_small', { partBytes: this.#wish.partBytes });

    const madeAtMs = this.#parts.clock.nowMs();
    const parts: Part[] = [];
    for (const [index, snapshots] of divided.entries()) {
      await this.#onStep('making', index, divided.length);
      parts.push(await this.#makePart(snapshots, sealed, madeAtMs, index + 1, divided.length));
    }
    await this.#onStep('sealing', 0, 1);
    const made = this.#made(parts, madeAtMs);
    const entry = await db.transaction().execute((trx) =>
      appendEntry(trx, {
        ...{ kind: 'package.made', atMs: madeAtMs, body: made, sm3: this.#parts.sm3 },
        about: [
          ...['custody', `user:${made.by.userId}`, `package:${made.packageId}`],
          ...made.snapshots.map((id) => `snapshot:${id}`),
          ...made.candidates.map((id) => `candidate:${id}`),
        ],
      }),
    );
    return { parts: await this.#writeAll(parts, entry), entry };
  }

  // --- what goes in --------------------------------------------------------------------------------------------------

  async #makePart(
    snapshots: readonly PlannedSnapshot[],
    sealed: Awaited<ReturnType<typeof entriesOfPackage>>,
    madeAtMs: number,
    part: number,
    parts: number,
  ): Promise<Part> {
    const { db, software, verifierPage } = this.#parts;
    const { by: madeBy, reason, purpose, recipient, packageId } = this.#wish;
    const ids = new Set(snapshots.map(({ record }) => record.id));
    const own = new Set(snapshots.map(({ entry }) => entry));
    const custody = sealed.custody.filter(({ snapshots: about }) => about.some((id) => ids.has(id)));
    const entries = [...sealed.log, ...sealed.snapshots.filter(({ seq }) => own.has(seq)), ...custody].sort(
      (a, b) => a.seq - b.seq,
    );
    const files: Ready[] = entries.flatMap(({ seq, entry, body }) => [
      this.#ready(entryPath(seq), 'entry', Buffer.from(entry)),
      this.#ready(bodyPath(seq), 'body', Buffer.from(body)),
    ]);
    files.push(...(await this.#stampOf(snapshots)));
    const absent = new Map<string, AbsentFile>();
    const shown = new Map<string, StatementPicture[]>();
    this.#planned.clear();
    for (const [index, snapshot] of snapshots.entries()) {
      this.#signal.throwIfAborted();
      await this.#onStep('making', part - 1 + index / snapshots.length, parts);
      const pictures = await this.#makeSnapshot(snapshot, files, absent);
      shown.set(snapshot.record.id, [...pictures, ...(pictures.length > 0 ? await this.#planOf(snapshot.record) : [])]);
    }
    const estate = snapshots[0]?.record.estate ?? { name: '', timeZone: 'UTC' };
    const madeAt = new Date(madeAtMs).toISOString();
    const head: Omit<PackageManifest, 'files' | 'entries'> = {
      ...{ format: MANIFEST_FORMAT, packageId, part, parts, madeAt },
      madeAtLocal: timeIn(estate.timeZone)(madeAt),
      estate: { name: estate.name, timeZone: estate.timeZone },
      ...{ madeBy, reason, purpose, recipient },
      software: { name: software.name, version: software.version },
      logId: await readLogId(db),
      snapshots: snapshots.map(({ record, entry }) => ({ id: record.id, entry })),
      absent: [...absent.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1)),
    };
    const { key } = await this.#parts.signHead();
    const statement = await printStatement({
      manifest: head,
      keyId: key.id,
      snapshots: snapshots.map(({ record, entry }) => ({ record, entry, pictures: shown.get(record.id) ?? [] })),
      custody: custody.map((entry): CustodyLine => custodyLine(entry)),
    });
    files.push(
      this.#ready('statement.pdf', 'statement', statement),
      this.#ready('verifier.html', 'verifier', await verifierPage()),
      this.#ready('README.txt', 'instructions', Buffer.from(readmeText())),
    );
    files.push(this.#ready('SHA256SUMS', 'sums', Buffer.from(writeSums(files))));
    const manifest: PackageManifest = {
      ...head,
      entries: entries.map(({ seq }) => seq),
      files: files.map(({ source: _, ...file }) => file),
    };
    return { snapshots, entries, manifest, manifestText: canonicalText(manifest), files };
  }

  /** The time stamp that covers the snapshots, where the log has one. */
  async #stampOf(snapshots: readonly PlannedSnapshot[]): Promise<Ready[]> {
    const { db } = this.#parts;
    const stamp = await stampOver(db, Math.max(...snapshots.map(({ entry }) => entry)));
    const covered = snapshots.map(({ entry }) => entry).filter((entry) => entry < (stamp?.signed.head.size ?? 0));
    if (!stamp || covered.length === 0) return [];
    const lines = [];
    for (const index of covered.sort((a, b) => a - b)) {
      lines.push(await proveInclusion(db, index, stamp.signed.head.size));
    }
    return [
      this.#ready(STAMP_PATHS.head, 'stamp', Buffer.from(canonicalText(stamp.signed))),
      this.#ready(STAMP_PATHS.statement, 'stamp', headStatement(stamp.signed.head)),
      this.#ready(STAMP_PATHS.token, 'stamp', stamp.token),
      this.#ready(STAMP_PATHS.proofs, 'stamp', Buffer.from(writeProofs(lines))),
    ];
  }

  /** Adds a snapshot's files and what is made of them. @returns its pictures for the statement */
  async #makeSnapshot(
    { record, folder, files: planned }: PlannedSnapshot,
    files: Ready[],
    absent: Map<string, AbsentFile>,
  ): Promise<StatementPicture[]> {
    const { contents } = this.#wish;
    const shown: StatementPicture[] = [];
    for (const one of planned) {
      const { sha256 } = one.file;
      const bytes = await this.#get(sha256);
      if (!bytes) {
        absent.set(sha256, { sha256, why: 'unreadable' });
        continue;
      }
      const isHere = files.some((file) => file.sha256 === sha256);
      if (!isWanted(one.role, contents)) absent.set(sha256, { sha256, why: 'left_out' });
      else if (!isHere) {
        files.push({ path: one.path, role: one.role, bytes: bytes.length, sha256, source: { blob: sha256 } });
      }
      if (one.role === 'original' && contents === 'all' && !isHere) {
        const playable = await this.#playable(record, bytes);
        if (playable) files.push(await this.#kept(`${folder}/original.mp4`, 'playable', playable, sha256));
      }
      if (one.role !== 'picture') continue;
      const marked = await this.#marked(record, one, bytes);
      if (marked) {
        const name = `marked/${folder.replace('snapshots/', '')}-${path.posix.basename(one.path)}`;
        files.push(await this.#kept(name, 'marked', marked, sha256));
      }
      if (marked || contents !== 'marked') {
        const takenAt = record.pictures.find(({ file }) => file.sha256 === sha256)?.takenAt ?? null;
        shown.push({ role: one.of, jpeg: marked ?? bytes, takenAt, isMarked: marked !== undefined });
      }
    }
    return shown;
  }

  /** Where the camera hangs by the plan, once for each. */
  async #planOf({ camera }: SnapshotRecord): Promise<StatementPicture[]> {
    if (this.#planned.has(camera.id)) return [];
    this.#planned.add(camera.id);
    const still = await planStill(this.#parts.db, this.#parts.blobs, camera.id);
    return still ? [{ role: 'plan', jpeg: still.jpeg, takenAt: null, isMarked: false }] : [];
  }

  async #playable({ stream }: SnapshotRecord, bytes: Buffer): Promise<Buffer | undefined> {
    const codec = stream.codec;
    if (codec !== 'h264' && codec !== 'h265') return undefined;
    let at = 0;
    const units = stream.units.map((unit): CodedUnit => {
      const own = bytes.subarray(at, (at += unit.bytes));
      return { bytes: own, rtpTimestamp: unit.rtpTimestamp, isKey: unit.isKey };
    });
    try {
      const size = await this.#parts.sizeOf(codec, units[0]?.bytes ?? new Uint8Array());
      return await playableOf(codec, units, size);
    } catch {
      // A stream that cannot be decoded is evidence all the same; it only has no copy for players.
      return undefined;
    }
  }

  async #marked({ id }: SnapshotRecord, { of }: PlannedFile, bytes: Buffer): Promise<Buffer | undefined> {
    const { marks, recipient, contents } = this.#wish;
    const own = marks.find(({ snapshotId, role }) => snapshotId === id && role === of);
    const isNamed = recipient !== null && MARKED_ROLES.includes(of);
    if (!own && !isNamed && !(contents === 'marked' && MARKED_ROLES.includes(of))) return undefined;
    return markPicture(bytes, own ?? { frames: [], words: [], blurred: [] }, recipient);
  }

  async #get(sha256: string): Promise<Buffer | undefined> {
    try {
      return await this.#parts.blobs.get(sha256);
    } catch (thrown) {
      // A file that is gone or damaged is named as such; any other trouble passes, and the work is done again.
      const isLost =
        thrown instanceof SentinelError && (thrown.code === 'blob.missing' || thrown.code === 'blob.damaged');
      if (isLost) return undefined;
      throw thrown;
    }
  }

  #ready(name: string, role: FileRole, bytes: Uint8Array): Ready {
    return { path: name, role, bytes: bytes.length, sha256: digestOf(bytes), source: { bytes } };
  }

  /** Puts what was made on the disk until it is written into the package. */
  async #kept(name: string, role: FileRole, bytes: Buffer, derivedFrom: string): Promise<Ready> {
    const file = path.join(this.#dir, 'work', name.replaceAll('/', '-'));
    await writeFile(file, bytes);
    return { path: name, role, bytes: bytes.length, sha256: digestOf(bytes), derivedFrom, source: { file } };
  }

  // --- sealing and writing -------------------------------------------------------------------------------------------

  #made(parts: readonly Part[], madeAtMs: number): PackageMade {
    const { packageId, by, reason, purpose, recipient, contents } = this.#wish;
    const records = parts.flatMap(({ snapshots }) => snapshots.map(({ record }) => record));
    const candidates = records.flatMap(({ candidate }) => (candidate ? [candidate.id] : []));
    return {
      ...{ format: PACKAGE_MADE_FORMAT, packageId, madeAt: new Date(madeAtMs).toISOString() },
      ...{ by, reason, purpose, recipient, contents },
      snapshots: records.map(({ id }) => id),
      candidates: [...new Set(candidates)],
      parts: parts.map(({ manifestText, files }) => ({
        manifestSha256: sha256OfText(manifestText),
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      })),
    };
  }

  async #writeAll(parts: readonly Part[], entry: number): Promise<BuiltPart[]> {
    const { db } = this.#parts;
    const { signed, key } = await this.#parts.signHead();
    const [own] = await readEntries(db, [entry]);
    if (!own || signed.head.size <= entry) throw new Error(`no head was signed over entry ${entry}`);
    const allBytes = parts.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
    let doneBytes = 0;
    const built: BuiltPart[] = [];
    for (const part of parts) {
      const file = path.join(this.#dir, fileName(part.manifest));
      const seal = await this.#seal(part, own, signed, key);
      const zip = new ZipWriter({ file, time: part.manifest.madeAtLocal, mode: ZIP_FILE_MODE });
      for (const name of SEAL_ORDER) await zip.add(name, seal.get(name) ?? new Uint8Array());
      for (const { path: name, source, bytes } of part.files) {
        this.#signal.throwIfAborted();
        await zip.add(name, await this.#read(source));
        await this.#onStep('writing', (doneBytes += bytes), allBytes);
      }
      await zip.close();
      await this.#onStep('checking', built.length, parts.length);
      const report = await checkFile(file, { keyId: key.id });
      if (!report.ok) {
        const [first] = report.findings;
        throw new SentinelError('package.check_failed', { file: path.basename(file), problem: first?.code ?? '' });
      }
      built.push({ name: path.basename(file), bytes: (await stat(file)).size, sha256: await digestOfFile(file) });
    }
    await rm(path.join(this.#dir, 'work'), { recursive: true, force: true });
    return built;
  }

  async #seal(part: Part, own: StoredEntry, signed: SignedHead, key: PublicKey): Promise<Map<string, Uint8Array>> {
    const lines = [];
    for (const index of [...part.manifest.entries, own.seq]) {
      lines.push(await proveInclusion(this.#parts.db, index, signed.head.size));
    }
    return new Map<string, Uint8Array>([
      [SEAL_PATHS.head, Buffer.from(canonicalText(signed))],
      [SEAL_PATHS.statement, headStatement(signed.head)],
      [SEAL_PATHS.signature, Buffer.from(signed.signature, 'base64')],
      [SEAL_PATHS.key, Buffer.from(pemOf(key.spki))],
      [SEAL_PATHS.entry, Buffer.from(own.entry)],
      [SEAL_PATHS.body, Buffer.from(own.body)],
      [SEAL_PATHS.proofs, Buffer.from(writeProofs(lines))],
      [SEAL_PATHS.manifest, Buffer.from(part.manifestText)],
    ]);
  }

  #read(source: Source): Promise<Uint8Array> | Uint8Array {
    if ('bytes' in source) return source.bytes;
    return 'blob' in source ? this.#parts.blobs.get(source.blob) : readFile(source.file);
  }
}

function fileName({ packageId, part, parts, madeAtLocal }: PackageManifest): string {
  const time = madeAtLocal.replace(/[-:]/g, '').replace(' ', '-');
  return `evidence-${time}-${packageId.slice(0, 8)}${parts > 1 ? `-${part}of${parts}` : ''}.zip`;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function digestOfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
