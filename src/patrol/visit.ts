/**
 * One visit to one stop: move, wait until the turret stands by its word and by the picture, see whether it stands where it
 * should, bring it back by a small move where it is a little off, and yield the picture to be looked at. What was taken in
 * motion, elsewhere or of a turret that does not follow is never yielded as good.
 */
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Picture } from '../base/picture.ts';
import type { StoredPosition, VisitOutcome } from '../drivers/postgres/schema.ts';
import { sizeOf, type PictureOffset, type Recentre } from './recentre.ts';
import type { Stop } from './route.ts';
import { isSamePosition, Settling, type PictureShift, type SettleRules } from './settling.ts';
import type { MoveSeen } from './stuck.ts';
import type { Turret, TurretPosition } from './turret.ts';

/** One picture of the dome's stream. */
export interface Seen {
  readonly picture: Picture;
  /** Monotonic ms at which it had arrived. */
  readonly arrivedMs: number;
  /** When it was taken, by the stream's own clock, from an origin of its own: pictures arrive in bursts. */
  readonly mediaMs: number;
  /** UTC ms. */
  readonly capturedAtMs: number;
  /** The camera has sent this very picture for too long. */
  readonly frozen: boolean;
}

/** What a dome shows. */
export interface Sight {
  /** Decodes every picture from now until the answer is called. */
  watch(): () => void;
  /** The first picture that arrived at `sinceMs` (monotonic) or later. Only while watched. Rejects with the signal. */
  next(sinceMs: number, signal: AbortSignal): Promise<Seen>;
}

/** How a picture stands against its view's reference. */
export type StopPose =
  /** The view has no lawful or proposed picture yet, or too little can be seen: nothing to say against it. */
  | { readonly kind: 'untold' }
  | { readonly kind: 'told'; readonly offset: PictureOffset }
  /** It shows something else; the offset where that could be measured. */
  | { readonly kind: 'lost'; readonly offset: PictureOffset | null };

export interface VisitParts {
  readonly clock: Clock;
  readonly turret: Turret;
  readonly sight: Sight;
  readonly settle: SettleRules;
  readonly recentre: Recentre;
  readonly shift: (before: Picture, after: Picture) => PictureShift;
  readonly poseOf: (viewId: number, picture: Picture) => Promise<StopPose>;
  /** Where a preset lies, as far as known. */
  readonly positionOf: (preset: string) => StoredPosition | null;
  /** Gives the turret a command where whoever visits may; rejects else. */
  readonly command: (
    action: string,
    details: Readonly<Record<string, unknown>>,
    give: () => Promise<void>,
  ) => Promise<void>;
  readonly onPhase: (phase: 'moving' | 'settling' | 'looking', position: TurretPosition | null) => void;
}

export interface VisitResult {
  readonly outcome: Exclude<VisitOutcome, 'failed' | 'interrupted'>;
  readonly moveMs: number;
  readonly settleMs: number;
  /** Absent where the dome showed nothing. */
  readonly seen: Seen | undefined;
  /** Of the picture as it arrived, before any centring. */
  readonly offset: PictureOffset | null;
  readonly recentred: boolean;
  /** What was seen of a move that must have shown; undefined where none had to. */
  readonly moveSeen: MoveSeen | undefined;
  readonly position: TurretPosition | null;
}

const STATUS_EVERY_MS = 50;
/** Status may fail so often in a row while a move is waited for. */
const STATUS_FAILURES_MOST = 3;
const CHECK_EVERY_MS = 250;
/** How long a picture from before the move is waited for, and how old one may be. */
const BEFORE_MS = 1_000;
const BEFORE_AGE_MS = 250;
/** Positions nearer than this show the same picture: a quarter of a degree of pan. */
const SAME_PLACE = 0.0015;
/** Shift, as a share of the picture, that a centring move must at least show. */
const SHOWS = 0.01;

/**
 * @param standingAt the view at which the turret stands, as far as patrol knows
 * @throws whatever `command` or the turret throws, and the signal's reason
 */
export async function visit(
  stop: Stop,
  standingAt: number | undefined,
  parts: VisitParts,
  signal: AbortSignal,
): Promise<VisitResult> {
  const release = parts.sight.watch();
  try {
    return await visitWatched(stop, standingAt, parts, signal);
  } finally {
    release();
  }
}

async function visitWatched(
  stop: Stop,
  standingAt: number | undefined,
  parts: VisitParts,
  signal: AbortSignal,
): Promise<VisitResult> {
  const { clock, turret, recentre } = parts;
  // Of now: a scene that changed since it was last looked at must not pass for a move.
  const before = (await pictureWithin(BEFORE_MS, parts, signal))?.picture;
  const { position: from } = await turret.status();
  const target = targetOf(stop, parts);
  const expectsMove =
    from && target ? !isSamePosition(from, target, SAME_PLACE) : standingAt !== undefined && standingAt !== stop.viewId;
  let beganMs = clock.monotonicMs();
  parts.onPhase('moving', from);
  await sendTo(stop, target, parts);
  let arrival = await settle({ before, from, expectsMove, beganMs }, parts, signal);
  if (arrival.state === 'unmoved') {
    // A command may be lost on a device that has taken it.
    beganMs = clock.monotonicMs();
    await sendTo(stop, target, parts);
    arrival = await settle({ before, from, expectsMove, beganMs }, parts, signal);
  }
  if (stop.preset !== null && stop.zoom !== null && !target && arrival.state === 'settled') {
    arrival = await zoomTo(stop.zoom, arrival, parts, signal);
  }
  const figures: Pick<VisitResult, 'moveMs' | 'settleMs' | 'moveSeen' | 'position'> = {
    moveMs: (arrival.stoodAtMs ?? arrival.atMs) - beganMs,
    settleMs: arrival.atMs - (arrival.stoodAtMs ?? arrival.atMs),
    moveSeen: !expectsMove || !before ? undefined : arrival.state === 'unmoved' ? 'unmoved' : arrival.moveSeen,
    position: arrival.position,
  };
  const { seen } = arrival;
  const bad = (outcome: 'not_settled' | 'stuck'): VisitResult => ({
    outcome,
    seen,
    ...figures,
    offset: null,
    recentred: false,
  });
  if (arrival.state === 'unmoved' || figures.moveSeen === 'same') return bad('stuck');
  if (arrival.state !== 'settled' || !seen) return bad('not_settled');

  const pose = await parts.poseOf(stop.viewId, seen.picture);
  if (pose.kind === 'untold') return { outcome: 'looked', seen, ...figures, offset: null, recentred: false };
  if (pose.kind === 'lost' || !recentre.isWithin(pose.offset)) {
    return { outcome: 'pose', seen, ...figures, offset: pose.offset, recentred: false };
  }
  if (!recentre.isWorth(stop.viewId, pose.offset)) {
    return { outcome: 'looked', seen, ...figures, offset: pose.offset, recentred: false };
  }
  const centred = await centre(stop, pose.offset, { seen, position: arrival.position }, parts, signal);
  return { ...centred, ...figures, offset: pose.offset, recentred: true };
}

/** Where a stop is in absolute terms, as far as known. */
function targetOf({ preset, position, zoom }: Stop, { positionOf }: VisitParts): StoredPosition | null {
  const known = preset === null ? position : positionOf(preset);
  return known && (zoom === null ? known : { ...known, zoom });
}

async function sendTo(stop: Stop, target: StoredPosition | null, parts: VisitParts): Promise<void> {
  const { turret, command } = parts;
  const speed = stop.speed ?? undefined;
  const details = { stopId: stop.id, preset: stop.preset, ...(stop.speed !== null && { speed: stop.speed }) };
  if (stop.preset !== null && (stop.zoom === null || !target)) {
    const { preset } = stop;
    await command('turret.to_preset', details, () => turret.goToPreset(preset, speed));
    return;
  }
  if (!target) throw new SentinelError('patrol.cannot', { what: 'a stop without a place' });
  await command('turret.to_position', { ...details, position: target }, () => turret.goTo(target, speed));
}

/** The preset's place is only known once the turret is there. */
async function zoomTo(zoom: number, arrival: Arrival, parts: VisitParts, signal: AbortSignal): Promise<Arrival> {
  const { clock, turret, command } = parts;
  const { position } = arrival;
  if (!position) throw new SentinelError('patrol.cannot', { what: 'zoom at a preset whose place it does not tell' });
  const target = { ...position, zoom };
  const beganMs = clock.monotonicMs();
  await command('turret.to_position', { position: target }, () => turret.goTo(target));
  const expectsMove = !isSamePosition(position, target, SAME_PLACE);
  return settle({ before: arrival.seen?.picture, from: position, expectsMove, beganMs }, parts, signal);
}

/** One small move; what it brings is looked at, and judged only where it is within bounds. */
async function centre(
  stop: Stop,
  offset: PictureOffset,
  at: { seen: Seen; position: TurretPosition | null },
  parts: VisitParts,
  signal: AbortSignal,
): Promise<{ outcome: 'looked' | 'pose' | 'not_settled'; seen: Seen }> {
  const { clock, turret, recentre, command } = parts;
  const { offer } = turret;
  const move = recentre.moveFor(offset, at.position?.zoom ?? stop.zoom ?? 0);
  if (!offer.inPicture && !offer.relative && !(offer.absolute && at.position))
    return { outcome: 'looked', seen: at.seen };
  const beganMs = clock.monotonicMs();
  await command('turret.recentred', { stopId: stop.id, right: offset.right, up: offset.up }, async () => {
    // The driver counts in halves of the picture.
    if (offer.inPicture) await turret.moveInPicture({ pan: offset.right * 2, tilt: offset.up * 2 });
    else if (offer.relative) await turret.moveBy({ pan: move.pan, tilt: move.tilt });
    else if (at.position) {
      const { pan, tilt, zoom } = at.position;
      await turret.goTo({ pan: wrapped(pan + move.pan), tilt: Math.min(1, Math.max(-1, tilt + move.tilt)), zoom });
    }
  });
  const expectsMove = sizeOf(offset) >= SHOWS;
  const arrival = await settle({ before: at.seen.picture, from: at.position, expectsMove, beganMs }, parts, signal);
  // It did not follow, or not to the end: what stands before it now is judged by where it is.
  const seen = arrival.seen ?? at.seen;
  if (arrival.state === 'overdue') return { outcome: 'not_settled', seen };
  const pose = await parts.poseOf(stop.viewId, seen.picture);
  if (pose.kind !== 'told') return { outcome: pose.kind === 'lost' ? 'pose' : 'looked', seen };
  recentre.learn(stop.viewId, offset, pose.offset, offer.inPicture);
  return { outcome: recentre.isWithin(pose.offset) ? 'looked' : 'pose', seen };
}

function wrapped(pan: number): number {
  return pan > 1 ? pan - 2 : pan < -1 ? pan + 2 : pan;
}

// --- waiting until it stands -----------------------------------------------------------------------------------------

interface Departure {
  readonly before: Picture | undefined;
  readonly from: TurretPosition | null;
  readonly expectsMove: boolean;
  /** Monotonic ms. */
  readonly beganMs: number;
}

interface Arrival {
  readonly state: 'settled' | 'unmoved' | 'overdue';
  readonly seen: Seen | undefined;
  readonly moveSeen: 'moved' | 'same' | 'untold';
  readonly position: TurretPosition | null;
  readonly stoodAtMs: number | undefined;
  readonly atMs: number;
}

async function settle(departure: Departure, parts: VisitParts, signal: AbortSignal): Promise<Arrival> {
  const { clock, turret, sight } = parts;
  const { before, from, beganMs } = departure;
  const settling = new Settling(parts.settle, beganMs, from, departure.expectsMove && before !== undefined);
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  let position = from;
  let last: Seen | undefined;
  let standing = false;

  const check = (): void => {
    const state = settling.state(clock.monotonicMs());
    if (state === 'settling' && !standing) {
      standing = true;
      parts.onPhase('settling', position);
    }
    if (state !== 'moving' && state !== 'settling') over.abort(new Over(state));
  };
  const askStatus = async (): Promise<void> => {
    for (let failures = 0; !ended.aborted;) {
      try {
        const status = await turret.status();
        failures = 0;
        position = status.position ?? position;
        settling.status(clock.monotonicMs(), status);
        check();
      } catch (thrown) {
        if (++failures >= STATUS_FAILURES_MOST) throw thrown;
      }
      await clock.sleep(STATUS_EVERY_MS, ended);
    }
  };
  const watchPictures = async (): Promise<void> => {
    for (let soonestMs = beganMs; !ended.aborted;) {
      const seen = await sight.next(soonestMs, ended);
      if (last && seen.mediaMs - last.mediaMs < parts.settle.apartMs) {
        // It arrived late, not later: the next one tells more.
        soonestMs = seen.arrivedMs + 1;
        continue;
      }
      const sinceBefore = before && !settling.hasLeft ? parts.shift(before, seen.picture) : undefined;
      const sinceLast = last && !settling.turns ? parts.shift(last.picture, seen.picture) : undefined;
      const sharpness = settling.turns ? undefined : sharpnessOf(seen.picture);
      last = seen;
      soonestMs = seen.arrivedMs + parts.settle.apartMs;
      settling.picture(seen.arrivedMs, sinceBefore, sinceLast, sharpness);
      check();
    }
  };
  const timer = clock.every(CHECK_EVERY_MS, check);
  const quietly = async (loop: Promise<void>): Promise<unknown> => {
    try {
      await loop;
      return undefined;
    } catch (thrown) {
      // One that fails ends the other.
      if (!ended.aborted) over.abort(thrown);
      return thrown;
    }
  };
  try {
    await Promise.all([quietly(askStatus()), quietly(watchPictures())]);
  } finally {
    timer.cancel();
  }
  signal.throwIfAborted();
  const reason: unknown = over.signal.reason;
  if (!(reason instanceof Over)) throw reason instanceof Error ? reason : new Error(problemOf(reason));
  return {
    state: reason.state,
    ...{ seen: last, moveSeen: settling.seen, position, stoodAtMs: settling.stoodAtMs },
    atMs: clock.monotonicMs(),
  };
}

class Over extends Error {
  readonly state: 'settled' | 'unmoved' | 'overdue';
  constructor(state: 'settled' | 'unmoved' | 'overdue') {
    super(state);
    this.state = state;
  }
}

async function pictureWithin(withinMs: number, parts: VisitParts, signal: AbortSignal): Promise<Seen | undefined> {
  const { clock, sight } = parts;
  const late = new AbortController();
  const timer = clock.after(withinMs, () => late.abort(new Error('no picture')));
  try {
    return await sight.next(clock.monotonicMs() - BEFORE_AGE_MS, AbortSignal.any([signal, late.signal]));
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return undefined;
  } finally {
    timer.cancel();
  }
}

/** In pixels of a look, as visits are recorded. */
export function offsetPx(
  offset: PictureOffset | null,
  picture: Picture | undefined,
): { dxPx: number; dyPx: number } | null {
  if (!offset) return null;
  const heightPx = picture ? (LIMITS.lookWidthPx * picture.heightPx) / picture.widthPx : (LIMITS.lookWidthPx * 9) / 16;
  return { dxPx: offset.right * LIMITS.lookWidthPx, dyPx: -offset.up * heightPx };
}

/** Mean difference of neighbours along a row. */
function sharpnessOf({ rgb }: Picture): number {
  let sum = 0;
  for (let i = 0; i + 3 < rgb.length; i += 3) sum += Math.abs((rgb[i] ?? 0) - (rgb[i + 3] ?? 0));
  return (3 * sum) / rgb.length;
}
