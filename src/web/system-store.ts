/** The figures of the page of health, read from the database: what capture, comparison and disk are at. */
import { sql } from 'kysely';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { RetentionRules } from '../evidence/evidence.ts';
import type { StoreReport, SystemHealth } from './contract.ts';

/** Whole minutes that are shown. */
const MINUTES = 60;
const MINUTE_MS = 60_000;
/** A process that has not been heard of for as long is dead: it says so several times in its lease. */
const ALIVE_WITHIN_S = 60;
const PROCESSES_SHOWN = 100;

type Figures = Omit<SystemHealth, 'at' | 'checks' | 'queue'>;

/** @param nowMs the minute that it lies in is not whole yet and is left out */
export async function readFigures(db: Db, nowMs: number): Promise<Figures> {
  const until = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const since = new Date(until - MINUTES * MINUTE_MS);
  const [cameras, views, notJudged, open, processes, looks, spread, clocks] = await Promise.all([
    counted(sql`select coalesce(h.state, 'unknown') as word, count(*)::int as n
      from camera c left join camera_health h on h.camera_id = c.id where c.enabled group by 1 order by 2 desc`),
    counted(sql`select state as word, count(*)::int as n from view group by 1 order by 2 desc`),
    sql<{ word: string; n: number; since: Date | null }>`
      select not_judged_reason as word, count(*)::int as n, min(not_judged_since) as since from view
      where not_judged_reason is not null and state = 'watching' group by 1 order by 2 desc`.execute(db),
    counted(
      sql`select severity as word, count(*)::int as n from candidate where state = 'open' group by 1 order by 1 desc`,
    ),
    sql<{ name: string; part: 'capture' | 'patrol'; seen_at: Date; cameras: number; alive: boolean }>`
      select p.holder as name, p.part, p.seen_at, p.seen_at > ${new Date(nowMs - ALIVE_WITHIN_S * 1000)} as alive,
        (select count(*)::int from camera_lease l where l.holder = p.holder and l.part = p.part and l.expires_at > ${new Date(nowMs)}) as cameras
      from capture_process p order by p.part, p.holder limit ${PROCESSES_SHOWN}`.execute(db),
    sql<{ at: Date; looks: number; not_judged: number; changed: number; compared: number; compare_ms: number | null }>`
      select date_trunc('minute', captured_at) as at, count(*)::int as looks,
        count(*) filter (where result = 'not_judged')::int as not_judged,
        count(*) filter (where result = 'changed')::int as changed,
        count(compare_ms) filter (where stage = 'network')::int as compared,
        percentile_cont(0.5) within group (order by compare_ms) filter (where stage = 'network') as compare_ms
      from look where captured_at >= ${since} and captured_at < ${new Date(until)} group by 1 order by 1`.execute(db),
    sql<{ median: number | null; p95: number | null }>`
      select percentile_cont(0.5) within group (order by compare_ms) as median,
        percentile_cont(0.95) within group (order by compare_ms) as p95
      from look where captured_at >= ${since} and stage = 'network' and compare_ms is not null`.execute(db),
    db.selectFrom('server_clock').selectAll().orderBy('host').limit(PROCESSES_SHOWN).execute(),
  ]);
  const byMinute = new Map(looks.rows.map((row) => [row.at.getTime(), row]));
  return {
    cameras,
    views,
    notJudged: notJudged.rows.map(({ since: from, ...row }) => ({ ...row, since: from?.toISOString() ?? null })),
    open,
    processes: processes.rows.map(({ seen_at: seenAt, ...row }) => ({ ...row, seenAt: seenAt.toISOString() })),
    // A minute without a look is a gap that must show.
    looks: Array.from({ length: MINUTES }, (_, n) => {
      const atMs = since.getTime() + n * MINUTE_MS;
      const row = byMinute.get(atMs);
      return {
        at: new Date(atMs).toISOString(),
        ...{ looks: row?.looks ?? 0, notJudged: row?.not_judged ?? 0, changed: row?.changed ?? 0 },
        ...{ compared: row?.compared ?? 0, compareMs: row?.compare_ms ?? null },
      };
    }),
    compareMs: { median: spread.rows[0]?.median ?? null, p95: spread.rows[0]?.p95 ?? null },
    serverClock: clocks.map((row) => ({
      ...{ host: row.host, synchronised: row.synchronised, source: row.source, offsetMs: row.offset_ms },
      checkedAt: row.checked_at.toISOString(),
      ...{ steppedAt: row.stepped_at?.toISOString() ?? null, steppedMs: row.stepped_ms },
    })),
  };

  async function counted(query: ReturnType<typeof sql>): Promise<{ word: string; n: number }[]> {
    return (await query.execute(db)).rows as { word: string; n: number }[];
  }
}

/** Tables that grow, with what PostgreSQL believes of their rows: counting tens of millions takes longer than anybody waits. */
const GROWING = [
  'look',
  'baseline',
  'candidate',
  'snapshot',
  'log_entry',
  'event',
  'audit',
  'turret_log',
  'patrol_visit',
];

export async function readStore(
  db: Db,
  rules: RetentionRules,
): Promise<Pick<StoreReport, 'tables' | 'rules' | 'oldest' | 'held'>> {
  const [tables, oldest] = await Promise.all([
    sql<{ name: string; rows: number; bytes: number }>`
      select c.relname as name, greatest(c.reltuples, 0)::float8 as rows, pg_total_relation_size(c.oid)::float8 as bytes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = current_schema()
      where c.relkind = 'r' and c.relname = any(${GROWING}::text[]) order by 3 desc`.execute(db),
    sql<{ look: Date | null; audit: Date | null; snapshot: Date | null; held: number }>`
      select (select min(captured_at) from look) as look, (select min(at) from audit) as audit,
        (select min(sealed_at) from snapshot) as snapshot,
        (select count(*)::int from evidence_hold where released_at is null) as held`.execute(db),
  ]);
  const [first] = oldest.rows;
  const { looksDays, picturesHours, eventsDays, auditDays, violationDays, dismissedDays, pulledDays } = rules;
  return {
    tables: tables.rows,
    rules: { looksDays, picturesHours, eventsDays, auditDays, violationDays, dismissedDays, pulledDays },
    oldest: {
      look: first?.look?.toISOString() ?? null,
      audit: first?.audit?.toISOString() ?? null,
      snapshot: first?.snapshot?.toISOString() ?? null,
    },
    held: first?.held ?? 0,
  };
}
