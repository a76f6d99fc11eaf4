/** What the routes share: the typed server, what they are handed, and how their answers are declared. */
import type {} from '@fastify/cookie';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { TSchema } from 'typebox';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Said } from '../base/said.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { PersistenceRule } from '../drivers/postgres/schema.ts';
import type { ClockRules, ConnectionTester } from '../camera/camera.ts';
import type { MoverFinder } from '../comparison/comparison.ts';
import type { CameraClockDesk, Custody, PackageDesk, RetentionRules, SnapshotDesk } from '../evidence/evidence.ts';
import type { Review } from '../review/review.ts';
import type { LiveRelay } from '../wall/wall.ts';
import { ErrorBody, type ImportReport } from './contract.ts';
import type { EventFeed } from './event-feed.ts';
import type { AlertBoard } from './alert-board.ts';
import type { EventReaders } from './event-readers.ts';
import type { EvidenceDoor } from './evidence-visit.ts';
import type { RecheckAccount, SessionCookie } from './guard.ts';
import type { LoginThrottle } from './login-throttle.ts';
import type { WebMetrics } from './metrics.ts';
import type { Account } from './people-store.ts';
import type { Permission } from './permissions.ts';

export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Required of every route. */
    permission?: Permission | 'public';
    /** Also answered while the session is locked: what it takes to open it, or to leave. */
    whileLocked?: boolean;
  }
  interface FastifyRequest {
    /** Whoever asks; null where nobody is signed in, which only public routes meet. */
    account: Account | null;
  }
}

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Shown to people on the machine or signed in. */
  readonly detail: Said;
}

/** Takes a camera file. Throws SentinelError for a file that cannot be read at all. */
export type ImportCameras = (file: {
  readonly text: string;
  readonly format: 'yaml' | 'csv';
  readonly dryRun: boolean;
  /** Of what the report says. */
  readonly language: 'en' | 'zh';
  /** Who imports: what goes in is in the audit in the same transaction. */
  readonly userId: number;
}) => Promise<ImportReport>;

/** Keeps what was uploaded as a plan's picture. */
export interface PlanPictures {
  /** @returns the SHA-256 in hex */
  put(bytes: Uint8Array): Promise<string>;
}

/** What the machines tell of themselves, for the page of health. */
export interface SystemWatch {
  readonly queueDepth: () => Promise<{ readonly waiting: number; readonly active: number; readonly failed: number }>;
  /** Of the disk that pictures and evidence lie on. */
  readonly store: () => {
    readonly state: 'ample' | 'low' | 'out' | 'untold';
    readonly space: { readonly totalBytes: number; readonly freeBytes: number } | undefined;
  };
  readonly storeRules: { readonly alarmBelowBytes: number; readonly picturesStopBelowBytes: number };
  /** Counts what is kept; some seconds for a million files. */
  readonly countFiles: () => Promise<{ readonly count: number; readonly bytes: number }>;
}

/** Stored bytes by their SHA-256 in hex; throws `blob.missing`. */
export interface PictureStore {
  get(sha256: string): Promise<Uint8Array>;
}

/** Tries a camera while somebody waits. */
export type Connections = Pick<ConnectionTester, 'test'>;

/** Orders and hands out evidence packages; who makes them is no matter here. */
export type Packages = Pick<PackageDesk, 'order' | 'list' | 'read' | 'remove' | 'fetch'>;

/** Looks for people and vehicles in a picture, for whoever covers them. */
export type Movers = Pick<MoverFinder, 'conceal'>;

/** What holds for a view that says nothing else. */
export interface ViewDefaults {
  readonly cadenceS: number;
  readonly learnS: number;
  readonly simulatedLearnS: number;
  readonly persistenceRule: PersistenceRule;
}

/** What holds for a turret that says nothing else. */
export interface PatrolDefaults {
  /** Idle time after which a hand's lease ends. */
  readonly resumeAfterS: number;
  /** A view without a good look for longer is a blind spot. */
  readonly blindAfterHours: number;
}

/** What routes are handed. */
export interface WebParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly review: Review;
  readonly feed: EventFeed;
  readonly readers: EventReaders;
  readonly board: AlertBoard;
  readonly live: LiveRelay;
  readonly pictures: PictureStore;
  readonly custody: Custody;
  readonly door: EvidenceDoor;
  readonly snapshots: Pick<SnapshotDesk, 'pull'>;
  readonly packages: Packages;
  readonly movers: Movers;
  /** When a snapshot's files go by rule if nobody holds them. */
  readonly keptUntil: (snapshotId: string) => Promise<Date | undefined>;
  readonly viewDefaults: ViewDefaults;
  readonly clockRules: ClockRules;
  readonly cameraClocks: Pick<CameraClockDesk, 'measure' | 'set'>;
  readonly patrolDefaults: PatrolDefaults;
  readonly connections: Connections;
  readonly system: SystemWatch;
  /** How long what is kept. */
  readonly retention: RetentionRules;
  readonly plans: PlanPictures;
  readonly importCameras: ImportCameras;
  /** Has every look of these cameras kept as a still for a while. Never fails. */
  readonly wishForStills: (cameraIds: readonly number[]) => Promise<void>;
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
  /** A session that nobody touched for longer is locked; 0: none is. */
  readonly idleLockMs: number;
  readonly cookie: SessionCookie;
  readonly recheck: RecheckAccount;
  readonly throttle: LoginThrottle;
  readonly metrics: WebMetrics;
}

/** Declares the answer and the shape of errors. What a schema does not name is not sent. */
export function answers<T extends TSchema>(schema: T): { 200: T; '4xx': typeof ErrorBody; '5xx': typeof ErrorBody } {
  return { 200: schema, '4xx': ErrorBody, '5xx': ErrorBody };
}
