/** Cameras and their health, and taking them from a file. */
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { Camera, CameraQuery, IdParams, ImportQuery, ImportReport, Page } from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { languageOf } from '../error-map.ts';
import { signedIn } from '../guard.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { FORM_BYTES, textOf, uploadedFile, uploads } from '../upload.ts';
import { listCameras, readCamera } from '../view-store.ts';

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

  uploads(server, { types: TEXT_TYPES, bytes: LIMITS.importFileBytes }, (scope) => {
    scope.post(
      '/api/v1/cameras/import',
      {
        config: { permission: 'cameras.import' },
        bodyLimit: LIMITS.importFileBytes + FORM_BYTES,
        schema: {
          tags: ['cameras'],
          summary: 'Take cameras from a YAML or CSV file, as the body itself or as a form’s file',
          consumes: ['multipart/form-data', ...TEXT_TYPES],
          querystring: ImportQuery,
          response: answers(ImportReport),
        },
      },
      async (request) => {
        const { bytes, name } = await uploadedFile(request, LIMITS.importFileBytes);
        const format = request.query.format ?? formatOf(name, request.headers['content-type']);
        if (!format) {
          throw new SentinelError('web.invalid', {
            field: 'format',
            problem: 'must be yaml or csv',
            part: 'querystring',
          });
        }
        return importCameras({
          text: textOf(bytes),
          format,
          dryRun: request.query.dryRun ?? false,
          language: languageOf(request.headers['accept-language']),
          userId: signedIn(request).userId,
        });
      },
    );
  });
}

function formatOf(name: string, contentType: string | undefined): 'yaml' | 'csv' | undefined {
  if (/\.ya?ml$/i.test(name) || /yaml/i.test(contentType ?? '')) return 'yaml';
  if (/\.csv$/i.test(name) || /csv/i.test(contentType ?? '')) return 'csv';
  return undefined;
}
