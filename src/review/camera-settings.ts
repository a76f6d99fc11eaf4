/** One change of settings for many cameras and all their views, in one transaction. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import { setCameras, type CameraSettings } from '../camera/camera.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { applyChange, type ViewSettings } from './view-settings.ts';

export interface CamerasChange extends CameraSettings, Pick<ViewSettings, 'state' | 'cadenceS' | 'persistenceRule'> {}

export interface CamerasChanged {
  readonly cameras: number;
  readonly views: number;
  /** Views that were left as they were, and why. */
  readonly refused: readonly { readonly viewId: number; readonly name: string; readonly problem: SentinelError }[];
}

/**
 * Changes what is named, of each camera or of each of its views. A view that cannot be changed so (to watch it needs an
 * accepted picture) is left as it was and named in the answer; all others are changed.
 */
export async function changeCameras(
  db: Db,
  cameraIds: readonly number[],
  { place, enabled, ...ofViews }: CamerasChange,
  userId: number,
  nowMs: number,
): Promise<CamerasChanged> {
  return db.transaction().execute(async (trx) => {
    const settings = { ...(place !== undefined && { place }), ...(enabled !== undefined && { enabled }) };
    const cameras = await setCameras(trx, cameraIds, settings, userId, nowMs);
    if (Object.keys(ofViews).length === 0) return { cameras, views: 0, refused: [] };
    const views = await trx
      .selectFrom('view')
      .select(['id', 'name', 'state'])
      .where('camera_id', '=', sql<number>`any(${[...cameraIds]}::int[])`)
      .orderBy('id')
      .execute();
    const refused: { viewId: number; name: string; problem: SentinelError }[] = [];
    for (const view of views) {
      // To resume calls learning off; what still learns was never paused and stays as it is.
      const isLearning = view.state === 'learning' || view.state === 'proposed';
      const { state, ...rest } = ofViews;
      const change = state === 'watching' && isLearning ? rest : { ...rest, ...(state !== undefined && { state }) };
      try {
        await applyChange(trx, view.id, change, userId, nowMs);
      } catch (thrown) {
        if (!(thrown instanceof SentinelError) || thrown.code !== 'view.no_baselines') throw thrown;
        refused.push({ viewId: view.id, name: view.name, problem: thrown });
      }
    }
    return { cameras, views: views.length - refused.length, refused };
  });
}
