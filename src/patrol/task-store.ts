/** SQL of what operators are asked to mend: one open task a thing, seen again rather than opened again. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { recordAudit, recordEvents, type Db } from '../drivers/postgres/postgres.ts';
import type { TaskKind } from '../drivers/postgres/schema.ts';

export interface TaskSubject {
  readonly kind: TaskKind;
  readonly cameraId: number;
  readonly viewId: number | null;
  /** Beside camera and view, e.g. a preset's token. */
  readonly subject: string;
}

/** Opens a task, or notes on the one that stands that it was met again. @returns whether it is new */
export async function openTask(
  db: Db,
  task: TaskSubject,
  details: Readonly<Record<string, unknown>>,
  nowMs: number,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const now = new Date(nowMs);
    const opened = await sql<{ id: number; fresh: boolean }>`
      insert into operator_task (kind, camera_id, view_id, subject, opened_at, last_seen_at, details)
      values (${task.kind}, ${task.cameraId}, ${task.viewId}, ${task.subject}, ${now}, ${now}, ${JSON.stringify(details)}::jsonb)
      on conflict (kind, camera_id, coalesce(view_id, 0), subject) where state = 'open'
      do update set last_seen_at = excluded.last_seen_at, times = operator_task.times + 1, details = excluded.details
      returning id, times = 1 as fresh`.execute(trx);
    const row = opened.rows[0];
    if (!row?.fresh) return false;
    const told = { taskId: row.id, cameraId: task.cameraId, ...(task.viewId !== null && { viewId: task.viewId }) };
    await recordEvents(trx, 'task.changed', [{ ...told, change: 'opened' }], nowMs);
    return true;
  });
}

/** What was wrong is so no more: the task closes by itself. */
export async function settleTasks(
  db: Db,
  settled: { kind: TaskKind; cameraId: number; viewId?: number; subjects?: readonly string[] },
  nowMs: number,
): Promise<void> {
  if (settled.subjects?.length === 0) return;
  await db.transaction().execute(async (trx) => {
    const closed = await trx
      .updateTable('operator_task')
      .set({ state: 'closed', closed_at: new Date(nowMs) })
      .where('state', '=', 'open')
      .where('kind', '=', settled.kind)
      .where('camera_id', '=', settled.cameraId)
      .$if(settled.viewId !== undefined, (query) => query.where('view_id', '=', settled.viewId ?? 0))
      .$if(settled.subjects !== undefined, (query) => query.where('subject', 'in', [...(settled.subjects ?? [])]))
      .returning(['id', 'view_id'])
      .execute();
    await recordEvents(
      trx,
      'task.changed',
      closed.map(({ id }) => ({ taskId: id, cameraId: settled.cameraId, change: 'settled' })),
      nowMs,
    );
  });
}

/** @throws `web.missing`, `patrol.task_closed` */
export async function closeTask(db: Db, taskId: number, note: string, userId: number, nowMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const task = await trx
      .selectFrom('operator_task')
      .select(['state', 'camera_id', 'kind'])
      .where('id', '=', taskId)
      .forUpdate()
      .executeTakeFirst();
    if (!task) throw new SentinelError('web.missing', { what: 'task', id: taskId });
    if (task.state === 'closed') throw new SentinelError('patrol.task_closed', { taskId });
    await trx
      .updateTable('operator_task')
      .set({ state: 'closed', closed_at: new Date(nowMs), closed_by: userId, note })
      .where('id', '=', taskId)
      .execute();
    const details = { kind: task.kind, note };
    await recordAudit(trx, { userId, action: 'task.closed', subject: `task ${taskId}`, details, atMs: nowMs });
    await recordEvents(trx, 'task.changed', [{ taskId, cameraId: task.camera_id, change: 'closed' }], nowMs);
  });
}
