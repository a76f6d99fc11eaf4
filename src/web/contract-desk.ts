/** What the review desk asks besides the items themselves: in which order, what lies around one, and whose eyes saw it. */
import { Type, type Static } from 'typebox';
import { Box, Id, LongId, Nullable, Severity, Time, VerdictKind, Words } from './contract-shapes.ts';

/** `severity`: the gravest first, the newest of them first. `place`: camera by camera; only of open items. */
export const CandidateOrder = Words('newest', 'severity', 'place');
export type CandidateOrder = Static<typeof CandidateOrder>;

/** What helps to judge one item: how its place looked over time, what was raised nearby in time, what was said there. */
export const CandidateContext = Type.Object({
  /** Kept pictures of the view from before it was first seen until after it was last seen, oldest first. */
  looks: Type.Array(
    Type.Object({
      id: LongId,
      capturedAt: Time,
      /** The item's own place was found changed in it. */
      showsIt: Type.Boolean(),
      pictureUrl: Type.String(),
    }),
  ),
  /** Items of other views raised at about the same time, the nearest first. */
  neighbours: Type.Array(
    Type.Object({
      id: Id,
      camera: Type.Object({ id: Id, name: Type.String(), place: Type.String() }),
      severity: Severity,
      verdict: Nullable(VerdictKind),
      raisedAt: Time,
      box: Box,
      pictureUrl: Nullable(Type.String()),
    }),
  ),
  /** What people said of earlier items at the same place, the most frequent first. */
  pastVerdicts: Type.Array(
    Type.Object({
      verdict: VerdictKind,
      reason: Type.String(),
      times: Type.Integer(),
      lastAt: Time,
      lastCandidateId: Id,
    }),
  ),
});
export type CandidateContext = Static<typeof CandidateContext>;
