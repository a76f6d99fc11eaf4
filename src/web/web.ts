/**
 * The web: `/api/v1`, its description at `/docs`, the pages, and health. It owns who may do what, the shape of errors
 * and the contract (`contract.ts`); what it shows and changes belongs to the rooms below.
 *
 * Errors on the way up: `config.port_taken`. Everything afterwards becomes an answer through `error-map.ts`.
 */
import cookiePlugin from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { LogController, type FastifyBaseLogger, type FastifyReply, type RouteOptions } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Clock } from '../base/clock.ts';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import {
  type CameraClockDesk,
  Custody,
  keptUntil,
  type RetentionRules,
  type SnapshotDesk,
} from '../evidence/evidence.ts';
import type { ClockRules } from '../camera/camera.ts';
import { Review } from '../review/review.ts';
import type { LiveRelay } from '../wall/wall.ts';
import { errorBody, mapErrors, routeOf } from './error-map.ts';
import { EventFeed, type ListenForEvents } from './event-feed.ts';
import { AlertBoard } from './alert-board.ts';
import { EventReaders } from './event-readers.ts';
import { EvidenceDoor } from './evidence-visit.ts';
import { guard, sessionCookie } from './guard.ts';
import { LoginThrottle } from './login-throttle.ts';
import { createWebMetrics } from './metrics.ts';
import { auditRoutes } from './routes/audit.ts';
import { alertRoutes } from './routes/alerts.ts';
import { baselineRoutes } from './routes/baselines.ts';
import { cameraRoutes } from './routes/cameras.ts';
import { cameraSettingRoutes } from './routes/camera-settings.ts';
import { candidateRoutes } from './routes/candidates.ts';
import { coverageRoutes } from './routes/coverage.ts';
import { clockRoutes } from './routes/clocks.ts';
import { custodyRoutes } from './routes/custody.ts';
import { estateRoutes } from './routes/estate.ts';
import { drillRoutes } from './routes/drills.ts';
import { eventRoutes } from './routes/events.ts';
import { evidenceRoutes } from './routes/evidence.ts';
import { healthRoutes } from './routes/health.ts';
import { keptPictureRoutes } from './routes/kept-pictures.ts';
import { liveRoutes } from './routes/live.ts';
import { machineRoutes } from './routes/machines.ts';
import { packageRoutes } from './routes/packages.ts';
import { pageRoutes } from './routes/pages.ts';
import { patrolRoutes } from './routes/patrol-routes.ts';
import { planRoutes } from './routes/plans.ts';
import { systemRoutes } from './routes/system.ts';
import { screenRoutes } from './routes/screens.ts';
import { sessionRoutes } from './routes/session.ts';
import { stillRoutes, stillWisher } from './routes/stills.ts';
import { taskRoutes } from './routes/tasks.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { turretRoutes } from './routes/turrets.ts';
import { unitRoutes } from './routes/units.ts';
import { userRoutes } from './routes/users.ts';
import { viewRoutes } from './routes/views.ts';
import type {
  Connections,
  ImportCameras,
  Movers,
  PatrolDefaults,
  PictureStore,
  PlanPictures,
  ReadinessCheck,
  Server,
  SystemWatch,
  ViewDefaults,
  WebParts,
  Packages,
} from './server.ts';
import { keepToUnit } from './unit-scope.ts';
import { createValidatorCompiler } from './validation.ts';

export { ensureFirstAdmin } from './people-store.ts';
export type { ImportCameras, PictureStore, ReadinessCheck, SystemWatch, ViewDefaults } from './server.ts';

export interface WebOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: {
    readonly host: string;
    /** 0 takes any free one. */
    readonly port: number;
    /** People reach the site over https only: cookies are Secure and browsers are told to stay with https. */
    readonly secure: boolean;
    /** Addresses or CIDR ranges of reverse proxies whose `X-Forwarded-*` headers are to be believed. */
    readonly trustProxy: readonly string[];
    /** Origins under which people reach the site where a proxy changes `Host`, e.g. `https://sentinel.example`. */
    readonly publicOrigins: readonly string[];
    /** A session that nobody touched for so long is locked; 0: none is. */
    readonly idleLockS: number;
  };
  readonly review: { readonly claimS: number; readonly undoS: number };
  readonly viewDefaults: ViewDefaults;
  readonly patrolDefaults: PatrolDefaults;
  readonly pictures: PictureStore;
  /** Grey picture of the gate's size, and the lighting, of a stored picture. */
  readonly thumbnailOfPicture: (sha256: string) => Promise<{ thumbnail: Buffer; lighting: string }>;
  /** Seals each decision. */
  readonly snapshots: SnapshotDesk;
  readonly packages: Packages;
  readonly retention: RetentionRules;
  readonly movers: Movers;
  readonly clockRules: ClockRules;
  readonly cameraClocks: Pick<CameraClockDesk, 'measure' | 'set'>;
  readonly live: LiveRelay;
  readonly connections: Connections;
  readonly system: SystemWatch;
  readonly plans: PlanPictures;
  readonly importCameras: ImportCameras;
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
  /** Listens on the channel `sentinel_event`. */
  readonly listenForEvents: ListenForEvents;
  readonly metrics: Registry;
  /** Where the built pages lie. */
  readonly uiDir: string;
}

/** Serves until closed. */
export async function startWeb(options: WebOptions): Promise<{ url: string; close(): Promise<void> }> {
  const { server, feed } = await buildServer(options);
  try {
    await feed.start(options.listenForEvents);
    await server.listen({ host: options.config.host, port: options.config.port });
  } catch (thrown) {
    await server.close();
    await feed.close();
    if ((thrown as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      const { host, port } = options.config;
      throw new SentinelError('config.port_taken', { host, port }, { cause: thrown });
    }
    throw thrown;
  }
  const { port } = server.server.address() as AddressInfo;
  const { host } = options.config;
  const shownHost = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${shownHost}:${port}`,
    async close() {
      // Browsers hold connections open on which they have asked nothing yet; those never become idle.
      const grace = options.clock.after(LIMITS.httpCloseGraceMs, () => server.server.closeAllConnections());
      await server.close();
      grace.cancel();
      await feed.close();
    },
  };
}

/** The server with all its routes, not yet listening. */
export async function buildServer(options: WebOptions): Promise<{
  server: Server;
  feed: EventFeed;
  routes: readonly RouteOptions[];
}> {
  const { db, clock, config } = options;
  const log = options.log.child({ room: 'web' });
  const loggerInstance: FastifyBaseLogger = log;
  const server: Server = fastify({
    loggerInstance,
    // Requests are logged below by their route's pattern: an address as it was asked for may carry anything.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: [...config.trustProxy],
    bodyLimit: LIMITS.requestBodyBytes,
    requestTimeout: LIMITS.requestTimeoutMs,
    forceCloseConnections: 'idle',
    frameworkErrors: (_thrown, request, reply) =>
      void (reply as FastifyReply).status(400).send(errorBody(new SentinelError('web.bad_request'), request)),
    routerOptions: { maxParamLength: 100, ignoreTrailingSlash: true },
  }).withTypeProvider<TypeBoxTypeProvider>();
  server.server.maxConnections = LIMITS.httpConnections;
  // A page of another site may send text/plain without asking; nothing here needs it.
  server.removeContentTypeParser('text/plain');
  takeEmptyBodies(server);
  server.setValidatorCompiler(createValidatorCompiler());
  mapErrors(server, log);

  const metrics = createWebMetrics(options.metrics);
  server.addHook('onResponse', (request, reply, done) => {
    const seconds = reply.elapsedTime / 1000;
    metrics.requestSeconds.observe({ route: routeOf(request), status: String(reply.statusCode) }, seconds);
    log.debug({ route: routeOf(request), status: reply.statusCode, seconds, requestId: request.id }, 'answered');
    done();
  });

  await server.register(helmet, securityHeaders(config.secure));
  await server.register(cookiePlugin);
  await server.register(rateLimit, { global: false, addHeadersOnExceeding: SILENT_LIMIT, addHeaders: SILENT_LIMIT });
  server.addHook(
    'onRequest',
    server.rateLimit({
      max: LIMITS.requestsPerMinute,
      timeWindow: 60_000,
      errorResponseBuilder: (_request, { ttl }) =>
        new SentinelError('web.too_many_requests', { retryAfterS: Math.max(1, Math.ceil(ttl / 1000)) }),
    }),
  );
  const cookie = sessionCookie(config.secure);
  const idleLockMs = config.idleLockS * 1000;
  const { recheck, routes: registered } = guard(server, {
    ...{ db, clock, cookie, publicOrigins: config.publicOrigins, idleLockMs },
  });
  keepToUnit(server, db);
  await describe(server, cookie.name);

  const feed = new EventFeed({ db, clock, log });
  const board = new AlertBoard({ db, clock, feed, log });
  const custody = new Custody({ db, clock, sm3: options.snapshots.sm3 });
  const parts: WebParts = {
    db,
    clock,
    log,
    review: new Review({
      ...{ db, clock, ...options.review, thumbnailOfPicture: options.thumbnailOfPicture },
      onDecision: (trx, decision) => options.snapshots.sealDecision(trx, decision),
    }),
    feed,
    live: options.live,
    pictures: options.pictures,
    custody,
    door: new EvidenceDoor(db, custody),
    snapshots: options.snapshots,
    packages: options.packages,
    movers: options.movers,
    keptUntil: (snapshotId) => keptUntil(db, snapshotId, options.retention),
    viewDefaults: options.viewDefaults,
    clockRules: options.clockRules,
    cameraClocks: options.cameraClocks,
    patrolDefaults: options.patrolDefaults,
    connections: options.connections,
    system: options.system,
    plans: options.plans,
    retention: options.retention,
    importCameras: options.importCameras,
    readiness: options.readiness,
    idleLockMs,
    wishForStills: stillWisher({ db, clock, log }),
    readers: new EventReaders({ db, feed, board, clock, log, recheck, metrics }),
    board,
    cookie,
    recheck,
    throttle: new LoginThrottle(clock),
    metrics,
  };
  for (const routes of [
    sessionRoutes,
    userRoutes,
    tokenRoutes,
    cameraRoutes,
    cameraSettingRoutes,
    viewRoutes,
    baselineRoutes,
    drillRoutes,
    candidateRoutes,
    patrolRoutes,
    coverageRoutes,
    turretRoutes,
    taskRoutes,
    evidenceRoutes,
    keptPictureRoutes,
    custodyRoutes,
    packageRoutes,
    unitRoutes,
    estateRoutes,
    planRoutes,
    clockRoutes,
    auditRoutes,
    systemRoutes,
    stillRoutes,
    alertRoutes,
    screenRoutes,
    machineRoutes,
    eventRoutes,
    healthRoutes,
  ]) {
    routes(server, parts);
  }
  await liveRoutes(server, parts);
  await pageRoutes(server, options.uiDir);
  await server.ready();
  return { server, feed, routes: registered };
}

/** What one may ask is no secret, but need not be told with every answer. */
const SILENT_LIMIT = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false };

/** JSON whose body is empty is a body without fields, so that a bare POST does for a claim. */
function takeEmptyBodies(server: Server): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body.toString(), done);
  });
}

function securityHeaders(secure: boolean) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        // Charts and pop-ups place themselves by style attributes; those cannot load or run anything.
        'style-src-attr': ["'unsafe-inline'"],
        'img-src': ["'self'", 'data:', 'blob:'],
        'media-src': ["'self'", 'blob:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'"],
        'worker-src': ["'self'"],
        'manifest-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    // Over plain http browsers ignore these and complain of them.
    strictTransportSecurity: secure,
    crossOriginOpenerPolicy: secure,
    originAgentCluster: secure,
    frameguard: { action: 'deny' as const },
    referrerPolicy: { policy: 'same-origin' as const },
  };
}

/** OpenAPI at `/docs`, for anybody: it tells what may be asked, not what is answered. */
async function describe(server: Server, cookieName: string): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Sentinel', version: '1', description: 'Suspected structures and what people say of them.' },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: cookieName },
          token: { type: 'http', scheme: 'bearer' },
        },
      },
      security: [{ session: [] }, { token: [] }],
    },
  });
  await server.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, permission: 'public' };
    });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: {
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': "'self' 'unsafe-inline'",
        'img-src': "'self' data:",
        'connect-src': "'self'",
        'base-uri': "'none'",
        'frame-ancestors': "'none'",
      },
    });
  });
}
