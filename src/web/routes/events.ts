/**
 * What happens. For programs as server-sent events (WHATWG HTML, section 9.2): a reader resumes by `Last-Event-ID`, which
 * browsers send by themselves, or by `after`. For pages over a WebSocket, since a browser has six connections for a site
 * and each page's stream would keep one. Where more was missed than is replayed a `reset` says so, and the reader loads
 * its lists anew. Both end when the session does. People of a unit hear of their unit's cameras
 * only.
 */
import type { WebSocket } from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { LIMITS } from '../../base/limits.ts';
import { ErrorBody, EVENT_LINE_URL, EventAsk, EventQuery, type Event, type EventMessage } from '../contract.ts';
import type { FedEvent } from '../event-feed.ts';
import type { EventReader } from '../event-readers.ts';
import { requirePermission, signedIn } from '../guard.ts';
import type { Server, WebParts } from '../server.ts';
import { messageOf } from '../validation.ts';

const RECONNECT_AFTER_MS = 3_000;
/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

export function eventRoutes(server: Server, { readers }: WebParts): void {
  server.addHook('preClose', () => readers.endAll());

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
    (request, reply) => {
      readers.requireRoom(signedIn(request).userId);
      const stream = reply.raw;
      const write = (text: string): void => {
        if (stream.writableEnded || stream.destroyed) return;
        stream.write(text);
        // A reader that does not read is let go; it resumes where it stopped.
        if (stream.writableLength > LIMITS.eventBytesWaiting) stream.destroy();
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
      const reader: EventReader = {
        send: (event) => write(`id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(told(event))}\n\n`),
        reset: (latest) => write(`id: ${latest}\nevent: reset\ndata: {"latest":${latest}}\n\n`),
        alive: () => write(': alive\n\n'),
        end: () => stream.end(),
      };
      const following = readers.follow(request, reader, resumeAfter(request, request.query.after));
      stream.on('close', () => following.end());
    },
  );
}

/** @param scope one in which WebSockets are answered */
export function eventLineRoute(scope: Server, { readers, clock }: WebParts): void {
  scope.get(
    EVENT_LINE_URL,
    {
      websocket: true,
      exposeHeadRoute: false,
      config: { permission: 'events.read' },
      schema: {
        tags: ['events'],
        summary: 'The same for pages, over a WebSocket; a page that says so is handed the alerts as well',
        querystring: EventQuery,
        response: { '4xx': ErrorBody, '5xx': ErrorBody },
      },
      preValidation: async (request) => {
        // The alerts come this way too.
        requirePermission(request, 'candidates.read');
        readers.requireRoom(signedIn(request).userId);
      },
    },
    (socket: WebSocket, request) => {
      const write = (text: string): void => {
        if (socket.readyState !== socket.OPEN) return;
        socket.send(text);
        if (socket.bufferedAmount > LIMITS.eventBytesWaiting) socket.terminate();
      };
      const say = (message: EventMessage): void => write(JSON.stringify(message));
      const reader: EventReader = {
        send: (event) => say({ event: told(event) }),
        reset: (latest) => say({ reset: latest }),
        alive: () => say({ alive: true }),
        end: () => {
          socket.close(GOING_AWAY);
          // A page that does not read does not answer either.
          clock.after(LIMITS.httpCloseGraceMs, () => socket.terminate());
        },
      };
      const following = readers.follow(request, reader, request.query.after);
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        const ask = messageOf(EventAsk, data, isBinary);
        if (!ask) socket.close(POLICY_VIOLATION, 'not a message of this contract');
        else following.alerts(ask.alerts ? write : undefined);
      });
      socket.on('close', () => following.end());
      // What went wrong with the line shows in its end; there is nobody else to tell.
      socket.on('error', () => {});
    },
  );
}

function resumeAfter(request: FastifyRequest, after: number | undefined): number | undefined {
  const header = request.headers['last-event-id'];
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  return after;
}

function told({ id, at, kind, data }: FedEvent): Event {
  return { id, at: at.toISOString(), kind, data } as Event;
}
