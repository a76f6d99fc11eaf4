/** The capture process: leases cameras, keeps one session each, reports health and errors once a second. */
import type { Timer } from '../base/clock.ts';
import { problemOf, type ErrorCode } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import {
  HealthWriter,
  type CameraLeases,
  type CameraStore,
  type CaptureCamera,
  type HealthTracker,
} from '../camera/camera.ts';
import { CameraSession, type SessionParts } from './camera-session.ts';

export interface CaptureRules {
  /** Seconds between two looks at a view that has no cadence of its own. */
  readonly cadenceS: number;
  /** A camera looked at this often or oftener (seconds) stays connected; others are visited. */
  readonly holdUpToS: number;
  readonly offlineAfterS: number;
  readonly frozenAfterS: number;
  readonly leaseS: number;
  readonly visitConcurrency: number;
}

export interface CaptureParts extends Omit<SessionParts, 'rules' | 'inTurn' | 'onError'> {
  readonly log: Logger;
  readonly cameras: Pick<CameraStore, 'forCapture' | 'saveHealth'>;
  readonly leases: Pick<CameraLeases, 'renew' | 'release'>;
}

export class Capture {
  readonly #rules: CaptureRules;
  readonly #parts: CaptureParts;
  readonly #sessions = new Map<number, { session: CameraSession; signature: string }>();
  readonly #health: HealthWriter;
  readonly #errors = new Map<ErrorCode, { count: number; cameras: Set<number>; example: string }>();
  readonly #turns: { free: number; waiting: (() => void)[] };
  readonly #timers: Timer[] = [];
  #renewing: Promise<void> | undefined;
  #closed = false;

  constructor(rules: CaptureRules, parts: CaptureParts) {
    this.#rules = rules;
    this.#parts = parts;
    this.#turns = { free: rules.visitConcurrency, waiting: [] };
    this.#health = new HealthWriter(parts);
  }

  async start(): Promise<void> {
    const { clock } = this.#parts;
    await this.renew();
    this.#timers.push(
      clock.every((this.#rules.leaseS * 1000) / 3, () => void this.renew()),
      clock.every(1000, () => {
        this.#reportErrors();
        this.#health.write(this.#trackers());
      }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#renewing;
    await Promise.all([...this.#sessions.values()].map(({ session }) => session.stop()));
    await this.#health.writeLast(this.#trackers());
    this.#sessions.clear();
    await this.#parts.leases.release();
  }

  /** Cameras held now, and how many of them give a picture. */
  get counts(): { cameras: number; online: number; missedLooks: number } {
    const sessions = [...this.#sessions.values()].map(({ session }) => session);
    return {
      cameras: sessions.length,
      online: sessions.filter(({ tracker }) => tracker.health.state === 'online').length,
      missedLooks: sessions.reduce((sum, session) => sum + session.missedLooks, 0),
    };
  }

  /** Renews the leases and brings the sessions in line with them; also called when cameras or views change. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew()
      .catch((thrown: unknown) => {
        // Without the database the leases end and others take over; the sessions go on until then at no harm.
        this.#parts.log.error({ problem: problemOf(thrown) }, 'camera leases could not be renewed');
      })
      .finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    const { cameras, leases, log } = this.#parts;
    const ids = await leases.renew();
    const wanted = new Map((await cameras.forCapture(ids)).map((camera) => [camera.id, camera]));
    if (this.#closed) return;
    const ended: Promise<void>[] = [];
    for (const [id, { session, signature }] of this.#sessions) {
      const camera = wanted.get(id);
      if (camera && signatureOf(camera) === signature) continue;
      this.#sessions.delete(id);
      ended.push(session.stop());
    }
    await Promise.all(ended);
    let begun = 0;
    for (const [id, camera] of wanted) {
      if (this.#sessions.has(id)) continue;
      const session = new CameraSession(camera, {
        ...this.#parts,
        rules: this.#rules,
        inTurn: (run) => this.#inTurn(run),
        onError: (cameraId, problem) => this.#countError(cameraId, problem.code, problem.message),
      });
      this.#sessions.set(id, { session, signature: signatureOf(camera) });
      session.start();
      begun++;
    }
    if (begun > 0 || ended.length > 0)
      log.info({ begun, ended: ended.length, held: this.#sessions.size }, 'cameras leased');
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#turns.free > 0) this.#turns.free--;
    else await new Promise<void>((resolve) => this.#turns.waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = this.#turns.waiting.shift();
      if (next) next();
      else this.#turns.free++;
    }
  }

  #countError(cameraId: number, code: ErrorCode, example: string): void {
    const counted = this.#errors.get(code) ?? { count: 0, cameras: new Set<number>(), example };
    counted.count++;
    counted.cameras.add(cameraId);
    counted.example = example;
    this.#errors.set(code, counted);
  }

  #reportErrors(): void {
    for (const [code, { count, cameras, example }] of this.#errors) {
      this.#parts.log.warn({ code, count, cameras: cameras.size, example }, 'camera errors');
    }
    this.#errors.clear();
  }

  *#trackers(): Generator<readonly [number, HealthTracker]> {
    for (const [cameraId, { session }] of this.#sessions) yield [cameraId, session.tracker];
  }
}

/** What a session was built on: a camera changed in any of it gets a new one. */
function signatureOf(camera: CaptureCamera): string {
  const { mainUrl, subUrl, onvifUrl, credential, views } = camera;
  const looked = views.map(({ id, key, state, cadenceS }) => [id, key, state === 'paused', cadenceS]);
  const login = credential && [credential.username, credential.secretSealed.toString('base64')];
  return JSON.stringify([mainUrl, subUrl, onvifUrl, login, looked]);
}
