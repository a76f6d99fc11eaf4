/**
 * Reading a package's ZIP file: finding its entries, and holding the whole file against the one form it may have
 * (`zip-form.ts`). Runs on the server and in a browser.
 */
import type { ManifestFile } from './package-form.ts';
import type { Finding } from './package-report.ts';
import { directoryOf, localHeaderOf, ZIP_END_BYTES, type WallTime, type ZipEntry } from './zip-form.ts';

/** A file that can be read anywhere. */
export interface PackageBytes {
  readonly size: number;
  /** As many bytes as there are from `offset` on, `length` at most. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Digests of bytes that come in pieces. */
export interface Digester {
  update(bytes: Uint8Array): void;
  done(): { readonly sha256: string; readonly crc32: number };
}

export interface Located {
  readonly name: string;
  readonly dataAt: number;
  readonly bytes: number;
}

/** Bytes read at once. */
const PIECE_BYTES = 1024 * 1024;
const LOCAL_HEADER = 0x0403_4b50;
const DIRECTORY_HEADER = 0x0201_4b50;
const DIRECTORY_END = 0x0605_4b50;
const LOCAL_HEADER_BYTES = 30;

/**
 * Entries by name: as the headers follow each other from the beginning, and where those do not lead on, as the central
 * directory has them. Only to find things: whether all is as it must be is what {@link checkContainer} says.
 */
export async function locateEntries(file: PackageBytes): Promise<Map<string, Located>> {
  const found = new Map<string, Located>();
  for (const entry of [...(await walkHeaders(file)), ...(await readDirectory(file))]) {
    if (!found.has(entry.name)) found.set(entry.name, entry);
  }
  return found;
}

async function walkHeaders(file: PackageBytes): Promise<Located[]> {
  const entries: Located[] = [];
  for (let offset: number | undefined = 0; offset !== undefined && offset < file.size;) {
    const entry: Located | undefined = await readLocalHeader(file, offset);
    if (entry) entries.push(entry);
    else if (await isDirectory(file, offset)) break;
    // A damaged entry: the next one begins somewhere after the beginning of its bytes.
    offset = entry ? entry.dataAt + entry.bytes : await nextHeader(file, (entries.at(-1)?.dataAt ?? 0) + 1, offset);
  }
  return entries;
}

async function isDirectory(file: PackageBytes, offset: number): Promise<boolean> {
  const found = await file.read(offset, 4);
  return found.length === 4 && viewOf(found).getUint32(0, true) === DIRECTORY_HEADER;
}

/** Where, from `from` on, the next local header begins; not at `except`, where none was found. */
async function nextHeader(file: PackageBytes, from: number, except: number): Promise<number | undefined> {
  for (let at = from; at < file.size; at += PIECE_BYTES) {
    // Pieces overlap by what a signature could lie across.
    const piece = await file.read(at, PIECE_BYTES + 3);
    for (let index = piece.indexOf(0x50); index >= 0; index = piece.indexOf(0x50, index + 1)) {
      const isHeader = piece[index + 1] === 0x4b && piece[index + 2] === 3 && piece[index + 3] === 4;
      if (isHeader && at + index !== except && (await readLocalHeader(file, at + index))) return at + index;
    }
  }
  return undefined;
}

async function readLocalHeader(file: PackageBytes, offset: number): Promise<Located | undefined> {
  const header = viewOf(await file.read(offset, LOCAL_HEADER_BYTES));
  if (header.byteLength < LOCAL_HEADER_BYTES || header.getUint32(0, true) !== LOCAL_HEADER) return undefined;
  const nameBytes = header.getUint16(26, true);
  const dataAt = offset + LOCAL_HEADER_BYTES + nameBytes + header.getUint16(28, true);
  const bytes = header.getUint32(18, true);
  if (dataAt + bytes > file.size) return undefined;
  return { name: textOf(await file.read(offset + LOCAL_HEADER_BYTES, nameBytes)), dataAt, bytes };
}

async function readDirectory(file: PackageBytes): Promise<Located[]> {
  const tailBytes = Math.min(file.size, ZIP_END_BYTES + 65_535);
  const tail = viewOf(await file.read(file.size - tailBytes, tailBytes));
  let end = tail.byteLength - ZIP_END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== DIRECTORY_END) end--;
  if (end < 0) return [];
  const directory = viewOf(await file.read(tail.getUint32(end + 16, true), tail.getUint32(end + 12, true)));
  const entries: Located[] = [];
  for (let at = 0; at + 46 <= directory.byteLength && directory.getUint32(at, true) === DIRECTORY_HEADER;) {
    const local = await readLocalHeader(file, directory.getUint32(at + 42, true));
    if (local) entries.push(local);
    at +=
      46 + directory.getUint16(at + 28, true) + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
  }
  return entries;
}

/** One entry that must be there. The digest is missing for those that are proven otherwise. */
export type ExpectedFile = Pick<ManifestFile, 'path' | 'bytes'> & { readonly sha256?: string };

export interface ContainerCheck {
  readonly findings: Finding[];
  /** Where the data of each file begins that was found whole. */
  readonly dataAt: ReadonlyMap<string, number>;
}

/**
 * Holds every byte of the file against what it must be: each file's bytes against its digest, everything between them
 * against the headers as they are built anew.
 */
export async function checkContainer(
  file: PackageBytes,
  expected: readonly ExpectedFile[],
  time: WallTime,
  newDigester: () => Digester,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<ContainerCheck> {
  const findings: Finding[] = [];
  const dataAt = new Map<string, number>();
  const entries: ZipEntry[] = [];
  const offsets: number[] = [];
  // By how much the file as it is has moved against the file as it was.
  let moved = 0;
  let offset = 0;
  for (const { path, bytes, sha256 } of expected) {
    const header = localHeaderOf({ name: path, bytes, crc32: 0 }, time);
    if (moved === 0 && !(await beginsAt(file, offset, header))) {
      const other = await movedTo(file, expected, offset, header);
      if (other !== undefined) {
        findings.push(movedFinding(other, entries.at(-1)?.name, offset));
        moved = other;
      }
    }
    const at = offset + moved;
    const data = await hashRange(file, at + header.length, bytes, newDigester(), onProgress);
    const entry: ZipEntry = { name: path, bytes, crc32: data.crc32 };
    const isAltered = data.bytes !== bytes || (sha256 !== undefined && data.sha256 !== sha256);
    if (isAltered) findings.push(await alteredFinding(file, path, at, header.length));
    else dataAt.set(path, at + header.length);
    const stated = await file.read(at, header.length);
    const wanted = localHeaderOf(entry, time);
    // Altered bytes have another CRC: the file was named already, its header is not at fault.
    const wrong = firstDifference(stated, wanted, isAltered ? [14, 18] : undefined);
    if (wrong !== undefined) {
      findings.push({ code: 'container_altered', where: { path, offset: at + wrong } });
    }
    entries.push(isAltered ? { ...entry, crc32: crcStated(stated) } : entry);
    offsets.push(offset);
    offset += header.length + bytes;
  }
  findings.push(...(await checkEnd(file, entries, offsets, offset, moved, time)));
  return { findings, dataAt };
}

/** The central directory, and that nothing comes after it. */
async function checkEnd(
  file: PackageBytes,
  entries: readonly ZipEntry[],
  offsets: readonly number[],
  offset: number,
  movedBefore: number,
  time: WallTime,
): Promise<Finding[]> {
  const wanted = directoryOf(entries, offsets, time);
  const findings: Finding[] = [];
  let moved = movedBefore;
  const excess = file.size - (offset + wanted.length);
  if (moved === 0 && excess !== 0) {
    const signature = wanted.subarray(0, 4);
    if (firstDifference(await file.read(offset + excess, 4), signature) === undefined && excess > -offset) {
      const isHere = firstDifference(await file.read(offset, 4), signature) === undefined;
      if (!isHere) {
        findings.push(movedFinding(excess, entries.at(-1)?.name, offset));
        moved = excess;
      }
    }
  }
  const start = offset + moved;
  const found = await file.read(start, file.size - start);
  const wrong = firstDifference(found, wanted);
  if (wrong !== undefined && wrong < wanted.length && found.length === wanted.length) {
    findings.push({ code: 'container_altered', where: { offset: start + wrong } });
  } else if (found.length > wanted.length) {
    // A whole file too many can be named.
    const extra = await readLocalHeader(file, start);
    findings.push({
      code: 'bytes_added',
      where: { ...(extra && { path: extra.name }), offset: start + (wrong ?? wanted.length) },
      details: { bytes: found.length - wanted.length },
    });
  } else if (found.length < wanted.length) {
    findings.push({
      code: 'bytes_missing',
      where: { offset: start + (wrong ?? found.length) },
      details: { bytes: wanted.length - found.length },
    });
  }
  return findings;
}

/** Whether an entry's header begins here, whatever its CRC. */
async function beginsAt(file: PackageBytes, offset: number, header: Uint8Array): Promise<boolean> {
  if (offset < 0) return false;
  const found = await file.read(offset, header.length);
  return firstDifference(found, header, [0, 26]) === undefined && viewOf(found).getUint32(0, true) === LOCAL_HEADER;
}

/**
 * By how much the file has moved where an entry is not where it must be: what is too much or too little of the whole.
 * Undefined where it is not found there either.
 */
async function movedTo(
  file: PackageBytes,
  expected: readonly ExpectedFile[],
  offset: number,
  header: Uint8Array,
): Promise<number | undefined> {
  const excess = file.size - wholeBytes(expected);
  if (excess === 0) return undefined;
  return (await beginsAt(file, offset + excess, header)) ? excess : undefined;
}

function wholeBytes(expected: readonly ExpectedFile[]): number {
  const encoder = new TextEncoder();
  return expected.reduce((sum, { path, bytes }) => sum + 76 + 2 * encoder.encode(path).length + bytes, ZIP_END_BYTES);
}

function movedFinding(moved: number, after: string | undefined, offset: number): Finding {
  return {
    code: moved > 0 ? 'bytes_added' : 'bytes_missing',
    where: { ...(after !== undefined && { path: after }), offset },
    details: { bytes: Math.abs(moved) },
  };
}

async function alteredFinding(file: PackageBytes, path: string, at: number, headerBytes: number): Promise<Finding> {
  const there = await readLocalHeader(file, at);
  return there && there.name !== path
    ? { code: 'file_misplaced', where: { path, offset: at }, details: { found: there.name } }
    : { code: 'file_altered', where: { path, offset: at + headerBytes } };
}

export async function hashRange(
  file: PackageBytes,
  from: number,
  length: number,
  digester: Digester,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<{ sha256: string; crc32: number; bytes: number }> {
  let done = 0;
  while (done < length) {
    const piece = await file.read(from + done, Math.min(PIECE_BYTES, length - done));
    if (piece.length === 0) break;
    digester.update(piece);
    done += piece.length;
    onProgress(piece.length);
  }
  return { ...digester.done(), bytes: done };
}

/** Index of the first byte in which they differ, their lengths included. @param except a range that may differ */
function firstDifference(a: Uint8Array, b: Uint8Array, except?: readonly [number, number]): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (except && at >= except[0] && at < except[1]) continue;
    if (a[at] !== b[at]) return at;
  }
  return undefined;
}

function crcStated(header: Uint8Array): number {
  return header.length >= 18 ? viewOf(header).getUint32(14, true) : 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
