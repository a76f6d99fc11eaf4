/**
 * Bytes kept under their SHA-256: pictures and what cameras sent. The same bytes are kept once; what was put is on the
 * disk when `put` answers, whole or not at all; what is read was checked against its digest.
 *
 * Whoever stores bytes refers to them from the database only afterwards, so a crash leaves at most bytes without a
 * reference, never a reference without bytes. Putting bytes that are there already makes them young again, and `delete`
 * spares the young: what is being referred to anew does not vanish under it.
 *
 * Errors: `blob.missing`, `blob.damaged`, `blob.too_large`, `blob.disk_full`, `blob.unwritable`.
 */
import type { Clock } from '../../base/clock.ts';
import { openDirectory } from './blobs-directory.ts';

export interface StoredBlob {
  /** 64 hexadecimal digits in lower case. */
  readonly sha256: string;
  readonly bytes: number;
  /** When they were last put. */
  readonly putAtMs: number;
}

export interface BlobUsage {
  readonly count: number;
  readonly bytes: number;
  /** Left on the file system. */
  readonly freeBytes: number;
}

export interface BlobStore {
  /** Keeps up to `LIMITS.blobBytes`; answers their SHA-256. */
  put(bytes: Uint8Array): Promise<string>;
  /** The bytes, checked. */
  get(sha256: string): Promise<Buffer>;
  /** Whether they are there, unchecked. */
  has(sha256: string): Promise<boolean>;
  /** False where they were not there, or were put within the last `LIMITS.blobYoungMs`: those stay. */
  delete(sha256: string): Promise<boolean>;
  /** All that is kept, in order of its digest. */
  list(): AsyncIterable<StoredBlob>;
  /** Walks over all that is kept: some seconds for a million. */
  usage(): Promise<BlobUsage>;
}

/**
 * @param dir made where it is not there; all processes of an installation share one
 * @throws SentinelError blob.unwritable
 */
export function openBlobs({ dir, clock }: { dir: string; clock: Clock }): Promise<BlobStore> {
  return openDirectory(dir, clock);
}
