/** Drills: what a view can see, tried on its own lawful pictures. */
import { SentinelError } from '../../base/errors.ts';
import { askDrills, cancelDrills } from '../../drill/drill.ts';
import { AskedDrills, DrillPictureParams, IdParams, ViewDrill } from '../contract.ts';
import { findDrillPicture, readViewDrill } from '../drill-store.ts';
import { signedIn } from '../guard.ts';
import { PictureQuery, sendPicture } from '../picture.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { requireView } from '../view-store.ts';

export function drillRoutes(server: Server, parts: WebParts): void {
  const { db, clock } = parts;
  server.get(
    '/api/v1/views/:id/drill',
    {
      config: { permission: 'views.read' },
      schema: {
        tags: ['views'],
        summary: 'The smallest structures that the view would find, by day, dusk and night',
        params: IdParams,
        response: answers(ViewDrill),
      },
    },
    ({ params }) => readViewDrill(db, params.id),
  );

  server.post(
    '/api/v1/views/:id/drill',
    {
      config: { permission: 'views.drill' },
      schema: {
        tags: ['views'],
        summary: 'Have the view drilled; one that waits or runs already stands for it',
        params: IdParams,
        response: answers(ViewDrill),
      },
    },
    async (request) => {
      const { id } = request.params;
      await requireView(db, id);
      const open = await askDrills(db, [id], signedIn(request).userId, clock.nowMs());
      if (open.length === 0) throw new SentinelError('view.no_baselines', { viewId: id });
      return readViewDrill(db, id);
    },
  );

  server.delete(
    '/api/v1/views/:id/drill',
    {
      config: { permission: 'views.drill' },
      schema: {
        tags: ['views'],
        summary: 'Break the view’s open drill off; the next one goes on from what was found',
        params: IdParams,
        response: answers(ViewDrill),
      },
    },
    async (request) => {
      const { id } = request.params;
      await requireView(db, id);
      await cancelDrills(db, [id], signedIn(request).userId, clock.nowMs());
      return readViewDrill(db, id);
    },
  );

  server.post(
    '/api/v1/drills',
    {
      config: { permission: 'views.drill' },
      schema: { tags: ['views'], summary: 'Have every view that watches drilled', response: answers(AskedDrills) },
    },
    async (request) => {
      const open = await askDrills(db, undefined, signedIn(request).userId, clock.nowMs());
      return { views: open.length };
    },
  );

  server.get(
    '/api/v1/views/:id/drill/:light.jpg',
    {
      config: { permission: 'views.read' },
      schema: {
        tags: ['views'],
        summary: 'A lawful picture with every kind drawn in, at the smallest size found',
        params: DrillPictureParams,
        querystring: PictureQuery,
      },
    },
    async (request, reply) => {
      const { id, light } = request.params;
      return sendPicture(request, reply, parts, await findDrillPicture(db, id, light), { viewId: id });
    },
  );
}
