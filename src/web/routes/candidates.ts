/** Suspected structures: the queue, claiming, judging. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { recordAudit } from '../../drivers/postgres/postgres.ts';
import type { Reviewer } from '../../review/review.ts';
import { findCandidatePicture, listCandidates, readCandidate } from '../candidate-store.ts';
import { markSeen, readContext, unmarkSeen } from '../candidate-context.ts';
import {
  Candidate,
  CandidateContext,
  CandidateDetail,
  CandidateQuery,
  ClaimBody,
  IdParams,
  Page,
  VerdictBody,
} from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { errorBody } from '../error-map.ts';
import { signedIn } from '../guard.ts';
import { PictureQuery, sendPicture } from '../picture.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { answers, type Server, type WebParts } from '../server.ts';

const PICTURES = ['before', 'after', 'overlay'] as const;
const VIEWED_AGAIN_MS = 60_000;

export function candidateRoutes(server: Server, parts: WebParts): void {
  const { db, clock, review } = parts;
  const noteViewed = createViewedNotes(parts);

  /** Answers with the item after the change; where it conflicts, with the error and the item as it is now. */
  const changed = async (request: FastifyRequest, reply: FastifyReply, id: number, change: Promise<void>) => {
    try {
      await change;
    } catch (thrown) {
      if (!(thrown instanceof SentinelError) || thrown.status !== 409) throw thrown;
      const candidate = await readCandidate(db, id, signedIn(request).userId, review.undoS, clock.nowMs());
      return reply.status(409).send(errorBody(thrown, request, { candidate }));
    }
    return readCandidate(db, id, signedIn(request).userId, review.undoS, clock.nowMs());
  };

  server.get(
    '/api/v1/candidates',
    {
      config: { permission: 'candidates.read' },
      schema: {
        tags: ['candidates'],
        summary: 'Suspected structures: the newest first, the gravest first, or place by place',
        querystring: CandidateQuery,
        response: answers(Page(Candidate)),
      },
    },
    async (request) => {
      const { cursor, limit: asked, ...filter } = request.query;
      const limit = pageSize(asked);
      const account = signedIn(request);
      const cameras = await camerasSeenBy(db, account);
      const after = readCursor(cursor);
      const rows = await listCandidates(db, { ...filter, cameras }, account.userId, after, limit + 1, clock.nowMs());
      return pageOf(
        rows,
        limit,
        (candidate) => candidate,
        (candidate) => candidate.id,
      );
    },
  );

  server.get(
    '/api/v1/candidates/:id',
    {
      config: { permission: 'candidates.read' },
      schema: {
        tags: ['candidates'],
        summary: 'One suspected structure with all that was said of it',
        params: IdParams,
        response: answers(CandidateDetail),
      },
    },
    (request) => readCandidate(db, request.params.id, signedIn(request).userId, review.undoS, clock.nowMs()),
  );

  server.get(
    '/api/v1/candidates/:id/context',
    {
      config: { permission: 'candidates.read' },
      schema: {
        tags: ['candidates'],
        summary:
          'Looks at its view over time, items raised at about the same time, and what was said of its place before',
        params: IdParams,
        response: answers(CandidateContext),
      },
    },
    async (request) => readContext(db, request.params.id, await camerasSeenBy(db, signedIn(request))),
  );

  for (const [method, mark] of [
    ['PUT', markSeen],
    ['DELETE', unmarkSeen],
  ] as const) {
    server.route({
      method,
      url: '/api/v1/candidates/:id/seen',
      config: { permission: 'candidates.read' },
      schema: {
        tags: ['candidates'],
        summary: 'One’s own mark that one has seen the item; the verdict is another matter',
        params: IdParams,
        response: answers(CandidateDetail),
      },
      handler: async (request) => {
        const { userId } = signedIn(request);
        const { id } = request.params;
        await readCandidate(db, id, userId, review.undoS, clock.nowMs());
        await mark(db, userId, id, clock.nowMs());
        return readCandidate(db, id, userId, review.undoS, clock.nowMs());
      },
    });
  }

  server.post(
    '/api/v1/candidates/:id/claim',
    {
      config: { permission: 'candidates.judge' },
      schema: {
        tags: ['candidates'],
        summary: 'Take the item, prolong one’s claim, or give it back',
        params: IdParams,
        body: ClaimBody,
        response: answers(CandidateDetail),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const change = request.body.release
        ? review.release(id, reviewerOf(request))
        : review.claim(id, reviewerOf(request));
      return changed(request, reply, id, change);
    },
  );

  server.post(
    '/api/v1/candidates/:id/verdict',
    {
      config: { permission: 'candidates.judge' },
      schema: {
        tags: ['candidates'],
        summary: 'Decide; false_alarm and permitted need a reason and make the picture lawful for its place',
        params: IdParams,
        body: VerdictBody,
        response: answers(CandidateDetail),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { verdict, reason = '', duplicateOf, version } = request.body;
      return changed(
        request,
        reply,
        id,
        review.decide(id, reviewerOf(request), { verdict, reason, duplicateOf, version }),
      );
    },
  );

  server.delete(
    '/api/v1/candidates/:id/verdict',
    {
      config: { permission: 'candidates.judge' },
      schema: {
        tags: ['candidates'],
        summary: 'Take the verdict back, shortly after',
        params: IdParams,
        response: answers(CandidateDetail),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      return changed(request, reply, id, review.undo(id, reviewerOf(request)));
    },
  );

  server.get(
    '/api/v1/candidates/:id/pictures/:which.jpg',
    {
      config: { permission: 'candidates.read' },
      schema: {
        tags: ['candidates'],
        summary: 'The lawful picture before, the picture after, and the after with the finding marked',
        params: Type.Object({ ...IdParams.properties, which: Type.Enum(PICTURES) }),
        querystring: PictureQuery,
      },
    },
    async (request, reply) => {
      const { id, which } = request.params;
      const { sha256, viewId } = await findCandidatePicture(db, id, which);
      await noteViewed(signedIn(request).userId, id);
      return sendPicture(request, reply, parts, sha256, { viewId });
    },
  );
}

function reviewerOf(request: FastifyRequest): Reviewer {
  const { userId, role } = signedIn(request);
  return { userId, isAdmin: role === 'admin' };
}

/** Writes who saw which item to the audit, once a minute each; what is remembered for that is bounded. */
function createViewedNotes({ db, clock }: WebParts): (userId: number, candidateId: number) => Promise<void> {
  const notedAtMs = new Map<string, number>();
  return async (userId, candidateId) => {
    const key = `${userId} ${candidateId}`;
    const nowMs = clock.monotonicMs();
    const noted = notedAtMs.get(key);
    if (noted !== undefined && nowMs - noted < VIEWED_AGAIN_MS) return;
    notedAtMs.delete(key);
    notedAtMs.set(key, nowMs);
    if (notedAtMs.size > LIMITS.pictureViewsRemembered) {
      for (const oldest of notedAtMs.keys()) {
        notedAtMs.delete(oldest);
        break;
      }
    }
    await recordAudit(db, {
      userId,
      action: 'candidate.pictures_seen',
      subject: `candidate ${candidateId}`,
      atMs: clock.nowMs(),
    });
  };
}
