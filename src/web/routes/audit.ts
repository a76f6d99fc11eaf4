/** The audit log, for administrators: searched, and taken away as a table. */
import { LIMITS } from '../../base/limits.ts';
import { timeIn } from '../../base/wall-time.ts';
import { csvOf } from '../../drivers/csv/csv.ts';
import { recordAudit } from '../../drivers/postgres/postgres.ts';
import { watchedEstate } from '../../estate/estate.ts';
import { auditActions, listAudit } from '../audit-store.ts';
import { AuditEntry, AuditExportQuery, AuditQuery, AuditWords, Page } from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { signedIn } from '../guard.ts';
import { answers, type Server, type WebParts } from '../server.ts';

const TAGS = ['audit'];
const CSV = 'text/csv; charset=utf-8';

export function auditRoutes(server: Server, { db, clock }: WebParts): void {
  server.get(
    '/api/v1/audit',
    {
      config: { permission: 'audit.read' },
      schema: {
        tags: TAGS,
        summary: 'Who did what, newest first',
        querystring: AuditQuery,
        response: answers(Page(AuditEntry)),
      },
    },
    async ({ query }) => {
      const { cursor, limit: asked, ...filter } = query;
      const limit = pageSize(asked);
      const entries = await listAudit(db, filter, readCursor(cursor, Number.MAX_SAFE_INTEGER), limit + 1);
      return pageOf(
        entries,
        limit,
        (entry) => entry,
        (entry) => entry.id,
      );
    },
  );

  server.get(
    '/api/v1/audit/words',
    {
      config: { permission: 'audit.read' },
      schema: { tags: TAGS, summary: 'The actions that the log knows', response: answers(AuditWords) },
    },
    async () => ({ actions: await auditActions(db) }),
  );

  server.get(
    '/api/v1/audit.csv',
    {
      config: { permission: 'audit.read' },
      schema: {
        tags: TAGS,
        summary:
          'The same as a table, times in the estate’s zone; the newest entries where there are more than it takes',
        querystring: AuditExportQuery,
        produces: ['text/csv'],
      },
    },
    async (request, reply) => {
      const { query } = request;
      const timeZone = (await watchedEstate(db))?.time_zone ?? 'UTC';
      const at = timeIn(timeZone);
      const entries = await listAudit(db, query, undefined, LIMITS.auditLinesExported + 1);
      const shown = entries.slice(0, LIMITS.auditLinesExported);
      const rows = shown.map(({ id, at: entryAt, who, action, subject, subjectName, details }) => [
        ...[id, at(entryAt), who, action, subject, subjectName ?? '', JSON.stringify(details)],
      ]);
      await recordAudit(db, {
        ...{ userId: signedIn(request).userId, action: 'audit.exported', subject: 'audit' },
        ...{ details: { ...query, lines: shown.length }, atMs: clock.nowMs() },
      });
      const header = ['id', `time (${timeZone})`, 'who', 'action', 'subject', 'name', 'details'];
      // A table that was cut says so in itself: its reader may never have seen the page.
      const cut = [`only the newest ${LIMITS.auditLinesExported} entries; narrow the search for the rest`];
      return reply
        .type(CSV)
        .header(
          'content-disposition',
          `attachment; filename="audit-${at(new Date(clock.nowMs()).toISOString()).replace(/\D/g, '')}.csv"`,
        )
        .header('cache-control', 'no-store')
        .send(csvOf([header, ...rows, ...(entries.length > shown.length ? [cut] : [])]));
    },
  );
}
