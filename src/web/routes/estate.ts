/** What stands in the estate: buildings, their entrances and households, one by one and from a file. */
import { Type } from 'typebox';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  importHouseholds,
  listBuildings,
  listHouseholds,
  removeBuilding,
  removeHousehold,
  watchedEstate,
  writeBuilding,
  writeHousehold,
  type By,
} from '../../estate/estate.ts';
import type { Db } from '../../drivers/postgres/postgres.ts';
import {
  Building,
  BuildingBody,
  Household,
  HouseholdBody,
  HouseholdPage,
  HouseholdQuery,
  IdParams,
  ImportQuery,
  ImportReport,
  Page,
  RemoveBuildingQuery,
} from '../contract.ts';
import { pageSize, readCursor, writeCursor } from '../cursor.ts';
import { languageOf } from '../error-map.ts';
import { signedIn } from '../guard.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { FORM_BYTES, textOf, uploadedFile, uploads } from '../upload.ts';

const TAGS = ['estate'];
const CSV_TYPES = ['text/csv', 'text/plain'];
const GONE = { ...answers(Type.Null()), 204: Type.Null() };

/** @throws SentinelError web.missing before there is an estate */
export async function requireEstate(db: Db): Promise<number> {
  const estate = await watchedEstate(db);
  if (!estate) throw new SentinelError('web.missing', { what: 'estate', id: 0 });
  return estate.id;
}

export function estateRoutes(server: Server, { db, clock }: WebParts): void {
  const by = (request: Parameters<typeof signedIn>[0]): By => ({
    userId: signedIn(request).userId,
    nowMs: clock.nowMs(),
  });

  server.get(
    '/api/v1/buildings',
    {
      config: { permission: 'plan.read' },
      schema: { tags: TAGS, summary: 'Buildings with their entrances', response: answers(Page(Building)) },
    },
    async () => ({ items: await listBuildings(db), next: null }),
  );

  server.post(
    '/api/v1/buildings',
    {
      config: { permission: 'estate.change' },
      schema: { tags: TAGS, summary: 'Add a building', body: BuildingBody, response: answers(Building) },
    },
    async (request) => writeBuilding(db, await requireEstate(db), undefined, request.body, by(request)),
  );

  server.put(
    '/api/v1/buildings/:id',
    {
      config: { permission: 'estate.change' },
      schema: {
        tags: TAGS,
        summary: 'Change a building',
        params: IdParams,
        body: BuildingBody,
        response: answers(Building),
      },
    },
    async (request) => writeBuilding(db, await requireEstate(db), request.params.id, request.body, by(request)),
  );

  server.delete(
    '/api/v1/buildings/:id',
    {
      config: { permission: 'estate.change' },
      schema: {
        tags: TAGS,
        summary: 'Remove a building; its households only where that is said',
        params: IdParams,
        querystring: RemoveBuildingQuery,
        response: GONE,
      },
    },
    async (request, reply) => {
      await removeBuilding(db, request.params.id, request.query.withHouseholds ?? false, by(request));
      return reply.status(204).send(null);
    },
  );

  server.get(
    '/api/v1/households',
    {
      config: { permission: 'estate.read' },
      schema: {
        tags: TAGS,
        summary: 'Households in the order of building, entrance and number',
        querystring: HouseholdQuery,
        response: answers(HouseholdPage),
      },
    },
    async ({ query }) => {
      const { cursor, limit: asked, ...filter } = query;
      const limit = pageSize(asked);
      const skip = readCursor(cursor, LIMITS.households) ?? 0;
      const { rows, total } = await listHouseholds(db, filter, skip, limit);
      return {
        items: rows,
        total,
        next: skip + rows.length < total && rows.length > 0 ? writeCursor(skip + limit) : null,
      };
    },
  );

  server.post(
    '/api/v1/households',
    {
      config: { permission: 'estate.change' },
      schema: { tags: TAGS, summary: 'Add a household', body: HouseholdBody, response: answers(Household) },
    },
    (request) => writeHousehold(db, undefined, request.body, by(request)),
  );

  server.put(
    '/api/v1/households/:id',
    {
      config: { permission: 'estate.change' },
      schema: {
        tags: TAGS,
        summary: 'Change a household',
        params: IdParams,
        body: HouseholdBody,
        response: answers(Household),
      },
    },
    (request) => writeHousehold(db, request.params.id, request.body, by(request)),
  );

  server.delete(
    '/api/v1/households/:id',
    {
      config: { permission: 'estate.change' },
      schema: { tags: TAGS, summary: 'Remove a household', params: IdParams, response: GONE },
    },
    async (request, reply) => {
      await removeHousehold(db, request.params.id, by(request));
      return reply.status(204).send(null);
    },
  );

  uploads(server, { types: CSV_TYPES, bytes: LIMITS.importFileBytes }, (scope) => {
    scope.post(
      '/api/v1/households/import',
      {
        config: { permission: 'estate.change' },
        bodyLimit: LIMITS.importFileBytes + FORM_BYTES,
        schema: {
          tags: TAGS,
          summary: 'Take households from a CSV file, as the body itself or as a form’s file',
          consumes: ['multipart/form-data', ...CSV_TYPES],
          querystring: ImportQuery,
          response: answers(ImportReport),
        },
      },
      async (request) => {
        const { bytes } = await uploadedFile(request, LIMITS.importFileBytes);
        return importHouseholds({
          ...{ db, estateId: await requireEstate(db), text: textOf(bytes) },
          ...{ dryRun: request.query.dryRun ?? false, language: languageOf(request.headers['accept-language']) },
          ...by(request),
        });
      },
    );
  });
}
