/** Accounts, for administrators. */
import { LIMITS } from '../../base/limits.ts';
import { IdParams, Page, PageQuery, User, UserBody, UserChange } from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { signedIn } from '../guard.ts';
import { answers, type Server, type WebParts } from '../server.ts';
import { changeUser, createUser, listUsers, type StoredUser } from '../user-store.ts';

export function userRoutes(server: Server, { db, clock }: WebParts): void {
  server.get(
    '/api/v1/users',
    {
      config: { permission: 'users.manage' },
      schema: { tags: ['people'], summary: 'Accounts', querystring: PageQuery, response: answers(Page(User)) },
    },
    async ({ query }) => {
      const limit = pageSize(query.limit);
      const rows = await listUsers(db, readCursor(query.cursor), limit + 1);
      return pageOf(rows, limit, userOf, (row) => row.id);
    },
  );

  server.post(
    '/api/v1/users',
    {
      config: { permission: 'users.manage' },
      bodyLimit: LIMITS.signInBodyBytes,
      schema: { tags: ['people'], summary: 'Make an account', body: UserBody, response: answers(User) },
    },
    async (request) => userOf(await createUser(db, request.body, signedIn(request).userId, clock.nowMs())),
  );

  server.patch(
    '/api/v1/users/:id',
    {
      config: { permission: 'users.manage' },
      bodyLimit: LIMITS.signInBodyBytes,
      schema: {
        tags: ['people'],
        summary: 'Change an account; disabling it, another role or password ends its sessions',
        params: IdParams,
        body: UserChange,
        response: answers(User),
      },
    },
    async (request) =>
      userOf(await changeUser(db, request.params.id, request.body, signedIn(request).userId, clock.nowMs())),
  );
}

function userOf(row: StoredUser): User {
  return {
    id: row.id,
    name: row.name,
    displayName: row.display_name,
    role: row.role,
    disabled: row.disabled,
    createdAt: row.created_at.toISOString(),
    unitId: row.unit_id,
  };
}
