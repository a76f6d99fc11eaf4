/** What the web says of itself, in Prometheus' words: base units, `_total` on counters. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface WebMetrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'route' | 'status'>;
  readonly eventStreams: Gauge;
  readonly livePages: Gauge;
  readonly liveTiles: Gauge;
  /** Counted here, and told when somebody asks: there are a thousand a second. */
  readonly liveUnits: { sent: number; skipped: number };
  readonly signIns: Counter<'outcome'>;
}

export function createWebMetrics(registry: Registry): WebMetrics {
  const registers = [registry];
  const liveUnits = { sent: 0, skipped: 0 };
  new Counter({
    name: 'sentinel_live_units_total',
    help: 'Access units for live tiles: sent, or skipped for a page that reads too slowly',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(liveUnits)) this.inc({ outcome }, count);
    },
  });
  return {
    registry,
    liveUnits,
    requestSeconds: new Histogram({
      name: 'sentinel_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer',
      labelNames: ['route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    eventStreams: new Gauge({ name: 'sentinel_event_streams', help: 'Open server-sent event streams', registers }),
    livePages: new Gauge({ name: 'sentinel_live_pages', help: 'Pages that may show live pictures', registers }),
    liveTiles: new Gauge({ name: 'sentinel_live_tiles', help: 'Tiles that show live pictures', registers }),
    signIns: new Counter({
      name: 'sentinel_sign_ins_total',
      help: 'Sign-in attempts by outcome',
      labelNames: ['outcome'],
      registers,
    }),
  };
}
