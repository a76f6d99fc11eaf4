/**
 * The contract of patrol: routes and their coverage, the turret by hand, and what operators are asked to mend. Directions
 * are in ONVIF's generic normalised spaces: pan -1 … 1 (left to right), tilt -1 … 1 (down to up), zoom 0 … 1.
 */
import { Type, type Static } from 'typebox';
import { Fraction, Id, LongId, Nullable, PageQuery, PersistenceRule, Sent, Time, Words } from './contract-shapes.ts';

const Signed = Type.Number({ minimum: -1, maximum: 1 });
const Speed = Type.Number({ minimum: 0.01, maximum: 1, description: 'share of the fastest' });
const PresetToken = Type.String({ minLength: 1, maxLength: 64 });

export const TurretPosition = Type.Object({ pan: Signed, tilt: Signed, zoom: Fraction });
export type TurretPosition = Static<typeof TurretPosition>;
const ShownPosition = Type.Object({ pan: Type.Number(), tilt: Type.Number(), zoom: Type.Number() });

// --- routes ----------------------------------------------------------------------------------------------------------

export const PatrolWindow = Sent({
  days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), {
    minItems: 1,
    maxItems: 7,
    description: 'days on which it begins: 1 Monday … 7 Sunday',
  }),
  from: Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' }),
  to: Type.String({
    pattern: '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$',
    description: 'before or at `from`: of the next day',
  }),
});
export type PatrolWindow = Static<typeof PatrolWindow>;

/** How what is seen at a stop is judged; it is the view's own setting, so every stop at the same place shares it. */
export const StopWatch = Sent({
  judged: Type.Boolean({ description: 'false: visited for the live viewer only' }),
  persistenceRule: Nullable(PersistenceRule),
  minScore: Nullable(Fraction),
});

export const PatrolStopBody = Sent({
  name: Type.String({ maxLength: 100, description: 'empty: the preset’s name' }),
  preset: Type.Optional(Nullable(PresetToken)),
  position: Type.Optional(Nullable(TurretPosition)),
  dwellS: Type.Number({ minimum: 0, maximum: 3600, description: 'how long it stays after the look' }),
  speed: Type.Optional(Nullable(Speed)),
  zoom: Type.Optional(Nullable(Fraction)),
  watch: Type.Optional(StopWatch),
});
export type PatrolStopBody = Static<typeof PatrolStopBody>;

export const PatrolRouteBody = Sent({
  cameraId: Id,
  name: Type.String({ minLength: 1, maxLength: 100 }),
  enabled: Type.Boolean(),
  priority: Type.Integer({ minimum: 0, maximum: 100, description: 'the higher goes first where windows overlap' }),
  randomOrder: Type.Boolean({ description: 'each round in a new order; no stop is left out' }),
  timeZone: Type.Optional(Nullable(Type.String({ maxLength: 64, description: 'IANA zone; null: the estate’s' }))),
  windows: Type.Array(PatrolWindow, { maxItems: 64 }),
  stops: Type.Array(PatrolStopBody, { maxItems: 128 }),
  version: Type.Optional(
    Type.Integer({ minimum: 1, description: 'the version that was changed; needed to change one' }),
  ),
});
export type PatrolRouteBody = Static<typeof PatrolRouteBody>;

export const RouteProblem = Type.Object({
  code: Words(
    'overlap',
    'unreachable',
    'unknown_preset',
    'bad_time_zone',
    'no_stops',
    'no_windows',
    'no_target',
    'same_stop_twice',
    'shadowed',
  ),
  severity: Words('error', 'warning'),
  message: Type.String({ description: 'in the language of Accept-Language' }),
  stop: Nullable(Type.Integer({ description: 'index of the stop it is about' })),
  window: Nullable(Type.Integer({ description: 'index of the window it is about' })),
});
export type RouteProblem = Static<typeof RouteProblem>;

export const PatrolStop = Type.Object({
  id: Id,
  name: Type.String(),
  preset: Nullable(Type.String()),
  presetName: Nullable(Type.String()),
  position: Nullable(ShownPosition),
  dwellS: Type.Number(),
  speed: Nullable(Type.Number()),
  zoom: Nullable(Type.Number()),
  watch: Type.Object({
    judged: Type.Boolean(),
    persistenceRule: Nullable(PersistenceRule),
    minScore: Nullable(Type.Number()),
  }),
  view: Type.Object({
    id: Id,
    state: Words('learning', 'proposed', 'watching', 'paused'),
    pictureUrl: Nullable(Type.String()),
    lastLookAt: Nullable(Time),
    lastGoodLookAt: Nullable(Time),
    notJudged: Nullable(Type.Object({ reason: Type.String(), since: Time })),
  }),
});
export type PatrolStop = Static<typeof PatrolStop>;

export const PatrolRoute = Type.Object({
  id: Id,
  camera: Type.Object({ id: Id, key: Type.String(), name: Type.String(), place: Type.String() }),
  name: Type.String(),
  enabled: Type.Boolean(),
  priority: Type.Integer(),
  randomOrder: Type.Boolean(),
  timeZone: Nullable(Type.String()),
  zoneInForce: Type.String(),
  windows: Type.Array(PatrolWindow),
  stops: Type.Array(PatrolStop),
  problems: Type.Array(RouteProblem),
  roundS: Type.Number({ description: 'how long a round takes, measured where it was, else estimated' }),
  inForce: Type.Boolean({ description: 'its timetable says now, and no route of more priority does' }),
  nextChangeAt: Nullable(Time),
  currentStopId: Nullable(Id),
  version: Type.Integer(),
});
export type PatrolRoute = Static<typeof PatrolRoute>;

export const RouteQuery = Sent({ ...PageQuery.properties, cameraId: Type.Optional(Id) });
export const RouteCheck = Type.Object({ problems: Type.Array(RouteProblem), roundS: Type.Number() });
export type RouteCheck = Static<typeof RouteCheck>;
export const CheckQuery = Sent({
  id: Type.Optional(Type.Integer({ minimum: 1, description: 'the route that this would replace' })),
});

export const CopyDay = Sent({
  from: Type.Integer({ minimum: 1, maximum: 7 }),
  to: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { minItems: 1, maxItems: 6 }),
  version: Type.Integer({ minimum: 1 }),
});

export const RouteFileQuery = Sent({ cameraId: Type.Optional(Id) });
export const RouteImportQuery = Sent({
  dryRun: Type.Optional(Type.Boolean({ description: 'true reports what would change and changes nothing' })),
});
export const RouteImportReport = Type.Object({
  dryRun: Type.Boolean(),
  added: Type.Integer(),
  changed: Type.Integer(),
  unchanged: Type.Integer(),
  refused: Type.Integer(),
  routes: Type.Array(
    Type.Object({
      line: Type.Integer(),
      name: Type.String(),
      outcome: Words('added', 'changed', 'unchanged', 'refused'),
      detail: Type.String(),
    }),
  ),
});
export type RouteImportReport = Static<typeof RouteImportReport>;

export const TestRun = Type.Object({
  id: Id,
  routeId: Id,
  state: Words('waiting', 'running', 'done', 'cancelled', 'failed'),
  by: Type.String(),
  askedAt: Time,
  startedAt: Nullable(Time),
  endedAt: Nullable(Time),
  problem: Nullable(Type.String()),
  stops: Type.Array(
    Type.Object({
      stopId: Id,
      name: Type.String(),
      outcome: Words('waiting', 'moving', 'looked', 'not_settled', 'pose', 'stuck', 'failed', 'interrupted'),
      moveS: Nullable(Type.Number()),
      settleS: Nullable(Type.Number()),
      offset: Nullable(Type.Object({ dxPx: Type.Number(), dyPx: Type.Number() })),
      problem: Nullable(Type.String()),
    }),
  ),
});
export type TestRun = Static<typeof TestRun>;

// --- coverage --------------------------------------------------------------------------------------------------------

export const CoverageQuery = Sent({
  from: Type.Optional(Time),
  to: Type.Optional(Time),
});
export const BlindQuery = Sent({
  ...CoverageQuery.properties,
  hours: Type.Optional(
    Type.Number({ minimum: 1, maximum: 720, description: 'a view without a good look for longer is a blind spot' }),
  ),
});

export const ViewCoverage = Type.Object({
  view: Type.Object({ id: Id, name: Type.String(), cameraId: Id, cameraName: Type.String(), place: Type.String() }),
  stopId: Nullable(Id),
  lastGoodLookAt: Nullable(Time),
  looks: Type.Integer(),
  goodLooks: Type.Integer(),
  plannedLooks: Type.Integer({ description: 'that the timetable gave time for' }),
  longestGapS: Type.Number({ description: 'longest time without a good look, ends of the period included' }),
  longestActiveGapS: Type.Number({ description: 'the same, counting only time in which the route was in force' }),
  notJudged: Type.Array(Type.Object({ reason: Type.String(), looks: Type.Integer() })),
  timeline: Type.Object({
    from: Time,
    stepS: Type.Number(),
    /** One entry a step. */
    planned: Type.Array(Type.Integer()),
    good: Type.Array(Type.Integer()),
    notJudged: Type.Array(Type.Integer()),
  }),
});
export type ViewCoverage = Static<typeof ViewCoverage>;

export const RouteCoverage = Type.Object({
  route: Type.Object({ id: Id, name: Type.String(), cameraId: Id, cameraName: Type.String() }),
  from: Time,
  to: Time,
  days: Type.Array(
    Type.Object({
      day: Type.String({ description: 'yyyy-MM-dd' }),
      planned: Type.Integer(),
      good: Type.Integer(),
      notJudged: Type.Integer(),
    }),
  ),
  views: Type.Array(ViewCoverage),
});
export type RouteCoverage = Static<typeof RouteCoverage>;

export const EstateCoverage = Type.Object({
  from: Time,
  to: Time,
  routes: Type.Array(
    Type.Object({
      route: Type.Object({
        id: Id,
        name: Type.String(),
        cameraId: Id,
        cameraName: Type.String(),
        enabled: Type.Boolean(),
      }),
      views: Type.Integer(),
      looks: Type.Integer(),
      goodLooks: Type.Integer(),
      plannedLooks: Type.Integer(),
      longestActiveGapS: Type.Number(),
      oldestGoodLookAt: Nullable(Time),
      notJudged: Type.Array(Type.Object({ reason: Type.String(), looks: Type.Integer() })),
    }),
  ),
  blindHours: Type.Number(),
  blindSpots: Type.Array(
    Type.Object({
      viewId: Id,
      viewName: Type.String(),
      cameraId: Id,
      cameraName: Type.String(),
      place: Type.String(),
      lastGoodLookAt: Nullable(Time),
      reason: Nullable(Type.String({ description: 'why the newest look could not be judged, or no_route, no_look' })),
    }),
  ),
});
export type EstateCoverage = Static<typeof EstateCoverage>;

// --- the turret ------------------------------------------------------------------------------------------------------

export const HolderKind = Words('route', 'system', 'operator', 'enforcement');
export type HolderKind = Static<typeof HolderKind>;

export const TurretLease = Type.Object({
  kind: HolderKind,
  by: Type.String({ description: 'a person’s or a route’s name' }),
  userId: Nullable(Id),
  routeId: Nullable(Id),
  purpose: Type.String(),
  since: Time,
  expiresAt: Time,
  mine: Type.Boolean({ description: 'held by whoever asks' }),
});
export type TurretLease = Static<typeof TurretLease>;

export const LeaseAnswer = Type.Object({ lease: Nullable(TurretLease), serverTime: Time });
export type LeaseAnswer = Static<typeof LeaseAnswer>;

export const LeaseBody = Sent({
  kind: Type.Optional(Words('operator', 'enforcement')),
  purpose: Type.Optional(Type.String({ maxLength: 200 })),
});
export type LeaseBody = Static<typeof LeaseBody>;

export const TurretPhase = Words(
  'unknown',
  'resting',
  'moving',
  'settling',
  'looking',
  'dwelling',
  'held',
  'parked',
  'unreachable',
);
export type TurretPhase = Static<typeof TurretPhase>;

export const Turret = Type.Object({
  camera: Type.Object({ id: Id, key: Type.String(), name: Type.String(), place: Type.String() }),
  driven: Type.Boolean({ description: 'a patrol process drives it now' }),
  phase: TurretPhase,
  phaseSince: Time,
  routeId: Nullable(Id),
  stopId: Nullable(Id),
  position: Nullable(ShownPosition),
  stuckSince: Nullable(Time),
  problem: Nullable(Type.String()),
  abilities: Nullable(
    Type.Object({
      absolute: Type.Boolean(),
      relative: Type.Boolean(),
      continuous: Type.Boolean(),
      byPicture: Type.Boolean({ description: 'relative moves in shares of the picture' }),
      home: Type.Boolean(),
      setPreset: Type.Boolean(),
    }),
  ),
  lease: Nullable(TurretLease),
  settings: Type.Object({
    parkPreset: Nullable(Type.String()),
    parkAfterS: Nullable(Type.Number()),
    resumeAfterS: Type.Number({ description: 'the one in force: idle time after which a hand’s lease ends' }),
  }),
  openTasks: Type.Integer(),
  serverTime: Time,
});
export type Turret = Static<typeof Turret>;

export const TurretChange = Sent({
  parkPreset: Type.Optional(Nullable(PresetToken)),
  parkAfterS: Type.Optional(Nullable(Type.Number({ minimum: 5, maximum: 86_400 }))),
  resumeAfterS: Type.Optional(Nullable(Type.Number({ minimum: 5, maximum: 3_600 }))),
});

const Hand = { speed: Type.Optional(Speed) };
/** A move by hand; it takes the turret where nobody of the same or higher standing holds it. */
export const MoveBody = Type.Union([
  Sent({
    kind: Type.Literal('continuous'),
    pan: Signed,
    tilt: Signed,
    zoom: Signed,
    forS: Type.Optional(Type.Number({ minimum: 0.1, maximum: 5, description: 'it stops by itself after this' })),
  }),
  Sent({ kind: Type.Literal('relative'), pan: Signed, tilt: Signed, zoom: Signed, ...Hand }),
  Sent({
    kind: Type.Literal('picture'),
    right: Type.Number({
      minimum: -1,
      maximum: 1,
      description: 'what is this share of the picture to the right comes to the middle',
    }),
    up: Type.Number({ minimum: -1, maximum: 1, description: 'the same upwards' }),
    zoom: Type.Optional(Signed),
    ...Hand,
  }),
  Sent({ kind: Type.Literal('absolute'), position: TurretPosition, ...Hand }),
  Sent({ kind: Type.Literal('preset'), token: PresetToken, ...Hand }),
  Sent({ kind: Type.Literal('home'), ...Hand }),
]);
export type MoveBody = Static<typeof MoveBody>;

export const PresetParams = Type.Object({ id: Id, token: PresetToken });
export const TurretPreset = Type.Object({
  token: Type.String(),
  name: Type.String(),
  position: Nullable(ShownPosition),
  pictureUrl: Nullable(Type.String()),
  missingSince: Nullable(Time),
  usedByRoutes: Type.Array(Type.Object({ id: Id, name: Type.String() })),
});
export type TurretPreset = Static<typeof TurretPreset>;
export const PresetList = Type.Object({ items: Type.Array(TurretPreset), readAt: Nullable(Time) });
export type PresetList = Static<typeof PresetList>;
/** The direction in which the turret points now, kept on the device. */
export const PresetBody = Sent({ name: Type.String({ minLength: 1, maxLength: 64 }) });

export const TurretLogEntry = Type.Object({
  id: LongId,
  at: Time,
  kind: HolderKind,
  by: Type.String(),
  action: Type.String(),
  details: Type.Record(Type.String(), Type.Unknown()),
  outcome: Words('done', 'refused', 'failed'),
  problem: Nullable(Type.String()),
});
export type TurretLogEntry = Static<typeof TurretLogEntry>;

// --- what operators are asked to mend --------------------------------------------------------------------------------

export const TaskKind = Words('pose', 'stuck', 'preset_missing');
export type TaskKind = Static<typeof TaskKind>;

export const OperatorTask = Type.Object({
  id: Id,
  kind: TaskKind,
  state: Words('open', 'closed'),
  camera: Type.Object({ id: Id, name: Type.String(), place: Type.String() }),
  view: Nullable(Type.Object({ id: Id, name: Type.String() })),
  openedAt: Time,
  lastSeenAt: Time,
  times: Type.Integer({ description: 'how often it was met' }),
  details: Type.Record(Type.String(), Type.Unknown()),
  closedAt: Nullable(Time),
  closedBy: Nullable(Type.String({ description: 'null: it went away by itself' })),
  note: Type.String(),
});
export type OperatorTask = Static<typeof OperatorTask>;

export const TaskQuery = Sent({
  ...PageQuery.properties,
  state: Type.Optional(Words('open', 'closed')),
  kind: Type.Optional(TaskKind),
  cameraId: Type.Optional(Id),
});
export const TaskClose = Sent({ note: Type.Optional(Type.String({ maxLength: 1000 })) });
