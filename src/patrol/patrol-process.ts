/** The patrol process: leases domes, drives each of them, tells their health, and wakes them when something changes. */
import type { Timer } from '../base/clock.ts';
import { problemOf, type SentinelError } from '../base/errors.ts';
import {
  HealthTracker,
  HealthWriter,
  type CameraLeases,
  type CameraStore,
  type CaptureCamera,
  type HealthRules,
} from '../camera/camera.ts';
import { StoredBook, type BookParts } from './dome-book.ts';
import { DomeSight, type DomeStream, type PictureDecoder } from './dome-sight.ts';
import { Dome, type DomeParts, type DomeRules } from './dome.ts';
import { SETTLE_RULES } from './settling.ts';
import type { Turret } from './turret.ts';
import { pruneCommands } from './turret-store.ts';

export interface PatrolRules extends DomeRules, HealthRules {
  readonly leaseS: number;
  /** Longest wait for a turret to reach a stop and stand still. */
  readonly arriveWithinS: number;
  /** A dwell longer than this brings further looks. */
  readonly lookAgainS: number;
}

type Handed = 'shift' | 'poseOf' | 'onLook' | 'onStanding' | 'wantedViews' | 'onVisit' | 'random';

export interface PatrolParts extends BookParts, Pick<DomeParts, Handed> {
  readonly cameras: Pick<CameraStore, 'forCapture' | 'saveHealth'>;
  readonly leases: Pick<CameraLeases, 'renew' | 'release'>;
  /** Prepares the connection to a dome's small stream. */
  readonly connect: (camera: CaptureCamera, onError: (problem: SentinelError) => void) => Promise<DomeStream>;
  readonly openDecoder: () => PictureDecoder;
  /** Opens the turret of a camera. Errors `onvif.*`, `patrol.cannot` where it has no ONVIF address */
  readonly openTurret: (camera: CaptureCamera) => Promise<Turret>;
}

interface Driven {
  readonly dome: Dome;
  readonly sight: DomeSight;
  readonly tracker: HealthTracker;
  readonly signature: string;
}

/** Errors of streams are reported together once in this time. */
const ERRORS_EVERY_MS = 10_000;
const PRUNE_EVERY_MS = 60_000;

export class Patrol {
  readonly #rules: PatrolRules;
  readonly #parts: PatrolParts;
  readonly #driven = new Map<number, Driven>();
  readonly #health: HealthWriter;
  readonly #timers: Timer[] = [];
  readonly #errors = new Map<string, { count: number; example: string }>();
  #renewing: Promise<void> | undefined;
  #closed = false;

  constructor(rules: PatrolRules, parts: PatrolParts) {
    this.#rules = rules;
    this.#parts = parts;
    this.#health = new HealthWriter(parts);
  }

  async start(): Promise<void> {
    const { clock, db, log } = this.#parts;
    await this.renew();
    this.#timers.push(
      clock.every((this.#rules.leaseS * 1000) / 3, () => void this.renew()),
      clock.every(1_000, () => this.#health.write(this.#trackers())),
      clock.every(ERRORS_EVERY_MS, () => this.#reportErrors()),
      clock.every(PRUNE_EVERY_MS, () => {
        pruneCommands(db).catch((thrown: unknown) => {
          log.error({ problem: problemOf(thrown) }, 'old turret commands could not be removed');
        });
      }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#renewing;
    await Promise.all([...this.#driven.values()].map(letGo));
    await this.#health.writeLast(this.#trackers());
    this.#driven.clear();
    await this.#parts.leases.release();
  }

  /** Something of a dome changed: its holder, a command, a route. @param cameraId undefined: of any */
  wake(cameraId?: number): void {
    for (const [id, { dome }] of this.#driven) if (cameraId === undefined || cameraId === id) dome.wake();
  }

  get counts(): { domes: number; online: number } {
    const all = [...this.#driven.values()];
    return { domes: all.length, online: all.filter(({ tracker }) => tracker.health.state === 'online').length };
  }

  /** Renews the leases and brings the domes in line with them. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew()
      .catch((thrown: unknown) => {
        this.#parts.log.error({ problem: problemOf(thrown) }, 'dome leases could not be renewed');
      })
      .finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    const { cameras, leases, log } = this.#parts;
    const wanted = new Map((await cameras.forCapture(await leases.renew())).map((camera) => [camera.id, camera]));
    if (this.#closed) return;
    const ended: Driven[] = [];
    for (const [id, driven] of this.#driven) {
      const camera = wanted.get(id);
      if (camera && signatureOf(camera) === driven.signature) continue;
      this.#driven.delete(id);
      ended.push(driven);
    }
    await Promise.all(ended.map(letGo));
    let begun = 0;
    for (const camera of wanted.values()) {
      if (this.#driven.has(camera.id)) continue;
      this.#driven.set(camera.id, this.#drive(camera));
      begun++;
    }
    if (begun > 0 || ended.length > 0)
      log.info({ begun, ended: ended.length, held: this.#driven.size }, 'domes leased');
  }

  #drive(camera: CaptureCamera): Driven {
    const parts = this.#parts;
    const tracker = new HealthTracker(this.#rules, parts.clock.nowMs());
    const sight = new DomeSight({
      clock: parts.clock,
      tracker,
      decoder: parts.openDecoder(),
      connect: (onError) => parts.connect(camera, onError),
      onError: ({ code, message }) => {
        const counted = this.#errors.get(code) ?? { count: 0, example: message };
        this.#errors.set(code, { count: counted.count + 1, example: message });
      },
    });
    const dome = new Dome(this.#rules, {
      ...parts,
      cameraId: camera.id,
      lookAgainS: this.#rules.lookAgainS,
      settle: { ...SETTLE_RULES, longestMs: this.#rules.arriveWithinS * 1000 },
      sight,
      book: new StoredBook(camera.id, parts),
      openTurret: () => parts.openTurret(camera),
    });
    sight.start();
    dome.start();
    return { dome, sight, tracker, signature: signatureOf(camera) };
  }

  *#trackers(): Generator<readonly [number, HealthTracker]> {
    for (const [cameraId, { tracker }] of this.#driven) yield [cameraId, tracker];
  }

  #reportErrors(): void {
    for (const [code, { count, example }] of this.#errors) {
      this.#parts.log.warn({ code, count, example }, 'dome errors');
    }
    this.#errors.clear();
  }
}

async function letGo({ dome, sight }: Driven): Promise<void> {
  await dome.stop();
  await sight.stop();
}

/** What a dome is driven by: changed in any of it, it is begun anew. */
function signatureOf({ mainUrl, subUrl, onvifUrl, credential }: CaptureCamera): string {
  const login = credential && [credential.username, credential.secretSealed.toString('base64')];
  return JSON.stringify([mainUrl, subUrl, onvifUrl, login]);
}
