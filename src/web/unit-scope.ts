/**
 * What people of a unit may see and touch: the cameras of their unit, and whatever belongs to one. An address that names
 * something of another camera answers them as if it were not there. Lists leave such things out by themselves.
 */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { Account } from './people-store.ts';
import type { Server } from './server.ts';
import { camerasSeenBy } from './unit-store.ts';

/** Addresses that name a thing by its number, the word for it, and whose camera it is. */
const NAMED = [
  { beginning: '/api/v1/cameras/:id', what: 'camera', camera: sql`select id from camera where id =` },
  { beginning: '/api/v1/views/:id', what: 'view', camera: sql`select camera_id as id from view where id =` },
  {
    beginning: '/api/v1/baselines/:id',
    what: 'baseline',
    camera: sql`select v.camera_id as id from baseline b join view v on v.id = b.view_id where b.id =`,
  },
  {
    beginning: '/api/v1/candidates/:id',
    what: 'candidate',
    camera: sql`select v.camera_id as id from candidate c join view v on v.id = c.view_id where c.id =`,
  },
  {
    beginning: '/api/v1/patrol-routes/:id',
    what: 'route',
    camera: sql`select camera_id as id from patrol_route where id =`,
  },
  {
    beginning: '/api/v1/tasks/:id',
    what: 'task',
    camera: sql`select camera_id as id from operator_task where id =`,
  },
] as const;

/** Registers the check. Call before any route is registered. */
export function keepToUnit(server: Server, db: Db): void {
  // After validation: the number is one.
  server.addHook('preHandler', async (request) => {
    if (!isNarrow(request.account)) return;
    const url = request.routeOptions.url ?? '';
    const named = NAMED.find(({ beginning }) => url === beginning || url.startsWith(`${beginning}/`));
    if (!named) return;
    const { id } = request.params as { id: number };
    const found = await sql<{ id: number }>`${named.camera} ${id}`.execute(db);
    const camera = found.rows[0]?.id;
    if (camera !== undefined && !(await seesCamera(db, request.account, camera))) {
      throw new SentinelError('web.missing', { what: named.what, id });
    }
  });
}

/** Whether an account sees the cameras of its unit only. */
function isNarrow(account: Account | null): account is Account {
  return account !== null && account.unit !== null && !account.unit.seesAll;
}

export async function seesCamera(db: Db, account: Account, cameraId: number): Promise<boolean> {
  if (!isNarrow(account)) return true;
  return (await camerasSeenBy(db, account))?.includes(cameraId) ?? true;
}
