/**
 * Tries a camera while a person waits: what it says it is, and of each of its streams whether it can be reached, logged in to,
 * played, and seen. Every step is told, with its time or why it failed; what was not come to says that too. The picture of
 * the largest stream that gave one goes along, privacy masks burned in, and is kept nowhere.
 */
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Picture, Polygon } from '../base/picture.ts';
import { recordAudit, type Db } from '../drivers/postgres/postgres.ts';
import type { AccessUnit, OpeningStep, RtspTarget } from '../drivers/rtsp/rtsp.ts';
import { CameraStore, type CaptureCamera } from './camera-store.ts';

/** In their order. `device` is asked over ONVIF; the others are of a stream. */
export type TestStepName = 'device' | 'address' | 'connect' | 'describe' | 'play' | 'picture';

export interface TestStep {
  readonly stream: 'sub' | 'main' | null;
  readonly step: TestStepName;
  readonly outcome: 'done' | 'failed' | 'not_tried';
  readonly tookMs: number | null;
  /** What was learned, e.g. `H264`, `640 × 360`, the make; never an address with a login. */
  readonly detail: string;
  readonly problem: SentinelError | null;
}

export interface ConnectionReport {
  readonly steps: readonly TestStep[];
  /** JPEG. */
  readonly picture: Buffer | null;
  readonly pictureOf: 'sub' | 'main' | null;
}

export interface ConnectionTestParts {
  readonly db: Db;
  readonly clock: Clock;
  /** Where a camera's stream is. */
  readonly aim: (camera: CaptureCamera, stream: 'look' | 'evidence') => Promise<{ readonly target: RtspTarget }>;
  /** Visits a stream for one key unit. */
  readonly probe: (
    target: RtspTarget,
    options: { signal: AbortSignal; limitMs: number; onStep: (step: OpeningStep) => void },
  ) => Promise<AccessUnit>;
  /** What the device says it is; null for a camera without an ONVIF address. */
  readonly identify: (camera: CaptureCamera) => Promise<{
    readonly make: string | null;
    readonly model: string | null;
    readonly firmware: string | null;
  } | null>;
  readonly decode: (
    unit: AccessUnit,
    widthPx: number,
  ) => Promise<{ readonly picture: Picture; readonly sourceWidthPx: number; readonly sourceHeightPx: number }>;
  /** Blackens what nobody may see. */
  readonly hide: (picture: Picture, polygons: readonly Polygon[]) => void;
  readonly jpeg: (picture: Picture) => Promise<Buffer>;
}

const OF_A_STREAM = ['connect', 'describe', 'play', 'picture'] as const;
const STEP_AFTER: Readonly<Record<OpeningStep, number>> = { connected: 1, described: 2, playing: 3 };

export class ConnectionTester {
  readonly #parts: ConnectionTestParts;
  #running = 0;

  constructor(parts: ConnectionTestParts) {
    this.#parts = parts;
  }

  /**
   * Takes {@link LIMITS.connectionTestMs} at most.
   * @throws SentinelError web.missing, camera.too_many_tests; what fails at the camera is in the report
   */
  async test(cameraId: number, userId: number): Promise<ConnectionReport> {
    if (this.#running >= LIMITS.connectionTestsAtOnce) {
      throw new SentinelError('camera.too_many_tests', { limit: LIMITS.connectionTestsAtOnce });
    }
    this.#running += 1;
    try {
      return await this.#test(cameraId, userId);
    } finally {
      this.#running -= 1;
    }
  }

  async #test(cameraId: number, userId: number): Promise<ConnectionReport> {
    const { db, clock } = this.#parts;
    const [camera] = await new CameraStore(db).forCapture([cameraId]);
    if (!camera) throw new SentinelError('web.missing', { what: 'camera', id: cameraId });
    const late = new AbortController();
    const timer = clock.after(LIMITS.connectionTestMs, () =>
      late.abort(
        new SentinelError('rtsp.timeout', { host: camera.key, step: 'test', limitMs: LIMITS.connectionTestMs }),
      ),
    );
    const book = new StepBook(clock);
    let seen: { picture: Picture; stream: 'sub' | 'main' } | undefined;
    try {
      if (camera.onvifUrl !== null) await this.#askDevice(camera, book, late.signal);
      let tried: string | undefined;
      for (const stream of ['sub', 'main'] as const) {
        const target = await this.#aim(camera, stream, book);
        // A camera with one stream is tried once.
        if (!target || target.url === tried) continue;
        tried = target.url;
        const picture = await this.#tryStream(target, stream, book, late.signal);
        if (picture) seen = { picture, stream };
      }
    } finally {
      timer.cancel();
    }
    const failed = book.steps
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ stream, step }) => `${stream ?? 'onvif'} ${step}`);
    await recordAudit(db, {
      ...{ userId, action: 'camera.tested', subject: `camera ${cameraId}` },
      details: { failed, pictureShown: seen !== undefined },
      atMs: clock.nowMs(),
    });
    if (!seen) return { steps: book.steps, picture: null, pictureOf: null };
    this.#parts.hide(seen.picture, await this.#privacyOf(cameraId));
    return { steps: book.steps, picture: await this.#parts.jpeg(seen.picture), pictureOf: seen.stream };
  }

  async #askDevice(camera: CaptureCamera, book: StepBook, signal: AbortSignal): Promise<void> {
    await book.take(null, 'device', async () => {
      const facts = await unlessAborted(this.#parts.identify(camera), signal);
      return [facts?.make, facts?.model, facts?.firmware].filter(Boolean).join(' ');
    });
  }

  /** Where it is: told only where that fails, as of a camera known by its ONVIF address alone. */
  async #aim(camera: CaptureCamera, stream: 'sub' | 'main', book: StepBook): Promise<RtspTarget | undefined> {
    try {
      return (await this.#parts.aim(camera, stream === 'sub' ? 'look' : 'evidence')).target;
    } catch (thrown) {
      await book.take(stream, 'address', () => Promise.reject(asSentinelError(thrown)));
      return undefined;
    }
  }

  async #tryStream(
    target: RtspTarget,
    stream: 'sub' | 'main',
    book: StepBook,
    signal: AbortSignal,
  ): Promise<Picture | undefined> {
    let done = 0;
    let beganMs = book.nowMs();
    const advance = (upTo: number, detail = ''): void => {
      for (; done < upTo; done++) {
        const nowMs = book.nowMs();
        book.add({
          stream,
          step: OF_A_STREAM[done] ?? 'picture',
          outcome: 'done',
          tookMs: nowMs - beganMs,
          detail,
          problem: null,
        });
        beganMs = nowMs;
      }
    };
    try {
      const unit = await this.#parts.probe(target, {
        signal,
        limitMs: LIMITS.connectionTestKeyFrameMs,
        onStep: (step) => advance(STEP_AFTER[step]),
      });
      const { picture, sourceWidthPx, sourceHeightPx } = await this.#parts.decode(unit, LIMITS.connectionTestWidthPx);
      advance(OF_A_STREAM.length, `${unit.codec.toUpperCase()} ${sourceWidthPx} × ${sourceHeightPx}`);
      return picture;
    } catch (thrown) {
      const tookMs = book.nowMs() - beganMs;
      const step = OF_A_STREAM[done] ?? 'picture';
      book.add({ stream, step, outcome: 'failed', tookMs, detail: '', problem: asSentinelError(thrown) });
      for (const later of OF_A_STREAM.slice(done + 1)) {
        book.add({ stream, step: later, outcome: 'not_tried', tookMs: null, detail: '', problem: null });
      }
      return undefined;
    }
  }

  /** Of a fixed camera: a turning one's masks hold for its presets alone, and where it points just now is not known here. */
  async #privacyOf(cameraId: number): Promise<Polygon[]> {
    const rows = await this.#parts.db
      .selectFrom('mask')
      .innerJoin('view', 'view.id', 'mask.view_id')
      .innerJoin('camera', 'camera.id', 'view.camera_id')
      .select('mask.polygon')
      .where('camera.id', '=', cameraId)
      .where('camera.kind', '=', 'fixed')
      .where('mask.kind', '=', 'privacy')
      .execute();
    return rows.map(({ polygon }) => polygon);
  }
}

class StepBook {
  readonly steps: TestStep[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return Math.round(this.#clock.monotonicMs());
  }

  add(step: TestStep): void {
    this.steps.push(step);
  }

  async take(stream: TestStep['stream'], step: TestStepName, run: () => Promise<string>): Promise<void> {
    const beganMs = this.nowMs();
    try {
      const detail = await run();
      this.add({ stream, step, outcome: 'done', tookMs: this.nowMs() - beganMs, detail, problem: null });
    } catch (thrown) {
      const problem = asSentinelError(thrown);
      this.add({ stream, step, outcome: 'failed', tookMs: this.nowMs() - beganMs, detail: '', problem });
    }
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(asSentinelError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function asSentinelError(thrown: unknown): SentinelError {
  return thrown instanceof SentinelError
    ? thrown
    : new SentinelError('capture.failed', { problem: problemOf(thrown) }, { cause: thrown });
}
