/** A view through time: its kept pictures, and any two of them beside each other. */
import {
  AccessQuery,
  Compared,
  CompareQuery,
  IdParams,
  KeptPicture,
  KeptPictureParams,
  KeptQuery,
  Page,
} from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { findCompared, findKeptPicture, keptPictureOf, listKept } from '../evidence-store.ts';
import { sendFile } from '../evidence-visit.ts';
import { blackened, PictureQuery, privacyAreas } from '../picture.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { Type } from 'typebox';

export function keptPictureRoutes(server: Server, { db, custody, door, pictures }: WebParts): void {
  server.get(
    '/api/v1/evidence/views/:id/kept',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'Kept pictures of a view, newest first; the list is an entry of the log',
        params: IdParams,
        querystring: KeptQuery,
        response: answers(Page(KeptPicture)),
      },
    },
    async (request) => {
      const { id } = request.params;
      const { cursor, limit: asked, access, ...span } = request.query;
      const visitor = await door.enter(request, access);
      await door.admitView(visitor, id);
      const limit = pageSize(asked);
      const rows = await listKept(db, id, span, readCursor(cursor, Number.MAX_SAFE_INTEGER), limit + 1);
      const page = pageOf(
        rows,
        limit,
        (row) => keptPictureOf(row, id, access),
        (row) => row.at_us,
      );
      if (page.items.length > 0) {
        await custody.tell(visitor.visit, {
          ...{ kind: 'pictures.viewed', result: 'shown', snapshots: [] },
          view: { id, pictures: page.items.map((one) => `${one.kind} ${one.id}`) },
        });
      }
      return page;
    },
  );

  server.get(
    '/api/v1/evidence/views/:id/compared',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'The kept pictures of a view nearest to two times',
        params: IdParams,
        querystring: CompareQuery,
        response: answers(Compared),
      },
    },
    async (request) => {
      const { id } = request.params;
      const { access, first, second } = request.query;
      const visitor = await door.enter(request, access);
      await door.admitView(visitor, id);
      const found = await findCompared(db, id, { first, second });
      return {
        first: found.first ? keptPictureOf(found.first, id, access) : null,
        second: found.second ? keptPictureOf(found.second, id, access) : null,
      };
    },
  );

  server.get(
    '/api/v1/evidence/views/:id/:kind/:pictureId/picture.jpg',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'A kept picture of a view that stands in no snapshot',
        params: KeptPictureParams,
        querystring: Type.Object({ ...AccessQuery.properties, ...PictureQuery.properties }),
      },
    },
    async (request, reply) => {
      const { id, kind, pictureId } = request.params;
      const visitor = await door.enter(request, request.query.access);
      await door.admitView(visitor, id);
      const sha256 = await findKeptPicture(db, id, kind, pictureId);
      const sight = { kind: 'pictures.viewed', snapshots: [], files: [sha256] } as const;
      const view = { id, pictures: [`${kind} ${pictureId}`] };
      const bytes = await door.read(visitor.visit, { ...sight, view }, pictures, sha256);
      return sendFile(reply, await blackened(bytes, await privacyAreas(db, { viewId: id })), {
        mediaType: 'image/jpeg',
      });
    },
  );
}
