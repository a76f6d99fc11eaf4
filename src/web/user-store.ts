/** The SQL of user administration. */
import type { Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { recordAudit, type Db } from '../drivers/postgres/postgres.ts';
import type { Database, RoleName } from '../drivers/postgres/schema.ts';
import { hashPassword, passwordFits } from './password.ts';
import { endSessionsOf } from './people-store.ts';

const USER_COLUMNS = ['id', 'name', 'display_name', 'role', 'disabled', 'created_at', 'unit_id'] as const;

export interface StoredUser {
  readonly id: number;
  readonly name: string;
  readonly display_name: string;
  readonly role: RoleName;
  readonly disabled: boolean;
  readonly created_at: Date;
  readonly unit_id: number | null;
}

export async function listUsers(db: Db, afterId: number | undefined, rows: number): Promise<StoredUser[]> {
  return db
    .selectFrom('app_user')
    .select(USER_COLUMNS)
    .$if(afterId !== undefined, (query) => query.where('id', '>', afterId ?? 0))
    .orderBy('id')
    .limit(rows)
    .execute();
}

/** @throws `people.name_taken`, `people.password_length` */
export async function createUser(
  db: Db,
  user: { name: string; displayName: string; role: RoleName; password: string; unitId?: number | null },
  byUserId: number,
  nowMs: number,
): Promise<StoredUser> {
  const passwordHash = await hashPassword(user.password);
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .insertInto('app_user')
      .values({
        name: user.name,
        display_name: user.displayName,
        role: user.role,
        password_hash: passwordHash,
        created_at: new Date(nowMs),
        unit_id: await knownUnit(trx, user.unitId ?? null),
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning(USER_COLUMNS)
      .executeTakeFirst();
    if (!row) throw new SentinelError('people.name_taken', { name: user.name });
    await recordAudit(trx, {
      userId: byUserId,
      action: 'user.created',
      subject: `user ${row.id}`,
      details: { name: user.name, role: user.role, unitId: user.unitId ?? null },
      atMs: nowMs,
    });
    return row;
  });
}

/**
 * Changes an account. Disabling it, another role or another password ends its sessions.
 * @throws `web.missing`, `people.last_admin`
 */
export async function changeUser(
  db: Db,
  userId: number,
  change: { displayName?: string; role?: RoleName; disabled?: boolean; password?: string; unitId?: number | null },
  byUserId: number,
  nowMs: number,
): Promise<StoredUser> {
  const passwordHash = change.password === undefined ? undefined : await hashPassword(change.password);
  return db.transaction().execute(async (trx) => {
    await lockAdmins(trx);
    const before = await trx.selectFrom('app_user').select(USER_COLUMNS).where('id', '=', userId).executeTakeFirst();
    if (!before) throw new SentinelError('web.missing', { what: 'user', id: userId });
    const role = change.role ?? before.role;
    const disabled = change.disabled ?? before.disabled;
    const row = await trx
      .updateTable('app_user')
      .set({
        display_name: change.displayName ?? before.display_name,
        role,
        disabled,
        ...(passwordHash !== undefined && { password_hash: passwordHash }),
        ...(change.unitId !== undefined && { unit_id: await knownUnit(trx, change.unitId) }),
      })
      .where('id', '=', userId)
      .returning(USER_COLUMNS)
      .executeTakeFirstOrThrow();
    const admin = await trx
      .selectFrom('app_user')
      .select('id')
      .where('role', '=', 'admin')
      .where('disabled', '=', false)
      .executeTakeFirst();
    if (!admin) throw new SentinelError('people.last_admin');
    if (disabled || role !== before.role || passwordHash !== undefined) await endSessionsOf(trx, userId);
    await recordAudit(trx, {
      userId: byUserId,
      action: 'user.changed',
      subject: `user ${userId}`,
      details: {
        ...(change.displayName !== undefined && { displayName: change.displayName }),
        ...(change.role !== undefined && { role }),
        ...(change.disabled !== undefined && { disabled }),
        ...(passwordHash !== undefined && { passwordChanged: true }),
        ...(change.unitId !== undefined && { unitId: change.unitId }),
      },
      atMs: nowMs,
    });
    return row;
  });
}

/** One's own password; other sessions of the account end. Throws `people.wrong_password`, `people.password_length`. */
export async function changeOwnPassword(
  db: Db,
  userId: number,
  current: string,
  next: string,
  keepSessionKey: string | undefined,
  nowMs: number,
): Promise<void> {
  const row = await db.selectFrom('app_user').select('password_hash').where('id', '=', userId).executeTakeFirst();
  if (!(await passwordFits(row?.password_hash, current))) throw new SentinelError('people.wrong_password');
  const passwordHash = await hashPassword(next);
  await db.transaction().execute(async (trx) => {
    await trx.updateTable('app_user').set({ password_hash: passwordHash }).where('id', '=', userId).execute();
    await endSessionsOf(trx, userId, keepSessionKey);
    await recordAudit(trx, { userId, action: 'user.password', subject: `user ${userId}`, atMs: nowMs });
  });
}

/** Two administrators taking each other's role at once would leave none; they take turns instead. */
async function lockAdmins(trx: Transaction<Database>): Promise<void> {
  await trx.selectFrom('app_user').select('id').where('role', '=', 'admin').orderBy('id').forNoKeyUpdate().execute();
}

/** @throws SentinelError web.missing */
async function knownUnit(trx: Transaction<Database>, id: number | null): Promise<number | null> {
  if (id === null) return null;
  const unit = await trx.selectFrom('unit').select('id').where('id', '=', id).forKeyShare().executeTakeFirst();
  if (!unit) throw new SentinelError('web.missing', { what: 'unit', id });
  return id;
}
