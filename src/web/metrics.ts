/** What the web says of itself, in Prometheus' words: base units, `_total` on counters. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface WebMetrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'route' | 'status'>;
  readonly eventStreams: Gauge;
  readonly signIns: Counter<'outcome'>;
}

export function createWebMetrics(registry: Registry): WebMetrics {
  const registers = [registry];
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'sentinel_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer',
      labelNames: ['route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    eventStreams: new Gauge({ name: 'sentinel_event_streams', help: 'Open server-sent event streams', registers }),
    signIns: new Counter({
      name: 'sentinel_sign_ins_total',
      help: 'Sign-in attempts by outcome',
      labelNames: ['outcome'],
      registers,
    }),
  };
}
