/**
 * SQL of the lease: who holds a turret, by the database's clock, the one clock that every process sees. Each change of
 * holder is logged with who and why.
 */
import { sql, type Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { recordEvents, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { Database, HolderKind } from '../drivers/postgres/schema.ts';
import { askForLease, isSameHolder, standingAt, type Holder, type Lease, type LeaseAnswer } from './lease.ts';

type Trx = Transaction<Database>;

export interface LogEntry {
  readonly cameraId: number;
  readonly by: Holder;
  /** Dotted, thing first: `lease.taken`, `turret.to_preset`. */
  readonly action: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly problem?: string | null;
}

export async function logTurret(db: DbOrTrx, entry: LogEntry, nowMs: number): Promise<void> {
  const { cameraId, by, action, details = {}, outcome, problem = null } = entry;
  await db
    .insertInto('turret_log')
    .values({
      at: new Date(nowMs),
      ...{ camera_id: cameraId, kind: by.kind, user_id: by.userId, route_id: by.routeId, by_name: by.name },
      ...{ action, details: JSON.stringify(details), outcome, problem },
    })
    .execute();
}

/** The standing lease and the database's time; undefined: nobody holds it. */
export async function readLease(db: DbOrTrx, cameraId: number): Promise<{ lease: Lease | undefined; nowMs: number }> {
  const found = await sql<LeaseRow>`
    select ${leaseColumns} from (select 1) one left join turret_lease l on l.camera_id = ${cameraId}
      left join app_user u on u.id = l.user_id left join patrol_route r on r.id = l.route_id`.execute(db);
  return leaseOf(found.rows[0]);
}

const leaseColumns = sql`l.kind, l.user_id, l.route_id, l.purpose, l.taken_at, l.expires_at,
  coalesce(nullif(u.display_name, ''), u.name) as user_name, r.name as route_name, clock_timestamp() as now`;

interface LeaseRow {
  kind: HolderKind | null;
  user_id: number | null;
  route_id: number | null;
  purpose: string | null;
  taken_at: Date | null;
  expires_at: Date | null;
  user_name: string | null;
  route_name: string | null;
  now: Date;
}

function leaseOf(row: LeaseRow | undefined): { lease: Lease | undefined; nowMs: number } {
  const nowMs = row?.now.getTime() ?? 0;
  if (!row?.kind || !row.taken_at || !row.expires_at) return { lease: undefined, nowMs };
  const lease: Lease = {
    kind: row.kind,
    userId: row.user_id,
    routeId: row.route_id,
    name: row.route_name ?? row.user_name ?? '',
    purpose: row.purpose ?? '',
    takenAtMs: row.taken_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
  };
  return { lease: standingAt(lease, nowMs), nowMs };
}

/**
 * Prolongs a lease that stands as it is, in one statement: what a patrol does at every stop.
 * @param driver the process that must hold the camera
 * @returns false where it does not stand so: ask with {@link takeLease}
 */
export async function prolongLease(
  db: Db,
  cameraId: number,
  holder: Holder,
  forMs: number,
  driver: string,
): Promise<boolean> {
  const prolonged =
    await sql`update turret_lease set expires_at = clock_timestamp() + make_interval(secs => ${forMs / 1000})
    where camera_id = ${cameraId} and kind = ${holder.kind} and expires_at > clock_timestamp()
      and route_id is not distinct from ${holder.routeId} and user_id is not distinct from ${holder.userId}
      and exists (select from camera_lease c where c.camera_id = ${cameraId} and c.holder = ${driver} and c.expires_at > now())`.execute(
      db,
    );
  return (prolonged.numAffectedRows ?? 0n) > 0n;
}

/** Takes or prolongs the turret; of any number that ask at once each gets one clear answer. */
export async function takeLease(db: Db, cameraId: number, asker: Holder, forMs: number): Promise<LeaseAnswer> {
  return db.transaction().execute((trx) => takeLeaseIn(trx, cameraId, asker, forMs));
}

async function takeLeaseIn(trx: Trx, cameraId: number, asker: Holder, forMs: number): Promise<LeaseAnswer> {
  await lockLease(trx, cameraId);
  const { lease: standing, nowMs } = await readLease(trx, cameraId);
  const answer = askForLease(standing, asker, nowMs, forMs);
  if (!answer.granted) return answer;
  const { lease, ousted } = answer;
  const values = {
    ...{ kind: lease.kind, user_id: lease.userId, route_id: lease.routeId, purpose: lease.purpose },
    ...{ taken_at: new Date(lease.takenAtMs), expires_at: new Date(lease.expiresAtMs) },
  };
  await trx
    .insertInto('turret_lease')
    .values({ camera_id: cameraId, ...values })
    .onConflict((conflict) => conflict.column('camera_id').doUpdateSet(values))
    .execute();
  const renewed =
    standing !== undefined && standing.kind === lease.kind && standing.routeId === lease.routeId && !ousted;
  if (!renewed) {
    const details = { purpose: lease.purpose, ...(ousted && { from: { kind: ousted.kind, name: ousted.name } }) };
    await logTurret(trx, { cameraId, by: asker, action: 'lease.taken', details, outcome: 'done' }, nowMs);
    await recordEvents(trx, 'turret.changed', [{ cameraId, change: 'lease' }], nowMs);
  }
  return answer;
}

/**
 * Gives the turret back.
 * @param force an administrator ends whoever's lease it is
 * @throws `patrol.not_held`
 */
export async function releaseLease(db: Db, cameraId: number, by: Holder, force = false): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockLease(trx, cameraId);
    const { lease, nowMs } = await readLease(trx, cameraId);
    if (!lease) return;
    if (!force && !isSameHolder(lease, by)) throw new SentinelError('patrol.not_held');
    await trx.deleteFrom('turret_lease').where('camera_id', '=', cameraId).execute();
    const details = isSameHolder(lease, by) ? {} : { from: { kind: lease.kind, name: lease.name } };
    await logTurret(trx, { cameraId, by, action: 'lease.released', details, outcome: 'done' }, nowMs);
    await recordEvents(trx, 'turret.changed', [{ cameraId, change: 'lease' }], nowMs);
  });
}

async function lockLease(trx: Trx, cameraId: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('sentinel.turret_lease'), ${cameraId})`.execute(trx);
}

/** @throws `patrol.held` where the lease was not granted */
export function granted(answer: LeaseAnswer): Lease {
  if (answer.granted) return answer.lease;
  const { name, expiresAtMs } = answer.standing;
  throw new SentinelError('patrol.held', { by: name, until: new Date(expiresAtMs).toISOString() });
}
