/** What hands ask of a turret, carried out in the order it was asked, while the one who asks holds it. */
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { DomeBook } from './dome-book.ts';
import type { DrivenTurret } from './driven-turret.ts';
import { isHand, type Holder, type Lease } from './lease.ts';
import type { Recentre } from './recentre.ts';
import type { HandCommand, WaitingCommand } from './turret-store.ts';
import type { Turret, TurretVector } from './turret.ts';
import type { Sight } from './visit.ts';

export interface HandParts {
  readonly cameraId: number;
  readonly clock: Clock;
  readonly book: DomeBook;
  readonly sight: Sight;
  /** Somebody turned it: where it stands is not known any more. */
  readonly onTurned: () => void;
}

export class Hands {
  readonly #parts: HandParts;
  readonly #driven: DrivenTurret;
  readonly #recentre: Recentre;
  #serving: Promise<void> = Promise.resolve();
  #stopAtMs: number | undefined;

  constructor(parts: HandParts, driven: DrivenTurret, recentre: Recentre) {
    this.#parts = parts;
    this.#driven = driven;
    this.#recentre = recentre;
  }

  /** Carries out what waits; what comes meanwhile is the next call's. */
  serve(): Promise<void> {
    this.#serving = this.#serving.catch(() => undefined).then(() => this.#serve());
    return this.#serving;
  }

  /** How long a move that only a stop ends may still go on; undefined: none is under way. */
  get stopInMs(): number | undefined {
    return this.#stopAtMs === undefined ? undefined : Math.max(0, this.#stopAtMs - this.#parts.clock.monotonicMs());
  }

  /** Stops a move whose time is over, or any that is under way. Some makes do not heed the time they are given. */
  async stopWhatGoesOn(now: boolean): Promise<void> {
    if (this.#stopAtMs === undefined || (!now && this.stopInMs !== 0)) return;
    this.#stopAtMs = undefined;
    await (await this.#driven.open()).stop();
  }

  async #serve(): Promise<void> {
    const { book } = this.#parts;
    const waiting = await book.commands();
    for (const [index, one] of waiting.entries()) {
      const { command } = one;
      const by: Holder = { kind: one.kind, userId: one.userId, routeId: null, name: one.userName, purpose: '' };
      const action = `hand.${command.kind}`;
      // Opened first, and who holds it asked last: a hand may let go between asking and being served.
      await this.#driven.open().catch(() => undefined);
      const refused = this.#refusal(one, await book.lease());
      // A drag sends many, and only where it goes last matters.
      const isPassed = command.kind === 'continuous' && index < waiting.length - 1;
      if (refused) {
        await book.answer(one.id, { state: 'refused', problem: refused });
        book.log({ by, action, outcome: 'refused', problem: refused.code });
      } else if (isPassed) await book.answer(one.id, { state: 'done' });
      else {
        try {
          const answer = await this.#carryOut(command);
          await book.answer(one.id, { state: 'done', answer });
          book.log({ by, action, details: { ...command }, outcome: 'done' });
        } catch (thrown) {
          const problem = asKnown(thrown);
          await book.answer(one.id, { state: 'failed', problem });
          book.log({ by, action, details: { ...command }, outcome: 'failed', problem: problem.code });
        }
      }
    }
  }

  #refusal({ ageMs, command, userId }: WaitingCommand, lease: Lease | undefined): SentinelError | undefined {
    const { cameraId } = this.#parts;
    if (ageMs > LIMITS.turretCommandLateMs) return new SentinelError('patrol.not_driven', { cameraId });
    if (command.kind === 'read_presets') return undefined;
    if (!lease || !isHand(lease)) return new SentinelError('patrol.not_held');
    if (lease.userId === userId) return undefined;
    return new SentinelError('patrol.held', { by: lease.name, until: new Date(lease.expiresAtMs).toISOString() });
  }

  async #carryOut(command: HandCommand): Promise<Record<string, unknown>> {
    const { clock, book, onTurned } = this.#parts;
    const turret = await this.#driven.open();
    if (command.kind === 'read_presets') {
      await this.#driven.readPresets(true);
      return {};
    }
    onTurned();
    if (command.kind === 'set_preset') {
      const token = await turret.setPreset(command.name, command.token ?? undefined);
      await this.#driven.readPresets(true);
      await this.#picture(token);
      return { token };
    }
    if (command.kind === 'remove_preset') {
      await turret.removePreset(command.token);
      await book.forgetPreset(command.token);
      await this.#driven.readPresets(true);
      return {};
    }
    const goesOnMs = await moveByHand(turret, command, this.#recentre);
    this.#stopAtMs = goesOnMs === undefined ? undefined : clock.monotonicMs() + goesOnMs;
    return {};
  }

  /** What is seen where a preset has just been set. */
  async #picture(token: string): Promise<void> {
    const { sight, book, clock } = this.#parts;
    const release = sight.watch();
    const late = new AbortController();
    const timer = clock.after(LIMITS.presetPictureMs, () => late.abort(new Error('no picture')));
    try {
      const { picture } = await sight.next(clock.monotonicMs(), late.signal);
      await book.presetPicture(token, picture, true);
    } catch {
      // Its next visit brings one.
    } finally {
      timer.cancel();
      release();
    }
  }
}

type Move = Exclude<HandCommand, { readonly kind: 'set_preset' | 'remove_preset' | 'read_presets' }>;

/** @returns how long it goes on by itself before it must be stopped, in ms; undefined: it ends where it was sent */
async function moveByHand(turret: Turret, command: Move, recentre: Recentre): Promise<number | undefined> {
  const { offer } = turret;
  const must = (can: boolean, what: string): void => {
    if (!can) throw new SentinelError('patrol.cannot', { what });
  };
  switch (command.kind) {
    case 'continuous': {
      must(offer.continuous, 'continuous moves');
      const { velocity, forS } = command;
      if (velocity.pan === 0 && velocity.tilt === 0 && velocity.zoom === 0) break;
      await turret.moveContinuously(velocity, forS * 1000);
      return forS * 1000;
    }
    case 'relative':
      must(offer.relative, 'relative moves');
      await turret.moveBy(movedParts(command.shift), command.speed ?? undefined);
      return undefined;
    case 'picture':
      must(offer.inPicture || offer.relative, 'moves in the picture');
      must(command.zoom === 0 || offer.relative, 'relative zoom');
      await moveInPicture(turret, command, recentre);
      return undefined;
    case 'absolute':
      must(offer.absolute, 'absolute moves');
      await turret.goTo(command.position, command.speed ?? undefined);
      return undefined;
    case 'preset':
      await turret.goToPreset(command.token, command.speed ?? undefined);
      return undefined;
    case 'home':
      must(offer.home, 'a home position');
      await turret.goHome(command.speed ?? undefined);
      return undefined;
    case 'stop':
      break;
  }
  await turret.stop();
  return undefined;
}

async function moveInPicture(
  turret: Turret,
  { right, up, zoom, speed }: Extract<Move, { kind: 'picture' }>,
  recentre: Recentre,
): Promise<void> {
  const fast = speed ?? undefined;
  if (right !== 0 || up !== 0) {
    if (turret.offer.inPicture) await turret.moveInPicture({ pan: halves(right), tilt: halves(up) }, fast);
    else {
      const { position } = await turret.status();
      const { pan, tilt } = recentre.moveFor({ right, up }, position?.zoom ?? 0);
      await turret.moveBy({ pan, tilt }, fast);
    }
  }
  if (zoom !== 0) await turret.moveBy({ zoom }, fast);
}

/** Shares of the whole picture as halves of it. */
function halves(share: number): number {
  return Math.min(1, Math.max(-1, share * 2));
}

function movedParts(shift: Required<TurretVector>): TurretVector {
  return Object.fromEntries(Object.entries(shift).filter(([, value]) => value !== 0));
}

function asKnown(thrown: unknown): SentinelError {
  if (thrown instanceof SentinelError) return thrown;
  return new SentinelError('capture.failed', { problem: problemOf(thrown) }, { cause: thrown });
}
