/** Cameras and their health, and taking them from a file. */
import multipart from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { cameraFileText } from '../../camera/camera.ts';
import { recordAudit } from '../../drivers/postgres/postgres.ts';
import { Camera, CameraQuery, IdParams, ImportQuery, ImportReport, Page } from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { languageOf } from '../error-map.ts';
import { signedIn } from '../guard.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { listCameras, readCamera } from '../view-store.ts';

const FORM_LIMITS = { files: 1, fields: 4, parts: 5, fieldSize: 1024, fileSize: LIMITS.importFileBytes };
const TEXT_TYPES = ['text/plain', 'text/csv', 'text/yaml', 'application/yaml', 'application/x-yaml'];

export function cameraRoutes(server: Server, { db, clock, clockRules, importCameras }: WebParts): void {
  const clocksNow = () => ({ rules: clockRules, nowMs: clock.nowMs() });

  server.get(
    '/api/v1/cameras',
    {
      config: { permission: 'cameras.read' },
      schema: {
        tags: ['cameras'],
        summary: 'Cameras with their health',
        querystring: CameraQuery,
        response: answers(Page(Camera)),
      },
    },
    async (request) => {
      const { cursor, limit: asked, ...filter } = request.query;
      const limit = pageSize(asked);
      const seen = await camerasSeenBy(db, signedIn(request));
      const cameras = await listCameras(db, { ...filter, cameras: seen }, readCursor(cursor), limit + 1, clocksNow());
      return pageOf(
        cameras,
        limit,
        (camera) => camera,
        (camera) => camera.id,
      );
    },
  );

  server.get(
    '/api/v1/cameras/:id',
    {
      config: { permission: 'cameras.read' },
      schema: { tags: ['cameras'], summary: 'One camera', params: IdParams, response: answers(Camera) },
    },
    ({ params }) => readCamera(db, params.id, clocksNow()),
  );

  // A scope of its own: only here are bodies other than JSON read.
  void server.register(async (scope) => {
    await scope.register(multipart, { limits: FORM_LIMITS });
    scope.addContentTypeParser(TEXT_TYPES, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    (scope as unknown as Server).post(
      '/api/v1/cameras/import',
      {
        config: { permission: 'cameras.import' },
        bodyLimit: LIMITS.importFileBytes + 64 * 1024,
        schema: {
          tags: ['cameras'],
          summary: 'Take cameras from a YAML or CSV file, as the body itself or as a form’s file',
          consumes: ['multipart/form-data', ...TEXT_TYPES],
          querystring: ImportQuery,
          response: answers(ImportReport),
        },
      },
      async (request) => {
        const { userId } = signedIn(request);
        const { bytes, name } = await fileOf(request);
        const format = request.query.format ?? formatOf(name, request.headers['content-type']);
        if (!format) {
          throw new SentinelError('web.invalid', {
            field: 'format',
            problem: 'must be yaml or csv',
            part: 'querystring',
          });
        }
        const text = cameraFileText(bytes);
        if (text.includes('\0')) {
          throw new SentinelError('web.invalid', { field: 'file', problem: 'is not a text', part: 'body' });
        }
        const dryRun = request.query.dryRun ?? false;
        const report = await importCameras({
          text,
          format,
          dryRun,
          language: languageOf(request.headers['accept-language']),
        });
        if (!dryRun) {
          const { added, changed, unchanged, refused } = report;
          await recordAudit(db, {
            userId,
            action: 'cameras.imported',
            subject: 'cameras',
            details: { added, changed, unchanged, refused },
            atMs: clock.nowMs(),
          });
        }
        return report;
      },
    );
  });
}

async function fileOf(request: FastifyRequest): Promise<{ bytes: Buffer; name: string }> {
  if (!request.isMultipart()) {
    if (Buffer.isBuffer(request.body) && request.body.length > 0) return { bytes: request.body, name: '' };
    throw new SentinelError('web.invalid', { field: 'body', problem: 'is empty', part: 'body' });
  }
  const file = await request.file({ limits: FORM_LIMITS });
  if (!file) throw new SentinelError('web.invalid', { field: 'file', problem: 'is missing', part: 'body' });
  const bytes = await file.toBuffer();
  // The library notices by itself only where the end of the file comes in a chunk of its own.
  if (file.file.truncated) throw new SentinelError('web.body_too_large', { limitBytes: LIMITS.importFileBytes });
  return { bytes, name: file.filename };
}

function formatOf(name: string, contentType: string | undefined): 'yaml' | 'csv' | undefined {
  if (/\.ya?ml$/i.test(name) || /yaml/i.test(contentType ?? '')) return 'yaml';
  if (/\.csv$/i.test(name) || /csv/i.test(contentType ?? '')) return 'csv';
  return undefined;
}
