/** Plans of the estate: their pictures, and the places of buildings, cameras and views on them. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  addPlan,
  changePlan,
  listPlans,
  place,
  readPlaced,
  readPlan,
  readPlanPicture,
  removePlan,
  type By,
  type Placing,
  type PlanRow,
} from '../../estate/estate.ts';
import {
  AreaPlacing,
  CameraPlacing,
  IdParams,
  Page,
  PlacedParams,
  Plan,
  PlanChange,
  PlanDetail,
  PlanQuery,
} from '../contract.ts';
import { signedIn } from '../guard.ts';
import { PictureQuery, pictureUrl, sendPicture } from '../picture.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { seesCamera } from '../unit-scope.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { FORM_BYTES, uploadedFile, uploads } from '../upload.ts';
import { requireEstate } from './estate.ts';

const TAGS = ['plans'];
const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp'];
const GONE = { ...answers(Type.Null()), 204: Type.Null() };

export function planRoutes(server: Server, { db, clock, pictures, plans }: WebParts): void {
  const by = (request: FastifyRequest): By => ({ userId: signedIn(request).userId, nowMs: clock.nowMs() });

  server.get(
    '/api/v1/plans',
    {
      config: { permission: 'plan.read' },
      schema: { tags: TAGS, summary: 'Plans, the first to be shown first', response: answers(Page(Plan)) },
    },
    async (request) => ({
      items: (await listPlans(db, await camerasSeenBy(db, signedIn(request)))).map(planOf),
      next: null,
    }),
  );

  server.get(
    '/api/v1/plans/:id',
    {
      config: { permission: 'plan.read' },
      schema: {
        tags: TAGS,
        summary: 'A plan with what is on it, how each camera is, and what is open there',
        params: IdParams,
        response: answers(PlanDetail),
      },
    },
    async (request) => {
      const seen = await camerasSeenBy(db, signedIn(request));
      const plan = await readPlan(db, request.params.id, seen);
      const { cameras, views, buildings } = await readPlaced(db, plan.id, seen);
      return {
        ...planOf(plan),
        placed: cameras.map(({ lastLookAt, openSince, ...camera }) => ({
          ...camera,
          lastLookAt: lastLookAt?.toISOString() ?? null,
          openSince: openSince?.toISOString() ?? null,
        })),
        views: views.map(({ polygon, ...view }) => ({ ...view, polygon: pointsOf(polygon) })),
        buildings: buildings.map(({ polygon, ...building }) => ({ ...building, polygon: pointsOf(polygon) })),
      };
    },
  );

  server.get(
    '/api/v1/plans/:id/picture.jpg',
    {
      config: { permission: 'plan.read' },
      schema: { tags: TAGS, summary: 'The plan’s picture', params: IdParams, querystring: PictureQuery },
    },
    async (request, reply) => {
      const { sha256 } = await readPlan(db, request.params.id);
      return sendPicture(request, reply, { db, pictures }, sha256, undefined);
    },
  );

  server.patch(
    '/api/v1/plans/:id',
    {
      config: { permission: 'plan.change' },
      schema: { tags: TAGS, summary: 'Name and order', params: IdParams, body: PlanChange, response: answers(Plan) },
    },
    async (request) => planOf(await changePlan(db, request.params.id, request.body, by(request))),
  );

  server.delete(
    '/api/v1/plans/:id',
    {
      config: { permission: 'plan.change' },
      schema: { tags: TAGS, summary: 'Remove a plan with what is placed on it', params: IdParams, response: GONE },
    },
    async (request, reply) => {
      await removePlan(db, request.params.id, by(request));
      return reply.status(204).send(null);
    },
  );

  uploads(server, { types: PICTURE_TYPES, bytes: LIMITS.pictureFileBytes }, (scope) => {
    const options = {
      bodyLimit: LIMITS.pictureFileBytes + FORM_BYTES,
      config: { permission: 'plan.change' as const },
    };
    const keep = async (request: FastifyRequest) => {
      const { bytes } = await uploadedFile(request, LIMITS.pictureFileBytes);
      const { jpeg, widthPx, heightPx } = await readPlanPicture(bytes);
      return { sha256: await plans.put(jpeg), widthPx, heightPx };
    };
    scope.post(
      '/api/v1/plans',
      {
        ...options,
        schema: {
          tags: TAGS,
          summary: 'Add a plan: a PNG, JPEG or WebP picture, as the body itself or as a form’s file',
          consumes: ['multipart/form-data', ...PICTURE_TYPES],
          querystring: PlanQuery,
          response: answers(Plan),
        },
      },
      async (request) => {
        const picture = await keep(request);
        return planOf(
          await addPlan(db, await requireEstate(db), { name: request.query.name, ...picture }, by(request)),
        );
      },
    );
    scope.put(
      '/api/v1/plans/:id/picture',
      {
        ...options,
        schema: {
          tags: TAGS,
          summary: 'Another picture for a plan; everything keeps its place on it',
          consumes: ['multipart/form-data', ...PICTURE_TYPES],
          params: IdParams,
          response: answers(Plan),
        },
      },
      async (request) => planOf(await changePlan(db, request.params.id, await keep(request), by(request))),
    );
  });

  const put = async (request: FastifyRequest, planId: number, placing: Placing): Promise<void> => {
    const camera =
      placing.what === 'camera' ? placing.id : placing.what === 'view' ? await cameraOf(placing.id) : undefined;
    if (camera !== undefined && !(await seesCamera(db, signedIn(request), camera))) {
      throw new SentinelError('web.missing', { what: placing.what, id: placing.id });
    }
    await place(db, planId, placing, by(request));
  };
  const cameraOf = async (viewId: number): Promise<number | undefined> =>
    (await db.selectFrom('view').select('camera_id').where('id', '=', viewId).executeTakeFirst())?.camera_id;

  server.put(
    '/api/v1/plans/:id/cameras/:placedId',
    {
      config: { permission: 'plan.change' },
      schema: { tags: TAGS, summary: 'Place a camera', params: PlacedParams, body: CameraPlacing, response: GONE },
    },
    async (request, reply) => {
      const { id, placedId } = request.params;
      await put(request, id, { what: 'camera', id: placedId, at: request.body });
      return reply.status(204).send(null);
    },
  );

  for (const [path, what] of [
    ['views', 'view'],
    ['buildings', 'building'],
  ] as const) {
    server.put(
      `/api/v1/plans/:id/${path}/:placedId`,
      {
        config: { permission: 'plan.change' },
        schema: {
          tags: TAGS,
          summary: what === 'view' ? 'Draw the area that a view sees' : 'Draw a building’s outline',
          params: PlacedParams,
          body: AreaPlacing,
          response: GONE,
        },
      },
      async (request, reply) => {
        const { id, placedId } = request.params;
        await put(request, id, { what, id: placedId, at: request.body });
        return reply.status(204).send(null);
      },
    );
  }

  for (const [path, what] of [
    ['cameras', 'camera'],
    ['views', 'view'],
    ['buildings', 'building'],
  ] as const) {
    server.delete(
      `/api/v1/plans/:id/${path}/:placedId`,
      {
        config: { permission: 'plan.change' },
        schema: { tags: TAGS, summary: `Take a ${what} off a plan`, params: PlacedParams, response: GONE },
      },
      async (request, reply) => {
        const { id, placedId } = request.params;
        await put(request, id, { what, id: placedId, at: null });
        return reply.status(204).send(null);
      },
    );
  }
}

function planOf({ sha256, ...plan }: PlanRow): Plan {
  return { ...plan, pictureUrl: pictureUrl(`/api/v1/plans/${plan.id}/picture.jpg`, sha256) };
}

function pointsOf(polygon: readonly (readonly [number, number])[]): [number, number][] {
  return polygon.map(([x, y]) => [x, y]);
}
