/** What operators are asked to mend: stops that are not where they were, turrets that do not turn, presets that are gone. */
import { closeTask } from '../../patrol/patrol.ts';
import { IdParams, OperatorTask, Page, TaskClose, TaskQuery } from '../contract.ts';
import { pageOf, pageSize, readCursor } from '../cursor.ts';
import { signedIn } from '../guard.ts';
import { listTasks, readTask } from '../patrol-store.ts';
import { camerasSeenBy } from '../unit-store.ts';
import { answers, type Server, type WebParts } from '../server.ts';

export function taskRoutes(server: Server, { db, clock }: WebParts): void {
  server.get(
    '/api/v1/tasks',
    {
      config: { permission: 'patrol.read' },
      schema: {
        tags: ['patrol'],
        summary: 'Tasks, newest first',
        querystring: TaskQuery,
        response: answers(Page(OperatorTask)),
      },
    },
    async (request) => {
      const { cursor, limit: asked, ...filter } = request.query;
      const limit = pageSize(asked);
      const cameras = await camerasSeenBy(db, signedIn(request));
      return pageOf(
        await listTasks(db, { ...filter, cameras }, readCursor(cursor), limit + 1),
        limit,
        (task) => task,
        (task) => task.id,
      );
    },
  );

  server.post(
    '/api/v1/tasks/:id/close',
    {
      config: { permission: 'patrol.change' },
      schema: {
        tags: ['patrol'],
        summary: 'Say that it is done; met again, it opens anew',
        params: IdParams,
        body: TaskClose,
        response: answers(OperatorTask),
      },
    },
    async (request) => {
      const { id } = request.params;
      await closeTask(db, id, request.body.note ?? '', signedIn(request).userId, clock.nowMs());
      return readTask(db, id);
    },
  );
}
