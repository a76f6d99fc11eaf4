/** Saying what is lawful. */
import { acceptBaselines, removeBaseline } from '../../review/review.ts';
import { AcceptBaselines, AcceptedBaselines, Baseline, IdParams } from '../contract.ts';
import { signedIn } from '../guard.ts';
import { PictureQuery, sendPicture } from '../picture.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { findBaselinePicture, readBaseline } from '../view-store.ts';

export function baselineRoutes(server: Server, parts: WebParts): void {
  const { db, clock } = parts;

  server.post(
    '/api/v1/baselines/accept',
    {
      config: { permission: 'baselines.decide' },
      schema: {
        tags: ['views'],
        summary: 'Accept proposed pictures as lawful and let the views watch',
        body: AcceptBaselines,
        response: answers(AcceptedBaselines),
      },
    },
    (request) => acceptBaselines(db, request.body.viewIds, signedIn(request).userId, clock.nowMs()),
  );

  server.delete(
    '/api/v1/baselines/:id',
    {
      config: { permission: 'baselines.decide' },
      schema: { tags: ['views'], summary: 'Withdraw a picture', params: IdParams, response: answers(Baseline) },
    },
    async (request) => {
      await removeBaseline(db, request.params.id, signedIn(request).userId, clock.nowMs());
      return readBaseline(db, request.params.id);
    },
  );

  server.get(
    '/api/v1/baselines/:id/picture.jpg',
    {
      config: { permission: 'views.read' },
      schema: { tags: ['views'], summary: 'A lawful picture', params: IdParams, querystring: PictureQuery },
    },
    async (request, reply) => {
      const { sha256, viewId } = await findBaselinePicture(db, request.params.id);
      return sendPicture(request, reply, parts, sha256, { viewId });
    },
  );
}
