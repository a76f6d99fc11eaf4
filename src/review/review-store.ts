/** The SQL of review: claims, verdicts and their effects. Every function is handed the caller's transaction. */
import { sql, type Transaction } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { Polygon } from '../base/picture.ts';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { Database } from '../drivers/postgres/schema.ts';
import { recordAudit, recordEvents } from '../drivers/postgres/postgres.ts';
import type { Decision, ReviewItem, StandingVerdict } from './review.ts';

type Trx = Transaction<Database>;

export interface StoredItem extends ReviewItem {
  readonly polygon: Polygon;
  readonly viewId: number;
  readonly cameraId: number;
  readonly afterSha256: string | null;
  readonly raisedByLookId: number;
  readonly raisedAt: Date;
  readonly verdictId: number | null;
}

export interface LawfulPicture {
  readonly sha256: string;
  readonly thumbnail: Buffer;
  readonly lighting: string;
}

/**
 * Takes or prolongs a claim in one UPDATE, so that of any number of simultaneous claimers one wins.
 * @returns whether the item is this user's now
 */
export async function takeClaim(
  trx: Trx,
  candidateId: number,
  userId: number,
  nowMs: number,
  untilMs: number,
): Promise<boolean> {
  const now = new Date(nowMs);
  const taken = await trx
    .updateTable('candidate')
    .set((eb) => ({
      claimed_by: userId,
      claimed_until: new Date(untilMs),
      // One's own prolonged claim changes nothing that could be decided otherwise.
      version: sql<number>`${eb.ref('version')} + case when claimed_by = ${userId} and claimed_until > ${now} then 0 else 1 end`,
    }))
    .where('id', '=', candidateId)
    .where('state', '=', 'open')
    .where((eb) =>
      eb.or([
        eb('claimed_by', 'is', null),
        eb('claimed_by', '=', userId),
        eb('claimed_until', 'is', null),
        eb('claimed_until', '<=', now),
      ]),
    )
    .returning(['id', 'view_id', 'version'])
    .executeTakeFirst();
  if (!taken) return false;
  await recordChange(trx, await cameraOf(trx, taken.view_id), taken.view_id, candidateId, 'claimed', userId, nowMs, {
    until: new Date(untilMs).toISOString(),
  });
  return true;
}

export async function dropClaim(trx: Trx, item: StoredItem, userId: number, nowMs: number): Promise<void> {
  await trx
    .updateTable('candidate')
    .set((eb) => ({ claimed_by: null, claimed_until: null, version: eb('version', '+', 1) }))
    .where('id', '=', item.id)
    .execute();
  await recordChange(trx, item.cameraId, item.viewId, item.id, 'released', userId, nowMs, {
    heldBy: item.claim?.userId ?? null,
  });
}

export async function readItem(db: DbOrTrx, candidateId: number): Promise<StoredItem> {
  const row = await itemQuery(db).where('candidate.id', '=', candidateId).executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'candidate', id: candidateId });
  return itemOf(row);
}

export async function lockItem(trx: Trx, candidateId: number): Promise<StoredItem> {
  await trx.selectFrom('candidate').select('id').where('id', '=', candidateId).forNoKeyUpdate().execute();
  return readItem(trx, candidateId);
}

/** Locks the view, then the item and the one it may repeat, in the order of their ids. */
export async function lockForVerdict(
  trx: Trx,
  viewId: number,
  candidateId: number,
  otherId: number | undefined,
): Promise<{ item: StoredItem; other: StoredItem | undefined }> {
  await trx.selectFrom('view').select('id').where('id', '=', viewId).forNoKeyUpdate().execute();
  const ids = otherId === undefined ? [candidateId] : [candidateId, otherId];
  await trx.selectFrom('candidate').select('id').where('id', 'in', ids).orderBy('id').forNoKeyUpdate().execute();
  const rows = await itemQuery(trx).where('candidate.id', 'in', ids).execute();
  const items = rows.map(itemOf);
  const item = items.find((one) => one.id === candidateId);
  if (!item) throw new SentinelError('web.missing', { what: 'candidate', id: candidateId });
  return { item, other: items.find((one) => one.id === otherId) };
}

export async function readStandingVerdict(trx: Trx, item: StoredItem): Promise<StandingVerdict | undefined> {
  if (item.verdictId === null) return undefined;
  const row = await trx
    .selectFrom('verdict')
    .innerJoin('app_user', 'app_user.id', 'verdict.decided_by')
    .select(['verdict.decided_by', 'verdict.decided_at', 'app_user.name', 'app_user.display_name'])
    .where('verdict.id', '=', item.verdictId)
    .executeTakeFirst();
  if (!row) return undefined;
  return { decidedBy: row.decided_by, by: row.display_name || row.name, decidedAtMs: row.decided_at.getTime() };
}

export async function readOpenPlaces(trx: Trx, viewId: number): Promise<{ id: number; polygon: Polygon }[]> {
  return trx
    .selectFrom('candidate')
    .select(['id', 'polygon'])
    .where('view_id', '=', viewId)
    .where('state', '=', 'open')
    .execute();
}

/** Writes the verdict with its effects. The caller holds the locks and has checked the rules. @returns its id */
export async function writeVerdict(
  trx: Trx,
  item: StoredItem,
  decision: Decision,
  lawful: LawfulPicture | undefined,
  userId: number,
  nowMs: number,
): Promise<number> {
  const now = new Date(nowMs);
  let baselineId: number | null = null;
  if (lawful) {
    const look = await trx
      .selectFrom('look')
      .select('captured_at')
      .where('id', '=', item.raisedByLookId)
      .executeTakeFirst();
    const baseline = await trx
      .insertInto('baseline')
      .values({
        view_id: item.viewId,
        look_id: look ? item.raisedByLookId : null,
        picture_sha256: lawful.sha256,
        thumbnail: lawful.thumbnail,
        lighting: lawful.lighting,
        captured_at: look?.captured_at ?? item.raisedAt,
        state: 'accepted',
        origin: 'verdict',
        polygon: JSON.stringify(item.polygon),
        decided_by: userId,
        decided_at: now,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    baselineId = baseline.id;
    await raiseBaselineVersion(trx, item.viewId);
  }
  const verdict = await trx
    .insertInto('verdict')
    .values({
      candidate_id: item.id,
      verdict: decision.verdict,
      reason: decision.reason.trim(),
      duplicate_of: decision.duplicateOf ?? null,
      decided_by: userId,
      decided_at: now,
      baseline_id: baselineId,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await trx
    .updateTable('candidate')
    .set((eb) => ({
      state: 'decided',
      verdict: decision.verdict,
      verdict_id: verdict.id,
      claimed_by: null,
      claimed_until: null,
      version: eb('version', '+', 1),
    }))
    .where('id', '=', item.id)
    .execute();
  await recordChange(trx, item.cameraId, item.viewId, item.id, 'decided', userId, nowMs, {
    verdictId: verdict.id,
    verdict: decision.verdict,
    reason: decision.reason.trim(),
    duplicateOf: decision.duplicateOf ?? null,
    baselineId,
    seenVersion: decision.version,
  });
  return verdict.id;
}

/** @returns the id of the verdict taken back */
export async function writeUndo(
  trx: Trx,
  item: StoredItem,
  userId: number,
  nowMs: number,
  claimedUntilMs: number,
): Promise<number> {
  const now = new Date(nowMs);
  const verdict = await trx
    .updateTable('verdict')
    .set({ undone_by: userId, undone_at: now })
    .where('id', '=', item.verdictId)
    .returning(['id', 'verdict', 'baseline_id'])
    .executeTakeFirstOrThrow();
  if (verdict.baseline_id !== null) {
    await trx
      .updateTable('baseline')
      .set({ state: 'removed', decided_by: userId, decided_at: now })
      .where('id', '=', verdict.baseline_id)
      .execute();
    await raiseBaselineVersion(trx, item.viewId);
  }
  await trx
    .updateTable('candidate')
    .set((eb) => ({
      state: 'open',
      verdict: null,
      verdict_id: null,
      claimed_by: userId,
      claimed_until: new Date(claimedUntilMs),
      version: eb('version', '+', 1),
    }))
    .where('id', '=', item.id)
    .execute();
  await recordChange(trx, item.cameraId, item.viewId, item.id, 'undone', userId, nowMs, {
    verdictId: verdict.id,
    verdict: verdict.verdict,
  });
  return verdict.id;
}

/** Processes that keep a view's baselines and masks in memory reload them when this rises. */
export async function raiseBaselineVersion(trx: DbOrTrx, viewId: number): Promise<void> {
  await trx
    .updateTable('view')
    .set((eb) => ({ baseline_version: eb('baseline_version', '+', 1) }))
    .where('id', '=', viewId)
    .execute();
}

function itemQuery(db: DbOrTrx) {
  return db
    .selectFrom('candidate')
    .innerJoin('view', 'view.id', 'candidate.view_id')
    .leftJoin('app_user', 'app_user.id', 'candidate.claimed_by')
    .select([
      'candidate.id',
      'candidate.view_id',
      'view.camera_id',
      'candidate.state',
      'candidate.verdict',
      'candidate.verdict_id',
      'candidate.version',
      'candidate.polygon',
      'candidate.after_sha256',
      'candidate.raised_by_look_id',
      'candidate.raised_at',
      'candidate.claimed_by',
      'candidate.claimed_until',
      'app_user.name',
      'app_user.display_name',
    ]);
}

type ItemRow = Awaited<ReturnType<ReturnType<typeof itemQuery>['executeTakeFirstOrThrow']>>;

function itemOf(row: ItemRow): StoredItem {
  return {
    id: row.id,
    viewId: row.view_id,
    cameraId: row.camera_id,
    state: row.state,
    verdict: row.verdict,
    verdictId: row.verdict_id,
    version: row.version,
    polygon: row.polygon,
    afterSha256: row.after_sha256,
    raisedByLookId: row.raised_by_look_id,
    raisedAt: row.raised_at,
    claim:
      row.claimed_by !== null && row.claimed_until !== null
        ? { userId: row.claimed_by, by: row.display_name || (row.name ?? ''), untilMs: row.claimed_until.getTime() }
        : null,
  };
}

async function cameraOf(trx: Trx, viewId: number): Promise<number> {
  const row = await trx.selectFrom('view').select('camera_id').where('id', '=', viewId).executeTakeFirstOrThrow();
  return row.camera_id;
}

async function recordChange(
  trx: Trx,
  cameraId: number,
  viewId: number,
  candidateId: number,
  change: 'claimed' | 'released' | 'decided' | 'undone',
  userId: number,
  nowMs: number,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await recordAudit(trx, {
    userId,
    action: `candidate.${change}`,
    subject: `candidate ${candidateId}`,
    details,
    atMs: nowMs,
  });
  await recordEvents(trx, 'candidate.changed', [{ candidateId, viewId, cameraId, change }], nowMs);
}
