/** The console: settings of many cameras at once, tests of a connection, the estate's buildings, plans, audit and health. */
import { Type, type Static } from 'typebox';
import { Fraction, Id, LongId, Nullable, PageQuery, PersistenceRule, Sent, Time, Words } from './contract-shapes.ts';

// --- cameras ---------------------------------------------------------------------------------------------------------

export const CamerasChange = Sent({
  cameraIds: Type.Array(Id, { minItems: 1, maxItems: 5_000, uniqueItems: true }),
  place: Type.Optional(Type.String({ maxLength: 200, description: 'administrators only: units see cameras by place' })),
  enabled: Type.Optional(Type.Boolean({ description: 'administrators only' })),
  state: Type.Optional(Words('watching', 'paused')),
  cadenceS: Type.Optional(Nullable(Type.Number({ minimum: 1, maximum: 86_400 }))),
  persistenceRule: Type.Optional(Nullable(PersistenceRule)),
});
export type CamerasChange = Static<typeof CamerasChange>;

export const CamerasChanged = Type.Object({
  cameras: Type.Integer(),
  views: Type.Integer(),
  refused: Type.Array(Type.Object({ viewId: Id, name: Type.String(), code: Type.String(), message: Type.String() }), {
    description: 'views that were left as they were, and why',
  }),
});
export type CamerasChanged = Static<typeof CamerasChanged>;

/** Where a camera hangs, as snapshots made with it state. */
export const CameraLocation = Sent({
  locationCode: Nullable(
    Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: '\\S',
      description: 'in the estate’s or the authority’s register',
    }),
  ),
  latitudeDeg: Nullable(
    Type.Number({ minimum: -90, maximum: 90, description: 'WGS-84; with the longitude or not at all' }),
  ),
  longitudeDeg: Nullable(Type.Number({ minimum: -180, maximum: 180 })),
  mountingHeightM: Nullable(Type.Number({ minimum: 0, maximum: 1_000, description: 'above the ground below it' })),
});
export type CameraLocation = Static<typeof CameraLocation>;

export const ConnectionReport = Type.Object({
  at: Time,
  steps: Type.Array(
    Type.Object({
      stream: Nullable(Words('sub', 'main')),
      step: Words('device', 'address', 'connect', 'describe', 'play', 'picture'),
      outcome: Words('done', 'failed', 'not_tried'),
      tookMs: Nullable(Type.Integer()),
      detail: Type.String(),
      problem: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
    }),
  ),
  picture: Nullable(Type.String({ description: 'JPEG in base64, privacy masks burned in; kept nowhere' })),
  pictureOf: Nullable(Words('sub', 'main')),
});
export type ConnectionReport = Static<typeof ConnectionReport>;

// --- the estate ------------------------------------------------------------------------------------------------------

const Storey = Type.Integer({ minimum: -20, maximum: 200 });
const Name = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' });

export const BuildingBody = Sent({
  name: Name,
  storeys: Nullable(Type.Integer({ minimum: 1, maximum: 200 })),
  note: Type.String({ maxLength: 500 }),
});
export type BuildingBody = Static<typeof BuildingBody>;

export const Building = Type.Object({
  id: Id,
  name: Type.String(),
  storeys: Nullable(Type.Integer()),
  note: Type.String(),
  entrances: Type.Array(Type.Object({ name: Type.String(), households: Type.Integer() })),
  households: Type.Integer(),
});
export type Building = Static<typeof Building>;

export const RemoveBuildingQuery = Sent({
  withHouseholds: Type.Optional(Type.Boolean({ description: 'true lets its households go with it' })),
});

export const HouseholdBody = Sent({
  buildingId: Id,
  entrance: Type.String({ maxLength: 50 }),
  number: Type.String({ minLength: 1, maxLength: 50, pattern: '\\S' }),
  storey: Nullable(Storey),
  resident: Type.String({ maxLength: 100 }),
  phone: Type.String({ maxLength: 50 }),
  note: Type.String({ maxLength: 500 }),
});
export type HouseholdBody = Static<typeof HouseholdBody>;

export const Household = Type.Object({
  id: Id,
  buildingId: Id,
  building: Type.String(),
  entrance: Type.String(),
  number: Type.String(),
  storey: Nullable(Type.Integer()),
  resident: Type.String(),
  phone: Type.String(),
  note: Type.String(),
});
export type Household = Static<typeof Household>;

export const HouseholdQuery = Sent({
  ...PageQuery.properties,
  buildingId: Type.Optional(Id),
  entrance: Type.Optional(Type.String({ maxLength: 50 })),
  search: Type.Optional(
    Type.String({ maxLength: 100, description: 'part of building, number, resident, phone or note' }),
  ),
});

/** With how many there are in all, so that a page can say which of how many it is. */
export const HouseholdPage = Type.Object({
  items: Type.Array(Household),
  next: Nullable(Type.String()),
  total: Type.Integer(),
});
export type HouseholdPage = Static<typeof HouseholdPage>;

// --- plans -----------------------------------------------------------------------------------------------------------

export const Plan = Type.Object({
  id: Id,
  name: Type.String(),
  position: Type.Integer(),
  widthPx: Type.Integer(),
  heightPx: Type.Integer(),
  pictureUrl: Type.String(),
  cameras: Type.Integer({ description: 'placed on it' }),
});
export type Plan = Static<typeof Plan>;

export const PlanQuery = Sent({ name: Name });
export const PlanChange = Sent({
  name: Type.Optional(Name),
  position: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
});

/** Where a camera hangs: fractions of the picture, degrees clockwise from its top, reach in fractions of its width. */
export const CameraPlacing = Sent({
  x: Fraction,
  y: Fraction,
  headingDeg: Type.Number({ minimum: 0, exclusiveMaximum: 360 }),
  spreadDeg: Type.Number({ minimum: 1, maximum: 360 }),
  reach: Type.Number({ minimum: 0.005, maximum: 1 }),
});
export type CameraPlacing = Static<typeof CameraPlacing>;

const Outline = Type.Array(Type.Tuple([Fraction, Fraction]), { minItems: 3, maxItems: 64 });
export const AreaPlacing = Sent({ polygon: Outline });
export type AreaPlacing = Static<typeof AreaPlacing>;
const ShownOutline = Type.Array(Type.Tuple([Type.Number(), Type.Number()]));

export const PlacedParams = Type.Object({ id: Id, placedId: Id });

/** A plan and what is on it, with the state and the open items of each camera at this moment. */
export const PlanDetail = Type.Object({
  ...Plan.properties,
  placed: Type.Array(
    Type.Object({
      ...CameraPlacing.properties,
      cameraId: Id,
      name: Type.String(),
      place: Type.String(),
      kind: Words('fixed', 'ptz'),
      enabled: Type.Boolean(),
      state: Words('unknown', 'online', 'offline', 'frozen', 'wrong_codec', 'unauthorised'),
      lastLookAt: Nullable(Time),
      notJudged: Type.Boolean({ description: 'the newest look of one of its views could not be judged' }),
      open: Type.Integer({ description: 'open items' }),
      safety: Type.Integer({ description: 'of these the ones of severity safety' }),
      high: Type.Integer({ description: 'of these the ones of severity high' }),
      openSince: Nullable(Time),
      viewId: Nullable(Id),
    }),
  ),
  views: Type.Array(
    Type.Object({
      viewId: Id,
      cameraId: Id,
      name: Type.String(),
      polygon: ShownOutline,
      open: Type.Integer(),
      safety: Type.Integer(),
      high: Type.Integer(),
    }),
  ),
  buildings: Type.Array(Type.Object({ buildingId: Id, name: Type.String(), polygon: ShownOutline })),
});
export type PlanDetail = Static<typeof PlanDetail>;

// --- audit -----------------------------------------------------------------------------------------------------------

const AUDIT_FILTER = {
  userId: Type.Optional(Id),
  action: Type.Optional(Type.String({ maxLength: 64, description: 'whole, or what it begins with: `view.`' })),
  subject: Type.Optional(Type.String({ maxLength: 100, description: 'what was changed, e.g. `camera 12`' })),
  since: Type.Optional(Time),
  until: Type.Optional(Time),
  search: Type.Optional(Type.String({ maxLength: 100, description: 'part of what the entry says' })),
};
export const AuditQuery = Sent({ ...PageQuery.properties, ...AUDIT_FILTER });
export const AuditExportQuery = Sent(AUDIT_FILTER);

export const AuditEntry = Type.Object({
  id: LongId,
  at: Time,
  userId: Nullable(Id),
  who: Type.String({ description: 'name at present; empty where nobody was signed in' }),
  action: Type.String(),
  subject: Type.String(),
  /** What the subject is called at present, where it still is. */
  subjectName: Nullable(Type.String()),
  details: Type.Record(Type.String(), Type.Unknown()),
});
export type AuditEntry = Static<typeof AuditEntry>;

export const AuditWords = Type.Object({ actions: Type.Array(Type.String()) });

// --- the system ------------------------------------------------------------------------------------------------------

export const StoreState = Words('ample', 'low', 'out', 'untold');

/** What every page says to everybody. */
export const Notices = Type.Object({
  store: Type.Object({ state: StoreState, freeBytes: Nullable(Type.Number()) }),
});
export type Notices = Static<typeof Notices>;

const Counted = Type.Array(Type.Object({ word: Type.String(), n: Type.Integer() }));

export const SystemHealth = Type.Object({
  at: Time,
  checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })),
  cameras: Counted,
  views: Counted,
  notJudged: Type.Array(Type.Object({ word: Type.String(), n: Type.Integer(), since: Nullable(Time) })),
  queue: Type.Object({ waiting: Type.Integer(), active: Type.Integer(), failed: Type.Integer() }),
  processes: Type.Array(
    Type.Object({
      name: Type.String(),
      part: Words('capture', 'patrol'),
      seenAt: Time,
      cameras: Type.Integer(),
      alive: Type.Boolean(),
    }),
  ),
  looks: Type.Array(
    Type.Object({
      at: Time,
      looks: Type.Integer(),
      notJudged: Type.Integer(),
      changed: Type.Integer(),
      compared: Type.Integer(),
      compareMs: Nullable(Type.Number({ description: 'median of the minute' })),
    }),
    { description: 'the last whole minutes, oldest first' },
  ),
  compareMs: Type.Object({ median: Nullable(Type.Number()), p95: Nullable(Type.Number()) }),
  open: Counted,
  serverClock: Type.Array(
    Type.Object({
      host: Type.String(),
      synchronised: Nullable(Type.Boolean()),
      source: Nullable(Type.String()),
      offsetMs: Nullable(Type.Number()),
      checkedAt: Time,
      steppedAt: Nullable(Time),
      steppedMs: Nullable(Type.Integer()),
    }),
  ),
});
export type SystemHealth = Static<typeof SystemHealth>;

export const StoreReport = Type.Object({
  state: StoreState,
  freeBytes: Nullable(Type.Number()),
  totalBytes: Nullable(Type.Number()),
  alarmBelowBytes: Type.Number(),
  picturesStopBelowBytes: Type.Number(),
  /** Files of pictures and evidence; null until they have been counted. */
  files: Nullable(Type.Object({ count: Type.Integer(), bytes: Type.Number(), countedAt: Time })),
  tables: Type.Array(
    Type.Object({ name: Type.String(), rows: Type.Number({ description: 'about' }), bytes: Type.Number() }),
  ),
  rules: Type.Object({
    looksDays: Type.Number(),
    picturesHours: Type.Number(),
    eventsDays: Type.Number(),
    auditDays: Type.Number(),
    violationDays: Type.Number(),
    dismissedDays: Type.Number(),
    pulledDays: Type.Number(),
  }),
  oldest: Type.Object({ look: Nullable(Time), audit: Nullable(Time), snapshot: Nullable(Time) }),
  held: Type.Integer({ description: 'holds that stand' }),
});
export type StoreReport = Static<typeof StoreReport>;
