/**
 * Whether every stored file that something refers to is there and is what it was: evidence first, then the pictures of
 * looks, baselines and items. Three levels: that it is there, that it is as long as the sealed record says, that it bears
 * its digest. What is not can be mended from a second store, and the second store filled from the first. What was found
 * is an entry of the log.
 */
import { sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { BLOB_COLUMNS } from './blob-references.ts';
import { appendEntry } from './log.ts';

export const CHECK_LEVELS = ['presence', 'size', 'hash'] as const;
export type CheckLevel = (typeof CHECK_LEVELS)[number];

export interface StoreFinding {
  readonly sha256: string;
  /** What refers to it: `snapshot <uuid>`, or the table. */
  readonly of: string;
  /** `unreadable`: the store failed over it; it may be sound. */
  readonly fault: 'missing' | 'size' | 'damaged' | 'unreadable';
  readonly isEvidence: boolean;
  readonly isMended: boolean;
  readonly detail: string;
}

export interface CheckProgress {
  readonly step: 'evidence' | 'pictures';
  readonly done: number;
  readonly all: number;
  readonly faults: number;
}

export interface StoreCheckParts {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly second?: BlobStore | undefined;
  readonly clock: Clock;
  readonly level: CheckLevel;
  /** Puts back from the second store what is missing or damaged. */
  readonly repair: boolean;
  /** Puts into the second store what of evidence it lacks. */
  readonly mirror: boolean;
  readonly sm3?: ((text: string) => string) | undefined;
  readonly onProgress?: (progress: CheckProgress) => void;
  readonly onFinding?: (finding: StoreFinding) => void;
  readonly signal?: AbortSignal;
}

/** What the log says of a check: the body of `store.checked`. */
export interface StoreChecked {
  readonly format: 'sentinel-store-check/1';
  readonly level: CheckLevel;
  readonly beganAt: string;
  /** False where it was broken off. */
  readonly isWhole: boolean;
  readonly files: { readonly evidence: number; readonly pictures: number };
  readonly faults: Readonly<Record<StoreFinding['fault'], number>>;
  readonly mended: number;
  readonly mirrored: number;
  /** The first of them. */
  readonly findings: readonly Pick<StoreFinding, 'sha256' | 'of' | 'fault' | 'isMended'>[];
}

export type StoreCheckResult = Omit<StoreChecked, 'format' | 'findings'> & {
  readonly findings: readonly StoreFinding[];
};

interface Expected {
  readonly sha256: string;
  readonly of: string;
  /** Null where no record says. */
  readonly bytes: number | null;
}

export async function checkStore(parts: StoreCheckParts): Promise<StoreCheckResult> {
  const check = new StoreCheck(parts);
  return check.run();
}

class StoreCheck {
  readonly #parts: StoreCheckParts;
  readonly #findings: StoreFinding[] = [];
  readonly #faults = { missing: 0, size: 0, damaged: 0, unreadable: 0 };
  readonly #files = { evidence: 0, pictures: 0 };
  #mended = 0;
  #mirrored = 0;

  constructor(parts: StoreCheckParts) {
    this.#parts = parts;
  }

  async run(): Promise<StoreCheckResult> {
    const { clock, db, level, signal, sm3 } = this.#parts;
    const beganAt = new Date(clock.nowMs()).toISOString();
    let broken: Error | undefined;
    try {
      await this.#walk('evidence', await countEvidence(db), evidenceFiles(db));
      await this.#walk('pictures', await countPictures(db), pictureFiles(db));
    } catch (thrown) {
      broken = thrown instanceof Error ? thrown : new Error(problemOf(thrown), { cause: thrown });
    }
    const result: StoreCheckResult = {
      ...{ level, beganAt, isWhole: broken === undefined, files: this.#files, faults: this.#faults },
      ...{ mended: this.#mended, mirrored: this.#mirrored, findings: this.#findings },
    };
    const body: StoreChecked = {
      format: 'sentinel-store-check/1',
      ...result,
      findings: this.#findings
        .slice(0, LIMITS.checkFindingsTold)
        .map(({ sha256, of, fault, isMended }) => ({ sha256, of, fault, isMended })),
    };
    await db
      .transaction()
      .execute((trx) =>
        appendEntry(trx, { ...{ kind: 'store.checked', atMs: clock.nowMs(), body, sm3 }, about: ['store'] }),
      );
    if (broken !== undefined && !signal?.aborted) throw broken;
    return result;
  }

  async #walk(step: CheckProgress['step'], all: number, batches: AsyncIterable<readonly Expected[]>): Promise<void> {
    const { onProgress, signal } = this.#parts;
    const tell = (): void =>
      onProgress?.({ step, done: this.#files[step], all, faults: Object.values(this.#faults).reduce((a, b) => a + b) });
    tell();
    for await (const batch of batches) {
      const waiting = [...batch];
      const work = async (): Promise<void> => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          signal?.throwIfAborted();
          await this.#checkOne(next, step === 'evidence');
          this.#files[step]++;
          tell();
        }
      };
      await Promise.all(Array.from({ length: LIMITS.filesCheckedAtOnce }, work));
    }
  }

  async #checkOne(expected: Expected, isEvidence: boolean): Promise<void> {
    const { repair, mirror, second } = this.#parts;
    const isLacked = mirror && isEvidence && second !== undefined && !(await second.has(expected.sha256));
    const found = await this.#faultOf(expected, isLacked);
    if (!found) return;
    if ('bytes' in found) {
      await second?.put(found.bytes);
      this.#mirrored++;
      return;
    }
    this.#faults[found.fault]++;
    let { detail } = found;
    let isMended = false;
    if (repair && second && found.fault !== 'unreadable') {
      try {
        await this.#mend(expected.sha256, second);
        isMended = true;
        this.#mended++;
      } catch (thrown) {
        detail = `${detail}; not mended: ${problemOf(thrown)}`;
      }
    }
    const finding = { sha256: expected.sha256, of: expected.of, fault: found.fault, isEvidence, isMended, detail };
    if (this.#findings.length < LIMITS.checkFindingsKept) this.#findings.push(finding);
    this.#parts.onFinding?.(finding);
  }

  /** @returns what is wrong; where nothing is, the file itself if it is wanted */
  async #faultOf(
    { sha256, bytes }: Expected,
    isWanted: boolean,
  ): Promise<Pick<StoreFinding, 'fault' | 'detail'> | { bytes: Uint8Array } | undefined> {
    const { blobs, level } = this.#parts;
    try {
      const found = await blobs.find(sha256);
      if (!found) return { fault: 'missing', detail: 'it is not there' };
      if (isWanted) return { bytes: await blobs.get(sha256) };
      if (level === 'presence') return undefined;
      if (bytes !== null && found.bytes !== bytes) {
        return { fault: 'size', detail: `${found.bytes} bytes instead of ${bytes}` };
      }
      if (level === 'hash') await blobs.get(sha256);
      return undefined;
    } catch (thrown) {
      const code = thrown instanceof SentinelError ? thrown.code : undefined;
      if (code === 'blob.missing') return { fault: 'missing', detail: 'it is not there' };
      if (code === 'blob.damaged') return { fault: 'damaged', detail: 'it does not bear its digest' };
      return { fault: 'unreadable', detail: problemOf(thrown) };
    }
  }

  async #mend(sha256: string, second: BlobStore): Promise<void> {
    const { blobs } = this.#parts;
    await blobs.put(await second.get(sha256), { anew: true });
    // What is written is read again before it counts as mended.
    await blobs.get(sha256);
  }
}

async function countEvidence(db: Db): Promise<number> {
  const found = await sql<{ count: number }>`select count(distinct sha256)::int as count from snapshot_file`.execute(
    db,
  );
  return found.rows[0]?.count ?? 0;
}

/** The files of all snapshots that were not pruned, once each, with the length that a record says. */
async function* evidenceFiles(db: Db): AsyncGenerator<readonly Expected[]> {
  for (let after = ''; ;) {
    const found = await sql<{ sha256: string; of: string | null; bytes: string | null }>`
      select d.sha256, s.id as of, jsonb_path_query_first(
          jsonb_build_array(s.body #> '{stream,file}') || jsonb_path_query_array(s.body, '$.pictures[*].file'),
          '$[*] ? (@.sha256 == $digest).bytes', jsonb_build_object('digest', d.sha256))::text as bytes
      from (select distinct sha256 from snapshot_file where sha256 > ${after}
        order by sha256 limit ${LIMITS.digestsCheckedAtOnce}) d
      left join lateral (
        select 'snapshot ' || s.id as id, l.body::jsonb as body
        from snapshot_file f join snapshot s on s.id = f.snapshot_id join log_entry l on l.seq = s.entry
        where f.sha256 = d.sha256 and not exists (select from snapshot_pruned p where p.snapshot_id = s.id)
        order by s.entry limit 1) s on true
      order by d.sha256`.execute(db);
    const last = found.rows.at(-1);
    if (!last) return;
    after = last.sha256;
    yield found.rows.flatMap(({ sha256, of, bytes }) =>
      of === null ? [] : [{ sha256, of, bytes: bytes === null || bytes === 'null' ? null : Number(bytes) }],
    );
  }
}

const PICTURE_COLUMNS = BLOB_COLUMNS.filter(([table]) => table !== 'snapshot_file');

async function countPictures(db: Db): Promise<number> {
  const counts = PICTURE_COLUMNS.map(
    ([table, column]) => sql`(select count(distinct ${sql.ref(column)}) from ${sql.table(table)})`,
  );
  const found = await sql<{ count: number }>`select (${sql.join(counts, sql` + `)})::int as count`.execute(db);
  return found.rows[0]?.count ?? 0;
}

/** What the other tables name and no snapshot does. */
async function* pictureFiles(db: Db): AsyncGenerator<readonly Expected[]> {
  for (const [table, column] of PICTURE_COLUMNS) {
    for (let after = ''; ;) {
      const found = await sql<{ sha256: string }>`
        select distinct ${sql.ref(column)} as sha256 from ${sql.table(table)} t
        where ${sql.ref(column)} > ${after} and not exists (
          select from snapshot_file f where f.sha256 = t.${sql.ref(column)}
            and not exists (select from snapshot_pruned p where p.snapshot_id = f.snapshot_id))
        order by 1 limit ${LIMITS.digestsCheckedAtOnce}`.execute(db);
      const last = found.rows.at(-1);
      if (!last) break;
      after = last.sha256;
      yield found.rows.map(({ sha256 }) => ({ sha256, of: table, bytes: null }));
    }
  }
}
