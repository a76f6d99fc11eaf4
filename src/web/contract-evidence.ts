/**
 * The contract of evidence: sealed snapshots, who touched them, and what is held. Whoever looks at evidence first says why
 * (`EvidenceAccess`); every address under `/api/v1/evidence` that shows any then carries `?access=` its number, and each
 * showing is an entry of the evidence log with that reason.
 *
 *     POST /evidence/accesses AccessBody           GET /evidence/accesses/current
 *     GET  /evidence?access=…                      GET /evidence/:id?access=
 *     GET  /evidence/:id/files/:sha256?access=     GET /evidence/:id/thumbnail.jpg?access=
 *     GET  /evidence/:id/custody                   GET /evidence/custody
 *     POST /evidence/pulls PullBody
 *     GET  /evidence/views/:id/kept?access=        GET /evidence/views/:id/compared?access=&first=&second=
 *     GET  /evidence/views/:id/:kind/:pictureId/picture.jpg?access=
 *     GET  /evidence/holds   POST /evidence/holds HoldBody   POST /evidence/holds/:id/release ReleaseBody
 *     GET  /units  POST /units  PUT /units/:id  DELETE /units/:id
 *     POST /cameras/:id/clock/measurement  POST /cameras/:id/clock/setting ClockSetBody  GET /server-clock
 */
import { Type, type Static } from 'typebox';
import { Id, LongId, Nullable, PageQuery, Sent, Time, Words } from './contract-shapes.ts';

const Uuid = Type.String({ format: 'uuid' });
const Sha256 = Type.String({ format: 'sha256', description: '64 hexadecimal digits' });
/** Why, and what for: asked of a person, kept in the log. */
const Reason = Type.String({ minLength: 2, maxLength: 500, pattern: '\\S' });
const Purpose = Type.String({ minLength: 2, maxLength: 200, pattern: '\\S' });

export const SnapshotParams = Type.Object({ id: Uuid });
export const SnapshotFileParams = Type.Object({ id: Uuid, sha256: Sha256 });

// --- why somebody looks ----------------------------------------------------------------------------------------------

export const AccessBody = Sent({ reason: Reason, purpose: Purpose });
export const EvidenceAccess = Type.Object({
  id: Id,
  reason: Type.String(),
  purpose: Type.String(),
  at: Time,
  until: Time,
});
export type EvidenceAccess = Static<typeof EvidenceAccess>;
/** The newest of one's own that still holds; null: one must be made first. */
export const CurrentAccess = Type.Object({ access: Nullable(EvidenceAccess) });

const Access = {
  access: Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'an EvidenceAccess of one’s own' }),
};
export const AccessQuery = Sent(Access);

// --- snapshots -------------------------------------------------------------------------------------------------------

export const SnapshotCause = Words('raised', 'decided', 'undone', 'pulled', 'stream');
export type SnapshotCause = Static<typeof SnapshotCause>;
export const SnapshotStreamState = Words('kept', 'wanted', 'failed', 'standing', 'none');

export const Snapshot = Type.Object({
  id: Uuid,
  entry: Type.Integer({ description: 'its place in the evidence log' }),
  cause: SnapshotCause,
  sealedAt: Time,
  camera: Type.Object({ id: Id, name: Type.String(), place: Type.String() }),
  view: Type.Object({ id: Id, name: Type.String() }),
  candidate: Nullable(
    Type.Object({
      id: Id,
      state: Words('open', 'decided'),
      verdict: Nullable(Words('violation', 'false_alarm', 'permitted', 'duplicate', 'transferred')),
    }),
  ),
  by: Nullable(Type.String({ description: 'the person who caused it' })),
  reason: Type.String(),
  stream: SnapshotStreamState,
  isHeld: Type.Boolean(),
  prunedAt: Nullable(Time),
  thumbnailUrl: Nullable(Type.String()),
});
export type Snapshot = Static<typeof Snapshot>;

export const SnapshotQuery = Sent({
  ...PageQuery.properties,
  ...Access,
  place: Type.Optional(Type.String({ maxLength: 100, description: 'part of the camera’s or view’s name or place' })),
  cameraId: Type.Optional(Id),
  viewId: Type.Optional(Id),
  candidateId: Type.Optional(Id),
  cause: Type.Optional(SnapshotCause),
  stream: Type.Optional(SnapshotStreamState),
  state: Type.Optional(Words('open', 'decided')),
  verdict: Type.Optional(Words('violation', 'false_alarm', 'permitted', 'duplicate', 'transferred')),
  isHeld: Type.Optional(Type.Boolean()),
  since: Type.Optional(Time),
  until: Type.Optional(Time),
});

export const SnapshotFile = Type.Object({
  sha256: Type.String(),
  role: Words('stream', 'still', 'after', 'before', 'overlay', 'baseline', 'look'),
  mediaType: Type.String(),
  bytes: Nullable(Type.Integer()),
  takenAt: Nullable(Time),
  derivedFrom: Nullable(Type.String({ description: 'SHA-256 of the file it was made from' })),
  /** Pictures are shown to whoever may see the snapshot; the camera’s own bytes want the right to export. */
  url: Nullable(Type.String()),
});
export type SnapshotFile = Static<typeof SnapshotFile>;

export const EvidenceHold = Type.Object({
  id: Id,
  snapshotIds: Type.Array(Uuid),
  candidateId: Nullable(Id),
  reason: Type.String(),
  purpose: Type.String(),
  by: Type.String(),
  unit: Nullable(Type.String()),
  at: Time,
  released: Nullable(Type.Object({ at: Time, by: Type.String(), reason: Type.String() })),
});
export type EvidenceHold = Static<typeof EvidenceHold>;

export const SnapshotDetail = Type.Object({
  ...Snapshot.properties,
  record: Type.Record(Type.String(), Type.Unknown(), { description: 'what was sealed, as it stands in the log' }),
  files: Type.Array(SnapshotFile),
  /** Of the same matter, oldest first, itself among them. */
  matter: Type.Array(Type.Object({ id: Uuid, cause: SnapshotCause, sealedAt: Time, stream: SnapshotStreamState })),
  holds: Type.Array(EvidenceHold),
  /** When its files go if nobody holds them; null: not before its item is decided, or they have gone. */
  keptUntil: Nullable(Time),
});
export type SnapshotDetail = Static<typeof SnapshotDetail>;

export const PullBody = Sent({
  viewId: Id,
  candidateId: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'the item it is about' })),
  reason: Reason,
  purpose: Purpose,
});
export const Pulled = Type.Object({ snapshot: Snapshot });

// --- a view through time ---------------------------------------------------------------------------------------------

/** A kept picture of a view. */
export const KeptPicture = Type.Object({
  kind: Words('look', 'baseline', 'snapshot'),
  id: Type.String({ description: 'number of the look or baseline, UUID of the snapshot' }),
  takenAt: Time,
  lighting: Nullable(Type.String()),
  result: Nullable(Type.String({ description: 'of a look' })),
  pictureUrl: Type.String(),
});
export type KeptPicture = Static<typeof KeptPicture>;

export const KeptQuery = Sent({
  ...PageQuery.properties,
  ...Access,
  since: Type.Optional(Time),
  until: Type.Optional(Time),
});
export const CompareQuery = Sent({ ...Access, first: Time, second: Time });
/** The kept pictures nearest to the two times asked for. */
export const Compared = Type.Object({ first: Nullable(KeptPicture), second: Nullable(KeptPicture) });
export type Compared = Static<typeof Compared>;
export const KeptPictureParams = Type.Object({
  id: Id,
  kind: Words('look', 'baseline'),
  pictureId: LongId,
});

// --- holds -----------------------------------------------------------------------------------------------------------

export const HoldBody = Sent({
  snapshotIds: Type.Optional(Type.Array(Uuid, { minItems: 1, maxItems: 500, uniqueItems: true })),
  candidateId: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'holds its snapshots, also those to come' }),
  ),
  reason: Reason,
  purpose: Purpose,
});
export const HoldQuery = Sent({ ...PageQuery.properties, isReleased: Type.Optional(Type.Boolean()) });
export const ReleaseBody = Sent({ reason: Reason });

// --- custody ---------------------------------------------------------------------------------------------------------

/** An entry of the evidence log about a snapshot, in words for people; the entry itself stands beside it. */
export const CustodyEntry = Type.Object({
  entry: Type.Integer(),
  at: Time,
  kind: Type.String({ description: 'e.g. snapshot.sealed, evidence.viewed, evidence.held' }),
  by: Nullable(Type.Object({ name: Type.String(), displayName: Type.String(), role: Type.String() })),
  unit: Nullable(Type.String()),
  reason: Type.String(),
  purpose: Type.String(),
  result: Type.String(),
  /** Told to whoever may see the whole ledger. */
  about: Nullable(
    Type.Object({
      places: Type.Array(Type.String(), { description: 'of the cameras, a few of them' }),
      snapshots: Type.Integer({ description: 'how many it was about' }),
      snapshotId: Nullable(Type.String({ description: 'where it was about one' })),
    }),
  ),
  body: Type.Record(Type.String(), Type.Unknown()),
});
export type CustodyEntry = Static<typeof CustodyEntry>;

export const CustodyQuery = Sent({
  ...PageQuery.properties,
  userId: Type.Optional(Id),
  kind: Type.Optional(Type.String({ maxLength: 64, pattern: '^[a-z_]+\\.[a-z_]+$' })),
  since: Type.Optional(Time),
  until: Type.Optional(Time),
});

// --- units -----------------------------------------------------------------------------------------------------------

/** People who work together, and whose cameras they may see. */
export const UnitBody = Sent({
  name: Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' }),
  seesAll: Type.Boolean(),
  /** Otherwise these cameras, and those whose place begins so. */
  cameraIds: Type.Array(Id, { maxItems: 5_000, uniqueItems: true }),
  places: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 200, uniqueItems: true }),
});
export const Unit = Type.Object({
  id: Id,
  name: Type.String(),
  seesAll: Type.Boolean(),
  cameraIds: Type.Array(Id),
  places: Type.Array(Type.String()),
  people: Type.Integer(),
});
export type Unit = Static<typeof Unit>;

// --- clocks ----------------------------------------------------------------------------------------------------------

export const ClockSetBody = Sent({ reason: Reason });
export const CameraClock = Type.Object({
  /** Camera minus server. */
  offsetMs: Nullable(Type.Integer()),
  measuredAt: Nullable(Time),
  source: Nullable(Words('rtcp', 'onvif', 'rtsp_date')),
  /** `off`: by more than its limit. `stale`: measured too long ago to say. `unknown`: never measured. */
  state: Words('right', 'off', 'stale', 'unknown'),
  limitMs: Type.Integer(),
});
export type CameraClock = Static<typeof CameraClock>;

export const ServerClock = Type.Object({
  synchronised: Nullable(Type.Boolean({ description: 'null: it cannot be told on this machine' })),
  source: Nullable(Type.String()),
  offsetMs: Nullable(Type.Number()),
  checkedAt: Nullable(Time),
  steps: Type.Array(Type.Object({ at: Time, ms: Type.Integer(), host: Type.String() })),
});
export type ServerClock = Static<typeof ServerClock>;
