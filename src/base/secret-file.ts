/**
 * Files that hold one secret: made for their owner alone, and refused where others can get at them. Problems are plain
 * errors whose message reads after a colon; whose secret it is knows the caller.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LIMITS } from './limits.ts';

/** The owner's, or read by a group the owner chose, as PostgreSQL takes its key. */
export const NOT_FOR_OTHERS = 0o037;
/** The owner's alone. */
export const OWNER_ALONE = 0o077;

/**
 * Makes the file unless there is one. Written beside and linked into place: of processes that start together one makes it,
 * and none reads half of it.
 * @returns whether it was made now
 */
export async function makeSecretFile(file: string, text: string): Promise<boolean> {
  if (await stat(file).catch(() => undefined)) return false;
  await mkdir(dirname(file), { recursive: true });
  const beside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(beside, file);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  } finally {
    await rm(beside, { force: true });
  }
}

/** @param forbidden bits of the mode that none may have: {@link NOT_FOR_OTHERS} or {@link OWNER_ALONE} */
export async function readSecretFile(file: string, forbidden: number): Promise<string> {
  const { mode, size } = await stat(file);
  // Windows knows no such modes.
  if (process.platform !== 'win32' && (mode & forbidden) !== 0) {
    throw new Error(`others than its owner can get at it (mode ${(mode & 0o777).toString(8)}); run chmod 600 on it`);
  }
  if (size > LIMITS.secretFileBytes) throw new Error(`it has ${size} bytes`);
  return (await readFile(file, 'utf8')).trim();
}
