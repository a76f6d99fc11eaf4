/** Alerts of the wall: the open candidates by their gravity, and who has seen them. */
import { Type } from 'typebox';
import { LIMITS } from '../../base/limits.ts';
import { acknowledge, standingAlerts, undoAcknowledgement, type StandingAlert } from '../../wall/wall.ts';
import { Acknowledgement, AlertList, AlertQuery, IdParams, type Alert } from '../contract.ts';
import { signedIn } from '../guard.ts';
import { pictureUrl } from '../picture.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { camerasSeenBy } from '../unit-store.ts';

/** What every screen of a moment is told, made once. */
interface Shared {
  readonly eventId: number;
  readonly madeAtMs: number;
  readonly list: Promise<AlertList>;
}

export function alertRoutes(server: Server, { db, clock, feed }: WebParts): void {
  let shared: Shared | undefined;

  const list = async (cameras?: readonly number[]): Promise<AlertList> => {
    const nowMs = clock.nowMs();
    const { alerts, counts } = await standingAlerts(db, LIMITS.alertsListed, nowMs, cameras);
    return {
      items: alerts.map(alertOf),
      counts: { ...counts.unacknowledged, acknowledged: counts.acknowledged },
      serverTime: new Date(nowMs).toISOString(),
    };
  };

  /** Twenty screens that learn of the same event ask within the same moment: one query answers them all. */
  const listForAll = (after: number): Promise<AlertList> => {
    const nowMs = clock.monotonicMs();
    // Another process may have heard of an event that this one has not.
    const eventId = Math.max(feed.lastId, after);
    if (shared && shared.eventId >= eventId && nowMs - shared.madeAtMs < LIMITS.alertsSharedMs) return shared.list;
    const made: Shared = { eventId, madeAtMs: nowMs, list: list() };
    shared = made;
    made.list.catch(() => {
      if (shared === made) shared = undefined;
    });
    return made.list;
  };

  server.get(
    '/api/v1/alerts',
    {
      config: { permission: 'candidates.read' },
      schema: {
        tags: ['wall'],
        summary: 'Open candidates, the gravest first, with who has acknowledged them',
        querystring: AlertQuery,
        response: answers(AlertList),
      },
    },
    async (request) => {
      const cameras = await camerasSeenBy(db, signedIn(request));
      const answer = cameras === undefined ? await listForAll(request.query.after ?? 0) : await list(cameras);
      return { ...answer, serverTime: new Date(clock.nowMs()).toISOString() };
    },
  );

  server.post(
    '/api/v1/candidates/:id/acknowledgement',
    {
      config: { permission: 'alerts.acknowledge' },
      schema: {
        tags: ['wall'],
        summary: 'Say that one has seen the alert; whoever was first stays',
        params: IdParams,
        response: answers(Acknowledgement),
      },
    },
    async (request) => {
      const given = await acknowledge(db, request.params.id, signedIn(request).userId, clock.nowMs());
      return { by: given.by, userId: given.userId, at: given.at.toISOString() };
    },
  );

  server.delete(
    '/api/v1/candidates/:id/acknowledgement',
    {
      config: { permission: 'alerts.acknowledge' },
      schema: {
        tags: ['wall'],
        summary: 'Take one’s acknowledgement back',
        params: IdParams,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { userId, role } = signedIn(request);
      await undoAcknowledgement(db, request.params.id, { userId, isAdmin: role === 'admin' }, clock.nowMs());
      return reply.status(204).send(null);
    },
  );
}

function alertOf(one: StandingAlert): Alert {
  const url = (which: 'before' | 'after', sha256: string | null) =>
    sha256 === null ? null : pictureUrl(`/api/v1/candidates/${one.id}/pictures/${which}.jpg`, sha256);
  return {
    ...{ id: one.id, severity: one.severity, area: one.area, box: [...one.box] },
    camera: { id: one.cameraId, name: one.cameraName, place: one.place, kind: one.kind },
    view: { id: one.viewId, name: one.viewName },
    ...{ score: one.score, occurrences: one.occurrences, claimedBy: one.claimedBy },
    firstSeenAt: one.firstSeenAt.toISOString(),
    lastSeenAt: one.lastSeenAt.toISOString(),
    raisedAt: one.raisedAt.toISOString(),
    acknowledgement: one.acknowledgement && { ...one.acknowledgement, at: one.acknowledgement.at.toISOString() },
    pictures: { before: url('before', one.beforeSha256), after: url('after', one.afterSha256) },
  };
}
