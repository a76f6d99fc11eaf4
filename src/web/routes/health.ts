/**
 * For whoever runs the machine. `/healthz` says that the process answers, `/readyz` whether it can do its work, both
 * without an account; `/metrics` and the details of `/readyz` are for a signed-in account, a token, or the machine
 * itself (a request over loopback that came through no proxy).
 */
import { Type } from 'typebox';
import { SentinelError } from '../../base/errors.ts';
import { Readiness } from '../contract.ts';
import { languageOf } from '../error-map.ts';
import { isLocal } from '../guard.ts';
import type { Server, WebParts } from '../server.ts';

export function healthRoutes(server: Server, { readiness, metrics }: WebParts): void {
  server.get(
    '/healthz',
    {
      config: { permission: 'public' },
      schema: {
        tags: ['health'],
        summary: 'The process answers',
        response: { 200: Type.Object({ ok: Type.Boolean() }) },
      },
    },
    () => ({ ok: true }),
  );

  server.get(
    '/readyz',
    {
      config: { permission: 'public' },
      schema: {
        tags: ['health'],
        summary: 'Whether it can do its work',
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (request, reply) => {
      const checks = await readiness();
      const ready = checks.every((check) => check.ok);
      const detailed = isLocal(request) || request.account !== null;
      const language = languageOf(request.headers['accept-language']);
      const shown = checks.map(({ name, ok, detail }) => ({ name, ok, detail: detailed ? detail[language] : '' }));
      return reply.status(ready ? 200 : 503).send({ ready, checks: shown });
    },
  );

  server.get(
    '/metrics',
    {
      config: { permission: 'public' },
      schema: { tags: ['health'], summary: 'Figures for Prometheus', produces: ['text/plain'] },
    },
    async (request, reply) => {
      if (!isLocal(request) && !request.account) throw new SentinelError('web.not_signed_in');
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
    },
  );
}
