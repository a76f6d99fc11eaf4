/** The SQL of accounts: users, their sessions and their tokens. Secrets are stored as digests only. */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { recordAudit, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { RoleName } from '../drivers/postgres/schema.ts';
import { hashPassword, inventPassword } from './password.ts';

/** Whoever makes a request. */
export interface Account {
  readonly userId: number;
  readonly name: string;
  readonly displayName: string;
  readonly role: RoleName;
  /** Its cameras are all this account may see; null: no unit. */
  readonly unit: { readonly id: number; readonly name: string; readonly seesAll: boolean } | null;
  /** Digest of the session in hex; absent for a token. */
  readonly sessionKey?: string;
  /** Nobody has touched the page for a while, or it was locked by hand: the password must be given again. */
  readonly isLocked: boolean;
  /** The machine of the wall whose session it is; absent for people. */
  readonly machineId?: number;
}

const TOKEN_PREFIX = 'sentinel_';
/** `last_used_at` of a token is kept to the minute, so that reading does not become writing. */
const TOKEN_USE_MS = 60_000;

/**
 * Makes the account `admin` where there is no account at all.
 * @param password absent: one is invented and returned, the only time it can be seen
 */
export async function ensureFirstAdmin(db: Db, password?: string): Promise<{ created: boolean; password?: string }> {
  const anybody = await db.selectFrom('app_user').select('id').limit(1).executeTakeFirst();
  if (anybody) return { created: false };
  const chosen = password ?? inventPassword();
  const made = await db
    .insertInto('app_user')
    .values({ name: 'admin', password_hash: await hashPassword(chosen), role: 'admin' })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!made) return { created: false };
  return password === undefined ? { created: true, password: chosen } : { created: true };
}

// --- sessions --------------------------------------------------------------------------------------------------------

export async function findSignIn(db: Db, name: string): Promise<{ userId: number; passwordHash: string } | undefined> {
  const row = await db
    .selectFrom('app_user')
    .select(['id', 'password_hash'])
    .where('name', '=', name)
    .where('disabled', '=', false)
    .executeTakeFirst();
  return row && { userId: row.id, passwordHash: row.password_hash };
}

/** @returns the cookie's value, which is not kept */
export async function createSession(
  db: Db,
  userId: number,
  nowMs: number,
): Promise<{ id: string; expiresAtMs: number }> {
  const id = randomBytes(32).toString('base64url');
  const expiresAtMs = nowMs + LIMITS.sessionHours * 3_600_000;
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('session').where('expires_at', '<=', new Date(nowMs)).execute();
    await trx
      .insertInto('session')
      .values({
        id_sha256: digest(id),
        user_id: userId,
        created_at: new Date(nowMs),
        expires_at: new Date(expiresAtMs),
        active_at: new Date(nowMs),
      })
      .execute();
    // The oldest give way, so that somebody who never signs out is not locked out.
    await sql`delete from session where id_sha256 in (
      select id_sha256 from session where user_id = ${userId} and id_sha256 <> ${digest(id)}
      order by created_at desc offset ${LIMITS.sessionsPerUser - 1})`.execute(trx);
  });
  return { id, expiresAtMs };
}

/** @param idleLockMs a session nobody touched for longer is locked; 0: none is */
export async function findSession(db: Db, id: string, nowMs: number, idleLockMs: number): Promise<Account | undefined> {
  const key = digest(id);
  const row = await db
    .selectFrom('session')
    .innerJoin('app_user', 'app_user.id', 'session.user_id')
    .leftJoin('unit', 'unit.id', 'app_user.unit_id')
    .select(['app_user.id', 'app_user.name', 'app_user.display_name', 'app_user.role'])
    .select(['session.active_at', 'session.locked_at'])
    .select('session.machine_id')
    .select(['unit.id as unit_id', 'unit.name as unit_name', 'unit.sees_all'])
    .where('session.id_sha256', '=', key)
    .where('session.expires_at', '>', new Date(nowMs))
    .where('app_user.disabled', '=', false)
    .executeTakeFirst();
  return (
    row && {
      userId: row.id,
      name: row.name,
      displayName: row.display_name,
      // Whatever becomes of the wall's account, a machine never is more than a viewer.
      role: row.machine_id === null ? row.role : 'viewer',
      unit: unitOf(row),
      sessionKey: key.toString('hex'),
      // Nobody sits at a screen of the wall.
      isLocked:
        row.machine_id === null &&
        (row.locked_at !== null || (idleLockMs > 0 && nowMs - row.active_at.getTime() > idleLockMs)),
      ...(row.machine_id !== null && { machineId: row.machine_id }),
    }
  );
}

/** Somebody touched the page; a session that is locked is not opened by that. */
export async function touchSession(db: Db, sessionKey: string, nowMs: number): Promise<void> {
  await db
    .updateTable('session')
    .set({ active_at: new Date(nowMs) })
    .where('id_sha256', '=', Buffer.from(sessionKey, 'hex'))
    .where('locked_at', 'is', null)
    .execute();
}

/** Locks a session, or opens it again. */
export async function setSessionLock(
  trx: DbOrTrx,
  sessionKey: string,
  isLocked: boolean,
  nowMs: number,
): Promise<void> {
  await trx
    .updateTable('session')
    .set(isLocked ? { locked_at: new Date(nowMs) } : { locked_at: null, active_at: new Date(nowMs) })
    .where('id_sha256', '=', Buffer.from(sessionKey, 'hex'))
    .execute();
}

function unitOf(row: { unit_id: number | null; unit_name: string | null; sees_all: boolean | null }): Account['unit'] {
  const { unit_id: id, unit_name: name, sees_all: seesAll } = row;
  return id === null || name === null ? null : { id, name, seesAll: seesAll ?? false };
}

export async function endSession(db: Db, sessionKey: string): Promise<void> {
  await db.deleteFrom('session').where('id_sha256', '=', Buffer.from(sessionKey, 'hex')).execute();
}

/** Ends a user's sessions, but for the one that asks. */
export async function endSessionsOf(db: DbOrTrx, userId: number, exceptKey?: string): Promise<void> {
  await db
    .deleteFrom('session')
    .where('user_id', '=', userId)
    .$if(exceptKey !== undefined, (query) => query.where('id_sha256', '!=', Buffer.from(exceptKey ?? '', 'hex')))
    .execute();
}

// --- tokens ----------------------------------------------------------------------------------------------------------

export interface StoredToken {
  readonly id: number;
  readonly name: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

const TOKEN_COLUMNS = ['id', 'name', 'created_at', 'expires_at', 'last_used_at'] as const;

/** @returns the token itself too, which is not kept; throws `people.too_many_tokens` */
export async function createToken(
  db: Db,
  userId: number,
  name: string,
  expiresAt: string | undefined,
  nowMs: number,
): Promise<StoredToken & { token: string }> {
  const token = TOKEN_PREFIX + randomBytes(32).toString('base64url');
  return db.transaction().execute(async (trx) => {
    await trx.selectFrom('app_user').select('id').where('id', '=', userId).forNoKeyUpdate().execute();
    const held = await trx
      .selectFrom('api_token')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow();
    if (held.count >= LIMITS.tokensPerUser) {
      throw new SentinelError('people.too_many_tokens', { limit: LIMITS.tokensPerUser });
    }
    const row = await trx
      .insertInto('api_token')
      .values({
        user_id: userId,
        name,
        token_sha256: digest(token),
        created_at: new Date(nowMs),
        expires_at: expiresAt === undefined ? null : new Date(expiresAt),
      })
      .returning(TOKEN_COLUMNS)
      .executeTakeFirstOrThrow();
    await recordAudit(trx, {
      userId,
      action: 'token.created',
      subject: `token ${row.id}`,
      details: { name },
      atMs: nowMs,
    });
    return { ...row, token };
  });
}

export async function findToken(db: Db, token: string, nowMs: number): Promise<Account | undefined> {
  if (!token.startsWith(TOKEN_PREFIX)) return undefined;
  const row = await db
    .selectFrom('api_token')
    .innerJoin('app_user', 'app_user.id', 'api_token.user_id')
    .leftJoin('unit', 'unit.id', 'app_user.unit_id')
    .select(['unit.id as unit_id', 'unit.name as unit_name', 'unit.sees_all'])
    .select([
      'api_token.id as token_id',
      'api_token.last_used_at',
      'app_user.id',
      'app_user.name',
      'app_user.display_name',
      'app_user.role',
    ])
    .where('api_token.token_sha256', '=', digest(token))
    .where((eb) => eb.or([eb('api_token.expires_at', 'is', null), eb('api_token.expires_at', '>', new Date(nowMs))]))
    .where('app_user.disabled', '=', false)
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.last_used_at === null || row.last_used_at.getTime() < nowMs - TOKEN_USE_MS) {
    await db
      .updateTable('api_token')
      .set({ last_used_at: new Date(nowMs) })
      .where('id', '=', row.token_id)
      .execute();
  }
  return {
    userId: row.id,
    name: row.name,
    displayName: row.display_name,
    role: row.role,
    unit: unitOf(row),
    isLocked: false,
  };
}

export async function listTokens(db: Db, userId: number): Promise<StoredToken[]> {
  return db.selectFrom('api_token').select(TOKEN_COLUMNS).where('user_id', '=', userId).orderBy('id', 'desc').execute();
}

export async function removeToken(db: Db, userId: number, tokenId: number, nowMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const removed = await trx
      .deleteFrom('api_token')
      .where('id', '=', tokenId)
      .where('user_id', '=', userId)
      .returning('id')
      .executeTakeFirst();
    if (!removed) throw new SentinelError('web.missing', { what: 'token', id: tokenId });
    await recordAudit(trx, { userId, action: 'token.removed', subject: `token ${tokenId}`, atMs: nowMs });
  });
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
