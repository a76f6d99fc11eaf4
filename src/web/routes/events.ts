/**
 * What happens, as server-sent events (WHATWG HTML, section 9.2). A reader resumes by `Last-Event-ID`, which browsers
 * send by themselves, or by `after`. Where more was missed than is replayed a `reset` event says so, and the reader
 * loads its lists anew. The stream ends when the session does. People of a unit hear of their unit's cameras only.
 */
import type { FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { EventQuery, type Event } from '../contract.ts';
import type { FedEvent } from '../event-feed.ts';
import { signedIn } from '../guard.ts';
import { camerasSeenBy } from '../unit-store.ts';
import type { Server, WebParts } from '../server.ts';

const RECONNECT_AFTER_MS = 3_000;

export function eventRoutes(server: Server, { db, clock, feed, log, recheck, metrics }: WebParts): void {
  const streams = new Map<ServerResponse, number>();

  server.addHook('preClose', () => {
    for (const stream of streams.keys()) stream.end();
  });

  server.get(
    '/api/v1/events',
    {
      // Asking for its head alone would hold a stream open that nobody reads.
      exposeHeadRoute: false,
      config: { permission: 'events.read' },
      schema: {
        tags: ['events'],
        summary: 'What happens, as server-sent events; resumes by Last-Event-ID',
        produces: ['text/event-stream'],
        querystring: EventQuery,
      },
    },
    async (request, reply) => {
      const asking = signedIn(request);
      const { userId, sessionKey } = asking;
      let seen = await camerasSeenBy(db, asking);
      const own = [...streams.values()].filter((one) => one === userId).length;
      if (streams.size >= LIMITS.eventStreams || own >= LIMITS.eventStreamsPerUser) {
        const limit = own >= LIMITS.eventStreamsPerUser ? LIMITS.eventStreamsPerUser : LIMITS.eventStreams;
        throw new SentinelError('web.too_many_streams', { limit });
      }
      const afterId = resumeAfter(request, request.query.after);

      const waiting: FedEvent[] = [];
      let replaying = true;
      const throughId = feed.lastId;
      const unsubscribe = feed.subscribe((event) => {
        if (replaying) waiting.push(event);
        else send(event);
      });
      const stream = reply.raw;
      streams.set(stream, userId);
      metrics.eventStreams.set(streams.size);
      const heartbeat = clock.every(LIMITS.eventHeartbeatMs, () => {
        void beat();
      });
      stream.on('close', () => {
        heartbeat.cancel();
        unsubscribe();
        streams.delete(stream);
        metrics.eventStreams.set(streams.size);
      });

      const write = (text: string): void => {
        if (stream.writableEnded || stream.destroyed) return;
        stream.write(text);
        // A reader that does not read is let go; it resumes where it stopped.
        if (stream.writableLength > LIMITS.eventBytesWaiting) stream.destroy();
      };
      const send = (event: FedEvent): void => {
        const { cameraId } = event.data as { cameraId?: number };
        if (!seen || cameraId === undefined || seen.includes(cameraId)) write(textOf(event));
      };
      const beat = async (): Promise<void> => {
        try {
          const account = await recheck(request);
          if (account?.userId !== userId || account.sessionKey !== sessionKey) {
            stream.end();
            return;
          }
          seen = await camerasSeenBy(db, account);
          write(': alive\n\n');
        } catch (thrown) {
          log.debug({ err: thrown }, 'an event stream could not check its session');
        }
      };

      reply.hijack();
      stream.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        // Ended, it leaves no idle connection behind for the server to wait for.
        connection: 'close',
      });
      write(`retry: ${RECONNECT_AFTER_MS}\n\n`);
      const missed = afterId === undefined ? [] : await feed.replay(afterId, throughId).catch(() => undefined);
      if (missed) for (const event of missed) send(event);
      else write(`id: ${throughId}\nevent: reset\ndata: {"latest":${throughId}}\n\n`);
      for (const event of waiting.splice(0)) send(event);
      replaying = false;
    },
  );
}

function resumeAfter(request: FastifyRequest, after: number | undefined): number | undefined {
  const header = request.headers['last-event-id'];
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  return after;
}

function textOf({ id, at, kind, data }: FedEvent): string {
  const event = { id, at: at.toISOString(), kind, data } as Event;
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
