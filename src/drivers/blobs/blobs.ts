/**
 * Bytes kept under their SHA-256: pictures and what cameras sent. The same bytes are kept once; what was put is on the
 * disk when `put` answers, whole or not at all; what is read was checked against its digest. They lie in a directory or in a bucket.
 *
 * Whoever stores bytes refers to them from the database only afterwards, so a crash leaves at most bytes without a
 * reference, never a reference without bytes. Putting bytes that are there already makes them young again, and `delete`
 * spares the young: what is being referred to anew does not vanish under it.
 *
 * Errors: `blob.missing`, `blob.damaged`, `blob.too_large`, `blob.disk_full`, `blob.unwritable`, `blob.unreachable`,
 * and of a {@link SpaceWatch} `blob.pictures_stopped`.
 */
import type { Clock } from '../../base/clock.ts';
import { openDirectory } from './blobs-directory.ts';
import { openBucket } from './blobs-s3.ts';
import type { S3Target } from './s3.ts';

export type { S3Target } from './s3.ts';
export { SpaceWatch, type SpaceRules, type SpaceState } from './space-watch.ts';

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
}

/** Of the file system that the blobs lie on. */
export interface BlobSpace {
  readonly totalBytes: number;
  /** What may still be written. */
  readonly freeBytes: number;
}

export interface BlobStore {
  /**
   * Keeps up to `LIMITS.blobBytes`; answers their SHA-256.
   * @param options.anew writes them whatever is there already: to mend what is damaged
   */
  put(bytes: Uint8Array, options?: { readonly anew?: boolean }): Promise<string>;
  /** The bytes, checked. */
  get(sha256: string): Promise<Buffer>;
  /** Whether they are there, unchecked. */
  has(sha256: string): Promise<boolean>;
  /** What stands there under this digest, unchecked; undefined where nothing does. */
  find(sha256: string): Promise<StoredBlob | undefined>;
  /** False where they were not there, or were put within the last `LIMITS.blobYoungMs`: those stay. */
  delete(sha256: string): Promise<boolean>;
  /** All that is kept, in order of its digest. */
  list(): AsyncIterable<StoredBlob>;
  /** Walks over all that is kept: some seconds for a million. */
  usage(): Promise<BlobUsage>;
  /** Asked of the system, which costs nothing; undefined where the store does not tell, as a bucket. */
  space(): Promise<BlobSpace | undefined>;
}

/** Where blobs are kept: a directory, or a bucket. All processes of an installation share one. */
export type BlobPlace = { readonly dir: string } | { readonly s3: S3Target };

/**
 * A directory is made where it is not there; a bucket must exist.
 * @throws SentinelError blob.unwritable, blob.unreachable
 */
export function openBlobs({ clock, ...place }: BlobPlace & { readonly clock: Clock }): Promise<BlobStore> {
  return 'dir' in place ? openDirectory(place.dir, clock) : openBucket(place.s3, clock);
}
