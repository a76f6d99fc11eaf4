/**
 * What outlives the process that drives a dome: routes and settings as people left them, the lease, commands on their way,
 * and everything the dome has to tell. All of it in PostgreSQL; the dome knows only this.
 */
import { sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Picture } from '../base/picture.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { StoredAbilities, StoredTestStop } from '../drivers/postgres/schema.ts';
import { logTurret, prolongLease, readLease, releaseLease, takeLease, type LogEntry } from './lease-store.ts';
import type { Holder, Lease } from './lease.ts';
import { readRoutes } from './route-store.ts';
import type { Route } from './route.ts';
import { openTask, settleTasks, type TaskSubject } from './task-store.ts';
import type { TurretOffer, TurretPreset } from './turret.ts';
import {
  answerCommand,
  forgetPreset,
  picturedAtMs,
  picturePreset,
  readTurret,
  reportTurret,
  savePresets,
  waitingCommands,
  type TurretReport,
  type TurretSettings,
  type WaitingCommand,
} from './turret-store.ts';
import { openTestOf, progressTest, recordVisit, type OpenTest, type Visit } from './visit-store.ts';

export type DomeReport = Omit<TurretReport, 'abilities'>;

export interface DomeBook {
  remembered(): Promise<{ routeId: number | null; stopId: number | null; stuckSinceMs: number | null }>;
  settings(): Promise<TurretSettings>;
  routes(): Promise<Route[]>;
  test(): Promise<OpenTest | undefined>;
  /** @returns false: it was called off meanwhile */
  progressTest(
    test: OpenTest,
    progress: readonly StoredTestStop[],
    ended: { readonly state: 'done' | 'failed'; readonly problem?: string } | undefined,
  ): Promise<boolean>;
  lease(): Promise<Lease | undefined>;
  /** Takes or prolongs the lease. @returns false: somebody of higher standing holds it, or the dome is not ours any more */
  take(holder: Holder, forMs: number): Promise<boolean>;
  release(holder: Holder): Promise<void>;
  commands(): Promise<WaitingCommand[]>;
  answer(id: number, answer: Parameters<typeof answerCommand>[2]): Promise<void>;
  /** Written in the order given; does not keep the dome waiting. */
  log(entry: Omit<LogEntry, 'cameraId'>): void;
  /** Written in the order given, the newest where several wait; does not keep the dome waiting. */
  report(report: DomeReport, told: boolean): void;
  /** What was reported is written. */
  settled(): Promise<void>;
  /** As {@link log}. */
  visit(visit: Visit): void;
  /** @returns presets of routes that the device does not list, and the tokens that it does */
  presets(
    listed: readonly TurretPreset[],
    offer: TurretOffer,
  ): Promise<{ missing: { token: string; name: string }[]; back: string[] }>;
  forgetPreset(token: string): Promise<void>;
  /** @param now false: only where the kept picture is old */
  presetPicture(token: string, picture: Picture, now: boolean): Promise<void>;
  openTask(task: TaskSubject, details: Readonly<Record<string, unknown>>): Promise<void>;
  settleTasks(settled: Parameters<typeof settleTasks>[1]): Promise<void>;
}

export interface BookParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of this process, as it leases cameras. */
  readonly processName: string;
  /** Stores a small picture of what a preset shows, privacy areas blackened; @returns its digest */
  readonly keepPicture: (cameraId: number, token: string, picture: Picture) => Promise<string>;
}

/** A preset's picture is made anew after so long. */
const PICTURE_EVERY_MS = 6 * 3_600_000;

export class StoredBook implements DomeBook {
  readonly #cameraId: number;
  readonly #parts: BookParts;
  #writing: Promise<void> = Promise.resolve();
  #next: { report: TurretReport; told: boolean } | undefined;
  #abilities: StoredAbilities | null = null;
  /** When each preset's picture was taken, as far as it was asked for. */
  readonly #picturedMs = new Map<string, number>();
  /** Tasks that are known to stand no more, so that every good look need not ask. */
  readonly #settled = new Set<string>();

  constructor(cameraId: number, parts: BookParts) {
    this.#cameraId = cameraId;
    this.#parts = parts;
  }

  remembered(): ReturnType<DomeBook['remembered']> {
    return readTurret(this.#parts.db, this.#cameraId);
  }

  settings(): Promise<TurretSettings> {
    return readTurret(this.#parts.db, this.#cameraId);
  }

  routes(): Promise<Route[]> {
    return readRoutes(this.#parts.db, this.#cameraId);
  }

  test(): Promise<OpenTest | undefined> {
    return openTestOf(this.#parts.db, this.#cameraId);
  }

  progressTest(...[test, progress, ended]: Parameters<DomeBook['progressTest']>): Promise<boolean> {
    const { db, clock } = this.#parts;
    return progressTest(db, test, this.#cameraId, progress, ended, clock.nowMs());
  }

  async lease(): Promise<Lease | undefined> {
    return (await readLease(this.#parts.db, this.#cameraId)).lease;
  }

  async take(holder: Holder, forMs: number): Promise<boolean> {
    const { db, processName } = this.#parts;
    if (await prolongLease(db, this.#cameraId, holder, forMs, processName)) return true;
    // A process that slept through the end of its lease of the camera must not wake up into another's patrol.
    const ours = await sql<{
      ours: boolean;
    }>`select exists (select from camera_lease where camera_id = ${this.#cameraId}
      and holder = ${processName} and expires_at > now()) as ours`.execute(db);
    if (!ours.rows[0]?.ours) return false;
    return (await takeLease(db, this.#cameraId, holder, forMs)).granted;
  }

  async release(holder: Holder): Promise<void> {
    const { lease } = await readLease(this.#parts.db, this.#cameraId);
    if (lease && lease.kind === holder.kind) await releaseLease(this.#parts.db, this.#cameraId, holder);
  }

  commands(): Promise<WaitingCommand[]> {
    return waitingCommands(this.#parts.db, this.#cameraId);
  }

  answer(...[id, answer]: Parameters<DomeBook['answer']>): Promise<void> {
    return answerCommand(this.#parts.db, id, answer);
  }

  log(entry: Omit<LogEntry, 'cameraId'>): void {
    const { db, clock } = this.#parts;
    const atMs = clock.nowMs();
    this.#queue({ ...entry }, () => logTurret(db, { ...entry, cameraId: this.#cameraId }, atMs));
  }

  /** Written after what was queued before it. What cannot be written goes to the process's log at least. */
  #queue(what: Readonly<Record<string, unknown>>, write: () => Promise<void>): void {
    const { log } = this.#parts;
    this.#writing = this.#writing.then(write).catch((thrown: unknown) => {
      log.error(
        { cameraId: this.#cameraId, problem: problemOf(thrown), ...what },
        'a turret’s doings could not be written',
      );
    });
  }

  report(report: DomeReport, told: boolean): void {
    const waits = this.#next !== undefined;
    this.#next = { report: { ...report, abilities: this.#abilities }, told: told || (this.#next?.told ?? false) };
    if (!waits) this.#queue({ phase: report.phase }, () => this.#writeReport());
  }

  async #writeReport(): Promise<void> {
    const { db, clock } = this.#parts;
    const next = this.#next;
    this.#next = undefined;
    if (next) await reportTurret(db, this.#cameraId, next.report, next.told, clock.nowMs());
  }

  settled(): Promise<void> {
    return this.#writing;
  }

  visit(visit: Visit): void {
    const { stopId, outcome } = visit;
    this.#queue({ stopId, outcome }, () => recordVisit(this.#parts.db, visit));
  }

  async presets(
    ...[listed, offer]: Parameters<DomeBook['presets']>
  ): Promise<{ missing: { token: string; name: string }[]; back: string[] }> {
    const { absolute, relative, continuous, inPicture, home, presetsMost } = offer;
    this.#abilities = { absolute, relative, continuous, byPicture: inPicture, home, setPreset: presetsMost !== 0 };
    return savePresets(this.#parts.db, this.#cameraId, listed, this.#parts.clock.nowMs());
  }

  forgetPreset(token: string): Promise<void> {
    return forgetPreset(this.#parts.db, this.#cameraId, token);
  }

  async presetPicture(token: string, picture: Picture, now: boolean): Promise<void> {
    const { db, clock, keepPicture } = this.#parts;
    const pictured = this.#picturedMs.get(token) ?? (await picturedAtMs(db, this.#cameraId, token)) ?? 0;
    this.#picturedMs.set(token, pictured);
    if (!now && clock.nowMs() - pictured < PICTURE_EVERY_MS) return;
    const sha256 = await keepPicture(this.#cameraId, token, picture);
    await picturePreset(db, this.#cameraId, token, sha256, clock.nowMs());
    this.#picturedMs.set(token, clock.nowMs());
    if (this.#picturedMs.size > LIMITS.presetsPerCamera) this.#picturedMs.clear();
  }

  async openTask(task: TaskSubject, details: Readonly<Record<string, unknown>>): Promise<void> {
    this.#settled.delete(keyOf(task));
    await openTask(this.#parts.db, task, details, this.#parts.clock.nowMs());
  }

  async settleTasks(settled: Parameters<typeof settleTasks>[1]): Promise<void> {
    const key = keyOf(settled);
    if (settled.subjects === undefined && this.#settled.has(key)) return;
    await settleTasks(this.#parts.db, settled, this.#parts.clock.nowMs());
    if (this.#settled.size > LIMITS.stopsPerRoute * LIMITS.routesPerCamera) this.#settled.clear();
    this.#settled.add(key);
  }
}

function keyOf({ kind, viewId }: { readonly kind: string; readonly viewId?: number | null }): string {
  return `${kind} ${viewId ?? ''}`;
}
