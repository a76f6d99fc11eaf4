/** Sealed snapshots: finding them, looking at them, having one taken now. */
import { SentinelError } from '../../base/errors.ts';
import { shrinkJpeg } from '../../drivers/codec/codec.ts';
import {
  AccessBody,
  AccessQuery,
  Concealment,
  CurrentAccess,
  EvidenceAccess,
  Page,
  PullBody,
  Pulled,
  Snapshot,
  SnapshotDetail,
  SnapshotFileParams,
  SnapshotParams,
  SnapshotQuery,
} from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { listHolds } from '../custody-store.ts';
import { findFace, findFile, listSnapshots, readDetail, readSummary } from '../evidence-store.ts';
import { sendFile, visitFor } from '../evidence-visit.ts';
import { requirePermission, signedIn } from '../guard.ts';
import { PictureQuery } from '../picture.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { evidenceCameras } from '../unit-store.ts';
import { Type } from 'typebox';

const THUMBNAIL_WIDTH_PX = 320;
const HOLDS_SHOWN = 100;

export function evidenceRoutes(server: Server, parts: WebParts): void {
  const { db, custody, door, movers, pictures, snapshots, keptUntil } = parts;

  server.post(
    '/api/v1/evidence/accesses',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'Say why one looks at evidence; holds for some hours',
        body: AccessBody,
        response: answers(EvidenceAccess),
      },
    },
    async (request) => {
      const account = signedIn(request);
      await evidenceCameras(db, account);
      const { reason, purpose } = request.body;
      return accessOf(await custody.open(account.userId, { reason: reason.trim(), purpose: purpose.trim() }));
    },
  );

  server.get(
    '/api/v1/evidence/accesses/current',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'The reason one gave last, while it holds',
        response: answers(CurrentAccess),
      },
    },
    async (request) => {
      const access = await custody.current(signedIn(request).userId);
      return { access: access ? accessOf(access) : null };
    },
  );

  server.get(
    '/api/v1/evidence',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'Snapshots of the cameras one may see, newest first; the list is an entry of the log',
        querystring: SnapshotQuery,
        response: answers(Page(Snapshot)),
      },
    },
    async (request) => {
      const { cursor, limit: asked, access, ...filter } = request.query;
      const { visit, cameras } = await door.enter(request, access);
      const limit = pageSize(asked);
      const before = readCursor(cursor, Number.MAX_SAFE_INTEGER);
      const found = await listSnapshots(db, filter, cameras, before, limit + 1, access);
      const page = pageOf(
        found,
        limit,
        (one) => one,
        (one) => one.entry,
      );
      await custody.tell(visit, {
        ...{ kind: 'snapshots.searched', result: 'shown', search: { ...filter } },
        snapshots: page.items.map(({ id }) => id),
      });
      return page;
    },
  );

  server.get(
    '/api/v1/evidence/:id',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'One snapshot: the sealed record, its files, its matter, its holds',
        params: SnapshotParams,
        querystring: AccessQuery,
        response: answers(SnapshotDetail),
      },
    },
    async (request) => {
      const { id } = request.params;
      const visitor = await door.enter(request, request.query.access);
      await door.admit(visitor, id);
      const [detail, holds, until] = await Promise.all([
        readDetail(db, id, visitor.accessId),
        listHolds(db, { snapshotId: id }, HOLDS_SHOWN),
        keptUntil(id),
      ]);
      await custody.tell(visitor.visit, { kind: 'snapshot.viewed', result: 'shown', snapshots: [id] });
      return { ...detail, holds, keptUntil: until?.toISOString() ?? null };
    },
  );

  server.get(
    '/api/v1/evidence/:id/thumbnail.jpg',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'A small picture for lists',
        params: SnapshotParams,
        querystring: Type.Object({ ...AccessQuery.properties, ...PictureQuery.properties }),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const visitor = await door.enter(request, request.query.access);
      await door.admit(visitor, id);
      const bytes = await shrinkJpeg(await pictures.get(await findFace(db, id)), THUMBNAIL_WIDTH_PX);
      await custody.tellThumbnail(visitor.visit, id);
      return sendFile(reply, bytes, { mediaType: 'image/jpeg' });
    },
  );

  server.get(
    '/api/v1/evidence/:id/files/:sha256',
    {
      config: { permission: 'evidence.read' },
      schema: {
        tags: ['evidence'],
        summary: 'A file of a snapshot, to the byte; the camera’s own bytes want the right to export',
        params: SnapshotFileParams,
        querystring: AccessQuery,
      },
    },
    async (request, reply) => {
      const { id, sha256 } = request.params;
      const visitor = await door.enter(request, request.query.access);
      await door.admit(visitor, id);
      const { mediaType, name, isPicture } = await findFile(db, id, sha256);
      if (!isPicture) requirePermission(request, 'evidence.export');
      const kind = isPicture ? 'snapshot.viewed' : 'snapshot.exported';
      const sight = { kind, snapshots: [id], files: [sha256] } as const;
      const bytes = await door.read(visitor.visit, sight, pictures, sha256);
      return sendFile(reply, bytes, isPicture ? { mediaType } : { mediaType, name });
    },
  );

  server.get(
    '/api/v1/evidence/:id/files/:sha256/concealment',
    {
      config: { permission: 'evidence.export' },
      schema: {
        tags: ['evidence'],
        summary: 'Propose what to make unrecognisable in a picture: where people and vehicles stand',
        params: SnapshotFileParams,
        querystring: AccessQuery,
        response: answers(Concealment),
      },
    },
    async (request) => {
      const { id, sha256 } = request.params;
      const visitor = await door.enter(request, request.query.access);
      await door.admit(visitor, id);
      const { isPicture } = await findFile(db, id, sha256);
      if (!isPicture)
        throw new SentinelError('web.invalid', { field: 'sha256', problem: 'is no picture', part: 'params' });
      const sight = { kind: 'snapshot.viewed', snapshots: [id], files: [sha256] } as const;
      const { areas, left } = await movers.conceal(await door.read(visitor.visit, sight, pictures, sha256));
      return { areas: areas.map((box): [number, number, number, number] => [...box]), left };
    },
  );

  server.post(
    '/api/v1/evidence/pulls',
    {
      config: { permission: 'evidence.pull' },
      schema: {
        tags: ['evidence'],
        summary: 'Have a snapshot of a view taken now; its main stream follows in a further record',
        body: PullBody,
        response: answers(Pulled),
      },
    },
    async (request) => {
      const { viewId, candidateId, reason, purpose } = request.body;
      const account = signedIn(request);
      await door.admitView({ cameras: await evidenceCameras(db, account) }, viewId);
      const said = visitFor(request, { reason, purpose });
      const { id } = await snapshots.pull(db, {
        ...{ viewId, userId: account.userId, reason: said.reason, purpose: said.purpose },
        ...(candidateId !== undefined && { candidateId }),
      });
      const access = (await custody.current(account.userId)) ?? (await custody.open(account.userId, said));
      return { snapshot: await readSummary(db, id, access.id) };
    },
  );

  function accessOf({ id, reason, purpose, at, expiresAt }: Awaited<ReturnType<typeof custody.open>>): EvidenceAccess {
    return { id, reason, purpose, at: at.toISOString(), until: expiresAt.toISOString() };
  }
}
