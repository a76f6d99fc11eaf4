/** SQL of the items. Everything runs in the transaction of the look that causes it. */
import { sql } from 'kysely';
import type { Polygon } from '../base/picture.ts';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { PersistenceRule, Severity, StoredRegion, VerdictKind } from '../drivers/postgres/schema.ts';
import { boxOf, type LookBack, type Persistence } from './candidate.ts';
import type { JudgedLook } from './candidate-desk.ts';

export interface ViewRules {
  readonly rule: PersistenceRule | null;
  readonly watchAreas: readonly { readonly polygon: Polygon; readonly rule: PersistenceRule | null }[];
}

/** Locks the view's row: looks of one view take turns here, so two of them never raise one place twice. */
export async function viewForUpdate(trx: DbOrTrx, viewId: number): Promise<ViewRules | undefined> {
  const view = await trx
    .selectFrom('view')
    .select('persistence_rule')
    .where('id', '=', viewId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!view) return undefined;
  const areas = await trx
    .selectFrom('mask')
    .select(['polygon', 'persistence_rule'])
    .where('view_id', '=', viewId)
    .where('kind', '=', 'watch')
    .execute();
  return {
    rule: view.persistence_rule,
    watchAreas: areas.map((area) => ({ polygon: area.polygon, rule: area.persistence_rule })),
  };
}

export interface StandingItem {
  readonly id: number;
  readonly state: 'open' | 'decided';
  severity: Severity;
  polygon: Polygon;
}

/** Items a region may belong to: the open ones first, then decided ones that were still seen after `since`. */
export async function standingItems(
  trx: DbOrTrx,
  viewId: number,
  since: Date,
  verdicts: readonly VerdictKind[],
): Promise<StandingItem[]> {
  return trx
    .selectFrom('candidate')
    .select(['id', 'state', 'severity', 'polygon'])
    .where('view_id', '=', viewId)
    .where((eb) =>
      eb.or([eb('state', '=', 'open'), eb.and([eb('verdict', 'in', [...verdicts]), eb('last_seen_at', '>=', since)])]),
    )
    .orderBy('state', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

/**
 * Judged looks of the view, newest first: at least the last `rule.of`, and all that its span reaches back to. Of more
 * than `most` every second, third, … is taken, which leaves each sample's majority as it is.
 */
export async function judgedLooks(
  trx: DbOrTrx,
  viewId: number,
  newestMs: number,
  rule: PersistenceRule,
  most: number,
): Promise<LookBack[]> {
  const reachMs = rule.of > 1 ? (rule.spanS * 1000 * rule.of) / (rule.of - 1) : rule.spanS * 1000;
  const rows = await sql<{ captured_at: Date; regions: StoredRegion[] | null }>`
    with judged as (
      select captured_at, regions, row_number() over (order by id desc) - 1 as n
      from look
      where view_id = ${viewId} and result in ('unchanged', 'changed')
    ), reached as (
      select * from judged where n < ${rule.of} or captured_at > ${new Date(newestMs - reachMs)}
    )
    select captured_at, regions from reached
    where n < ${rule.of} or n % (select count(*) / ${most} + 1 from reached) = 0
    order by n`.execute(trx);
  return rows.rows.map((row) => ({ capturedAtMs: row.captured_at.getTime(), regions: row.regions ?? [] }));
}

export async function strengthen(trx: DbOrTrx, id: number, score: number, seenAt: Date): Promise<void> {
  await trx
    .updateTable('candidate')
    .set((eb) => ({
      occurrences: eb('occurrences', '+', 1),
      last_seen_at: seenAt,
      score: eb.fn<number>('greatest', ['score', eb.val(score)]),
    }))
    .where('id', '=', id)
    .execute();
}

/** A further piece of the structure: its place is as wide as all of them. What the machine raised it for stays as it was. */
export async function widen(trx: DbOrTrx, id: number, place: Polygon): Promise<void> {
  await trx
    .updateTable('candidate')
    .set({ polygon: JSON.stringify(place), box: JSON.stringify(boxOf(place)) })
    .where('id', '=', id)
    .execute();
}

export async function makeGraver(trx: DbOrTrx, id: number, severity: Severity): Promise<void> {
  await trx.updateTable('candidate').set({ severity }).where('id', '=', id).execute();
}

export async function raise(
  trx: DbOrTrx,
  found: {
    look: JudgedLook;
    region: StoredRegion;
    persistence: Persistence;
    severity: Severity;
    rule: PersistenceRule;
    overlaySha256: string;
  },
): Promise<number> {
  const { look, region, persistence } = found;
  const { id } = await trx
    .insertInto('candidate')
    .values({
      view_id: look.viewId,
      severity: found.severity,
      box: JSON.stringify(region.box),
      polygon: JSON.stringify(region.polygon),
      score: region.score,
      occurrences: persistence.occurrences,
      first_seen_at: new Date(persistence.firstSeenAtMs),
      last_seen_at: new Date(look.capturedAtMs),
      raised_at: new Date(look.capturedAtMs),
      raised_by_look_id: look.lookId,
      machine_result: JSON.stringify({ ...look.machineResult, region, persistenceRule: found.rule }),
      before_sha256: look.beforeSha256,
      after_sha256: look.afterSha256,
      overlay_sha256: found.overlaySha256,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}
