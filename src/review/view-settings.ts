/** What a person sets about a view: its name, cadence and thresholds, whether it watches, and its areas. */
import type { Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Polygon } from '../base/picture.ts';
import { recordAudit, recordEvents, type Db } from '../drivers/postgres/postgres.ts';
import type { Database, MaskKind, PersistenceRule } from '../drivers/postgres/schema.ts';
import { dropProposed, lockView } from './baseline.ts';
import { raiseBaselineVersion } from './review-store.ts';

export interface StoredMask {
  readonly id: number;
  readonly kind: MaskKind;
  readonly name: string;
  readonly polygon: Polygon;
  readonly persistence_rule: PersistenceRule | null;
}

const MASK_COLUMNS = ['id', 'kind', 'name', 'polygon', 'persistence_rule'] as const;

export interface ViewSettings {
  readonly name?: string;
  readonly state?: 'watching' | 'paused';
  readonly cadenceS?: number | null;
  readonly minScore?: number | null;
  readonly persistenceRule?: PersistenceRule | null;
}

/**
 * Changes a view's settings. To watch needs an accepted whole picture; it also calls off learning anew.
 * @throws `web.missing`, `view.no_baselines`
 */
export async function changeView(
  db: Db,
  viewId: number,
  change: ViewSettings,
  userId: number,
  nowMs: number,
): Promise<void> {
  await db.transaction().execute((trx) => applyChange(trx, viewId, change, userId, nowMs));
}

/** @throws as {@link changeView}, before it has written anything */
export async function applyChange(
  trx: Transaction<Database>,
  viewId: number,
  change: ViewSettings,
  userId: number,
  nowMs: number,
): Promise<void> {
  const view = await lockView(trx, viewId);
  if (change.state === 'watching' && view.state !== 'watching') {
    const lawful = await trx
      .selectFrom('baseline')
      .select('id')
      .where('view_id', '=', viewId)
      .where('state', '=', 'accepted')
      .where('polygon', 'is', null)
      .limit(1)
      .executeTakeFirst();
    if (!lawful) throw new SentinelError('view.no_baselines', { viewId });
    if (view.state !== 'paused') await dropProposed(trx, viewId, userId, nowMs);
    await raiseBaselineVersion(trx, viewId);
  }
  const set = {
    ...(change.name !== undefined && { name: change.name }),
    ...(change.state !== undefined && { state: change.state }),
    ...(change.cadenceS !== undefined && { cadence_s: change.cadenceS }),
    ...(change.minScore !== undefined && { min_score: change.minScore }),
    ...(change.persistenceRule !== undefined && {
      persistence_rule: change.persistenceRule && JSON.stringify(change.persistenceRule),
    }),
  };
  if (Object.keys(set).length === 0) return;
  await trx.updateTable('view').set(set).where('id', '=', viewId).execute();
  await recordAudit(trx, {
    userId,
    action: 'view.changed',
    subject: `view ${viewId}`,
    details: { ...change },
    atMs: nowMs,
  });
  await recordEvents(trx, 'view.changed', [{ viewId, cameraId: view.cameraId, change: 'settings' }], nowMs);
}

export interface MaskSettings {
  readonly kind: MaskKind;
  readonly name: string;
  readonly polygon: Polygon;
  readonly persistenceRule: PersistenceRule | null;
}

/** @param maskId the one to replace; absent: one more. Throws `web.missing`, `view.too_many_masks`. */
export async function putMask(
  db: Db,
  viewId: number,
  maskId: number | undefined,
  mask: MaskSettings,
  userId: number,
  nowMs: number,
): Promise<StoredMask> {
  return db.transaction().execute(async (trx) => {
    const view = await lockView(trx, viewId);
    const values = {
      kind: mask.kind,
      name: mask.name,
      polygon: JSON.stringify(mask.polygon),
      persistence_rule: mask.persistenceRule && JSON.stringify(mask.persistenceRule),
    };
    const others = await trx.selectFrom('mask').select('id').where('view_id', '=', viewId).execute();
    if (maskId === undefined && others.length >= LIMITS.masksPerView) {
      throw new SentinelError('view.too_many_masks', { viewId, limit: LIMITS.masksPerView });
    }
    if (maskId !== undefined && !others.some((other) => other.id === maskId)) {
      throw new SentinelError('web.missing', { what: 'mask', id: maskId });
    }
    const row =
      maskId === undefined
        ? await trx
            .insertInto('mask')
            .values({ view_id: viewId, created_at: new Date(nowMs), ...values })
            .returning(MASK_COLUMNS)
            .executeTakeFirstOrThrow()
        : await trx
            .updateTable('mask')
            .set(values)
            .where('id', '=', maskId)
            .returning(MASK_COLUMNS)
            .executeTakeFirstOrThrow();
    await raiseBaselineVersion(trx, viewId);
    await recordAudit(trx, {
      userId,
      action: maskId === undefined ? 'mask.created' : 'mask.changed',
      subject: `view ${viewId}`,
      details: { maskId: row.id, ...mask },
      atMs: nowMs,
    });
    await recordEvents(trx, 'view.changed', [{ viewId, cameraId: view.cameraId, change: 'masks' }], nowMs);
    return row;
  });
}

/** @throws `web.missing` */
export async function removeMask(db: Db, viewId: number, maskId: number, userId: number, nowMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const view = await lockView(trx, viewId);
    const removed = await trx
      .deleteFrom('mask')
      .where('id', '=', maskId)
      .where('view_id', '=', viewId)
      .returning(MASK_COLUMNS)
      .executeTakeFirst();
    if (!removed) throw new SentinelError('web.missing', { what: 'mask', id: maskId });
    await raiseBaselineVersion(trx, viewId);
    await recordAudit(trx, {
      userId,
      action: 'mask.removed',
      subject: `view ${viewId}`,
      details: { maskId, kind: removed.kind, polygon: removed.polygon },
      atMs: nowMs,
    });
    await recordEvents(trx, 'view.changed', [{ viewId, cameraId: view.cameraId, change: 'masks' }], nowMs);
  });
}
