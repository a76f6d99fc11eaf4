/**
 * The flow, wired. This is the one file that shows all of it:
 *
 *   camera ─▶ frame ──┬▶ gate ─▶ (queue) ─▶ network ─▶ candidate ─▶ review …
 *   dome ──▶ patrol ──┘                        └────▶ evidence ◀────┘
 *
 * Each stage is handed what it consumes and a callback for what it yields; none knows who comes after it. `runCapture` is
 * what stands beside the cameras, `runPatrol` what drives the domes and looks through them, `runCompare` what judges,
 * `runUpkeep` what finds the forgotten and prunes the old; one process may run all of them or each a process of its own,
 * any number of times.
 */
import type { Clock, Timer } from './base/clock.ts';
import { problemOf, SentinelError } from './base/errors.ts';
import { LIMITS } from './base/limits.ts';
import type { Logger } from './base/log.ts';
import {
  CameraLeases,
  CameraStore,
  ClockRound,
  type CaptureCamera,
  type ClockAddress,
  type ClockMeasurement,
} from './camera/camera.ts';
import { CandidateDesk, type CandidateRules } from './candidate/candidate.ts';
import {
  burnIn,
  forgottenViews,
  Gatekeeper,
  Judge,
  openEye,
  presetPicture,
  shiftBetween,
  StopPoses,
  type GateRules,
} from './comparison/comparison.ts';
import { DrillWorker } from './drill/drill.ts';
import { KeyFrameDecoder, LiveDecoder } from './drivers/codec/codec.ts';
import { findMpeg1Encoder } from './drivers/ffmpeg/ffmpeg.ts';
import type { BlobStore } from './drivers/blobs/blobs.ts';
import type { Db } from './drivers/postgres/postgres.ts';
import type { CompareQueue } from './drivers/queue/queue.ts';
import {
  HostConnections,
  recordGroupOfPictures,
  SharedPulls,
  visitKeyFrame,
  type AccessUnit,
  type RtspTarget,
  type RtspTimeouts,
  type VisitOptions,
} from './drivers/rtsp/rtsp.ts';
import {
  prune,
  pruneEvidence,
  pulledViews,
  StreamKeeper,
  sweepBlobs,
  takeSweepTurn,
  type DeviceFacts,
  type RetentionRules,
  type SnapshotDesk,
} from './evidence/evidence.ts';
import { Capture, LookLog, type Aim, type CaptureRules } from './frame/frame.ts';
import { Patrol, type PatrolRules, type Turret, type Visit } from './patrol/patrol.ts';
import { LiveRelay, StillKeeper } from './wall/wall.ts';

/** What every part of the flow stands on. */
export interface Ground {
  readonly db: Db;
  readonly blobs: BlobStore;
  /** The same for pictures of new looks: it refuses them while the disk has room for evidence only. */
  readonly pictures: Pick<BlobStore, 'put' | 'get'>;
  readonly queue: CompareQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly snapshots: SnapshotDesk;
  /** Told of each look's end, for the figures. */
  readonly onLook?: (result: string, tookMs?: number) => void;
}

/** How this process reaches the cameras: whatever looks through one shares the line, and with it the connections. */
export interface Line {
  readonly pulls: SharedPulls;
  readonly visit: (
    target: RtspTarget,
    signal: AbortSignal,
    onClock?: (measured: ClockMeasurement) => void,
  ) => Promise<AccessUnit>;
  /** A visit that tells how far it came. */
  readonly probe: (
    target: RtspTarget,
    options: Pick<VisitOptions, 'signal' | 'limitMs' | 'onStep'>,
  ) => Promise<AccessUnit>;
  readonly record: (target: RtspTarget, signal: AbortSignal) => ReturnType<typeof recordGroupOfPictures>;
  /** Where a camera's stream is; fails while a camera known only by its ONVIF address cannot be asked. */
  readonly aim: (camera: CaptureCamera, stream: 'look' | 'evidence') => Promise<Aim>;
  /** What the device says it is; null for a camera without an ONVIF address. */
  readonly identify: (camera: CaptureCamera) => Promise<DeviceFacts | null>;
}

export interface LineSetup {
  readonly connectionsPerHost: number;
  readonly timeouts: Partial<RtspTimeouts>;
  /** Opens a sealed camera password. */
  readonly openSecret: (credentialName: string, sealed: Buffer) => string;
  /** Asks a camera known by its ONVIF address for its streams and its clock; URLs without credentials. */
  readonly streamsOf: (onvifUrl: string, credentials: RtspTarget['credentials']) => Promise<KnownStreams>;
  /** Asks it what it is. */
  readonly identify: (onvifUrl: string, credentials: RtspTarget['credentials']) => Promise<DeviceFacts>;
}

export function openLine({ clock, log }: Pick<Ground, 'clock' | 'log'>, setup: LineSetup): Line {
  const connections = new HostConnections({ clock, perHost: setup.connectionsPerHost });
  const toCamera = { clock, connections, timeouts: setup.timeouts };
  return {
    pulls: new SharedPulls({ ...toCamera, log }),
    visit: (target, signal, onClock) =>
      visitKeyFrame(target, { ...toCamera, signal, ...(onClock && { onClockOffset: onClock }) }),
    probe: (target, options) => visitKeyFrame(target, { ...toCamera, ...options }),
    record: (target, signal) => recordGroupOfPictures(target, { ...toCamera, signal }),
    aim: aimer(setup, clock),
    identify: async (camera) =>
      camera.onvifUrl === null ? null : setup.identify(camera.onvifUrl, loginOf(camera, setup.openSecret)),
  };
}

/** What those beside the cameras have in common, whoever points them. */
export interface LookSetup {
  /** Of this process, one of a kind. */
  readonly processName: string;
  readonly gate: GateRules;
  readonly clocks: {
    /** A camera's clock is asked for once in this time. */
    readonly everyS: number;
    /** Further off than this it is told of. */
    readonly limitMs: number;
    /** Reads the clock of a camera known by its ONVIF address; undefined where it would not tell. */
    readonly measure: (camera: ClockAddress) => Promise<ClockMeasurement | undefined>;
  };
}

export interface CaptureSetup extends LookSetup {
  readonly rules: CaptureRules;
}

export interface KnownStreams {
  readonly mainUrl: string;
  readonly subUrl: string | null;
  readonly clockOffset?: ClockMeasurement | undefined;
}

export interface Running {
  close(): Promise<void>;
}

export async function runCapture(
  ground: Ground,
  line: Line,
  setup: CaptureSetup,
): Promise<Running & { readonly counts: Capture['counts'] }> {
  const { db, clock, log } = ground;
  const { pulls, aim } = line;
  const cameras = new CameraStore(db, { clockLimitMs: setup.clocks.limitMs });
  const lookout = openLookout(ground, line, setup, cameras);
  const { decoder, gatekeeper, keeper } = lookout;
  gatekeeper.start();

  // camera and frame: every leased camera, each view at its cadence
  const capture = new Capture(setup.rules, {
    ...{ clock, log, decoder, cameras, aim },
    leases: new CameraLeases(db, setup.processName, setup.rules.leaseS),
    hold: (target, onError) => pulls.hold(target, { onError }),
    visit: line.visit,
    onFrame: (frame) => gatekeeper.look(frame),
  });
  await capture.start();

  // evidence: the main stream's own bytes for what was raised
  keeper.start();

  return {
    get counts() {
      return capture.counts;
    },
    async close() {
      await keeper.close();
      await capture.close();
      await lookout.close();
    },
  };
}

export interface PatrolSetup extends LookSetup {
  readonly rules: PatrolRules;
  /** Opens what points a camera. */
  readonly openTurret: (camera: CaptureCamera) => Promise<Turret>;
  /** Calls back with the id of each camera of which something changed, or undefined where much may have. */
  readonly listen: (onChanged: (cameraId: number | undefined) => void) => Running;
  /** Told of each visit, for the figures. */
  readonly onVisit: (visit: Visit) => void;
}

export async function runPatrol(
  ground: Ground,
  line: Line,
  setup: PatrolSetup,
): Promise<Running & { readonly counts: Patrol['counts'] }> {
  const { db, blobs, clock, log } = ground;
  const { pulls, aim } = line;
  const cameras = new CameraStore(db, { clockLimitMs: setup.clocks.limitMs });
  const lookout = openLookout(ground, line, setup, cameras);
  const { gatekeeper, keeper } = lookout;
  gatekeeper.start();
  const poses = new StopPoses({ db, blobs, log });
  // Domes are leased apart from what the same process may capture.
  const processName = `${setup.processName}/patrol`;

  const patrol = new Patrol(setup.rules, {
    ...{ db, clock, log, cameras, processName, random: Math.random },
    leases: new CameraLeases(db, processName, setup.rules.leaseS, 'patrol'),
    connect: async (camera, onError) => pulls.hold((await aim(camera, 'look')).target, { onError }),
    openDecoder: () => new LiveDecoder(),
    openTurret: setup.openTurret,
    shift: shiftBetween,
    poseOf: (viewId, picture) => poses.poseOf(viewId, picture),
    keepPicture: async (cameraId, token, picture) => blobs.put(await presetPicture(db, cameraId, token, picture)),
    // frame: a dome's picture goes the way of any other's, once it stands where it should
    onLook: async ({ cameraId, viewId, capturedAtMs, picture, frozen, unfit }) => {
      if (unfit !== null || !picture) await gatekeeper.unfit(viewId, capturedAtMs, unfit ?? 'turret');
      else await gatekeeper.look({ cameraId, viewId, capturedAtMs, picture, frozen });
    },
    // evidence: of a dome only while it stands there; it goes there at once for whoever pulls it
    onStanding: (viewId, standing) => keeper.keepWhileStanding(viewId, standing),
    wantedViews: (cameraId) => pulledViews(db, cameraId),
    onVisit: setup.onVisit,
  });
  await patrol.start();
  const listening = setup.listen((cameraId) => patrol.wake(cameraId));

  return {
    get counts() {
      return patrol.counts;
    },
    async close() {
      await listening.close();
      await patrol.close();
      await keeper.close();
      await lookout.close();
    },
  };
}

/** What stands beside the cameras, whoever points them: the gate, and the keeper of the cameras' own bytes. */
function openLookout(ground: Ground, line: Line, setup: LookSetup, cameras: CameraStore) {
  const { db, blobs, queue, clock, log, snapshots } = ground;
  const decoder = new KeyFrameDecoder();
  const looks = new LookLog(db, clock, log);
  // wall: the picture itself, for whoever looks at a screen
  const stills = new StillKeeper({ db, clock, log });
  stills.start();
  // gate: what shows nothing new ends here, the rest waits for the network
  const gatekeeper = new Gatekeeper(setup.gate, {
    ...{ db, clock, log },
    blobs: ground.pictures,
    onPicture: (seen) => stills.keep(seen),
    looks: {
      add: async (look) => {
        const id = await looks.add(look);
        ground.onLook?.(look.result);
        return id;
      },
    },
    onPending: async (viewId) => {
      // A job that cannot be queued is found again by the sweep; the look itself is safe in the database.
      await queue.add(viewId).catch((thrown: unknown) => {
        log.warn({ viewId, problem: problemOf(thrown) }, 'a compare job could not be queued');
      });
    },
  });
  // camera: how right its clock is, beside what its streams tell
  const clockRound = new ClockRound({ db, clock, log, ...setup.clocks });
  clockRound.start();
  const keeper = new StreamKeeper({
    ...{ db, blobs, cameras, clock, log, decoder, snapshots },
    ...{ aim: line.aim, record: line.record, identify: line.identify, blacken: burnIn },
  });
  return {
    ...{ decoder, gatekeeper, keeper },
    async close(): Promise<void> {
      await clockRound.close();
      await gatekeeper.close();
      await stills.close();
      await looks.close();
      await decoder.close();
    },
  };
}

export interface CompareSetup {
  readonly modelDir: string;
  readonly threads: number;
  readonly concurrency: number;
  readonly candidates: CandidateRules;
}

export async function runCompare(ground: Ground, setup: CompareSetup): Promise<Running> {
  const { db, blobs, queue, clock, log, snapshots } = ground;
  const eye = await openEye({ modelDir: setup.modelDir, threads: setup.threads });
  // evidence: sealed as it is raised
  const desk = new CandidateDesk(setup.candidates, (trx, id) => snapshots.sealRaised(trx, id));

  // network, and in the same transaction what it means for the items of the view
  const judge = new Judge({
    ...{ db, blobs, eye, clock, log },
    onJudged: async (trx, judgement) => {
      for (const id of await desk.onJudged(trx, judgement))
        log.info({ candidate: id, view: judgement.viewId }, 'raised');
    },
    onCompared: (result, tookMs) => ground.onLook?.(result, tookMs),
  });
  const worker = await queue.work((viewId, signal) => judge.judge(viewId, signal), { concurrency: setup.concurrency });
  // drill: what each view can see, tried when nobody waits for it
  const drills = new DrillWorker({ db, blobs, eye, clock, log, subjectOf: (viewId) => judge.subjectOf(viewId) });
  drills.start();
  return {
    async close() {
      await drills.close();
      await worker.close();
      await eye.close();
    },
  };
}

/** Live pictures for whoever serves pages, over the same connections as everything else of this process. */
export function openLive({ db, clock, log }: Pick<Ground, 'db' | 'clock' | 'log'>, line: Line): LiveRelay {
  const cameras = new CameraStore(db);
  return new LiveRelay({
    clock,
    log: log.child({ room: 'wall' }),
    findEncoder: () => findMpeg1Encoder(),
    hold: (target, options) => line.pulls.hold(target, options),
    aim: line.aim,
    cameraOf: async (cameraId) => (await cameras.forCapture([cameraId]))[0],
    maskedOf: (cameraIds) => cameras.maskedOf(cameraIds),
  });
}

const SWEEP_EVERY_MS = 10_000;
/** A look that waits longer than this has lost its job. */
const FORGOTTEN_AFTER_MS = 20_000;
const PRUNE_EVERY_MS = 60_000;
const PRUNE_EVIDENCE_EVERY_MS = 3_600_000;
/** The whole store is walked over this often; it is asked more often whether that is due. */
const SWEEP_BLOBS_EVERY_MS = 86_400_000;

export function runUpkeep(ground: Ground, rules: RetentionRules): Running {
  const { db, blobs, queue, clock, log } = ground;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const everyMs = (periodMs: number, what: string, work: () => Promise<void>): Timer => {
    let working: Promise<void> | undefined;
    return clock.every(periodMs, () => {
      if (working) return;
      const mine = work()
        .catch((thrown: unknown) => {
          if (!closing.signal.aborted) log.error({ problem: problemOf(thrown) }, `${what} failed; it is tried again`);
        })
        .finally(() => {
          working = undefined;
          running.delete(mine);
        });
      working = mine;
      running.add(mine);
    });
  };
  const timers = [
    everyMs(SWEEP_EVERY_MS, 'the sweep', async () => {
      const views = await forgottenViews(db, new Date(clock.nowMs() - FORGOTTEN_AFTER_MS), LIMITS.sweptViews);
      for (const viewId of views) await queue.add(viewId);
      if (views.length > 0) log.debug({ views: views.length }, 'looks without a job were put back on the queue');
    }),
    everyMs(PRUNE_EVERY_MS, 'pruning', async () => {
      const pruned = await prune(db, blobs, rules, clock);
      if (pruned.pictures + pruned.rows > 0) log.debug({ ...pruned }, 'pruned');
    }),
    everyMs(PRUNE_EVIDENCE_EVERY_MS, 'pruning evidence', async () => {
      const snapshots = await pruneEvidence(db, blobs, rules, clock, ground.snapshots.sm3);
      if (snapshots > 0) log.info({ snapshots }, 'files of snapshots went by the rules of retention');
    }),
    everyMs(PRUNE_EVIDENCE_EVERY_MS, 'the sweep of stored files', async () => {
      if (!(await takeSweepTurn(db, SWEEP_BLOBS_EVERY_MS, clock.nowMs()))) return;
      const swept = await sweepBlobs(db, blobs, closing.signal);
      log.info({ ...swept }, 'stored files that nothing refers to were deleted');
    }),
  ];
  return {
    async close() {
      for (const timer of timers) timer.cancel();
      closing.abort(new Error('closing'));
      await Promise.all(running);
    },
  };
}

/** What a camera answered over ONVIF is believed for so long. */
const STREAMS_KNOWN_MS = 600_000;

/** Which stream of a camera to pull: the small one to look, the large one for evidence; the other where one is missing. */
function aimer(
  setup: Pick<LineSetup, 'openSecret' | 'streamsOf'>,
  clock: Clock,
): (camera: CaptureCamera, stream: 'look' | 'evidence') => Promise<Aim> {
  const known = new Map<number, { streams: KnownStreams; untilMs: number }>();

  async function streamsOf(camera: CaptureCamera, credentials: RtspTarget['credentials']): Promise<KnownStreams> {
    const kept = known.get(camera.id);
    if (kept && kept.untilMs > clock.monotonicMs()) return kept.streams;
    if (!camera.onvifUrl) throw new SentinelError('capture.failed', { problem: 'the camera has no address' });
    const streams = await setup.streamsOf(camera.onvifUrl, credentials);
    known.set(camera.id, { streams, untilMs: clock.monotonicMs() + STREAMS_KNOWN_MS });
    if (known.size > LIMITS.cameras) known.delete(known.keys().next().value as number);
    return streams;
  }

  return async (camera, stream) => {
    const credentials = loginOf(camera, setup.openSecret);
    const { mainUrl, subUrl, clockOffset } =
      camera.mainUrl || camera.subUrl
        ? { mainUrl: camera.mainUrl, subUrl: camera.subUrl, clockOffset: undefined }
        : await streamsOf(camera, credentials);
    const url = (stream === 'look' ? (subUrl ?? mainUrl) : (mainUrl ?? subUrl)) as string;
    return { target: { url, ...(credentials && { credentials }) }, ...(clockOffset && { clockOffset }) };
  };
}

function loginOf({ credential }: CaptureCamera, openSecret: LineSetup['openSecret']): RtspTarget['credentials'] {
  if (!credential) return undefined;
  return { username: credential.username, password: openSecret(credential.name, credential.secretSealed) };
}
