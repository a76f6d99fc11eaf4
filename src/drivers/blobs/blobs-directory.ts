/**
 * Blobs in a directory: `ab/cd/abcd…` below it, 65,536 folders so that none grows long. Bytes are written beside, under
 * `incoming`, flushed to the disk, and renamed into place, which is atomic; the folder is flushed too, or a power cut could
 * forget the name.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { problemOf, SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { BlobSpace, BlobStore, BlobUsage, StoredBlob } from './blobs.ts';

const DIGEST = /^[0-9a-f]{64}$/;
const FOLDER = /^[0-9a-f]{2}$/;

export async function openDirectory(dir: string, clock: Clock): Promise<BlobStore> {
  const incoming = join(dir, 'incoming');
  try {
    await mkdir(incoming, { recursive: true, mode: 0o750 });
    await dropLeftOvers(incoming, clock);
  } catch (thrown) {
    throw writeProblem(dir, thrown);
  }
  return new BlobDirectory(dir, incoming, clock);
}

class BlobDirectory implements BlobStore {
  readonly #dir: string;
  readonly #incoming: string;
  readonly #clock: Clock;

  constructor(dir: string, incoming: string, clock: Clock) {
    this.#dir = dir;
    this.#incoming = incoming;
    this.#clock = clock;
  }

  async put(bytes: Uint8Array, { anew = false } = {}): Promise<string> {
    if (bytes.byteLength > LIMITS.blobBytes) {
      throw new SentinelError('blob.too_large', { bytes: bytes.byteLength, limitBytes: LIMITS.blobBytes });
    }
    const sha256 = digestOf(bytes);
    const file = this.#fileOf(sha256);
    try {
      if (anew || !(await this.#refreshed(file, bytes.byteLength))) await this.#write(file, bytes);
    } catch (thrown) {
      throw writeProblem(this.#dir, thrown);
    }
    return sha256;
  }

  async get(sha256: string): Promise<Buffer> {
    let bytes: Buffer;
    try {
      const file = this.#fileOf(sha256);
      if ((await stat(file)).size > LIMITS.blobBytes) throw new SentinelError('blob.damaged', { sha256 });
      bytes = await readFile(file);
    } catch (thrown) {
      if (isCode(thrown, 'ENOENT')) throw new SentinelError('blob.missing', { sha256 }, { cause: thrown });
      if (thrown instanceof SentinelError) throw thrown;
      throw new SentinelError('blob.damaged', { sha256 }, { cause: thrown });
    }
    if (digestOf(bytes) !== sha256) throw new SentinelError('blob.damaged', { sha256 });
    return bytes;
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.find(sha256)) !== undefined;
  }

  async find(sha256: string): Promise<StoredBlob | undefined> {
    const found = DIGEST.test(sha256) ? await statOrNothing(this.#fileOf(sha256)) : undefined;
    return found && { sha256, bytes: found.size, putAtMs: found.mtimeMs };
  }

  async delete(sha256: string): Promise<boolean> {
    const file = this.#fileOf(sha256);
    const found = await statOrNothing(file);
    if (!found || this.#clock.nowMs() - found.mtimeMs < LIMITS.blobYoungMs) return false;
    try {
      await rm(file, { force: true });
    } catch (thrown) {
      throw writeProblem(this.#dir, thrown);
    }
    return true;
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for (const first of await foldersIn(this.#dir)) {
      for (const second of await foldersIn(join(this.#dir, first))) {
        const folder = join(this.#dir, first, second);
        for (const sha256 of (await readdir(folder)).sort()) {
          const found = DIGEST.test(sha256) ? await statOrNothing(join(folder, sha256)) : undefined;
          if (found) yield { sha256, bytes: found.size, putAtMs: found.mtimeMs };
        }
      }
    }
  }

  async usage(): Promise<BlobUsage> {
    let count = 0;
    let bytes = 0;
    for await (const blob of this.list()) {
      count++;
      bytes += blob.bytes;
    }
    return { count, bytes };
  }

  async space(): Promise<BlobSpace> {
    const { bavail, blocks, bsize } = await statfs(this.#dir);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  }

  #fileOf(sha256: string): string {
    // What is not a digest names no file here, whatever it is.
    if (!DIGEST.test(sha256)) throw new SentinelError('blob.missing', { sha256: sha256.slice(0, 64) });
    return join(this.#dir, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }

  /** Whether the bytes are there already; if so they are young again. A file of another size is a damaged one. */
  async #refreshed(file: string, bytes: number): Promise<boolean> {
    const found = await statOrNothing(file);
    if (found?.size !== bytes) return false;
    const now = new Date(this.#clock.nowMs());
    try {
      await utimes(file, now, now);
      return true;
    } catch (thrown) {
      if (isCode(thrown, 'ENOENT')) return false;
      throw thrown;
    }
  }

  async #write(file: string, bytes: Uint8Array): Promise<void> {
    const beside = join(this.#incoming, randomUUID());
    try {
      const handle = await open(beside, 'wx', 0o640);
      try {
        await handle.writeFile(bytes);
        const now = new Date(this.#clock.nowMs());
        await handle.utimes(now, now);
        await handle.sync();
      } finally {
        await handle.close();
      }
      const folder = dirname(file);
      const made = await mkdir(folder, { recursive: true, mode: 0o750 });
      await rename(beside, file);
      await flushFolder(folder);
      // Folders made just now are names in the folders above them.
      if (made !== undefined) {
        await flushFolder(dirname(folder));
        await flushFolder(this.#dir);
      }
    } catch (thrown) {
      await rm(beside, { force: true }).catch(() => undefined);
      throw thrown;
    }
  }
}

/** What a killed process was writing; others may be writing right now, so only what is old goes. */
async function dropLeftOvers(incoming: string, clock: Clock): Promise<void> {
  for (const name of await readdir(incoming)) {
    const file = join(incoming, name);
    const found = await statOrNothing(file);
    if (found && clock.nowMs() - found.mtimeMs > LIMITS.blobLeftOverMs) await rm(file, { force: true });
  }
}

async function foldersIn(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => FOLDER.test(name)).sort();
}

async function flushFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function statOrNothing(file: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  try {
    return await stat(file);
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function writeProblem(dir: string, thrown: unknown): SentinelError {
  const full = isCode(thrown, 'ENOSPC') || isCode(thrown, 'EDQUOT');
  return new SentinelError(
    full ? 'blob.disk_full' : 'blob.unwritable',
    { dir, problem: problemOf(thrown) },
    { cause: thrown },
  );
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
