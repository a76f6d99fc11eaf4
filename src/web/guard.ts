/**
 * Who asks, and may they: before every route. A route without a permission in its configuration stops the start.
 *
 * People bring the session cookie, programs `Authorization: Bearer`. Against requests forged by another site the cookie
 * is SameSite=Strict, and besides every unsafe request must come from this site by its `Origin` and `Sec-Fetch-Site`,
 * which browsers always send with one and pages cannot alter; so must a WebSocket, which is asked for by GET. A bearer token is never sent by itself, so it is exempt.
 */
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { SentinelError } from '../base/errors.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { Clock } from '../base/clock.ts';
import { findSession, findToken, type Account } from './people-store.ts';
import { maySomebody, type Permission } from './permissions.ts';
import type { Server } from './server.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface SessionCookie {
  readonly name: string;
  set(reply: FastifyReply, id: string, expiresAtMs: number): void;
  clear(reply: FastifyReply): void;
}

/** @param secure the site is reached over https only: the cookie is then bound to it and to nothing else */
export function sessionCookie(secure: boolean): SessionCookie {
  const name = secure ? '__Host-sentinel' : 'sentinel';
  const options = { path: '/', httpOnly: true, sameSite: 'strict', secure } as const;
  return {
    name,
    set: (reply, id, expiresAtMs) => void reply.setCookie(name, id, { ...options, expires: new Date(expiresAtMs) }),
    clear: (reply) => void reply.clearCookie(name, options),
  };
}

/** Whose request it is at this moment: a session may have ended or locked since a long answer began. */
export type RecheckAccount = (request: FastifyRequest) => Promise<Account | undefined>;

/**
 * Registers the check. Call before any route is registered.
 * @returns the routes as they come to be registered
 */
export function guard(
  server: Server,
  options: {
    db: Db;
    clock: Clock;
    cookie: SessionCookie;
    publicOrigins: readonly string[];
    /** A session that nobody touched for longer is locked; 0: none is. */
    idleLockMs: number;
  },
): { recheck: RecheckAccount; routes: readonly RouteOptions[] } {
  const routes: RouteOptions[] = [];

  server.decorateRequest('account', null);
  server.addHook('onRoute', (route) => {
    routes.push(route);
  });
  // Only once all is registered: plugins that bring routes of their own have their permission set after this hook ran.
  server.addHook('onReady', () => {
    const undeclared = routes.filter((route) => route.config?.permission === undefined);
    if (undeclared.length === 0) return;
    const names = undeclared.map((route) => `${String(route.method)} ${route.url}`);
    throw new Error(`routes without a permission: ${names.join(', ')}`);
  });

  server.addHook('onRequest', async (request) => {
    const bearer = bearerOf(request);
    const mayAct = !SAFE_METHODS.has(request.method) || request.headers.upgrade !== undefined;
    if (bearer === undefined && mayAct) refuseForeign(request, options.publicOrigins);
    request.account = (await accountOf(request, bearer, options)) ?? null;
    if (request.is404) return;
    const permission = request.routeOptions.config.permission;
    if (permission === 'public') return;
    if (!request.account) throw new SentinelError('web.not_signed_in');
    if (request.account.isLocked && request.routeOptions.config.whileLocked !== true) {
      throw new SentinelError('web.locked');
    }
    if (permission === undefined || !maySomebody(request.account, permission)) {
      throw new SentinelError('web.forbidden', { permission: permission ?? '' });
    }
  });
  return {
    recheck: async (request) => {
      const account = await accountOf(request, bearerOf(request), options);
      return account?.isLocked ? undefined : account;
    },
    routes,
  };
}

/** The account of a request to a route that is not public. */
export function signedIn(request: FastifyRequest): Account {
  if (!request.account) throw new SentinelError('web.not_signed_in');
  return request.account;
}

/** For what a route does only sometimes, and wants a further permission for. @throws SentinelError web.forbidden */
export function requirePermission(request: FastifyRequest, permission: Permission): void {
  if (!maySomebody(signedIn(request), permission)) throw new SentinelError('web.forbidden', { permission });
}

/** Whether the request comes from this machine itself and not through a proxy on it. */
export function isLocal(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? '';
  const loopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  return loopback && request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined;
}

function bearerOf(request: FastifyRequest): string | undefined {
  const match = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(request.headers.authorization ?? '');
  return match?.[1];
}

async function accountOf(
  request: FastifyRequest,
  bearer: string | undefined,
  { db, clock, cookie, idleLockMs }: { db: Db; clock: Clock; cookie: SessionCookie; idleLockMs: number },
): Promise<Account | undefined> {
  if (bearer !== undefined) return findToken(db, bearer, clock.nowMs());
  const id = request.cookies[cookie.name];
  return id === undefined || id.length > 200 ? undefined : findSession(db, id, clock.nowMs(), idleLockMs);
}

function refuseForeign(request: FastifyRequest, publicOrigins: readonly string[]): void {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new SentinelError('web.cross_site');
  const origin = request.headers.origin;
  if (origin === undefined || publicOrigins.includes(origin)) return;
  const host = URL.canParse(origin) ? new URL(origin).host : undefined;
  if (host === undefined || host !== request.headers.host) throw new SentinelError('web.cross_site');
}
