/**
 * What a person accepts as lawful. A view learns, its pictures are proposed, a person accepts them, the view watches: a
 * baseline moves by a person's word and by nothing else.
 *
 * Learning again keeps the accepted pictures until a new set is accepted in their place, so that it can be called off by
 * setting the view to watch. Every change raises the view's `baseline_version`.
 *
 * Errors: `web.missing`, `view.last_baseline`.
 */
import { sql, type Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { Database, ViewState } from '../drivers/postgres/schema.ts';
import { recordAudit, recordEvents } from '../drivers/postgres/postgres.ts';
import { raiseBaselineVersion } from './review-store.ts';

/**
 * Accepts the proposed pictures of the views and lets these watch.
 * @param viewIds absent: every view that has finished learning. A view named here may still be learning; what it has
 *   gathered is then taken as enough.
 * @returns how many views and pictures were accepted
 */
export async function acceptBaselines(
  db: Db,
  viewIds: readonly number[] | undefined,
  userId: number,
  nowMs: number,
): Promise<{ views: number; pictures: number }> {
  const now = new Date(nowMs);
  return db.transaction().execute(async (trx) => {
    // Views are locked in one order, so that two people accepting at once take turns.
    const views = await trx
      .selectFrom('view')
      .select(['id', 'camera_id', 'state'])
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('baseline')
            .select('baseline.id')
            .whereRef('baseline.view_id', '=', 'view.id')
            .where('baseline.state', '=', 'proposed'),
        ),
      )
      .$if(viewIds !== undefined, (query) => query.where('id', '=', sql<number>`any(${[...(viewIds ?? [])]}::int[])`))
      .$if(viewIds === undefined, (query) => query.where('state', '!=', 'learning'))
      .orderBy('id')
      .forNoKeyUpdate()
      .execute();
    if (views.length === 0) return { views: 0, pictures: 0 };

    const ids = views.map((view) => view.id);
    const relearned = views.filter((view) => view.state === 'learning' || view.state === 'proposed');
    // A newly learned set stands in place of the one before it, places made lawful by verdicts included: it shows them.
    await trx
      .updateTable('baseline')
      .set({ state: 'removed', decided_by: userId, decided_at: now })
      .where('view_id', '=', sql<number>`any(${relearned.map((view) => view.id)}::int[])`)
      .where('state', '=', 'accepted')
      .execute();
    const accepted = await trx
      .updateTable('baseline')
      .set({ state: 'accepted', decided_by: userId, decided_at: now })
      .where('view_id', '=', sql<number>`any(${ids}::int[])`)
      .where('state', '=', 'proposed')
      .returning(['id', 'view_id'])
      .execute();
    await trx
      .updateTable('view')
      .set((eb) => ({
        state: sql<'watching'>`case when state in ('learning', 'proposed') then 'watching' else state end`,
        baseline_version: eb('baseline_version', '+', 1),
      }))
      .where('id', '=', sql<number>`any(${ids}::int[])`)
      .execute();
    await recordAudit(trx, {
      userId,
      action: 'baselines.accepted',
      subject: viewIds?.length === 1 ? `view ${viewIds[0]}` : 'views',
      details: { viewIds: ids, baselineIds: accepted.map((one) => one.id) },
      atMs: nowMs,
    });
    await recordEvents(
      trx,
      'view.changed',
      views.map((view) => ({ viewId: view.id, cameraId: view.camera_id, change: 'baselines' })),
      nowMs,
    );
    return { views: views.length, pictures: accepted.length };
  });
}

/** Withdraws one picture, proposed or accepted. A watching view keeps at least one whole accepted picture. */
export async function removeBaseline(db: Db, baselineId: number, userId: number, nowMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const found = await trx.selectFrom('baseline').select('view_id').where('id', '=', baselineId).executeTakeFirst();
    if (!found) throw new SentinelError('web.missing', { what: 'baseline', id: baselineId });
    const viewId = found.view_id;
    const view = await lockView(trx, viewId);
    const baselines = await trx
      .selectFrom('baseline')
      .select(['id', 'state', sql<boolean>`polygon is null`.as('whole')])
      .where('view_id', '=', viewId)
      .where('state', '!=', 'removed')
      .execute();
    const baseline = baselines.find((one) => one.id === baselineId);
    if (!baseline) throw new SentinelError('web.missing', { what: 'baseline', id: baselineId });
    const wholeLeft = baselines.some((one) => one.id !== baselineId && one.state === 'accepted' && one.whole);
    if (baseline.state === 'accepted' && baseline.whole && !wholeLeft) {
      throw new SentinelError('view.last_baseline', { viewId });
    }
    await trx
      .updateTable('baseline')
      .set({ state: 'removed', decided_by: userId, decided_at: new Date(nowMs) })
      .where('id', '=', baselineId)
      .execute();
    await raiseBaselineVersion(trx, viewId);
    await recordAudit(trx, {
      userId,
      action: 'baseline.removed',
      subject: `view ${viewId}`,
      details: { baselineId },
      atMs: nowMs,
    });
    await recordEvents(trx, 'view.changed', [{ viewId, cameraId: view.cameraId, change: 'baselines' }], nowMs);
  });
}

/** Lets the view learn anew: what was proposed is dropped, what was accepted stays until a new set is. */
export async function relearnView(db: Db, viewId: number, userId: number, nowMs: number): Promise<void> {
  const now = new Date(nowMs);
  await db.transaction().execute(async (trx) => {
    const view = await lockView(trx, viewId);
    await dropProposed(trx, viewId, userId, nowMs);
    await trx.updateTable('view').set({ state: 'learning', learning_since: now }).where('id', '=', viewId).execute();
    await raiseBaselineVersion(trx, viewId);
    await recordAudit(trx, {
      userId,
      action: 'view.relearn',
      subject: `view ${viewId}`,
      details: { from: view.state },
      atMs: nowMs,
    });
    await recordEvents(trx, 'view.changed', [{ viewId, cameraId: view.cameraId, change: 'state' }], nowMs);
  });
}

export async function dropProposed(
  trx: Transaction<Database>,
  viewId: number,
  userId: number,
  nowMs: number,
): Promise<void> {
  await trx
    .updateTable('baseline')
    .set({ state: 'removed', decided_by: userId, decided_at: new Date(nowMs) })
    .where('view_id', '=', viewId)
    .where('state', '=', 'proposed')
    .execute();
}

/** Locks the view against other changes of its pictures, areas and items. */
export async function lockView(
  trx: Transaction<Database>,
  viewId: number,
): Promise<{ cameraId: number; state: ViewState }> {
  const view = await trx
    .selectFrom('view')
    .select(['camera_id', 'state'])
    .where('id', '=', viewId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!view) throw new SentinelError('web.missing', { what: 'view', id: viewId });
  return { cameraId: view.camera_id, state: view.state };
}
