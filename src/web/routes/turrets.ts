/** A PTZ camera's turret: how it is, who holds it, moving it by hand, its presets and its log. */
import type { FastifyRequest } from 'fastify';
import { SentinelError } from '../../base/errors.ts';
import { recordAudit } from '../../drivers/postgres/postgres.ts';
import {
  changeTurret,
  commandTurret,
  granted,
  isHand,
  readLease,
  releaseLease,
  requirePreset,
  requireTurret,
  routesWithPreset,
  takeLease,
  type HandCommand,
  type Holder,
} from '../../patrol/patrol.ts';
import {
  IdParams,
  LeaseAnswer,
  LeaseBody,
  MoveBody,
  Page,
  PageQuery,
  PresetBody,
  PresetList,
  PresetParams,
  Turret,
  TurretChange,
  TurretLogEntry,
} from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { signedIn } from '../guard.ts';
import { findPresetPicture, leaseOf, listPresets, listTurretLog, readTurret } from '../patrol-store.ts';
import { PictureQuery, sendPicture } from '../picture.ts';
import { answers, type Server, type WebParts } from '../server.ts';

const TAGS = ['ptz'];
/** A drag's move ends by itself soon after the last word of the hand that drags. */
const CONTINUOUS_S = 1;

export function turretRoutes(server: Server, parts: WebParts): void {
  const { db, clock, patrolDefaults } = parts;
  const resumeAfterS = async (cameraId: number): Promise<number> => {
    const row = await db
      .selectFrom('turret')
      .select('resume_after_s')
      .where('camera_id', '=', cameraId)
      .executeTakeFirst();
    return row?.resume_after_s ?? patrolDefaults.resumeAfterS;
  };
  /** The hand takes the turret, or keeps it: its lease lasts until it has been idle for so long. */
  const take = async (request: FastifyRequest, cameraId: number, wish: LeaseBody = {}): Promise<Holder> => {
    await requireTurret(db, cameraId);
    const holder = handOf(request, wish);
    const standing = (await readLease(db, cameraId)).lease;
    // Going on does not change why, nor as what, the turret was taken.
    const kept =
      standing?.userId === holder.userId && wish.purpose === undefined
        ? {
            ...holder,
            purpose: standing.purpose,
            ...(wish.kind === undefined && isHand(standing) && { kind: standing.kind }),
          }
        : holder;
    granted(await takeLease(db, cameraId, kept, (await resumeAfterS(cameraId)) * 1000));
    return kept;
  };
  const command = async (
    request: FastifyRequest,
    cameraId: number,
    given: HandCommand,
  ): Promise<Record<string, unknown>> => {
    const { kind } = await take(request, cameraId);
    const { userId } = signedIn(request);
    return commandTurret(db, clock, { cameraId, userId, kind: kind as 'operator' | 'enforcement', command: given });
  };
  const leaseAnswer = async (cameraId: number, userId: number) => {
    const { lease, nowMs } = await readLease(db, cameraId);
    return { lease: leaseOf(lease, userId), serverTime: new Date(nowMs).toISOString() };
  };
  const shown = (request: FastifyRequest, cameraId: number) =>
    readTurret(db, cameraId, {
      userId: signedIn(request).userId,
      nowMs: clock.nowMs(),
      resumeAfterS: patrolDefaults.resumeAfterS,
    });

  server.get(
    '/api/v1/cameras/:id/ptz',
    {
      config: { permission: 'patrol.read' },
      schema: {
        tags: TAGS,
        summary: 'What the turret does and who holds it',
        params: IdParams,
        response: answers(Turret),
      },
    },
    (request) => shown(request, request.params.id),
  );

  server.patch(
    '/api/v1/cameras/:id/ptz',
    {
      config: { permission: 'patrol.change' },
      schema: {
        tags: TAGS,
        summary: 'Where it parks, and after what idle time a hand’s lease ends',
        params: IdParams,
        body: TurretChange,
        response: answers(Turret),
      },
    },
    async (request) => {
      const { id } = request.params;
      await requireTurret(db, id);
      const { parkPreset } = request.body;
      if (typeof parkPreset === 'string') await requirePreset(db, id, parkPreset);
      await db.transaction().execute(async (trx) => {
        await changeTurret(trx, id, request.body);
        await recordAudit(trx, {
          userId: signedIn(request).userId,
          action: 'turret.changed',
          subject: `camera ${id}`,
          details: { ...request.body },
          atMs: clock.nowMs(),
        });
      });
      return shown(request, id);
    },
  );

  server.get(
    '/api/v1/cameras/:id/ptz/lease',
    {
      config: { permission: 'patrol.read' },
      schema: { tags: TAGS, summary: 'Who holds the turret', params: IdParams, response: answers(LeaseAnswer) },
    },
    async (request) => {
      await requireTurret(db, request.params.id);
      return leaseAnswer(request.params.id, signedIn(request).userId);
    },
  );

  server.post(
    '/api/v1/cameras/:id/ptz/lease',
    {
      config: { permission: 'turret.drive' },
      schema: {
        tags: TAGS,
        summary: 'Take the turret, or keep it for longer; it ends by itself after its idle time',
        params: IdParams,
        body: LeaseBody,
        response: answers(LeaseAnswer),
      },
    },
    async (request) => {
      await take(request, request.params.id, request.body);
      return leaseAnswer(request.params.id, signedIn(request).userId);
    },
  );

  server.delete(
    '/api/v1/cameras/:id/ptz/lease',
    {
      config: { permission: 'turret.drive' },
      schema: {
        tags: TAGS,
        summary: 'Give the turret back: the patrol goes on at once; an administrator ends anybody’s lease',
        params: IdParams,
        response: answers(LeaseAnswer),
      },
    },
    async (request) => {
      const { id } = request.params;
      await requireTurret(db, id);
      await releaseLease(db, id, handOf(request, {}), signedIn(request).role === 'admin');
      return leaseAnswer(id, signedIn(request).userId);
    },
  );

  server.post(
    '/api/v1/cameras/:id/ptz/move',
    {
      config: { permission: 'turret.drive' },
      schema: {
        tags: TAGS,
        summary: 'Move by hand; takes the turret where it may',
        params: IdParams,
        body: MoveBody,
        response: answers(LeaseAnswer),
      },
    },
    async (request) => {
      const { id } = request.params;
      const move = request.body;
      if (move.kind === 'preset') await requirePreset(db, id, move.token);
      await command(request, id, commandOf(move));
      return leaseAnswer(id, signedIn(request).userId);
    },
  );

  server.post(
    '/api/v1/cameras/:id/ptz/stop',
    {
      config: { permission: 'turret.drive' },
      schema: { tags: TAGS, summary: 'Stop all motion', params: IdParams, response: answers(LeaseAnswer) },
    },
    async (request) => {
      await command(request, request.params.id, { kind: 'stop' });
      return leaseAnswer(request.params.id, signedIn(request).userId);
    },
  );

  server.get(
    '/api/v1/cameras/:id/ptz/presets',
    {
      config: { permission: 'patrol.read' },
      schema: { tags: TAGS, summary: 'Presets with their pictures', params: IdParams, response: answers(PresetList) },
    },
    ({ params }) => listPresets(db, params.id),
  );

  server.post(
    '/api/v1/cameras/:id/ptz/presets',
    {
      config: { permission: 'turret.drive' },
      schema: {
        tags: TAGS,
        summary: 'Keep where it points now as a new preset',
        params: IdParams,
        body: PresetBody,
        response: answers(PresetList),
      },
    },
    async (request) => {
      const { id } = request.params;
      await command(request, id, { kind: 'set_preset', name: request.body.name, token: null });
      return listPresets(db, id);
    },
  );

  server.post(
    '/api/v1/cameras/:id/ptz/presets/read',
    {
      config: { permission: 'turret.drive' },
      schema: {
        tags: TAGS,
        summary: 'Read the presets from the camera again',
        params: IdParams,
        response: answers(PresetList),
      },
    },
    async (request) => {
      const { id } = request.params;
      await requireTurret(db, id);
      const { userId, role } = signedIn(request);
      // Reading moves nothing, so it needs no lease.
      const kind = role === 'enforcement' ? 'enforcement' : 'operator';
      await commandTurret(db, clock, { cameraId: id, userId, kind, command: { kind: 'read_presets' } });
      return listPresets(db, id);
    },
  );

  server.put(
    '/api/v1/cameras/:id/ptz/presets/:token',
    {
      config: { permission: 'turret.drive' },
      schema: {
        tags: TAGS,
        summary: 'Set a preset to where it points now',
        params: PresetParams,
        body: PresetBody,
        response: answers(PresetList),
      },
    },
    async (request) => {
      const { id, token } = request.params;
      await requirePreset(db, id, token);
      await command(request, id, { kind: 'set_preset', name: request.body.name, token });
      return listPresets(db, id);
    },
  );

  server.delete(
    '/api/v1/cameras/:id/ptz/presets/:token',
    {
      config: { permission: 'turret.drive' },
      schema: {
        tags: TAGS,
        summary: 'Remove a preset that no route uses',
        params: PresetParams,
        response: answers(PresetList),
      },
    },
    async (request) => {
      const { id, token } = request.params;
      await requirePreset(db, id, token);
      const routes = await routesWithPreset(db, id, token);
      if (routes.length > 0) {
        throw new SentinelError('patrol.preset_used', { preset: token, routes: routes.join(', ') });
      }
      await command(request, id, { kind: 'remove_preset', token });
      return listPresets(db, id);
    },
  );

  server.get(
    '/api/v1/cameras/:id/ptz/presets/:token/picture.jpg',
    {
      config: { permission: 'views.read' },
      schema: { tags: TAGS, summary: 'What is seen there', params: PresetParams, querystring: PictureQuery },
    },
    async (request, reply) => {
      const { id, token } = request.params;
      const sha256 = await findPresetPicture(db, id, token);
      return sendPicture(request, reply, parts, sha256, { cameraId: id, viewKey: token });
    },
  );

  server.get(
    '/api/v1/cameras/:id/ptz/log',
    {
      config: { permission: 'patrol.read' },
      schema: {
        tags: TAGS,
        summary: 'Every command and every change of holder, newest first',
        params: IdParams,
        querystring: PageQuery,
        response: answers(Page(TurretLogEntry)),
      },
    },
    async ({ params, query }) => {
      await requireTurret(db, params.id);
      const limit = pageSize(query.limit);
      const beforeId = readCursor(query.cursor, Number.MAX_SAFE_INTEGER);
      return pageOf(
        await listTurretLog(db, params.id, beforeId, limit + 1),
        limit,
        (entry) => entry,
        (entry) => entry.id,
      );
    },
  );
}

/** An administrator drives as an operator unless they say otherwise. @throws `web.forbidden` */
function handOf(request: FastifyRequest, wish: LeaseBody): Holder {
  const { userId, role, displayName, name } = signedIn(request);
  const kind = wish.kind ?? (role === 'enforcement' ? 'enforcement' : 'operator');
  if (kind === 'enforcement' && role === 'operator') {
    throw new SentinelError('web.forbidden', { permission: 'turret.drive (enforcement)' });
  }
  return { kind, userId, routeId: null, name: displayName || name, purpose: wish.purpose ?? '' };
}

function commandOf(move: MoveBody): HandCommand {
  switch (move.kind) {
    case 'continuous': {
      const { pan, tilt, zoom, forS = CONTINUOUS_S } = move;
      return { kind: 'continuous', velocity: { pan, tilt, zoom }, forS };
    }
    case 'relative': {
      const { pan, tilt, zoom, speed = null } = move;
      return { kind: 'relative', shift: { pan, tilt, zoom }, speed };
    }
    case 'picture': {
      const { right, up, zoom = 0, speed = null } = move;
      return { kind: 'picture', right, up, zoom, speed };
    }
    case 'absolute':
      return { kind: 'absolute', position: move.position, speed: move.speed ?? null };
    case 'preset':
      return { kind: 'preset', token: move.token, speed: move.speed ?? null };
    case 'home':
      return { kind: 'home', speed: move.speed ?? null };
  }
}
