/**
 * Packages as jobs: somebody orders one, whichever process serves works on it, step by step with its progress told, and its
 * parts lie in a folder of their own until they are fetched and their time is over. What a package holds, and that it was
 * made and fetched, stands in the evidence log; the files themselves can always be made again.
 *
 * Errors: `package.empty`, `package.too_many`, `package.too_large`, `package.part_too_small`, `package.too_many_waiting`,
 * `package.not_ready`, `web.missing`.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Timer } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { CustodyBody } from './custody-entry.ts';
import type { Visit } from './custody.ts';
import { appendEntry } from './log.ts';
import { PackageBuild, type PackageBuildParts, type PackageStep, type PackageWish } from './package-build.ts';
import * as store from './package-job-store.ts';
import { plannedBytes, planSnapshots } from './package-plan.ts';
import { entriesOfPackage } from './package-store.ts';
import type { SnapshotRecord } from './snapshot.ts';

export type { PackageChoice, PackageJob } from './package-job-store.ts';

export interface PackageDeskParts extends PackageBuildParts {
  readonly log: Logger;
  readonly rules: PackageRules;
}

export interface PackageRules {
  /** Where packages lie; all processes that serve share it. */
  readonly dir: string;
  /** How long they lie there. */
  readonly keptDays: number;
  /** Largest package, all parts together. */
  readonly mostBytes: number;
}

export type PackageOrder = Omit<PackageWish, 'packageId' | 'snapshotIds' | 'by' | 'reason' | 'purpose'>;

const LOOK_EVERY_MS = 1_000;
const PRUNE_EVERY_MS = 60_000;
/** Progress is told this often. */
const TOLD_EVERY_MS = 500;
const RETRY_AFTER_MS = 15_000;
const DAY_MS = 86_400_000;

export class PackageDesk {
  readonly #parts: PackageDeskParts;
  readonly #stopped = new AbortController();
  readonly #fetchedAtMs = new Map<string, number>();
  #timers: Timer[] = [];
  #working: Promise<void> | undefined;
  #pruning: Promise<void> | undefined;

  constructor(parts: PackageDeskParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock } = this.#parts;
    this.#timers = [
      clock.every(LOOK_EVERY_MS, () => void this.work()),
      clock.every(PRUNE_EVERY_MS, () => void this.prune()),
    ];
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#stopped.abort(new Error('closing'));
    await Promise.all([this.#working, this.#pruning]);
  }

  /**
   * @param cameras those whose evidence this person may have; undefined: all. What lies outside is not chosen
   * @returns the package's id
   */
  async order(
    visit: Visit,
    choice: store.PackageChoice,
    cameras: readonly number[] | undefined,
    order: PackageOrder,
  ): Promise<string> {
    const { db, clock, rules } = this.#parts;
    const limit = LIMITS.packageSnapshots;
    const chosen = await store.chooseSnapshots(db, choice, cameras, limit + 1);
    if (chosen.length === 0) throw new SentinelError('package.empty');
    if (chosen.length > limit) throw new SentinelError('package.too_many', { snapshots: chosen.length, limit });
    const snapshotIds = chosen.map(({ id }) => id);
    const { snapshots } = await entriesOfPackage(db, snapshotIds, 0);
    const records = snapshots.map(({ body, seq }) => ({ record: JSON.parse(body) as SnapshotRecord, entry: seq }));
    const sizes = planSnapshots(records).map((planned) => plannedBytes(planned, order.contents));
    const bytes = Math.round(sizes.reduce((sum, size) => sum + size, 0));
    if (bytes > rules.mostBytes) throw new SentinelError('package.too_large', { bytes, limitBytes: rules.mostBytes });
    const { person: by, reason, purpose } = visit;
    const wish: PackageWish = { ...order, packageId: randomUUID(), snapshotIds, by, reason, purpose };
    await db.transaction().execute(async (trx) => {
      if ((await store.countLiving(trx, by.userId)) >= LIMITS.packagesPerUser) {
        throw new SentinelError('package.too_many_waiting', { limit: LIMITS.packagesPerUser });
      }
      await store.insertJob(trx, wish, clock.nowMs());
    });
    return wish.packageId;
  }

  /** Newest first. @param userId whose; undefined: everybody's */
  list(userId: number | undefined, before: string | undefined, rows: number): Promise<store.PackageJob[]> {
    return store.listJobs(this.#parts.db, userId, before, rows);
  }

  /** @param userId whose it must be; undefined: anybody's. @throws SentinelError web.missing */
  async read(id: string, userId: number | undefined): Promise<store.PackageJob> {
    const job = await store.readJob(this.#parts.db, id);
    if (!job || (userId !== undefined && job.createdBy !== userId)) {
      throw new SentinelError('web.missing', { what: 'package', id });
    }
    return job;
  }

  /** Removes its files, or keeps it from being made. */
  async remove(id: string, userId: number | undefined): Promise<void> {
    await this.read(id, userId);
    await store.markRemoved(this.#parts.db, id, this.#parts.clock.nowMs());
    await rm(this.#dirOf(id), { recursive: true, force: true });
  }

  /**
   * A part to be handed out. That it is handed out stands in the log before this resolves; a download that goes on where it
   * stopped is not told again.
   * @returns the folder it lies in
   */
  async fetch(visit: Visit, id: string, userId: number | undefined, name: string): Promise<string> {
    const { db, clock, sm3 } = this.#parts;
    const job = await this.read(id, userId);
    if (job.state !== 'ready') throw new SentinelError('package.not_ready', { id });
    const part = job.parts.find((one) => one.name === name);
    if (!part) throw new SentinelError('web.missing', { what: 'part of the package', id: name.slice(0, 100) });
    const key = `${visit.person.userId} ${id} ${name}`;
    const fetchedAtMs = this.#fetchedAtMs.get(key);
    if (fetchedAtMs !== undefined && clock.monotonicMs() - fetchedAtMs < LIMITS.packageFetchedAgainMs) {
      return this.#dirOf(id);
    }
    const { reason, purpose, recipient, snapshotIds } = job.wish;
    const body: CustodyBody & { package: unknown; recipient: string | null } = {
      ...{ format: 'sentinel-custody/1', by: visit.person, reason, purpose, recipient, result: 'handed_out' },
      ...{ from: visit.from, snapshots: snapshotIds, files: [part.sha256] },
      package: { id, part: job.parts.indexOf(part) + 1, parts: job.parts.length, bytes: part.bytes },
    };
    await appendEntry(db, {
      ...{ kind: 'package.fetched', atMs: clock.nowMs(), body, sm3 },
      about: [
        ...['custody', `user:${visit.person.userId}`, `package:${id}`],
        ...snapshotIds.map((snapshot) => `snapshot:${snapshot}`),
      ],
    });
    this.#fetchedAtMs.delete(key);
    this.#fetchedAtMs.set(key, clock.monotonicMs());
    if (this.#fetchedAtMs.size > LIMITS.packageFetchesRemembered) {
      this.#fetchedAtMs.delete(this.#fetchedAtMs.keys().next().value as string);
    }
    return this.#dirOf(id);
  }

  /** Works on what is due, one package after another. */
  work(): Promise<void> {
    this.#working ??= this.#workAll()
      .catch((thrown: unknown) => {
        this.#parts.log.error({ problem: problemOf(thrown) }, 'packages could not be looked after');
      })
      .finally(() => (this.#working = undefined));
    return this.#working;
  }

  /** Removes the files of packages whose time is over. */
  prune(): Promise<void> {
    this.#pruning ??= this.#pruneAll()
      .catch((thrown: unknown) => {
        this.#parts.log.error({ problem: problemOf(thrown) }, 'old packages could not be removed');
      })
      .finally(() => (this.#pruning = undefined));
    return this.#pruning;
  }

  async #pruneAll(): Promise<void> {
    const { db, clock } = this.#parts;
    for (const id of await store.expiredJobs(db, clock.nowMs())) {
      await store.markRemoved(db, id, clock.nowMs());
      await rm(this.#dirOf(id), { recursive: true, force: true });
    }
  }

  async #workAll(): Promise<void> {
    const { db, clock } = this.#parts;
    for (
      let job;
      !this.#stopped.signal.aborted && (job = await store.takeJob(db, clock.nowMs(), LIMITS.packageLeaseMs));
    ) {
      await this.#make(job);
    }
  }

  async #make(job: store.PackageJob): Promise<void> {
    const { db, clock, log, rules } = this.#parts;
    const { id, attempts } = job;
    const wish: PackageWish = { ...job.wish, packageId: id };
    const removed = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, removed.signal]);
    const build = new PackageBuild(this.#parts, wish, this.#dirOf(id), this.#teller(id, removed), signal);
    try {
      if (attempts > LIMITS.packageAttempts) throw new SentinelError('package.interrupted', { attempts: attempts - 1 });
      const { parts, entry } = await build.run();
      const expiresAtMs = clock.nowMs() + rules.keptDays * DAY_MS;
      await store.finishJob(db, id, { parts, entry, expiresAtMs }, clock.nowMs());
      log.info({ package: id, parts: parts.length }, 'a package was made');
    } catch (thrown) {
      await rm(this.#dirOf(id), { recursive: true, force: true });
      if (removed.signal.aborted) return;
      // Closing is nobody's failure: whoever comes next takes it up at once.
      const isClosing = this.#stopped.signal.aborted;
      const mayRetry = isClosing || (attempts < LIMITS.packageAttempts && !isFinal(thrown));
      const problem = thrown instanceof SentinelError ? thrown.code : 'web.internal';
      const retryAtMs = mayRetry ? clock.nowMs() + (isClosing ? 0 : RETRY_AFTER_MS) : null;
      await store.finishJob(db, id, { problem, retryAtMs }, clock.nowMs());
      log.warn({ package: id, attempts, problem: problemOf(thrown) }, 'a package could not be made');
    }
  }

  /** Tells how far the work is, and stops it where nobody wants it any more. */
  #teller(id: string, removed: AbortController): (step: PackageStep, done: number, all: number) => Promise<void> {
    const { db, clock } = this.#parts;
    let toldAtMs = -Infinity;
    let toldStep: PackageStep | undefined;
    return async (step, done, all) => {
      const nowMs = clock.monotonicMs();
      if (step === toldStep && nowMs - toldAtMs < TOLD_EVERY_MS) return;
      [toldStep, toldAtMs] = [step, nowMs];
      const progress = all > 0 ? Math.min(1, done / all) : 0;
      const leaseUntilMs = clock.nowMs() + LIMITS.packageLeaseMs;
      if (!(await store.tellProgress(db, id, { step, progress, leaseUntilMs }))) removed.abort(new Error('removed'));
    };
  }

  #dirOf(id: string): string {
    return path.join(this.#parts.rules.dir, id);
  }
}

/** Trying again would end the same. */
function isFinal(thrown: unknown): boolean {
  const codes = ['package.empty', 'package.part_too_small', 'package.interrupted', 'package.check_failed'];
  return thrown instanceof SentinelError && codes.includes(thrown.code);
}
