/** Evidence packages: order one, see how far it is, fetch its parts. */
import send from '@fastify/send';
import { Type } from 'typebox';
import { LIMITS } from '../../base/limits.ts';
import type { PackageJob } from '../../evidence/evidence.ts';
import { Package, PackageBody, PackageParams, PackagePartParams, PackageQuery, Page } from '../contract.ts';
import { pageSize } from '../cursor.ts';
import { visitFor } from '../evidence-visit.ts';
import { signedIn } from '../guard.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { evidenceCameras } from '../unit-store.ts';

export function packageRoutes(server: Server, { db, door, packages }: WebParts): void {
  server.post(
    '/api/v1/evidence/packages',
    {
      config: { permission: 'evidence.export' },
      schema: {
        tags: ['evidence'],
        summary: 'Have a package made of snapshots, items, views or a span of time',
        body: PackageBody,
        response: answers(Package),
      },
    },
    async (request) => {
      const { reason, purpose, recipient, contents, marks, partBytes, since, until, ...chosen } = request.body;
      const account = signedIn(request);
      const cameras = await evidenceCameras(db, account);
      const visit = visitFor(request, { reason, purpose });
      // What is asked for by its own id must be theirs; of the rest what is theirs is taken.
      for (const id of chosen.snapshotIds ?? []) await door.admit({ visit, cameras }, id);
      const id = await packages.order(
        visit,
        {
          ...chosen,
          ...(since !== undefined && { sinceMs: Date.parse(since) }),
          ...(until !== undefined && { untilMs: Date.parse(until) }),
        },
        cameras,
        {
          recipient: recipient?.trim() || null,
          contents: contents ?? 'all',
          marks: marks ?? [],
          partBytes: partBytes ?? LIMITS.packagePartBytesDefault,
        },
      );
      return shown(await packages.read(id, account.userId));
    },
  );

  server.get(
    '/api/v1/evidence/packages',
    {
      config: { permission: 'evidence.export' },
      schema: {
        tags: ['evidence'],
        summary: 'One’s packages, newest first; an administrator’s list has everybody’s',
        querystring: PackageQuery,
        response: answers(Page(Package)),
      },
    },
    async (request) => {
      const limit = pageSize(request.query.limit);
      const jobs = await packages.list(ownerOf(signedIn(request)), request.query.cursor, limit + 1);
      const items = jobs.slice(0, limit).map(shown);
      return { items, next: jobs.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
  );

  server.get(
    '/api/v1/evidence/packages/:id',
    {
      config: { permission: 'evidence.export' },
      schema: { tags: ['evidence'], summary: 'One package', params: PackageParams, response: answers(Package) },
    },
    async (request) => shown(await packages.read(request.params.id, ownerOf(signedIn(request)))),
  );

  server.delete(
    '/api/v1/evidence/packages/:id',
    {
      config: { permission: 'evidence.export' },
      schema: {
        tags: ['evidence'],
        summary: 'Remove a package’s files, or keep it from being made; the log still says that it was',
        params: PackageParams,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await packages.remove(request.params.id, ownerOf(signedIn(request)));
      return reply.status(204).send(null);
    },
  );

  server.get(
    '/api/v1/evidence/packages/:id/parts/:name',
    {
      config: { permission: 'evidence.export' },
      schema: {
        tags: ['evidence'],
        summary: 'A part of a package, to the byte; goes on where it stopped (Range)',
        params: PackagePartParams,
      },
    },
    async (request, reply) => {
      const { id, name } = request.params;
      const visit = visitFor(request, { reason: '' });
      const dir = await packages.fetch(visit, id, ownerOf(signedIn(request)), name);
      const { statusCode, headers, stream } = await send(request.raw, name, {
        ...{ root: dir, index: false, dotfiles: 'deny', cacheControl: false },
      });
      return reply
        .status(statusCode)
        .headers(headers)
        .header('content-type', statusCode < 400 ? 'application/zip' : 'text/plain')
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('cache-control', 'private, no-store')
        .send(stream);
    },
  );
}

/** Administrators see to everybody's packages. */
function ownerOf({ userId, role }: { userId: number; role: string }): number | undefined {
  return role === 'admin' ? undefined : userId;
}

function shown(job: PackageJob): Package {
  const { wish } = job;
  return {
    ...{ id: job.id, state: job.state, step: job.step, progress: job.progress, snapshots: job.snapshotCount },
    ...{ contents: wish.contents, reason: wish.reason, purpose: wish.purpose, recipient: wish.recipient },
    by: wish.by.displayName || wish.by.name,
    createdAt: job.createdAt.toISOString(),
    finishedAt: job.finishedAt?.toISOString() ?? null,
    expiresAt: job.state === 'ready' ? (job.expiresAt?.toISOString() ?? null) : null,
    ...{ entry: job.entry, problem: job.state === 'failed' ? job.problem : null },
    parts:
      job.state === 'ready'
        ? job.parts.map(({ name, bytes, sha256 }) => ({
            ...{ name, bytes, sha256 },
            url: `/api/v1/evidence/packages/${job.id}/parts/${name}`,
          }))
        : [],
  };
}
