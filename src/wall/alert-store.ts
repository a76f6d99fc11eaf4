/** SQL of alerts: the open candidates, who has seen them, and saying that one has. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { Box, Polygon } from '../base/picture.ts';
import { touches } from '../candidate/candidate.ts';
import { recordAudit, recordEvents, type Db, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { Severity } from '../drivers/postgres/schema.ts';
import { rankAlerts, type Ranked } from './alert.ts';

export interface Acknowledgement {
  readonly userId: number;
  readonly by: string;
  readonly at: Date;
}

export interface StandingAlert extends Ranked {
  readonly score: number;
  readonly viewId: number;
  readonly viewName: string;
  readonly cameraId: number;
  readonly cameraName: string;
  readonly place: string;
  readonly kind: 'fixed' | 'ptz';
  /** Name of the watched area it touches; '' for one without a name; null outside every one. */
  readonly area: string | null;
  readonly box: Box;
  readonly occurrences: number;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly raisedAt: Date;
  readonly claimedBy: string | null;
  readonly acknowledgement: Acknowledgement | null;
  readonly beforeSha256: string | null;
  readonly afterSha256: string | null;
  readonly overlaySha256: string | null;
}

export interface AlertCounts {
  readonly unacknowledged: Readonly<Record<Severity, number>>;
  readonly acknowledged: number;
}

interface AlertRow {
  readonly id: number;
  readonly severity: Severity;
  readonly score: number;
  readonly box: Box;
  readonly polygon: Polygon;
  readonly occurrences: number;
  readonly first_seen_at: Date;
  readonly last_seen_at: Date;
  readonly raised_at: Date;
  readonly before_sha256: string | null;
  readonly after_sha256: string | null;
  readonly overlay_sha256: string | null;
  readonly view_id: number;
  readonly view_name: string;
  readonly camera_id: number;
  readonly camera_name: string;
  readonly place: string;
  readonly kind: 'fixed' | 'ptz';
  readonly claimed_by: string | null;
  readonly seen_by_id: number | null;
  readonly seen_by: string | null;
  readonly seen_at: Date | null;
}

/**
 * The gravest open candidates: first those that nobody has acknowledged.
 * @param cameras those that may be seen; undefined: all
 */
export async function standingAlerts(
  db: Db,
  most: number,
  nowMs: number,
  cameras?: readonly number[],
): Promise<{ alerts: StandingAlert[]; counts: AlertCounts }> {
  const seen = cameras === undefined ? sql`true` : sql`v.camera_id = any(${[...cameras]}::int[])`;
  const [counted, found] = await Promise.all([
    sql<{ severity: Severity; acknowledged: boolean; count: number }>`
      select c.severity, a.id is not null as acknowledged, count(*)::int as count
      from candidate c join view v on v.id = c.view_id
      left join acknowledgement a on a.candidate_id = c.id and a.undone_at is null
      where c.state = 'open' and ${seen}
      group by 1, 2`.execute(db),
    sql<AlertRow>`
      with gravest as (
        select c.id, a.id as seen from candidate c join view v on v.id = c.view_id
        left join acknowledgement a on a.candidate_id = c.id and a.undone_at is null
        where c.state = 'open' and ${seen}
        order by a.id is not null, c.severity_rank desc, c.raised_at desc, c.id desc
        limit ${most}
      )
      select c.id, c.severity, c.score, c.box, c.polygon, c.occurrences, c.first_seen_at,
        c.last_seen_at, c.raised_at, c.before_sha256, c.after_sha256, c.overlay_sha256,
        v.id as view_id, v.name as view_name, k.id as camera_id, k.name as camera_name, k.place, k.kind,
        case when c.claimed_until > ${new Date(nowMs)} then coalesce(nullif(h.display_name, ''), h.name) end as claimed_by,
        a.user_id as seen_by_id, coalesce(nullif(u.display_name, ''), u.name) as seen_by, a.at as seen_at
      from gravest g join candidate c on c.id = g.id
      join view v on v.id = c.view_id join camera k on k.id = v.camera_id
      left join acknowledgement a on a.id = g.seen
      left join app_user u on u.id = a.user_id
      left join app_user h on h.id = c.claimed_by`.execute(db),
  ]);
  const areas = await watchedAreas(db, found.rows);
  const alerts = found.rows.map((row) => alertOf(row, areas));
  const isSeen = (one: StandingAlert): boolean => one.acknowledgement !== null;
  const ranked = rankAlerts(alerts);
  const of = (severity: Severity): number =>
    counted.rows.find((row) => !row.acknowledged && row.severity === severity)?.count ?? 0;
  return {
    alerts: [...ranked.filter((one) => !isSeen(one)), ...ranked.filter(isSeen)],
    counts: {
      unacknowledged: { safety: of('safety'), high: of('high'), normal: of('normal') },
      acknowledged: counted.rows.reduce((sum, row) => sum + (row.acknowledged ? row.count : 0), 0),
    },
  };
}

type WatchedArea = { readonly viewId: number; readonly name: string; readonly polygon: Polygon };

async function watchedAreas(db: Db, rows: readonly AlertRow[]): Promise<WatchedArea[]> {
  const viewIds = rows.filter(({ severity }) => severity === 'safety').map(({ view_id: id }) => id);
  if (viewIds.length === 0) return [];
  const masks = await db
    .selectFrom('mask')
    .select(['view_id', 'name', 'polygon'])
    .where('view_id', 'in', viewIds)
    .where('kind', '=', 'watch')
    .orderBy('id')
    .execute();
  return masks.map(({ view_id: viewId, name, polygon }) => ({ viewId, name, polygon }));
}

function alertOf(row: AlertRow, areas: readonly WatchedArea[]): StandingAlert {
  const area = areas.find(({ viewId, polygon }) => viewId === row.view_id && touches(row.polygon, polygon));
  return {
    id: row.id,
    ...{ severity: row.severity, score: row.score, raisedAtMs: row.raised_at.getTime() },
    ...{ viewId: row.view_id, viewName: row.view_name, cameraId: row.camera_id, cameraName: row.camera_name },
    ...{ place: row.place, kind: row.kind, box: row.box, occurrences: row.occurrences },
    // The area may have been redrawn since; what was grave stays so.
    area: row.severity === 'safety' ? (area?.name ?? '') : null,
    ...{ firstSeenAt: row.first_seen_at, lastSeenAt: row.last_seen_at, raisedAt: row.raised_at },
    claimedBy: row.claimed_by,
    acknowledgement:
      row.seen_by_id !== null && row.seen_at !== null
        ? { userId: row.seen_by_id, by: row.seen_by ?? '', at: row.seen_at }
        : null,
    ...{ beforeSha256: row.before_sha256, afterSha256: row.after_sha256, overlaySha256: row.overlay_sha256 },
  };
}

/**
 * Says that a person has seen an alert. Of two who say so the first stays; the second is told who.
 * @throws SentinelError web.missing where there is no such open candidate
 */
export async function acknowledge(
  db: Db,
  candidateId: number,
  userId: number,
  nowMs: number,
): Promise<Acknowledgement> {
  return db.transaction().execute(async (trx) => {
    const open = await trx
      .selectFrom('candidate')
      .select('id')
      .where('id', '=', candidateId)
      .where('state', '=', 'open')
      .forKeyShare()
      .executeTakeFirst();
    if (!open) throw new SentinelError('web.missing', { what: 'open candidate', id: candidateId });
    const made = await sql`
      insert into acknowledgement (candidate_id, user_id, at) values (${candidateId}, ${userId}, ${new Date(nowMs)})
      on conflict (candidate_id) where undone_at is null do nothing returning id`.execute(trx);
    if (made.rows.length > 0) await tell(trx, 'acknowledged', candidateId, userId, nowMs);
    const standing = await standingAcknowledgement(trx, candidateId);
    if (!standing) throw new SentinelError('web.missing', { what: 'open candidate', id: candidateId });
    return standing;
  });
}

/**
 * Takes it back: whoever gave it may, and administrators.
 * @throws SentinelError wall.not_acknowledged, wall.acknowledged_by_other
 */
export async function undoAcknowledgement(
  db: Db,
  candidateId: number,
  by: { readonly userId: number; readonly isAdmin: boolean },
  nowMs: number,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const standing = await standingAcknowledgement(trx, candidateId);
    if (!standing) throw new SentinelError('wall.not_acknowledged', { candidateId });
    if (standing.userId !== by.userId && !by.isAdmin) {
      throw new SentinelError('wall.acknowledged_by_other', { candidateId, by: standing.by });
    }
    const undone = await trx
      .updateTable('acknowledgement')
      .set({ undone_at: new Date(nowMs) })
      .where('candidate_id', '=', candidateId)
      .where('undone_at', 'is', null)
      .returning('id')
      .execute();
    if (undone.length > 0) await tell(trx, 'unacknowledged', candidateId, by.userId, nowMs);
  });
}

async function standingAcknowledgement(db: DbOrTrx, candidateId: number): Promise<Acknowledgement | undefined> {
  const row = await db
    .selectFrom('acknowledgement')
    .innerJoin('app_user', 'app_user.id', 'acknowledgement.user_id')
    .select(['acknowledgement.user_id', 'acknowledgement.at', 'app_user.name', 'app_user.display_name'])
    .where('candidate_id', '=', candidateId)
    .where('undone_at', 'is', null)
    .executeTakeFirst();
  return row && { userId: row.user_id, by: row.display_name || row.name, at: row.at };
}

async function tell(
  trx: DbOrTrx,
  change: 'acknowledged' | 'unacknowledged',
  candidateId: number,
  userId: number,
  atMs: number,
): Promise<void> {
  await recordAudit(trx, { userId, action: `alert.${change}`, subject: `candidate ${candidateId}`, atMs });
  await recordEvents(trx, 'alert.changed', [{ candidateId, change }], atMs);
}
