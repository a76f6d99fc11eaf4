import fastify from 'fastify';
import cookiePlugin from '@fastify/cookie';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RoleName } from '../../../src/drivers/postgres/schema.ts';
import { guard, sessionCookie } from '../../../src/web/guard.ts';
import { createToken } from '../../../src/web/people-store.ts';
import { mayDo, type Permission } from '../../../src/web/permissions.ts';
import { buildServer } from '../../../src/web/web.ts';
import { ManualClock } from '../../support/clock.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { testWebOptions } from '../../support/web.ts';

/** What every route asks of its caller. A route that comes or goes belongs in here. */
const EXPECTED: Record<string, Permission | 'public'> = {
  'POST /api/v1/session': 'public',
  'DELETE /api/v1/session': 'account.own',
  'POST /api/v1/session/activity': 'account.own',
  'POST /api/v1/session/lock': 'account.own',
  'POST /api/v1/session/unlock': 'account.own',
  'GET /api/v1/me': 'account.read',
  'POST /api/v1/me/password': 'account.own',
  'GET /api/v1/users': 'users.manage',
  'POST /api/v1/users': 'users.manage',
  'PATCH /api/v1/users/:id': 'users.manage',
  'GET /api/v1/tokens': 'account.own',
  'POST /api/v1/tokens': 'account.own',
  'DELETE /api/v1/tokens/:id': 'account.own',
  'GET /api/v1/cameras': 'cameras.read',
  'GET /api/v1/cameras/:id': 'cameras.read',
  'POST /api/v1/cameras/import': 'cameras.import',
  'POST /api/v1/cameras/change': 'views.change',
  'POST /api/v1/cameras/:id/connection-test': 'cameras.test',
  'PUT /api/v1/cameras/:id/location': 'cameras.change',
  'GET /api/v1/views': 'views.read',
  'GET /api/v1/views/:id': 'views.read',
  'PATCH /api/v1/views/:id': 'views.change',
  'POST /api/v1/views/:id/relearn': 'baselines.decide',
  'GET /api/v1/views/:id/looks': 'views.read',
  'GET /api/v1/views/:id/picture.jpg': 'views.read',
  'GET /api/v1/views/:id/looks/:lookId/picture.jpg': 'views.read',
  'POST /api/v1/views/:id/masks': 'views.change',
  'PUT /api/v1/views/:id/masks/:maskId': 'views.change',
  'DELETE /api/v1/views/:id/masks/:maskId': 'views.change',
  'GET /api/v1/views/:id/drill': 'views.read',
  'POST /api/v1/views/:id/drill': 'views.drill',
  'DELETE /api/v1/views/:id/drill': 'views.drill',
  'GET /api/v1/views/:id/drill/:light.jpg': 'views.read',
  'POST /api/v1/drills': 'views.drill',
  'POST /api/v1/baselines/accept': 'baselines.decide',
  'DELETE /api/v1/baselines/:id': 'baselines.decide',
  'GET /api/v1/baselines/:id/picture.jpg': 'views.read',
  'GET /api/v1/candidates': 'candidates.read',
  'GET /api/v1/candidates/:id': 'candidates.read',
  'GET /api/v1/candidates/:id/context': 'candidates.read',
  'PUT /api/v1/candidates/:id/seen': 'candidates.read',
  'DELETE /api/v1/candidates/:id/seen': 'candidates.read',
  'POST /api/v1/candidates/:id/claim': 'candidates.judge',
  'POST /api/v1/candidates/:id/verdict': 'candidates.judge',
  'DELETE /api/v1/candidates/:id/verdict': 'candidates.judge',
  'GET /api/v1/candidates/:id/pictures/:which.jpg': 'candidates.read',
  'POST /api/v1/evidence/packages': 'evidence.export',
  'GET /api/v1/evidence/packages': 'evidence.export',
  'GET /api/v1/evidence/packages/:id': 'evidence.export',
  'DELETE /api/v1/evidence/packages/:id': 'evidence.export',
  'GET /api/v1/evidence/packages/:id/parts/:name': 'evidence.export',
  'GET /api/v1/patrol-routes': 'patrol.read',
  'POST /api/v1/patrol-routes': 'patrol.change',
  'GET /api/v1/patrol-routes.yaml': 'patrol.read',
  'POST /api/v1/patrol-routes/import': 'patrol.change',
  'POST /api/v1/patrol-routes/check': 'patrol.read',
  'GET /api/v1/patrol-routes/:id': 'patrol.read',
  'PUT /api/v1/patrol-routes/:id': 'patrol.change',
  'DELETE /api/v1/patrol-routes/:id': 'patrol.change',
  'POST /api/v1/patrol-routes/:id/copy-day': 'patrol.change',
  'POST /api/v1/patrol-routes/:id/test': 'patrol.change',
  'GET /api/v1/patrol-routes/:id/test': 'patrol.read',
  'DELETE /api/v1/patrol-routes/:id/test': 'patrol.change',
  'GET /api/v1/patrol-routes/:id/coverage': 'patrol.read',
  'GET /api/v1/patrol-routes/:id/coverage.csv': 'patrol.read',
  'GET /api/v1/coverage': 'patrol.read',
  'GET /api/v1/coverage/blind-spots.csv': 'patrol.read',
  'GET /api/v1/cameras/:id/ptz': 'patrol.read',
  'PATCH /api/v1/cameras/:id/ptz': 'patrol.change',
  'GET /api/v1/cameras/:id/ptz/lease': 'patrol.read',
  'POST /api/v1/cameras/:id/ptz/lease': 'turret.drive',
  'DELETE /api/v1/cameras/:id/ptz/lease': 'turret.drive',
  'POST /api/v1/cameras/:id/ptz/move': 'turret.drive',
  'POST /api/v1/cameras/:id/ptz/stop': 'turret.drive',
  'GET /api/v1/cameras/:id/ptz/presets': 'patrol.read',
  'POST /api/v1/cameras/:id/ptz/presets': 'turret.drive',
  'POST /api/v1/cameras/:id/ptz/presets/read': 'turret.drive',
  'PUT /api/v1/cameras/:id/ptz/presets/:token': 'turret.drive',
  'DELETE /api/v1/cameras/:id/ptz/presets/:token': 'turret.drive',
  'GET /api/v1/cameras/:id/ptz/presets/:token/picture.jpg': 'views.read',
  'GET /api/v1/cameras/:id/ptz/log': 'patrol.read',
  'GET /api/v1/tasks': 'patrol.read',
  'POST /api/v1/tasks/:id/close': 'patrol.change',
  'POST /api/v1/evidence/accesses': 'evidence.read',
  'GET /api/v1/evidence/accesses/current': 'evidence.read',
  'GET /api/v1/evidence': 'evidence.read',
  'GET /api/v1/evidence/:id': 'evidence.read',
  'GET /api/v1/evidence/:id/thumbnail.jpg': 'evidence.read',
  'GET /api/v1/evidence/:id/files/:sha256': 'evidence.read',
  'GET /api/v1/evidence/:id/files/:sha256/concealment': 'evidence.export',
  'POST /api/v1/evidence/pulls': 'evidence.pull',
  'GET /api/v1/evidence/views/:id/kept': 'evidence.read',
  'GET /api/v1/evidence/views/:id/compared': 'evidence.read',
  'GET /api/v1/evidence/views/:id/:kind/:pictureId/picture.jpg': 'evidence.read',
  'GET /api/v1/evidence/holds': 'evidence.read',
  'POST /api/v1/evidence/holds': 'evidence.hold',
  'POST /api/v1/evidence/holds/:id/release': 'evidence.hold',
  'GET /api/v1/evidence/:id/custody': 'custody.read',
  'GET /api/v1/evidence/custody': 'custody.audit',
  'POST /api/v1/cameras/:id/clock/measurement': 'clocks.set',
  'POST /api/v1/cameras/:id/clock/setting': 'clocks.set',
  'GET /api/v1/server-clock': 'cameras.read',
  'GET /api/v1/units': 'units.manage',
  'POST /api/v1/units': 'units.manage',
  'PUT /api/v1/units/:id': 'units.manage',
  'DELETE /api/v1/units/:id': 'units.manage',
  'GET /api/v1/buildings': 'plan.read',
  'POST /api/v1/buildings': 'estate.change',
  'PUT /api/v1/buildings/:id': 'estate.change',
  'DELETE /api/v1/buildings/:id': 'estate.change',
  'GET /api/v1/households': 'estate.read',
  'POST /api/v1/households': 'estate.change',
  'PUT /api/v1/households/:id': 'estate.change',
  'DELETE /api/v1/households/:id': 'estate.change',
  'POST /api/v1/households/import': 'estate.change',
  'GET /api/v1/plans': 'plan.read',
  'POST /api/v1/plans': 'plan.change',
  'GET /api/v1/plans/:id': 'plan.read',
  'PATCH /api/v1/plans/:id': 'plan.change',
  'DELETE /api/v1/plans/:id': 'plan.change',
  'GET /api/v1/plans/:id/picture.jpg': 'plan.read',
  'PUT /api/v1/plans/:id/picture': 'plan.change',
  'PUT /api/v1/plans/:id/cameras/:placedId': 'plan.change',
  'DELETE /api/v1/plans/:id/cameras/:placedId': 'plan.change',
  'PUT /api/v1/plans/:id/views/:placedId': 'plan.change',
  'DELETE /api/v1/plans/:id/views/:placedId': 'plan.change',
  'PUT /api/v1/plans/:id/buildings/:placedId': 'plan.change',
  'DELETE /api/v1/plans/:id/buildings/:placedId': 'plan.change',
  'GET /api/v1/audit': 'audit.read',
  'GET /api/v1/audit/words': 'audit.read',
  'GET /api/v1/audit.csv': 'audit.read',
  'GET /api/v1/notices': 'account.own',
  'GET /api/v1/system/health': 'system.read',
  'GET /api/v1/system/store': 'system.read',
  'GET /api/v1/cameras/:id/still.jpg': 'views.read',
  'GET /api/v1/views/:id/still.jpg': 'views.read',
  'GET /api/v1/alerts': 'candidates.read',
  'POST /api/v1/candidates/:id/acknowledgement': 'alerts.acknowledge',
  'DELETE /api/v1/candidates/:id/acknowledgement': 'alerts.acknowledge',
  'GET /api/v1/screens': 'screens.read',
  'PUT /api/v1/screens/:number': 'screens.assign',
  'POST /api/v1/screens/identify': 'screens.assign',
  'GET /api/v1/screens/:number': 'screens.show',
  'GET /api/v1/screens/:number/tiles': 'screens.show',
  'POST /api/v1/screens/:number/report': 'screens.show',
  'GET /api/v1/wall/figures': 'screens.show',
  'POST /api/v1/screens/:number/pairing': 'public',
  'POST /api/v1/pairings/claim': 'public',
  'GET /api/v1/machines': 'screens.read',
  'POST /api/v1/machines': 'screens.pair',
  'DELETE /api/v1/machines/:id': 'screens.pair',
  'GET /api/v1/events': 'events.read',
  'GET /api/v1/events/line': 'events.read',
  'GET /api/v1/live': 'live.read',
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'public',
};
const ROLES: RoleName[] = ['viewer', 'operator', 'enforcement', 'admin'];

let database: FreshDatabase;
let built: Awaited<ReturnType<typeof buildServer>>;
const tokens = new Map<RoleName, string>();

beforeAll(async () => {
  database = await freshDatabase();
  built = await buildServer(testWebOptions(database, { pictures: new MemoryPictures(), clock: new ManualClock() }));
  const { db } = database;
  const nowMs = Date.UTC(2026, 0, 1);
  // Without a unit the role enforcement sees no evidence at all.
  const unit = await db.insertInto('unit').values({ name: '执法队' }).returning('id').executeTakeFirstOrThrow();
  for (const role of ROLES) {
    const user = await db
      .insertInto('app_user')
      .values({ name: role, role, password_hash: '', unit_id: role === 'enforcement' ? unit.id : null })
      .returning('id')
      .executeTakeFirstOrThrow();
    tokens.set(role, (await createToken(db, user.id, 'test', undefined, nowMs)).token);
  }
});

afterAll(async () => {
  await built.server.close();
  await built.feed.close();
  await database.close();
});

const ofApi = () =>
  built.routes.filter((route) => !route.url.startsWith('/docs') && route.method !== 'HEAD' && route.url !== '/*');

describe('every route', () => {
  it('is in the table, and everything in the table is a route', () => {
    const declared = Object.fromEntries(
      ofApi().map((route) => [`${String(route.method)} ${route.url}`, route.config?.permission]),
    );
    expect(declared).toEqual(EXPECTED);
  });

  it('answers each role by the table, and nobody without one but where it is public', async () => {
    for (const [name, permission] of Object.entries(EXPECTED)) {
      // Endless; tried with their streams.
      if (name.startsWith('GET /api/v1/events') || name === 'GET /api/v1/live') continue;
      const [method, pattern] = name.split(' ') as ['GET', string];
      const url = pattern.replace(/:which/, 'after').replace(/:\w+/g, '987654');
      for (const role of [undefined, ...ROLES]) {
        const { statusCode, body } = await built.server.inject({
          method,
          url,
          headers: role === undefined ? {} : { authorization: `Bearer ${tokens.get(role)}` },
        });
        const allowed = permission === 'public' || (role !== undefined && mayDo(role, permission));
        const refused = statusCode === 401 || statusCode === 403;
        const expected = allowed ? 'answered' : role === undefined ? '401' : '403';
        // Allowed, the request still lacks its body or its thing: that is told apart from being refused.
        expect(`${name} ${role}: ${refused ? statusCode : 'answered'}`).toBe(`${name} ${role}: ${expected}`);
        if (allowed) expect(`${name} ${statusCode} ${body}`).not.toMatch(/ 500 /);
      }
    }
  });

  it('needs a permission, or the server does not start', async () => {
    const server = fastify().withTypeProvider<TypeBoxTypeProvider>();
    await server.register(cookiePlugin);
    guard(server, {
      db: database.db,
      clock: new ManualClock(),
      cookie: sessionCookie(false),
      publicOrigins: [],
      idleLockMs: 0,
    });
    server.get('/forgotten', () => 'secret');
    await expect(server.ready()).rejects.toThrow('routes without a permission: GET /forgotten');
    await server.close();
  });
});

describe('the description at /docs', () => {
  it('names every route of the API with its errors', async () => {
    const { body } = await built.server.inject('/docs/json');
    const { paths } = JSON.parse(body) as { paths: Record<string, Record<string, { responses: object }>> };
    for (const name of Object.keys(EXPECTED)) {
      // OpenAPI has no words for a WebSocket; docs/api.md tells of it.
      if (name === 'GET /api/v1/live' || name === 'GET /api/v1/events/line') continue;
      const [method, pattern] = name.split(' ') as [string, string];
      const operation = paths[pattern.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
      expect([name, operation !== undefined]).toEqual([name, true]);
    }
    expect(Object.keys(paths['/api/v1/candidates']?.['get']?.responses ?? {})).toEqual(['200', '4XX', '5XX']);
  });
});
