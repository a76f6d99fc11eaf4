/**
 * Cameras are leased in PostgreSQL, so that several processes share them evenly and the cameras of one that died move to
 * the living: a lease not renewed ends by the database's clock, the one clock all of them see. Capture processes share the
 * fixed cameras, patrol processes those that can be turned.
 */
import { sql } from 'kysely';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { ProcessPart } from '../drivers/postgres/schema.ts';

const KIND_OF = { capture: 'fixed', patrol: 'ptz' } as const satisfies Record<ProcessPart, 'fixed' | 'ptz'>;

export class CameraLeases {
  readonly #db: Db;
  readonly #holder: string;
  readonly #leaseS: number;
  readonly #part: ProcessPart;

  /** @param holder name of this process, one of a kind among all parts */
  constructor(db: Db, holder: string, leaseS: number, part: ProcessPart = 'capture') {
    this.#db = db;
    this.#holder = holder;
    this.#leaseS = leaseS;
    this.#part = part;
  }

  /**
   * Renews what is held, gives up what is more than a fair share, takes what is free up to it. Call it every third of the
   * lease.
   * @returns ids of the cameras held now
   */
  async renew(): Promise<number[]> {
    return this.#db.transaction().execute(async (trx) => {
      // One process at a time counts and takes, or two would both see the same free cameras.
      await sql`select pg_advisory_xact_lock(hashtext('sentinel.camera_lease'))`.execute(trx);
      const span = sql`make_interval(secs => ${this.#leaseS})`;
      const part = this.#part;
      const kind = KIND_OF[part];
      await sql`insert into capture_process (holder, seen_at, part) values (${this.#holder}, now(), ${part})
        on conflict (holder) do update set seen_at = now()`.execute(trx);
      await sql`delete from capture_process where seen_at < now() - ${span} and part = ${part}`.execute(trx);
      await sql`delete from camera_lease l using camera c where l.camera_id = c.id and l.part = ${part}
        and (l.expires_at < now() or not c.enabled or c.kind <> ${kind})`.execute(trx);
      const counted = await sql<{ share: number }>`
        select ceil((select count(*) from camera where enabled and kind = ${kind})::numeric
          / (select count(*) from capture_process where part = ${part}))::int as share`.execute(trx);
      const share = counted.rows[0]?.share ?? 0;
      await sql`update camera_lease set expires_at = now() + ${span} where holder = ${this.#holder}`.execute(trx);
      await sql`delete from camera_lease where camera_id in (
        select camera_id from camera_lease where holder = ${this.#holder} order by camera_id offset ${share})`.execute(
        trx,
      );
      await sql`insert into camera_lease (camera_id, holder, expires_at, part)
        select id, ${this.#holder}, now() + ${span}, ${part} from camera
        where enabled and kind = ${kind} and id not in (select camera_id from camera_lease)
        order by id
        limit greatest(0, ${share}::int - (select count(*) from camera_lease where holder = ${this.#holder}))`.execute(
        trx,
      );
      const held = await trx
        .selectFrom('camera_lease')
        .select('camera_id')
        .where('holder', '=', this.#holder)
        .orderBy('camera_id')
        .execute();
      return held.map((row) => row.camera_id);
    });
  }

  /** Gives all back at once, for a process that ends in order. */
  async release(): Promise<void> {
    await this.#db.deleteFrom('camera_lease').where('holder', '=', this.#holder).execute();
    await this.#db.deleteFrom('capture_process').where('holder', '=', this.#holder).execute();
  }
}
