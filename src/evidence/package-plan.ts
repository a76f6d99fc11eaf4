/**
 * What goes into a package and into which of its parts, before anything is written. Pure.
 */
import { ZIP_BYTES_MOST, ZIP_END_BYTES, ZIP_ENTRIES_MOST, zipEntryBytes } from './zip-form.ts';
import type { FileRole } from './package-form.ts';
import type { SnapshotFile, SnapshotRecord } from './snapshot.ts';

/** `all`; `pictures`: without the camera's own bytes; `marked`: nothing but the marked copies, for showing around. */
export type PackageContents = 'all' | 'pictures' | 'marked';

export interface PlannedFile {
  readonly path: string;
  readonly role: FileRole;
  /** Role of the picture in its snapshot; `stream` for the camera's bytes. */
  readonly of: string;
  readonly file: SnapshotFile;
}

export interface PlannedSnapshot {
  readonly record: SnapshotRecord;
  /** Index of its log entry. */
  readonly entry: number;
  /** Folder of its files in the package. */
  readonly folder: string;
  readonly files: readonly PlannedFile[];
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'video/h264': 'h264',
  'video/h265': 'h265',
  'video/mpeg4': 'm4v',
};

/** Names the files of each snapshot. A file that several snapshots name is kept once a part, with the first of them. */
export function planSnapshots(sealed: readonly { record: SnapshotRecord; entry: number }[]): PlannedSnapshot[] {
  return sealed.map(({ record, entry }, index) => {
    const folder = `snapshots/${String(index + 1).padStart(4, '0')}`;
    const counted = new Map<string, number>();
    const name = (of: string, { mediaType }: SnapshotFile): string => {
      const count = (counted.get(of) ?? 0) + 1;
      counted.set(of, count);
      return `${folder}/${of}${count > 1 ? `-${count}` : ''}.${EXTENSIONS[mediaType] ?? 'bin'}`;
    };
    const files: PlannedFile[] = [];
    const { file: stream } = record.stream;
    if (stream && stream.bytes !== null) {
      files.push({ path: name('original', stream), role: 'original', of: 'stream', file: stream });
    }
    for (const { role, file } of record.pictures) {
      if (file.bytes !== null && !files.some((one) => one.file.sha256 === file.sha256)) {
        files.push({ path: name(role, file), role: 'picture', of: role, file });
      }
    }
    return { record, entry, folder, files };
  });
}

/** Whether a file of a snapshot is wanted; what is not is named as left out. */
export function isWanted(role: FileRole, contents: PackageContents): boolean {
  return contents === 'all' || (contents === 'pictures' && role === 'picture');
}

/**
 * Divides snapshots among parts, in their order; one snapshot's files stay together.
 * @param bytesOf what a snapshot takes in the file, roughly and rather too much
 * @param fixedBytes what every part takes besides
 * @returns undefined where one snapshot alone is larger than a part may be
 */
export function divide<T>(
  snapshots: readonly T[],
  bytesOf: (snapshot: T) => number,
  filesOf: (snapshot: T) => number,
  limits: { partBytes: number; fixedBytes: number; fixedFiles: number },
): T[][] | undefined {
  const mostBytes = Math.min(limits.partBytes, ZIP_BYTES_MOST);
  const parts: T[][] = [];
  let bytes = Infinity;
  let files = Infinity;
  for (const snapshot of snapshots) {
    const [more, moreFiles] = [bytesOf(snapshot), filesOf(snapshot)];
    if (bytes + more > mostBytes || files + moreFiles > ZIP_ENTRIES_MOST) {
      parts.push([]);
      bytes = limits.fixedBytes + ZIP_END_BYTES;
      files = limits.fixedFiles;
      if (bytes + more > mostBytes || files + moreFiles > ZIP_ENTRIES_MOST) return undefined;
    }
    parts.at(-1)?.push(snapshot);
    bytes += more;
    files += moreFiles;
  }
  return parts;
}

/** What a planned snapshot's files take, marked copies and a playable one included. */
export function plannedBytes({ files }: PlannedSnapshot, contents: PackageContents): number {
  return files.reduce((sum, { path, role, file }) => {
    const own = isWanted(role, contents) ? zipEntryBytes(path, file.bytes ?? 0) : 0;
    // A playable copy is as large as its original and its tables; a marked one may be twice its picture.
    const made = role === 'original' ? (file.bytes ?? 0) * 1.02 + 65_536 : (file.bytes ?? 0) * 2 + 4_096;
    return sum + own + (role === 'original' && contents !== 'all' ? 0 : made);
  }, 65_536);
}
