/** Short calls: connect, take what is wanted, TEARDOWN. */
import type { Clock } from '../../base/clock.ts';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { emptyCounters, type AccessUnit, type MediaCounters } from './access-unit.ts';
import { DEFAULT_TIMEOUTS, type RtspTimeouts } from './connection.ts';
import type { OpeningStep } from './handshake.ts';
import type { HostConnections } from './host-connections.ts';
import type { ClockOffset } from './pull.ts';
import type { Demand } from './rtp-depacketizer.ts';
import { parseRtspUrl } from './rtsp-url.ts';
import { RtspSession } from './session.ts';
import type { RtspTarget } from './target.ts';

export interface VisitOptions {
  readonly clock: Clock;
  /** The cap per host, shared with all else that connects. */
  readonly connections: HostConnections;
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<RtspTimeouts>;
  /** From PLAY to the end of what is wanted, ms. */
  readonly limitMs?: number;
  /** Told of the camera's clock when it reports it during the visit: its time minus ours. */
  onClockOffset?(measured: ClockOffset): void;
  /** Told how far the visit came. */
  onStep?(step: OpeningStep): void;
}

/**
 * One whole key unit.
 * @throws SentinelError `rtsp.*`, with `rtsp.timeout` step `key_frame` when none came within `limitMs`; the signal's reason
 */
export async function visitKeyFrame(target: RtspTarget, options: VisitOptions): Promise<AccessUnit> {
  let found: AccessUnit | undefined;
  await visit(target, options, 'key', options.limitMs ?? LIMITS.rtspKeyFrameMs, (unit) => {
    found = unit;
    return true;
  });
  if (!found) throw new Error('a visit ended without a unit or an error');
  return found;
}

/**
 * A whole group of pictures, unbroken: a key unit and all that follow it, up to the next key unit, which is not included.
 * A loss within starts it over with the next key unit. A group beyond {@link LIMITS.groupOfPicturesUnits} or
 * {@link LIMITS.groupOfPicturesBytes} is cut there; so it is when `limitMs` has passed and it has begun.
 * @throws SentinelError as {@link visitKeyFrame}
 */
export async function recordGroupOfPictures(target: RtspTarget, options: VisitOptions): Promise<AccessUnit[]> {
  let group: AccessUnit[] = [];
  let bytes = 0;
  let lossesAtBegin = 0;
  const take = (unit: AccessUnit, counters: MediaCounters): boolean => {
    const losses = counters.packetsLost + counters.unitsDamaged;
    if (losses !== lossesAtBegin) {
      group = [];
      bytes = 0;
    }
    lossesAtBegin = losses;
    if (group.length === 0 && !unit.isKey) return false;
    if (unit.isKey && group.length > 0) return true;
    if (group.length > 0 && bytes + unit.bytes.length > LIMITS.groupOfPicturesBytes) return true;
    group.push(unit);
    bytes += unit.bytes.length;
    return group.length >= LIMITS.groupOfPicturesUnits;
  };
  try {
    await visit(target, options, 'all', options.limitMs ?? LIMITS.rtspGroupMs, take);
  } catch (thrown) {
    const begun = thrown instanceof SentinelError && thrown.details['step'] === 'key_frame' && group.length > 0;
    if (!begun) throw thrown;
  }
  return group;
}

/** @param take told of each unit; true ends the visit */
async function visit(
  target: RtspTarget,
  options: VisitOptions,
  demand: Demand,
  limitMs: number,
  take: (unit: AccessUnit, counters: MediaCounters) => boolean,
): Promise<void> {
  const { clock, connections, signal } = options;
  const url = parseRtspUrl(target.url);
  const counters = emptyCounters();
  let finish: (problem?: unknown) => void = () => {};
  const finished = new Promise<void>((resolve, reject) => {
    finish = (problem) => (problem === undefined ? resolve() : reject(asError(problem)));
  });
  // It may fail before anybody waits for it.
  finished.catch(() => {});
  let isDone = false;
  const session = await RtspSession.open({
    url,
    credentials: target.credentials,
    tls: target.tls,
    clock,
    connections,
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    counters,
    signal,
    askMethods: false,
    demand,
    onUnit(unit, codec) {
      if (isDone || !take({ ...unit, codec, arrivedAtMs: clock.nowMs() }, counters)) return;
      isDone = true;
      finish();
    },
    onClockOffset: (offsetMs, measuredAtMs) => options.onClockOffset?.({ offsetMs, measuredAtMs, source: 'rtcp' }),
    onServerDate: (offsetMs, measuredAtMs) => options.onClockOffset?.({ offsetMs, measuredAtMs, source: 'rtsp_date' }),
    onStep: (step) => options.onStep?.(step),
    onEnded: finish,
  });
  const timer = clock.after(limitMs, () =>
    finish(new SentinelError('rtsp.timeout', { host: url.hostAndPort, step: 'key_frame', limitMs })),
  );
  const onAbort = (): void => finish(signal?.reason ?? new Error('aborted'));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    await finished;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
    isDone = true;
    await session.close();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('aborted', { cause: thrown });
}
