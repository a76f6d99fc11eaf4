/** One camera being looked at: holds or visits it, decodes what is due, follows its health. */
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { digestOf } from '../base/picture.ts';
import { HealthTracker, type CaptureCamera, type CaptureView, type ClockMeasurement } from '../camera/camera.ts';
import type { KeyFrameDecoder } from '../drivers/codec/codec.ts';
import type { AccessUnit, ClockOffset, PullState, RtspTarget } from '../drivers/rtsp/rtsp.ts';
import type { CaptureRules } from './capture.ts';
import { nextDueMs, spreadS, type Frame } from './frame.ts';

/** A held connection to one camera, as the session needs it. */
export interface HeldPull {
  readonly state: PullState;
  readonly clockOffset: ClockOffset | undefined;
  start(): void;
  stop(): Promise<void>;
  nextKeyFrame(signal?: AbortSignal): Promise<AccessUnit>;
}

/** Where to connect, and what the camera's clock was off by when it was asked. */
export interface Aim {
  readonly target: RtspTarget;
  readonly clockOffset?: ClockMeasurement;
}

export interface SessionParts {
  readonly clock: Clock;
  readonly rules: CaptureRules;
  readonly decoder: KeyFrameDecoder;
  /** Where to connect; fails while a camera known only by its ONVIF address cannot be asked. */
  readonly aim: (camera: CaptureCamera, stream: 'look' | 'evidence') => Promise<Aim>;
  readonly hold: (target: RtspTarget, onError: (problem: SentinelError) => void) => HeldPull;
  readonly visit: (
    target: RtspTarget,
    signal: AbortSignal,
    onClock: (measured: ClockMeasurement) => void,
  ) => Promise<AccessUnit>;
  /** Runs a visit when one of the process's visiting places is free. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  readonly onFrame: (frame: Frame) => Promise<void>;
  readonly onError: (cameraId: number, problem: SentinelError) => void;
}

export class CameraSession {
  readonly camera: CaptureCamera;
  readonly tracker: HealthTracker;
  readonly #parts: SessionParts;
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;
  #missedLooks = 0;

  constructor(camera: CaptureCamera, parts: SessionParts) {
    this.camera = camera;
    this.#parts = parts;
    this.tracker = new HealthTracker(parts.rules, parts.clock.nowMs());
  }

  /** Beats that passed without a look since the session began, because no frame came or the one before was not handled yet. */
  get missedLooks(): number {
    return this.#missedLooks;
  }

  start(): void {
    // A PTZ camera's presets are visited by its patrol, which knows when the turret stands still.
    const view = this.camera.views.find((candidate) => candidate.key === 'fixed' && candidate.state !== 'paused');
    this.#running = view ? this.#look(view) : Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the camera session was stopped'));
    await this.#running;
  }

  async #look(view: CaptureView): Promise<void> {
    const { clock, rules } = this.#parts;
    const signal = this.#stopped.signal;
    const cadenceMs = (view.cadenceS ?? rules.cadenceS) * 1000;
    const held = cadenceMs <= rules.holdUpToS * 1000;
    let pull: HeldPull | undefined;
    let dueMs = clock.monotonicMs() + spreadS(view.id, cadenceMs / 1000) * 1000;
    try {
      while (!signal.aborted) {
        // A held camera connects at once, so that its first key frame is there when the first look is due.
        if (held) pull ??= await this.#connect(signal);
        await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), signal);
        const unit = held ? await pull?.nextKeyFrame(signal) : await this.#visit(signal);
        if (pull?.clockOffset) this.tracker.clock(pull.clockOffset);
        if (unit) await this.#handle(view, unit);
        const next = nextDueMs(dueMs, clock.monotonicMs(), cadenceMs);
        this.#missedLooks += Math.round((next - dueMs) / cadenceMs) - 1;
        dueMs = next;
      }
    } catch (thrown) {
      if (!signal.aborted) this.#report(thrown);
    } finally {
      await pull?.stop();
    }
  }

  async #connect(signal: AbortSignal): Promise<HeldPull | undefined> {
    try {
      const target = await this.#aim();
      if (signal.aborted) return undefined;
      const pull = this.#parts.hold(target, (problem) => this.#report(problem));
      pull.start();
      return pull;
    } catch (thrown) {
      this.#report(thrown);
      return undefined;
    }
  }

  async #visit(signal: AbortSignal): Promise<AccessUnit | undefined> {
    try {
      const target = await this.#aim();
      return await this.#parts.inTurn(() =>
        this.#parts.visit(target, signal, (measured) => this.tracker.clock(measured)),
      );
    } catch (thrown) {
      if (!signal.aborted) this.#report(thrown);
      return undefined;
    }
  }

  async #aim(): Promise<RtspTarget> {
    const { target, clockOffset } = await this.#parts.aim(this.camera, 'look');
    if (clockOffset) this.tracker.clock(clockOffset);
    return target;
  }

  async #handle(view: CaptureView, unit: AccessUnit): Promise<void> {
    try {
      const { picture, sourceWidthPx, sourceHeightPx, release } = await this.#parts.decoder.decode(unit);
      const seen = { digest: digestOf(picture), codec: unit.codec, widthPx: sourceWidthPx, heightPx: sourceHeightPx };
      this.tracker.frame(unit.arrivedAtMs, seen);
      const frozen = this.tracker.health.state === 'frozen';
      const seenBy = { cameraId: this.camera.id, viewId: view.id, capturedAtMs: unit.arrivedAtMs };
      await this.#parts.onFrame({ ...seenBy, picture, frozen, release }).finally(release);
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  #report(thrown: unknown): void {
    const problem =
      thrown instanceof SentinelError
        ? thrown
        : new SentinelError('capture.failed', { problem: problemOf(thrown) }, { cause: thrown });
    this.tracker.error(this.#parts.clock.nowMs(), problem.code, problem.message);
    this.#parts.onError(this.camera.id, problem);
  }
}
