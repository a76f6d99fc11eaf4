/** Alerts of the wall: the open candidates by their gravity, and who has seen them. */
import { Type } from 'typebox';
import { acknowledge, undoAcknowledgement } from '../../wall/wall.ts';
import { Acknowledgement, AlertList, AlertQuery, IdParams } from '../contract.ts';
import { signedIn } from '../guard.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { camerasSeenBy } from '../unit-store.ts';

export function alertRoutes(server: Server, { db, clock, board }: WebParts): void {
  server.get(
    '/api/v1/alerts',
    {
      config: { permission: 'candidates.read' },
      schema: {
        tags: ['wall'],
        summary: 'Open candidates, the gravest first, with who has acknowledged them',
        querystring: AlertQuery,
        response: answers(AlertList),
      },
    },
    async (request) => {
      const cameras = await camerasSeenBy(db, signedIn(request));
      return board.list(cameras, request.query.after ?? 0);
    },
  );

  server.post(
    '/api/v1/candidates/:id/acknowledgement',
    {
      config: { permission: 'alerts.acknowledge' },
      schema: {
        tags: ['wall'],
        summary: 'Say that one has seen the alert; whoever was first stays',
        params: IdParams,
        response: answers(Acknowledgement),
      },
    },
    async (request) => {
      const given = await acknowledge(db, request.params.id, signedIn(request).userId, clock.nowMs());
      return { by: given.by, userId: given.userId, at: given.at.toISOString() };
    },
  );

  server.delete(
    '/api/v1/candidates/:id/acknowledgement',
    {
      config: { permission: 'alerts.acknowledge' },
      schema: {
        tags: ['wall'],
        summary: 'Take one’s acknowledgement back',
        params: IdParams,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { userId, role } = signedIn(request);
      await undoAcknowledgement(db, request.params.id, { userId, isAdmin: role === 'admin' }, clock.nowMs());
      return reply.status(204).send(null);
    },
  );
}
