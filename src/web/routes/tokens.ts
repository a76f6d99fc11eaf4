/** Tokens with which a person's programs act in their name. */
import { Type } from 'typebox';
import { IdParams, NewToken, Page, Token, TokenBody } from '../contract.ts';
import { signedIn } from '../guard.ts';
import { createToken, listTokens, removeToken, type StoredToken } from '../people-store.ts';
import { answers, type Server, type WebParts } from '../server.ts';

export function tokenRoutes(server: Server, { db, clock }: WebParts): void {
  server.get(
    '/api/v1/tokens',
    {
      config: { permission: 'account.own' },
      schema: { tags: ['people'], summary: 'One’s own tokens', response: answers(Page(Token)) },
    },
    async (request) => {
      const rows = await listTokens(db, signedIn(request).userId);
      return { items: rows.map(tokenOf), next: null };
    },
  );

  server.post(
    '/api/v1/tokens',
    {
      config: { permission: 'account.own' },
      schema: {
        tags: ['people'],
        summary: 'Make a token; it is shown this once',
        body: TokenBody,
        response: answers(NewToken),
      },
    },
    async (request) => {
      const { name, expiresAt } = request.body;
      const made = await createToken(db, signedIn(request).userId, name, expiresAt, clock.nowMs());
      return { ...tokenOf(made), token: made.token };
    },
  );

  server.delete(
    '/api/v1/tokens/:id',
    {
      config: { permission: 'account.own' },
      schema: {
        tags: ['people'],
        summary: 'Withdraw one of one’s own tokens',
        params: IdParams,
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await removeToken(db, signedIn(request).userId, request.params.id, clock.nowMs());
      return reply.status(204).send(null);
    },
  );
}

function tokenOf(row: StoredToken): Token {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  };
}
