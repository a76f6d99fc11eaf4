/**
 * Heads outside the database: one file a day of the estate, `heads-2026-06-01.jsonl`, a head a line, flushed to the disk
 * before it counts. Whoever cuts the log's end off cannot reach what was copied from here, printed or sent away.
 */
import { open, mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { PublicKey, SignedHead } from './tree-head.ts';

export interface PublishedHead {
  readonly signed: SignedHead;
  /** The key that stood beside it: not yet one that is believed. */
  readonly key: PublicKey;
  /** Where it was found, for whoever has to look. */
  readonly where: string;
}

export interface PublishedHeads {
  readonly heads: readonly PublishedHead[];
  /** Lines that hold no head, by file and line. */
  readonly unreadable: readonly string[];
}

const HEADS = /^heads-\d{4}-\d{2}-\d{2}\.jsonl$/;

/** @param day of the estate, `2026-06-01` */
export async function addPublished(dir: string, day: string, line: string): Promise<void> {
  await inDirectory(dir, async () => {
    const handle = await open(join(dir, `heads-${day}.jsonl`), 'a+', 0o644);
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      // A line that a crash cut off stays a line by itself.
      await handle.writeFile(size > 0 && last.toString() !== '\n' ? `\n${line}` : line);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await flush(dir);
  });
}

/** Written whole beside, then renamed. */
export async function writePublished(dir: string, name: string, content: string | Uint8Array): Promise<void> {
  await inDirectory(dir, async () => {
    const beside = join(dir, `.${name}.part`);
    const handle = await open(beside, 'w', 0o644);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, join(dir, name));
    await flush(dir);
  });
}

export async function isPublished(dir: string, name: string): Promise<boolean> {
  return (await stat(join(dir, name)).catch(() => undefined)) !== undefined;
}

/** Days that have heads, the oldest first. */
export async function publishedDays(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new SentinelError('evidence.unpublished', { dir, problem: problemOf(thrown) }, { cause: thrown });
  });
  return names
    .filter((name) => HEADS.test(name))
    .map((name) => name.slice('heads-'.length, -'.jsonl'.length))
    .sort();
}

export async function readPublishedDay(dir: string, day: string): Promise<PublishedHeads> {
  const name = `heads-${day}.jsonl`;
  const heads: PublishedHead[] = [];
  const unreadable: string[] = [];
  const text = await readFile(join(dir, name), 'utf8').catch((thrown: unknown) => {
    throw new SentinelError('evidence.unpublished', { dir, problem: problemOf(thrown) }, { cause: thrown });
  });
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const where = `${name}:${index + 1}`;
    const head = line.length > LIMITS.publishedLineBytes ? undefined : readLine(line);
    if (head) heads.push({ ...head, where });
    else unreadable.push(where);
  }
  return { heads, unreadable };
}

function readLine(line: string): { signed: SignedHead; key: PublicKey } | undefined {
  try {
    const { head, signature, key } = JSON.parse(line) as Partial<SignedHead> & { key?: PublicKey };
    const isHead =
      typeof head?.size === 'number' &&
      Number.isSafeInteger(head.size) &&
      head.size >= 0 &&
      [head.logId, head.root, head.at, head.keyId, signature, key?.id, key?.spki].every(
        (one) => typeof one === 'string',
      );
    return isHead && key && signature !== undefined ? { signed: { head, signature }, key } : undefined;
  } catch {
    return undefined;
  }
}

async function inDirectory(dir: string, work: () => Promise<void>): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    await work();
  } catch (thrown) {
    throw new SentinelError('evidence.unpublished', { dir, problem: problemOf(thrown) }, { cause: thrown });
  }
}

async function flush(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
