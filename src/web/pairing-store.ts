/**
 * Machines that show screens of the wall with nobody signed in. A page without a session shows a code; an administrator
 * types it in at the console; the page, which alone knows the secret that goes with it, then fetches the machine's
 * session. It acts as the wall's own account, of the role viewer, and may do no more than screens need.
 */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { recordAudit, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { Machine, Pairing } from './contract.ts';
import { hashPassword, inventPassword } from './password.ts';

/** No person can have this name, and nobody knows its password. */
const WALL_ACCOUNT = '~wall';
/** Hard to confuse when read from four metres. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const CODE_LETTERS = 8;
const DAY_MS = 86_400_000;

/** @throws SentinelError wall.too_many_pairings */
export async function beginPairing(db: Db, screen: number, nowMs: number): Promise<Pairing> {
  // 32 letters: a byte's low five bits choose one evenly.
  const code = [...randomBytes(CODE_LETTERS)].map((byte) => LETTERS.charAt(byte & 31)).join('');
  const secret = randomBytes(32).toString('base64url');
  const expiresAt = new Date(nowMs + LIMITS.pairingMs);
  await db.transaction().execute(async (trx) => {
    await sql`lock table wall_pairing in share row exclusive mode`.execute(trx);
    await trx.deleteFrom('wall_pairing').where('expires_at', '<=', new Date(nowMs)).execute();
    const { count } = await trx
      .selectFrom('wall_pairing')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (count >= LIMITS.pairingsWaiting) {
      throw new SentinelError('wall.too_many_pairings', { limit: LIMITS.pairingsWaiting });
    }
    await trx
      .insertInto('wall_pairing')
      .values({ code, secret_digest: digest(secret), screen, created_at: new Date(nowMs), expires_at: expiresAt })
      .execute();
  });
  return { code, secret, expiresAt: expiresAt.toISOString() };
}

/**
 * The code was typed in: the page that shows it may fetch its session.
 * @throws SentinelError wall.no_such_code, wall.too_many_machines
 */
export async function acceptPairing(
  db: Db,
  { code, name }: { readonly code: string; readonly name: string },
  userId: number,
  nowMs: number,
): Promise<{ id: number; name: string; screen: number }> {
  const typed = code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
  await ensureWallAccount(db, nowMs);
  return db.transaction().execute(async (trx) => {
    const pairing = await trx
      .selectFrom('wall_pairing')
      .select(['code', 'screen'])
      .where('code', '=', typed)
      .where('machine_id', 'is', null)
      .where('expires_at', '>', new Date(nowMs))
      .forUpdate()
      .executeTakeFirst();
    if (!pairing) throw new SentinelError('wall.no_such_code');
    const { count } = await trx
      .selectFrom('wall_machine')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (count >= LIMITS.wallMachines) throw new SentinelError('wall.too_many_machines', { limit: LIMITS.wallMachines });
    const called = name.trim() === '' ? `/wall/${pairing.screen}` : name.trim();
    const { id } = await trx
      .insertInto('wall_machine')
      .values({ name: called, paired_by: userId, paired_at: new Date(nowMs), seen_at: new Date(nowMs) })
      .returning('id')
      .executeTakeFirstOrThrow();
    await trx.updateTable('wall_pairing').set({ machine_id: id }).where('code', '=', typed).execute();
    await recordAudit(trx, {
      ...{ userId, action: 'machine.paired', subject: `machine ${id}`, atMs: nowMs },
      details: { name: called, screen: pairing.screen },
    });
    return { id, name: called, screen: pairing.screen };
  });
}

/**
 * The waiting page asks for its session.
 * @returns the cookie's value once, `waiting` until the code was typed in, `gone` when its time is over
 */
export async function claimPairing(
  db: Db,
  secret: string,
  nowMs: number,
): Promise<'waiting' | 'gone' | { id: string; expiresAtMs: number }> {
  return db.transaction().execute(async (trx) => {
    const pairing = await trx
      .selectFrom('wall_pairing')
      .select(['code', 'machine_id'])
      .where('secret_digest', '=', digest(secret))
      .where('expires_at', '>', new Date(nowMs))
      .forUpdate()
      .executeTakeFirst();
    if (!pairing) return 'gone';
    if (pairing.machine_id === null) return 'waiting';
    await trx.deleteFrom('wall_pairing').where('code', '=', pairing.code).execute();
    const id = randomBytes(32).toString('base64url');
    const expiresAtMs = nowMs + LIMITS.machineSessionDays * DAY_MS;
    await trx
      .insertInto('session')
      .values({
        ...{ id_sha256: digest(id), user_id: await wallAccount(trx), machine_id: pairing.machine_id },
        ...{ created_at: new Date(nowMs), expires_at: new Date(expiresAtMs) },
      })
      .execute();
    return { id, expiresAtMs };
  });
}

/**
 * A machine that shows something is not signed out by time: its session is prolonged well before it ends.
 * @returns the new end where it was moved, for the cookie
 */
export async function prolongMachine(
  db: Db,
  machineId: number,
  sessionKey: string,
  nowMs: number,
): Promise<number | undefined> {
  await db
    .updateTable('wall_machine')
    .set({ seen_at: new Date(nowMs) })
    .where('id', '=', machineId)
    .where('seen_at', '<', new Date(nowMs - 60_000))
    .execute();
  const expiresAtMs = nowMs + LIMITS.machineSessionDays * DAY_MS;
  const moved = await db
    .updateTable('session')
    .set({ expires_at: new Date(expiresAtMs) })
    .where('id_sha256', '=', Buffer.from(sessionKey, 'hex'))
    .where('machine_id', '=', machineId)
    .where('expires_at', '<', new Date(expiresAtMs - DAY_MS))
    .returning('user_id')
    .executeTakeFirst();
  return moved && expiresAtMs;
}

/** @param seenAfter pages that reported since are connected */
export async function listMachines(db: Db, seenAfter: Date): Promise<Machine[]> {
  const rows = await sql<{
    id: number;
    name: string;
    paired_by: string;
    paired_at: Date;
    seen_at: Date;
    screens: number[];
  }>`
    select m.id, m.name, coalesce(nullif(u.display_name, ''), u.name) as paired_by, m.paired_at, m.seen_at,
      array(select distinct r.screen from screen_report r
        where r.machine_id = m.id and r.seen_at > ${seenAfter} order by 1) as screens
    from wall_machine m join app_user u on u.id = m.paired_by order by m.id`.execute(db);
  return rows.rows.map((row) => ({
    ...{ id: row.id, name: row.name, pairedBy: row.paired_by, screens: row.screens },
    ...{ pairedAt: row.paired_at.toISOString(), seenAt: row.seen_at.toISOString() },
  }));
}

/** Its screens go dark within seconds. @throws SentinelError web.missing */
export async function removeMachine(db: Db, id: number, userId: number, nowMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const removed = await trx.deleteFrom('wall_machine').where('id', '=', id).returning('name').executeTakeFirst();
    if (!removed) throw new SentinelError('web.missing', { what: 'machine', id });
    await recordAudit(trx, {
      ...{ userId, action: 'machine.removed', subject: `machine ${id}`, details: { name: removed.name }, atMs: nowMs },
    });
  });
}

/** The account that machines act as, made when the first one comes. */
async function ensureWallAccount(db: Db, nowMs: number): Promise<void> {
  const known = await db.selectFrom('app_user').select('id').where('name', '=', WALL_ACCOUNT).executeTakeFirst();
  if (known) return;
  await db
    .insertInto('app_user')
    .values({
      ...{ name: WALL_ACCOUNT, display_name: '电视墙', role: 'viewer', created_at: new Date(nowMs) },
      password_hash: await hashPassword(inventPassword()),
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}

async function wallAccount(db: DbOrTrx): Promise<number> {
  const row = await db.selectFrom('app_user').select('id').where('name', '=', WALL_ACCOUNT).executeTakeFirstOrThrow();
  return row.id;
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
