/** What the system is at: for its keepers the figures, for everybody what every page must say. */
import { LIMITS } from '../../base/limits.ts';
import { problemOf } from '../../base/errors.ts';
import { Notices, StoreReport, SystemHealth } from '../contract.ts';
import { languageOf } from '../error-map.ts';
import { answers, type ReadinessCheck, type Server, type WebParts } from '../server.ts';
import { readFigures, readStore } from '../system-store.ts';

const TAGS = ['health'];

export function systemRoutes(server: Server, { db, clock, log, system, readiness, retention }: WebParts): void {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const now = () => {
    const { state, space } = system.store();
    return { state, freeBytes: space?.freeBytes ?? null, totalBytes: space?.totalBytes ?? null };
  };

  server.get(
    '/api/v1/notices',
    {
      config: { permission: 'account.own' },
      schema: { tags: TAGS, summary: 'What every page says to everybody', response: answers(Notices) },
    },
    async () => {
      const { state, freeBytes } = now();
      return { store: { state, freeBytes } };
    },
  );

  /** However many pages look on, the figures are reckoned once in a while. */
  type Reckoned = Omit<SystemHealth, 'checks'> & { readonly checks: readonly ReadinessCheck[] };
  let reckoned: { atMs: number; health: Promise<Reckoned> } | undefined;
  const reckon = async (): Promise<Reckoned> => {
    const nowMs = clock.nowMs();
    const [figures, checks, queue] = await Promise.all([readFigures(db, nowMs), readiness(), system.queueDepth()]);
    const { waiting, active, failed } = queue;
    return {
      at: iso(nowMs),
      ...figures,
      checks,
      queue: { waiting, active, failed },
    };
  };

  server.get(
    '/api/v1/system/health',
    {
      config: { permission: 'system.read' },
      schema: {
        tags: TAGS,
        summary: 'Processes, queue, looks and comparisons of the last hour, clocks',
        response: answers(SystemHealth),
      },
    },
    async (request) => {
      if (!reckoned || clock.monotonicMs() - reckoned.atMs > LIMITS.healthReckonedEveryMs) {
        const health = reckon();
        reckoned = { atMs: clock.monotonicMs(), health };
        // What failed is tried anew by whoever asks next.
        health.catch(() => (reckoned = undefined));
      }
      const { checks, ...figures } = await reckoned.health;
      const language = languageOf(request.headers['accept-language']);
      return { ...figures, checks: checks.map(({ name, ok, detail }) => ({ name, ok, detail: detail[language] })) };
    },
  );

  let files: { count: number; bytes: number; countedAtMs: number } | undefined;
  let counting: Promise<void> | undefined;
  /** Walks over all that is kept; nobody waits for it. */
  const countSoon = (): void => {
    const isFresh = files && clock.nowMs() - files.countedAtMs < LIMITS.usageCountedEveryMs;
    if (isFresh || counting) return;
    counting = system
      .countFiles()
      .then(({ count, bytes }) => {
        files = { count, bytes, countedAtMs: clock.nowMs() };
      })
      .catch((thrown: unknown) => log.warn({ problem: problemOf(thrown) }, 'what the store holds could not be counted'))
      .finally(() => (counting = undefined));
  };

  server.get(
    '/api/v1/system/store',
    {
      config: { permission: 'system.read' },
      schema: { tags: TAGS, summary: 'Disk, what is kept, and for how long', response: answers(StoreReport) },
    },
    async () => {
      const report = await readStore(db, retention);
      countSoon();
      return {
        ...now(),
        ...system.storeRules,
        files: files ? { count: files.count, bytes: files.bytes, countedAt: iso(files.countedAtMs) } : null,
        ...report,
      };
    },
  );
}
