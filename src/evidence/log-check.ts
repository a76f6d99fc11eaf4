/**
 * Whether the log still is what it was: against heads that were published outside the database, which shows a tail that
 * was cut off or a history that was rewritten, and by itself, from its first entry to its last.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { readAcceptedKeys, readHeads } from './head-store.ts';
import type { LogCutFound } from './log-entry.ts';
import { appendEntry, entriesAbout, lockLog, logSize, readLogId, rootAt } from './log.ts';
import { hexOf } from './merkle.ts';
import { publishedDays, readPublishedDay } from './published-heads.ts';
import { verifyHead, type SignedHead, type TreeHead } from './tree-head.ts';

export interface HeadFinding {
  /**
   * `cut` the log is shorter than this head; `forked` it is as long, and not the same; `forged` no key that the log names
   * signed it; `foreign` it is of another log; `unreadable` the line holds no head.
   */
  readonly finding: 'cut' | 'forked' | 'forged' | 'foreign' | 'unreadable';
  /** File and line, or the row of the database. */
  readonly where: string;
  readonly head: TreeHead | null;
}

export interface HeadsChecked {
  readonly heads: number;
  readonly findings: readonly HeadFinding[];
  /** The log as it was found. */
  readonly size: number;
  readonly root: string;
}

/**
 * Holds the log against published heads, and against those that stand beside it in the database.
 * @param options.most only the newest so many of each, for a start that is not to take long; absent: all
 */
export async function checkPublished(
  db: Db,
  dir: string,
  options: { most?: number; onProgress?: (done: number, all: number) => void; signal?: AbortSignal } = {},
): Promise<HeadsChecked> {
  const { most = Infinity, onProgress = () => {}, signal } = options;
  // Heads first: one that is signed meanwhile is over a log that is longer by then.
  const { heads, unreadable } = await gather(db, dir, most);
  const findings: HeadFinding[] = unreadable.map((where) => ({ finding: 'unreadable', where, head: null }));
  const [logId, accepted] = [await readLogId(db), await readAcceptedKeys(db)];
  const keys = new Map(accepted.map(({ key }) => [key.id, key]));
  const size = await logSize(db);
  const roots = new Map<number, string>();
  for (const [done, { signed, where }] of heads.entries()) {
    signal?.throwIfAborted();
    onProgress(done, heads.length);
    const { head } = signed;
    const key = keys.get(head.keyId);
    const say = (finding: HeadFinding['finding']): void => void findings.push({ finding, where, head });
    if (head.logId !== logId) say('foreign');
    else if (key && !verifyHead(signed, key)) say('forged');
    // A log whose end was cut off may have lost the entry that names the key, and is found out by its length all the same.
    else if (head.size > size) say('cut');
    else if (!key) say('forged');
    else {
      const root = roots.get(head.size) ?? hexOf(await rootAt(db, head.size));
      roots.set(head.size, root);
      if (root !== head.root) say('forked');
    }
  }
  onProgress(heads.length, heads.length);
  return { heads: heads.length, findings, size, root: hexOf(await rootAt(db, size)) };
}

interface FoundHead {
  readonly signed: SignedHead;
  readonly where: string;
}

async function gather(db: Db, dir: string, most: number): Promise<{ heads: FoundHead[]; unreadable: string[] }> {
  const published: FoundHead[] = [];
  const unreadable: string[] = [];
  for (const day of (await publishedDays(dir)).reverse()) {
    if (published.length >= most) break;
    const read = await readPublishedDay(dir, day);
    published.push(...read.heads.toReversed());
    unreadable.push(...read.unreadable);
  }
  const stored: FoundHead[] = [];
  for (let beforeId: number | undefined; stored.length < most;) {
    const page = await readHeads(db, { beforeId, most: Math.min(most, LIMITS.headsReadAtOnce) });
    stored.push(...page.map(({ id, signed }) => ({ signed, where: `log_tree_head ${id}` })));
    beforeId = page.at(-1)?.id;
    if (beforeId === undefined) break;
  }
  return { heads: [...published.slice(0, most), ...stored.slice(0, most)], unreadable };
}

/** Has the log itself tell of what was found missing, once. @returns whether it was told now */
export async function tellOfCut(
  db: Db,
  clock: Clock,
  checked: HeadsChecked,
  sm3?: (text: string) => string,
): Promise<boolean> {
  const [worst] = checked.findings
    .flatMap(({ finding, head }) => (head && (finding === 'cut' || finding === 'forked') ? [{ finding, head }] : []))
    // The longest says most.
    .sort((a, b) => b.head.size - a.head.size);
  if (!worst) return false;
  const { finding, head } = worst;
  const body: LogCutFound = {
    format: 'sentinel-log-cut/1',
    finding,
    published: { size: head.size, root: head.root, at: head.at },
    found: { size: checked.size, root: checked.root },
  };
  return db.transaction().execute(async (trx) => {
    await lockLog(trx);
    const told = await entriesAbout(trx, `log-cut:${head.root}`, { afterSeq: -1, most: 1 });
    if (told.length > 0) return false;
    const about = [`log-cut:${head.root}`];
    await appendEntry(trx, { kind: 'log.cut_found', atMs: clock.nowMs(), body, about, sm3 });
    return true;
  });
}

export interface LogFault {
  readonly seq: number;
  /** `missing` no such entry; `body` it does not bear its body's digest; `tree` its hashes are not those of the log. */
  readonly fault: 'missing' | 'body' | 'tree';
}

/** Reads the whole log and builds its tree anew. Costs some ten microseconds an entry. */
export async function checkLog(
  db: Db,
  options: { onProgress?: (done: number, all: number) => void; signal?: AbortSignal } = {},
): Promise<{ entries: number; root: string; faults: readonly LogFault[] }> {
  const { onProgress = () => {}, signal } = options;
  const size = await logSize(db);
  const faults: LogFault[] = [];
  // Hashes of the complete subtrees that wait for their right neighbour, by level.
  const waiting: Buffer[] = [];
  for (let from = 0; from < size; from += LIMITS.entriesCheckedAtOnce) {
    signal?.throwIfAborted();
    onProgress(from, size);
    const end = Math.min(size, from + LIMITS.entriesCheckedAtOnce);
    const rows = await db
      .selectFrom('log_entry')
      .select(['seq', 'entry', 'body', 'nodes'])
      .where('seq', '>=', from)
      .where('seq', '<', end)
      .orderBy('seq')
      .execute();
    const bySeq = new Map(rows.map((row) => [row.seq, row]));
    for (let seq = from; seq < end; seq++) {
      const row = bySeq.get(seq);
      if (!row) {
        faults.push({ seq, fault: 'missing' });
        if (faults.length >= LIMITS.logFaultsNamed) return { entries: size, root: '', faults };
      }
      const nodes = nodesOf(seq, row?.entry ?? '', waiting);
      if (row && !nodes.equals(row.nodes)) faults.push({ seq, fault: 'tree' });
      if (row && bodyDigestOf(row.entry) !== sha256(row.body).toString('hex')) faults.push({ seq, fault: 'body' });
    }
  }
  onProgress(size, size);
  return { entries: size, root: hexOf(await rootAt(db, size)), faults: faults.slice(0, LIMITS.logFaultsNamed) };
}

/** What the trigger of the table wrote beside an entry, and what the entries before it left. */
function nodesOf(seq: number, entry: string, waiting: Buffer[]): Buffer {
  let hash = sha256('\0', entry);
  const nodes = [hash];
  let level = 0;
  for (let index = seq; index % 2 === 1; index = Math.floor(index / 2)) {
    hash = createHash('sha256')
      .update('\u0001')
      .update(waiting[level] as Buffer)
      .update(hash)
      .digest();
    nodes.push(hash);
    level++;
  }
  waiting[level] = hash;
  return Buffer.concat(nodes);
}

function sha256(...texts: readonly string[]): Buffer {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text, 'utf8');
  return hash.digest();
}

function bodyDigestOf(entry: string): unknown {
  try {
    return (JSON.parse(entry) as { bodySha256?: unknown }).bodySha256;
  } catch {
    return undefined;
  }
}
