/** What is set of many cameras at once, where one hangs, and trying a camera while somebody waits. */
import type { FastifyRequest } from 'fastify';
import { SentinelError } from '../../base/errors.ts';
import { areCoordinatesWhole, setLocation } from '../../camera/camera.ts';
import { changeCameras } from '../../review/review.ts';
import { Camera, CameraLocation, CamerasChange, CamerasChanged, ConnectionReport, IdParams } from '../contract.ts';
import { languageOf } from '../error-map.ts';
import { requirePermission, signedIn } from '../guard.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { readCamera } from '../view-store.ts';

export function cameraSettingRoutes(server: Server, { db, clock, clockRules, connections }: WebParts): void {
  server.post(
    '/api/v1/cameras/change',
    {
      config: { permission: 'views.change' },
      schema: {
        tags: ['cameras'],
        summary: 'Set the same for many cameras and their views; what could not be set is named',
        body: CamerasChange,
        response: answers(CamerasChanged),
      },
    },
    async (request) => {
      const { cameraIds, ...change } = request.body;
      // The place decides which unit sees a camera.
      if (change.place !== undefined || change.enabled !== undefined) requirePermission(request, 'cameras.change');
      const account = signedIn(request);
      const seen = await camerasSeenBy(db, account);
      const known = await db.selectFrom('camera').select('id').where('id', 'in', cameraIds).execute();
      const missing = cameraIds.find((id) => !known.some((camera) => camera.id === id) || seen?.includes(id) === false);
      if (missing !== undefined) throw new SentinelError('web.missing', { what: 'camera', id: missing });
      const place = change.place?.trim();
      const changed = await changeCameras(
        db,
        cameraIds,
        { ...change, ...(place !== undefined && { place }) },
        account.userId,
        clock.nowMs(),
      );
      return {
        ...changed,
        refused: changed.refused.map(({ viewId, name, problem }) => ({ viewId, name, ...wordsOf(request, problem) })),
      };
    },
  );

  server.put(
    '/api/v1/cameras/:id/location',
    {
      config: { permission: 'cameras.change' },
      schema: {
        tags: ['cameras'],
        summary: 'Say where a camera hangs, for the snapshots to come',
        params: IdParams,
        body: CameraLocation,
        response: answers(Camera),
      },
    },
    async (request) => {
      const { id } = request.params;
      const { locationCode } = request.body;
      const location = { ...request.body, locationCode: locationCode && locationCode.trim() };
      if (!areCoordinatesWhole(location)) {
        const field = location.latitudeDeg === null ? 'latitudeDeg' : 'longitudeDeg';
        throw new SentinelError('web.invalid', { field, problem: 'is missing', part: 'body' });
      }
      const nowMs = clock.nowMs();
      await db.transaction().execute((trx) => setLocation(trx, id, location, signedIn(request).userId, nowMs));
      return readCamera(db, id, { rules: clockRules, nowMs });
    },
  );

  server.post(
    '/api/v1/cameras/:id/connection-test',
    {
      config: { permission: 'cameras.test' },
      schema: {
        tags: ['cameras'],
        summary: 'Connect now, tell each step, and show what it sees; takes up to half a minute',
        params: IdParams,
        response: answers(ConnectionReport),
      },
    },
    async (request, reply) => {
      const { steps, picture, pictureOf } = await connections.test(request.params.id, signedIn(request).userId);
      void reply.header('cache-control', 'no-store');
      return {
        at: new Date(clock.nowMs()).toISOString(),
        steps: steps.map(({ problem, ...step }) => ({ ...step, problem: problem && wordsOf(request, problem) })),
        picture: picture && picture.toString('base64'),
        pictureOf,
      };
    },
  );
}

function wordsOf(request: FastifyRequest, problem: SentinelError): { code: string; message: string } {
  return { code: problem.code, message: problem.messageIn(languageOf(request.headers['accept-language'])) };
}
