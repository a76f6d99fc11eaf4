/** Routes of PTZ cameras: list, draw, check, copy a day, try, take from a file and give as one. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  askForTest,
  cancelTest,
  checkRoute,
  copyRouteDay,
  exportRoutes,
  importRoutes,
  removeRoute,
  requireRoute,
  RouteInvalid,
  saveRoute,
} from '../../patrol/patrol.ts';
import {
  CheckQuery,
  CopyDay,
  IdParams,
  Page,
  PatrolRoute,
  PatrolRouteBody,
  RouteCheck,
  RouteFileQuery,
  RouteImportQuery,
  RouteImportReport,
  RouteQuery,
  TestRun,
} from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { errorBody, languageOf } from '../error-map.ts';
import { signedIn } from '../guard.ts';
import { drawnOf, listRoutes, readRoute, readTest, shownProblems } from '../patrol-store.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { seesCamera } from '../unit-scope.ts';
import { answers, type Server, type WebParts } from '../server.ts';

const TAGS = ['patrol'];
const YAML = 'application/yaml';

export function patrolRoutes(server: Server, { db, clock }: WebParts): void {
  const readerOf = (request: FastifyRequest) => ({
    language: languageOf(request.headers['accept-language']),
    nowMs: clock.nowMs(),
  });

  /** @throws `web.missing` for a camera of another unit */
  const mustSee = async (request: FastifyRequest, cameraId: number): Promise<void> => {
    if (!(await seesCamera(db, signedIn(request), cameraId))) {
      throw new SentinelError('web.missing', { what: 'camera', id: cameraId });
    }
  };

  /** Saves and answers with the route; where it cannot go, with the error and its problems one by one. */
  const saved = async (request: FastifyRequest, reply: FastifyReply, save: () => Promise<number>) => {
    try {
      return await readRoute(db, await save(), readerOf(request));
    } catch (thrown) {
      if (!(thrown instanceof RouteInvalid)) throw thrown;
      const { language } = readerOf(request);
      const problems = shownProblems(thrown.problems, language, thrown.timeZone);
      return reply.status(422).send(errorBody(thrown, request, { problems }));
    }
  };

  server.get(
    '/api/v1/patrol-routes',
    {
      config: { permission: 'patrol.read' },
      schema: { tags: TAGS, summary: 'Routes', querystring: RouteQuery, response: answers(Page(PatrolRoute)) },
    },
    async (request) => {
      const { cursor, limit: asked, ...filter } = request.query;
      const limit = pageSize(asked);
      const cameras = await camerasSeenBy(db, signedIn(request));
      const routes = await listRoutes(db, { ...filter, cameras }, readCursor(cursor), limit + 1, readerOf(request));
      return pageOf(
        routes,
        limit,
        (route) => route,
        (route) => route.id,
      );
    },
  );

  server.get(
    '/api/v1/patrol-routes/:id',
    {
      config: { permission: 'patrol.read' },
      schema: { tags: TAGS, summary: 'One route', params: IdParams, response: answers(PatrolRoute) },
    },
    (request) => readRoute(db, request.params.id, readerOf(request)),
  );

  server.post(
    '/api/v1/patrol-routes',
    {
      config: { permission: 'patrol.change' },
      schema: { tags: TAGS, summary: 'Draw a route', body: PatrolRouteBody, response: answers(PatrolRoute) },
    },
    async (request, reply) => {
      const drawn = drawnOf(request.body);
      await mustSee(request, drawn.cameraId);
      return saved(request, reply, () =>
        db.transaction().execute((trx) => saveRoute(trx, drawn, undefined, signedIn(request).userId, clock.nowMs())),
      );
    },
  );

  server.put(
    '/api/v1/patrol-routes/:id',
    {
      config: { permission: 'patrol.change' },
      schema: {
        tags: TAGS,
        summary: 'Draw a route anew; the dome goes by it from its next stop on',
        params: IdParams,
        body: PatrolRouteBody,
        response: answers(PatrolRoute),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { version } = request.body;
      const drawn = drawnOf(request.body);
      return saved(request, reply, () =>
        db
          .transaction()
          .execute((trx) => saveRoute(trx, drawn, { id, version }, signedIn(request).userId, clock.nowMs())),
      );
    },
  );

  server.delete(
    '/api/v1/patrol-routes/:id',
    {
      config: { permission: 'patrol.change' },
      schema: {
        tags: TAGS,
        summary: 'Remove a route; what was seen on it stays',
        params: IdParams,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { userId } = signedIn(request);
      await db.transaction().execute((trx) => removeRoute(trx, request.params.id, userId, clock.nowMs()));
      return reply.status(204).send(null);
    },
  );

  server.post(
    '/api/v1/patrol-routes/check',
    {
      config: { permission: 'patrol.read' },
      schema: {
        tags: TAGS,
        summary: 'What is wrong with a route as it is drawn; changes nothing',
        querystring: CheckQuery,
        body: PatrolRouteBody,
        response: answers(RouteCheck),
      },
    },
    async (request) => {
      const { language, nowMs } = readerOf(request);
      const drawn = drawnOf(request.body);
      await mustSee(request, drawn.cameraId);
      const { problems, roundS, estateZone } = await checkRoute(db, drawn, request.query.id, nowMs);
      return { problems: shownProblems(problems, language, estateZone), roundS };
    },
  );

  server.post(
    '/api/v1/patrol-routes/:id/copy-day',
    {
      config: { permission: 'patrol.change' },
      schema: {
        tags: TAGS,
        summary: 'Copy the times of a day to others, in place of theirs',
        params: IdParams,
        body: CopyDay,
        response: answers(PatrolRoute),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      return saved(request, reply, async () => {
        const { userId } = signedIn(request);
        await db.transaction().execute((trx) => copyRouteDay(trx, id, request.body, userId, clock.nowMs()));
        return id;
      });
    },
  );

  server.post(
    '/api/v1/patrol-routes/:id/test',
    {
      config: { permission: 'patrol.change' },
      schema: {
        tags: TAGS,
        summary: 'Go one round now, whatever the time; a hand goes before it',
        params: IdParams,
        response: answers(TestRun),
      },
    },
    async (request) => {
      const { id } = request.params;
      await askForTest(db, id, signedIn(request).userId, clock.nowMs());
      return readTest(db, id);
    },
  );

  server.get(
    '/api/v1/patrol-routes/:id/test',
    {
      config: { permission: 'patrol.read' },
      schema: { tags: TAGS, summary: 'The newest test run', params: IdParams, response: answers(TestRun) },
    },
    async ({ params }) => {
      await requireRoute(db, params.id);
      return readTest(db, params.id);
    },
  );

  server.delete(
    '/api/v1/patrol-routes/:id/test',
    {
      config: { permission: 'patrol.change' },
      schema: { tags: TAGS, summary: 'Call the test run off', params: IdParams, response: answers(TestRun) },
    },
    async ({ params }) => {
      await cancelTest(db, params.id, clock.nowMs());
      return readTest(db, params.id);
    },
  );

  server.get(
    '/api/v1/patrol-routes.yaml',
    {
      config: { permission: 'patrol.read' },
      schema: { tags: TAGS, summary: 'Routes as a file', querystring: RouteFileQuery, produces: [YAML] },
    },
    async (request, reply) =>
      reply
        .type(`${YAML}; charset=utf-8`)
        .header('content-disposition', 'attachment; filename="patrol-routes.yaml"')
        .send(await exportRoutes(db, { ...request.query, cameras: await camerasSeenBy(db, signedIn(request)) })),
  );

  // A scope of its own: only here is YAML read.
  void server.register(async (scope) => {
    const types = [YAML, 'application/x-yaml', 'text/yaml', 'text/plain'];
    scope.addContentTypeParser(types, { parseAs: 'string' }, (_request, body, done) => done(null, body));
    (scope as unknown as Server).post(
      '/api/v1/patrol-routes/import',
      {
        config: { permission: 'patrol.change' },
        bodyLimit: LIMITS.routeFileBytes,
        schema: {
          tags: TAGS,
          summary: 'Take routes from a YAML file; those it does not list are left alone',
          consumes: types,
          querystring: RouteImportQuery,
          response: answers(RouteImportReport),
        },
      },
      async (request) => {
        const { language, nowMs } = readerOf(request);
        const text = typeof request.body === 'string' ? request.body : '';
        const dryRun = request.query.dryRun ?? false;
        const account = signedIn(request);
        const cameras = await camerasSeenBy(db, account);
        return importRoutes({ db, text, dryRun, language, cameras, userId: account.userId, nowMs });
      },
    );
  });
}
