/** What patrol has seen: of a route, of the estate, and the places that nothing has looked at. */
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { BlindQuery, CoverageQuery, EstateCoverage, IdParams, RouteCoverage } from '../contract.ts';
import { blindSpotsCsv, coverageCsv, estateCoverage, periodOf, routeCoverage } from '../coverage-store.ts';
import { signedIn } from '../guard.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { answers, type Server, type WebParts } from '../server.ts';

const TAGS = ['patrol'];
const CSV = 'text/csv; charset=utf-8';

export function coverageRoutes(server: Server, { db, clock, patrolDefaults }: WebParts): void {
  const coverageFor = async (request: FastifyRequest<{ Querystring: Static<typeof BlindQuery> }>) => {
    const { query } = request;
    const nowMs = clock.nowMs();
    return estateCoverage(db, {
      ...{ period: periodOf(query, nowMs), blindHours: query.hours ?? patrolDefaults.blindAfterHours, nowMs },
      cameras: await camerasSeenBy(db, signedIn(request)),
    });
  };

  server.get(
    '/api/v1/patrol-routes/:id/coverage',
    {
      config: { permission: 'patrol.read' },
      schema: {
        tags: TAGS,
        summary: 'Last good look, looks against plan, longest gap and what could not be judged, stop by stop',
        params: IdParams,
        querystring: CoverageQuery,
        response: answers(RouteCoverage),
      },
    },
    ({ params, query }) => routeCoverage(db, params.id, periodOf(query, clock.nowMs())),
  );

  server.get(
    '/api/v1/patrol-routes/:id/coverage.csv',
    {
      config: { permission: 'patrol.read' },
      schema: {
        tags: TAGS,
        summary: 'The same as a table',
        params: IdParams,
        querystring: CoverageQuery,
        produces: ['text/csv'],
      },
    },
    async ({ params, query }, reply) =>
      reply
        .type(CSV)
        .header('content-disposition', `attachment; filename="coverage-${params.id}.csv"`)
        .send(coverageCsv(await routeCoverage(db, params.id, periodOf(query, clock.nowMs())))),
  );

  server.get(
    '/api/v1/coverage',
    {
      config: { permission: 'patrol.read' },
      schema: {
        tags: TAGS,
        summary: 'Every route, and the views that nothing has looked at well for some hours',
        querystring: BlindQuery,
        response: answers(EstateCoverage),
      },
    },
    (request) => coverageFor(request),
  );

  server.get(
    '/api/v1/coverage/blind-spots.csv',
    {
      config: { permission: 'patrol.read' },
      schema: { tags: TAGS, summary: 'The blind spots as a table', querystring: BlindQuery, produces: ['text/csv'] },
    },
    async (request, reply) =>
      reply
        .type(CSV)
        .header('content-disposition', 'attachment; filename="blind-spots.csv"')
        .send(blindSpotsCsv(await coverageFor(request))),
  );
}
