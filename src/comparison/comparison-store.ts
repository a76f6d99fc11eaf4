/** SQL of the comparison: what a view is compared with, what waits, and what came of it. */
import { sql } from 'kysely';
import type { Polygon } from '../base/picture.ts';
import { recordEvents, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { StoredRegion, ViewState } from '../drivers/postgres/schema.ts';

/** What a view is compared with, apart from the pictures' bytes. */
export interface ViewContext {
  readonly viewId: number;
  readonly state: ViewState;
  /** The view belongs to the built-in simulation. */
  readonly simulated: boolean;
  /** Raised whenever baselines or masks change. */
  readonly version: number;
  readonly learningSinceMs: number;
  /** What a person set. */
  readonly minScore: number | null;
  /** What its own unchanged pictures say. */
  readonly calibratedScore: number | null;
  readonly privacy: readonly Polygon[];
  readonly ignore: readonly Polygon[];
  readonly baselines: readonly StoredBaseline[];
}

export interface StoredBaseline {
  readonly id: number;
  readonly pictureSha256: string;
  readonly thumbnail: Uint8Array;
  readonly lighting: string;
  readonly capturedAtMs: number;
  /** Null: the whole picture is lawful; else only this place is. */
  readonly polygon: Polygon | null;
}

/** Contexts of those `known` views whose state or version is not the one given. */
export async function changedContexts(
  db: Db,
  known: ReadonlyMap<
    number,
    Pick<ViewContext, 'state' | 'version' | 'learningSinceMs' | 'calibratedScore'> | undefined
  >,
): Promise<ViewContext[]> {
  if (known.size === 0) return [];
  const rows = await db
    .selectFrom('view')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .innerJoin('estate', 'estate.id', 'camera.estate_id')
    .select([
      ...([
        'view.id',
        'view.state',
        'view.baseline_version',
        'view.learning_since',
        'view.min_score',
        'view.calibrated_score',
      ] as const),
      'estate.simulated',
    ])
    .where('view.id', 'in', [...known.keys()])
    .execute();
  const stale = rows.filter((row) => {
    const before = known.get(row.id);
    return (
      before?.state !== row.state ||
      before.version !== row.baseline_version ||
      before.learningSinceMs !== row.learning_since.getTime() ||
      before.calibratedScore !== row.calibrated_score
    );
  });
  if (stale.length === 0) return [];
  const ids = stale.map((row) => row.id);
  const baselines = await db
    .selectFrom('baseline')
    .select(['id', 'view_id', 'picture_sha256', 'thumbnail', 'lighting', 'captured_at', 'polygon'])
    .where('view_id', 'in', ids)
    .where('state', '=', 'accepted')
    .orderBy('id')
    .execute();
  const masks = await db
    .selectFrom('mask')
    .select(['view_id', 'kind', 'polygon'])
    .where('view_id', 'in', ids)
    .execute();
  return stale.map((row) => ({
    viewId: row.id,
    state: row.state,
    simulated: row.simulated,
    version: row.baseline_version,
    learningSinceMs: row.learning_since.getTime(),
    minScore: row.min_score,
    calibratedScore: row.calibrated_score,
    privacy: masks.filter((mask) => mask.view_id === row.id && mask.kind === 'privacy').map((mask) => mask.polygon),
    ignore: masks.filter((mask) => mask.view_id === row.id && mask.kind === 'ignore').map((mask) => mask.polygon),
    baselines: baselines
      .filter((baseline) => baseline.view_id === row.id)
      .map((baseline) => ({
        id: baseline.id,
        pictureSha256: baseline.picture_sha256,
        thumbnail: baseline.thumbnail,
        lighting: baseline.lighting,
        capturedAtMs: baseline.captured_at.getTime(),
        polygon: baseline.polygon,
      })),
  }));
}

export interface PoseReference {
  readonly pictureSha256: string;
  readonly thumbnail: Uint8Array;
}

/** What a view's pose is told by: its accepted whole pictures, the newest; while it has none, those gathered so far. */
export async function poseReferences(db: Db, viewId: number, most: number): Promise<PoseReference[]> {
  const rows = await db
    .selectFrom('baseline')
    .select(['picture_sha256', 'thumbnail', 'state'])
    .where('view_id', '=', viewId)
    .where('state', 'in', ['accepted', 'proposed'])
    .where('polygon', 'is', null)
    .orderBy('id', 'desc')
    .limit(most * 2)
    .execute();
  const accepted = rows.filter(({ state }) => state === 'accepted');
  return (accepted.length > 0 ? accepted : rows)
    .slice(0, most)
    .map(({ picture_sha256: pictureSha256, thumbnail }) => ({ pictureSha256, thumbnail }));
}

/** Privacy areas of the view that is seen at a preset. */
export async function privacyOf(db: Db, cameraId: number, key: string): Promise<Polygon[]> {
  const rows = await db
    .selectFrom('mask')
    .innerJoin('view', 'view.id', 'mask.view_id')
    .select('mask.polygon')
    .where('view.camera_id', '=', cameraId)
    .where('view.key', '=', key)
    .where('mask.kind', '=', 'privacy')
    .execute();
  return rows.map(({ polygon }) => polygon);
}

// --- learning --------------------------------------------------------------------------------------------------------

export async function proposeBaseline(
  db: Db,
  proposed: {
    viewId: number;
    lookId: number;
    pictureSha256: string;
    thumbnail: Uint8Array;
    lighting: string;
    atMs: number;
  },
): Promise<void> {
  await db
    .insertInto('baseline')
    .values({
      view_id: proposed.viewId,
      look_id: proposed.lookId,
      picture_sha256: proposed.pictureSha256,
      thumbnail: Buffer.from(proposed.thumbnail),
      lighting: proposed.lighting,
      captured_at: new Date(proposed.atMs),
      state: 'proposed',
      origin: 'learning',
    })
    .execute();
}

export interface Proposed {
  readonly id: number;
  readonly thumbnail: Uint8Array;
  readonly lighting: string;
  readonly capturedAtMs: number;
}

export async function proposedBaselines(db: Db, viewId: number): Promise<Proposed[]> {
  const rows = await db
    .selectFrom('baseline')
    .select(['id', 'thumbnail', 'lighting', 'captured_at'])
    .where('view_id', '=', viewId)
    .where('state', '=', 'proposed')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    thumbnail: row.thumbnail,
    lighting: row.lighting,
    capturedAtMs: row.captured_at.getTime(),
  }));
}

/**
 * Ends a view's learning with the chosen pictures; the others are dropped.
 * @param accept true: they become lawful at once (a simulated estate); false: a person is asked
 */
export async function endLearning(
  db: Db,
  viewId: number,
  chosen: readonly number[],
  accept: boolean,
  nowMs: number,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const ended = await trx
      .updateTable('view')
      .set((eb) => ({ state: accept ? 'watching' : 'proposed', baseline_version: eb('baseline_version', '+', 1) }))
      .where('id', '=', viewId)
      .where('state', '=', 'learning')
      .returning('id')
      .executeTakeFirst();
    if (!ended) return;
    await trx
      .deleteFrom('baseline')
      .where('view_id', '=', viewId)
      .where('state', '=', 'proposed')
      .where('id', 'not in', [...chosen])
      .execute();
    if (accept) {
      await trx
        .updateTable('baseline')
        .set({ state: 'accepted', decided_at: new Date(nowMs) })
        .where('id', 'in', [...chosen])
        .execute();
    }
    await recordEvents(trx, 'view.changed', [{ viewId, change: accept ? 'watching' : 'proposed' }], nowMs);
  });
}

// --- judging ---------------------------------------------------------------------------------------------------------

export interface PendingLook {
  readonly id: number;
  readonly capturedAtMs: number;
  readonly pictureSha256: string;
}

/** The newest look of a view that waits for its comparison; older ones give way to it. */
export async function takeNewestPending(db: Db, viewId: number, nowMs: number): Promise<PendingLook | undefined> {
  const newest = await db
    .selectFrom('look')
    .select(['id', 'captured_at', 'picture_sha256'])
    .where('view_id', '=', viewId)
    .where('result', '=', 'pending')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!newest?.picture_sha256) return undefined;
  await db
    .updateTable('look')
    .set({ result: 'superseded', judged_at: new Date(nowMs) })
    .where('view_id', '=', viewId)
    .where('result', '=', 'pending')
    .where('id', '<', newest.id)
    .execute();
  return { id: newest.id, capturedAtMs: newest.captured_at.getTime(), pictureSha256: newest.picture_sha256 };
}

export interface Outcome {
  readonly result: 'unchanged' | 'changed' | 'not_judged';
  readonly reason: string | null;
  readonly regions: readonly StoredRegion[];
  readonly maxScore: number | null;
  readonly pose: { readonly dxPx: number; readonly dyPx: number; readonly residualPx: number | null } | null;
  readonly lighting: string | null;
  readonly modelSha256: string;
  readonly compareMs: number;
}

/**
 * Records what came of a look. A job delivered twice finds the look no longer pending and changes nothing.
 * @returns whether this call recorded it
 */
export async function recordOutcome(
  trx: DbOrTrx,
  viewId: number,
  look: PendingLook,
  outcome: Outcome,
  nowMs: number,
): Promise<boolean> {
  const recorded = await trx
    .updateTable('look')
    .set({
      result: outcome.result,
      stage: 'network',
      reason: outcome.reason,
      regions: JSON.stringify(outcome.regions),
      max_score: outcome.maxScore,
      pose_dx_px: outcome.pose?.dxPx ?? null,
      pose_dy_px: outcome.pose?.dyPx ?? null,
      pose_residual_px: outcome.pose?.residualPx ?? null,
      ...(outcome.lighting !== null && { lighting: outcome.lighting }),
      model_sha256: outcome.modelSha256,
      compare_ms: outcome.compareMs,
      judged_at: new Date(nowMs),
    })
    .where('id', '=', look.id)
    .where('result', '=', 'pending')
    .returning('id')
    .executeTakeFirst();
  if (!recorded) return false;
  const at = new Date(look.capturedAtMs);
  const { reason } = outcome;
  // A newer look that has already been settled, say at the gate, speaks for the view; this one only tells when it was judged.
  const changed = await sql<{ id: number }>`
    with before as (
      select id, not_judged_reason as reason, not exists (
        select 1 from look where view_id = ${viewId} and id > ${look.id} and result in ('unchanged', 'changed', 'not_judged')
      ) as speaks
      from view where id = ${viewId} for no key update
    )
    update view v set
      last_judged_at = case when ${outcome.result}::text = 'not_judged' then v.last_judged_at
        else greatest(v.last_judged_at, ${at}::timestamptz) end,
      not_judged_reason = case when before.speaks then ${reason}::text else v.not_judged_reason end,
      not_judged_since = case when not before.speaks or before.reason = ${reason}::text then v.not_judged_since
        when ${reason}::text is null then null else ${at}::timestamptz end
    from before where v.id = before.id and (before.speaks or ${outcome.result}::text <> 'not_judged')
    returning case when before.speaks and before.reason is distinct from ${reason}::text then v.id end as id`.execute(
    trx,
  );
  if (changed.rows[0]?.id) {
    await recordEvents(trx, 'view.changed', [{ viewId, change: outcome.reason ?? 'judged' }], nowMs);
  }
  return true;
}

/** Views with looks that have waited since before `before`: their job was lost, or never made. */
export async function forgottenViews(db: Db, before: Date, most: number): Promise<number[]> {
  const rows = await db
    .selectFrom('look')
    .select('view_id')
    .distinct()
    .where('result', '=', 'pending')
    .where('captured_at', '<', before)
    .limit(most)
    .execute();
  return rows.map((row) => row.view_id);
}
