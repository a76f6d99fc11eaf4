/** Clocks: the server's own, and the cameras', read and set on request. */
import { sql } from 'kysely';
import { Camera, ClockSetBody, IdParams, ServerClock } from '../contract.ts';
import { visitFor } from '../evidence-visit.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { readCamera } from '../view-store.ts';

const STEPS_SHOWN = 50;

export function clockRoutes(server: Server, { db, clock, clockRules, cameraClocks }: WebParts): void {
  const readNow = (id: number) => readCamera(db, id, { rules: clockRules, nowMs: clock.nowMs() });

  server.post(
    '/api/v1/cameras/:id/clock/measurement',
    {
      config: { permission: 'clocks.set' },
      schema: {
        tags: ['cameras'],
        summary: 'Read the camera’s clock now, over ONVIF',
        params: IdParams,
        response: answers(Camera),
      },
    },
    async (request) => {
      const { id } = request.params;
      await readNow(id);
      await cameraClocks.measure(id);
      return readNow(id);
    },
  );

  server.post(
    '/api/v1/cameras/:id/clock/setting',
    {
      config: { permission: 'clocks.set' },
      schema: {
        tags: ['cameras'],
        summary: 'Set the camera’s clock to the server’s, over ONVIF; an entry of the evidence log',
        params: IdParams,
        body: ClockSetBody,
        response: answers(Camera),
      },
    },
    async (request) => {
      const { id } = request.params;
      await readNow(id);
      await cameraClocks.set(visitFor(request, request.body), id);
      return readNow(id);
    },
  );

  server.get(
    '/api/v1/server-clock',
    {
      config: { permission: 'cameras.read' },
      schema: {
        tags: ['health'],
        summary: 'What the server’s machines know of their own clocks, and when these jumped',
        response: answers(ServerClock),
      },
    },
    async () => {
      const [newest, steps] = await Promise.all([
        db.selectFrom('server_clock').selectAll().orderBy('checked_at', 'desc').limit(1).executeTakeFirst(),
        sql<{ at: Date; ms: number; host: string }>`
          select l.at, (l.body::jsonb ->> 'ms')::bigint as ms, l.body::jsonb ->> 'host' as host
          from log_subject t join log_entry l on l.seq = t.entry
          where t.subject = 'server-clock' and l.body::jsonb ->> 'event' = 'stepped'
          order by t.entry desc limit ${STEPS_SHOWN}`.execute(db),
      ]);
      return {
        ...{ synchronised: newest?.synchronised ?? null, source: newest?.source ?? null },
        ...{ offsetMs: newest?.offset_ms ?? null, checkedAt: newest?.checked_at.toISOString() ?? null },
        steps: steps.rows.map(({ at, ms, host }) => ({ at: at.toISOString(), ms, host })),
      };
    },
  );
}
