/** Signing in and out, and one's own account. */
import { Type } from 'typebox';
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { recordAudit } from '../../drivers/postgres/postgres.ts';
import { Me, PasswordChange, SignIn, Unlock } from '../contract.ts';
import { signedIn } from '../guard.ts';
import { passwordFits } from '../password.ts';
import {
  createSession,
  endSession,
  findSession,
  findSignIn,
  setSessionLock,
  touchSession,
  type Account,
} from '../people-store.ts';
import { watchedEstate } from '../../estate/estate.ts';
import { permissionsOf } from '../permissions.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { changeOwnPassword } from '../user-store.ts';

export function sessionRoutes(server: Server, parts: WebParts): void {
  const { db, clock, cookie, throttle, metrics, idleLockMs } = parts;

  const me = async (account: Account): Promise<Me> => {
    const estate = await watchedEstate(db);
    return {
      id: account.userId,
      name: account.name,
      displayName: account.displayName,
      role: account.role,
      permissions: permissionsOf(account),
      unit: account.unit,
      isLocked: account.isLocked,
      idleLockS:
        account.sessionKey === undefined || account.machineId !== undefined || idleLockMs === 0
          ? null
          : idleLockMs / 1000,
      estate: { name: estate?.name ?? '', timeZone: estate?.time_zone ?? 'UTC' },
      isMachine: account.machineId !== undefined,
      serverTime: new Date(clock.nowMs()).toISOString(),
    };
  };

  server.post(
    '/api/v1/session',
    {
      config: { permission: 'public' },
      bodyLimit: LIMITS.signInBodyBytes,
      schema: { tags: ['session'], summary: 'Sign in', body: SignIn, response: answers(Me) },
    },
    async (request, reply) => {
      const { name, password } = request.body;
      const audit = (userId: number | null, action: string): Promise<void> =>
        recordAudit(db, {
          userId,
          action,
          subject: 'session',
          details: { name, address: request.ip },
          atMs: clock.nowMs(),
        });
      let succeeded: () => void;
      try {
        succeeded = throttle.begin(name, request.ip);
      } catch (thrown) {
        metrics.signIns.inc({ outcome: 'throttled' });
        throw thrown;
      }
      const found = await findSignIn(db, name);
      if (!(await passwordFits(found?.passwordHash, password)) || !found) {
        metrics.signIns.inc({ outcome: 'refused' });
        await audit(null, 'session.refused');
        throw new SentinelError('web.wrong_login');
      }
      succeeded();
      if (request.account?.sessionKey !== undefined) await endSession(db, request.account.sessionKey);
      const session = await createSession(db, found.userId, clock.nowMs());
      const account = await findSession(db, session.id, clock.nowMs(), idleLockMs);
      if (!account) throw new SentinelError('web.wrong_login');
      metrics.signIns.inc({ outcome: 'accepted' });
      await audit(found.userId, 'session.created');
      cookie.set(reply, session.id, session.expiresAtMs);
      return me(account);
    },
  );

  server.delete(
    '/api/v1/session',
    {
      config: { permission: 'account.own', whileLocked: true },
      schema: { tags: ['session'], summary: 'Sign out', response: { ...answers(Type.Null()), 204: Type.Null() } },
    },
    async (request, reply) => {
      const account = signedIn(request);
      if (account.sessionKey !== undefined) {
        await endSession(db, account.sessionKey);
        const { userId } = account;
        await recordAudit(db, { userId, action: 'session.ended', subject: 'session', atMs: clock.nowMs() });
      }
      cookie.clear(reply);
      return reply.status(204).send(null);
    },
  );

  server.get(
    '/api/v1/me',
    {
      config: { permission: 'account.read', whileLocked: true },
      schema: { tags: ['session'], summary: 'Who is signed in, and what they may do', response: answers(Me) },
    },
    (request) => me(signedIn(request)),
  );

  const NOTHING = { ...answers(Type.Null()), 204: Type.Null() };

  server.post(
    '/api/v1/session/activity',
    {
      config: { permission: 'account.own' },
      schema: { tags: ['session'], summary: 'Somebody is at the page: it does not lock yet', response: NOTHING },
    },
    async (request, reply) => {
      const { sessionKey } = signedIn(request);
      if (sessionKey !== undefined) await touchSession(db, sessionKey, clock.nowMs());
      return reply.status(204).send(null);
    },
  );

  server.post(
    '/api/v1/session/lock',
    {
      config: { permission: 'account.own' },
      schema: { tags: ['session'], summary: 'Lock the session until the password is given', response: NOTHING },
    },
    async (request, reply) => {
      const { sessionKey, userId } = signedIn(request);
      // A program has no session, and nothing to lock.
      if (sessionKey === undefined) return reply.status(204).send(null);
      await setSessionLock(db, sessionKey, true, clock.nowMs());
      await recordAudit(db, { userId, action: 'session.locked', subject: 'session', atMs: clock.nowMs() });
      return reply.status(204).send(null);
    },
  );

  server.post(
    '/api/v1/session/unlock',
    {
      config: { permission: 'account.own', whileLocked: true },
      bodyLimit: LIMITS.signInBodyBytes,
      schema: { tags: ['session'], summary: 'Open a locked session', body: Unlock, response: answers(Me) },
    },
    async (request) => {
      const account = signedIn(request);
      const { sessionKey, userId, name } = account;
      if (sessionKey === undefined) return me(account);
      const succeeded = throttle.begin(name, request.ip);
      const found = await findSignIn(db, name);
      const atMs = clock.nowMs();
      if (!(await passwordFits(found?.passwordHash, request.body.password))) {
        await recordAudit(db, { userId, action: 'session.unlock_refused', subject: 'session', atMs });
        throw new SentinelError('people.wrong_password');
      }
      succeeded();
      await setSessionLock(db, sessionKey, false, clock.nowMs());
      await recordAudit(db, { userId, action: 'session.unlocked', subject: 'session', atMs });
      return me({ ...account, isLocked: false });
    },
  );

  server.post(
    '/api/v1/me/password',
    {
      config: { permission: 'account.own' },
      schema: {
        tags: ['session'],
        summary: 'Change one’s own password; other sessions of the account end',
        body: PasswordChange,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const account = signedIn(request);
      const { current, next } = request.body;
      const succeeded = throttle.begin(account.name, request.ip);
      await changeOwnPassword(db, account.userId, current, next, account.sessionKey, clock.nowMs());
      succeeded();
      return reply.status(204).send(null);
    },
  );
}
