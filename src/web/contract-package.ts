/**
 * The contract of evidence packages: what is packed, how far the work is, and where its parts are fetched. Ordering one
 * asks for a reason and a purpose; that it was made and fetched are entries of the evidence log.
 *
 *     POST   /evidence/packages PackageBody        GET /evidence/packages
 *     GET    /evidence/:id/files/:sha256/concealment?access=   proposes areas for marks
 *     GET    /evidence/packages/:id                DELETE /evidence/packages/:id
 *     GET    /evidence/packages/:id/parts/:name    (resumes: HTTP Range)
 */
import { Type, type Static } from 'typebox';
import { Fraction, Id, Nullable, Sent, Time, Words } from './contract-shapes.ts';

const Uuid = Type.String({ format: 'uuid' });
const Box = Type.Tuple([Fraction, Fraction, Fraction, Fraction]);
const MarkText = Type.String({ maxLength: 60 });

/** Drawn into a copy of one picture of one snapshot. */
export const PictureMarks = Sent({
  snapshotId: Uuid,
  role: Words('still', 'after', 'before', 'overlay', 'look'),
  frames: Type.Array(Sent({ box: Box, text: MarkText }), { maxItems: 20 }),
  words: Type.Array(Sent({ at: Type.Tuple([Fraction, Fraction]), text: MarkText }), { maxItems: 20 }),
  blurred: Type.Array(Box, { maxItems: 50, description: 'made unrecognisable: faces, plates, windows' }),
});
export type PictureMarks = Static<typeof PictureMarks>;

/** Where people and vehicles stand in a picture, for somebody to look over and cover; nothing of it is kept. */
export const Concealment = Type.Object({
  areas: Type.Array(Box, { description: 'vehicles wholly, of people who stand the upper third; the surest first' }),
  left: Type.Integer({ description: 'how many more there are than a picture takes' }),
});
export type Concealment = Static<typeof Concealment>;

export const PackageContents = Words('all', 'pictures', 'marked');
export type PackageContents = Static<typeof PackageContents>;

/** At least one way of choosing; a span alone takes everything one may have in it. */
export const PackageBody = Sent({
  snapshotIds: Type.Optional(Type.Array(Uuid, { minItems: 1, maxItems: 2_000, uniqueItems: true })),
  candidateIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 500, uniqueItems: true })),
  viewIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 500, uniqueItems: true })),
  cameraIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 500, uniqueItems: true })),
  since: Type.Optional(Time),
  until: Type.Optional(Time),
  reason: Type.String({ minLength: 2, maxLength: 500, pattern: '\\S' }),
  purpose: Type.String({ minLength: 2, maxLength: 200, pattern: '\\S' }),
  recipient: Type.Optional(Type.String({ maxLength: 60, description: 'written across the marked copies' })),
  contents: Type.Optional(PackageContents),
  marks: Type.Optional(Type.Array(PictureMarks, { maxItems: 200 })),
  partBytes: Type.Optional(Type.Integer({ minimum: 16 * 1024 * 1024, maximum: 2 * 1024 ** 3 })),
});
export type PackageBody = Static<typeof PackageBody>;

export const PackageState = Words('waiting', 'working', 'ready', 'failed', 'removed');

export const Package = Type.Object({
  id: Uuid,
  state: PackageState,
  step: Words('gathering', 'making', 'sealing', 'writing', 'checking'),
  /** Of the step. */
  progress: Type.Number(),
  snapshots: Type.Integer(),
  contents: PackageContents,
  by: Type.String(),
  reason: Type.String(),
  purpose: Type.String(),
  recipient: Nullable(Type.String()),
  createdAt: Time,
  finishedAt: Nullable(Time),
  expiresAt: Nullable(Time),
  entry: Nullable(Type.Integer({ description: 'of the evidence log, that it was made' })),
  problem: Nullable(Type.String({ description: 'a code of the error table' })),
  parts: Type.Array(
    Type.Object({ name: Type.String(), bytes: Type.Integer(), sha256: Type.String(), url: Type.String() }),
  ),
});
export type Package = Static<typeof Package>;

export const PackageParams = Type.Object({ id: Uuid });
export const PackagePartParams = Type.Object({ id: Uuid, name: Type.String({ pattern: '^[a-z0-9-]+\\.zip$' }) });
export const PackageQuery = Sent({
  cursor: Type.Optional(Uuid),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
});
