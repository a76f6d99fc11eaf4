/** The audit log as it is searched: newest first, by who, what, to which thing, when, and what it says. */
import { sql } from 'kysely';
import type { DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { AuditEntry } from './contract.ts';

export interface AuditFilter {
  readonly userId?: number;
  /** Whole, or what it begins with where it ends in a dot. */
  readonly action?: string;
  readonly subject?: string;
  readonly since?: string;
  readonly until?: string;
  readonly search?: string;
}

/** What a subject such as `camera 12` is called at present. */
const NAMES = sql`case split_part(a.subject, ' ', 1)
  when 'camera' then (select c.name from camera c where c.id = n.id)
  when 'view' then (select coalesce(nullif(c.place, ''), c.name) || ' · ' || v.name from view v join camera c on c.id = v.camera_id where v.id = n.id)
  when 'user' then (select coalesce(nullif(u.display_name, ''), u.name) from app_user u where u.id = n.id)
  when 'unit' then (select u.name from unit u where u.id = n.id)
  when 'route' then (select r.name from patrol_route r where r.id = n.id)
  when 'plan' then (select p.name from plan p where p.id = n.id)
  when 'building' then (select b.name from building b where b.id = n.id)
  when 'candidate' then (select coalesce(nullif(c.place, ''), c.name) from candidate k join view v on v.id = k.view_id
    join camera c on c.id = v.camera_id where k.id = n.id)
end`;

export async function listAudit(
  db: DbOrTrx,
  filter: AuditFilter,
  beforeId: number | undefined,
  rows: number,
): Promise<AuditEntry[]> {
  const like = (text: string): string => text.replace(/[\\%_]/g, '\\$&');
  const conditions = [
    sql`true`,
    ...(beforeId === undefined ? [] : [sql`a.id < ${beforeId}`]),
    ...(filter.userId === undefined ? [] : [sql`a.user_id = ${filter.userId}`]),
    ...(filter.action === undefined || filter.action === ''
      ? []
      : [
          filter.action.endsWith('.')
            ? sql`a.action like ${`${like(filter.action)}%`}`
            : sql`a.action = ${filter.action}`,
        ]),
    ...(filter.subject === undefined || filter.subject === '' ? [] : [sql`a.subject = ${filter.subject.trim()}`]),
    ...(filter.since === undefined ? [] : [sql`a.at >= ${new Date(filter.since)}`]),
    ...(filter.until === undefined ? [] : [sql`a.at < ${new Date(filter.until)}`]),
    ...(filter.search === undefined || filter.search.trim() === ''
      ? []
      : [sql`a.details::text || ' ' || a.subject || ' ' || a.action ilike ${`%${like(filter.search.trim())}%`}`]),
  ];
  const found = await sql<AuditEntry & { at: Date | string }>`
    select a.id, a.at, a.user_id as "userId", coalesce(nullif(u.display_name, ''), u.name, '') as who, a.action, a.subject,
      ${NAMES} as "subjectName", a.details
    from (select * from audit a where ${sql.join(conditions, sql` and `)} order by a.id desc limit ${rows}) a
    left join app_user u on u.id = a.user_id
    cross join lateral (
      select case when a.subject ~ '^[a-z]+ [0-9]{1,9}$' then split_part(a.subject, ' ', 2)::int end as id
    ) n
    order by a.id desc`.execute(db);
  return found.rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
}

/** The actions that there are, found by jumping from one to the next in their index, however long the log is. */
export async function auditActions(db: DbOrTrx): Promise<string[]> {
  const found = await sql<{ action: string }>`
    with recursive each as (
      (select action from audit order by action limit 1)
      union all
      select (select a.action from audit a where a.action > each.action order by a.action limit 1) from each
      where each.action is not null
    )
    select action from each where action is not null`.execute(db);
  return found.rows.map(({ action }) => action);
}
