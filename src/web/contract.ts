/**
 * The HTTP contract, as JSON Schema: what `/api/v1` takes and answers. Routes validate with it, OpenAPI is made from it,
 * and the pages import its types. Times are ISO 8601 in UTC; places are fractions of the picture; lists answer
 * `{ items, next }`, where `next` is an opaque cursor or null.
 */
import { Type, type Static, type TSchema } from 'typebox';
import { CameraLocation } from './contract-console.ts';
import { CandidateOrder } from './contract-desk.ts';
import { CameraClock } from './contract-evidence.ts';
import {
  Box,
  Fraction,
  Id,
  LongId,
  Nullable,
  PageQuery,
  PersistenceRule,
  Sent,
  Severity,
  Time,
  VerdictKind,
  Words,
} from './contract-shapes.ts';
import type { AlertList } from './contract-wall.ts';

export * from './contract-console.ts';
export * from './contract-desk.ts';
export * from './contract-drill.ts';
export * from './contract-evidence.ts';
export * from './contract-live.ts';
export * from './contract-package.ts';
export * from './contract-patrol.ts';
export * from './contract-wall.ts';
export { PageQuery, Severity, VerdictKind } from './contract-shapes.ts';

export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Nullable(Type.String()) });

export const IdParams = Type.Object({ id: Id });
export const LookParams = Type.Object({ id: Id, lookId: LongId });
export const MaskParams = Type.Object({ id: Id, maskId: Id });

export const ErrorBody = Type.Object({
  error: Type.Object({
    code: Type.String({ description: 'a code of the error table' }),
    message: Type.String({ description: 'in the language of Accept-Language (zh or en)' }),
    details: Type.Record(Type.String(), Type.Unknown()),
  }),
});
export type ErrorBody = Static<typeof ErrorBody>;

export const Role = Words('viewer', 'operator', 'enforcement', 'admin');
export type Role = Static<typeof Role>;

export const PointList = Type.Array(Type.Tuple([Fraction, Fraction]), { minItems: 3, maxItems: 64 });
/** The same as it is answered: without the checks that only what is sent needs. */
const ShownPoints = Type.Array(Type.Tuple([Type.Number(), Type.Number()]));

// --- who is signed in ------------------------------------------------------------------------------------------------

export const SignIn = Sent({
  name: Type.String({ minLength: 1, maxLength: 64 }),
  password: Type.String({ minLength: 1, maxLength: 128 }),
});

export const Unlock = Sent({ password: SignIn.properties.password });

export const Me = Type.Object({
  id: Id,
  name: Type.String(),
  displayName: Type.String(),
  role: Role,
  permissions: Type.Array(Type.String()),
  unit: Nullable(Type.Object({ id: Id, name: Type.String(), seesAll: Type.Boolean() })),
  /** Nothing but the password, or leaving, is taken until it is opened. */
  isLocked: Type.Boolean(),
  /** Untouched for so many seconds it locks; null: it does not. */
  idleLockS: Nullable(Type.Number()),
  estate: Type.Object({ name: Type.String(), timeZone: Type.String() }),
  /** Nobody is signed in: a paired machine shows screens of the wall. */
  isMachine: Type.Boolean(),
  serverTime: Time,
});
export type Me = Static<typeof Me>;

// --- cameras and views -----------------------------------------------------------------------------------------------

export const CameraState = Words('unknown', 'online', 'offline', 'frozen', 'wrong_codec', 'unauthorised');

export const Camera = Type.Object({
  id: Id,
  key: Type.String(),
  name: Type.String(),
  place: Type.String(),
  kind: Words('fixed', 'ptz'),
  enabled: Type.Boolean(),
  clock: CameraClock,
  location: CameraLocation,
  /** It can be asked over ONVIF. */
  hasOnvif: Type.Boolean(),
  health: Type.Object({
    state: CameraState,
    since: Time,
    reason: Nullable(Type.String()),
    lastFrameAt: Nullable(Time),
    codec: Nullable(Type.String()),
    widthPx: Nullable(Type.Integer()),
    heightPx: Nullable(Type.Integer()),
    clockOffsetMs: Nullable(Type.Integer()),
    clockMeasuredAt: Nullable(Time),
    errors: Type.Integer(),
    lastError: Nullable(Type.String()),
    lastErrorAt: Nullable(Time),
  }),
});
export type Camera = Static<typeof Camera>;

export const CameraQuery = Sent({
  ...PageQuery.properties,
  state: Type.Optional(CameraState),
  kind: Type.Optional(Words('fixed', 'ptz')),
  search: Type.Optional(Type.String({ maxLength: 100 })),
});

export const MaskBody = Sent({
  kind: Words('privacy', 'ignore', 'watch'),
  name: Type.String({ maxLength: 100 }),
  polygon: PointList,
  persistenceRule: Nullable(PersistenceRule),
});
export const Mask = Type.Object({ id: Id, ...MaskBody.properties });
export type Mask = Static<typeof Mask>;

export const ViewState = Words('learning', 'proposed', 'watching', 'paused');

export const View = Type.Object({
  id: Id,
  camera: Type.Object({ id: Id, key: Type.String(), name: Type.String(), place: Type.String(), state: CameraState }),
  key: Type.String(),
  name: Type.String(),
  state: ViewState,
  cadenceS: Type.Number({ description: 'the one in force' }),
  lastLookAt: Nullable(Time),
  lastJudgedAt: Nullable(Time),
  notJudged: Nullable(Type.Object({ reason: Type.String(), since: Time })),
  pictureUrl: Nullable(Type.String({ description: 'newest kept picture of the view, masks burned in' })),
  baselines: Type.Object({ accepted: Type.Integer(), proposed: Type.Integer() }),
  learning: Nullable(Type.Object({ since: Time, until: Time, pictures: Type.Integer() })),
  openCandidates: Type.Integer(),
});
export type View = Static<typeof View>;

export const ViewQuery = Sent({
  ...PageQuery.properties,
  cameraId: Type.Optional(Id),
  state: Type.Optional(ViewState),
  notJudged: Type.Optional(Type.Boolean()),
});

export const Baseline = Type.Object({
  id: Id,
  capturedAt: Time,
  lighting: Type.String(),
  state: Words('proposed', 'accepted', 'removed'),
  origin: Words('learning', 'verdict', 'relearned'),
  polygon: Nullable(ShownPoints),
  decidedBy: Nullable(Type.String()),
  decidedAt: Nullable(Time),
  pictureUrl: Type.String(),
});
export type Baseline = Static<typeof Baseline>;

export const ViewDetail = Type.Object({
  ...View.properties,
  minScore: Nullable(Type.Number()),
  threshold: Type.Object(
    {
      score: Nullable(Type.Number({ description: 'null: the model’s default, not told yet' })),
      source: Words('person', 'pictures', 'model'),
      modelScore: Nullable(Type.Number()),
      pictures: Type.Integer({ description: 'lawful pictures that were judged against the others' }),
      highestPicture: Nullable(Type.Number()),
      looks: Type.Integer({ description: 'later looks that were found unchanged' }),
      highestLook: Nullable(Type.Number()),
      reckonedAt: Nullable(Time),
    },
    { description: 'the score in force, and what it was reckoned from' },
  ),
  persistenceRule: PersistenceRule,
  masks: Type.Array(Mask),
  baselineList: Type.Array(Baseline),
});
export type ViewDetail = Static<typeof ViewDetail>;

export const ViewChange = Sent({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  state: Type.Optional(Words('watching', 'paused')),
  cadenceS: Type.Optional(Nullable(Type.Number({ minimum: 1, maximum: 86_400 }))),
  minScore: Type.Optional(Nullable(Fraction)),
  persistenceRule: Type.Optional(Nullable(PersistenceRule)),
});

export const AcceptBaselines = Sent({
  viewIds: Type.Optional(
    Type.Array(Id, { maxItems: 5_000, description: 'absent: every view that has finished learning' }),
  ),
});
export const AcceptedBaselines = Type.Object({ views: Type.Integer(), pictures: Type.Integer() });

export const Region = Type.Object({
  score: Type.Number(),
  box: Box,
  polygon: ShownPoints,
  areaFraction: Type.Number(),
});

export const Look = Type.Object({
  id: LongId,
  capturedAt: Time,
  result: Words('pending', 'learning', 'unchanged', 'changed', 'not_judged', 'superseded'),
  reason: Nullable(Type.String()),
  stage: Words('capture', 'gate', 'network'),
  gateScore: Nullable(Type.Number()),
  maxScore: Nullable(Type.Number()),
  regions: Type.Array(Region),
  pose: Nullable(Type.Object({ dxPx: Type.Number(), dyPx: Type.Number(), residualPx: Nullable(Type.Number()) })),
  lighting: Nullable(Type.String()),
  pictureUrl: Nullable(Type.String()),
  compareMs: Nullable(Type.Number()),
});
export type Look = Static<typeof Look>;

export const LookQuery = Sent({
  ...PageQuery.properties,
  result: Type.Optional(Words('learning', 'unchanged', 'changed', 'not_judged')),
});

// --- candidates ------------------------------------------------------------------------------------------------------

export const Verdict = Type.Object({
  id: Id,
  verdict: VerdictKind,
  reason: Type.String(),
  duplicateOf: Nullable(Id),
  decidedBy: Type.String(),
  decidedAt: Time,
  undoneBy: Nullable(Type.String()),
  undoneAt: Nullable(Time),
});
export type Verdict = Static<typeof Verdict>;

export const Candidate = Type.Object({
  id: Id,
  view: Type.Object({ id: Id, name: Type.String() }),
  camera: Type.Object({ id: Id, name: Type.String(), place: Type.String() }),
  state: Words('open', 'decided'),
  severity: Severity,
  box: Box,
  polygon: ShownPoints,
  score: Type.Number(),
  occurrences: Type.Integer(),
  firstSeenAt: Time,
  lastSeenAt: Time,
  raisedAt: Time,
  claim: Nullable(Type.Object({ by: Type.String(), userId: Id, until: Time })),
  verdict: Nullable(Verdict),
  pictures: Type.Object({
    before: Nullable(Type.String()),
    after: Nullable(Type.String()),
    overlay: Nullable(Type.String()),
  }),
  /** When whoever asks first looked at it; a mark of one's own. */
  seenAt: Nullable(Time),
  version: Type.Integer(),
});
export type Candidate = Static<typeof Candidate>;

export const CandidateDetail = Type.Object({
  ...Candidate.properties,
  machineResult: Type.Record(Type.String(), Type.Unknown()),
  verdicts: Type.Array(Verdict),
  undoUntil: Nullable(Time),
  evidence: Type.Array(
    Type.Object({
      state: Words('wanted', 'kept', 'failed'),
      stream: Nullable(Words('main', 'sub')),
      codec: Nullable(Type.String()),
      sha256: Nullable(Type.String()),
      units: Type.Integer(),
      bytes: Type.Integer(),
      capturedAt: Nullable(Time),
      problem: Nullable(Type.String()),
    }),
  ),
});
export type CandidateDetail = Static<typeof CandidateDetail>;

export const CandidateQuery = Sent({
  ...PageQuery.properties,
  state: Type.Optional(Words('open', 'decided')),
  verdict: Type.Optional(VerdictKind),
  severity: Type.Optional(Severity),
  viewId: Type.Optional(Id),
  cameraId: Type.Optional(Id),
  place: Type.Optional(Type.String({ maxLength: 100, description: 'part of the camera’s name or place' })),
  since: Type.Optional(Time),
  until: Type.Optional(Time),
  order: Type.Optional(CandidateOrder),
});

export const ClaimBody = Sent({
  release: Type.Optional(Type.Boolean({ description: 'true gives the claim back' })),
});

export const VerdictBody = Sent({
  verdict: VerdictKind,
  reason: Type.Optional(Type.String({ maxLength: 1000, description: 'must be given for false_alarm and permitted' })),
  duplicateOf: Type.Optional(Id),
  version: Type.Integer({ minimum: 1, description: 'the version of the candidate that was looked at' }),
});

// --- what happens ----------------------------------------------------------------------------------------------------

export const EventKind = Words(
  'candidate.raised',
  'candidate.changed',
  'view.changed',
  'camera.changed',
  'turret.changed',
  'route.changed',
  'task.changed',
  'alert.changed',
  'screen.changed',
  'store.changed',
  'log.changed',
  'plan.changed',
);
export type EventKind = Static<typeof EventKind>;

/** Those that change which alerts stand, or who has seen them. */
export const ALERT_EVENTS: ReadonlySet<string> = new Set<EventKind>([
  'candidate.raised',
  'candidate.changed',
  'alert.changed',
]);

export const EventQuery = Sent({
  after: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'resume after this id; as the header Last-Event-ID',
    }),
  ),
});

export const Event = Type.Object({
  id: LongId,
  at: Time,
  kind: EventKind,
  data: Type.Object({
    candidateId: Type.Optional(Id),
    viewId: Type.Optional(Id),
    cameraId: Type.Optional(Id),
    routeId: Type.Optional(Id),
    taskId: Type.Optional(Id),
    planId: Type.Optional(Id),
    screen: Type.Optional(Type.Integer()),
    change: Type.Optional(Type.String()),
  }),
});
export type Event = Static<typeof Event>;

export const EVENT_LINE_URL = '/api/v1/events/line';
/** What a page says over the WebSocket: whether it wants the alerts whenever an event has changed them. */
export const EventAsk = Type.Object({ alerts: Type.Boolean() }, { additionalProperties: false });
export type EventAsk = Static<typeof EventAsk>;

/**
 * What a page is told over the WebSocket: an event; the alerts as they were after one; that it must load anew what it
 * shows; or that the line lives.
 */
export type EventMessage =
  | { readonly event: Event }
  | { readonly alerts: AlertList; readonly after: number }
  | { readonly reset: number }
  | { readonly alive: true };

// --- people and programs ---------------------------------------------------------------------------------------------

const Password = Type.String({ minLength: 12, maxLength: 128 });

export const User = Type.Object({
  id: Id,
  name: Type.String(),
  displayName: Type.String(),
  role: Role,
  disabled: Type.Boolean(),
  createdAt: Time,
  unitId: Nullable(Id),
});
export type User = Static<typeof User>;

export const UserBody = Sent({
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' }),
  displayName: Type.String({ maxLength: 64 }),
  role: Role,
  password: Password,
  unitId: Type.Optional(Nullable(Id)),
});
export const UserChange = Sent({
  displayName: Type.Optional(Type.String({ maxLength: 64 })),
  role: Type.Optional(Role),
  disabled: Type.Optional(Type.Boolean()),
  password: Type.Optional(Password),
  unitId: Type.Optional(Nullable(Id)),
});
export const PasswordChange = Sent({ current: Type.String({ maxLength: 128 }), next: Password });

export const Token = Type.Object({
  id: Id,
  name: Type.String(),
  createdAt: Time,
  expiresAt: Nullable(Time),
  lastUsedAt: Nullable(Time),
});
export type Token = Static<typeof Token>;
export const TokenBody = Sent({
  name: Type.String({ minLength: 1, maxLength: 64 }),
  expiresAt: Type.Optional(Time),
});
export const NewToken = Type.Object({ ...Token.properties, token: Type.String({ description: 'shown once' }) });

// --- camera files ----------------------------------------------------------------------------------------------------

export const ImportQuery = Sent({
  format: Type.Optional(Words('yaml', 'csv')),
  dryRun: Type.Optional(Type.Boolean({ description: 'true reports what would change and changes nothing' })),
});

export const ImportReport = Type.Object({
  dryRun: Type.Boolean(),
  added: Type.Integer(),
  changed: Type.Integer(),
  unchanged: Type.Integer(),
  refused: Type.Integer(),
  lines: Type.Array(
    Type.Object({
      line: Type.Integer(),
      key: Type.String(),
      outcome: Words('added', 'changed', 'unchanged', 'refused'),
      detail: Type.String(),
    }),
  ),
});
export type ImportReport = Static<typeof ImportReport>;

// --- health ----------------------------------------------------------------------------------------------------------

export const Readiness = Type.Object({
  ready: Type.Boolean(),
  checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })),
});
