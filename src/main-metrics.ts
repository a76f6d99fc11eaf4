/** The figures: Prometheus' words, base units, read from the database when they are asked for. */
import { sql } from 'kysely';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { SpaceWatch } from './drivers/blobs/blobs.ts';
import type { Db } from './drivers/postgres/postgres.ts';
import type { CompareQueue } from './drivers/queue/queue.ts';

export interface Figures {
  readonly registry: Registry;
  /** @param tookMs of a comparison by the network */
  onLook(result: string, tookMs?: number): void;
  /** One try at one stop of a dome. */
  onVisit(visit: { readonly outcome: string; readonly moveMs: number | null; readonly settleMs: number | null }): void;
}

/** Figures of this process. */
export function processFigures(): Figures {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const looks = new Counter({
    name: 'sentinel_looks_total',
    help: 'Looks by what came of them: unchanged, changed, not_judged, learning, pending (on to the network)',
    labelNames: ['result'],
    registers: [registry],
  });
  const comparisons = new Histogram({
    name: 'sentinel_comparison_duration_seconds',
    help: 'Time of one comparison by the network, pictures read and result recorded',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  });
  const visits = new Counter({
    name: 'sentinel_patrol_visits_total',
    help: 'Tries at stops by what came of them: looked, not_settled, pose, stuck, failed, interrupted',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const moves = new Histogram({
    name: 'sentinel_patrol_move_duration_seconds',
    help: 'From the command until the turret stood still',
    buckets: [0.5, 1, 2, 3, 5, 8, 13, 20, 30],
    registers: [registry],
  });
  const settling = new Histogram({
    name: 'sentinel_patrol_settle_duration_seconds',
    help: 'From a turret that stands until its picture was believed',
    buckets: [0.1, 0.2, 0.3, 0.5, 0.8, 1.3, 2, 5],
    registers: [registry],
  });
  return {
    registry,
    onVisit({ outcome, moveMs, settleMs }) {
      visits.inc({ outcome });
      if (outcome !== 'looked') return;
      if (moveMs !== null) moves.observe(moveMs / 1000);
      if (settleMs !== null) settling.observe(settleMs / 1000);
    },
    onLook(result, tookMs) {
      looks.inc({ result });
      if (tookMs !== undefined) comparisons.observe(tookMs / 1000);
    },
  };
}

/** Adds the figures of the whole estate, the same from whichever process serves the pages. */
export function addEstateFigures(registry: Registry, db: Db, queue: CompareQueue): void {
  gaugeOf(registry, 'sentinel_cameras', 'Enabled cameras by health', 'state', () =>
    sql<Counted>`select coalesce(h.state, 'unknown') as label, count(*)::int as n
      from camera c left join camera_health h on h.camera_id = c.id where c.enabled group by 1`.execute(db),
  );
  gaugeOf(registry, 'sentinel_views', 'Views by state', 'state', () =>
    sql<Counted>`select state as label, count(*)::int as n from view group by 1`.execute(db),
  );
  gaugeOf(
    registry,
    'sentinel_views_not_judged',
    'Views whose newest look could not be judged, by reason',
    'reason',
    () =>
      sql<Counted>`select not_judged_reason as label, count(*)::int as n from view
      where not_judged_reason is not null group by 1`.execute(db),
  );
  gaugeOf(registry, 'sentinel_turrets', 'Turrets of enabled PTZ cameras by what they do', 'phase', () =>
    sql<Counted>`select case when l.camera_id is null then 'not_driven' else coalesce(t.phase, 'unknown') end as label,
      count(*)::int as n from camera c left join turret t on t.camera_id = c.id
      left join camera_lease l on l.camera_id = c.id and l.part = 'patrol' and l.expires_at > now()
      where c.enabled and c.kind = 'ptz' group by 1`.execute(db),
  );
  gaugeOf(registry, 'sentinel_operator_tasks_open', 'What operators are asked to mend, by kind', 'kind', () =>
    sql<Counted>`select kind as label, count(*)::int as n from operator_task where state = 'open' group by 1`.execute(
      db,
    ),
  );
  gaugeOf(
    registry,
    'sentinel_patrol_good_look_age_seconds',
    'Time since the newest look of each route that could be judged, of the stop where that is longest',
    'route',
    () =>
      sql<Counted>`select r.id::text as label, extract(epoch from now() - min(coalesce(v.last_judged_at, r.created_at)))::float8 as n
      from patrol_route r join patrol_stop s on s.route_id = r.id and s.judged join view v on v.id = s.view_id
      where r.enabled group by r.id`.execute(db),
  );
  gaugeOf(registry, 'sentinel_blind_views', 'Views without a look that could be judged, by for how long', 'hours', () =>
    sql<Counted>`select h::text as label, (select count(*) from view v join camera c on c.id = v.camera_id
        where c.enabled and v.state <> 'paused' and coalesce(v.last_judged_at, '-infinity') < now() - make_interval(hours => h)
      )::int as n from unnest(array[1, 6, 24, 72]) h`.execute(db),
  );
  gaugeOf(registry, 'sentinel_candidates_open', 'Open candidates by severity', 'severity', () =>
    sql<Counted>`select severity as label, count(*)::int as n from candidate where state = 'open' group by 1`.execute(
      db,
    ),
  );
  gaugeOf(registry, 'sentinel_compare_jobs', 'Compare jobs by state', 'state', async () => {
    const depth = await queue.depth();
    return { rows: Object.entries(depth).map(([label, n]) => ({ label, n: n as number })) };
  });
}

/** Adds the room that this process sees where pictures and evidence are kept. */
export function addStoreFigures(registry: Registry, watch: Pick<SpaceWatch, 'space' | 'state'>): void {
  const sizes = { free: 'What may still be written', total: 'Size of the disk' } as const;
  for (const [which, help] of Object.entries(sizes) as [keyof typeof sizes, string][]) {
    new Gauge({
      name: `sentinel_store_${which}_bytes`,
      help: `${help} where pictures and evidence are kept`,
      registers: [registry],
      collect() {
        // Untold is not nought.
        this.set(watch.space ? watch.space[`${which}Bytes`] : Number.NaN);
      },
    });
  }
  new Gauge({
    name: 'sentinel_store_state',
    help: '1 for the state of the room: ample, low (an alarm), out (pictures of new looks are not kept), untold',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of ['ample', 'low', 'out', 'untold'] as const)
        this.set({ state }, Number(watch.state === state));
    },
  });
}

interface Counted {
  readonly label: string;
  readonly n: number;
}

function gaugeOf(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  count: () => Promise<{ rows: readonly Counted[] }>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    async collect() {
      const { rows } = await count();
      this.reset();
      for (const row of rows) this.set({ [label]: row.label }, row.n);
    },
  });
}
