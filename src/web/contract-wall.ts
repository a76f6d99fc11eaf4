/**
 * The contract of the wall: stills and tiles, alerts and who has seen them, screens and what they show, and the machines
 * that show them.
 */
import { Type, type Static } from 'typebox';
import { Id, Nullable, Sent, Severity, Time, Words } from './contract-shapes.ts';

// --- stills and tiles ------------------------------------------------------------------------------------------------

export const StillQuery = Sent({
  size: Type.Optional(Words('small', 'look')),
  v: Type.Optional(
    Type.String({ pattern: '^\\d{1,16}$', description: 'the moment of the wanted picture, UTC ms; as tiles name it' }),
  ),
});

export const Tile = Type.Object({
  cameraId: Id,
  name: Type.String(),
  place: Type.String(),
  kind: Words('fixed', 'ptz'),
  enabled: Type.Boolean(),
  state: Words('unknown', 'online', 'offline', 'frozen', 'wrong_codec', 'unauthorised'),
  since: Time,
  reason: Nullable(Type.String()),
  /** The view whose picture is the newest. */
  view: Nullable(
    Type.Object({
      id: Id,
      name: Type.String(),
      state: Words('learning', 'proposed', 'watching', 'paused'),
      notJudged: Nullable(Type.Object({ reason: Type.String(), since: Time })),
    }),
  ),
  capturedAt: Nullable(Time),
  stillUrl: Nullable(Type.String()),
  /** A picture older than this must not pass for a present one. */
  oldAfterS: Type.Number(),
  /** A part of its picture must not be shown: there are stills of it, and no live picture. */
  masked: Type.Boolean(),
  alertAt: Nullable(Time),
});
export type Tile = Static<typeof Tile>;

export const TileList = Type.Object({
  tiles: Type.Array(Tile),
  /** Of an automatic grid: which of so many turns this is, and when the next begins. */
  turn: Nullable(Type.Object({ turn: Type.Integer(), of: Type.Integer(), until: Nullable(Time) })),
  serverTime: Time,
});
export type TileList = Static<typeof TileList>;

// --- alerts ----------------------------------------------------------------------------------------------------------

export const Acknowledgement = Type.Object({ by: Type.String(), userId: Id, at: Time });
export type Acknowledgement = Static<typeof Acknowledgement>;

export const Alert = Type.Object({
  id: Id,
  severity: Severity,
  camera: Type.Object({ id: Id, name: Type.String(), place: Type.String(), kind: Words('fixed', 'ptz') }),
  view: Type.Object({ id: Id, name: Type.String() }),
  area: Nullable(Type.String({ description: 'name of the watched area it touches; null outside every one' })),
  box: Type.Tuple([Type.Number(), Type.Number(), Type.Number(), Type.Number()]),
  score: Type.Number(),
  occurrences: Type.Integer(),
  firstSeenAt: Time,
  lastSeenAt: Time,
  raisedAt: Time,
  claimedBy: Nullable(Type.String()),
  acknowledgement: Nullable(Acknowledgement),
  pictures: Type.Object({ before: Nullable(Type.String()), after: Nullable(Type.String()) }),
});
export type Alert = Static<typeof Alert>;

export const AlertQuery = Sent({
  after: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'an event the answer must know of already',
    }),
  ),
});

export const AlertList = Type.Object({
  /** Those that nobody has acknowledged first, then by severity, then the newest. */
  items: Type.Array(Alert),
  counts: Type.Object({
    safety: Type.Integer(),
    high: Type.Integer(),
    normal: Type.Integer(),
    acknowledged: Type.Integer(),
  }),
  serverTime: Time,
});
export type AlertList = Static<typeof AlertList>;

// --- screens ---------------------------------------------------------------------------------------------------------

/** As many as `LIMITS.screens`. */
export const ScreenNumber = Type.Integer({ minimum: 1, maximum: 20 });
export const ScreenParams = Type.Object({ number: ScreenNumber });

export const ScreenPanel = Type.Union([
  Sent({
    kind: Type.Literal('cameras'),
    columns: Type.Integer({ minimum: 1, maximum: 8 }),
    rows: Type.Integer({ minimum: 1, maximum: 8 }),
    cameraIds: Nullable(Type.Array(Id, { maxItems: 64, uniqueItems: true, description: 'null: all cameras in turn' })),
    turnS: Type.Integer({ minimum: 10, maximum: 3_600 }),
  }),
  Sent({ kind: Type.Literal('alerts') }),
  Sent({ kind: Type.Literal('plan'), planId: Nullable(Id) }),
  Sent({ kind: Type.Literal('dome'), cameraId: Nullable(Id) }),
  Sent({ kind: Type.Literal('statistics') }),
]);
export type ScreenPanel = Static<typeof ScreenPanel>;

export const ScreenLayout = Sent({
  panel: ScreenPanel,
  /** Alerts stand in a column beside the panel. */
  column: Type.Boolean(),
  /** Of which alerts the gravest takes the panel's place. */
  takeover: Words('none', 'safety', 'all'),
  sound: Type.Boolean(),
});
export type ScreenLayout = Static<typeof ScreenLayout>;

export const ScreenBody = Sent({
  name: Type.String({ maxLength: 40 }),
  layout: ScreenLayout,
  version: Type.Integer({ minimum: 0, description: 'the version that was looked at' }),
});

export const ScreenPage = Type.Object({
  by: Type.String({ description: 'the machine, or the person who has it open' }),
  isMachine: Type.Boolean(),
  isConnected: Type.Boolean(),
  connectedSince: Time,
  seenAt: Time,
  widthPx: Type.Integer(),
  heightPx: Type.Integer(),
  pixelRatio: Type.Number(),
  framesPerS: Nullable(Type.Number()),
  /** It shows what was assigned last. */
  isCurrent: Type.Boolean(),
});
export type ScreenPage = Static<typeof ScreenPage>;

export const Screen = Type.Object({
  number: ScreenNumber,
  name: Type.String(),
  layout: ScreenLayout,
  version: Type.Integer({ description: '0: never assigned' }),
  changedAt: Nullable(Time),
  changedBy: Nullable(Type.String()),
  pages: Type.Array(ScreenPage),
});
export type Screen = Static<typeof Screen>;

export const ScreenList = Type.Object({ items: Type.Array(Screen), serverTime: Time });

export const ShownScreen = Type.Object({
  number: ScreenNumber,
  name: Type.String(),
  layout: ScreenLayout,
  version: Type.Integer(),
  /** Which of the ranked alerts takes this screen's panel, from 0. */
  takeoverPlace: Nullable(Type.Integer()),
  serverTime: Time,
});
export type ShownScreen = Static<typeof ShownScreen>;

export const ReportBody = Sent({
  page: Type.String({ format: 'uuid' }),
  widthPx: Type.Integer({ minimum: 1, maximum: 100_000 }),
  heightPx: Type.Integer({ minimum: 1, maximum: 100_000 }),
  pixelRatio: Type.Number({ minimum: 0.1, maximum: 16 }),
  framesPerS: Nullable(Type.Number({ minimum: 0, maximum: 1_000 })),
  version: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
});
export type ReportBody = Static<typeof ReportBody>;
export const ReportAnswer = Type.Object({ version: Type.Integer(), serverTime: Time });

export const WallFigures = Type.Object({
  cameras: Type.Object({ online: Type.Integer(), troubled: Type.Integer(), unknown: Type.Integer() }),
  views: Type.Object({ watching: Type.Integer(), learning: Type.Integer(), paused: Type.Integer() }),
  notJudged: Type.Array(Type.Object({ reason: Type.String(), views: Type.Integer() })),
  looksLastHour: Type.Integer(),
  raisedToday: Type.Integer(),
  decidedToday: Type.Integer(),
  violationsToday: Type.Integer(),
  oldestOpenAt: Nullable(Time),
  serverTime: Time,
});
export type WallFigures = Static<typeof WallFigures>;

// --- machines --------------------------------------------------------------------------------------------------------

export const Pairing = Type.Object({
  code: Type.String({ description: 'to be typed in at the console' }),
  secret: Type.String({ description: 'with which the waiting page fetches its session' }),
  expiresAt: Time,
});
export type Pairing = Static<typeof Pairing>;
export const PairingClaim = Sent({ secret: Type.String({ minLength: 20, maxLength: 100 }) });
export const PairingState = Type.Object({ state: Words('waiting', 'paired', 'gone') });

export const PairBody = Sent({
  code: Type.String({ minLength: 4, maxLength: 20 }),
  name: Type.String({ maxLength: 40 }),
});
export const Machine = Type.Object({
  id: Id,
  name: Type.String(),
  pairedBy: Type.String(),
  pairedAt: Time,
  seenAt: Time,
  screens: Type.Array(ScreenNumber),
});
export type Machine = Static<typeof Machine>;
export const MachineList = Type.Object({ items: Type.Array(Machine) });
export const PairedMachine = Type.Object({ id: Id, name: Type.String(), screen: ScreenNumber });
