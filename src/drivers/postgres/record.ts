/** What every change leaves behind, written in the change's own transaction: who did it, and that it happened. */
import type { Kysely, Transaction } from 'kysely';
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
  | 'store.changed'
  | 'log.changed';

/** Tells pages and programs; the row's trigger notifies them when the transaction commits. */
export async function recordEvents(
  trx: Kysely<Database> | Transaction<Database>,
  kind: EventKind,
  data: readonly Readonly<Record<string, unknown>>[],
  atMs: number,
): Promise<void> {
  if (data.length === 0) return;
  await trx
    .insertInto('event')
    .values(data.map((one) => ({ at: new Date(atMs), kind, data: JSON.stringify(one) })))
    .execute();
}
