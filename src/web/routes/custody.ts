/** Holds, and who touched what. */
import {
  CustodyEntry,
  CustodyQuery,
  EvidenceHold,
  HoldBody,
  HoldQuery,
  IdParams,
  Page,
  PageQuery,
  ReleaseBody,
  SnapshotParams,
} from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { listCustody, listHolds, listLedger } from '../custody-store.ts';
import { findCandidateCamera } from '../evidence-store.ts';
import { visitFor } from '../evidence-visit.ts';
import { signedIn } from '../guard.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { evidenceCameras } from '../unit-store.ts';
import { SentinelError } from '../../base/errors.ts';

export function custodyRoutes(server: Server, { db, custody, door }: WebParts): void {
  const readHold = async (id: number): Promise<EvidenceHold> => {
    const [hold] = await listHolds(db, { id }, 1);
    if (!hold) throw new SentinelError('web.missing', { what: 'hold', id });
    return hold;
  };

  server.get(
    '/api/v1/evidence/holds',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'Holds on evidence one may see, newest first',
        querystring: HoldQuery,
        response: answers(Page(EvidenceHold)),
      },
    },
    async (request) => {
      const { cursor, limit: asked, isReleased } = request.query;
      const limit = pageSize(asked);
      const cameras = await evidenceCameras(db, signedIn(request));
      const holds = await listHolds(db, { cameras, isReleased, beforeId: readCursor(cursor) }, limit + 1);
      return pageOf(
        holds,
        limit,
        (hold) => hold,
        (hold) => hold.id,
      );
    },
  );

  server.post(
    '/api/v1/evidence/holds',
    {
      config: { permission: 'evidence.hold' },
      schema: {
        tags: ['evidence'],
        summary: 'Keep snapshots, or all of an item, from being pruned',
        body: HoldBody,
        response: answers(EvidenceHold),
      },
    },
    async (request) => {
      const { snapshotIds = [], candidateId = null, reason, purpose } = request.body;
      const visit = visitFor(request, { reason, purpose });
      const cameras = await evidenceCameras(db, signedIn(request));
      for (const id of snapshotIds) await door.admit({ visit, cameras }, id);
      if (candidateId !== null && cameras) {
        const cameraId = await findCandidateCamera(db, candidateId);
        if (!cameras.includes(cameraId)) throw new SentinelError('web.missing', { what: 'candidate', id: candidateId });
      }
      return readHold(await custody.hold(visit, { snapshotIds, candidateId }));
    },
  );

  server.post(
    '/api/v1/evidence/holds/:id/release',
    {
      config: { permission: 'evidence.hold' },
      schema: {
        tags: ['evidence'],
        summary: 'Release a hold of one’s unit; an administrator may release any',
        params: IdParams,
        body: ReleaseBody,
        response: answers(EvidenceHold),
      },
    },
    async (request) => {
      const { id } = request.params;
      await custody.release(visitFor(request, request.body), id);
      return readHold(id);
    },
  );

  server.get(
    '/api/v1/evidence/:id/custody',
    {
      config: { permission: 'custody.read' },
      schema: {
        tags: ['evidence'],
        summary: 'What the log says of a snapshot: who sealed, saw, held, took it, newest first',
        params: SnapshotParams,
        querystring: PageQuery,
        response: answers(Page(CustodyEntry)),
      },
    },
    async (request) => {
      const { id } = request.params;
      const visit = visitFor(request, { reason: '' });
      await door.admit({ visit, cameras: await evidenceCameras(db, signedIn(request)) }, id);
      return custodyPage(listCustody, `snapshot:${id}`, request.query);
    },
  );

  server.get(
    '/api/v1/evidence/custody',
    {
      config: { permission: 'custody.audit' },
      schema: {
        tags: ['evidence'],
        summary: 'Who touched evidence, newest first',
        querystring: CustodyQuery,
        response: answers(Page(CustodyEntry)),
      },
    },
    async ({ query: { userId, ...query } }) =>
      custodyPage(listLedger, userId === undefined ? 'custody' : `user:${userId}`, query),
  );

  async function custodyPage(
    list: typeof listCustody,
    subject: string,
    query: { cursor?: string; limit?: number; kind?: string; since?: string; until?: string },
  ) {
    const { cursor, limit: asked, kind, since, until } = query;
    const limit = pageSize(asked);
    const before = readCursor(cursor, Number.MAX_SAFE_INTEGER);
    const entries = await list(db, subject, { kind, since, until }, before, limit + 1);
    return pageOf(
      entries,
      limit,
      (one) => one,
      (one) => one.entry,
    );
  }
}
