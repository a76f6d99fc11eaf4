/** Units, for administrators: whose people see which cameras. */
import { Type } from 'typebox';
import { IdParams, Page, Unit, UnitBody } from '../contract.ts';
import { signedIn } from '../guard.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { listUnits, removeUnit, writeUnit } from '../unit-store.ts';

export function unitRoutes(server: Server, { db, clock }: WebParts): void {
  server.get(
    '/api/v1/units',
    {
      config: { permission: 'units.manage' },
      schema: { tags: ['people'], summary: 'Units', response: answers(Page(Unit)) },
    },
    async () => ({ items: await listUnits(db), next: null }),
  );

  server.post(
    '/api/v1/units',
    {
      config: { permission: 'units.manage' },
      schema: { tags: ['people'], summary: 'Make a unit', body: UnitBody, response: answers(Unit) },
    },
    (request) => writeUnit(db, undefined, request.body, signedIn(request).userId, clock.nowMs()),
  );

  server.put(
    '/api/v1/units/:id',
    {
      config: { permission: 'units.manage' },
      schema: {
        tags: ['people'],
        summary: 'Change a unit; what its people may see changes at once',
        params: IdParams,
        body: UnitBody,
        response: answers(Unit),
      },
    },
    (request) => writeUnit(db, request.params.id, request.body, signedIn(request).userId, clock.nowMs()),
  );

  server.delete(
    '/api/v1/units/:id',
    {
      config: { permission: 'units.manage' },
      schema: {
        tags: ['people'],
        summary: 'Remove a unit without people',
        params: IdParams,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await removeUnit(db, request.params.id, signedIn(request).userId, clock.nowMs());
      return reply.status(204).send(null);
    },
  );
}
