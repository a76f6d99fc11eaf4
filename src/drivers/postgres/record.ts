/** What every change leaves behind, written in the change's own transaction: who did it, and that it happened. */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

export interface AuditEntry {
  /** Null where nobody is signed in, e.g. a failed sign-in. */
  readonly userId: number | null;
  /** Dotted, thing first: `candidate.decided`. */
  readonly action: string;
  /** `candidate 12`. */
  readonly subject: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly atMs: number;
}

export async function recordAudit(trx: Kysely<Database> | Transaction<Database>, entry: AuditEntry): Promise<void> {
  await trx
    .insertInto('audit')
    .values({
      at: new Date(entry.atMs),
      user_id: entry.userId,
      action: entry.action,
      subject: entry.subject,
      details: JSON.stringify(entry.details ?? {}),
    })
    .execute();
}

export type EventKind =
  | 'candidate.raised'
  | 'candidate.changed'
  | 'view.changed'
  | 'camera.changed'
  | 'turret.changed'
  | 'route.changed'
  | 'task.changed'
  | 'alert.changed'
  | 'screen.changed'
  | 'store.changed'
  | 'log.changed'
  | 'plan.changed';

/**
 * Tells pages and programs; the row's trigger notifies them when the transaction commits. What is told of a view or a
 * candidate names its camera too, by which it is kept from people who may not see that one.
 */
export async function recordEvents(
  trx: Kysely<Database> | Transaction<Database>,
  kind: EventKind,
  data: readonly Readonly<Record<string, unknown>>[],
  atMs: number,
): Promise<void> {
  if (data.length === 0) return;
  await sql`
    insert into event (at, kind, data)
    select ${new Date(atMs)}::timestamptz, ${kind}, jsonb_strip_nulls(jsonb_build_object('cameraId', v.camera_id)) || told.data
    from jsonb_array_elements(${JSON.stringify(data)}::jsonb) with ordinality as told (data, place)
    left join candidate c on c.id = (told.data ->> 'candidateId')::int
    left join view v on v.id = coalesce((told.data ->> 'viewId')::int, c.view_id)
    order by told.place`.execute(trx);
}
