/** Views: their state, looks, pictures, settings and areas. */
import { Type } from 'typebox';
import { changeView, putMask, relearnView, removeMask } from '../../review/review.ts';
import {
  IdParams,
  Look,
  LookParams,
  LookQuery,
  Mask,
  MaskBody,
  MaskParams,
  Page,
  View,
  ViewChange,
  ViewDetail,
  ViewQuery,
} from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { signedIn } from '../guard.ts';
import { PictureQuery, sendPicture } from '../picture.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import {
  findLookPicture,
  findViewPicture,
  listLooks,
  listViews,
  maskOf,
  readView,
  requireView,
} from '../view-store.ts';

export function viewRoutes(server: Server, parts: WebParts): void {
  const { db, clock, viewDefaults } = parts;

  server.get(
    '/api/v1/views',
    {
      config: { permission: 'views.read' },
      schema: {
        tags: ['views'],
        summary: 'Views with their state and last look',
        querystring: ViewQuery,
        response: answers(Page(View)),
      },
    },
    async (request) => {
      const { cursor, limit: asked, ...filter } = request.query;
      const limit = pageSize(asked);
      const cameras = await camerasSeenBy(db, signedIn(request));
      const views = await listViews(db, { ...filter, cameras }, readCursor(cursor), limit + 1, viewDefaults);
      return pageOf(
        views,
        limit,
        (view) => view,
        (view) => view.id,
      );
    },
  );

  server.get(
    '/api/v1/views/:id',
    {
      config: { permission: 'views.read' },
      schema: {
        tags: ['views'],
        summary: 'One view with its baselines and areas',
        params: IdParams,
        response: answers(ViewDetail),
      },
    },
    ({ params }) => readView(db, params.id, viewDefaults),
  );

  server.patch(
    '/api/v1/views/:id',
    {
      config: { permission: 'views.change' },
      schema: {
        tags: ['views'],
        summary: 'Change a view’s settings, pause or resume it',
        params: IdParams,
        body: ViewChange,
        response: answers(ViewDetail),
      },
    },
    async (request) => {
      const { id } = request.params;
      await changeView(db, id, request.body, signedIn(request).userId, clock.nowMs());
      return readView(db, id, viewDefaults);
    },
  );

  server.post(
    '/api/v1/views/:id/relearn',
    {
      config: { permission: 'baselines.decide' },
      schema: {
        tags: ['views'],
        summary: 'Let the view learn anew; accepted pictures stay until a new set is accepted',
        params: IdParams,
        response: answers(ViewDetail),
      },
    },
    async (request) => {
      const { id } = request.params;
      await relearnView(db, id, signedIn(request).userId, clock.nowMs());
      return readView(db, id, viewDefaults);
    },
  );

  server.get(
    '/api/v1/views/:id/looks',
    {
      config: { permission: 'views.read' },
      schema: {
        tags: ['views'],
        summary: 'Looks of a view, newest first',
        params: IdParams,
        querystring: LookQuery,
        response: answers(Page(Look)),
      },
    },
    async ({ params, query }) => {
      const { cursor, limit: asked, ...filter } = query;
      const limit = pageSize(asked);
      const beforeId = readCursor(cursor, Number.MAX_SAFE_INTEGER);
      const looks = await listLooks(db, params.id, filter, beforeId, limit + 1);
      if (looks.length === 0) await requireView(db, params.id);
      return pageOf(
        looks,
        limit,
        (look) => look,
        (look) => look.id,
      );
    },
  );

  server.get(
    '/api/v1/views/:id/picture.jpg',
    {
      config: { permission: 'views.read' },
      schema: { tags: ['views'], summary: 'Newest kept picture', params: IdParams, querystring: PictureQuery },
    },
    async (request, reply) => {
      const { id: viewId } = request.params;
      return sendPicture(request, reply, parts, await findViewPicture(db, viewId), { viewId });
    },
  );

  server.get(
    '/api/v1/views/:id/looks/:lookId/picture.jpg',
    {
      config: { permission: 'views.read' },
      schema: { tags: ['views'], summary: 'Picture of a look', params: LookParams, querystring: PictureQuery },
    },
    async (request, reply) => {
      const { id: viewId, lookId } = request.params;
      return sendPicture(request, reply, parts, await findLookPicture(db, viewId, lookId), { viewId });
    },
  );

  server.post(
    '/api/v1/views/:id/masks',
    {
      config: { permission: 'views.change' },
      schema: { tags: ['views'], summary: 'Draw an area', params: IdParams, body: MaskBody, response: answers(Mask) },
    },
    async (request) =>
      maskOf(await putMask(db, request.params.id, undefined, request.body, signedIn(request).userId, clock.nowMs())),
  );

  server.put(
    '/api/v1/views/:id/masks/:maskId',
    {
      config: { permission: 'views.change' },
      schema: {
        tags: ['views'],
        summary: 'Redraw an area',
        params: MaskParams,
        body: MaskBody,
        response: answers(Mask),
      },
    },
    async (request) => {
      const { id, maskId } = request.params;
      return maskOf(await putMask(db, id, maskId, request.body, signedIn(request).userId, clock.nowMs()));
    },
  );

  server.delete(
    '/api/v1/views/:id/masks/:maskId',
    {
      config: { permission: 'views.change' },
      schema: {
        tags: ['views'],
        summary: 'Remove an area',
        params: MaskParams,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id, maskId } = request.params;
      await removeMask(db, id, maskId, signedIn(request).userId, clock.nowMs());
      return reply.status(204).send(null);
    },
  );
}
